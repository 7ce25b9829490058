/* SPDX-License-Identifier: MIT */
/*
 * RAM before the buddy system exists. In a process all of this is done when
 * the first allocation returns. The functions are named in libashlar(3).
 */
#ifndef ASHLAR_MEMBLOCK_H
#define ASHLAR_MEMBLOCK_H

#include <ashlar/api.h>

#ifdef __cplusplus
extern "C" {
#endif

int memblock_add(phys_addr_t base, phys_addr_t size) ASHLAR_API(memblock_add);
int memblock_remove(phys_addr_t base, phys_addr_t size)
	ASHLAR_API(memblock_remove);
int memblock_reserve(phys_addr_t base, phys_addr_t size)
	ASHLAR_API(memblock_reserve);
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end)
	ASHLAR_API(memblock_phys_alloc_range);
void *memblock_alloc(phys_addr_t size, phys_addr_t align)
	ASHLAR_API(memblock_alloc);
int memblock_phys_free(phys_addr_t base, phys_addr_t size)
	ASHLAR_API(memblock_phys_free);
bool memblock_is_memory(phys_addr_t addr) ASHLAR_API(memblock_is_memory);
bool memblock_is_reserved(phys_addr_t addr) ASHLAR_API(memblock_is_reserved);
phys_addr_t memblock_start_of_DRAM(void) ASHLAR_API(memblock_start_of_DRAM);
phys_addr_t memblock_end_of_DRAM(void) ASHLAR_API(memblock_end_of_DRAM);
void free_area_init(const unsigned long *max_zone_pfn)
	ASHLAR_API(free_area_init);
void memblock_free_all(void) ASHLAR_API(memblock_free_all);
int memblock_validate(void) ASHLAR_API(memblock_validate);

#ifdef __cplusplus
}
#endif

#endif
