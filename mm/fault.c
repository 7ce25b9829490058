/* SPDX-License-Identifier: MIT */
/*
 * Faults: how what an area promises becomes true, page by page.
 *
 * A fault is one of
 *   first read of anonymous memory    the zero page, read-only
 *   first write                       a cleared frame
 *   first read, or any of shared      the file's pages around it that are
 *                                     cached; else the one page, read in
 *   first write of a private file     a copy of the file's page
 *   write to a read-only entry        a copy, or, where nobody else has the
 *                                     page, the same page made writable
 *   below a stack                     the stack grows, then as above
 *   an entry that is not present      the page it tells of (swap_fault.c)
 *   huge pages                        mm/huge_memory.c, mm/hugetlb_fault.c
 *
 * An anonymous page with PG_anon_exclusive belongs to one entry; fork takes
 * the flag away. Without it a write looks whether it holds the only reference
 * and, if so, puts the flag back instead of copying.
 *
 * Locks: nothing sleeps under page_table_lock, so a fault first gets what it
 * needs (a table, a page, its contents), and then looks again whether the
 * entry is still as it was.
 *
 * A file's page that is truncated leaves the cache first (->mapping = 0), and
 * is unmapped then. A fault that got it in between looks at ->mapping under
 * the lock: either the fault comes first and the page is unmapped again, or
 * it sees that the page is gone.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/gfp.h>
#include <ashlar/highmem.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/mmzone.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <ashlar/userfaultfd.h>
#include <ashlar/vmstat.h>
#include <ashlar/xarray.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "huge_memory.h"
#include "hugetlb.h"
#include "internal.h"
#include "lru.h"
#include "pgtable.h"
#include "rmap.h"
#include "swapfile.h"
#include "vma.h"

#define FAULT_AROUND 16ul /* pages of a file mapped by one fault */

vm_fault_t (*vm_userfault)(struct vm_area_struct *vma, unsigned long addr,
			   unsigned int flags);

/* ---- putting pages in ---- */

/*
 * True if the entry is still empty and may be filled. It may not in a space
 * whose pages the OOM killer took: a new page must not stand for a lost one.
 */
static inline bool pte_still_none(const struct vm_area_struct *vma,
				  const pte_t *pte)
{
	return pte_none(*pte) && likely(!vma->vm_mm->oom_reaped);
}

/* Map a new page that only the caller knows. page_table_lock. */
static void map_anon_page(struct vm_area_struct *vma, unsigned long addr,
			  pte_t *pte, struct page *page)
{
	pte_t entry = pte_mkdirty(mk_pte(page, vma->vm_page_prot));

	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	if (likely(vma->vm_flags & VM_WRITE))
		entry = pte_mkwrite(entry);
	page->mapping = (unsigned long)vma->anon_vma | PAGE_MAPPING_ANON;
	page->index = linear_page_index(vma, addr);
	atomic_set(&page->_mapcount, 1);
	vma->vm_mm->rss_anon++;
	inc_node_page_state(NR_ANON_MAPPED);
	set_pte(pte, entry);
	lru_add_new_anon(page, PG_uptodate | PG_anon_exclusive);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_ptes(pte, pte + 1, true);
}

/*
 * A page of the cache; takes over the caller's reference. If the area is locked
 * the caller locks the entry. page_table_lock.
 */
static __always_inline void map_file_page(struct vm_area_struct *vma,
					  pte_t *pte, struct page *page)
{
	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	if (page->pflags & PG_swapbacked)
		vma->vm_mm->rss_shmem++;
	else
		vma->vm_mm->rss_file++;
	if (atomic_add_return(1, &page->_mapcount) == 1)
		inc_node_page_state(NR_FILE_MAPPED);
	set_pte(pte, mk_pte(page, vma->vm_page_prot));
}

/**
 * set_pte_range() - for ->map_pages: map what is cached and not yet mapped
 * @pages: slots of the page cache; a NULL or a value is skipped
 * @first_pgoff: page of the file in pages[0]
 * @nr: slots
 *
 * Context: page_table_lock, as ->map_pages() is called, and the lock of the
 * page cache.
 */
void set_pte_range(struct vm_fault *vmf, struct page **pages,
		   unsigned long first_pgoff, unsigned int nr)
{
	struct vm_area_struct *vma = vmf->vma;
	pte_t *first = vmf->pte - (long)(vmf->pgoff - first_pgoff);
	pte_t *pte, *last = first + nr;
	struct page *page;

	for (pte = first; pte < last; pte++, pages++) {
		page = *pages;
		if (!page || xa_is_value(page) || !pte_none(*pte))
			continue;
		if ((page->pflags & (PG_uptodate | PG_locked | PG_readahead)) !=
		    PG_uptodate)
			continue;
		get_page(page);
		map_file_page(vma, pte, page);
	}
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_ptes(first, last, true);
}

