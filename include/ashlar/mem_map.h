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
#ifndef port_free_mark
#define port_free_mark() ((void *)frame_ids())
#define port_free_mark_place (&port_slab_ids)
#endif
#ifndef frame_id_of
#define frame_id_of(addr) ((unsigned long)frame_ids()[virt_to_pfn(addr)])
#endif
#ifndef class_words_end
#define class_words_end() ((u64 *)frame_ids())
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
