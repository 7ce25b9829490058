/* SPDX-License-Identifier: MIT */
/*
 * Blocks that a process can reach no more.
 *
 *   leaks_ask.c     a copy of the process, if it can make one
 *   heap.h          what blocks there are, by address
 *   leaks_roots.c   what the program has at hand: its threads and mappings
 *   leaks_mark.c    from roots to blocks, from blocks to blocks
 *   leaks_find.c    what was not reached: who holds whom, in groups
 *   leaks_print.c   groups as text and as JSON
 *
 * All of it is conservative: an aligned word whose value lies inside a block
 * holds that block. What a process says of itself is checked, as everywhere
 * in this command, and a look ends when it takes too long.
 */
#ifndef ASHLAR_TOOLS_LEAKS_H
#define ASHLAR_TOOLS_LEAKS_H

#include <jansson.h>
#include <stdio.h>
#include "heap.h"
#include "report_print.h"
#include "report_seen.h"
#include "suppress.h"

/* leaks_mark.c */
struct marker {
	struct heap *heap;
	struct block *todo; /* marked, not looked into */
	size_t nr, room;
	uint64_t *buffer;
	uint64_t words; /* looked at */
};

bool marker_open(struct marker *m, struct heap *h);
void marker_close(struct marker *m);
bool mark_words(struct marker *m, const uint64_t *words, size_t n);
bool mark_from(struct marker *m);
bool mark_block(struct marker *m, struct block b);
bool for_words_of(struct heap *h, struct block b, uint64_t *buffer,
		  bool (*see)(void *arg, const uint64_t *words, size_t n),
		  void *arg);

/* leaks_roots.c */
bool roots_mark(struct marker *m, uint64_t held);

/* leaks_ask.c: the process makes a copy of itself */
bool process_copy(struct target *t, struct target *copy, uint64_t *held);
bool process_look(struct target *t);

/* leaks_find.c: blocks that were not reached, in ascending order */
struct unreached {
	struct block *blocks;
	uint32_t nr;
	/* edges[from[i]] … edges[from[i + 1] - 1]: what block i points into */
	uint32_t *from, *edges;
	/* The block that holds it, or NONE: nothing does, or a cycle. */
	uint32_t *holder;
	/* All blocks, each after its holder. */
	uint32_t *order;
	uint64_t *in_cycle; /* a bit for each block without a holder */
};

bool find_unreached(struct marker *m, const uint64_t *before, size_t nr_before,
		    struct unreached *u);
bool find_holders(struct marker *m, struct unreached *u);
void unreached_free(struct unreached *u);

/* leaks_group.c: blocks of one origin that the same ones hold */
struct group {
	uint32_t holder; /* a group, or NONE: leaked by itself */
	uint32_t first,
		next; /* the groups that it holds; the holder's others */
	uint32_t stack; /* in groups.stacks, or NONE: not known */
	uint64_t size; /* bytes of each block; with a stack: 0 */
	uint64_t blocks, bytes;
	uint64_t below_blocks, below_bytes; /* of all groups that it holds */
	uint64_t example; /* the address of a block */
	bool cycle; /* they are held, but by what they hold themselves */
};

struct stack {
	unsigned int nr;
	uint64_t pc[STACK_MOST];
};

struct groups {
	struct group *group;
	uint32_t nr, first; /* those that are leaked by themselves */
	struct stack *stacks;
	uint32_t nr_stacks;
	uint32_t *index; /* hash tables of both */
	uint32_t index_size;
	uint32_t *stack_index;
	uint32_t stack_index_size;
};

/* leaks_look.c: one look at a process, or two that agree */
struct leaks {
	pid_t pid;
	pid_t ending; /* as of struct heap */
	uint64_t ending_sp;
	struct groups groups;
	uint64_t live_blocks, live_bytes; /* of the whole heap */
	uint64_t *addresses; /* of all leaked blocks, ascending */
	uint32_t nr_addresses;
	bool stacks; /* the process keeps them */
	const char *how; /* "a copy", "as it ran", "while it waits" */
	char error[256]; /* why there is nothing */
};

bool leaks_look(struct leaks *l, pid_t pid);
bool leaks_look_at_end(struct leaks *l, pid_t pid,
		       const struct report_record *end);
void leaks_free(struct leaks *l);

/* leaks_print.c: leaks with names */
struct leaks_report {
	const struct leaks *leaks;
	struct frames *frames; /* of all stacks; NULL: there is none */
	struct stack_shown *shown; /* of each stack, in frames */
	bool *hidden; /* of each group that is leaked by itself: not told of */
	uint64_t blocks, bytes; /* of what is told */
	uint64_t hidden_blocks, hidden_bytes;
};

bool leaks_resolve(struct leaks_report *r, const struct leaks *l,
		   const struct suppressions *suppress,
		   struct report_seen *seen);
void leaks_report_free(struct leaks_report *r);
void leaks_print(FILE *out, const struct leaks_report *r);
json_t *leaks_json(const struct leaks_report *r);

/* leaks_delta.c: what came between two looks, as leaks_json() has them */
json_t *leaks_delta(const json_t *before, const json_t *after);
uint64_t leaks_delta_print(FILE *out, const json_t *delta);

bool groups_make(struct groups *g, struct heap *h, const struct unreached *u);
void groups_free(struct groups *g);

#endif
