/* SPDX-License-Identifier: MIT */
/*
 * Blocks that were not reached, and which of them hold which.
 *
 *   A ─► B ─► C      A has no holder: leaked by itself ("direct"); B and C
 *        │           are leaked because A is ("indirect")
 *        └──► D
 *
 *   E ◄─► F ─► G     E and F hold each other, and nothing else holds them: one
 *                    of them stands for the cycle
 *
 * Which blocks without a holder are to stand for cycles: in the order in which
 * a search in depth leaves blocks, the last lies in a cycle that nothing
 * outside of it points into; all that it reaches is taken away, and so on
 * (S. R. Kosaraju, 1978; M. Sharir, 1981).
 */
#include <stdlib.h>
#include <string.h>
#include "leaks.h"

void unreached_free(struct unreached *u)
{
	free(u->blocks);
	free(u->from);
	free(u->edges);
	free(u->holder);
	free(u->order);
	free(u->in_cycle);
	*u = (struct unreached){ 0 };
}

/* ---- which ---- */

static bool add_block(struct heap *h, struct unreached *u, struct block b)
{
	struct block *more = heap_grow(h, u->blocks, u->nr, sizeof(*more));

	if (!more)
		return false;
	u->blocks = more;
	more[u->nr++] = b;
	return true;
}

/* True if @b is one indeed: it may lie in a sheaf, or in quarantine. */
static bool is_block(struct heap *h, struct block b)
{
	struct bytes bytes;

	if (b.run >= h->first_large)
		return true;
	return heap_bytes(h, b, &bytes) && bytes.words;
}

static bool collect_of_run(struct heap *h, struct unreached *u, uint32_t run)
{
	const struct run *r = &h->runs[run];
	uint32_t n = r->first, end = r->first + r->slots;
	struct block b = { run, 0 };

	for (; n < end; n++) {
		/* Most words have none at all. */
		if (n % 64 == 0 && end - n >= 64 && !h->white[n / 64]) {
			n += 63;
			continue;
		}
		if (!bit_is_set(h->white, n))
			continue;
		b.slot = n - r->first;
		if (!is_block(h, b))
			clear_bit(h->white, n);
		else if (!add_block(h, u, b))
			return false;
	}
	return true;
}

static bool collect(struct heap *h, struct unreached *u)
{
	uint32_t run;

	u->nr = 0;
	for (run = 0; run < h->nr_runs; run++)
		if (!collect_of_run(h, u, run))
			return false;
	return !h->t->error[0];
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/**
 * find_unreached() - find the blocks that are still white
 * @m: all roots were marked, and what they reach
 * @before: addresses of what was not reached by an earlier look, ascending;
 *	or NULL: there was none
 * @nr_before: of them
 * @u: filled; freed by unreached_free() in any case
 *
 * Whatever was reached by the earlier look, or not there, counts as reached
 * now, with what it holds: the process ran on while it was read.
 *
 * Return: true, or false with the reason in the target's error.
 */
bool find_unreached(struct marker *m, const uint64_t *before, size_t nr_before,
		    struct unreached *u)
{
	struct heap *h = m->heap;
	uint64_t address;
	bool any = false;
	uint32_t i;

	if (!collect(h, u))
		return false;
	for (i = 0; before && i < u->nr; i++) {
		address = block_address(h, u->blocks[i]);
		if (bsearch(&address, before, nr_before, sizeof(address),
			    by_value))
			continue;
		any = true;
		if (!mark_block(m, u->blocks[i]))
			return false;
	}
	return !any || (mark_from(m) && collect(h, u));
}

/* ---- who holds whom ---- */

struct search {
	struct heap *heap;
	struct unreached *u;
	uint32_t *number; /* of the first unreached block of each 64 slots */
	uint32_t at; /* the block that is looked into */
	uint32_t nr_edges;
};

/* The number of an unreached block among them. */
static uint32_t number_of(const struct search *s, uint32_t slot)
{
	uint64_t below = s->heap->white[slot / 64] & ((1ull << slot % 64) - 1);

	return s->number[slot / 64] + (uint32_t)__builtin_popcountll(below);
}

static bool number_blocks(struct search *s)
{
	size_t words = (s->heap->nr_slots + 63) / 64, i;
	uint32_t n = 0;

	s->number = malloc((words + 1) * sizeof(*s->number));
	for (i = 0; s->number && i < words; i++) {
		s->number[i] = n;
		n += (uint32_t)__builtin_popcountll(s->heap->white[i]);
	}
	return s->number != NULL;
}

static bool add_edge(struct search *s, uint32_t to)
{
	uint32_t *more;

	more = heap_grow(s->heap, s->u->edges, s->nr_edges, sizeof(*more));
	if (!more)
		return false;
	s->u->edges = more;
	more[s->nr_edges++] = to;
	return true;
}

static bool see_words(void *arg, const uint64_t *words, size_t n)
{
	struct search *s = arg;
	struct block b;
	uint32_t to;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!heap_find(s->heap, words[i], &b))
			continue;
		to = number_of(s, block_number(s->heap, b));
		if (to != s->at && (s->nr_edges == NONE || !add_edge(s, to)))
			return false;
	}
	return true;
}

