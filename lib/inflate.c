/* SPDX-License-Identifier: MIT */
/*
 * What gzip wrote, read again: RFC 1952 around RFC 1951.
 *
 *   ┌──────────┬───────────────────────────────────┬───────┬────────┐
 *   │ header   │ blocks: stored, fixed or own codes │ CRC32 │ length │
 *   └──────────┴───────────────────────────────────┴───────┴────────┘
 *
 * The input lies in memory, the output does not: it is made in a window.
 *
 *   0          HISTORY                WINDOW
 *   ├─────────────┼──────────────┬──────┤ slack
 *   │ made before │ made now     │ room │
 *                         wpos ──┘
 *
 * A match may reach back 32 KB, so that much moves to the window's start when
 * its end is reached. The reader has used up what was made when it asks for
 * more: inflate_next() may stop anywhere and go on from there, in the midst of
 * a match or of a stored block. What lies before wpos is always output.
 *
 * A code is looked up with its meaning, so that a step takes one load:
 *
 *   31          16 15         8 7       4 3       0
 *   ├─────────────┼────────────┼─────────┼─────────┤
 *   │ value       │ what it is │ further │ length  │ bits
 *
 * The value is a byte, or what the further bits are added to. Codes of up to
 * FAST_BITS bits are found at once, longer ones bit by bit in the canonical
 * order, in which codes of one length are numbers in a row.
 */
#include <ashlar/compiler.h>
#include <ashlar/gfp.h>
#include <ashlar/inflate.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>

#define HISTORY 32768u
#define WINDOW 65536u
#define FAST_BITS 10
#define FAST_SIZE (1u << FAST_BITS)
#define MAX_BITS 15
#define MAX_LITERALS 288
#define MAX_DISTANCES 30
#define END_OF_BLOCK 256
#define MAX_MATCH 258
/* Input that the fast loop wants to see ahead of it. */
#define FAST_INPUT 16
#define SLACK 4 /* matches are copied by words */

#define LITERAL 0x100u
#define END_CODE 0x200u
#define BAD_CODE 0x400u

enum alphabet { PLAIN, LITERALS, DISTANCES };

struct huffman {
	enum alphabet alphabet;
	u32 fast[FAST_SIZE]; /* see above; length 0: a longer code or none */
	u16 count[MAX_BITS + 1]; /* codes of each length */
	u16 symbol[MAX_LITERALS]; /* in the order of their codes */
};

enum state { BLOCK, STORED, CODES, END };

struct inflate {
	const u8 *p, *end; /* input */
	u32 bits; /* read from it and not used, lowest first */
	u32 nbits;
	enum state state;
	bool last_block;
	u32 stored; /* bytes left of a stored block */
	u32 length, distance; /* what is left of a match */
	u32 wpos; /* next byte in window */
	u32 total; /* bytes written, modulo 2^32 */
	u32 crc;
	const char *error;
	struct huffman literals, distances;
	u8 lengths[MAX_LITERALS + MAX_DISTANCES + 2];
	u32 crc_table[4][256]; /* of a byte and 0 … 3 zeroes behind it */
	u8 window[WINDOW + SLACK];
};

static const char cut_short[] = "compressed archive is cut short";
static const char corrupt[] = "compressed archive is corrupt";

/* ---- bits: at most 31 are read ahead ---- */

static inline void refill(struct inflate *z)
{
	while (z->nbits < 24 && z->p < z->end) {
		z->bits |= (u32)*z->p++ << z->nbits;
		z->nbits += 8;
	}
}

static void fail(struct inflate *z, const char *why)
{
	if (!z->error)
		z->error = why;
	z->state = END;
}

static inline void drop_bits(struct inflate *z, u32 n)
{
	z->bits >>= n;
	z->nbits -= n;
}

/* Up to 16 bits; 0 and an error past the end. */
static u32 take_bits(struct inflate *z, u32 n)
{
	u32 v;

	refill(z);
	if (z->nbits < n) {
		fail(z, cut_short);
		return 0;
	}
	v = z->bits & ((1u << n) - 1);
	drop_bits(z, n);
	return v;
}

/* Whole bytes again: what was read ahead goes back to the input. */
static void align_to_byte(struct inflate *z)
{
	drop_bits(z, z->nbits & 7);
	z->p -= z->nbits / 8;
	z->bits = 0;
	z->nbits = 0;
}

