/* SPDX-License-Identifier: MIT */
/* Empty probes for <mach/trace.h>, of ports that have no tracers. */
#ifndef ASHLAR_TRACE_NONE_H
#define ASHLAR_TRACE_NONE_H

#include <ashlar/types.h>

static inline void trace_kmalloc(const void *ptr, size_t bytes,
				 unsigned int gfp)
{
	(void)ptr;
	(void)bytes;
	(void)gfp;
}

static inline void trace_kfree(const void *ptr)
{
	(void)ptr;
}

static inline void trace_kmem_cache_alloc(const void *ptr, const void *cache,
					  unsigned int gfp)
{
	(void)ptr;
	(void)cache;
	(void)gfp;
}

static inline void trace_kmem_cache_free(const void *ptr, const void *cache)
{
	(void)ptr;
	(void)cache;
}

static inline void trace_slab_alloc_slow(const void *cache)
{
	(void)cache;
}

static inline void trace_slab_free_slow(const void *ptr, const void *cache)
{
	(void)ptr;
	(void)cache;
}

static inline void trace_mm_page_alloc(const void *page, unsigned int order,
				       unsigned int gfp)
{
	(void)page;
	(void)order;
	(void)gfp;
}

static inline void trace_mm_page_free(const void *page, unsigned int order)
{
	(void)page;
	(void)order;
}

static inline void trace_mm_page_free_run(const void *page, unsigned long nr)
{
	(void)page;
	(void)nr;
}

#endif
