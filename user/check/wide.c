/* SPDX-License-Identifier: MIT */
/*
 * wcs* and wmem*: as memory.c and strings.c, of wchar_t. Rooms are of bytes,
 * and a block may end in the middle of a character.
 */
#include "real.h"

#define BYTES(n) ((n) * sizeof(wchar_t))
#define MOST (SIZE_MAX / sizeof(wchar_t))

size_t wide_length_most(const wchar_t *s, size_t most, const char *call)
{
	size_t room = room_at(s) / sizeof(wchar_t), n;

	if (room < most && room < MOST) {
		n = REAL(wcsnlen)(s, room);
		if (n < room)
			return n;
		look(s, BYTES(room + 1), READ, call);
	}
	return most < MOST ? REAL(wcsnlen)(s, most) : REAL(wcslen)(s);
}

size_t wide_length(const wchar_t *s, const char *call)
{
	return wide_length_most(s, MOST, call);
}

EXPORT size_t wcslen(const wchar_t *s)
{
	return wide_length(s, "wcslen");
}

EXPORT size_t wcsnlen(const wchar_t *s, size_t most)
{
	return wide_length_most(s, most, "wcsnlen");
}

/* ---- copies ---- */

static wchar_t *copy(wchar_t *dst, const wchar_t *src, size_t n,
		     const char *call)
{
	look(dst, BYTES(n + 1), WRITE, call);
	REAL(wmemmove)(dst, src, n);
	dst[n] = 0;
	return dst + n;
}

EXPORT wchar_t *wcscpy(wchar_t *dst, const wchar_t *src)
{
	copy(dst, src, wide_length(src, "wcscpy"), "wcscpy");
	return dst;
}

EXPORT wchar_t *wcpcpy(wchar_t *dst, const wchar_t *src)
{
	return copy(dst, src, wide_length(src, "wcpcpy"), "wcpcpy");
}

static wchar_t *copy_most(wchar_t *dst, const wchar_t *src, size_t n,
			  const char *call)
{
	size_t length = wide_length_most(src, n, call);

	look(dst, BYTES(n), WRITE, call);
	REAL(wmemmove)(dst, src, length);
	REAL(wmemset)(dst + length, 0, n - length);
	return dst + length;
}

EXPORT wchar_t *wcsncpy(wchar_t *dst, const wchar_t *src, size_t n)
{
	copy_most(dst, src, n, "wcsncpy");
	return dst;
}

EXPORT wchar_t *wcpncpy(wchar_t *dst, const wchar_t *src, size_t n)
{
	return copy_most(dst, src, n, "wcpncpy");
}

EXPORT wchar_t *wcscat(wchar_t *dst, const wchar_t *src)
{
	size_t n = wide_length(src, "wcscat");

	copy(dst + wide_length(dst, "wcscat"), src, n, "wcscat");
	return dst;
}

EXPORT wchar_t *wcsncat(wchar_t *dst, const wchar_t *src, size_t most)
{
	size_t n = wide_length_most(src, most, "wcsncat");

	copy(dst + wide_length(dst, "wcsncat"), src, n, "wcsncat");
	return dst;
}

EXPORT wchar_t *wcsdup(const wchar_t *s)
{
	wide_length(s, "wcsdup");
	return REAL(wcsdup)(s);
}

EXPORT wchar_t *wmemcpy(wchar_t *dst, const wchar_t *src, size_t n)
{
	look(src, BYTES(n), READ, "wmemcpy");
	look(dst, BYTES(n), WRITE, "wmemcpy");
	return REAL(wmemcpy)(dst, src, n);
}

EXPORT wchar_t *wmempcpy(wchar_t *dst, const wchar_t *src, size_t n)
{
	look(src, BYTES(n), READ, "wmempcpy");
	look(dst, BYTES(n), WRITE, "wmempcpy");
	return REAL(wmemcpy)(dst, src, n) + n;
}

EXPORT wchar_t *wmemmove(wchar_t *dst, const wchar_t *src, size_t n)
{
	look(src, BYTES(n), READ, "wmemmove");
	look(dst, BYTES(n), WRITE, "wmemmove");
	return REAL(wmemmove)(dst, src, n);
}

EXPORT wchar_t *wmemset(wchar_t *dst, wchar_t c, size_t n)
{
	look(dst, BYTES(n), WRITE, "wmemset");
	return REAL(wmemset)(dst, c, n);
}

/* ---- looks ---- */

EXPORT int wmemcmp(const wchar_t *a, const wchar_t *b, size_t n)
{
	look(a, BYTES(n), READ, "wmemcmp");
	look(b, BYTES(n), READ, "wmemcmp");
	return REAL(wmemcmp)(a, b, n);
}

EXPORT wchar_t *wmemchr(const wchar_t *p, wchar_t c, size_t n)
{
	size_t room = room_at(p) / sizeof(wchar_t);
	wchar_t *found;

	if (room < n && room < MOST) {
		found = REAL(wmemchr)(p, c, room);
		if (found)
			return found;
		look(p, BYTES(room + 1), READ, "wmemchr");
	}
	return REAL(wmemchr)(p, c, n);
}

/* As look_at_both() of strings.c. */
static void look_at_both(const wchar_t *a, const wchar_t *b, size_t most,
			 const char *call)
{
	size_t in_a = room_at(a) / sizeof(*a), in_b = room_at(b) / sizeof(*b);
	size_t room = min(in_a, in_b);

	if (room >= most || room == MOST || REAL(wcsncmp)(a, b, room) ||
	    REAL(wcsnlen)(a, room) < room)
		return;
	look(in_a <= in_b ? a : b, BYTES(room + 1), READ, call);
}

EXPORT int wcscmp(const wchar_t *a, const wchar_t *b)
{
	look_at_both(a, b, MOST, "wcscmp");
	return REAL(wcscmp)(a, b);
}

EXPORT int wcsncmp(const wchar_t *a, const wchar_t *b, size_t n)
{
	look_at_both(a, b, n, "wcsncmp");
	return REAL(wcsncmp)(a, b, n);
}

EXPORT wchar_t *wcschr(const wchar_t *s, wchar_t c)
{
	return REAL(wmemchr)(s, c, wide_length(s, "wcschr") + 1);
}

EXPORT wchar_t *wcsrchr(const wchar_t *s, wchar_t c)
{
	size_t n = wide_length(s, "wcsrchr") + 1;

	while (n--)
		if (s[n] == c)
			return (wchar_t *)s + n;
	return NULL;
}
