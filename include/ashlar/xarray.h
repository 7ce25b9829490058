/* SPDX-License-Identifier: MIT */
/*
 * An array of pointers indexed by a sparse unsigned long. Names as in
 * Linux's; code and picture in mm/xarray.c. Functions take xa_lock themselves,
 * but those whose names begin with two underscores: they want it held, and let
 * it go where they must wait for memory.
 */
#ifndef ASHLAR_XARRAY_H
#define ASHLAR_XARRAY_H

#include <ashlar/api.h>
#include <ashlar/gfp.h>
#include <mach/spinlock.h>

#define XA_CHUNK_SIZE 64u /* slots of a node */

/* What an entry may be marked with; the marked are found without the others. */
typedef unsigned int xa_mark_t;
#define XA_MARK_0 0u
#define XA_MARK_1 1u
#define XA_MARK_2 2u
#define XA_MAX_MARKS 3u
#define XA_PRESENT 8u /* no mark: every entry is meant */

/* xa_flags: bit m: some entry has mark m; and how the array was made: */
#define XA_FLAGS_ALLOC 0x08u /* for xa_alloc(); it has no XA_MARK_0 */
#define XA_FLAGS_ALLOC1 0x18u /* the same, but index 0 is never given */
#define XA_FLAGS_ALLOC_WRAPPED 0x20u /* xa_alloc_cyclic() came to its end */

struct xarray {
	spinlock_t xa_lock;
	unsigned int xa_flags;
	void *xa_head; /* the entry for index 0 alone, or a node */
};

#define XARRAY_INIT(name, flags)             \
	{                                    \
		SPIN_LOCK_UNLOCKED, flags, 0 \
	}
#define DEFINE_XARRAY_FLAGS(name, flags) \
	struct xarray name = XARRAY_INIT(name, flags)
#define DEFINE_XARRAY(name) DEFINE_XARRAY_FLAGS(name, 0)
#define DEFINE_XARRAY_ALLOC(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC)
#define DEFINE_XARRAY_ALLOC1(name) DEFINE_XARRAY_FLAGS(name, XA_FLAGS_ALLOC1)

/* Which indices xa_alloc() may give, both ends included. */
struct xa_limit {
	unsigned int max, min;
};

#ifdef __cplusplus
#define XA_LIMIT(least, most)   \
	xa_limit                \
	{                       \
		(most), (least) \
	}
#else
#define XA_LIMIT(least, most)   \
	(struct xa_limit)       \
	{                       \
		(most), (least) \
	}
#endif
#define xa_limit_32b XA_LIMIT(0, ~0u)
#define xa_limit_31b XA_LIMIT(0, ~0u >> 1)
#define xa_limit_16b XA_LIMIT(0, 0xffffu)

/* ---- entries: pointers, whose two low bits are 0, and numbers ---- */

/* An entry that is a number, below half of what a word holds. */
static inline void *xa_mk_value(unsigned long v)
{
	return (void *)(v << 1 | 1);
}

static inline bool xa_is_value(const void *entry)
{
	return (unsigned long)entry & 1;
}

static inline unsigned long xa_to_value(const void *entry)
{
	return (unsigned long)entry >> 1;
}

/* What is returned instead of an entry: a negative errno, above all nodes. */
static inline void *xa_mk_err(long err)
{
	return (void *)((unsigned long)err << 2 | 2);
}

static inline bool xa_is_err(const void *entry)
{
	return ((unsigned long)entry & 3) == 2 &&
	       (unsigned long)entry >= (unsigned long)xa_mk_err(-4095);
}

/* The negative errno that @entry is, or 0. */
static inline int xa_err(void *entry)
{
	return xa_is_err(entry) ? (int)((long)entry >> 2) : 0;
}

/* ---- arrays ---- */

static inline void xa_init_flags(struct xarray *xa, unsigned int flags)
{
	spin_lock_init(&xa->xa_lock);
	xa->xa_flags = flags;
	xa->xa_head = 0;
}

static inline void xa_init(struct xarray *xa)
{
	xa_init_flags(xa, 0);
}

static inline bool xa_empty(const struct xarray *xa)
{
	return !xa->xa_head;
}

/* True if some entry has the mark. */
static inline bool xa_marked(const struct xarray *xa, xa_mark_t mark)
{
	return xa->xa_flags & 1u << mark;
}

static inline void xa_lock(struct xarray *xa)
{
	spin_lock(&xa->xa_lock);
}

static inline void xa_unlock(struct xarray *xa)
{
	spin_unlock(&xa->xa_lock);
}

#ifdef __cplusplus
extern "C" {
#endif

void *xa_load(struct xarray *xa, unsigned long index) ASHLAR_API(xa_load);
void *xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
	ASHLAR_API(xa_store);
void *__xa_store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
	ASHLAR_API(__xa_store);
int xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
	ASHLAR_API(xa_insert);
int __xa_insert(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
	ASHLAR_API(__xa_insert);
void *xa_erase(struct xarray *xa, unsigned long index) ASHLAR_API(xa_erase);
void *__xa_erase(struct xarray *xa, unsigned long index) ASHLAR_API(__xa_erase);
void *xa_cmpxchg(struct xarray *xa, unsigned long index, void *old, void *entry,
		 gfp_t gfp) ASHLAR_API(xa_cmpxchg);
void *__xa_cmpxchg(struct xarray *xa, unsigned long index, void *old,
		   void *entry, gfp_t gfp) ASHLAR_API(__xa_cmpxchg);
void xa_destroy(struct xarray *xa) ASHLAR_API(xa_destroy);

void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max,
	      xa_mark_t filter) ASHLAR_API(xa_find);
void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max,
		    xa_mark_t filter) ASHLAR_API(xa_find_after);
