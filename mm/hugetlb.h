/* SPDX-License-Identifier: MIT */
/* Huge pages of a pool, to mm/. From low to high: hugetlb_resv.c (sets of pages
 * of a file), hugetlb.c (the pool), hugetlb_vma.c (who may count on what),
 * hugetlb_fault.c (entries), hugetlb_file.c (files). */
#ifndef ASHLAR_MM_HUGETLB_H
#define ASHLAR_MM_HUGETLB_H

#include <ashlar/atomic.h>
#include <ashlar/fault.h>
#include <ashlar/hugetlb.h>
#include <ashlar/list.h>
#include <ashlar/mmap.h>
#include <mach/spinlock.h>

/* ---- hugetlb_resv.c ---- */

struct resv_map {
	spinlock_t lock;
	atomic_t refs;
	struct list_head regions; /* by number; they do not touch */
	struct list_head spare; /* regions that stand for nothing */
	unsigned long nr_spare;
	unsigned long adds_in_progress; /* spare ones that are spoken for */
	struct hugepage_subpool *spool; /* of a file's; or NULL */
};

struct resv_map *resv_map_alloc(void);
void resv_map_get(struct resv_map *map);
void resv_map_put(struct resv_map *map);
long region_chg(struct resv_map *map, unsigned long from, unsigned long to);
long region_add(struct resv_map *map, unsigned long from, unsigned long to);
void region_abort(struct resv_map *map);
long region_del(struct resv_map *map, unsigned long from, unsigned long to);
long region_count(struct resv_map *map, unsigned long from, unsigned long to);

/* ---- hugetlb.c ---- */

/* What a page that is wanted may be taken for. */
enum hugetlb_claim {
	CLAIM_FREE, /* none that is promised to others */
	CLAIM_RESERVED, /* the one that was promised to the caller */
};

struct page *hugetlb_take_page(enum hugetlb_claim claim,
			       struct hugepage_subpool *spool);
int hugetlb_acct_memory(long delta);
long hugepage_subpool_get_pages(struct hugepage_subpool *spool, long delta);
long hugepage_subpool_put_pages(struct hugepage_subpool *spool, long delta);

/* ---- hugetlb_vma.c ---- */

/* The file's map of what is promised, or is there. */
static inline struct resv_map *inode_resv_map(const struct address_space *m)
{
	return m->private_data;
}

/* The number of the page at @addr in the area's file. */
static inline unsigned long
vma_hugecache_offset(const struct vm_area_struct *vma, unsigned long addr)
{
	return (vma->vm_pgoff >> HPAGE_PMD_ORDER) +
	       ((addr - vma->vm_start) >> PGDIR_SHIFT);
}

struct page *alloc_hugetlb_page(struct vm_area_struct *vma,
				unsigned long index);
void put_new_hugetlb_page(struct vm_area_struct *vma, unsigned long index,
			  struct page *page);
bool vma_is_resv_owner(const struct vm_area_struct *vma);
bool vma_is_resv_unmapped(const struct vm_area_struct *vma);
void vma_set_resv_unmapped(struct vm_area_struct *vma);
void hugetlb_dup_vma_private(struct vm_area_struct *vma);
void clear_vma_resv_huge_pages(struct vm_area_struct *vma);
bool hugetlb_reserve_pages(struct address_space *m, unsigned long from,
			   unsigned long to, struct vm_area_struct *vma,
			   u32 vm_flags);
void hugetlb_unreserve_pages(struct address_space *m, unsigned long from,
			     long freed);
struct page *hugetlb_find_page(struct address_space *m, unsigned long index);
int hugetlb_add_to_page_cache(struct address_space *m, struct page *page,
			      unsigned long index);

/* ---- hugetlb_fault.c ---- */

vm_fault_t hugetlb_fault(struct vm_area_struct *vma, unsigned long addr,
			 unsigned int flags);
void hugetlb_zap_range(struct vm_area_struct *vma, unsigned long start,
		       unsigned long end);
void hugetlb_copy_range(struct vm_area_struct *dst, struct vm_area_struct *src);
void hugetlb_unmap_file(struct address_space *m, unsigned long first,
			unsigned long past);
void clear_hugetlb_page(struct page *head);

#endif
