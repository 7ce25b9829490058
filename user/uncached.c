/* SPDX-License-Identifier: MIT */
/*
 * Blocks that are no objects.
 *
 *   watched, or guarded   ─► beside a page without access (guarded.c)
 *   up to the threshold   ─► a run of frames
 *   larger                ─► a mapping of its own (port/user/large.c)
 *                            no mapping to be had: frames after all
 */
#include <ashlar/check.h>
#include <string.h>
#include "mm/internal.h"
#include "port/user/user.h"
#include "guarded.h"
#include "uncached.h"
#include "user.h"

static void *alloc_run(size_t size, gfp_t gfp)
{
	void *p = NULL;

	if (size <= PAGE_SIZE << (MAX_ORDER - 1))
		p = alloc_pages_exact(size, gfp | GFP_MALLOC);
	return p;
}

/* From what the caches and other threads have given back. */
static void *alloc_contig(size_t size, bool zero)
{
	struct page *page;

	slab_shrink_all();
	page = alloc_contig_frames(PAGE_ALIGN(size) >> PAGE_SHIFT);
	if (!page)
		return NULL;
	return zero ? memset(page_address(page), 0, size) : page_address(page);
}

/* The kernel may have no mapping left where there are free frames. */
static __cold_path void *alloc_unmapped(size_t size, size_t align, bool zero)
{
	void *p;

	if (align > PAGE_SIZE)
		return NULL;
	p = alloc_run(size, zero ? __GFP_ZERO : 0);
	return p ? p : alloc_contig(size, zero);
}

/* More than any cache holds, or more than the threshold. */
static __always_inline void *alloc_mapped(size_t size, size_t align, bool zero)
{
	void *p;

	if (size < malloc_params.mmap_threshold && align <= PAGE_SIZE) {
		p = alloc_run(size, zero ? __GFP_ZERO : 0);
		if (p)
			return p;
	}
	p = large_alloc(size, align, zero);
	return likely(p) ? p : alloc_unmapped(size, align, zero);
}

/* Some blocks are guarded, or all large ones watched. */
static __cold_path void *alloc_guarded(size_t size, size_t align, bool zero,
				       enum alloc_kind kind)
{
	void *p = NULL;

	if (kfence_on)
		p = guarded_alloc(size, align, kind);
	if (!p && slab_large)
		p = guarded_large(size, align, kind);
	return p ? p : alloc_mapped(size, align, zero);
}

/**
 * alloc_uncached() - a block of more than any cache holds, or the threshold
 * @size: bytes
 * @align: power of two
 * @zero: must it read as zero?
 * @kind: by whom it is asked for
 *
 * Context: as malloc(). Return: the block, or NULL; errno is left alone.
 */
void *alloc_uncached(size_t size, size_t align, bool zero, enum alloc_kind kind)
{
	if (unlikely(kfence_on | slab_large))
		return alloc_guarded(size, align, zero, kind);
	return alloc_mapped(size, align, zero);
}

/* ... whose kind is kept, if it is no run of frames */
__cold_path void *alloc_uncached_kept(size_t size, size_t align, bool zero,
				      enum alloc_kind kind)
{
	void *p = alloc_uncached(size, align, zero, kind);

	if (p && !virt_addr_valid(p))
		large_set_kind(p, (unsigned char)kind);
	return p;
}
