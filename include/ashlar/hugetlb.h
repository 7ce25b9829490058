/* SPDX-License-Identifier: MIT */
/*
 * Huge pages that programs ask for by name: a pool of blocks of 4 MB, and files
 * made of them. Pictures: mm/hugetlb.c (the pool), mm/hugetlb_vma.c (who may
 * count on which page), mm/hugetlb_fault.c, mm/hugetlb_file.c.
 *
 * A page of such a file has its number in huge pages, not in frames, as ->index
 * and in address_space::i_pages.
 */
#ifndef ASHLAR_HUGETLB_H
#define ASHLAR_HUGETLB_H

#include <ashlar/fs.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mmap.h>

#define MAP_HUGE_SHIFT 26
#define MAP_HUGE_MASK 0x3fu

/* True if the area maps such a file. */
static inline bool is_vm_hugetlb_page(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_HUGETLB;
}

/* True if the file is made of huge pages. */
static inline bool is_file_hugepages(const struct file *file)
{
	return file->f_mapping && file->f_mapping->flags & AS_HUGETLB;
}

/* True if the pool can have pages at all. */
static inline bool hugepages_supported(void)
{
	return port_has_pse;
}

/* True if @log, as MAP_HUGE_* have it, is a size that there is; 0: any. */
static inline bool hugetlb_size_is_known(unsigned int log)
{
	return !log || log == HPAGE_PMD_ORDER + PAGE_SHIFT;
}

static inline unsigned long hugetlb_align(unsigned long len)
{
	return ALIGN(len, HPAGE_PMD_SIZE);
}

/* ---- the pool, mm/hugetlb.c; counts of huge pages ---- */

struct hstate {
	unsigned long nr_huge_pages; /* all, in use or free */
	unsigned long free_huge_pages;
	unsigned long resv_huge_pages; /* promised, of those that are free */
	unsigned long surplus_huge_pages; /* go when they are freed */
	unsigned long max_huge_pages; /* as many were asked for */
	unsigned long nr_overcommit_huge_pages; /* most that are surplus */
};

void hugetlb_init(void); /* at boot */
void hugetlb_stat(struct hstate *h); /* the numbers of one moment */
/* As near to @count pages, surplus not counted, as can be. May sleep. */
void set_max_huge_pages(unsigned long count);
void set_nr_overcommit_huge_pages(unsigned long count);
/* hugepages= among the boot words: how many at boot. */
void hugetlb_boot_pages(unsigned long count);

/* ---- what a mount may have ---- */

struct hugepage_subpool {
	spinlock_t lock;
	long max_hpages; /* most that its files use or are promised; -1: all */
	long min_hpages; /* promised to the mount; -1: none */
	long used_hpages; /* what its files use or are promised */
	bool mounted;
};

/* NULL: no memory, or the pool has not got @min pages. */
struct hugepage_subpool *hugepage_new_subpool(long max, long min);
void hugepage_put_subpool(struct hugepage_subpool *spool);

/* ---- files, mm/hugetlb_file.c; 0 or -errno ---- */

/* Begin and end of a file's bytes; @spool: of its mount, or NULL. */
int hugetlb_mapping_init(struct address_space *m,
			 struct hugepage_subpool *spool, void *host);
void hugetlb_evict(struct address_space *m);
int hugetlb_setsize(struct address_space *m, loff_t size);
long hugetlb_fallocate(struct file *f, int mode, loff_t off, loff_t len);
ssize_t hugetlb_read_iter(struct file *f, struct iov_iter *to, loff_t *pos);
int hugetlb_file_mmap(struct file *f, struct vm_area_struct *vma);
/* Promise a file pages [@from, @to) before anybody maps it: true if it is. */
bool hugetlb_reserve_file(struct address_space *m, unsigned long from,
			  unsigned long to);
extern const struct vm_operations_struct hugetlb_vm_ops;

#endif
