/* SPDX-License-Identifier: MIT */
/* Frames and addresses, checks and reports that concern all of memory. */
#ifndef ASHLAR_MM_H
#define ASHLAR_MM_H

#include <ashlar/gfp.h>
#include <ashlar/mm_types.h>
#include <ashlar/seq_file.h>
#include <mach/page.h>

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

/* Bytes needed for 2^order frames; the order that holds @size bytes. */
unsigned int get_order(unsigned long size) __api(get_order);

/*
 * Re-derives every invariant of the core from scratch and compares. Returns
 * 0, or panics with the values that disagree. Takes all locks in turn; for a
 * verdict on per-CPU lists no other CPU may be running. Context: may wait.
 */
int mm_validate(void) __api(mm_validate);

/* Reports in Linux's formats, of this machine; code in mm/show_mem.c. */
void show_buddyinfo(struct seq_file *m) __api(show_buddyinfo);
void show_pagetypeinfo(struct seq_file *m) __api(show_pagetypeinfo);
void show_slabinfo(struct seq_file *m) __api(show_slabinfo);
void show_zoneinfo(struct seq_file *m) __api(show_zoneinfo);
void show_vmstat(struct seq_file *m) __api(show_vmstat);
void show_meminfo(struct seq_file *m) __api(show_meminfo);

#endif
