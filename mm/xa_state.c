/* SPDX-License-Identifier: MIT */
/*
 * A place in an xarray, for several steps under one lock that the caller takes.
 *
 * A step that lacks a node does nothing and says so; xas_nomem() fetches nodes
 * with no lock held, one more each time, and the caller tries again: what he
 * looked at under the lock may be different by then.
 *
 * Simpler than Linux: a step finds its place anew, from the root.
 *
 * Locks: xa_lock, held by the callers.
 */
#include <ashlar/errno.h>
#include <ashlar/xa_slots.h>
#include "xa_node.h"

/**
 * xas_load() - the entry at the place
 * @xas: the place
 *
 * Context: xa_lock. Return: the entry, or NULL.
 */
void *xas_load(struct xa_state *xas)
{
	return __xa_load(xas->xa, xas->xa_index);
}

/**
 * xas_store() - put an entry at the place
 * @xas: the place
 * @entry: a pointer with its two low bits 0, or a value; NULL erases
 *
 * An entry that was there is replaced, and keeps its marks. Nothing is done
 * once something has failed.
 *
 * Context: xa_lock. Return: what was there; NULL, too, where it failed: then
 * xas_error() is not 0, and xas_nomem() is to be asked.
 */
void *xas_store(struct xa_state *xas, void *entry)
{
	struct xa_node *spare = xas->xa_spare;
	void *old;

	if (xas->xa_err)
		return NULL;
	if (!entry)
		return __xa_erase(xas->xa, xas->xa_index);
	old = xa_try_store(xas->xa, xas->xa_index, entry, true, &spare);
	xas->xa_spare = spare;
	if (!xa_is_err(old))
		return old;
	xas->xa_err = xa_err(old);
	return NULL;
}

/**
 * xas_nomem() - fetch the memory that a step lacked
 * @xas: the place
 * @gfp: how nodes may be allocated
 *
 * To be asked after each try: it also gives back what was fetched in vain.
 *
 * Context: without xa_lock; may sleep if @gfp says so. Return: true if the
 * steps are to be tried again.
 */
bool xas_nomem(struct xa_state *xas, gfp_t gfp)
{
	if (xas->xa_err != -ENOMEM) {
		xa_free_spares(xas->xa_spare);
		xas->xa_spare = NULL;
		xas->xa_nr_spares = 0;
		return false;
	}
	xas->xa_spare = xa_take_spares(++xas->xa_nr_spares, gfp);
	if (!xas->xa_spare)
		return false;
	xas->xa_err = 0;
	return true;
}

/* Where a search goes on; false: past the last index. */
static bool next_index(const struct xa_state *xas, unsigned long *index)
{
	*index = xas->xa_index + xas->xa_found;
	return *index >= xas->xa_index;
}

/**
 * xas_find() - the next entry
 * @xas: where to begin, that place included; receives the entry's place, behind
 *	which the next call begins
 * @max: where to end, this index included
 *
 * Context: xa_lock. Return: the entry, or NULL.
 */
void *xas_find(struct xa_state *xas, unsigned long max)
{
	unsigned long index;
	void *entry;

	if (!next_index(xas, &index))
		return NULL;
	entry = __xa_find(xas->xa, &index, max);
	if (entry) {
		xas->xa_index = index;
		xas->xa_found = true;
	}
	return entry;
}

/**
 * xas_find_marked() - the next entry with a mark
 * @xas: as of xas_find()
 * @max: where to end, this index included
 * @mark: the mark
 *
 * Context: xa_lock. Return: the entry, or NULL.
 */
void *xas_find_marked(struct xa_state *xas, unsigned long max, xa_mark_t mark)
{
	unsigned long index;
	void *entry;

	if (!next_index(xas, &index))
		return NULL;
	entry = __xa_find_marked(xas->xa, &index, max, mark);
	if (entry) {
		xas->xa_index = index;
		xas->xa_found = true;
	}
	return entry;
}

/**
 * xas_get_mark() - look for a mark at the place
 * @xas: the place
 * @mark: the mark
 *
 * Context: xa_lock. Return: true if there is an entry, and it has the mark.
 */
bool xas_get_mark(const struct xa_state *xas, xa_mark_t mark)
{
	return __xa_get_mark(xas->xa, xas->xa_index, mark);
}
