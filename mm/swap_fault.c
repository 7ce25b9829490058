/* SPDX-License-Identifier: MIT */
/*
 * Faults at entries that say where a page is (include/ashlar/swapops.h).
 *
 *   a page that is being moved   wait until whoever moves it unlocks it, and
 *                                try the access again
 *   a slot of a swap area        the page from the swap cache, read if it is
 *                                not there, is mapped; the slot loses an owner
 *
 * A page that was the entry's alone is so again (PG_anon_exclusive), and may be
 * written to at once. It keeps its slot, so that it need not be written again
 * if nobody changes it, until half of all slots are in use.
 *
 * The processor notes the access that faulted as a use. That is forgotten a
 * few such faults later, when its burst is over: so reclaim sees whether the
 * page is used again (mm_struct::swapped_in).
 *
 * Locks: mmap_lock is held. The page's lock is waited for; then the entry is
 * looked at again under page_table_lock.
 */
#include <ashlar/atomic.h>
#include <ashlar/fault.h>
#include <ashlar/gfp.h>
#include <ashlar/highmem.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <ashlar/swap.h>
#include <ashlar/swapops.h>
#include <ashlar/vmstat.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "internal.h"
#include "ksm.h"
#include "lru.h"
#include "pgtable.h"
#include "rmap.h"
#include "swapfile.h"
#include "vma.h"

/**
 * migration_entry_wait() - until a page that is being moved may have arrived
 * @pte: its entry
 *
 * The wait takes no reference, which would keep the page from being moved. It
 * may end early. Context: mmap_lock; may sleep.
 */
void migration_entry_wait(struct mm_struct *mm, pte_t *pte)
{
	const struct page *page = NULL;
	swp_entry_t entry;

	might_sleep();
	spin_lock(&mm->page_table_lock);
	entry = pte_to_swp_entry(*pte);
	if (is_swap_pte(*pte) && is_migration_entry(entry))
		page = migration_entry_to_page(entry);
	if (page && !PageLocked(page))
		page = NULL;
	spin_unlock(&mm->page_table_lock);
	if (page)
		port_wait(page);
}

/* True if slots are to be given up as soon as their pages are in memory. */
static bool vm_swap_full(void)
{
	return READ_ONCE(nr_swap_pages) * 2 < READ_ONCE(total_swap_pages);
}

/*
 * True if nobody else has the page, nor will find it: the references are the
 * cache's and the caller's. Its lock is held.
 */
static bool is_mine_alone(const struct page *page, swp_entry_t entry)
{
	return !atomic_read(&page->_mapcount) && !swp_swapcount(entry) &&
	       atomic_read(&page->_refcount) == 2;
}

/* @addr has its page back; one that had it before is no longer in its first
 * use. page_table_lock. */
static void note_swapped_in(struct mm_struct *mm, unsigned long addr)
{
	unsigned long *last = &mm->swapped_in[mm->nr_swapped_in++ % SWAPPED_IN];
	pte_t *pte = *last ? pte_lookup(mm, *last) : NULL;
	pte_t entry = pte ? *pte : __pte(0);

	if (pte_present(entry) && !pte_huge(entry) && pte_young(entry)) {
		ptep_modify(pte, entry, pte_mkold(entry));
		flush_tlb_page(mm, *last);
	}
	*last = addr;
}

/*
 * Map the page in place of the entry, which loses the slot. The page is locked.
 * page_table_lock.
 */
static void map_swapped_page(struct vm_area_struct *vma, unsigned long addr,
			     pte_t *pte, struct page *page, bool write)
{
	swp_entry_t entry = pte_to_swp_entry(*pte);
	pte_t new = mk_pte(page, vma->vm_page_prot);
	bool mine = pte_swp_exclusive(*pte);

	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	swap_free(entry);
	mine = !PageKsm(page) && (mine || is_mine_alone(page, entry));
	if (mine) {
		set_page_flags(page, PG_anon_exclusive);
		if (vma->vm_flags & VM_WRITE)
			new = pte_mkwrite(new);
		if (write)
			new = pte_mkdirty(new);
	}
	if (!atomic_read(&page->_mapcount)) {
		if (likely(!PageKsm(page))) {
			page->mapping = (unsigned long)vma->anon_vma |
					PAGE_MAPPING_ANON;
			page->index = linear_page_index(vma, addr);
		}
		inc_node_page_state(NR_ANON_MAPPED);
	}
	get_page(page);
	atomic_inc(&page->_mapcount);
	vma->vm_mm->rss_anon++;
	vma->vm_mm->swap_ents--;
	set_pte(pte, new);
	note_swapped_in(vma->vm_mm, addr);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_ptes(pte, pte + 1, true);
	if (vm_swap_full() || (vma->vm_flags & VM_LOCKED) ||
	    !swp_info(entry)->writeok)
		try_to_free_swap(page);
}

