/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings. The compiler may call the mem* four on its own, so a
 * port without a C library supplies them under these names.
 */
#ifndef ASHLAR_STRING_H
#define ASHLAR_STRING_H

#include <ashlar/types.h>

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

/* Names of our own, defined in lib/string.c. */
int ashlar_strcmp(const char *a, const char *b);
int ashlar_strncmp(const char *a, const char *b, size_t n);
size_t ashlar_strscpy(char *dst, const char *src, size_t size);

#endif
