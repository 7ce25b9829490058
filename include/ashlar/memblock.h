/* SPDX-License-Identifier: MIT */
/* RAM before the buddy system exists. Code and picture: mm/memblock.c. */
#ifndef ASHLAR_MEMBLOCK_H
#define ASHLAR_MEMBLOCK_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

typedef u64 phys_addr_t;

int memblock_add(phys_addr_t base, phys_addr_t size) __api(memblock_add);
int memblock_remove(phys_addr_t base, phys_addr_t size) __api(memblock_remove);
int memblock_reserve(phys_addr_t base, phys_addr_t size)
	__api(memblock_reserve);
phys_addr_t memblock_phys_alloc_range(phys_addr_t size, phys_addr_t align,
				      phys_addr_t start, phys_addr_t end)
	__api(memblock_phys_alloc_range);
void *memblock_alloc(phys_addr_t size, phys_addr_t align) __api(memblock_alloc);
int memblock_phys_free(phys_addr_t base, phys_addr_t size)
	__api(memblock_phys_free);
bool memblock_is_memory(phys_addr_t addr) __api(memblock_is_memory);
bool memblock_is_reserved(phys_addr_t addr) __api(memblock_is_reserved);
phys_addr_t memblock_start_of_DRAM(void) __api(memblock_start_of_DRAM);
phys_addr_t memblock_end_of_DRAM(void) __api(memblock_end_of_DRAM);
void free_area_init(const unsigned long *max_zone_pfn) __api(free_area_init);
void memblock_free_all(void) __api(memblock_free_all);
int memblock_validate(void) __api(memblock_validate);

#endif