/*
 * The same with a copy, that only the caller knows, of a page that others
 * have: it had been merged.
 */
static void map_swapped_copy(struct vm_area_struct *vma, unsigned long addr,
			     pte_t *pte, struct page *copy)
{
	pte_t new = pte_mkdirty(mk_pte(copy, vma->vm_page_prot));

	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	swap_free(pte_to_swp_entry(*pte));
	vma->vm_mm->swap_ents--;
	copy->mapping = (unsigned long)vma->anon_vma | PAGE_MAPPING_ANON;
	copy->index = linear_page_index(vma, addr);
	atomic_set(&copy->_mapcount, 1);
	inc_node_page_state(NR_ANON_MAPPED);
	vma->vm_mm->rss_anon++;
	if (vma->vm_flags & VM_WRITE)
		new = pte_mkwrite(new);
	set_pte(pte, new);
	lru_add_new_anon(copy, PG_uptodate | PG_anon_exclusive);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_ptes(pte, pte + 1, true);
	count_vm_event(KSM_SWPIN_COPY);
}

/* A copy of a page that is locked, and uptodate; NULL: no memory. */
static __cold_path struct page *copy_swapped_page(struct page *page,
						  unsigned long addr)
{
	struct page *copy = alloc_user_page(GFP_HIGHUSER_MOVABLE);

	if (copy)
		copy_user_highpage(copy, page, addr);
	return copy;
}

/* The page of a slot is there, and locked. Return: as handle_mm_fault(). */
static vm_fault_t use_swapped_page(struct vm_area_struct *vma,
				   unsigned long addr, pte_t *pte, pte_t entry,
				   struct page *page, bool write)
{
	swp_entry_t slot = pte_to_swp_entry(entry);
	struct mm_struct *mm = vma->vm_mm;
	struct page *copy = NULL;
	vm_fault_t ret = 0;

	if (unlikely(!ksm_swapin_place(page, vma, addr)) &&
	    likely(PageUptodate(page))) {
		copy = copy_swapped_page(page, addr);
		if (!copy)
			return VM_FAULT_OOM;
	}
	spin_lock(&mm->page_table_lock);
	if (pte_same(*pte, entry) && PageSwapCache(page) &&
	    page_swap_entry(page).val == slot.val) {
		if (unlikely(!PageUptodate(page)))
			ret = VM_FAULT_SIGBUS;
		else if (unlikely(mm->oom_reaped))
			ret = 0; /* none comes again */
		else if (unlikely(copy))
			map_swapped_copy(vma, addr, pte, copy);
		else
			map_swapped_page(vma, addr, pte, page, write);
	}
	spin_unlock(&mm->page_table_lock);
	if (unlikely(copy)) {
		if (!copy->mapping)
			put_page(copy);
		try_to_free_swap(page);
	}
	return ret;
}

/**
 * do_swap_page() - a fault at an entry that is not present
 * @addr: start of the page
 * @entry: as it was found
 * @write: the access is a write
 *
 * Context: mmap_lock; may sleep. Return: as handle_mm_fault().
 */
vm_fault_t do_swap_page(struct vm_area_struct *vma, unsigned long addr,
			pte_t *pte, pte_t entry, bool write)
{
	swp_entry_t slot = pte_to_swp_entry(entry);
	bool major = false;
	struct page *page;
	vm_fault_t ret;

	if (is_migration_entry(slot)) {
		migration_entry_wait(vma->vm_mm, pte);
		return 0;
	}
	page = swapin_readahead(slot, &major);
	if (unlikely(!page))
		return pte_same(*pte, entry) ? VM_FAULT_OOM : 0;
	if (major && psi_memstall)
		psi_memstall(true);
	lock_page(page);
	if (major && psi_memstall)
		psi_memstall(false);
	ret = use_swapped_page(vma, addr, pte, entry, page, write);
	unlock_page(page);
	put_page(page);
	if (major)
		lru_note_cost(false, 1);
	return major ? ret | VM_FAULT_MAJOR : ret;
}
