/* SPDX-License-Identifier: MIT */
/* What tests use of a host's <string.h>, where there is no host. */
#ifndef ASHLAR_TESTS_I386_STRING_H
#define ASHLAR_TESTS_I386_STRING_H

#include <ashlar/string.h>

#define strcmp ashlar_strcmp
#define strncmp ashlar_strncmp

static inline char *strchr(const char *s, int c)
{
	while (*s && *s != (char)c)
		s++;
	return *s == (char)c ? (char *)s : NULL;
}

static inline void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	return NULL;
}

static inline char *strcat(char *to, const char *from)
{
	memcpy(to + strlen(to), from, strlen(from) + 1);
	return to;
}

static inline char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	while (*s && strncmp(s, what, n))
		s++;
	return n == 0 || *s ? (char *)s : NULL;
}

#endif
