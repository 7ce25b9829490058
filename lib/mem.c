/* SPDX-License-Identifier: MIT */
/*
 * Memory functions for a machine without a C library, beside memcpy and
 * memset, which are worth the processor's own language (port/i386/copy.S).
 */
#include <ashlar/string.h>

/**
 * memmove() - copy bytes between ranges that may overlap
 * @dst: where to
 * @src: where from
 * @n: bytes
 *
 * Return: @dst.
 */
void *memmove(void *dst, const void *src, size_t n)
{
	char *d = dst;
	const char *s = src;

	if ((uintptr_t)d - (uintptr_t)s >= n)
		return memcpy(dst, src, n);
	while (n >= sizeof(long)) {
		n -= sizeof(long);
		__builtin_memcpy(d + n, s + n, sizeof(long));
	}
	while (n--)
		d[n] = s[n];
	return dst;
}

/**
 * memcmp() - which of two ranges comes first
 * @a: one
 * @b: the other
 * @n: bytes
 *
 * Return: less than, equal to or greater than 0 as the first byte that
 * differs says.
 */
int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *p = a, *q = b;

	for (; n >= sizeof(long); n -= sizeof(long)) {
		long x, y;

		__builtin_memcpy(&x, p, sizeof(x));
		__builtin_memcpy(&y, q, sizeof(y));
		if (x != y)
			break;
		p += sizeof(long);
		q += sizeof(long);
	}
	for (; n; n--, p++, q++)
		if (*p != *q)
			return *p - *q;
	return 0;
}

/** strlen() - bytes of @s before its end */
size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}
