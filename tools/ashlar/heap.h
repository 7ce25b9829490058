/* SPDX-License-Identifier: MIT */
/*
 * The blocks of a process, by address: runs of slots.
 *
 *   heap.c          frames and mappings ─► runs; a bit for each slot
 *   heap_sheaves.c  what lies in sheaves is free
 *   heap_stack.c    who allocated a block
 *   heap_copy.c     the bytes of a block
 *
 * What a process says of itself is checked, as everywhere in this command, and
 * a look ends when it takes too long.
 */
#ifndef ASHLAR_TOOLS_HEAP_H
#define ASHLAR_TOOLS_HEAP_H

#include <ashlar/stackdepot.h>
#include "mm/kfence.h"
#include "snapshot.h"

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
	/* What is left out: all caches but one; or the allocator's own. */
	const char *only; /* a cache's name, or NULL: all are looked at */
	bool own; /* true: the allocator's own caches are, too */
	struct snapshot snapshot;
	pid_t process; /* the target, or that which it is a copy of */
	pid_t ending; /* the thread that ends the process, or 0 */
	uint64_t ending_sp; /* where its stack begins to count; 0: as others */
	struct ram ram[MAX_NODES]; /* of each core */
	unsigned int nr_ram;
	uint64_t free_mark[MAX_NODES];
	struct stacks *stacks[MAX_NODES]; /* see heap_stack.c */
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
	/* heap_copy.c */
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

/* The steps of heap_read(), for whoever asks for less. */
bool heap_open(struct heap *h, struct target *t);
bool heap_frames(struct heap *h, unsigned int node, uint64_t first,
		 uint64_t nr);
bool heap_large(struct heap *h);
bool heap_sheaves(struct heap *h);
uint32_t heap_first_cache(const struct heap *h, unsigned int node);
bool heap_leaves_out(const struct heap *h, const struct kmem_cache *s);
bool copy_open(struct heap *h);

void *heap_grow(struct heap *h, void *array, size_t nr, size_t size);
bool heap_add(struct heap *h, const struct run *run);
bool heap_skip(struct heap *h, uint64_t start, uint64_t end);

/* The program's bytes of a block, at hand until the next are asked for. */
struct bytes {
	uint64_t address, nr;
	const uint64_t *words; /* NULL: the block is free, after all */
	uint32_t stack; /* handle of the stack that allocated it, or 0 */
	uint32_t freed; /* … and of that which freed it */
};

/* heap_copy.c */
bool heap_bytes(struct heap *h, struct block b, struct bytes *out);
size_t target_copy(struct target *t, void *buf, uint64_t address, size_t len);
bool heap_in_time(struct heap *h);
void heap_expect(const struct heap *h, struct block b);
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

/* heap_stack.c: who allocated */
#define STACK_MOST DEPOT_DEPTH
bool stacks_open(struct heap *h, unsigned int node, uint64_t depot);
void stacks_close(struct stacks *s);
unsigned int stack_fetch(struct heap *h, struct block b, uint32_t handle,
			 uint64_t *pc);
bool guarded_read(struct heap *h, const struct ashlar_places *places);

#endif
