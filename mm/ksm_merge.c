/* SPDX-License-Identifier: MIT */
/*
 * Page table entries of merged pages: one page takes another's place, and a
 * page is its space's own again.
 *
 *   entry ─→ page       entry (read-only) ─→ page       entry ─→ kpage
 *                 1.                         ║ 2. equal?     3.
 *            kpage                           ╚═ kpage
 *
 *   1. No write gets to the page any more. One would fault, and make the entry
 *      writable again, if that is a page's only one.
 *   2. The two are compared.
 *   3. If the entry is as in 1, and nobody else holds the page, it leads to
 *      kpage, which no entry may write to: a write makes a copy (fault.c).
 *
 * Locks: mmap_lock for read; both pages' locks, which are only tried;
 * page_table_lock for 1 and 3.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/highmem.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/pgtable.h>
#include <ashlar/port.h>
#include <ashlar/string.h>
#include <ashlar/swapops.h>
#include <ashlar/vmstat.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "huge_page.h"
#include "ksm.h"
#include "migrate.h"
#include "pgtable.h"
#include "rmap.h"
#include "swapfile.h"
#include "vma.h"

/* ---- what pages hold ---- */

/** compare_pages() - as memcmp(), of what two pages hold */
int compare_pages(const struct page *a, const struct page *b)
{
	const void *x = kmap_local_page(a), *y = kmap_local_page(b);
	int order = memcmp(x, y, PAGE_SIZE);

	kunmap_local(y);
	kunmap_local(x);
	return order;
}

/** ksm_checksum() - a number that is another one when a page has changed */
u32 ksm_checksum(const struct page *page)
{
	const u32 *word = kmap_local_page(page), *end;
	u32 sum = 0;

	for (end = word + PAGE_SIZE / sizeof(*word); word < end; word++) {
		sum = (sum ^ *word) * 0x9e3779b1u;
		sum = sum << 13 | sum >> 19;
	}
	kunmap_local(word - 1);
	return sum ^ sum >> 15;
}

/* ---- a page of a space ---- */

/* True if the page may be merged: it is anonymous, and was not given up. */
static bool is_candidate(const struct page *page)
{
	return PageAnon(page) && (page->pflags & PG_swapbacked);
}

/**
 * ksm_follow_page() - the anonymous page at @addr, or a huge page's frame
 *
 * Context: mmap_lock. Return: with a reference; NULL: there is none, or it is
 * on the move.
 */
struct page *ksm_follow_page(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	struct page *page = NULL;
	pte_t *pte;

	spin_lock(&mm->page_table_lock);
	pte = pte_lookup(mm, addr);
	if (pte && pte_present(*pte) && !pte_special(*pte) &&
	    is_candidate(pte_page(*pte))) {
		page = pte_page(*pte);
		if (pte_huge(*pte))
			page = get_huge_frame(page, addr);
		else
			get_page(page);
	}
	spin_unlock(&mm->page_table_lock);
	return page;
}

/* The entry at @addr if it maps @page, by itself. page_table_lock. */
static pte_t *entry_of(struct vm_area_struct *vma, unsigned long addr,
		       const struct page *page)
{
	pte_t *pte = pte_lookup(vma->vm_mm, addr);

	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	if (!pte || !pte_present(*pte) || pte_special(*pte) || pte_huge(*pte))
		return NULL;
	return pte_page(*pte) == page ? pte : NULL;
}

/* True if only entries, the swap cache and the caller refer to the page. */
static bool is_unpinned(const struct page *page)
{
	return atomic_read(&page->_refcount) ==
	       atomic_read(&page->_mapcount) + PageSwapCache(page) + 1;
}

/* No write by the entry any more, without a fault. page_table_lock. */
static void write_protect(struct mm_struct *mm, unsigned long addr, pte_t *pte)
{
	if (!pte_write(*pte))
		return;
	ptep_set_wrprotect(pte);
	flush_tlb_page(mm, addr);
}

/* ---- the first ---- */

/**
 * ksm_make_page() - a page that is ordinary becomes the one of @node
 * @page: at @addr in @vma, with a reference of the caller's; maybe huge
 * @place: from ksm_place_alloc(); the page's one place afterwards
 *
 * Context: mmap_lock. Return: true; false: it is not there any more, or in use.
 */
bool ksm_make_page(struct vm_area_struct *vma, unsigned long addr,
		   struct page *page, struct ksm_stable_node *node,
		   struct ksm_place **place)
{
	struct mm_struct *mm = vma->vm_mm;
	struct ksm_place *first = NULL;
	pte_t *pte;

	if (!split_huge_page(compound_head(page)) || !trylock_page(page))
		return false;
	spin_lock(&anon_vma_lock);
	spin_lock(&mm->page_table_lock);
	pte = entry_of(vma, addr, page);
	if (pte && is_candidate(page) && !PageKsm(page) && is_unpinned(page)) {
		write_protect(mm, addr, pte);
		clear_page_flags(page, PG_anon_exclusive);
		set_page_flags(page, PG_dirty); /* whatever its entry says */
		first = __ksm_add_place(node, vma->anon_vma,
					linear_page_index(vma, addr), place);
		node->page = page;
		page->index = ksm_index(node);
		page->mapping = ksm_mapping(node);
	}
	spin_unlock(&mm->page_table_lock);
	spin_unlock(&anon_vma_lock);
	unlock_page(page);
	*place = first ? first : *place;
	return first;
}

/* ---- further ones ---- */

/* Step 1; false: the page is not there any more, or in use. */
static bool protect_page(struct vm_area_struct *vma, unsigned long addr,
			 struct page *page, pte_t *entry)
{
	struct mm_struct *mm = vma->vm_mm;
	bool ok;
	pte_t *pte;

