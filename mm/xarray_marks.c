/* SPDX-License-Identifier: MIT */
/*
 * Marks of an xarray's entries. A node has a bit for each slot and mark:
 *
 *   leaf: its entry has the mark; above: some entry below the slot has it
 *   bits 0 … 2 of xa_flags: some entry has it
 *
 * so that the next marked entry is found without a look at the others
 * (__xa_find_marked() in mm/xarray.c). Where no entry has any mark, entries
 * come and go at the price of one look at xa_flags.
 *
 * Locks: xa_lock, held by the callers.
 */
#include <ashlar/compiler.h>
#include <ashlar/xa_slots.h>
#include "xa_node.h"

static bool node_marked(const struct xa_node *node, unsigned int mark)
{
	unsigned int i;

	for (i = 0; i < MARK_LONGS; i++)
		if (node->marks[mark][i])
			return true;
	return false;
}

/* @node NULL: the head alone. */
static void node_set_mark(struct xarray *xa, struct xa_node *node,
			  unsigned int off, unsigned int mark)
{
	for (; node; off = node->offset, node = node->parent)
		*mark_word(node, mark, off) |= mark_bit(off);
	xa->xa_flags |= 1u << mark;
}

static void node_clear_mark(struct xarray *xa, struct xa_node *node,
			    unsigned int off, unsigned int mark)
{
	for (; node; off = node->offset, node = node->parent) {
		if (!(*mark_word(node, mark, off) & mark_bit(off)))
			return;
		*mark_word(node, mark, off) &= ~mark_bit(off);
		if (node_marked(node, mark))
			return;
	}
	xa->xa_flags &= ~(1u << mark);
}

/* ---- where no index is free: XA_MARK_0 of an array that gives out ---- */

static bool node_is_full(const struct xa_node *node)
{
	return next_marked(node, XA_MARK_0, 0, ~0ul) == XA_CHUNK_SIZE;
}

/* xa_head_is_full() - true if each index that the tree reaches has an entry */
bool xa_head_is_full(const struct xarray *xa)
{
	return !xa_is_node(xa->xa_head) ||
	       node_is_full(xa_to_node(xa->xa_head));
}

/* xa_set_full() - an entry came into slot @off of @leaf. */
void xa_set_full(struct xa_node *leaf, unsigned int off)
{
	struct xa_node *node = leaf;

	do {
		*mark_word(node, XA_MARK_0, off) |= mark_bit(off);
		off = node->offset;
	} while (node_is_full(node) && (node = node->parent));
}

/* xa_clear_full() - the entry in slot @off of @leaf, or the head, goes. */
void xa_clear_full(struct xa_node *leaf, unsigned int off)
{
	struct xa_node *node;

	for (node = leaf; node; off = node->offset, node = node->parent) {
		if (!(*mark_word(node, XA_MARK_0, off) & mark_bit(off)))
			return;
		*mark_word(node, XA_MARK_0, off) &= ~mark_bit(off);
	}
}

/* ---- marks ---- */

/**
 * xa_clear_marks() - an entry goes with its marks, and its index is free
 * @xa: the array
 * @leaf: the entry's node, or NULL for the head
 * @off: its slot
 *
 * Context: xa_lock.
 */
void xa_clear_marks(struct xarray *xa, struct xa_node *leaf, unsigned int off)
{
	unsigned int mark;

	for (mark = 0; mark < XA_MAX_MARKS; mark++)
		if (xa_marked(xa, mark))
			node_clear_mark(xa, leaf, off, mark);
	if (xa_gives_indices(xa))
		xa_clear_full(leaf, off);
}

/* True if the array has such a mark. */
static bool is_mark(const struct xarray *xa, xa_mark_t mark)
{
	return mark < XA_MAX_MARKS &&
	       (mark != XA_MARK_0 || !xa_gives_indices(xa));
}

/**
 * __xa_set_mark() - mark an entry
 * @xa: the array
 * @index: the entry's; without an entry nothing happens
 * @mark: the mark; an array with XA_FLAGS_ALLOC has no XA_MARK_0
 *
 * Context: xa_lock.
 */
void __xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *leaf;

	if (is_mark(xa, mark) && xa_lookup(xa, index, &leaf))
		node_set_mark(xa, leaf, index & XA_CHUNK_MASK, mark);
}

/**
 * xa_set_mark() - mark an entry
 * @xa: the array
 * @index: the entry's; without an entry nothing happens
 * @mark: the mark; an array with XA_FLAGS_ALLOC has no XA_MARK_0
 *
 * Context: any.
 */
void xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	xa_lock(xa);
	__xa_set_mark(xa, index, mark);
	xa_unlock(xa);
}

/**
 * __xa_clear_mark() - take a mark from an entry
 * @xa: the array
 * @index: the entry's; without an entry nothing happens
 * @mark: the mark
 *
 * Context: xa_lock.
 */
void __xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *leaf;

	if (is_mark(xa, mark) && xa_lookup(xa, index, &leaf))
		node_clear_mark(xa, leaf, index & XA_CHUNK_MASK, mark);
}

/**
 * xa_clear_mark() - take a mark from an entry
 * @xa: the array
 * @index: the entry's; without an entry nothing happens
 * @mark: the mark
 *
 * Context: any.
 */
void xa_clear_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	xa_lock(xa);
	__xa_clear_mark(xa, index, mark);
	xa_unlock(xa);
}

/**
 * __xa_get_mark() - look for a mark
 * @xa: the array
 * @index: where
 * @mark: the mark
 *
 * Context: xa_lock. Return: true if there is an entry, and it has the mark.
 */
bool __xa_get_mark(const struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *leaf;
	unsigned int off = index & XA_CHUNK_MASK;

	if (!xa_marked(xa, mark) || !xa_lookup(xa, index, &leaf))
		return false;
	return !leaf || *mark_word(leaf, mark, off) & mark_bit(off);
}

/**
 * xa_get_mark() - look for a mark
 * @xa: the array
 * @index: where
 * @mark: the mark
 *
 * Context: any. Return: true if there is an entry, and it has the mark.
 */
bool xa_get_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	bool has;

	xa_lock(xa);
	has = mark < XA_MAX_MARKS && __xa_get_mark(xa, index, mark);
	xa_unlock(xa);
	return has;
}
