/* SPDX-License-Identifier: MIT */
/*
 * Memory that a device and we see alike. Which addresses a device reaches, its
 * mask says, and its boundary which multiples one transfer may not cross.
 *
 *             on a machine (mm/dma_mapping.c)   in a process (port/user/dma.c)
 *   memory    frames within reach               locked; huge pages if it
 *                                               fills them
 *   handle    where it is on the bus            its address: as VFIO maps it,
 *                                               and what io_uring takes
 */
#ifndef ASHLAR_DMA_MAPPING_H
#define ASHLAR_DMA_MAPPING_H

#include <ashlar/api.h>
#include <ashlar/gfp.h>

#define DMA_BIT_MASK(n) ((n) == 64 ? ~0ull : (1ull << (n)) - 1)

/* What a driver says of its device before the first transfer. */
struct device {
	const char *name; /* in reports; must stay */
	phys_addr_t dma_mask; /* last address of transfers; 0: none is made */
	phys_addr_t coherent_dma_mask; /* likewise, of dma_alloc_coherent() */
	unsigned long dma_boundary; /* 2^n - 1: no transfer crosses a multiple
				     * of 2^n; 0: any may be crossed */
};

#ifdef __cplusplus
extern "C" {
#endif

void *dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t *handle,
			 gfp_t gfp) ASHLAR_API(dma_alloc_coherent);
void dma_free_coherent(struct device *dev, size_t size, void *cpu_addr,
		       dma_addr_t handle) ASHLAR_API(dma_free_coherent);

/* Of a process alone: where memory is, and what io_uring knows it as. */
ASHLAR_PUBLIC int ashlar_dma_phys(const void *p, phys_addr_t *phys);
ASHLAR_PUBLIC int ashlar_dma_register(int ring);
ASHLAR_PUBLIC int ashlar_dma_index(const void *p);

#ifdef __cplusplus
}
#endif

#endif
