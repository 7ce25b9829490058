/* SPDX-License-Identifier: MIT */
/* From a page to the areas that map it, to mm/. Code: mm/rmap.c. */
#ifndef ASHLAR_MM_RMAP_H
#define ASHLAR_MM_RMAP_H

#include <ashlar/compiler.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/rmap.h>
#include <mach/spinlock.h>
#include "vma.h"

/* The areas that may map an anonymous page: its first one, and forks of it. */
struct anon_vma {
	struct list_head head; /* vm_area_struct::anon_node */
	const struct mm_struct *mm; /* where it was made; maybe gone */
	unsigned int pins; /* it stays without areas (anon_vma_lock) */
};

extern spinlock_t anon_vma_lock; /* the lists of all of them */

static inline bool PageAnon(const struct page *page)
{
	return page->mapping & PAGE_MAPPING_ANON;
}

/* True if it is an anonymous page that several have by merging: mm/ksm.c. */
static inline bool PageKsm(const struct page *page)
{
	return (page->mapping & PAGE_MAPPING_KSM) == PAGE_MAPPING_KSM;
}

/* Whoever looks for a page through its object stays away from @vma. */
static inline void rmap_lock(const struct vm_area_struct *vma)
{
	struct address_space *mapping = vma_mapping(vma);

	if (mapping)
		spin_lock(&mapping->i_mmap_lock);
	if (vma->anon_vma)
		spin_lock(&anon_vma_lock);
}

static inline void rmap_unlock(const struct vm_area_struct *vma)
{
	struct address_space *mapping = vma_mapping(vma);

	if (vma->anon_vma)
		spin_unlock(&anon_vma_lock);
	if (mapping)
		spin_unlock(&mapping->i_mmap_lock);
}

/* What the entries of a page tell of its use. */
struct references {
	unsigned int nr; /* that were used since they were asked last */
	u32 vm_flags; /* of their areas */
	bool dirty; /* it was written to through one of all */
};

void rmap_init(void);
unsigned long vma_address(const struct page *page,
			  const struct vm_area_struct *vma);
bool anon_vma_maps(struct anon_vma *av, unsigned long index, struct page *page);
int __anon_vma_prepare(struct vm_area_struct *vma);
void anon_vma_link(struct vm_area_struct *vma, struct anon_vma *av);
void anon_vma_unlink(struct vm_area_struct *vma);
void page_remove_rmap(struct mm_struct *mm, struct page *page);
void page_referenced(struct page *page, struct references *r);
struct anon_vma *anon_vma_pin(const struct page *page);
bool __anon_vma_unpin(struct anon_vma *av);
void anon_vma_free(struct anon_vma *av);
void anon_vma_unpin(struct anon_vma *av);
void rmap_walk_moving(struct page *page, rmap_fn *fn, void *arg);

/* Before the first anonymous page; 0 or -ENOMEM. May sleep. */
static inline int anon_vma_prepare(struct vm_area_struct *vma)
{
	return likely(vma->anon_vma) ? 0 : __anon_vma_prepare(vma);
}

#endif
