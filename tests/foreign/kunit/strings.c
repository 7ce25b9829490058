/* SPDX-License-Identifier: MIT */
/*
 * Memory, strings and bits for Linux's tests. A range is looked at as a whole,
 * and left alone if it is wrong; what is done byte by byte the compiler has
 * looked at (-fsanitize=kernel-address), as it does in Linux.
 */
#include <linux_shim.h>

#include <kernel/debug/kasan.h>

#undef memset
#undef memmove

void *memset(void *dst, int c, size_t n);
void *memmove(void *dst, const void *src, size_t n);

#define CALLER ((unsigned long)__builtin_return_address(0))

void *shim_memset(void *p, int c, size_t n)
{
	return kasan_check(p, n, true, CALLER) ? memset(p, c, n) : NULL;
}

void *shim_memmove(void *to, const void *from, size_t n)
{
	if (!kasan_check(from, n, false, CALLER) ||
	    !kasan_check(to, n, true, CALLER))
		return NULL;
	return memmove(to, from, n);
}

void *shim_memchr(const void *p, int c, size_t n)
{
	const char *s = p;

	for (; n; n--, s++)
		if (*s == (char)c)
			return (void *)(unsigned long)s;
	return NULL;
}

int shim_memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

char *shim_strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)(unsigned long)s;
}

char *shim_strrchr(const char *s, int c)
{
	const char *found = NULL;

	do
		if (*s == (char)c)
			found = s;
	while (*s++);
	return (char *)(unsigned long)found;
}

int shim_strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++)
		b++;
	return (u8)*a - (u8)*b;
}

int shim_strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--, a++)
		b++;
	return n ? (u8)*a - (u8)*b : 0;
}

size_t shim_strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t shim_strnlen(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i])
		i++;
	return i;
}

bool shim_bit(int nr, void *addr, enum bit_operation op)
{
	unsigned long *word = (unsigned long *)addr + nr / BITS_PER_LONG;
	unsigned long mask = 1ul << nr % BITS_PER_LONG;
	bool was = *word & mask;

	if (op == BIT_SET)
		*word |= mask;
	else if (op == BIT_CLEAR)
		*word &= ~mask;
	else if (op == BIT_CHANGE)
		*word ^= mask;
	return was;
}

/* As Linux's: first zeroes, then kfree(). */
void kfree_sensitive(const void *p)
{
	memset((void *)(unsigned long)p, 0, ksize(p));
	kfree(p);
}
