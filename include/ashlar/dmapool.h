/* SPDX-License-Identifier: MIT */
/* Small blocks that a device reaches. The picture is in mm/dmapool.c. */
#ifndef ASHLAR_DMAPOOL_H
#define ASHLAR_DMAPOOL_H

#include <ashlar/dma-mapping.h>

struct dma_pool;

#ifdef __cplusplus
extern "C" {
#endif

struct dma_pool *dma_pool_create(const char *name, struct device *dev,
				 size_t size, size_t align, size_t boundary)
	ASHLAR_API(dma_pool_create);
void dma_pool_destroy(struct dma_pool *pool) ASHLAR_API(dma_pool_destroy);
void *dma_pool_alloc(struct dma_pool *pool, gfp_t gfp, dma_addr_t *handle)
	ASHLAR_API(dma_pool_alloc);
void dma_pool_free(struct dma_pool *pool, void *vaddr, dma_addr_t handle)
	ASHLAR_API(dma_pool_free);

#ifdef __cplusplus
}
#endif

static inline void *dma_pool_zalloc(struct dma_pool *pool, gfp_t gfp,
				    dma_addr_t *handle)
{
	return dma_pool_alloc(pool, gfp | __GFP_ZERO, handle);
}

#endif