static bool find_edges(struct search *s, uint64_t *buffer)
{
	struct unreached *u = s->u;

	for (s->at = 0; s->at < u->nr; s->at++) {
		u->from[s->at] = s->nr_edges;
		if (!for_words_of(s->heap, u->blocks[s->at], buffer, see_words,
				  s))
			return false;
	}
	u->from[u->nr] = s->nr_edges;
	return true;
}

/* The order of what is left, and who was seen. */
struct flood {
	struct unreached *u;
	uint64_t *seen;
	uint32_t *todo, *next; /* a stack: a block, and its next edge */
	uint32_t nr_ordered;
};

static void see_one(struct flood *f, uint32_t i, uint32_t holder)
{
	set_bit(f->seen, i);
	f->u->holder[i] = holder;
	f->u->order[f->nr_ordered++] = i;
}

/* All that @root reaches and nobody holds yet has a holder from now on. */
static void flood_from(struct flood *f, uint32_t root)
{
	const struct unreached *u = f->u;
	uint32_t first = f->nr_ordered, i, e;

	see_one(f, root, NONE);
	for (; first < f->nr_ordered; first++) {
		i = u->order[first];
		for (e = u->from[i]; e < u->from[i + 1]; e++)
			if (!bit_is_set(f->seen, u->edges[e]))
				see_one(f, u->edges[e], i);
	}
}

/* Blocks that @root reaches, in the order in which they are left. */
static uint32_t *leave_from(struct flood *f, uint64_t *entered, uint32_t root,
			    uint32_t *left)
{
	const struct unreached *u = f->u;
	uint32_t depth = 0, i, to;

	set_bit(entered, root);
	f->todo[0] = root;
	f->next[0] = u->from[root];
	do {
		i = f->todo[depth];
		if (f->next[depth] == u->from[i + 1]) {
			*left++ = i;
			depth--;
			continue;
		}
		to = u->edges[f->next[depth]++];
		if (bit_is_set(f->seen, to) || bit_is_set(entered, to))
			continue;
		set_bit(entered, to);
		f->todo[++depth] = to;
		f->next[depth] = u->from[to];
	} while (depth != NONE);
	return left;
}

/* What no block without a holder reaches is in a cycle, or behind one. */
static bool flood_cycles(struct flood *f)
{
	uint32_t nr = f->u->nr, i, *left, *end;
	uint64_t *entered = calloc(nr / 64 + 1, sizeof(*entered));

	left = end = malloc((nr + 1ul) * sizeof(*left));
	f->todo = malloc((nr + 1ul) * sizeof(*left));
	f->next = malloc((nr + 1ul) * sizeof(*left));
	if (entered && left && f->todo && f->next) {
		for (i = 0; i < nr; i++)
			if (!bit_is_set(f->seen, i) && !bit_is_set(entered, i))
				end = leave_from(f, entered, i, end);
		while (end > left) {
			if (bit_is_set(f->seen, *--end))
				continue;
			set_bit(f->u->in_cycle, *end);
			flood_from(f, *end);
		}
		i = nr;
	} else {
		i = NONE;
	}
	free(entered);
	free(left);
	free(f->todo);
	free(f->next);
	return i == nr;
}

static bool flood_all(struct unreached *u)
{
	struct flood f = { .u = u };
	uint64_t *held = calloc(u->nr / 64 + 1, sizeof(*held));
	uint32_t i;
	bool ok;

	f.seen = calloc(u->nr / 64 + 1, sizeof(*f.seen));
	ok = held && f.seen;
	for (i = 0; ok && i < u->from[u->nr]; i++)
		set_bit(held, u->edges[i]);
	for (i = 0; ok && i < u->nr; i++)
		if (!bit_is_set(held, i))
			flood_from(&f, i);
	if (ok && f.nr_ordered < u->nr)
		ok = flood_cycles(&f);
	free(held);
	free(f.seen);
	return ok;
}

/**
 * find_holders() - find out which unreached blocks hold which
 * @m: as find_unreached() left it
 * @u: the blocks
 *
 * Return: true, or false with the reason in the target's error.
 */
bool find_holders(struct marker *m, struct unreached *u)
{
	struct search s = { .heap = m->heap, .u = u };
	bool ok;

	u->from = malloc((u->nr + 1ul) * sizeof(*u->from));
	u->holder = malloc((u->nr + 1ul) * sizeof(*u->holder));
	u->order = malloc((u->nr + 1ul) * sizeof(*u->order));
	u->in_cycle = calloc(u->nr / 64 + 1, sizeof(*u->in_cycle));
	ok = u->from && u->holder && u->order && u->in_cycle &&
	     number_blocks(&s) && find_edges(&s, m->buffer) && flood_all(u);
	free(s.number);
	return ok || target_fail(m->heap->t, "out of memory");
}