/* ---- codes ---- */

static u32 reversed(u32 code, u32 len)
{
	u32 r = 0;

	while (len--) {
		r = r << 1 | (code & 1);
		code >>= 1;
	}
	return r;
}

static const u16 len_base[29] = { 3,  4,  5,  6,   7,	8,   9,	  10,  11, 13,
				  15, 17, 19, 23,  27,	31,  35,  43,  51, 59,
				  67, 83, 99, 115, 131, 163, 195, 227, 258 };
static const u8 len_extra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
				  2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };

/* Distances: two for each number of further bits. */
static u32 distance_code(u32 d)
{
	u32 extra = d < 4 ? 0 : d / 2 - 1;
	u32 base = 1 + (d < 4 ? d : (2 + (d & 1)) << extra);

	return d < MAX_DISTANCES ? base << 16 | extra << 4 : BAD_CODE;
}

static u32 literal_code(u32 symbol)
{
	if (symbol < END_OF_BLOCK)
		return symbol << 16 | LITERAL;
	if (symbol == END_OF_BLOCK)
		return END_CODE;
	symbol -= END_OF_BLOCK + 1;
	if (symbol >= ARRAY_SIZE(len_base))
		return BAD_CODE;
	return (u32)len_base[symbol] << 16 | (u32)len_extra[symbol] << 4;
}

/* What @symbol means, without the length of its code. */
static u32 meaning(enum alphabet alphabet, u32 symbol)
{
	if (alphabet == LITERALS)
		return literal_code(symbol);
	return alphabet == DISTANCES ? distance_code(symbol) : symbol << 16;
}

static inline u32 code_bits(u32 code)
{
	return code & 15;
}

static inline u32 extra_bits(u32 code)
{
	return code >> 4 & 15;
}

static inline u32 code_value(u32 code)
{
	return code >> 16;
}

static void fill_fast(struct huffman *h, u32 code, u32 len, u32 symbol)
{
	u32 i, entry = meaning(h->alphabet, symbol) | len;

	for (i = reversed(code, len); i < FAST_SIZE; i += 1u << len)
		h->fast[i] = entry;
}

/* Codes from their lengths; false: no such set of codes. */
static bool build(struct huffman *h, enum alphabet alphabet, const u8 *lengths,
		  u32 n)
{
	u32 next[MAX_BITS + 2], offset[MAX_BITS + 2], i, len;
	s32 left = 1;

	memset(h, 0, sizeof(*h));
	h->alphabet = alphabet;
	for (i = 0; i < n; i++)
		h->count[lengths[i]]++;
	h->count[0] = 0;
	next[1] = 0;
	offset[1] = 0;
	for (len = 1; len <= MAX_BITS; len++) {
		left = left * 2 - h->count[len];
		if (left < 0)
			return false;
		next[len + 1] = (next[len] + h->count[len]) << 1;
		offset[len + 1] = offset[len] + h->count[len];
	}
	for (i = 0; i < n; i++) {
		len = lengths[i];
		if (!len)
			continue;
		h->symbol[offset[len]++] = (u16)i;
		if (len <= FAST_BITS)
			fill_fast(h, next[len], len, i);
		next[len]++;
	}
	return true;
}

/* What @bits begin with; 0: no code. */
static u32 long_code(const struct huffman *h, u32 bits)
{
	u32 code = 0, first = 0, index = 0, n;

	for (n = 1; n <= MAX_BITS; n++) {
		code |= bits & 1;
		bits >>= 1;
		if (code < first + h->count[n])
			return n | meaning(h->alphabet,
					   h->symbol[index + code - first]);
		index += h->count[n];
		first = (first + h->count[n]) << 1;
		code <<= 1;
	}
	return 0;
}

/* The next code, taken; BAD_CODE and an error if there is none. */
static u32 decode(struct inflate *z, const struct huffman *h)
{
	u32 code;

	refill(z);
	code = h->fast[z->bits & (FAST_SIZE - 1)];
	if (!code_bits(code))
		code = long_code(h, z->bits);
	if (!code_bits(code) || code_bits(code) > z->nbits) {
		fail(z, z->p < z->end ? corrupt : cut_short);
		return BAD_CODE;
	}
	drop_bits(z, code_bits(code));
	return code;
}

