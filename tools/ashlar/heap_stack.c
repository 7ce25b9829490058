/* SPDX-License-Identifier: MIT */
/*
 * Who allocated a block: from the handle in its record to return addresses.
 *
 *   handle  | chunk | entry ÷ 8 |
 *               └─ stack_depot.chunk ──► | … | depot_stack: nr, pc … | … |
 *
 * Chunks are copied whole, when one of their stacks is asked for first.
 */
#include <stdlib.h>
#include <string.h>
#include "mm/slab_record.h"
#include "heap.h"

#define GUARDED_MAX (1u << 20)
#define HANDLE_SHIFT (DEPOT_CHUNK_SHIFT - 3)

struct stacks {
	struct stack_depot depot; /* the target's */
	char *copy[DEPOT_CHUNKS];
};

/* stacks_open - get hold of the stacks of a core */
bool stacks_open(struct heap *h, unsigned int node, uint64_t depot)
{
	struct stacks *s = calloc(1, sizeof(*s));

	h->stacks[node] = s;
	if (!s)
		return target_fail(h->t, "out of memory");
	if (!target_read(h->t, depot, &s->depot, sizeof(s->depot)))
		memset(&s->depot, 0, sizeof(s->depot));
	return true;
}

void stacks_close(struct stacks *s)
{
	size_t i;

	for (i = 0; s && i < DEPOT_CHUNKS; i++)
		free(s->copy[i]);
	free(s);
}

/* A chunk's bytes; NULL: it is not there. */
static const char *find_chunk(struct heap *h, struct stacks *s, uint32_t i)
{
	if (i >= DEPOT_CHUNKS || !s->depot.chunk[i])
		return NULL;
	if (!s->copy[i]) {
		s->copy[i] = calloc(1, DEPOT_CHUNK_BYTES);
		if (s->copy[i])
			target_copy(h->t, s->copy[i],
				    (uintptr_t)s->depot.chunk[i],
				    DEPOT_CHUNK_BYTES);
	}
	return s->copy[i];
}

static unsigned int trace_fetch(const struct kfence_trace *t, uint64_t *pc)
{
	unsigned int n = 0;

	for (; n < KFENCE_DEPTH && n < STACK_MOST && t->pc[n]; n++)
		pc[n] = t->pc[n];
	return n;
}

/**
 * stack_fetch() - the stack of a handle
 * @h: the heap
 * @b: the block that has it in its record
 * @handle: the handle; 0: there is none
 * @pc: filled, innermost first; of STACK_MOST
 *
 * Return: how many addresses there are.
 */
unsigned int stack_fetch(struct heap *h, struct block b, uint32_t handle,
			 uint64_t *pc)
{
	uint32_t cache = h->runs[b.run].cache, trace = h->runs[b.run].trace;
	uint64_t at = (handle & ((1u << HANDLE_SHIFT) - 1)) * 8ull;
	const struct depot_stack *found;
	const char *chunk;

	if (trace != NONE)
		return trace_fetch(&h->traces[trace], pc);
	if (!handle || cache == NONE)
		return 0;
	chunk = find_chunk(h, h->stacks[h->cache_node[cache]],
			   handle >> HANDLE_SHIFT);
	if (!chunk || at + sizeof(*found) > DEPOT_CHUNK_BYTES)
		return 0;
	found = (const void *)(chunk + at);
	if (found->nr > STACK_MOST ||
	    at + sizeof(*found) + found->nr * 8ull > DEPOT_CHUNK_BYTES)
		return 0;
	memcpy(pc, found->pc, found->nr * sizeof(*pc));
	return found->nr;
}

/* ---- guarded blocks, which have their stacks with them ---- */

static bool take_guarded(struct heap *h, const struct kfence_block *b)
{
	struct run run = {
		.start = (uintptr_t)b->start,
		/* Behind it lies nothing: a pointer to its end counts. */
		.size = b->asked + 1,
		.bytes = b->asked,
		.slots = 1,
		.cache = NONE,
		.trace = h->nr_traces,
	};
	struct kfence_trace *more;

	if (b->state != KFENCE_LIVE || run.start > INT64_MAX / 2 ||
	    run.size > INT64_MAX / 2)
		return true;
	more = heap_grow(h, h->traces, h->nr_traces, sizeof(*more));
	if (!more)
		return false;
	h->traces = more;
	more[h->nr_traces++] = b->alloc;
	return heap_add(h, &run);
}

/**
 * guarded_read() - find the blocks in a core's pool of guarded ones
 * @h: the heap; its frames were found
 * @places: of the core
 *
 * Return: true, or false with the reason in the target's error.
 */
bool guarded_read(struct heap *h, const struct ashlar_places *places)
{
	struct kfence_block b[64];
	uint64_t at = (uintptr_t)places->guarded;
	uint32_t left = places->nr_guarded, n, i;

	if (!places->pool)
		return true;
	if (left > GUARDED_MAX)
		return target_fail(h->t,
				   "the guarded blocks of %s cannot be "
				   "found",
				   h->t->label);
	for (; left; left -= n, at += n * sizeof(b[0])) {
		n = min(left, (uint32_t)ARRAY_SIZE(b));
		if (target_copy(h->t, b, at, n * sizeof(b[0])) !=
			    n * sizeof(b[0]) ||
		    !heap_in_time(h))
			return target_fail(h->t,
					   "the guarded blocks of %s "
					   "cannot be read",
					   h->t->label);
		for (i = 0; i < n; i++)
			if (!take_guarded(h, &b[i]))
				return false;
	}
	return heap_skip(h, places->pool, places->pool + places->pool_bytes);
}
