/* SPDX-License-Identifier: MIT */
/*
 * A page moves to another frame, and whoever uses it does not notice.
 *
 *          page ── locked ──────────────────────────────── unlocked, freed
 *   entry  ■────────┐ migration entry: an access waits ┌────────■
 *   cache  ■──────── (copied, changed) ───────────────────────── ■
 *   new             ── locked ─────────────────────────── unlocked
 *
 *   1. Every entry that maps the page becomes a migration entry, which holds
 *      no reference. What the processor noted there goes to the page's flags.
 *   2. Now its references are counted. One is the caller's and one the cache's
 *      it is in; if there are more, somebody reads or writes the page without
 *      an entry, or is about to, and it stays.
 *   3. It is copied, and the new page takes its place in the cache: under the
 *      cache's lock, so that whoever finds the page there finds its contents.
 *   4. Every migration entry becomes a true one again, of the page that is
 *      valid now, with the rights that its area has by then.
 *
 * Between 1 and 4 a fork may copy a migration entry, a new protection may take
 * the right to write from it, and an unmapping may clear it. The areas that
 * have one are found as those that mapped the page: the list they are in is
 * walked in the order in which they joined it. An anonymous page's list is
 * kept meanwhile, even if no area remains in it (anon_vma_pin()).
 *
 * Locks: the page's, and that of the new one; no mmap_lock. Below them those
 * of rmap_walk(), and alone the cache's xa_lock.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/pgtable.h>
#include <ashlar/port.h>
#include <ashlar/rmap.h>
#include <ashlar/swapops.h>
#include <ashlar/vmstat.h>
#include <ashlar/xa_slots.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "internal.h"
#include "ksm.h"
#include "migrate.h"
#include "pgtable.h"
#include "rmap.h"
#include "swapfile.h"
#include "vma.h"

/* What a page is, and its new frame is then. */
#define MOVED_FLAGS                                                           \
	(PG_uptodate | PG_dirty | PG_referenced | PG_swapbacked | PG_active | \
	 PG_unevictable | PG_workingset | PG_readahead | PG_swapcache |       \
	 PG_private)

/* ---- entries ---- */

static enum node_stat_item mapped_item(const struct page *page)
{
	return PageAnon(page) ? NR_ANON_MAPPED : NR_FILE_MAPPED;
}

/* What the processor and mlock noted in an entry that goes. */
static void keep_notes(struct page *page, pte_t entry)
{
	u32 flags = 0;

	/* A file with a disk knows of each entry that allows writes. */
	if (pte_dirty(entry) &&
	    (PageAnon(page) || (page->pflags & PG_swapbacked)))
		flags |= PG_dirty;
	if (pte_young(entry))
		flags |= PG_referenced;
	set_page_flags(page, flags);
	if (unlikely(pte_mlocked(entry)))
		munlock_page(page);
}

/* An rmap_fn: a migration entry in place of what maps the page. */
static bool try_to_migrate_one(struct page *page, struct vm_area_struct *vma,
			       unsigned long addr, void *arg)
{
	pte_t *pte = pte_lookup(vma->vm_mm, addr);
	pte_t entry = ptep_get_and_clear(pte), gone;
	bool last;

	(void)arg;
	flush_tlb_page(vma->vm_mm, addr);
	keep_notes(page, entry);
	gone = swp_entry_to_pte(make_migration_entry(page, pte_write(entry)));
	if (PageAnon(page) && (page->pflags & PG_anon_exclusive)) {
		clear_page_flags(page, PG_anon_exclusive);
		gone = pte_swp_mkexclusive(gone);
	}
	set_pte(pte, gone);
	last = atomic_dec_and_test(&page->_mapcount);
	if (last)
		dec_node_page_state(mapped_item(page));
	put_page(page); /* not the last reference: the caller's is left */
	return !last;
}

/* The entry that a migration entry is to become. */
static pte_t restored_entry(const struct page *page,
			    const struct vm_area_struct *vma, pte_t moving)
{
	pte_t entry = pte_mkold(mk_pte(page, vma->vm_page_prot));

	if (!is_writable_migration_entry(pte_to_swp_entry(moving)))
		return pte_wrprotect(entry);
	if (likely(vma->vm_flags & VM_WRITE))
		entry = pte_mkwrite(entry);
	/* An anonymous page that MADV_FREE made clean stays so. */
	return PageAnon(page) && (page->pflags & PG_swapbacked) ?
		       pte_mkdirty(entry) :
		       entry;
}

