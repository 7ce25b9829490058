/* SPDX-License-Identifier: MIT */
/*
 * The next entry of an xarray, whatever lies between: down where the index is,
 * and, where nothing is left in a node, on with the first index behind it, from
 * the root again.
 *
 * Locks: xa_lock, as in mm/xarray.c.
 */
#include <ashlar/compiler.h>
#include <ashlar/xa_slots.h>
#include "xa_node.h"

#define NO_MARK XA_MAX_MARKS

/* The first slot from @off on that is in use, or has the mark. */
static __always_inline unsigned int
next_slot(const struct xa_node *node, unsigned int off, unsigned int mark)
{
	if (mark != NO_MARK)
		return next_marked(node, mark, off, 0);
	while (off < XA_CHUNK_SIZE && !node->slots[off])
		off++;
	return off;
}

/* The first entry from *@index to @max, in a tree; or the first marked. */
static __always_inline void *find_next(const struct xarray *xa,
				       unsigned long *index, unsigned long max,
				       unsigned int mark)
{
	const struct xa_node *root = xa_to_node(xa->xa_head), *node = root;
	unsigned long i = *index;
	unsigned int off, next;

	while (i <= max && !xa_beyond(root, i)) {
		off = xa_offset(node, i);
		next = next_slot(node, off, mark);
		if (next == off) {
			if (!node->shift) {
				*index = i;
				return node->slots[off];
			}
			node = xa_to_node(node->slots[off]);
			continue;
		}
		/* Two shifts: their sum may be all of a word's bits. */
		i = i >> node->shift >> XA_CHUNK_SHIFT;
		if (next < XA_CHUNK_SIZE) {
			i = i << XA_CHUNK_SHIFT | next;
			i <<= node->shift;
			continue;
		}
		i = (i + 1) << XA_CHUNK_SHIFT << node->shift;
		if (!i)
			return NULL;
		node = root;
	}
	return NULL;
}

/**
 * __xa_find() - the next entry
 * @xa: the array
 * @index: where to begin; receives the entry's place
 * @max: where to end, this index included
 *
 * Context: xa_lock. Return: the first entry at *@index or after, or NULL.
 */
void *__xa_find(const struct xarray *xa, unsigned long *index,
		unsigned long max)
{
	if (!xa_is_node(xa->xa_head))
		return *index ? NULL : xa->xa_head;
	return find_next(xa, index, max, NO_MARK);
}

/**
 * __xa_find_marked() - the next entry with a mark
 * @xa: the array
 * @index: where to begin; receives the entry's place
 * @max: where to end, this index included
 * @mark: the mark
 *
 * Context: xa_lock. Return: the first marked entry at *@index or after, or
 * NULL.
 */
void *__xa_find_marked(const struct xarray *xa, unsigned long *index,
		       unsigned long max, xa_mark_t mark)
{
	if (!xa_marked(xa, mark))
		return NULL;
	if (!xa_is_node(xa->xa_head))
		return *index ? NULL : xa->xa_head;
	return find_next(xa, index, max, mark);
}

/* The first entry from *@index on that @filter means. Context: xa_lock. */
static void *find_filtered(const struct xarray *xa, unsigned long *index,
			   unsigned long max, xa_mark_t filter)
{
	if (filter < XA_MAX_MARKS)
		return __xa_find_marked(xa, index, max, filter);
	return __xa_find(xa, index, max);
}

/**
 * xa_find() - the next entry
 * @xa: the array
 * @index: where to begin; receives the entry's place
 * @max: where to end, this index included
 * @filter: a mark that it must have, or XA_PRESENT
 *
 * Context: any. Return: the first such entry at *@index or after, or NULL, and
 * *@index is as it was.
 */
void *xa_find(struct xarray *xa, unsigned long *index, unsigned long max,
	      xa_mark_t filter)
{
	void *entry;

	xa_lock(xa);
	entry = find_filtered(xa, index, max, filter);
	xa_unlock(xa);
	return entry;
}

/**
 * xa_find_after() - the entry after an index
 * @xa: the array
 * @index: behind which to begin; receives the entry's place
 * @max: where to end, this index included
 * @filter: a mark that it must have, or XA_PRESENT
 *
 * Context: any. Return: the first such entry after *@index, or NULL, and
 * *@index is as it was.
 */
void *xa_find_after(struct xarray *xa, unsigned long *index, unsigned long max,
		    xa_mark_t filter)
{
	unsigned long next = *index + 1;
	void *entry;

	if (!next)
		return NULL;
	entry = xa_find(xa, &next, max, filter);
	if (entry)
		*index = next;
	return entry;
}

/**
 * xa_extract() - many entries at once
 * @xa: the array
 * @dst: receives the entries, in order
 * @start: where to begin
 * @max: where to end, this index included
 * @n: entries wanted at most
 * @filter: a mark that they must have, or XA_PRESENT
 *
 * Context: any. Return: entries in @dst.
 */
unsigned int xa_extract(struct xarray *xa, void **dst, unsigned long start,
			unsigned long max, unsigned int n, xa_mark_t filter)
{
	unsigned int found = 0;

	xa_lock(xa);
	while (found < n &&
	       (dst[found] = find_filtered(xa, &start, max, filter))) {
		found++;
		if (!++start)
			break;
	}
	xa_unlock(xa);
	return found;
}
