/* SPDX-License-Identifier: MIT */
/* Where a cache's free objects are: for the scenes and exercises of slabs. */
#ifndef COURSE_OBJECTS_H
#define COURSE_OBJECTS_H

#include "../../mm/internal.h"

enum place { IN_USE, IN_SLAB, IN_SHEAF, IN_SPARE, IN_BARN };

/* Objects in a sheaf, whose top it is; each is passed to @fn. */
unsigned int sheaf_walk(sheaf_t top, void (*fn)(void *obj, void *arg),
			void *arg);
/* A CPU's main sheaf and its spare of a cache; NULL: it has none. */
sheaf_t main_sheaf(const struct kmem_cache *s, const struct mm_cpu *cpu);
sheaf_t spare_sheaf(const struct kmem_cache *s, const struct mm_cpu *cpu);
/* Where the object in that slot is. */
enum place place_of(const struct kmem_cache *s, const struct page *slab,
		    void *slot);

#endif