static void fixed_codes(struct inflate *z)
{
	memset(z->lengths, 8, 144);
	memset(z->lengths + 144, 9, 112);
	memset(z->lengths + 256, 7, 24);
	memset(z->lengths + 280, 8, 8);
	build(&z->literals, LITERALS, z->lengths, MAX_LITERALS);
	memset(z->lengths, 5, MAX_DISTANCES);
	build(&z->distances, DISTANCES, z->lengths, MAX_DISTANCES);
}

/* Lengths of codes, themselves written in a code. */
static bool read_lengths(struct inflate *z, u32 n)
{
	u32 i = 0, symbol, repeat;
	u8 len;

	while (i < n && !z->error) {
		symbol = code_value(decode(z, &z->literals));
		if (symbol < 16) {
			z->lengths[i++] = (u8)symbol;
			continue;
		}
		len = 0;
		if (symbol == 16) {
			if (!i)
				return false;
			len = z->lengths[i - 1];
			repeat = 3 + take_bits(z, 2);
		} else if (symbol == 17) {
			repeat = 3 + take_bits(z, 3);
		} else {
			repeat = 11 + take_bits(z, 7);
		}
		if (i + repeat > n)
			return false;
		memset(z->lengths + i, len, repeat);
		i += repeat;
	}
	return !z->error;
}

static bool own_codes(struct inflate *z)
{
	static const u8 order[19] = { 16, 17, 18, 0, 8,	 7, 9,	6, 10, 5,
				      11, 4,  12, 3, 13, 2, 14, 1, 15 };
	u32 nlit = take_bits(z, 5) + 257, ndist = take_bits(z, 5) + 1;
	u32 i, ncode = take_bits(z, 4) + 4;

	if (nlit > 286 || ndist > MAX_DISTANCES)
		return false;
	memset(z->lengths, 0, sizeof(order));
	for (i = 0; i < ncode; i++)
		z->lengths[order[i]] = (u8)take_bits(z, 3);
	if (!build(&z->literals, PLAIN, z->lengths, sizeof(order)) ||
	    !read_lengths(z, nlit + ndist) || !z->lengths[END_OF_BLOCK])
		return false;
	return build(&z->literals, LITERALS, z->lengths, nlit) &&
	       build(&z->distances, DISTANCES, z->lengths + nlit, ndist);
}

/* ---- blocks ---- */

static void begin_block(struct inflate *z)
{
	u32 type, len;

	z->last_block = take_bits(z, 1);
	type = take_bits(z, 2);
	if (z->error)
		return;
	z->state = CODES;
	if (type == 0) {
		align_to_byte(z);
		len = take_bits(z, 16);
		if (take_bits(z, 16) != (len ^ 0xffff))
			fail(z, corrupt);
		else
			z->state = STORED;
		align_to_byte(z);
		z->stored = len;
	} else if (type == 1) {
		fixed_codes(z);
	} else if (type == 3 || !own_codes(z)) {
		fail(z, corrupt);
	}
}

static void end_block(struct inflate *z)
{
	z->state = z->error || z->last_block ? END : BLOCK;
}

static void copy_stored(struct inflate *z)
{
	u32 n = min(z->stored, WINDOW - z->wpos);

	if ((size_t)(z->end - z->p) < n) {
		fail(z, cut_short);
		return;
	}
	memcpy(z->window + z->wpos, z->p, n);
	z->p += n;
	z->wpos += n;
	z->stored -= n;
	if (!z->stored)
		end_block(z);
}

/* As far as the window goes. */
static void copy_match(struct inflate *z)
{
	u32 n = min(z->length, WINDOW - z->wpos);
	u32 from = z->wpos - z->distance;

	z->length -= n;
	while (n--)
		z->window[z->wpos++] = z->window[from++];
}

/* @code: of its length. */
static void begin_match(struct inflate *z, u32 code)
{
	u32 length;

	if (code & BAD_CODE) {
		fail(z, corrupt);
		return;
	}
	length = code_value(code) + take_bits(z, extra_bits(code));
	code = decode(z, &z->distances);
	z->distance = code_value(code) + take_bits(z, extra_bits(code));
	if ((code & BAD_CODE) || z->distance > z->wpos)
		fail(z, corrupt);
	else if (!z->error)
		z->length = length;
}

