/* SPDX-License-Identifier: MIT */
/*
 * malloc's blocks in the heap profile (mm/profile.c).
 *
 *   small    each sheaf's worth: profile_due()     freed: of no class, so by
 *            a sample: from sampled-N              the slow path
 *   large    each one: profile_due_large()         freed: looked for
 */
#include "mm/profile.h"
#include "port/user/user.h"
#include "guarded.h"
#include "profiled.h"
#include "uncached.h"
#include "user.h"
#include "watched.h"

/* The end of the process is to be told, from the first block on. */
static void profile_begins(void)
{
	if (unlikely(READ_ONCE(nothing_checked)))
		WRITE_ONCE(nothing_checked, false);
}

/**
 * profiled_object() - an object of a general cache, which may be a sample
 * @s: the cache
 * @size: bytes asked for
 *
 * Context: a slow path of malloc. Return: the object, or NULL.
 */
__cold_path void *profiled_object(struct kmem_cache *s, size_t size)
{
	void *p = NULL;

	profile_begins();
	if (profile_due(s))
		p = profile_alloc(s, size);
	if (p)
		return p;
	p = slab_alloc_slow(s, GFP_MALLOC);
	profile_at_hand(s);
	return p;
}

/**
 * profiled_large() - count a block that no cache has
 * @p: the block, or NULL
 * @size: bytes asked for
 *
 * Return: @p.
 */
__cold_path void *profiled_large(void *p, size_t size)
{
	size_t slot = profile_slot(size);

	profile_begins();
	if (p && profile_due_large(slot))
		profile_note(p, slot, size);
	return p;
}

/**
 * profiled_resize() - large_realloc(), which is a release and an allocation
 * @p: the block
 * @size: bytes wanted
 * @old: where its size goes
 *
 * Return: as large_realloc().
 */
__cold_path void *profiled_resize(void *p, size_t size, size_t *old)
{
	bool was = profile_forget(p);
	void *new = large_realloc(p, size, old);

	if (new)
		return profiled_large(new, size);
	if (was)
		profile_note(p, profile_slot(*old), *old);
	return NULL;
}

/* profiled_free - @p is about to be freed, or moved; true: it was a sample */
__cold_path bool profiled_free(const void *p)
{
	return profile_forget(p);
}

/* The same, if it is an object: those of no class alone can be samples. */
__cold_path bool profiled_free_object(const struct kmem_cache *s, const void *p)
{
	return !s->id && profile_forget(p);
}

/* ---- of a cache that is watched, or counted ---- */

/* alloc_noted - an object of a cache that watches or counts its objects */
void *alloc_noted(struct kmem_cache *s, size_t size, size_t align,
		  size_t rounded, enum alloc_kind kind)
{
	if (!cache_is_watched(s))
		return profiled_object(s, size);
	if (likely(align == 1 && slab_check && size < KMALLOC_MAX_CACHE_SIZE))
		return watched_object(s, size, kind);
	return watched_fits(size, align) ?
		       watched_alloc(size, align, kind) :
		       alloc_uncached(rounded, align, false, kind);
}

/* free_noted - the release of one */
void free_noted(struct kmem_cache *s, void *p)
{
	if (cache_is_watched(s)) {
		watched_release(s, p);
		return;
	}
	if (malloc_params.perturb)
		malloc_perturb_free(s, p);
	profiled_free_object(s, p);
	slab_free_slow(s, p);
}