/* ---- missing pages ---- */

static void map_zero_page(struct vm_area_struct *vma, pte_t *pte)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t entry = pte_mkspecial(pfn_pte(zero_pfn, vma->vm_page_prot));

	spin_lock(&mm->page_table_lock);
	if (likely(pte_still_none(vma, pte)))
		set_pte(pte, entry);
	spin_unlock(&mm->page_table_lock);
}

/* A first access to anonymous memory. */
static vm_fault_t do_anonymous_page(struct vm_area_struct *vma,
				    unsigned long addr, pte_t *pte,
				    unsigned int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	struct page *page;

	if (!(flags & FAULT_FLAG_WRITE)) {
		map_zero_page(vma, pte);
		return 0;
	}
	if (unlikely(anon_vma_prepare(vma)))
		return VM_FAULT_OOM;
	page = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	if (unlikely(!page))
		return VM_FAULT_OOM;
	clear_user_highpage(page, addr);
	spin_lock(&mm->page_table_lock);
	if (likely(pte_still_none(vma, pte))) {
		map_anon_page(vma, addr, pte, page);
		page = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	if (unlikely(page)) /* another thread was faster */
		put_page(page);
	return 0;
}

/**
 * insert_anon_page() - put a page, or zeroes, where there is nothing
 * @vma: anonymous
 * @page: filled, with one reference, which is taken over; NULL: the zero page
 *
 * Context: mmap_lock; may sleep. Return: 0, -EEXIST or -ENOMEM.
 */
int insert_anon_page(struct vm_area_struct *vma, unsigned long addr,
		     struct page *page)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t *pte = pte_alloc(mm, addr);
	int err = -EEXIST;

	if (!pte || (page && anon_vma_prepare(vma)))
		return -ENOMEM;
	spin_lock(&mm->page_table_lock);
	if (pte_still_none(vma, pte)) {
		if (page)
			map_anon_page(vma, addr, pte, page);
		else
			set_pte(pte, pte_mkspecial(pfn_pte(zero_pfn,
							   vma->vm_page_prot)));
		err = 0;
	}
	spin_unlock(&mm->page_table_lock);
	return err;
}

/*
 * Map the cached pages of the file around the fault. Return: true if the
 * fault's own entry is filled now, by us or by another thread.
 */
static bool do_fault_around(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long index = pte_index(vmf->address);
	unsigned long before = min(vmf->pgoff % FAULT_AROUND, index);
	unsigned long after = min(FAULT_AROUND - vmf->pgoff % FAULT_AROUND,
				  PTRS_PER_PTE - index);
	bool done;

	before = min(before, vmf->pgoff - vma->vm_pgoff);
	after = min(after, vma->vm_pgoff + vma_pages(vma) - vmf->pgoff);
	spin_lock(&vma->vm_mm->page_table_lock);
	if (pte_still_none(vma, vmf->pte))
		vma->vm_ops->map_pages(vmf, vmf->pgoff - before,
				       vmf->pgoff + after);
	done = !pte_none(*vmf->pte);
	spin_unlock(&vma->vm_mm->page_table_lock);
	return done;
}

/*
 * True if what ->fault() found can be mapped: the entry is still empty, and the
 * page still its file's. If not, the access is tried again. page_table_lock.
 */
static inline bool fault_is_due(const struct vm_fault *vmf)
{
	return pte_still_none(vmf->vma, vmf->pte) &&
	       likely(READ_ONCE(vmf->page->mapping)); /* not truncated */
}

void (*vma_file_written)(struct file *file);

/*
 * A shared page of a file is written to by way of an entry that did not allow
 * it: whoever looks at the file learns of it, by its times. (An entry that a
 * read has made writable tells of no write until it goes, on Linux as well.)
 */
static void tell_file_written(const struct vm_area_struct *vma)
{
	if (vma->vm_file && vma_file_written)
		vma_file_written(vma->vm_file);
}

/* The same of a file in RAM alone, whose page is found dirty then. */
static void dirty_shared_page(const struct vm_area_struct *vma,
			      struct page *page)
{
	set_page_flags(page, PG_dirty);
	tell_file_written(vma);
}

/*
 * A store into a page of a file that has a disk below it: the entry allows it
 * once the page is dirty, and all of that with the page locked, so that it is
 * not cleaned in between.
 */