/* What decode_fast() has in registers. */
struct fast {
	const u8 *p;
	u32 bits, nbits;
};

/* At least 24 bits; FAST_INPUT bytes are there. */
static __always_inline void fast_refill(struct fast *f)
{
	const u8 *p = f->p;
	u32 word = p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;

	f->bits |= word << f->nbits;
	f->p += (31 - f->nbits) >> 3;
	f->nbits |= 24;
}

static __always_inline void fast_drop(struct fast *f, u32 n)
{
	f->bits >>= n;
	f->nbits -= n;
}

static __always_inline u32 fast_look(const struct fast *f,
				     const struct huffman *h)
{
	return h->fast[f->bits & (FAST_SIZE - 1)];
}

/* The code's value and its further bits: both taken. */
static __always_inline u32 fast_take(struct fast *f, u32 code)
{
	u32 n = extra_bits(code), v;

	fast_drop(f, code_bits(code));
	if (!n)
		return code_value(code);
	if (unlikely(n > f->nbits))
		fast_refill(f);
	v = f->bits & ((1u << n) - 1);
	fast_drop(f, n);
	return code_value(code) + v;
}

/* Copies up to three bytes too many: the window has room, or slack. */
static __always_inline void fast_copy(u8 *to, u32 distance, u32 n)
{
	const u8 *from = to - distance;
	u8 *end = to + n;

	if (likely(distance >= 4)) {
		for (; to < end; to += 4, from += 4)
			__builtin_memcpy(to, from, 4);
	} else {
		while (to < end)
			*to++ = *from++;
	}
}

/*
 * As long as there is plenty of input and of room; the careful loop does what
 * is left, and finds out what is wrong with a code that this one stops at.
 */
static void decode_fast(struct inflate *z)
{
	const struct huffman *literals = &z->literals, *h = &z->distances;
	struct fast f = { z->p, z->bits, z->nbits }, before;
	const u8 *end = z->end - FAST_INPUT;
	u8 *w = z->window + z->wpos;
	u32 code, n, distance;

	while (f.p <= end && w <= z->window + WINDOW - MAX_MATCH) {
		fast_refill(&f);
		code = fast_look(&f, literals);
		if (!code_bits(code))
			code = long_code(literals, f.bits);
		if (code & LITERAL) {
			*w++ = (u8)code_value(code);
			fast_drop(&f, code_bits(code));
			code = fast_look(&f, literals);
			if (!(code & LITERAL) || code_bits(code) > f.nbits)
				continue;
			*w++ = (u8)code_value(code);
			fast_drop(&f, code_bits(code));
			continue;
		}
		if (!code_bits(code) || (code & (END_CODE | BAD_CODE)))
			break;
		before = f;
		n = fast_take(&f, code);
		fast_refill(&f);
		code = fast_look(&f, h);
		if (!code_bits(code))
			code = long_code(h, f.bits);
		distance = fast_take(&f, code);
		if ((code & BAD_CODE) || distance - 1 >= (u32)(w - z->window)) {
			f = before;
			break;
		}
		fast_copy(w, distance, n);
		w += n;
	}
	z->p = f.p;
	z->bits = f.nbits ? f.bits & (~0u >> (32 - f.nbits)) : 0;
	z->nbits = f.nbits;
	z->wpos = (u32)(w - z->window);
}

static void decode_codes(struct inflate *z)
{
	u32 code;

	if (z->length)
		copy_match(z);
	while (z->wpos < WINDOW && z->state == CODES) {
		if (z->end - z->p >= FAST_INPUT)
			decode_fast(z);
		code = decode(z, &z->literals);
		if (code & LITERAL)
			z->window[z->wpos++] = (u8)code_value(code);
		else if (code & END_CODE)
			end_block(z);
		else
			begin_match(z, code);
		copy_match(z);
	}
}

/* ---- gzip ---- */

