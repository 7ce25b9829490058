/* SPDX-License-Identifier: MIT */
/*
 * What the core asks of an array (<ashlar/xarray.h>) beyond Linux's names.
 * All but xarray_init() want xa_lock held.
 */
#ifndef ASHLAR_XA_SLOTS_H
#define ASHLAR_XA_SLOTS_H

#include <ashlar/xarray.h>

/* Which of a file's pages: the page cache's marks. */
#define XA_MARK_DIRTY XA_MARK_0
#define XA_MARK_WRITEBACK XA_MARK_1
#define XA_MARK_TOWRITE XA_MARK_2

void xarray_init(void); /* at boot: nothing else makes the cache of nodes */
void *__xa_load(const struct xarray *xa, unsigned long index);
/* First entry at or after *@index, up to @max; *@index is set to its place. */
void *__xa_find(const struct xarray *xa, unsigned long *index,
		unsigned long max);
void *__xa_find_marked(const struct xarray *xa, unsigned long *index,
		       unsigned long max, xa_mark_t mark);
/* Marks belong to entries: where there is none, there is no mark. */
bool __xa_get_mark(const struct xarray *xa, unsigned long index,
		   xa_mark_t mark);
/* The slots from @index to the end of its node, *@nr of them; or NULL. */
void **xa_slots(struct xarray *xa, unsigned long index, unsigned int *nr);
void xa_clear_slots(struct xarray *xa, unsigned long index, unsigned int nr);
/* @entry, without marks, in place of @old, if that is there; what was. */
void *__xa_replace(struct xarray *xa, unsigned long index, void *old,
		   void *entry);

#endif
