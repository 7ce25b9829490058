/* SPDX-License-Identifier: MIT */
/*
 * Descriptors by arithmetic: mem_map is one flat array over all of RAM. Ends
 * every machine's <mach/page.h>, which says where the array lies and what the
 * address of a frame is.
 */
#ifndef ASHLAR_MEM_MAP_H
#define ASHLAR_MEM_MAP_H

/* What a machine may have a shorter way to than its name. */
#ifndef frame_ids
#define frame_ids() port_slab_ids
#endif

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return port_mem_map + pfn;
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return (unsigned long)(page - port_mem_map);
}

static inline struct page *virt_to_page(const void *addr)
{
	return pfn_to_page(virt_to_pfn(addr));
}

static inline void *page_address(const struct page *page)
{
	return pfn_to_virt(page_to_pfn(page));
}

#endif
