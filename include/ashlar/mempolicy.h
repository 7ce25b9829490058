/* SPDX-License-Identifier: MIT */
/*
 * From which nodes a program wants its memory, on a machine that has one.
 * Code: mm/mempolicy.c.
 *
 *   bit   31        24 23        16 15    13     7      4    2     0
 *        ┌────────────┬────────────┬────────┬─┬─┬────────┬─┬───────┐
 *        │            │ nodes said │ flags  │ │ │ home+1 │ │ mode  │
 *        └────────────┴────────────┴────────┴─┴─┴────────┴─┴───────┘
 *
 * A policy is one word: with one node there is nothing else to know of it, and
 * two policies are the same if the words are. Mode and flags lie where the
 * system calls have them. The nodes that the program said are kept where a flag
 * says that they count; home is the node of set_mempolicy_home_node(), 0: none.
 */
#ifndef ASHLAR_MEMPOLICY_H
#define ASHLAR_MEMPOLICY_H

#include <ashlar/types.h>

struct mm_struct;

#define MAX_NUMNODES 8 /* that a mask may name; node 0 is there */

/* Modes. A policy that is 0 is none. */
#define MPOL_DEFAULT 0u
#define MPOL_PREFERRED 1u
#define MPOL_BIND 2u
#define MPOL_INTERLEAVE 3u
#define MPOL_LOCAL 4u
#define MPOL_PREFERRED_MANY 5u
#define MPOL_MAX 6u
#define MPOL_MODE 0x7u

#define MPOL_F_NUMA_BALANCING 0x2000u
#define MPOL_F_RELATIVE_NODES 0x4000u
#define MPOL_F_STATIC_NODES 0x8000u
#define MPOL_MODE_FLAGS 0xe000u

#define MPOL_HOME_SHIFT 4
#define MPOL_HOME 0xf0u
#define MPOL_NODES_SHIFT 16

/* mbind */
#define MPOL_MF_STRICT 1u
#define MPOL_MF_MOVE 2u
#define MPOL_MF_MOVE_ALL 4u

int mpol_new(unsigned int mode, u32 flags, u32 nodes, u32 *policy);
u32 mpol_nodes(u32 policy);
int mm_mbind(struct mm_struct *mm, unsigned long start, unsigned long len,
	     u32 policy, u32 nodes, unsigned int flags);
int mm_set_home_node(struct mm_struct *mm, unsigned long start,
		     unsigned long len, unsigned int node);
int mm_vma_policy(struct mm_struct *mm, unsigned long addr, u32 *policy);
int mm_page_node(struct mm_struct *mm, unsigned long addr, bool move);

#endif
