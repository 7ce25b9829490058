/* SPDX-License-Identifier: MIT */
/*
 * One page on its way out of memory.
 *
 *   isolated, locked ── used since? ── unmapped ── dirty? ── leaves its file
 *      │ busy             │ yes          │ locked     │ yes    or swap cache
 *      ▼                  ▼              ▼            ▼           ▼
 *     keep             activate       activate    written,     the frame is
 *                      (or keep: once)            or waits     free
 *                                                 for it
 *
 * Whoever reclaims may hold any lock that sleeps, a page's included: so each
 * is only tried. The last step makes sure: under i_pages.xa_lock the page has
 * the file's reference and ours, and is clean, so no other can have it or get
 * it; the count becomes 0 and the slot empty in one.
 *
 * An anonymous page gets a slot of a swap area first, and its entries lead
 * there; one that MADV_FREE gave up has nowhere to go, and goes. A file that
 * lives in RAM alone keeps the slot in the page's place (shmem_swap.c).
 */
#include <ashlar/atomic.h>
#include <ashlar/fs.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rmap.h>
#include <ashlar/swapops.h>
#include <ashlar/vmstat.h>
#include <ashlar/xarray.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "filemap.h"
#include "internal.h"
#include "lru.h"
#include "migrate.h"
#include "pgtable.h"
#include "rmap.h"
#include "shmem.h"
#include "swapfile.h"
#include "vma.h"
#include "vmscan.h"
#include "workingset.h"

/* ---- has it been used? ---- */

enum page_references {
	REFERENCES_NONE,
	REFERENCES_ONCE, /* it may stay for another round */
	REFERENCES_MANY,
};

/*
 * A page of a program's text counts after one use, others after two: a page
 * that is used once, as a stream is, does not push out what is used often.
 */
static enum page_references page_check_references(struct page *page,
						  struct references *r)
{
	u32 flags = READ_ONCE(page->pflags);

	page_referenced(page, r);
	if (flags & PG_referenced)
		clear_page_flags(page, PG_referenced);
	if (!r->nr)
		return REFERENCES_NONE;
	set_page_flags(page, PG_referenced);
	if ((flags & PG_referenced) || r->nr > 1)
		return REFERENCES_MANY;
	if ((r->vm_flags & VM_EXEC) && page_is_file_lru(page))
		return REFERENCES_MANY;
	return REFERENCES_ONCE;
}

/* True if a page that goes to a swap area would have to be written, or waits
 * for who had it read ahead. */
static bool is_laundry(const struct page *page, const struct references *r)
{
	return !page_is_file_lru(page) &&
	       (!PageSwapCache(page) || r->dirty || PageDirty(page) ||
		(page->pflags & PG_readahead));
}

/* ---- who maps it? ---- */

/*
 * True if an anonymous page that was given up was written to again: through
 * this entry, or by the kernel, which may be about to while it holds the page.
 */
static bool lazyfree_is_over(struct page *page, pte_t entry)
{
	return PageAnon(page) && !(page->pflags & PG_swapbacked) &&
	       (pte_dirty(entry) || PageDirty(page) || page_is_pinned(page, 1));
}

/* What is left of an entry of an anonymous page: its slot. False: it is full.
 * page_table_lock. */
static bool leave_slot(struct mm_struct *mm, pte_t *pte, struct page *page)
{
	pte_t entry = swp_entry_to_pte(page_swap_entry(page));

	if (swap_duplicate(page_swap_entry(page)))
		return false;
	if (page->pflags & PG_anon_exclusive) {
		entry = pte_swp_mkexclusive(entry);
		clear_page_flags(page, PG_anon_exclusive);
	}
	set_pte(pte, entry);
	mm->swap_ents++;
	return true;
}

