/* SPDX-License-Identifier: MIT */
/*
 * An array of pointers indexed by a sparse unsigned long. Names as in
 * Linux's; code and picture in mm/xarray.c (it allocates nodes from a slab
 * cache). Functions take xa_lock themselves, but those that say otherwise.
 */
#ifndef ASHLAR_XARRAY_H
#define ASHLAR_XARRAY_H

#include <ashlar/types.h>
#include <mach/spinlock.h>

#define XA_CHUNK_SIZE 64u /* slots of a node */

struct xarray {
	spinlock_t xa_lock;
	void *xa_head; /* the entry for index 0 alone, or a node */
};

void xarray_init(void); /* once, at boot */
void xa_init(struct xarray *xa);
void *xa_load(struct xarray *xa, unsigned long index);
/* Returns 0 and stores, or -ENOMEM. @entry NULL erases. */
int xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
/* The same, but -EBUSY where there is an entry. */
int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
void *xa_erase(struct xarray *xa, unsigned long index);
/* First entry at or after *@index, up to @max; *@index is set to its place. */
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max);
void xa_destroy(struct xarray *xa); /* the nodes; entries are the caller's */

/* ---- for several steps that belong together: with xa_lock ---- */

static inline void xa_lock(struct xarray *xa)
{
	spin_lock(&xa->xa_lock);
}

static inline void xa_unlock(struct xarray *xa)
{
	spin_unlock(&xa->xa_lock);
}

void *__xa_load(const struct xarray *xa, unsigned long index);
/* Lets the lock go where it must wait for memory, and takes it again. */
int __xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp);
void *__xa_erase(struct xarray *xa, unsigned long index);
void *__xa_find(const struct xarray *xa, unsigned long *index,
		unsigned long max);
/* The slots from @index to the end of its node, *@nr of them; or NULL. */
void **xa_slots(struct xarray *xa, unsigned long index, unsigned int *nr);
void xa_clear_slots(struct xarray *xa, unsigned long index, unsigned int nr);

#define xa_for_each_range(xa, i, entry, first, last)            \
	for (i = (first), entry = xa_find(xa, &i, last); entry; \
	     entry = (i++ == (last)) ? NULL : xa_find(xa, &i, last))

#endif