static vm_fault_t do_shared_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *page;
	vm_fault_t ret, why;
	bool due;

	ret = vma->vm_ops->fault(vmf);
	if (unlikely(ret & VM_FAULT_ERROR))
		return ret;
	page = vmf->page;
	why = vma->vm_ops->page_mkwrite(vmf);
	if (unlikely(why)) {
		put_page(page);
		return ret | (why & VM_FAULT_ERROR);
	}
	spin_lock(&vma->vm_mm->page_table_lock);
	due = fault_is_due(vmf);
	if (likely(due)) {
		map_file_page(vma, vmf->pte, page);
		set_pte(vmf->pte, pte_mkwrite(pte_mkdirty(*vmf->pte)));
		tell_file_written(vma);
	}
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_ptes(vmf->pte, vmf->pte + 1, true);
	spin_unlock(&vma->vm_mm->page_table_lock);
	unlock_page(page);
	if (unlikely(!due))
		put_page(page);
	return ret;
}

/* The file's page itself: any read, and a write to what is shared. */
static vm_fault_t do_file_page(struct vm_fault *vmf)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	bool write = vmf->flags & FAULT_FLAG_WRITE;
	vm_fault_t ret;
	bool due;

	if (!write && vmf->vma->vm_ops->map_pages && do_fault_around(vmf))
		return 0;
	ret = vmf->vma->vm_ops->fault(vmf);
	if (unlikely(ret & VM_FAULT_ERROR))
		return ret;
	spin_lock(&mm->page_table_lock);
	due = fault_is_due(vmf);
	if (likely(due)) {
		map_file_page(vmf->vma, vmf->pte, vmf->page);
		if (write)
			dirty_shared_page(vmf->vma, vmf->page);
	}
	if (unlikely(vmf->vma->vm_flags & VM_LOCKED))
		mlock_ptes(vmf->pte, vmf->pte + 1, true);
	spin_unlock(&mm->page_table_lock);
	if (unlikely(!due))
		put_page(vmf->page);
	return ret;
}

/* A copy of the file's page for a write to what is private. */
static vm_fault_t do_cow_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *copy;
	vm_fault_t ret;

	if (unlikely(anon_vma_prepare(vma)))
		return VM_FAULT_OOM;
	copy = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	if (unlikely(!copy))
		return VM_FAULT_OOM;
	ret = vma->vm_ops->fault(vmf);
	if (unlikely(ret & VM_FAULT_ERROR)) {
		put_page(copy);
		return ret;
	}
	copy_user_highpage(copy, vmf->page, vmf->address);
	spin_lock(&vma->vm_mm->page_table_lock);
	if (likely(fault_is_due(vmf))) {
		map_anon_page(vma, vmf->address, vmf->pte, copy);
		copy = NULL;
	}
	spin_unlock(&vma->vm_mm->page_table_lock);
	if (unlikely(copy))
		put_page(copy);
	put_page(vmf->page);
	return ret;
}

static vm_fault_t do_fault(struct vm_area_struct *vma, unsigned long addr,
			   pte_t *pte, unsigned int flags)
{
	struct vm_fault vmf = {
		.vma = vma,
		.address = addr,
		.pgoff = linear_page_index(vma, addr),
		.flags = flags,
		.pte = pte,
	};

	if ((flags & FAULT_FLAG_WRITE) && !(vma->vm_flags & VM_SHARED))
		return do_cow_page(&vmf);
	if ((flags & FAULT_FLAG_WRITE) && vma->vm_ops->page_mkwrite)
		return do_shared_fault(&vmf);
	return do_file_page(&vmf);
}

/* ---- writes to what is read-only ---- */

/* @entry, for @page, has been replaced and flushed. page_table_lock. */
static void page_unmapped(struct mm_struct *mm, pte_t entry, struct page *page)
{
	if (unlikely(pte_mlocked(entry)))
		munlock_page(page);
	page_remove_rmap(mm, page);
}

/*
 * Put @copy where @entry is, if it still is there. Return: the page whose
 * reference is left over, or NULL.
 */
static struct page *replace_page(struct vm_area_struct *vma, unsigned long addr,
				 pte_t *pte, pte_t entry, struct page *old,
				 struct page *copy)
{
	struct mm_struct *mm = vma->vm_mm;

	spin_lock(&mm->page_table_lock);
	if (likely(pte_same(*pte, entry))) {
		pte_clear(pte); /* no CPU sees the old page beside the new */
		flush_tlb_page(mm, addr);
		map_anon_page(vma, addr, pte, copy);
		if (old)
			page_unmapped(mm, entry, old);
		copy = old;
	}
	spin_unlock(&mm->page_table_lock);
	return copy;
}

