/* SPDX-License-Identifier: MIT */
/*
 * Free memory in one piece: pages move together so that large blocks are free.
 * Code: mm/compaction.c (how), mm/kcompactd.c (when), mm/fragmentation.c (how
 * much there is to gain).
 */
#ifndef ASHLAR_COMPACTION_H
#define ASHLAR_COMPACTION_H

#include <ashlar/types.h>

struct seq_file;

/* vm.extfrag_threshold: up to here a failure is due to lack of memory. */
extern int sysctl_extfrag_threshold; /* 0 … 1000 */
/* vm.compaction_proactiveness: how much is done before anyone asks. */
extern int sysctl_compaction_proactiveness; /* 0 … 100, % */

/* vm.compact_unevictable_allowed: what is locked in memory may still move. */
extern int sysctl_compact_unevictable_allowed; /* 0, 1 */

/* At boot. @wake: called in any context when kcompactd_work() is due. */
void compaction_init(void (*wake)(void));
/* A step of what is due; true if there is more. May sleep. */
bool kcompactd_work(void);
/* Now and then, before one is asked for; true if there is more to do. */
bool compact_proactively(void);
/* Everything there is to gain, in every zone. May sleep. */
void compact_node(void);

/* /sys/kernel/debug/extfrag/: a line for each zone. */
void extfrag_index_show(struct seq_file *m);
void unusable_index_show(struct seq_file *m);

#endif
