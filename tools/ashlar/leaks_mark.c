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
#include <sys/uio.h>
#include "leaks.h"

#define BUFFER (256ul << 10) /* bytes of a large block at once */
/* Blocks whose bytes are on their way to the cache. */
#define SOON 32
/* Guarded blocks lie by themselves: so many are read by one call. */
#define TOGETHER 64
#define TOGETHER_MOST 1024 /* bytes of one */

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

/* Blocks that are to be read together. */
struct together {
	struct block block[TOGETHER];
	unsigned int nr;
};

static bool lies_alone(const struct heap *h, struct block b)
{
	return is_large(h, b) && block_bytes(h, b) <= TOGETHER_MOST;
}

/* Each is a number of whole words, so all of them are words in a row. */
static bool mark_from_together(struct marker *m, struct together *all)
{
	struct iovec from[TOGETHER], to = { m->buffer, 0 };
	struct heap *h = m->heap;
	unsigned int i, nr = all->nr;

	all->nr = 0;
	for (i = 0; i < nr; i++) {
		from[i].iov_base = (void *)block_address(h, all->block[i]);
		from[i].iov_len = block_bytes(h, all->block[i]) & ~7ul;
		to.iov_len += from[i].iov_len;
	}
	if (process_vm_readv(h->t->pid, &to, 1, from, nr, 0) ==
	    (ssize_t)to.iov_len)
		return mark_words(m, to.iov_base, to.iov_len / 8) &&
		       heap_in_time(h);
	for (i = 0; i < nr; i++)
		if (!for_words_of(h, all->block[i], m->buffer, see_words, m))
			return false;
	return true;
}

/**
 * mark_from() - look into all that was marked
 * @m: the marker
 *
 * Return: true, or false with the reason in the target's error.
 */
bool mark_from(struct marker *m)
{
	struct together together = { .nr = 0 };
	struct block soon[SOON], b;
	unsigned int first = 0, nr = 0;

	while (m->nr || nr || together.nr) {
		while (m->nr && nr < SOON && together.nr < TOGETHER) {
			b = m->todo[--m->nr];
			if (lies_alone(m->heap, b)) {
				together.block[together.nr++] = b;
				continue;
			}
			heap_expect(m->heap, b);
			soon[(first + nr++) % SOON] = b;
		}
		if (together.nr == TOGETHER || (together.nr && !nr)) {
			if (!mark_from_together(m, &together))
				return false;
			continue;
		}
		b = soon[first++ % SOON];
		nr--;
		if (!for_words_of(m->heap, b, m->buffer, see_words, m))
			return false;
	}
	return true;
}