/*
 * A copy in place of a private page that others have, too, or of the zero
 * page (@old is NULL). Takes over a reference to @old.
 */
static vm_fault_t wp_page_copy(struct vm_area_struct *vma, unsigned long addr,
			       pte_t *pte, pte_t entry, struct page *old)
{
	vm_fault_t ret = VM_FAULT_OOM;
	struct page *copy;

	if (unlikely(anon_vma_prepare(vma)))
		goto out;
	copy = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	if (unlikely(!copy))
		goto out;
	if (old)
		copy_user_highpage(copy, old, addr);
	else
		clear_user_highpage(copy, addr);
	if (old && PageKsm(old))
		count_vm_event(COW_KSM);
	copy = replace_page(vma, addr, pte, entry, old, copy);
	if (copy)
		put_page(copy);
	if (old)
		free_swap_cache(old);
	ret = 0;
out:
	if (old)
		put_page(old);
	return ret;
}

/*
 * True if the entry's reference to a page is the only one, but for one of the
 * swap cache, which goes. page_table_lock.
 */
static bool is_sole_owner(struct page *page)
{
	int refs = atomic_read(&page->_refcount);

	if (likely(refs == 1))
		return true;
	if (refs != 2 || !PageSwapCache(page) || !trylock_page(page))
		return false;
	try_to_free_swap(page);
	refs = atomic_read(&page->_refcount);
	unlock_page(page);
	return refs == 1;
}

/* True if what the entry maps may be written to as it is. page_table_lock. */
static inline bool wp_can_reuse(const struct vm_area_struct *vma, pte_t entry)
{
	struct page *page;

	if (vma->vm_flags & VM_SHARED)
		return true;
	if (pte_special(entry))
		return false;
	page = pte_page(entry);
	if (!PageAnon(page))
		return false;
	if (!(page->pflags & PG_anon_exclusive)) {
		if (PageKsm(page) || !is_sole_owner(page))
			return false;
		set_page_flags(page, PG_anon_exclusive);
	}
	count_vm_event(PGREUSE);
	return true;
}

/*
 * The first store, or the first since the page was cleaned, into a page of a
 * file that has a disk below it. Takes over a reference to @page.
 */
static vm_fault_t wp_page_shared(struct vm_area_struct *vma, unsigned long addr,
				 pte_t *pte, pte_t entry, struct page *page)
{
	struct vm_fault vmf = {
		.vma = vma,
		.address = addr,
		.pgoff = linear_page_index(vma, addr),
		.flags = FAULT_FLAG_WRITE,
		.pte = pte,
		.page = page,
	};
	vm_fault_t why = vma->vm_ops->page_mkwrite(&vmf);

	if (likely(!why)) {
		spin_lock(&vma->vm_mm->page_table_lock);
		if (likely(pte_same(*pte, entry))) {
			entry = pte_mkdirty(pte_mkyoung(entry));
			set_pte(pte, pte_mkwrite(entry));
			flush_tlb_page(vma->vm_mm, addr);
			tell_file_written(vma);
		}
		spin_unlock(&vma->vm_mm->page_table_lock);
		unlock_page(page);
	}
	put_page(page);
	return why & VM_FAULT_ERROR;
}

/* Write to an entry that forbids it, in an area that allows it. */
static vm_fault_t do_wp_page(struct vm_area_struct *vma, unsigned long addr,
			     pte_t *pte, pte_t entry)
{
	struct mm_struct *mm = vma->vm_mm;
	struct page *old = NULL;

	spin_lock(&mm->page_table_lock);
	if (unlikely(!pte_same(*pte, entry))) { /* it has changed */
		spin_unlock(&mm->page_table_lock);
		return 0;
	}
	if (unlikely(vma->vm_flags & VM_SHARED) && vma->vm_ops &&
	    vma->vm_ops->page_mkwrite) {
		old = pte_page(entry);
		get_page(old);
		spin_unlock(&mm->page_table_lock);
		return wp_page_shared(vma, addr, pte, entry, old);
	}
	if (wp_can_reuse(vma, entry)) {
		entry = pte_mkdirty(pte_mkyoung(entry));
		if (likely(vma->vm_flags & VM_WRITE))
			entry = pte_mkwrite(entry);
		set_pte(pte, entry);
		flush_tlb_page(mm, addr);
		if ((vma->vm_flags & VM_SHARED) && !pte_special(entry))
			dirty_shared_page(vma, pte_page(entry));
		spin_unlock(&mm->page_table_lock);
		return 0;
	}
	if (!pte_special(entry)) {
		old = pte_page(entry);
		get_page(old);
	}
	spin_unlock(&mm->page_table_lock);
	return wp_page_copy(vma, addr, pte, entry, old);
}

