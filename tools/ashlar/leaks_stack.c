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
#include "leaks.h"

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
	uint32_t cache = h->runs[b.run].cache;
	uint64_t at = (handle & ((1u << HANDLE_SHIFT) - 1)) * 8ull;
	const struct depot_stack *found;
	const char *chunk;

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
