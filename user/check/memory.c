/* SPDX-License-Identifier: MIT */
/*
 * mem*: blocks of bytes whose size is said. Those that search may stop early,
 * so they are looked at as far as they come.
 */
#include "real.h"

/*
 * ---- before the constructor has run ----
 *
 * (volatile: else the compiler sees what these loops do, and calls a function
 * for it: the one that they stand in for.)
 */

static void *move_early(void *dst, const void *src, size_t n)
{
	const volatile char *s = src;
	volatile char *d = dst;

	if (d < s)
		while (n--)
			*d++ = *s++;
	else
		while (n--)
			d[n] = s[n];
	return dst;
}

static void *set_early(void *dst, int c, size_t n)
{
	volatile char *d = dst;

	while (n--)
		*d++ = (char)c;
	return dst;
}

static int compare_early(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

/* ---- copies ---- */

EXPORT void *memcpy(void *dst, const void *src, size_t n)
{
	if (unlikely(!real.memcpy))
		return move_early(dst, src, n);
	if (!CALLED_BY_HEAP) {
		look(src, n, READ, "memcpy");
		look(dst, n, WRITE, "memcpy");
	}
	return real.memcpy(dst, src, n);
}

EXPORT void *memmove(void *dst, const void *src, size_t n)
{
	if (unlikely(!real.memmove))
		return move_early(dst, src, n);
	if (!CALLED_BY_HEAP) {
		look(src, n, READ, "memmove");
		look(dst, n, WRITE, "memmove");
	}
	return real.memmove(dst, src, n);
}

EXPORT void *mempcpy(void *dst, const void *src, size_t n)
{
	if (unlikely(!real.mempcpy))
		return (char *)move_early(dst, src, n) + n;
	look(src, n, READ, "mempcpy");
	look(dst, n, WRITE, "mempcpy");
	return real.mempcpy(dst, src, n);
}

EXPORT void bcopy(const void *src, void *dst, size_t n)
{
	memmove(dst, src, n);
}

EXPORT void *memccpy(void *dst, const void *src, int c, size_t n)
{
	size_t room = room_at(src);
	const char *end;

	if (room != NOT_HEAP || room_at(dst) != NOT_HEAP) {
		end = REAL(memchr)(src, c, min(n, room));
		n = end ? (size_t)(end - (const char *)src) + 1 : n;
		look(src, n, READ, "memccpy");
		look(dst, n, WRITE, "memccpy");
	}
	return REAL(memccpy)(dst, src, c, n);
}

/* ---- values ---- */

EXPORT void *memset(void *dst, int c, size_t n)
{
	if (unlikely(!real.memset))
		return set_early(dst, c, n);
	if (!CALLED_BY_HEAP)
		look(dst, n, WRITE, "memset");
	return real.memset(dst, c, n);
}

EXPORT void bzero(void *dst, size_t n)
{
	memset(dst, 0, n);
}

EXPORT void explicit_bzero(void *dst, size_t n)
{
	look(dst, n, WRITE, "explicit_bzero");
	REAL(explicit_bzero)(dst, n);
}

/* ---- looks ---- */

/*
 * C lets memcmp() read all of both; that some end at the first difference is
 * no promise.
 */
EXPORT int memcmp(const void *a, const void *b, size_t n)
{
	if (unlikely(!real.memcmp))
		return compare_early(a, b, n);
	if (!CALLED_BY_HEAP) {
		look(a, n, READ, "memcmp");
		look(b, n, READ, "memcmp");
	}
	return real.memcmp(a, b, n);
}

EXPORT int bcmp(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n);
}

EXPORT void *memchr(const void *p, int c, size_t n)
{
	size_t room = room_at(p);
	void *found;

	if (room < n) {
		found = REAL(memchr)(p, c, room);
		if (found)
			return found;
		look(p, room + 1, READ, "memchr");
	}
	return REAL(memchr)(p, c, n);
}

EXPORT void *rawmemchr(const void *p, int c)
{
	return memchr(p, c, SIZE_MAX - (uintptr_t)p);
}

EXPORT void *memrchr(const void *p, int c, size_t n)
{
	look(p, n, READ, "memrchr");
	return REAL(memrchr)(p, c, n);
}

EXPORT void *memmem(const void *p, size_t n, const void *what, size_t m)
{
	look(p, n, READ, "memmem");
	look(what, m, READ, "memmem");
	return REAL(memmem)(p, n, what, m);
}