	spin_lock(&mm->page_table_lock);
	pte = entry_of(vma, addr, page);
	ok = pte && is_candidate(page) && is_unpinned(page);
	if (ok) {
		write_protect(mm, addr, pte);
		*entry = *pte;
	}
	spin_unlock(&mm->page_table_lock);
	return ok;
}

/* The entry leads to @kpage from now on, or to the zero page, read-only. */
static void set_merged(struct vm_area_struct *vma, pte_t *pte,
		       struct page *kpage)
{
	struct mm_struct *mm = vma->vm_mm;

	if (!kpage) {
		set_pte(pte,
			pte_mkspecial(pfn_pte(zero_pfn, vma->vm_page_prot)));
		return;
	}
	get_page(kpage);
	if (atomic_add_return(1, &kpage->_mapcount) == 1)
		inc_node_page_state(NR_ANON_MAPPED);
	mm->rss_anon++;
	set_pte(pte, mk_pte(kpage, vma->vm_page_prot));
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_ptes(pte, pte + 1, true);
}

/* Step 3; false: the entry is not as it was. */
static bool replace_entry(struct vm_area_struct *vma, unsigned long addr,
			  struct page *page, pte_t entry, struct page *kpage)
{
	struct mm_struct *mm = vma->vm_mm;
	bool ok;
	pte_t *pte;

	spin_lock(&mm->page_table_lock);
	pte = entry_of(vma, addr, page);
	ok = pte && pte_same(pte_mkold(*pte), pte_mkold(entry)) &&
	     is_unpinned(page);
	if (ok) {
		pte_clear(pte);
		flush_tlb_page(mm, addr);
		set_merged(vma, pte, kpage);
		if (unlikely(pte_mlocked(entry)))
			munlock_page(page);
		page_remove_rmap(mm, page);
	}
	spin_unlock(&mm->page_table_lock);
	return ok;
}

/* @kpage: NULL for the zero page. The page is locked. */
static bool replace_page(struct vm_area_struct *vma, unsigned long addr,
			 struct page *page, struct page *kpage)
{
	pte_t entry;

	if (!protect_page(vma, addr, page, &entry))
		return false;
	might_sleep();
	if (compare_pages(page, kpage ? kpage : pfn_to_page(zero_pfn)) ||
	    !replace_entry(vma, addr, page, entry, kpage))
		return false;
	if (!atomic_read(&page->_mapcount))
		try_to_free_swap(page);
	put_page(page); /* the entry's: the caller has another */
	return true;
}

static bool lock_and_replace(struct vm_area_struct *vma, unsigned long addr,
			     struct page *page, struct page *kpage)
{
	bool done;

	if (!split_huge_page(compound_head(page)) || !trylock_page(page))
		return false;
	done = replace_page(vma, addr, page, kpage);
	unlock_page(page);
	return done;
}

/**
 * ksm_replace_page() - map @kpage in place of @page, if they are equal
 * @page: at @addr in @vma, with a reference of the caller's; maybe huge
 * @kpage: merged, locked, with a reference; the place is known to it
 *
 * Context: mmap_lock; may sleep. Return: true if it was done.
 */
bool ksm_replace_page(struct vm_area_struct *vma, unsigned long addr,
		      struct page *page, struct page *kpage)
{
	return lock_and_replace(vma, addr, page, kpage);
}

/** ksm_replace_zero() - the same with the page of zeroes that is everyone's */
bool ksm_replace_zero(struct vm_area_struct *vma, unsigned long addr,
		      struct page *page)
{
	return lock_and_replace(vma, addr, page, NULL);
}

/* ---- and back ---- */

enum merged { NOT_MERGED, MERGED, MOVING };

static enum merged look_at_entry(struct mm_struct *mm, pte_t *pte)
{
	enum merged what = NOT_MERGED;
	pte_t entry;

	spin_lock(&mm->page_table_lock);
	entry = *pte;
	if (is_migration_pte(entry))
		what = MOVING;
	else if (pte_present(entry) && !pte_special(entry) &&
		 !pte_huge(entry) && PageKsm(pte_page(entry)))
		what = MERGED;
	spin_unlock(&mm->page_table_lock);
	return what;
}

/* The page at @addr is a copy, if it was a merged one; 0 or -ENOMEM. */
static int break_cow(struct vm_area_struct *vma, unsigned long addr, pte_t *pte)
{
	struct mm_struct *mm = vma->vm_mm;
	enum merged what;

	while ((what = look_at_entry(mm, pte)) != NOT_MERGED) {
		if (what == MOVING)
			migration_entry_wait(mm, pte);
		else if (handle_mm_fault(vma, addr, FAULT_FLAG_WRITE) &
			 VM_FAULT_OOM)
			return -ENOMEM;
	}
	return 0;
}

/**
 * unmerge_ksm_pages() - pages of [@start, @end) are the space's own again
 * @vma: private
 *
 * Context: mmap_lock; may sleep. Return: 0 or -ENOMEM, with some done.
 */
int unmerge_ksm_pages(struct vm_area_struct *vma, unsigned long start,
		      unsigned long end)
{
	unsigned long addr;
	pte_t *pte;
	int err;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		pte = pte_lookup(vma->vm_mm, addr);
		if (!pte || pte_huge(*pte)) {
			addr = pgd_addr_end(addr, end) - PAGE_SIZE;
			continue;
		}
		err = break_cow(vma, addr, pte);
		if (err)
			return err;
	}
	return 0;
}
