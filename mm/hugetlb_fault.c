/* SPDX-License-Identifier: MIT */
/*
 * Entries of areas of huge pages: each is one of the directory, and maps a page
 * of the pool, never a table.
 *
 *   first access, shared    the file's page; a cleared one joins the file
 *   first access, private   the file's page, read-only, if it has one; else a
 *                           cleared page of one's own
 *   write to what is        the page becomes writable, if it is this entry's
 *   read-only               alone; else it is copied
 *
 * The pool may have no page for a copy. An area that was promised it (the one
 * that was mapped, in the parent) takes the page that is there from those who
 * have it by fork: their next access is SIGBUS. Others get SIGBUS themselves.
 *
 * Such an area begins and ends with a huge page (mm/vma.c), so that its entries
 * need not be split, and there never is a table where one goes. They count in
 * mm->hugetlb_usage and in no rss_*.
 *
 * Locks: a fault holds the file's invalidate_lock for write, so that pages of
 * one file come one by one, and none while the file is cut. An entry changes
 * with page_table_lock.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "hugetlb.h"
#include "rmap.h"
#include "vma.h"

/* The entry of @addr. */
static pte_t *huge_pte_offset(struct mm_struct *mm, unsigned long addr)
{
	return (pte_t *)pgd_offset(mm, addr);
}

static void flush_hugetlb_tlb(struct mm_struct *mm, unsigned long addr)
{
	flush_tlb_range(mm, addr, addr + HPAGE_PMD_SIZE);
}

/* ---- a page's bytes ---- */

/** clear_hugetlb_page() - make them zeroes. Context: may sleep. */
void clear_hugetlb_page(struct page *head)
{
	unsigned long i;

	for (i = 0; i < HPAGE_PMD_NR; i++)
		clear_highpage(head + i);
}

static void copy_hugetlb_page(struct page *to, struct page *from,
			      unsigned long addr)
{
	unsigned long i;

	for (i = 0; i < HPAGE_PMD_NR; i++)
		copy_user_highpage(to + i, from + i, addr + (i << PAGE_SHIFT));
}

/* ---- entries ---- */

/* Map a page; takes over the caller's reference. page_table_lock. */
static void map_hugetlb_page(struct vm_area_struct *vma, unsigned long addr,
			     struct page *head, bool write)
{
	pte_t entry = pte_mkhuge(mk_pte(head, vma->vm_page_prot));

	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	if (write)
		entry = pte_mkwrite(pte_mkdirty(entry));
	atomic_inc(&head->_mapcount);
	vma->vm_mm->hugetlb_usage++;
	set_pte(huge_pte_offset(vma->vm_mm, addr), entry);
}

/* The opposite. Return: the page, with the entry's reference. */
static struct page *unmap_hugetlb_page(struct mm_struct *mm, unsigned long addr)
{
	struct page *head;

	lockdep_assert_held(&mm->page_table_lock);
	head = pte_page(ptep_get_and_clear(huge_pte_offset(mm, addr)));
	flush_hugetlb_tlb(mm, addr);
	mm->hugetlb_usage--;
	atomic_dec(&head->_mapcount);
	return head;
}

/* A private page that only the caller knows, to be mapped. */
static void make_private(struct page *head)
{
	head->mapping = PAGE_MAPPING_ANON;
	clear_page_flags(head, PG_private);
	set_page_flags(head, PG_uptodate | PG_anon_exclusive);
}

/* ---- taken away ---- */

/* The page at @addr, if there is one and it is not another than @only. */
static void zap_one(struct mm_struct *mm, unsigned long addr,
		    const struct page *only)
{
	pte_t *pte = huge_pte_offset(mm, addr);
	struct page *head = NULL;

	spin_lock(&mm->page_table_lock);
	if (!pte_none(*pte) && (!only || pte_page(*pte) == only))
		head = unmap_hugetlb_page(mm, addr);
	spin_unlock(&mm->page_table_lock);
	if (head)
		put_page(head);
}

/**
 * hugetlb_zap_range() - unmap pages of a part of an area
 * @start: start of a huge page, like @end
 *
 * Context: mmap_lock, or i_mmap_lock of the file; does not sleep.
 */
void hugetlb_zap_range(struct vm_area_struct *vma, unsigned long start,
		       unsigned long end)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += HPAGE_PMD_SIZE)
		zap_one(vma->vm_mm, addr, NULL);
}

