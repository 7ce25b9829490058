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

/*
 * Bytes are given as a word: what lies at an address that eight divides. From
 * @p on it is turned by as many bytes as @p lies behind one.
 */
static __always_inline u64 word_at(u64 word, const void *p)
{
	unsigned int bits = (unsigned int)((uintptr_t)p % sizeof(word)) * 8;

	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		return word << bits | word >> (-bits & 63);
	return word >> bits | word << (-bits & 63);
}

/* Two of a word; macros, for a vector is nothing that a kernel returns. */
#define PAIR_OF(word) ((pair_t){ word, word })
#define LINE_OF(word) ((line_t){ word, word })

/* True if the byte at @p is as it must be. */
static __always_inline bool byte_is(const char *p, u64 word)
{
	return *p == ((const char *)&word)[(uintptr_t)p % sizeof(word)];
}

/* True if all of @n bytes, fewer than sixteen, are as @word says. */
static __always_inline bool few_are(const char *p, u64 word, size_t n)
{
	const char *last;

	if (n >= sizeof(word)) {
		last = p + n - sizeof(word);
		return WORD(p) == word_at(word, p) &&
		       WORD(last) == word_at(word, last);
	}
	while (n && byte_is(p + n - 1, word))
		n--;
	return !n;
}

/*
 * True if all of @n bytes are as @word says: by sixteen, of which the last may
 * overlap those before them.
 */
static __always_inline bool all_are(const char *p, u64 word, size_t n)
{
	const char *last = p + n - sizeof(pair_t);
	u64 first = word_at(word, p), end = word_at(word, last);
	pair_t pair = PAIR_OF(first), diff;

	if (unlikely(n < sizeof(pair)))
		return few_are(p, word, n);
	diff = PAIR(last) ^ PAIR_OF(end);
	for (; last - p >= 64; p += 64)
		diff |= (PAIR(p) ^ pair) | (PAIR(p + 16) ^ pair) |
			(PAIR(p + 32) ^ pair) | (PAIR(p + 48) ^ pair);
	for (; p < last; p += sizeof(pair))
		diff |= PAIR(p) ^ pair;
	return !(diff[0] | diff[1]);
}

static __always_inline void fill(char *p, u64 word, size_t n)
{
	char *end = p + n, *last = end - sizeof(pair_t);
	u64 first = word_at(word, p), other = word_at(word, last);
	pair_t pair = PAIR_OF(first);

	if (unlikely(n > FILL_SHORT && word == word_of((u8)word))) {
		memset(p, (int)(u8)word, n);
		return;
	}
	if (n < sizeof(pair)) {
		for (; p < end; p++)
			*p = ((const char *)&word)[(uintptr_t)p % sizeof(word)];
		return;
	}
	for (; end - p >= 16; p += sizeof(pair))
		SET_PAIR(p, pair);
	SET_PAIR(last, PAIR_OF(other));
}

static __always_inline char *line_after(const char *p)
{
	return (char *)ALIGN((uintptr_t)p, sizeof(line_t));
}

/* Adds what of the lines from @p up to @end, both aligned, is not @word. */
static __always_inline void lines_differ(line_t *diff, const char *p,
					 const char *end, u64 word)
{
	const line_t line = LINE_OF(word);

	for (; p < end; p += sizeof(line))
		*diff |= LINE(p) ^ line;
}

static __always_inline void fill_lines(char *p, const char *end, u64 word)
{
	const line_t line = LINE_OF(word);

	for (; p < end; p += sizeof(line))
		SET_LINE(p, line);
}

#endif
