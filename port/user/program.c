/* SPDX-License-Identifier: MIT */
/*
 * What the inline functions of the installed headers stand on. In here
 * <mach/page.h> is the core's, with the same names as inline functions; a
 * program gets program/mach/page.h, where they are these.
 */
#include <ashlar/compiler.h>
#include <mach/page.h>

unsigned long program_virt_to_pfn(const void *addr) __api(virt_to_pfn);
void *program_pfn_to_virt(unsigned long pfn) __api(pfn_to_virt);
bool program_virt_addr_valid(const void *addr) __api(virt_addr_valid);
struct page *program_mem_map(void) __api(port_mem_map_start);

/** virt_to_pfn - the frame that @addr lies in; only for valid addresses. */
unsigned long program_virt_to_pfn(const void *addr)
{
	return virt_to_pfn(addr);
}

/** pfn_to_virt - the address of the first byte of frame @pfn. */
void *program_pfn_to_virt(unsigned long pfn)
{
	return pfn_to_virt(pfn);
}

/** virt_addr_valid - does @addr lie in a frame? Any value may be asked. */
bool program_virt_addr_valid(const void *addr)
{
	return virt_addr_valid(addr);
}

/** port_mem_map_start - the descriptor of frame 0. */
struct page *program_mem_map(void)
{
	return port_mem_map;
}
