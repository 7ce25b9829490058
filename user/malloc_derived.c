/* SPDX-License-Identifier: MIT */
/*
 * What is made of other functions of the family.
 *
 *   reallocarray ──► realloc     free_sized, free_aligned_sized, cfree ──► free
 *
 * A program may bring malloc, calloc, realloc and free of its own, and no
 * more. What is in here then ends in those: each is called by its public
 * name, and from a file of its own, so that in a static link this one does
 * not bring our malloc along.
 */
#include <errno.h>
#include <stdlib.h>
#include "user.h"

/* C23 and old names that <stdlib.h> does not declare yet, or any more. */
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
	return realloc(p, bytes);
}

ALSO_AS(__libc_reallocarray, reallocarray);

/** free_sized() - free() with the size that was asked for (C23). */
EXPORT void free_sized(void *p, size_t size)
{
	if (free == ashlar_own_free)
		ashlar_free(p, size, 1);
	else
		free(p);
}

/** free_aligned_sized() - free() of aligned_alloc() memory (C23). */
EXPORT void free_aligned_sized(void *p, size_t align, size_t size)
{
	if (free == ashlar_own_free)
		ashlar_free(p, size, align);
	else
		free(p);
}

/** cfree() - free(), under an old name. */
EXPORT void cfree(void *p)
{
	free(p);
}
