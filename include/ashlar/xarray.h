/* SPDX-License-Identifier: MIT */
/*
 * An array of pointers indexed by a sparse unsigned long. Names as in
 * Linux's; code and picture in mm/xarray.c (it allocates nodes from a slab
 * cache). Functions take xa_lock themselves, but those that say otherwise.
 */
#ifndef ASHLAR_XARRAY_H
#define ASHLAR_XARRAY_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>
#include <mach/spinlock.h>

#define XA_CHUNK_SIZE 64u /* slots of a node */

/* What an entry may be marked with; the marked are found without the others. */
typedef enum {
	XA_MARK_DIRTY, /* the page cache's; the array only keeps them */
	XA_MARK_WRITEBACK,
	XA_MARK_TOWRITE,
	XA_MAX_MARKS
} xa_mark_t;

struct xarray {
	spinlock_t xa_lock;
	u32 xa_marks; /* bit m: some entry has mark m */
	void *xa_head; /* the entry for index 0 alone, or a node */
};

/* An entry that is a number, below half of what a word holds. */
static inline void *xa_mk_value(unsigned long v)
{
	return (void *)(uintptr_t)(v << 1 | 1);
}

static inline bool xa_is_value(const void *entry)
{
	return (uintptr_t)entry & 1;
}

static inline unsigned long xa_to_value(const void *entry)
{
	return (uintptr_t)entry >> 1;
}

/* True if some entry has the mark. */
static inline bool xa_marked(const struct xarray *xa, xa_mark_t mark)
{
	return xa->xa_marks & 1u << mark;
}

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
/* @entry in place of @old, if that is there; what was. Allocates nothing. */
void *__xa_cmpxchg(struct xarray *xa, unsigned long index, void *old,
		   void *entry);
/* Marks belong to entries: where there is none, there is no mark. */
void __xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark);
void __xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark);
bool __xa_get_mark(const struct xarray *xa, unsigned long index,
		   xa_mark_t mark);
void *__xa_find_marked(const struct xarray *xa, unsigned long *index,
		       unsigned long max, xa_mark_t mark);

#define xa_for_each_range(xa, i, entry, first, last)            \
	for (i = (first), entry = xa_find(xa, &i, last); entry; \
	     entry = (i++ == (last)) ? NULL : xa_find(xa, &i, last))

#endif
