/* SPDX-License-Identifier: MIT */
/*
 * Blocks that a process can reach no more.
 *
 *   leaks_copy.c    the bytes of the heap
 *   leaks_ask.c     a copy of the process, if it can make one
 *   leaks_heap.c    what blocks there are, by address: runs of slots
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
#include <ashlar/stackdepot.h>
#include "mm/kfence.h"
#include "report_print.h"
#include "report_seen.h"
#include "snapshot.h"
#include "suppress.h"

#define NONE UINT32_MAX

/* Slots of one size, side by side: a slab, a run of pages, a large block. */
struct run {
	uint64_t start; /* address of the first slot */
	uint64_t size; /* bytes of a slot */
	uint32_t slots;
	uint32_t inverse; /* 2^32 / size, rounded up; 0: one slot */
	uint32_t first; /* number of the first slot, in the bitmaps */
	uint32_t cache; /* in heap.caches, or NONE */
	uint32_t left; /* from the start of a slot to the program's bytes */
	uint32_t record; /* … and to what is known of the block, or 0 */
	uint64_t bytes; /* that are the program's, or may be */
	uint32_t trace; /* in heap.traces, or NONE: of a guarded block */
	uint64_t copy; /* where in heap.copy */
};

/* The frames of one core. */
struct ram {
	uint64_t base, bytes; /* addresses */
	uint64_t map; /* address of mem_map */
	uint32_t *run; /* of each frame, or NONE */
};

struct heap {
	struct target *t;
	pid_t process; /* the target, or that which it is a copy of */
	pid_t ending; /* the thread that ends the process, or 0 */
	uint64_t ending_sp; /* where its stack begins to count; 0: as others */
	struct ram ram[MAX_NODES]; /* of each core */
	unsigned int nr_ram;
	uint64_t free_mark[MAX_NODES];
	struct stacks *stacks[MAX_NODES]; /* see leaks_stack.c */
	struct kmem_cache *caches;
	uint32_t *cache_node; /* whose frames it is in */
	uint32_t nr_caches;
	struct run *runs;
	uint32_t nr_runs;
	uint32_t first_large; /* of runs; these are in ascending order, and */
	uint64_t large_start, large_bytes; /* guarded blocks are among them */
	uint32_t nr_slots;
	uint64_t free_blocks, free_bytes; /* of those that were not live */
	uint64_t *white; /* a bit for each slot: live, and not reached yet */
	struct kfence_trace *traces; /* of guarded blocks that are live */
	uint32_t nr_traces;
	struct span *skip; /* what is no root: the allocator's own */
	size_t nr_skip;
	struct timespec deadline;
	/* leaks_copy.c */
	char *copy; /* of runs of small slots; filled by and by */
	uint64_t copy_bytes, copied_bytes, copy_most;
	uint8_t *copied; /* a byte for each run */
	char *alone; /* one block by itself */
};

/* Addresses [start, end). */
struct span {
	uint64_t start, end;
};

/* One slot. */
struct block {
	uint32_t run, slot;
};

bool heap_read(struct heap *h, struct target *t);
void heap_free(struct heap *h);
void *heap_grow(struct heap *h, void *array, size_t nr, size_t size);
bool heap_add(struct heap *h, const struct run *run);
bool heap_skip(struct heap *h, uint64_t start, uint64_t end);

/* The program's bytes of a block, at hand until the next are asked for. */
struct bytes {
	uint64_t address, nr;
	const uint64_t *words; /* NULL: the block is free, after all */
	uint32_t stack; /* handle of the stack that allocated it, or 0 */
};

/* leaks_copy.c */
bool heap_bytes(struct heap *h, struct block b, struct bytes *out);
size_t target_copy(struct target *t, void *buf, uint64_t address, size_t len);
bool heap_in_time(struct heap *h);
void heap_expect(const struct heap *h, struct block b);
bool copy_open(struct heap *h);
void copy_close(struct heap *h);

static inline uint32_t block_number(const struct heap *h, struct block b)
{
	return h->runs[b.run].first + b.slot;
}

static inline bool bit_is_set(const uint64_t *bits, uint32_t n)
{
	return bits[n / 64] >> n % 64 & 1;
}

static inline void set_bit(uint64_t *bits, uint32_t n)
{
	bits[n / 64] |= 1ull << n % 64;
}

static inline void clear_bit(uint64_t *bits, uint32_t n)
{
	bits[n / 64] &= ~(1ull << n % 64);
}

/* Where the program's bytes of a slot begin, and how many it may use. */
static inline uint64_t block_address(const struct heap *h, struct block b)
{
	const struct run *r = &h->runs[b.run];

	return r->start + b.slot * r->size + r->left;
}

static inline uint64_t block_bytes(const struct heap *h, struct block b)
{
	return h->runs[b.run].bytes;
}

/* The slot of @r that @address, which is not before @r, lies in; or NONE. */
static inline uint32_t run_slot(const struct run *r, uint64_t address)
{
	uint64_t offset = address - r->start, slot;

	if (!r->inverse)
		return offset < r->size ? 0 : NONE;
	slot = offset * r->inverse >> 32;
	return offset >> 32 || slot >= r->slots ? NONE : (uint32_t)slot;
}

uint32_t heap_find_large(const struct heap *h, uint64_t address);
uint32_t heap_find_frame(const struct heap *h, uint64_t address);

/* The run that may have @address in one of its slots, or NONE. */
static inline uint32_t heap_find_run(const struct heap *h, uint64_t address)
{
	const struct ram *f = h->ram;

	if (address - f->base < f->bytes)
		return f->run[(address - f->base) >> PAGE_SHIFT];
	if (address - h->large_start < h->large_bytes)
		return heap_find_large(h, address);
	return unlikely(h->nr_ram > 1) ? heap_find_frame(h, address) : NONE;
}

/*
 * True if @address lies in a white block, and not beside the program's bytes;
 * just behind them is still inside where a slot has more.
 */
static inline bool heap_find(const struct heap *h, uint64_t address,
			     struct block *b)
{
	b->run = heap_find_run(h, address);
	if (likely(b->run == NONE))
		return false;
	b->slot = run_slot(&h->runs[b->run], address);
	return b->slot != NONE && bit_is_set(h->white, block_number(h, *b)) &&
	       address - block_address(h, *b) <= h->runs[b->run].bytes;
}

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

/* leaks_stack.c: who allocated */
#define STACK_MOST DEPOT_DEPTH
bool stacks_open(struct heap *h, unsigned int node, uint64_t depot);
void stacks_close(struct stacks *s);
unsigned int stack_fetch(struct heap *h, struct block b, uint32_t handle,
			 uint64_t *pc);
bool guarded_read(struct heap *h, const struct ashlar_places *places);

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
