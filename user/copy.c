/* SPDX-License-Identifier: MIT */
/*
 * What this library does not have the dynamic linker look for at each start: a
 * name takes it as long as a dozen calls of malloc. The C library's memcpy() is
 * its memmove() under a second name, and strings here are short.
 */
#include <string.h>

/* Not known to the compiler by its name, or it would call memcpy() for it. */
extern void *moved(void *to, const void *from, size_t n) __asm__("memmove");

void *memcpy(void *to, const void *from, size_t n)
{
	return moved(to, from, n);
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p) {
		p++;
		/* Or the compiler would see that this is strlen(). */
		__asm__("" : "+r"(p));
	}
	return (size_t)(p - s);
}
