/* SPDX-License-Identifier: MIT */
/*
 * Bytes as they must be around watched objects, and in free ones: compared and
 * filled by sixteen.
 *
 *   | pair | pair | pair | .. |        the last may overlap the one before it,
 *                    | pair  |         but where both ends are aligned
 */
#ifndef ASHLAR_MM_SLAB_BYTES_H
#define ASHLAR_MM_SLAB_BYTES_H

#include <ashlar/compiler.h>
#include <ashlar/string.h>
#include <ashlar/types.h>

/* Eight of them, and sixteen, wherever they lie. */
typedef u64 __attribute__((__may_alias__, __aligned__(1))) word_t;
typedef u64 __attribute__((__vector_size__(16), __may_alias__, __aligned__(1)))
pair_t;

/* Sixteen at an address that sixteen divides. */
typedef u64 __attribute__((__vector_size__(16), __may_alias__)) line_t;

#define WORD(p) (*(const word_t *)(const void *)(p))
#define PAIR(p) (*(const pair_t *)(const void *)(p))
#define SET_WORD(p, word) (*(word_t *)(void *)(p) = (word))
#define SET_PAIR(p, pair) (*(pair_t *)(void *)(p) = (pair))

#define LINE(p) (*(const line_t *)(const void *)(p))
#define SET_LINE(p, line) (*(line_t *)(void *)(p) = (line))

/* Longer than this, memset() is worth its call. */
#define FILL_SHORT 256

static __always_inline u64 word_of(u8 value)
{
	return 0x0101010101010101ull * value;
}

/* True if all of @n bytes, fewer than sixteen, are @value. */
static __always_inline bool few_are(const char *p, u8 value, size_t n)
{
	u64 word = word_of(value);

	if (n >= sizeof(word))
		return WORD(p) == word && WORD(p + n - sizeof(word)) == word;
	while (n && (u8)p[n - 1] == value)
		n--;
	return !n;
}

/*
 * True if all of @n bytes are @value: by sixteen, of which the last may overlap
 * those before them.
 */
static __always_inline bool all_are(const char *p, u8 value, size_t n)
{
	const char *last = p + n - sizeof(pair_t);
	pair_t pair = { word_of(value), word_of(value) }, diff;

	if (unlikely(n < sizeof(pair)))
		return few_are(p, value, n);
	diff = PAIR(last) ^ pair;
	for (; last - p >= 64; p += 64)
		diff |= (PAIR(p) ^ pair) | (PAIR(p + 16) ^ pair) |
			(PAIR(p + 32) ^ pair) | (PAIR(p + 48) ^ pair);
	for (; p < last; p += sizeof(pair))
		diff |= PAIR(p) ^ pair;
	return !(diff[0] | diff[1]);
}

static __always_inline void fill(char *p, u8 value, size_t n)
{
	u64 word = word_of(value);
	pair_t pair = { word, word };
	char *end = p + n;

	if (unlikely(n > FILL_SHORT || n < sizeof(word))) {
		memset(p, value, n);
		return;
	}
	if (n < sizeof(pair)) {
		SET_WORD(p, word);
		SET_WORD(end - sizeof(word), word);
		return;
	}
	for (; end - p >= 16; p += sizeof(pair))
		SET_PAIR(p, pair);
	SET_PAIR(end - sizeof(pair), pair);
}

static __always_inline char *line_after(const char *p)
{
	return (char *)ALIGN((uintptr_t)p, sizeof(line_t));
}

/* Adds what of the lines from @p up to @end, both aligned, is not @value. */
static __always_inline void lines_differ(line_t *diff, const char *p,
					 const char *end, u8 value)
{
	const line_t line = { word_of(value), word_of(value) };

	for (; p < end; p += sizeof(line))
		*diff |= LINE(p) ^ line;
}

static __always_inline void fill_lines(char *p, const char *end, u8 value)
{
	const line_t line = { word_of(value), word_of(value) };

	for (; p < end; p += sizeof(line))
		SET_LINE(p, line);
}

#endif
