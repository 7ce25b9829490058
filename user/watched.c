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
#include "guarded.h"
#include "user.h"
#include "watched.h"

/*
 * Bytes of freed blocks that wait: under check= this and, if that is more, the
 * share of memory in use; else a few, so that a second free is recognised.
 */
#define QUARANTINE_CHECK (2ul << 20)
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

/* watched_begins() - before the first block that is watched, or guarded */
void watched_begins(void)
{
	if (likely(READ_ONCE(watched_any)))
		return;
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

	watched_begins();
	if (unlikely(slab_look_every))
		watched_look_again();
	return kmalloc_asked(&call, GFP_KERNEL | __GFP_NOWARN);
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
		free(p);
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