/* True if a page that has lost its entry at @pte does without it. */
static bool may_lose_entry(struct mm_struct *mm, pte_t *pte, pte_t entry,
			   struct page *page)
{
	if (lazyfree_is_over(page, entry)) {
		set_page_flags(page, PG_dirty);
		return false;
	}
	return !PageSwapCache(page) || leave_slot(mm, pte, page);
}

static bool unmap_one(struct page *page, struct vm_area_struct *vma,
		      unsigned long addr, void *arg)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t *pte = pte_lookup(mm, addr);
	bool *done = arg;
	pte_t entry;

	if (pte_mlocked(*pte)) {
		*done = false;
		return false;
	}
	entry = ptep_get_and_clear(pte);
	flush_tlb_page(mm, addr);
	if (!may_lose_entry(mm, pte, entry, page)) {
		set_pte(pte, entry);
		*done = false;
		return false;
	}
	if (pte_dirty(entry))
		set_page_flags(page, PG_dirty);
	mm->hiwater_rss = max(mm->hiwater_rss, get_mm_rss(mm));
	page_remove_rmap(mm, page);
	put_page(page);
	return true;
}

/*
 * Take a locked page from all who map it: an access faults then. What was
 * written makes the page dirty. False if an entry is locked, or the page was
 * written to after it was given up; some may be gone then.
 */
static bool try_to_unmap(struct page *page)
{
	bool done = true;

	rmap_walk(page, unmap_one, &done);
	return done && !atomic_read(&page->_mapcount);
}

/* ---- the last steps ---- */

/*
 * Take a clean page out of its file; with @shadow something stays there. False
 * if another has it, too.
 */
static bool remove_mapping(struct address_space *m, struct page *page,
			   bool shadow)
{
	xa_lock(&m->i_pages);
	if (!page_ref_freeze(page, 2)) {
		xa_unlock(&m->i_pages);
		return false;
	}
	if (unlikely(PageDirty(page))) {
		page_ref_unfreeze(page, 2);
		xa_unlock(&m->i_pages);
		return false;
	}
	if (likely(shadow))
		workingset_eviction(m, page);
	else
		__xa_erase(&m->i_pages, page->index);
	page->mapping = 0;
	filemap_count(m, -1);
	xa_unlock(&m->i_pages);
	filemap_uncharge(m, 1);
	return true;
}

/* An anonymous page that MADV_FREE gave up, and that has no entry now. */
static bool remove_lazyfree(struct page *page)
{
	if (!page_ref_freeze(page, 1))
		return false;
	if (unlikely(PageDirty(page))) {
		page_ref_unfreeze(page, 1);
		return false;
	}
	count_vm_event(PGLAZYFREED);
	return true;
}

/* A page that was given up was written to: it is like others again. */
static void lazyfree_again(struct page *page)
{
	set_page_flags(page, PG_swapbacked);
	clear_page_flags(page, PG_dirty);
}

static enum page_fate reclaim_lazyfree(struct page *page)
{
	if (atomic_read(&page->_mapcount) && !try_to_unmap(page)) {
		if (PageDirty(page))
			lazyfree_again(page);
		return PAGE_ACTIVATE;
	}
	return remove_lazyfree(page) ? PAGE_CLEAN : PAGE_KEEP;
}

/* A page that only its slot leads to. */
static enum page_fate pageout(struct page *page, struct scan_control *sc)
{
	if (!PageDirty(page))
		return remove_from_swap_cache(page) ? PAGE_CLEAN : PAGE_KEEP;
	set_page_flags(page, PG_reclaim);
	sc->nr_pageout++;
	swap_writepage(page);
	return PAGE_WRITTEN;
}

/* An anonymous page. */
static enum page_fate reclaim_anon(struct page *page, struct scan_control *sc)
{
	if (!PageSwapCache(page) && !add_to_swap(page))
		return PAGE_ACTIVATE;
	if (atomic_read(&page->_mapcount) && !try_to_unmap(page))
		return PAGE_ACTIVATE;
	return pageout(page, sc);
}

