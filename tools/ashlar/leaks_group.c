/* SPDX-License-Identifier: MIT */
/*
 * Leaked blocks in groups: those of one origin that blocks of one group hold.
 *
 *   list ─► node ─► node ─► node         list, 1 block
 *            │       │       │            └ node, 3 blocks
 *            ▼       ▼       ▼                └ string, 3 blocks
 *           string  string  string
 *
 * The origin is the stack of the allocation, where a call that recurs counts
 * once; or the size where no stack is known. A block that is held by one of its
 * own group, or of a group around that, joins it. So a long list makes no deep
 * tree, and what was made by recursion has a few groups.
 */
#include <stdlib.h>
#include <string.h>
#include "leaks.h"

#define DEPTH_MOST 32 /* what is held deeper stands beside its holder */

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

/* ---- a hash table of numbers ---- */

/* Twice as many slots, when half of them are taken. */
static bool index_grow(uint32_t **index, uint32_t *size, uint32_t nr,
		       uint64_t (*hash)(const struct groups *, uint32_t),
		       const struct groups *g)
{
	uint32_t more = *size ? 2 * *size : 64, *slots, i, n;

	if (*size > 2 * nr)
		return true;
	slots = malloc(more * sizeof(*slots));
	if (!slots)
		return false;
	memset(slots, 0xff, more * sizeof(*slots));
	for (n = 0; n < nr; n++) {
		i = (uint32_t)hash(g, n) & (more - 1);
		while (slots[i] != NONE)
			i = (i + 1) & (more - 1);
		slots[i] = n;
	}
	free(*index);
	*index = slots;
	*size = more;
	return true;
}

/* ---- stacks ---- */

static uint64_t hash_stack(const struct stack *s)
{
	uint64_t hash = s->nr;
	unsigned int i;

	for (i = 0; i < s->nr; i++)
		hash = mix(hash, s->pc[i]);
	return hash;
}

static uint64_t hash_nth_stack(const struct groups *g, uint32_t n)
{
	return hash_stack(&g->stacks[n]);
}

/* The number of @s among the stacks; NONE: no memory. */
static uint32_t stack_number(struct groups *g, struct heap *h,
			     const struct stack *s)
{
	uint32_t i, n = g->nr_stacks;
	struct stack *more;

	if (!index_grow(&g->stack_index, &g->stack_index_size, n,
			hash_nth_stack, g))
		return NONE;
	i = (uint32_t)hash_stack(s) & (g->stack_index_size - 1);
	while (g->stack_index[i] != NONE) {
		struct stack *other = &g->stacks[g->stack_index[i]];

		if (other->nr == s->nr &&
		    !memcmp(other->pc, s->pc, s->nr * sizeof(s->pc[0])))
			return g->stack_index[i];
		i = (i + 1) & (g->stack_index_size - 1);
	}
	more = heap_grow(h, g->stacks, n, sizeof(*more));
	if (!more)
		return NONE;
	g->stacks = more;
	more[n] = *s;
	g->stack_index[i] = n;
	return g->nr_stacks++;
}

/* ---- groups ---- */

static uint64_t hash_key(uint32_t holder, uint32_t stack, uint64_t size)
{
	return mix(mix(mix(0, holder), stack), size);
}

static uint64_t hash_nth_group(const struct groups *g, uint32_t n)
{
	const struct group *group = &g->group[n];

	return hash_key(group->holder, group->stack, group->size);
}

static bool same_origin(const struct group *a, uint32_t stack, uint64_t size)
{
	return a->stack == stack && a->size == size;
}

/* The group of that origin within @holder; NONE: no memory. */
static uint32_t group_number(struct groups *g, struct heap *h, uint32_t holder,
			     uint32_t stack, uint64_t size)
{
	uint32_t i, n = g->nr, depth = 0;
	struct group *more, *other;

	for (i = holder; i != NONE; i = g->group[i].holder, depth++)
		if (same_origin(&g->group[i], stack, size))
			return i;
	if (depth == DEPTH_MOST)
		holder = g->group[holder].holder;
	if (!index_grow(&g->index, &g->index_size, n, hash_nth_group, g))
		return NONE;
	i = (uint32_t)hash_key(holder, stack, size) & (g->index_size - 1);
	while (g->index[i] != NONE) {
		other = &g->group[g->index[i]];
		if (other->holder == holder && same_origin(other, stack, size))
			return g->index[i];
		i = (i + 1) & (g->index_size - 1);
	}
	more = heap_grow(h, g->group, n, sizeof(*more));
	if (!more)
		return NONE;
	g->group = more;
	more[n] = (struct group){ .holder = holder,
				  .first = NONE,
				  .next = NONE,
				  .stack = stack,
				  .size = size };
	g->index[i] = n;
	return g->nr++;
}