static void make_crc_table(struct inflate *z)
{
	u32 i, k, c;

	for (i = 0; i < 256; i++) {
		for (c = i, k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
		z->crc_table[0][i] = c;
	}
	for (k = 1; k < 4; k++) {
		for (i = 0; i < 256; i++) {
			c = z->crc_table[k - 1][i];
			z->crc_table[k][i] = c >> 8 ^ z->crc_table[0][(u8)c];
		}
	}
}

static void count_output(struct inflate *z, const u8 *p, u32 n)
{
	u32 crc = ~z->crc;

	z->total += n;
	for (; n >= 4; n -= 4, p += 4) {
		crc ^= p[0] | p[1] << 8 | p[2] << 16 | (u32)p[3] << 24;
		crc = z->crc_table[3][(u8)crc] ^
		      z->crc_table[2][(u8)(crc >> 8)] ^
		      z->crc_table[1][(u8)(crc >> 16)] ^
		      z->crc_table[0][crc >> 24];
	}
	while (n--)
		crc = crc >> 8 ^ z->crc_table[0][(u8)crc ^ *p++];
	z->crc = ~crc;
}

static void skip_string(struct inflate *z)
{
	while (z->p < z->end && *z->p)
		z->p++;
	if (z->p < z->end)
		z->p++;
	else
		fail(z, cut_short);
}

static void read_header(struct inflate *z)
{
	const u8 *h = z->p;
	size_t skip = 10;

	if (z->end - h < 12) {
		fail(z, cut_short);
		return;
	}
	if (h[0] != 0x1f || h[1] != 0x8b || h[2] != 8 || (h[3] & 0xe0)) {
		fail(z, corrupt);
		return;
	}
	if (h[3] & 4)
		skip += 2 + h[10] + h[11] * 256u;
	if ((size_t)(z->end - h) < skip) {
		fail(z, cut_short);
		return;
	}
	z->p += skip;
	if (h[3] & 8)
		skip_string(z);
	if (h[3] & 16)
		skip_string(z);
	if (h[3] & 2)
		take_bits(z, 16);
}

static void check_trailer(struct inflate *z)
{
	u32 crc, total;

	align_to_byte(z);
	crc = take_bits(z, 16);
	crc |= take_bits(z, 16) << 16;
	total = take_bits(z, 16);
	total |= take_bits(z, 16) << 16;
	if (!z->error && (crc != z->crc || total != z->total))
		fail(z, corrupt);
	align_to_byte(z);
}

/**
 * inflate_begin() - read a gzip member
 * @p: its first byte
 * @end: of the memory it lies in
 *
 * Context: may sleep. Return: what inflate_next() takes, or NULL without
 * memory. A header that is none shows in inflate_error().
 */
struct inflate *inflate_begin(const u8 *p, const u8 *end)
{
	struct inflate *z = kmalloc(sizeof(*z), GFP_KERNEL);

	if (!z)
		return NULL;
	memset(z, 0, __builtin_offsetof(struct inflate, window));
	z->p = p;
	z->end = end;
	make_crc_table(z);
	read_header(z);
	return z;
}

/**
 * inflate_next() - some more bytes
 * @z: from inflate_begin()
 * @out: is set to them; they stay until the next call
 *
 * Return: how many; 0 at the end or after an error.
 */
size_t inflate_next(struct inflate *z, const u8 **out)
{
	u32 start;

	if (z->wpos == WINDOW) {
		memcpy(z->window, z->window + WINDOW - HISTORY, HISTORY);
		z->wpos = HISTORY;
	}
	start = z->wpos;
	if (z->state == END)
		return 0;
	while (z->state != END && z->wpos < WINDOW) {
		switch (z->state) {
		case BLOCK:
			begin_block(z);
			break;
		case STORED:
			copy_stored(z);
			break;
		default:
			decode_codes(z);
			break;
		}
		count_output(z, z->window + start, z->wpos - start);
		*out = z->window + start;
		if (z->wpos != start)
			break;
	}
	if (z->state == END && !z->error)
		check_trailer(z);
	return z->wpos - start;
}

/**
 * inflate_position() - how far the input was read
 * @z: from inflate_begin()
 *
 * Return: the first byte that may still be looked at.
 */
const u8 *inflate_position(const struct inflate *z)
{
	return z->p - z->nbits / 8;
}

/**
 * inflate_error() - was the member whole?
 * @z: from inflate_begin()
 *
 * Return: what was wrong, or NULL.
 */
const char *inflate_error(const struct inflate *z)
{
	return z->error;
}

/**
 * inflate_end() - give everything back
 * @z: from inflate_begin()
 *
 * Return: the byte after what was read.
 */
const u8 *inflate_end(struct inflate *z)
{
	const u8 *p = z->p;

	kfree(z);
	return p;
}
