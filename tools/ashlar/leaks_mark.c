/* SPDX-License-Identifier: MIT */
/*
 * What is reached: from words to the blocks that they point into, and from
 * there on through the words of those.
 *
 *   roots ──► mark_words() ──► todo ──► mark_from() ─┐
 *                  ▲                                 │
 *                  └────── the words of a block ◄────┘
 *
 * A word holds a block if its value lies anywhere in the bytes that the block
 * has for the program: pointers into the middle are what remains of arrays, of
 * second bases and of members. Words lie at multiples of their size.
 */
#include <stdlib.h>
#include "leaks.h"

#define BUFFER (256ul << 10) /* bytes of a large block at once */
/* Blocks whose bytes are on their way to the cache. */
#define SOON 32

bool marker_open(struct marker *m, struct heap *h)
{
	*m = (struct marker){ .heap = h, .buffer = malloc(BUFFER) };
	return m->buffer || target_fail(h->t, "out of memory");
}

void marker_close(struct marker *m)
{
	free(m->todo);
	free(m->buffer);
}

static bool push(struct marker *m, struct block b)
{
	struct block *more;
	size_t room;

	if (unlikely(m->nr == m->room)) {
		room = m->room ? 2 * m->room : 4096;
		more = realloc(m->todo, room * sizeof(*more));
		if (!more)
			return target_fail(m->heap->t, "out of memory");
		m->todo = more;
		m->room = room;
	}
	m->todo[m->nr++] = b;
	return true;
}

/* Mark @b, which is white, and have it looked into. */
bool mark_block(struct marker *m, struct block b)
{
	uint32_t n = block_number(m->heap, b);

	clear_bit(m->heap->white, n);
	return push(m, b);
}

/* Mark what @n words point into. False: no memory. */
bool mark_words(struct marker *m, const uint64_t *words, size_t n)
{
	struct block b;
	size_t i;

	m->words += n;
	for (i = 0; i < n; i++)
		if (unlikely(heap_find(m->heap, words[i], &b)) &&
		    !mark_block(m, b))
			return false;
	return true;
}

static bool is_large(const struct heap *h, struct block b)
{
	return b.run >= h->first_large;
}

static bool for_words_of_large(struct heap *h, struct block b, uint64_t *buffer,
			       bool (*see)(void *arg, const uint64_t *words,
					   size_t n),
			       void *arg)
{
	uint64_t at = block_address(h, b), end = at + block_bytes(h, b);
	size_t want, got;

	while (at < end) {
		want = min(end - at, (uint64_t)BUFFER);
		got = target_copy(h->t, buffer, at, want);
		if (!see(arg, buffer, got / sizeof(*buffer)) ||
		    !heap_in_time(h))
			return false;
		if (got < want) /* what is not there ends with a page */
			got = ALIGN(at + got + 1, PAGE_SIZE) - at;
		at += got;
	}
	return true;
}

/**
 * for_words_of() - look at the words of a block
 * @h: the heap
 * @b: the block
 * @buffer: of a marker
 * @see: called once for some of the words after the others
 * @arg: its first argument
 *
 * Return: false if @see did, or the words cannot be had in time.
 */
bool for_words_of(struct heap *h, struct block b, uint64_t *buffer,
		  bool (*see)(void *arg, const uint64_t *words, size_t n),
		  void *arg)
{
	struct bytes bytes;

	if (is_large(h, b))
		return for_words_of_large(h, b, buffer, see, arg);
	if (!heap_bytes(h, b, &bytes))
		return false;
	if (unlikely(!bytes.words))
		return true;
	return see(arg, bytes.words, bytes.nr / sizeof(*bytes.words));
}

static bool see_words(void *arg, const uint64_t *words, size_t n)
{
	return mark_words(arg, words, n);
}

/**
 * mark_from() - look into all that was marked
 * @m: the marker
 *
 * Return: true, or false with the reason in the target's error.
 */
bool mark_from(struct marker *m)
{
	struct block soon[SOON], b;
	unsigned int first = 0, nr = 0;

	while (m->nr || nr) {
		while (m->nr && nr < SOON) {
			b = m->todo[--m->nr];
			heap_expect(m->heap, b);
			soon[(first + nr++) % SOON] = b;
		}
		b = soon[first++ % SOON];
		nr--;
		if (!for_words_of(m->heap, b, m->buffer, see_words, m))
			return false;
	}
	return true;
}