/* A page of a file that lives in RAM. */
static enum page_fate reclaim_shmem(struct page *page, struct scan_control *sc)
{
	if (READ_ONCE(nr_swap_pages) <= 0)
		return PAGE_ACTIVATE;
	if (atomic_read(&page->_mapcount) && !try_to_unmap(page))
		return PAGE_ACTIVATE;
	return shmem_swap_out(page) ? pageout(page, sc) : PAGE_ACTIVATE;
}

/* A file's page without an entry, and without other users. */
static enum page_fate reclaim_file_page(struct address_space *m,
					struct page *page,
					struct scan_control *sc)
{
	if (PageDirty(page)) {
		set_page_flags(page, PG_reclaim);
		sc->nr_dirty++;
		return PAGE_ACTIVATE;
	}
	return remove_mapping(m, page, !sc->ignore_use && mapping_reads(m)) ?
		       PAGE_CLEAN :
		       PAGE_KEEP;
}

/* ---- the page as a whole ---- */

static enum page_fate reclaim_unused(struct page *page, struct scan_control *sc)
{
	struct address_space *m;

	if (unlikely(PageTransHuge(page)) && !split_huge_page(page))
		return PAGE_KEEP;
	/* One that was read ahead has no owner yet. */
	if (PageAnon(page) || PageSwapCache(page))
		return page_is_file_lru(page) ? reclaim_lazyfree(page) :
						reclaim_anon(page, sc);
	m = (struct address_space *)page->mapping;
	if (!m) /* truncated; whoever has it still lets it go soon */
		return PAGE_KEEP;
	if (m->flags & AS_SHMEM)
		return reclaim_shmem(page, sc);
	if (!mapping_reads(m) && !(m->flags & AS_BDEV))
		return PAGE_ACTIVATE;
	if (atomic_read(&page->_mapcount) && !try_to_unmap(page))
		return PAGE_ACTIVATE;
	return reclaim_file_page(m, page, sc);
}

static enum page_fate reclaim_locked(struct page *page, struct scan_control *sc)
{
	struct references r;

	if (page->pflags & PG_unevictable)
		return PAGE_KEEP;
	if (!sc->may_unmap && atomic_read(&page->_mapcount))
		return PAGE_KEEP;
	if (PageWriteback(page)) {
		set_page_flags(page, PG_reclaim);
		sc->nr_writeback++;
		return PAGE_ACTIVATE;
	}
	if (!sc->ignore_use) {
		switch (page_check_references(page, &r)) {
		case REFERENCES_MANY:
			return PAGE_ACTIVATE;
		case REFERENCES_ONCE:
			return PAGE_KEEP;
		case REFERENCES_NONE:
			break;
		}
		if (sc->may_launder && is_laundry(page, &r))
			return PAGE_LAUNDER;
	}
	return reclaim_unused(page, sc);
}

/**
 * reclaim_page() - free a page's frame, if it can be done without
 * @page: isolated by the caller
 * @sc: how hard to try
 *
 * Context: may sleep; any lock that sleeps may be held. Return: PAGE_CLEAN: the
 * page has no reference and is the caller's to free.
 */
enum page_fate reclaim_page(struct page *page, struct scan_control *sc)
{
	enum page_fate fate;

	if (!trylock_page(page))
		return PAGE_KEEP;
	fate = reclaim_locked(page, sc);
	if (fate == PAGE_WRITTEN) { /* and maybe there already */
		if (PageWriteback(page) || !trylock_page(page)) {
			sc->nr_begun++;
			return PAGE_KEEP;
		}
		fate = PAGE_KEEP;
		if (PageSwapCache(page) && !PageWriteback(page) &&
		    remove_from_swap_cache(page))
			fate = PAGE_CLEAN;
	}
	if (fate == PAGE_CLEAN)
		clear_page_flags(page, PG_locked);
	else
		unlock_page(page);
	return fate;
}
