/* SPDX-License-Identifier: MIT */
/*
 * The string functions that a compiler does not supply by itself, under
 * names that collide with no C library's.
 */
#include <ashlar/string.h>

/**
 * ashlar_strcmp() - compare two strings
 * @a: a string
 * @b: a string
 *
 * Context: any.
 * Return: below, at or above zero as @a sorts before, at or after @b, byte
 * by byte without sign.
 */
int ashlar_strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return (u8)*a - (u8)*b;
}

/**
 * ashlar_strncmp() - compare the first bytes of two strings
 * @a: a string
 * @b: a string
 * @n: bytes to look at, at most
 *
 * Context: any.
 * Return: as ashlar_strcmp(); zero if the first @n bytes agree.
 */
int ashlar_strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--, a++)
		b++;
	return n ? (u8)*a - (u8)*b : 0;
}

/**
 * ashlar_strscpy() - copy what fits of a string
 * @dst: where to
 * @src: a string
 * @size: bytes of @dst
 *
 * @dst always ends in a NUL, unless it has no bytes at all.
 *
 * Context: any.
 * Return: strlen(@src); the copy is cut short if that is not below @size.
 */
size_t ashlar_strscpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);
	size_t n = len;

	if (size == 0)
		return len;
	if (n >= size)
		n = size - 1;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return len;
}
