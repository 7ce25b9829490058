/* SPDX-License-Identifier: MIT */
/* What uncached.c has for malloc.c. */
#ifndef ASHLAR_USER_UNCACHED_H
#define ASHLAR_USER_UNCACHED_H

#include <stdbool.h>
#include <stddef.h>
#include "mm/slab_record.h"

void *alloc_uncached(size_t size, size_t align, bool zero,
		     enum alloc_kind kind);
void *alloc_uncached_kept(size_t size, size_t align, bool zero,
			  enum alloc_kind kind);

#endif
