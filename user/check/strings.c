/* SPDX-License-Identifier: MIT */
/*
 * str*: what ends with a zero byte. Where a string is on the heap its end is
 * looked for in its block first; only if there is none is it a mistake.
 *
 *   | block ... a b c 0 . . |        length 3: found within the room
 *   | block ... a b c | red zone     none: a read of one byte behind it
 */
#include "real.h"

size_t string_length_most(const char *s, size_t most, const char *call)
{
	size_t room = room_at(s), n;

	if (room < most) {
		n = REAL(strnlen)(s, room);
		if (n < room)
			return n;
		look(s, room + 1, READ, call);
	}
	return REAL(strnlen)(s, most);
}

size_t string_length(const char *s, const char *call)
{
	size_t room = room_at(s), n;

	if (room != NOT_HEAP) {
		n = REAL(strnlen)(s, room);
		if (n < room)
			return n;
		look(s, room + 1, READ, call);
	}
	return REAL(strlen)(s);
}

EXPORT size_t strlen(const char *s)
{
	const volatile char *end = s;

	if (unlikely(!real.strlen)) {
		while (*end)
			end++;
		return (size_t)(end - s);
	}
	return CALLED_BY_HEAP ? real.strlen(s) : string_length(s, "strlen");
}

EXPORT size_t strnlen(const char *s, size_t most)
{
	return string_length_most(s, most, "strnlen");
}

/* ---- copies ---- */

char *string_copy(char *dst, const char *src, size_t n, const char *call)
{
	look(dst, n + 1, WRITE, call);
	REAL(memmove)(dst, src, n);
	dst[n] = 0;
	return dst + n;
}

EXPORT char *strcpy(char *dst, const char *src)
{
	string_copy(dst, src, string_length(src, "strcpy"), "strcpy");
	return dst;
}

EXPORT char *stpcpy(char *dst, const char *src)
{
	return string_copy(dst, src, string_length(src, "stpcpy"), "stpcpy");
}

/* All of @n is written: what is behind the string becomes zeroes. */
static char *copy_most(char *dst, const char *src, size_t n, const char *call)
{
	size_t length = string_length_most(src, n, call);

	look(dst, n, WRITE, call);
	REAL(memmove)(dst, src, length);
	REAL(memset)(dst + length, 0, n - length);
	return dst + length;
}

EXPORT char *strncpy(char *dst, const char *src, size_t n)
{
	copy_most(dst, src, n, "strncpy");
	return dst;
}

EXPORT char *stpncpy(char *dst, const char *src, size_t n)
{
	return copy_most(dst, src, n, "stpncpy");
}

EXPORT char *strcat(char *dst, const char *src)
{
	size_t n = string_length(src, "strcat");

	string_copy(dst + string_length(dst, "strcat"), src, n, "strcat");
	return dst;
}

EXPORT char *strncat(char *dst, const char *src, size_t most)
{
	size_t n = string_length_most(src, most, "strncat");
	size_t before = string_length(dst, "strncat");

	string_copy(dst + before, src, n, "strncat");
	return dst;
}

EXPORT char *strdup(const char *s)
{
	string_length(s, "strdup");
	return REAL(strdup)(s);
}

EXPORT char *strndup(const char *s, size_t most)
{
	string_length_most(s, most, "strndup");
	return REAL(strndup)(s, most);
}

/* ---- comparisons ---- */

/*
 * Two strings are read up to a difference or an end. @compare tells of the
 * part that lies in both blocks; only if it tells nothing is more read.
 */
static void look_at_both(const char *a, const char *b, size_t most,
			 int (*compare)(const char *a, const char *b, size_t n),
			 const char *call)
{
	size_t in_a = room_at(a), in_b = room_at(b);
	size_t room = min(in_a, in_b);

	if (room >= most || compare(a, b, room) ||
	    REAL(strnlen)(a, room) < room)
		return;
	look(in_a <= in_b ? a : b, room + 1, READ, call);
}

static int compare_early(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--)
		a++, b++;
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

EXPORT int strcmp(const char *a, const char *b)
{
	if (unlikely(!real.strcmp))
		return compare_early(a, b, SIZE_MAX);
	look_at_both(a, b, NOT_HEAP, real.strncmp, "strcmp");
	return real.strcmp(a, b);
}

EXPORT int strncmp(const char *a, const char *b, size_t n)
{
	if (unlikely(!real.strncmp))
		return compare_early(a, b, n);
	look_at_both(a, b, n, real.strncmp, "strncmp");
	return real.strncmp(a, b, n);
}

EXPORT int strcasecmp(const char *a, const char *b)
{
	look_at_both(a, b, NOT_HEAP, REAL(strncasecmp), "strcasecmp");
	return REAL(strcasecmp)(a, b);
}

EXPORT int strncasecmp(const char *a, const char *b, size_t n)
{
	look_at_both(a, b, n, REAL(strncasecmp), "strncasecmp");
	return REAL(strncasecmp)(a, b, n);
}

/* ---- searches ---- */

/* Ends where it finds something, and may do so before its string's end. */
static char *search(const char *s, int c, const char *call)
{
	size_t room = room_at(s), n;
	char *found;

	if (room != NOT_HEAP) {
		n = REAL(strnlen)(s, room);
		found = REAL(memchr)(s, c, n + (n < room));
		if (found || n < room)
			return found ? found : (char *)s + n;
		look(s, room + 1, READ, call);
	}
	return REAL(strchrnul)(s, c);
}

EXPORT char *strchr(const char *s, int c)
{
	char *found = search(s, c, "strchr");

	return *found == (char)c ? found : NULL;
}

EXPORT char *index(const char *s, int c)
{
	return strchr(s, c);
}

EXPORT char *strchrnul(const char *s, int c)
{
	return search(s, c, "strchrnul");
}

EXPORT char *strrchr(const char *s, int c)
{
	return REAL(memrchr)(s, c, string_length(s, "strrchr") + 1);
}

EXPORT char *rindex(const char *s, int c)
{
	return strrchr(s, c);
}

/*
 * How far these read, their results tell: so these are looked at afterwards,
 * and a program that searches on from each place pays for what it reads.
 */
EXPORT char *strstr(const char *s, const char *what)
{
	char *found = REAL(strstr)(s, what);

	if (!found)
		string_length(s, "strstr");
	else
		look(s, (size_t)(found - s) + 1, READ, "strstr");
	return found;
}

EXPORT size_t strspn(const char *s, const char *set)
{
	size_t n = REAL(strspn)(s, set);

	look(s, n + 1, READ, "strspn");
	return n;
}

EXPORT size_t strcspn(const char *s, const char *set)
{
	size_t n = REAL(strcspn)(s, set);

	look(s, n + 1, READ, "strcspn");
	return n;
}

EXPORT char *strpbrk(const char *s, const char *set)
{
	s += strcspn(s, set);
	return *s ? (char *)s : NULL;
}
