/* SPDX-License-Identifier: MIT */
/* Memory pools: progress when the allocator fails. Code: mm/mempool.c. */
#ifndef ASHLAR_MEMPOOL_H
#define ASHLAR_MEMPOOL_H

#include <ashlar/compiler.h>
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
	__api(mempool_create);
int mempool_resize(mempool_t *pool, int new_min_nr) __api(mempool_resize);
void mempool_destroy(mempool_t *pool) __api(mempool_destroy);
void *mempool_alloc(mempool_t *pool, gfp_t gfp) __api(mempool_alloc);
void mempool_free(void *element, mempool_t *pool) __api(mempool_free);

void *mempool_alloc_slab(gfp_t gfp, void *pool_data) __api(mempool_alloc_slab);
void mempool_free_slab(void *element, void *pool_data) __api(mempool_free_slab);
void *mempool_kmalloc(gfp_t gfp, void *pool_data) __api(mempool_kmalloc);
void mempool_kfree(void *element, void *pool_data) __api(mempool_kfree);
void *mempool_alloc_pages(gfp_t gfp, void *pool_data)
	__api(mempool_alloc_pages);
void mempool_free_pages(void *element, void *pool_data)
	__api(mempool_free_pages);

mempool_t *mempool_create_slab_pool(int min_nr, struct kmem_cache *cache)
	__api(mempool_create_slab_pool);
mempool_t *mempool_create_kmalloc_pool(int min_nr, size_t size)
	__api(mempool_create_kmalloc_pool);
mempool_t *mempool_create_page_pool(int min_nr, int order)
	__api(mempool_create_page_pool);

#ifdef __cplusplus
}
#endif

#endif
