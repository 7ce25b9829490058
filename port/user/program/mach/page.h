/* SPDX-License-Identifier: MIT */
/*
 * Frames and addresses, as a program that uses the library sees them: a call
 * (port/user/program.c) where the core itself has arithmetic on variables of
 * its own, for a program must not share a library's variables.
 */
#ifndef ASHLAR_MACH_PAGE_H
#define ASHLAR_MACH_PAGE_H

#include <ashlar/mm_types.h>

#ifdef __cplusplus
extern "C" {
#endif

unsigned long virt_to_pfn(const void *addr) __api(virt_to_pfn);
void *pfn_to_virt(unsigned long pfn) __api(pfn_to_virt);
bool virt_addr_valid(const void *addr) __api(virt_addr_valid);
struct page *port_mem_map_start(void) __api(port_mem_map_start);

#ifdef __cplusplus
}
#endif

#define port_mem_map port_mem_map_start()

#endif