unsigned int xa_extract(struct xarray *xa, void **dst, unsigned long start,
			unsigned long max, unsigned int n, xa_mark_t filter)
	ASHLAR_API(xa_extract);

bool xa_get_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
	ASHLAR_API(xa_get_mark);
void xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
	ASHLAR_API(xa_set_mark);
void __xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
	ASHLAR_API(__xa_set_mark);
void xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
	ASHLAR_API(xa_clear_mark);
void __xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
	ASHLAR_API(__xa_clear_mark);

int xa_alloc(struct xarray *xa, unsigned int *id, void *entry,
	     struct xa_limit limit, gfp_t gfp) ASHLAR_API(xa_alloc);
int __xa_alloc(struct xarray *xa, unsigned int *id, void *entry,
	       struct xa_limit limit, gfp_t gfp) ASHLAR_API(__xa_alloc);
int xa_alloc_cyclic(struct xarray *xa, unsigned int *id, void *entry,
		    struct xa_limit limit, unsigned int *next, gfp_t gfp)
	ASHLAR_API(xa_alloc_cyclic);
int __xa_alloc_cyclic(struct xarray *xa, unsigned int *id, void *entry,
		      struct xa_limit limit, unsigned int *next, gfp_t gfp)
	ASHLAR_API(__xa_alloc_cyclic);

/*
 * ---- a place in an array, for several steps under one lock ----
 *
 *	XA_STATE(xas, &array, index);
 *
 *	do {
 *		xas_lock(&xas);
 *		xas_store(&xas, entry);
 *		xas_unlock(&xas);
 *	} while (xas_nomem(&xas, GFP_KERNEL));
 */
struct xa_state {
	struct xarray *xa;
	unsigned long xa_index;
	int xa_err; /* 0, or what a step failed with */
	bool xa_found; /* xas_find() goes on behind xa_index */
	unsigned int xa_nr_spares; /* as many nodes as were wanted last */
	void *xa_spare; /* nodes for the next try */
};

#define XA_STATE(name, array, index) \
	struct xa_state name = { array, index, 0, false, 0, 0 }

void *xas_load(struct xa_state *xas) ASHLAR_API(xas_load);
void *xas_store(struct xa_state *xas, void *entry) ASHLAR_API(xas_store);
bool xas_nomem(struct xa_state *xas, gfp_t gfp) ASHLAR_API(xas_nomem);
void *xas_find(struct xa_state *xas, unsigned long max) ASHLAR_API(xas_find);
void *xas_find_marked(struct xa_state *xas, unsigned long max, xa_mark_t mark)
	ASHLAR_API(xas_find_marked);
bool xas_get_mark(const struct xa_state *xas, xa_mark_t mark)
	ASHLAR_API(xas_get_mark);

#ifdef __cplusplus
}
#endif

static inline void xas_lock(struct xa_state *xas)
{
	xa_lock(xas->xa);
}

static inline void xas_unlock(struct xa_state *xas)
{
	xa_unlock(xas->xa);
}

static inline int xas_error(const struct xa_state *xas)
{
	return xas->xa_err;
}

/* Another place; what failed before is forgotten. */
static inline void xas_set(struct xa_state *xas, unsigned long index)
{
	xas->xa_index = index;
	xas->xa_err = 0;
	xas->xa_found = false;
}

static inline void xas_reset(struct xa_state *xas)
{
	xas_set(xas, xas->xa_index);
}

static inline void xas_set_mark(struct xa_state *xas, xa_mark_t mark)
{
	__xa_set_mark(xas->xa, xas->xa_index, mark);
}

static inline void xas_clear_mark(struct xa_state *xas, xa_mark_t mark)
{
	__xa_clear_mark(xas->xa, xas->xa_index, mark);
}

#define xas_for_each(xas, entry, max) \
	for (entry = xas_find(xas, max); entry; entry = xas_find(xas, max))
#define xas_for_each_marked(xas, entry, max, mark)           \
	for (entry = xas_find_marked(xas, max, mark); entry; \
	     entry = xas_find_marked(xas, max, mark))

/* ---- each entry; the body may store and erase, for no lock is held ---- */

#define xa_for_each_range(xa, index, entry, start, last)                     \
	for (index = (start), entry = xa_find(xa, &index, last, XA_PRESENT); \
	     entry; entry = xa_find_after(xa, &index, last, XA_PRESENT))
#define xa_for_each_start(xa, index, entry, start) \
	xa_for_each_range(xa, index, entry, start, ~0ul)
#define xa_for_each(xa, index, entry) xa_for_each_start(xa, index, entry, 0)
#define xa_for_each_marked(xa, index, entry, filter)                      \
	for (index = 0, entry = xa_find(xa, &index, ~0ul, filter); entry; \
	     entry = xa_find_after(xa, &index, ~0ul, filter))

#endif
