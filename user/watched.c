/* SPDX-License-Identifier: MIT */
/*
 * Blocks that are watched (mm/watched.c), as malloc and C++ have them.
 *
 *   malloc, calloc, …    ─► ALLOC_MALLOC    ◄─ free, free_sized, …
 *   new, new (align)     ─► ALLOC_NEW       ◄─ delete, with size, align
 *   new [], new [] (…)   ─► ALLOC_NEW_ARRAY ◄─ delete [], …
 *
 * What was asked for is known in the slow paths alone, where each call of a
 * watched block ends; so the fast ones carry nothing for it. Of the releases
 * only free() has a fast path, and the operators end in it: with the first
 * watched block they are led here instead (ashlar_watch_operators).
 */
#include <stdlib.h>
#include <ashlar/check.h>
#include "mm/internal.h"
#include "mm/kfence.h"
#include "guarded.h"
#include "user.h"
#include "watched.h"

/*
 * Bytes of freed blocks that wait: under check= this and, if that is more, the
 * share of memory in use; else a few, so that a second free is recognised.
 */
#define QUARANTINE_CHECK (1ul << 20)
#define QUARANTINE_SHARE 5
#define QUARANTINE_DEBUG (1ul << 20)

/* The largest alignment that a record has room for. */
#define ALIGN_MOST (1ul << 15)

static u8 log2_of(size_t align)
{
	return (u8)__builtin_ctzl(align | ALIGN_MOST);
}

/* True if a general cache has such a block. */
bool watched_fits(size_t size, size_t align)
{
	return align <= (slab_check ? ALIGN_MOST : PAGE_SIZE) &&
	       size + align <= KMALLOC_MAX_CACHE_SIZE;
}

static bool watched_any; /* some block is, or was */

static __cold_path void begin(void)
{
	WRITE_ONCE(watched_any, true);
	WRITE_ONCE(nothing_checked, false);
	watched_look_at_end();
	if (slab_check)
		quarantine_default(QUARANTINE_CHECK, QUARANTINE_SHARE);
	else
		quarantine_default(QUARANTINE_DEBUG, 0);
	if (ashlar_watch_operators)
		ashlar_watch_operators();
}

/* watched_begins() - before the first block that is watched, or guarded */
void watched_begins(void)
{
	if (!READ_ONCE(watched_any))
		begin();
}

static __always_inline void before_each(void)
{
	if (unlikely(!READ_ONCE(watched_any)))
		begin();
	if (unlikely(slab_look_every))
		watched_look_again();
}

/* An object under check=, if that is all that is asked for; else NULL. */
static __always_inline void *alloc_checked(size_t size, enum alloc_kind kind)
{
	const struct slab_call call = { .asked = (u32)size, .kind = (u8)kind };
	struct kmem_cache *s = READ_ONCE(cache_by_id[kmalloc_index(size)]);

	if (unlikely(!s || slab_look_every || !READ_ONCE(watched_any) ||
		     size == KMALLOC_MAX_CACHE_SIZE))
		return NULL;
	return slab_alloc_at_hand(s, GFP_MALLOC, &call);
}

/**
 * alloc_optional() - a small block as the options want most of them
 * @size: bytes, KMALLOC_MAX_CACHE_SIZE at most
 * @kind: by whom
 *
 * Context: a slow path of malloc, while kfence_on or slab_check. Return: the
 * block; NULL: it is for others to see to.
 */
void *alloc_optional(size_t size, enum alloc_kind kind)
{
	void *p;

	if (unlikely(kfence_on) && (p = guarded_alloc(size, 1, kind)))
		return p;
	return slab_check ? alloc_checked(size, kind) : NULL;
}

/**
 * watched_object() - a block of no alignment, under check=
 * @s: the general cache of its size
 * @size: bytes, fewer than KMALLOC_MAX_CACHE_SIZE
 * @kind: by whom
 *
 * Return: the block, or NULL; errno is left alone.
 */
void *watched_object(struct kmem_cache *s, size_t size, enum alloc_kind kind)
{
	const struct slab_call call = { .asked = (u32)size, .kind = (u8)kind };

	before_each();
	return slab_alloc_asked(s, GFP_MALLOC, &call);
}

/**
 * watched_alloc() - a block from a general cache that is watched
 * @size: bytes
 * @align: power of two; 1: no alignment was asked for
 * @kind: by whom
 *
 * Return: the block, or NULL; errno is left alone.
 */
__cold_path void *watched_alloc(size_t size, size_t align, enum alloc_kind kind)
{
	const struct slab_call call = { .asked = (u32)size,
					.kind = (u8)kind,
					.align = log2_of(align) };

	before_each();
	return kmalloc_asked(&call, GFP_MALLOC);
}

/* watched_release() - free() of a block of @s */
void watched_release(struct kmem_cache *s, void *p)
{
	static const struct slab_call call = { .asked = ASKED_UNKNOWN,
					       .kind = ALLOC_MALLOC };

	slab_free_asked(s, p, &call);
}

/**
 * watched_free() - release a block, which says how it was allocated
 * @p: an address in a frame of a watched cache
 * @size: bytes, or SIZE_UNKNOWN
 * @align: as it was allocated with; 1: none was asked for
 * @kind: by whom
 */
__cold_path void watched_free(void *p, size_t size, size_t align,
			      enum alloc_kind kind)
{
	const struct slab_call call = {
		.asked = size < ASKED_UNKNOWN ? (u32)size : ASKED_UNKNOWN,
		.kind = (u8)kind,
		.align = log2_of(align),
	};

	slab_free_asked(virt_to_page(p)->slab_cache, p, &call);
}

static void release(void *p, size_t size, size_t align, enum alloc_kind kind)
{
	if (virt_addr_valid(p) && page_is_watched(virt_to_page(p)))
		watched_free(p, size, align, kind);
	else if (virt_addr_valid(p) || !guarded_free(p, size, kind))
		ashlar_own_free(p);
}

/* free(), free_sized(), free_aligned_sized() */
void ashlar_free(void *p, size_t size, size_t align)
{
	if (size != SIZE_UNKNOWN && nothing_checked)
		ashlar_check_sized(p, size, align);
	release(p, size, align, ALLOC_MALLOC);
}

/* operator delete, in any form */
void ashlar_delete(void *p, size_t size, size_t align)
{
	release(p, size, align, ALLOC_NEW);
}

/* operator delete [], in any form */
void ashlar_delete_array(void *p, size_t size, size_t align)
{
	release(p, size, align, ALLOC_NEW_ARRAY);
}
