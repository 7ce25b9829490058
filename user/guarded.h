/* SPDX-License-Identifier: MIT */
/* Blocks that lie neither in frames nor in a mapping of their own. */
#ifndef ASHLAR_USER_GUARDED_H
#define ASHLAR_USER_GUARDED_H

#include <stdbool.h>
#include <stddef.h>
#include <ashlar/kfence.h>
#include "mm/slab_record.h"

/* guarded.c: beside pages without access; the first two while sheaves_turn */
void *unguarded_alloc(size_t size);
void unguarded_note(const struct kmem_cache *s);
void *guarded_alloc(size_t size, size_t align, enum alloc_kind kind);
void *guarded_large(size_t size, size_t align, enum alloc_kind kind);
bool guarded_free(void *p, size_t size, enum alloc_kind kind);
bool guarded_holds(const void *p, size_t *size);

/* zero.c: of no bytes */
void *zero_alloc(void);
bool zero_free(void *p);
bool zero_holds(const void *p);

#endif
