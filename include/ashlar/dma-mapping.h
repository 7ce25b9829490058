/* SPDX-License-Identifier: MIT */
/*
 * Memory that devices reach. A device sees physical addresses, and not all of
 * them: its mask says how many bits it drives, its boundary which multiples one
 * transfer may not cross. The picture is in mm/dma_mapping.c.
 */
#ifndef ASHLAR_DMA_MAPPING_H
#define ASHLAR_DMA_MAPPING_H

#include <ashlar/gfp.h>
#include <ashlar/mm.h>
#include <ashlar/scatterlist.h>

typedef unsigned long dma_addr_t; /* as a device sees memory */

enum dma_data_direction {
	DMA_BIDIRECTIONAL,
	DMA_TO_DEVICE,
	DMA_FROM_DEVICE,
	DMA_NONE
};

#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ull : (1ull << (n)) - 1)
#define DMA_MAPPING_ERROR (~(dma_addr_t)0)

/* What a driver says of its device before the first transfer. */
struct device {
	const char *name; /* in reports; must stay */
	u64 dma_mask; /* last address that transfers reach; 0: none is made */
	u64 coherent_dma_mask; /* likewise, of dma_alloc_coherent() */
	unsigned long dma_boundary; /* 2^n - 1: no transfer crosses a multiple
				     * of 2^n; 0: any may be crossed */
};

int dma_set_mask(struct device *dev, u64 mask);
int dma_set_coherent_mask(struct device *dev, u64 mask);
int dma_set_mask_and_coherent(struct device *dev, u64 mask);
int dma_set_seg_boundary(struct device *dev, unsigned long mask);

void *dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t *handle,
			 gfp_t gfp);
void dma_free_coherent(struct device *dev, size_t size, void *cpu_addr,
		       dma_addr_t handle);

dma_addr_t dma_map_single(struct device *dev, void *ptr, size_t size,
			  enum dma_data_direction dir);
dma_addr_t dma_map_page(struct device *dev, struct page *page, size_t offset,
			size_t size, enum dma_data_direction dir);
void dma_unmap_page(struct device *dev, dma_addr_t addr, size_t size,
		    enum dma_data_direction dir);
unsigned int dma_map_sg(struct device *dev, struct scatterlist *sg,
			unsigned int nents, enum dma_data_direction dir);
void dma_unmap_sg(struct device *dev, struct scatterlist *sg,
		  unsigned int nents, enum dma_data_direction dir);
void dma_sync_single_for_cpu(struct device *dev, dma_addr_t addr, size_t size,
			     enum dma_data_direction dir);
void dma_sync_single_for_device(struct device *dev, dma_addr_t addr,
				size_t size, enum dma_data_direction dir);

static inline void dma_unmap_single(struct device *dev, dma_addr_t addr,
				    size_t size, enum dma_data_direction dir)
{
	dma_unmap_page(dev, addr, size, dir);
}

/* 0, or -ENOMEM if @addr is what a failed mapping returned. */
int dma_mapping_error(const struct device *dev, dma_addr_t addr);

#endif
