/* SPDX-License-Identifier: MIT */
/* What watched.c has for malloc.c: blocks that are watched. */
#ifndef ASHLAR_USER_WATCHED_H
#define ASHLAR_USER_WATCHED_H

#include "mm/slab_record.h"

bool watched_fits(size_t size, size_t align);
void *watched_alloc(size_t size, size_t align, enum alloc_kind kind);
void watched_free(void *p, size_t size, size_t align, enum alloc_kind kind);

#endif
