/* SPDX-License-Identifier: MIT */
/*
 * Marks of an xarray's entries. A node has a bit for each slot and mark:
 *
 *   leaf: its entry has the mark; above: some entry below the slot has it
 *   xa_marks: some entry has it
 *
 * so that the next marked entry is found without a look at the others
 * (__xa_find_marked() in mm/xarray.c). Where no entry has any mark, entries
 * come and go at the price of one look at xa_marks.
 *
 * Locks: xa_lock, held by the callers.
 */
#include <ashlar/compiler.h>
#include <ashlar/xarray.h>
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
	xa->xa_marks |= 1u << mark;
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
	xa->xa_marks &= ~(1u << mark);
}

/**
 * xa_clear_marks() - an entry goes, and its marks with it
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
}

/**
 * __xa_set_mark() - mark an entry
 * @xa: the array
 * @index: the entry's; without an entry nothing happens
 * @mark: the mark
 *
 * Context: xa_lock.
 */
void __xa_set_mark(struct xarray *xa, unsigned long index, xa_mark_t mark)
{
	struct xa_node *leaf;

	if (xa_lookup(xa, index, &leaf))
		node_set_mark(xa, leaf, index & XA_CHUNK_MASK, mark);
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

	if (xa_lookup(xa, index, &leaf))
		node_clear_mark(xa, leaf, index & XA_CHUNK_MASK, mark);
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