/**
 * hugetlb_unmap_file() - unmap a file's pages, and private copies of them
 * @m: the file
 * @first: number of the first page
 * @past: one more than that of the last; ~0ul: all that follow
 *
 * Context: takes i_mmap_lock; does not sleep.
 */
void hugetlb_unmap_file(struct address_space *m, unsigned long first,
			unsigned long past)
{
	unsigned long base, from, to;
	struct vm_area_struct *vma;

	spin_lock(&m->i_mmap_lock);
	list_for_each_entry(vma, &m->i_mmap, shared_node) {
		base = vma_hugecache_offset(vma, vma->vm_start);
		from = max(first, base);
		to = min(past, vma_hugecache_offset(vma, vma->vm_end));
		if (from < to)
			hugetlb_zap_range(
				vma, vma->vm_start + (from - base) * PGDIR_SIZE,
				vma->vm_start + (to - base) * PGDIR_SIZE);
	}
	spin_unlock(&m->i_mmap_lock);
}

/*
 * A private page goes from all who have it by fork, to be @owner's alone. They
 * see no zeroes in its place: a fault of theirs is an error from now on.
 */
static void unmap_ref_private(struct vm_area_struct *owner, struct page *head,
			      unsigned long index)
{
	struct address_space *m = vma_mapping(owner);
	struct vm_area_struct *vma;
	unsigned long base;

	spin_lock(&m->i_mmap_lock);
	list_for_each_entry(vma, &m->i_mmap, shared_node) {
		base = vma_hugecache_offset(vma, vma->vm_start);
		if (vma == owner || (vma->vm_flags & VM_MAYSHARE) ||
		    vma_is_resv_owner(vma) || index < base ||
		    index >= vma_hugecache_offset(vma, vma->vm_end))
			continue;
		vma_set_resv_unmapped(vma);
		zap_one(vma->vm_mm, vma->vm_start + (index - base) * PGDIR_SIZE,
			head);
	}
	spin_unlock(&m->i_mmap_lock);
}

/* ---- faults ---- */

static vm_fault_t fault_of(const void *err)
{
	return PTR_ERR(err) == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
}

/* A cleared page for the area, the file's if it is shared; or ERR_PTR. */
static struct page *new_hugetlb_page(struct vm_area_struct *vma,
				     unsigned long index)
{
	struct page *head = alloc_hugetlb_page(vma, index);

	if (IS_ERR(head))
		return head;
	clear_hugetlb_page(head);
	if (!(vma->vm_flags & VM_MAYSHARE)) {
		make_private(head);
	} else if (hugetlb_add_to_page_cache(vma_mapping(vma), head, index)) {
		put_new_hugetlb_page(vma, index, head);
		return ERR_PTR(-ENOMEM);
	}
	return head;
}

/*
 * True if a page may be written to as it is: it is a shared area's, or the
 * entry's alone. page_table_lock.
 */
static bool can_write_to(const struct vm_area_struct *vma, struct page *head)
{
	if (vma->vm_flags & VM_SHARED)
		return true;
	if (!PageAnon(head))
		return false;
	if (atomic_read(&head->_refcount) == 1)
		set_page_flags(head, PG_anon_exclusive);
	return head->pflags & PG_anon_exclusive;
}

/* The entry allows writes, if the area does. page_table_lock. */
static void allow_writes(const struct vm_area_struct *vma, unsigned long addr)
{
	pte_t *pte = huge_pte_offset(vma->vm_mm, addr);
	pte_t entry = pte_mkdirty(pte_mkyoung(*pte));

	if (likely(vma->vm_flags & VM_WRITE))
		entry = pte_mkwrite(entry);
	set_pte(pte, entry);
	flush_hugetlb_tlb(vma->vm_mm, addr);
}

/*
 * A copy in place of @old, to which the caller has a reference, which is taken
 * over.
 */
static vm_fault_t hugetlb_copy(struct vm_area_struct *vma, unsigned long addr,
			       struct page *old)
{
	unsigned long index = vma_hugecache_offset(vma, addr);
	struct mm_struct *mm = vma->vm_mm;
	struct page *copy = alloc_hugetlb_page(vma, index);
	pte_t *pte = huge_pte_offset(mm, addr);

