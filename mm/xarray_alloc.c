/* SPDX-License-Identifier: MIT */
/*
 * Indices that an xarray gives out, the lowest free one first. An array that
 * does has no XA_MARK_0; the node's bits for it say where nothing is free:
 *
 *   leaf: the slot has an entry        above: all below the slot have bits
 *
 *   root   1 0 1 0 …                   the next free index is found by going
 *          │ └──► no bit: down here    down where a bit is missing
 *          └► full: passed over
 *
 * A slot without a node below has no bit: all of its indices are free, and so
 * are those beyond the root.
 *
 * Simpler than Linux: an index cannot be reserved without an entry.
 *
 * Locks: xa_lock, as in mm/xarray.c.
 */
#include <ashlar/errno.h>
#include <ashlar/xa_slots.h>
#include "xa_node.h"

/* An array that never gives index 0. */
#define NOT_ZERO (XA_FLAGS_ALLOC1 & ~XA_FLAGS_ALLOC)

/* The first free index from *@index on, in a tree; false: there is none. */
static bool free_in_tree(const struct xa_node *root, unsigned long *index)
{
	const struct xa_node *node = root;
	unsigned int off, next;
	unsigned long i = *index;

	while (!xa_beyond(root, i)) {
		off = xa_offset(node, i);
		next = next_marked(node, XA_MARK_0, off, ~0ul);
		if (next == off) {
			if (!node->slots[off])
				break;
			node = xa_to_node(node->slots[off]);
			continue;
		}
		/* Two shifts: their sum may be all of a word's bits. */
		i = i >> node->shift >> XA_CHUNK_SHIFT;
		if (next < XA_CHUNK_SIZE) {
			i = (i << XA_CHUNK_SHIFT | next) << node->shift;
			continue;
		}
		i = (i + 1) << XA_CHUNK_SHIFT << node->shift;
		if (!i)
			return false;
		node = root;
	}
	*index = i;
	return true;
}

/* The first free index from *@index to @max; false: there is none. */
static bool find_free(const struct xarray *xa, unsigned long *index,
		      unsigned long max)
{
	if (!xa_is_node(xa->xa_head))
		*index += !*index && xa->xa_head;
	else if (!free_in_tree(xa_to_node(xa->xa_head), index))
		return false;
	return *index <= max;
}

/**
 * __xa_alloc() - store an entry at the lowest free index
 * @xa: an array with XA_FLAGS_ALLOC or XA_FLAGS_ALLOC1
 * @id: receives the index
 * @entry: a pointer with its two low bits 0, not NULL, or a value
 * @limit: which indices it may be
 * @gfp: how nodes may be allocated
 *
 * Context: xa_lock, which is let go and taken again if @gfp may sleep and must.
 * Return: 0; -EBUSY: none is free; -ENOMEM; -EINVAL: not such an array or
 * entry.
 */
int __xa_alloc(struct xarray *xa, unsigned int *id, void *entry,
	       struct xa_limit limit, gfp_t gfp)
{
	unsigned long index;
	int err;

	if (!entry || !xa_gives_indices(xa))
		return -EINVAL;
	if (xa->xa_flags & NOT_ZERO && !limit.min)
		limit.min = 1;
	do {
		index = limit.min;
		if (!find_free(xa, &index, limit.max))
			return -EBUSY;
		/* Busy: another CPU took it while the lock was let go. */
		err = __xa_insert(xa, index, entry, gfp);
	} while (err == -EBUSY);
	if (!err)
		*id = (unsigned int)index;
	return err;
}

/**
 * xa_alloc() - store an entry at the lowest free index
 * @xa: an array with XA_FLAGS_ALLOC or XA_FLAGS_ALLOC1
 * @id: receives the index
 * @entry: a pointer with its two low bits 0, not NULL, or a value
 * @limit: which indices it may be
 * @gfp: how nodes may be allocated
 *
 * Context: may sleep if @gfp says so.
 * Return: 0; -EBUSY: none is free; -ENOMEM; -EINVAL: not such an array or
 * entry.
 */
int xa_alloc(struct xarray *xa, unsigned int *id, void *entry,
	     struct xa_limit limit, gfp_t gfp)
{
	int err;

	xa_lock(xa);
	err = __xa_alloc(xa, id, entry, limit, gfp);
	xa_unlock(xa);
	return err;
}

/**
 * __xa_alloc_cyclic() - store an entry at the next free index
 * @xa: an array with XA_FLAGS_ALLOC or XA_FLAGS_ALLOC1
 * @id: receives the index
 * @entry: a pointer with its two low bits 0, not NULL, or a value
 * @limit: which indices it may be
 * @next: where to begin; receives the index after *@id
 * @gfp: how nodes may be allocated
 *
 * Context: xa_lock, which is let go and taken again if @gfp may sleep and must.
 * Return: 0; 1: the same, and it began anew at the lowest; -EBUSY, -ENOMEM or
 * -EINVAL as xa_alloc().
 */
int __xa_alloc_cyclic(struct xarray *xa, unsigned int *id, void *entry,
		      struct xa_limit limit, unsigned int *next, gfp_t gfp)
{
	struct xa_limit ahead = limit;
	bool anew = xa->xa_flags & XA_FLAGS_ALLOC_WRAPPED;
	int err;

	ahead.min = max(limit.min, *next);
	err = __xa_alloc(xa, id, entry, ahead, gfp);
	if (err == -EBUSY && ahead.min > limit.min) {
		anew = true;
		err = __xa_alloc(xa, id, entry, limit, gfp);
	}
	if (err)
		return err;
	*next = *id + 1;
	/* Past the last number of all is the first one. */
	xa->xa_flags &= ~XA_FLAGS_ALLOC_WRAPPED;
	if (!*next)
		xa->xa_flags |= XA_FLAGS_ALLOC_WRAPPED;
	return anew;
}

/**
 * xa_alloc_cyclic() - store an entry at the next free index
 * @xa: an array with XA_FLAGS_ALLOC or XA_FLAGS_ALLOC1
 * @id: receives the index
 * @entry: a pointer with its two low bits 0, not NULL, or a value
 * @limit: which indices it may be
 * @next: where to begin; receives the index after *@id
 * @gfp: how nodes may be allocated
 *
 * Context: may sleep if @gfp says so.
 * Return: 0; 1: the same, and it began anew at the lowest; -EBUSY, -ENOMEM or
 * -EINVAL as xa_alloc().
 */
int xa_alloc_cyclic(struct xarray *xa, unsigned int *id, void *entry,
		    struct xa_limit limit, unsigned int *next, gfp_t gfp)
{
	int err;

	xa_lock(xa);
	err = __xa_alloc_cyclic(xa, id, entry, limit, next, gfp);
	xa_unlock(xa);
	return err;
}