/* ---- faults ---- */

/* Handle a missing page that a program provides. */
static vm_fault_t do_foreign_page(struct vm_area_struct *vma,
				  unsigned long addr, unsigned int flags)
{
	if (vma->vm_flags & VM_PFNMAP || flags & FAULT_FLAG_NOWAIT)
		return VM_FAULT_SIGBUS;
	return vm_userfault(vma, addr, flags);
}

/**
 * handle_mm_fault() - make an access possible that the area allows
 * @addr: rounded down to its page
 * @flags: FAULT_FLAG_*
 *
 * Context: mmap_lock; may sleep. Return: VM_FAULT_*; 0 may also mean that the
 * access should be tried again.
 */
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long addr,
			   unsigned int flags)
{
	pgd_t *pgd = pgd_offset(vma->vm_mm, addr);
	pte_t *pte, entry;

	if (unlikely(is_vm_hugetlb_page(vma)))
		return hugetlb_fault(vma, addr, flags);
	if (unlikely(pgd_none(*pgd)) &&
	    do_huge_anonymous_page(vma, addr, flags))
		return 0;
	pte = pte_alloc(vma->vm_mm, addr);
	if (unlikely(!pte))
		return VM_FAULT_OOM;
	entry = *pte;
	if (pte_none(entry)) {
		if (likely(vma_is_anonymous(vma))) {
			if (unlikely(vma->vm_flags &
				     (VM_PFNMAP | VM_UFFD_MISSING)))
				return do_foreign_page(vma, addr, flags);
			return do_anonymous_page(vma, addr, pte, flags);
		}
		return do_fault(vma, addr, pte, flags);
	}
	if (unlikely(!pte_present(entry)))
		return do_swap_page(vma, addr, pte, entry,
				    flags & FAULT_FLAG_WRITE);
	if ((flags & FAULT_FLAG_WRITE) && !pte_write(entry)) {
		if (likely(!pte_huge(entry)))
			return do_wp_page(vma, addr, pte, entry);
		do_huge_wp_page(vma, addr);
		return 0;
	}
	flush_tlb_page(vma->vm_mm, addr); /* the TLB was behind */
	return 0;
}

static inline bool access_error(u32 vm_flags, unsigned int flags)
{
	if (flags & FAULT_FLAG_WRITE)
		return !(vm_flags & VM_WRITE);
	return !(vm_flags & VM_ACCESS_FLAGS);
}

/**
 * grow_stack_to() - let the stack grow below which a fault was
 *
 * Context: mmap_lock for read, here let go and taken again. Return: the area at
 * @addr now, or NULL.
 */
struct vm_area_struct *grow_stack_to(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;

	up_read(&mm->mmap_lock);
	down_write(&mm->mmap_lock);
	vma = find_vma(mm, addr); /* it may be another one by now */
	if (vma && vma->vm_start > addr &&
	    (!(vma->vm_flags & VM_GROWSDOWN) || expand_stack(vma, addr)))
		vma = NULL;
	downgrade_write(&mm->mmap_lock);
	return vma;
}

/**
 * handle_page_fault() - a fault of a program, or of a copy on its behalf
 * @mm: its address space
 * @addr: any byte of it, below TASK_SIZE
 * @flags: FAULT_FLAG_*
 *
 * Context: takes mmap_lock for read; may sleep. Return: 0: try the access
 * again; VM_FAULT_SIGSEGV or _ACCERR: the program's mistake; VM_FAULT_SIGBUS:
 * past the end of a file; VM_FAULT_OOM.
 */
vm_fault_t handle_page_fault(struct mm_struct *mm, unsigned long addr,
			     unsigned int flags)
{
	struct vm_area_struct *vma;
	vm_fault_t ret;

	count_vm_event(PGFAULT);
	vma = lock_vma_at_fault(mm, addr);
	if (unlikely(!vma))
		ret = VM_FAULT_SIGSEGV;
	else if (unlikely(access_error(vma->vm_flags, flags)))
		ret = VM_FAULT_ACCERR;
	else
		ret = handle_mm_fault(vma, addr & PAGE_MASK, flags);
	up_read(&mm->mmap_lock);
	if (unlikely(ret & VM_FAULT_MAJOR))
		count_vm_event(PGMAJFAULT);
	return ret;
}
