/* SPDX-License-Identifier: MIT */
/*
 * What is made of other functions of the family.
 *
 *   reallocarray ──► realloc     free_sized, free_aligned_sized, cfree ──► free
 *
 * A program may bring malloc, calloc, realloc and free of its own, and no
 * more. What is in here then ends in those (names.h), and is a file of its
 * own, so that in a static link this one does not bring our malloc along.
 */
#include <errno.h>
#include <stddef.h>
#include "names.h"
#include "user.h"

/* Not from <stdlib.h>, which does not have all of them. */
void *reallocarray(void *p, size_t n, size_t size);
void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t align, size_t size);
void cfree(void *p);

/** reallocarray() - realloc() to @n elements of @size bytes, overflow-safe. */
EXPORT void *reallocarray(void *p, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return ashlar_family_names()->resize(p, bytes);
}

ALSO_AS(__libc_reallocarray, reallocarray);

/** free_sized() - free() with the size that was asked for (C23). */
EXPORT void free_sized(void *p, size_t size)
{
	void (*release)(void *p) = ashlar_family_names()->release;

	if (release == ashlar_own_free)
		ashlar_free(p, size, 1);
	else
		release(p);
}

/** free_aligned_sized() - free() of aligned_alloc() memory (C23). */
EXPORT void free_aligned_sized(void *p, size_t align, size_t size)
{
	void (*release)(void *p) = ashlar_family_names()->release;

	if (release == ashlar_own_free)
		ashlar_free(p, size, align);
	else
		release(p);
}

/** cfree() - free(), under an old name. */
EXPORT void cfree(void *p)
{
	ashlar_family_names()->release(p);
}
