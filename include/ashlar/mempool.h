/* SPDX-License-Identifier: MIT */
/*
 * Memory pools: progress when the allocator fails. The functions are
 * documented in libashlar(3).
 */
#ifndef ASHLAR_MEMPOOL_H
#define ASHLAR_MEMPOOL_H

#include <ashlar/api.h>
#include <ashlar/gfp.h>
#include <ashlar/slab.h>

typedef void *(mempool_alloc_t)(gfp_t gfp, void *pool_data);
typedef void(mempool_free_t)(void *element, void *pool_data);
typedef struct mempool_s mempool_t;

#ifdef __cplusplus
extern "C" {
#endif

mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn,
			  mempool_free_t *free_fn, void *pool_data)
	ASHLAR_API(mempool_create);
int mempool_resize(mempool_t *pool, int new_min_nr) ASHLAR_API(mempool_resize);
void mempool_destroy(mempool_t *pool) ASHLAR_API(mempool_destroy);
void *mempool_alloc(mempool_t *pool, gfp_t gfp) ASHLAR_API(mempool_alloc);
void mempool_free(void *element, mempool_t *pool) ASHLAR_API(mempool_free);

void *mempool_alloc_slab(gfp_t gfp, void *pool_data)
	ASHLAR_API(mempool_alloc_slab);
void mempool_free_slab(void *element, void *pool_data)
	ASHLAR_API(mempool_free_slab);
void *mempool_kmalloc(gfp_t gfp, void *pool_data) ASHLAR_API(mempool_kmalloc);
void mempool_kfree(void *element, void *pool_data) ASHLAR_API(mempool_kfree);
void *mempool_alloc_pages(gfp_t gfp, void *pool_data)
	ASHLAR_API(mempool_alloc_pages);
void mempool_free_pages(void *element, void *pool_data)
	ASHLAR_API(mempool_free_pages);

mempool_t *mempool_create_slab_pool(int min_nr, struct kmem_cache *cache)
	ASHLAR_API(mempool_create_slab_pool);
mempool_t *mempool_create_kmalloc_pool(int min_nr, size_t size)
	ASHLAR_API(mempool_create_kmalloc_pool);
mempool_t *mempool_create_page_pool(int min_nr, int order)
	ASHLAR_API(mempool_create_page_pool);

#ifdef __cplusplus
}
#endif

#endif
