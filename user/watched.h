/* SPDX-License-Identifier: MIT */
/* What watched.c has for malloc.c: blocks that are watched. */
#ifndef ASHLAR_USER_WATCHED_H
#define ASHLAR_USER_WATCHED_H

#include <stdbool.h>
#include <stddef.h>
#include "mm/slab_record.h"

struct kmem_cache;

extern bool nothing_checked __hidden;

void watched_begins(void);
bool watched_fits(size_t size, size_t align);
void *alloc_optional(size_t size, enum alloc_kind kind);
void *watched_object(struct kmem_cache *s, size_t size, enum alloc_kind kind);
void *watched_alloc(size_t size, size_t align, enum alloc_kind kind);
void watched_release(struct kmem_cache *s, void *p);
void watched_free(void *p, size_t size, size_t align, enum alloc_kind kind);

/* check.c; what is public is for libashlar-check.so, which finds it by name */
size_t ashlar_check_room(const void *p);
struct check_calls;
void ashlar_check_calls(struct check_calls *to);
bool ashlar_check_range(const void *p, size_t bytes, bool is_write,
			const char *call);
unsigned long ashlar_look(void);
void watched_look_again(void);
void watched_look_at_end(void);

#endif
