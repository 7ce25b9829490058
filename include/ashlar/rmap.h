/* SPDX-License-Identifier: MIT */
/* From a page, or a file, to where it is mapped. Code: mm/rmap.c, zap.c. */
#ifndef ASHLAR_RMAP_H
#define ASHLAR_RMAP_H

#include <ashlar/types.h>

struct address_space;
struct page;
struct vm_area_struct;

typedef bool rmap_fn(struct page *page, struct vm_area_struct *vma,
		     unsigned long addr, void *arg);
/* @fn for each (area, address) that maps @page, until it returns false. */
void rmap_walk(struct page *page, rmap_fn *fn, void *arg);

/*
 * Unmap a file's pages from every area that maps them, before they go.
 * @even_cows: private copies of them as well (truncation; not: a hole).
 */
void unmap_mapping_range(struct address_space *m, unsigned long first_pgoff,
			 unsigned long nr, bool even_cows);

#endif