/* An rmap_fn: @arg, which is the page or its new frame, is mapped again. */
static bool remove_migration_pte(struct page *page, struct vm_area_struct *vma,
				 unsigned long addr, void *arg)
{
	pte_t *pte = pte_lookup(vma->vm_mm, addr);
	struct page *now = arg;
	pte_t moving = *pte;

	(void)page;
	get_page(now);
	if (pte_swp_exclusive(moving))
		set_page_flags(now, PG_anon_exclusive);
	if (atomic_add_return(1, &now->_mapcount) == 1)
		inc_node_page_state(mapped_item(now));
	set_pte(pte, restored_entry(now, vma, moving));
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_ptes(pte, pte + 1, true);
	return true;
}

/* ---- the page ---- */

static struct address_space *file_of(const struct page *page)
{
	unsigned long mapping = READ_ONCE(page->mapping);

	return mapping & PAGE_MAPPING_ANON ? NULL :
					     (struct address_space *)mapping;
}

/* The new frame is, and holds, what the page does, unseen by others. */
static void copy_page_to(struct page *newpage, struct page *page)
{
	copy_highpage(newpage, page);
	newpage->mapping = page->mapping;
	newpage->index = page->index;
	newpage->priv = page->priv;
	ksm_migrate_page(newpage, page);
	set_page_flags(newpage, READ_ONCE(page->pflags) & MOVED_FLAGS);
}

/* @page, in @slot of its cache, gives way. Context: the cache's lock. */
static int replace_in_slot(void **slot, struct page *page, struct page *newpage)
{
	if (!slot || *slot != page || atomic_read(&page->_refcount) != 2)
		return -EAGAIN;
	copy_page_to(newpage, page);
	get_page(newpage);
	*slot = newpage;
	return 0;
}

/* @page has a cache, of a file or of a swap area, where it is at @index. */
static int move_cached_page(struct xarray *cache, unsigned long index,
			    struct page *page, struct page *newpage)
{
	unsigned int nr;
	int err;

	xa_lock(cache);
	err = replace_in_slot(xa_slots(cache, index, &nr), page, newpage);
	xa_unlock(cache);
	if (err)
		return err;
	page->priv = 0;
	clear_page_flags(page, MOVED_FLAGS);
	put_page(page); /* the cache's */
	return 0;
}

static int move_anon_page(struct page *page, struct page *newpage)
{
	if (atomic_read(&page->_refcount) != 1)
		return -EAGAIN;
	copy_page_to(newpage, page);
	clear_page_flags(page, MOVED_FLAGS);
	return 0;
}

/* Nothing maps the page any more. */
static int move_to_new_page(struct page *page, struct page *newpage)
{
	struct address_space *m = file_of(page);
	swp_entry_t swap;

	if (m)
		return move_cached_page(&m->i_pages, page->index, page,
					newpage);
	if (!PageSwapCache(page))
		return move_anon_page(page, newpage);
	swap = page_swap_entry(page);
	return move_cached_page(&swp_info(swap)->cache, swp_offset(swap), page,
				newpage);
}

/* Both are locked, and the page is not being written. */
static int unmap_and_move(struct page *page, struct page *newpage)
{
	bool mapped = atomic_read(&page->_mapcount);
	struct anon_vma *av = NULL;
	int err;

	if (!page->mapping || page_is_pinned(page, 1))
		return -EAGAIN;
	/* A merged page keeps its places while it is locked. */
	if (PageAnon(page) && !PageKsm(page)) {
		av = anon_vma_pin(page);
		if (!av && !PageSwapCache(page))
			return -EAGAIN; /* its last entry went */
		mapped = av;
	}
	if (mapped)
		rmap_walk(page, try_to_migrate_one, NULL);
	might_sleep();
	err = move_to_new_page(page, newpage);
	if (mapped)
		rmap_walk_moving(page, remove_migration_pte,
				 err ? page : newpage);
	if (av)
		anon_vma_unpin(av);
	return err;
}

/**
 * migrate_page() - move a page to another frame
 * @page: of a program or a file, on none of the LRU lists, with a reference
 * @newpage: from alloc_user_page(), which only the caller knows
 * @mode: is what is locked, or being written, waited for?
 *
 * Context: may sleep. Return: 0, and nobody but the caller has a reference to
 * @page; or -EAGAIN: it is in use and has not moved.
 */
int migrate_page(struct page *page, struct page *newpage,
		 enum migrate_mode mode)
{
	int err = -EAGAIN;

	if (mode == MIGRATE_SYNC)
		lock_page(page);
	else if (!trylock_page(page))
		return err;
	if (mode == MIGRATE_SYNC)
		wait_on_page_writeback(page);
	if (!PageWriteback(page) && trylock_page(newpage)) {
		err = unmap_and_move(page, newpage);
		unlock_page(newpage);
	}
	unlock_page(page);
	return err;
}