/* Leave each address only where it is innermost. */
static void drop_recurring(struct stack *s)
{
	unsigned int i, k, n = 0;

	for (i = 0; i < s->nr; i++) {
		for (k = 0; k < n && s->pc[k] != s->pc[i]; k++)
			;
		if (k == n)
			s->pc[n++] = s->pc[i];
	}
	s->nr = n;
}

static bool add_block(struct groups *g, struct heap *h, struct block b,
		      uint32_t holder, uint32_t *group)
{
	struct bytes bytes = { .address = block_address(h, b),
			       .nr = block_bytes(h, b) };
	struct stack s = { 0 };
	uint32_t stack = NONE;
	struct group *to;

	if (b.run < h->first_large && !heap_bytes(h, b, &bytes))
		return false;
	s.nr = stack_fetch(h, b, bytes.stack, s.pc);
	drop_recurring(&s);
	if (s.nr) {
		stack = stack_number(g, h, &s);
		if (stack == NONE)
			return false;
	}
	*group =
		group_number(g, h, holder, stack, stack == NONE ? bytes.nr : 0);
	if (*group == NONE)
		return false;
	to = &g->group[*group];
	to->blocks++;
	to->bytes += bytes.nr;
	if (!to->example)
		to->example = bytes.address;
	return true;
}

/* Add up what groups hold; holders come before what they hold. */
static void add_up(struct groups *g)
{
	struct group *x;

	for (x = g->group + g->nr; x-- > g->group;) {
		if (x->holder == NONE)
			continue;
		g->group[x->holder].below_blocks += x->blocks + x->below_blocks;
		g->group[x->holder].below_bytes += x->bytes + x->below_bytes;
	}
}

static const struct group *sorted; /* for by_bytes() */

static int by_bytes(const void *a, const void *b)
{
	const struct group *x = &sorted[*(const uint32_t *)a];
	const struct group *y = &sorted[*(const uint32_t *)b];
	uint64_t m = x->bytes + x->below_bytes, n = y->bytes + y->below_bytes;

	if (m != n)
		return m > n ? 1 : -1;
	return x->example < y->example ? 1 : -1;
}

/* Each in its holder's list, the largest first. */
static bool link_groups(struct groups *g)
{
	uint32_t *order = malloc((g->nr + 1ul) * sizeof(*order)), i, *first;

	if (!order)
		return false;
	for (i = 0; i < g->nr; i++)
		order[i] = i;
	sorted = g->group;
	qsort(order, g->nr, sizeof(*order), by_bytes);
	g->first = NONE;
	for (i = 0; i < g->nr; i++) {
		struct group *x = &g->group[order[i]];

		first = x->holder == NONE ? &g->first :
					    &g->group[x->holder].first;
		x->next = *first;
		*first = order[i];
	}
	free(order);
	return true;
}

/**
 * groups_make() - put unreached blocks together
 * @g: all zero; freed by groups_free() in any case
 * @h: the heap
 * @u: with their holders
 *
 * Return: true, or false with the reason in the target's error.
 */
bool groups_make(struct groups *g, struct heap *h, const struct unreached *u)
{
	uint32_t *of = malloc((u->nr + 1ul) * sizeof(*of)), i, n, holder;
	bool ok = of != NULL;

	for (n = 0; ok && n < u->nr; n++) {
		i = u->order[n];
		holder = u->holder[i] == NONE ? NONE : of[u->holder[i]];
		ok = add_block(g, h, u->blocks[i], holder, &of[i]);
		if (ok && bit_is_set(u->in_cycle, i))
			g->group[of[i]].cycle = true;
	}
	free(of);
	if (ok)
		add_up(g);
	ok = ok && link_groups(g);
	return ok || target_fail(h->t, "out of memory");
}

void groups_free(struct groups *g)
{
	free(g->group);
	free(g->stacks);
	free(g->index);
	free(g->stack_index);
	*g = (struct groups){ 0 };
}
