/* SPDX-License-Identifier: MIT */
/*
 * Memory that is there already, for one transfer of a device, which sees
 * physical addresses and not all of them. The picture is in mm/dma_mapping.c.
 */
#ifndef ASHLAR_DMA_TRANSFER_H
#define ASHLAR_DMA_TRANSFER_H

#include <ashlar/dma-mapping.h>
#include <ashlar/mm.h>
#include <ashlar/scatterlist.h>

enum dma_data_direction {
	DMA_BIDIRECTIONAL,
	DMA_TO_DEVICE,
	DMA_FROM_DEVICE,
	DMA_NONE
};

#define DMA_MAPPING_ERROR (~(dma_addr_t)0)

int dma_set_mask(struct device *dev, u64 mask);
int dma_set_coherent_mask(struct device *dev, u64 mask);
int dma_set_mask_and_coherent(struct device *dev, u64 mask);
int dma_set_seg_boundary(struct device *dev, unsigned long mask);

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