	if (IS_ERR(copy)) {
		put_page(old);
		if (!PageAnon(old) || !vma_is_resv_owner(vma))
			return fault_of(copy);
		unmap_ref_private(vma, old, index);
		return 0; /* the next try finds it its own */
	}
	copy_hugetlb_page(copy, old, addr);
	spin_lock(&mm->page_table_lock);
	if (likely(!pte_none(*pte) && pte_page(*pte) == old)) {
		put_page(unmap_hugetlb_page(mm, addr));
		make_private(copy);
		map_hugetlb_page(vma, addr, copy, vma->vm_flags & VM_WRITE);
		copy = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	if (unlikely(copy)) /* it was unmapped meanwhile */
		put_new_hugetlb_page(vma, index, copy);
	put_page(old);
	return 0;
}

/* A write to an entry that forbids it. */
static vm_fault_t hugetlb_wp(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t *pte = huge_pte_offset(mm, addr);
	struct page *head = NULL;

	spin_lock(&mm->page_table_lock);
	if (likely(!pte_none(*pte))) {
		head = pte_page(*pte);
		if (can_write_to(vma, head)) {
			allow_writes(vma, addr);
			head = NULL;
		} else {
			get_page(head);
		}
	}
	spin_unlock(&mm->page_table_lock);
	return head ? hugetlb_copy(vma, addr, head) : 0;
}

/* The first access. */
static vm_fault_t hugetlb_no_page(struct vm_area_struct *vma,
				  unsigned long addr, unsigned int flags)
{
	unsigned long index = vma_hugecache_offset(vma, addr);
	struct address_space *m = vma_mapping(vma);
	struct page *head;
	bool write;

	if (vma_is_resv_unmapped(vma) ||
	    (loff_t)index >= m->i_size >> PGDIR_SHIFT)
		return VM_FAULT_SIGBUS;
	head = hugetlb_find_page(m, index);
	if (!head)
		head = new_hugetlb_page(vma, index);
	if (IS_ERR(head))
		return fault_of(head);
	write = PageAnon(head) && (vma->vm_flags & VM_WRITE);
	spin_lock(&vma->vm_mm->page_table_lock);
	map_hugetlb_page(vma, addr, head, write);
	spin_unlock(&vma->vm_mm->page_table_lock);
	if ((flags & FAULT_FLAG_WRITE) && !write)
		return hugetlb_wp(vma, addr);
	return 0;
}

/**
 * hugetlb_fault() - make an access possible that the area allows
 * @addr: of the access
 * @flags: FAULT_FLAG_*
 *
 * Context: mmap_lock; may sleep. Return: VM_FAULT_*; 0 may also mean that the
 * access should be tried again.
 */
vm_fault_t hugetlb_fault(struct vm_area_struct *vma, unsigned long addr,
			 unsigned int flags)
{
	struct address_space *m = vma_mapping(vma);
	struct mm_struct *mm = vma->vm_mm;
	vm_fault_t ret = 0;
	pte_t entry;

	addr &= HPAGE_PMD_MASK;
	filemap_invalidate_lock(m);
	entry = *huge_pte_offset(mm, addr);
	if (pte_none(entry))
		ret = hugetlb_no_page(vma, addr, flags);
	else if ((flags & FAULT_FLAG_WRITE) && !pte_write(entry))
		ret = hugetlb_wp(vma, addr);
	else
		flush_hugetlb_tlb(mm, addr); /* the TLB was behind */
	filemap_invalidate_unlock(m);
	return ret;
}

/* ---- fork ---- */

/* The child maps what the parent does, both read-only. */
static void copy_one(struct mm_struct *dst, pte_t *to, pte_t *from)
{
	struct page *head;

	if (pte_none(*from))
		return;
	head = pte_page(*from);
	ptep_set_wrprotect(from);
	set_pte(to, pte_mkold(*from));
	get_page(head);
	atomic_inc(&head->_mapcount);
	clear_page_flags(head, PG_anon_exclusive);
	dst->hugetlb_usage++;
}

/**
 * hugetlb_copy_range() - fork: the child's entries of an area
 * @dst: the child's area
 * @src: the parent's
 *
 * What a fault can bring back from the file is left to faults. The parent's TLB
 * is the caller's to flush. Context: @src's mmap_lock for write.
 */
void hugetlb_copy_range(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	unsigned long addr;

	if (!is_cow_mapping(src->vm_flags))
		return;
	for (addr = src->vm_start; addr < src->vm_end; addr += HPAGE_PMD_SIZE) {
		spin_lock(&dst->vm_mm->page_table_lock);
		spin_lock(&src->vm_mm->page_table_lock);
		copy_one(dst->vm_mm, huge_pte_offset(dst->vm_mm, addr),
			 huge_pte_offset(src->vm_mm, addr));
		spin_unlock(&src->vm_mm->page_table_lock);
		spin_unlock(&dst->vm_mm->page_table_lock);
	}
}
