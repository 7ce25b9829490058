/* SPDX-License-Identifier: MIT */
/*
 * Pages that say something else than the disk below them.
 *
 *                write(2), a program's store
 *          ┌──────────────────────────────────▶┐
 *        clean                               dirty: PG_dirty, XA_MARK_DIRTY
 *          ▲                                   │ clear_page_dirty_for_io():
 *          │ end_page_writeback()              ▼ every mapping read-only
 *          └──── on its way: PG_writeback ◀────┘
 *
 * A store tells nobody, so what is mapped writable counts as dirty from the
 * moment it is: an entry that allows writing is made with the page locked and
 * dirty (mm/fault.c, ->page_mkwrite), and before a page counts as clean every
 * such entry loses that right, and its dirty bit goes to the page.
 *
 *   NR_FILE_DIRTY = pages with PG_dirty in files with a disk below them
 *   such a page has XA_MARK_DIRTY; a page without may keep the mark for a while
 *   an entry of a shared area allows writing: its page has PG_dirty
 *
 * Files in RAM alone have nothing to differ from: their pages have the flag,
 * which says that they are not the zeroes of a hole, and are not counted.
 *
 * Locks: i_pages.xa_lock around flag, mark and count of one page; the page's
 * own around what makes it clean.
 */
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rmap.h>
#include <ashlar/vmstat.h>
#include <ashlar/writeback.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "pgtable.h"

void (*mark_inode_dirty_pages)(struct address_space *m);
void (*account_page_cleaned)(void);

/* Once PG_dirty was not set: does the page become dirty in a file? */
static bool dirty_in_file(struct address_space *m, struct page *page)
{
	bool newly;

	xa_lock(&m->i_pages);
	newly = page->mapping == (unsigned long)m &&
		!test_and_set_page_flag(page, PG_dirty);
	if (newly) {
		__xa_set_mark(&m->i_pages, page->index, XA_MARK_DIRTY);
		inc_node_page_state(NR_FILE_DIRTY);
		inc_node_page_state(NR_DIRTIED);
	}
	xa_unlock(&m->i_pages);
	return newly;
}

/**
 * set_page_dirty() - a page says something new
 * @page: with a reference; if it is a file's, the file stays meanwhile
 *
 * Context: does not sleep; any lock above xa_lock may be held. Return: true if
 * it was clean until now.
 */
bool set_page_dirty(struct page *page)
{
	struct address_space *m;

	if (PageDirty(page))
		return false;
	m = page_file_mapping(page);
	if (!m || !mapping_can_writeback(m))
		return !test_and_set_page_flag(page, PG_dirty);
	if (!dirty_in_file(m, page))
		return false;
	if (mark_inode_dirty_pages)
		mark_inode_dirty_pages(m);
	return true;
}

/**
 * cancel_page_dirty() - a page leaves its file, and need not be written
 * @m: the file
 * @page: of it
 *
 * Context: xa_lock of the file.
 */
void cancel_page_dirty(const struct address_space *m, struct page *page)
{
	if (mapping_can_writeback(m) && PageDirty(page)) {
		clear_page_flags(page, PG_dirty);
		dec_node_page_state(NR_FILE_DIRTY);
		if (account_page_cleaned)
			account_page_cleaned();
	}
}

/* One entry becomes read-only and clean. Context: page_table_lock. */
static bool clean_one(struct page *page, struct vm_area_struct *vma,
		      unsigned long addr, void *arg)
{
	pte_t *pte = pte_lookup(vma->vm_mm, addr);
	bool *dirty = arg;
	pte_t entry;

	if (!(vma->vm_flags & VM_SHARED) ||
	    !(pte_dirty(*pte) || pte_write(*pte)))
		return true;
	entry = ptep_get_and_clear(pte);
	*dirty |= pte_dirty(entry);
	set_pte(pte, pte_wrprotect(pte_mkclean(entry)));
	flush_tlb_page(vma->vm_mm, addr);
	return true;
}

/**
 * page_mkclean() - the next store into a page will be noticed
 * @page: locked, and a file's
 *
 * Context: takes i_mmap_lock. Return: true if there was one that was not.
 */
bool page_mkclean(struct page *page)
{
	bool dirty = false;

	if (atomic_read(&page->_mapcount))
		rmap_walk(page, clean_one, &dirty);
	return dirty;
}

/**
 * clear_page_dirty_for_io() - a page is going to be written
 * @page: locked, and of a file with a disk below it
 *
 * From here on whatever is stored makes it dirty again. The mark stays: the
 * page is found by it until it is on its way, or drop_dirty_mark(). Return:
 * true if the page was dirty, and so has to be written.
 */
bool clear_page_dirty_for_io(struct page *page)
{
	if (page_mkclean(page))
		set_page_dirty(page);
	if (!PageDirty(page) || !test_and_clear_page_flag(page, PG_dirty))
		return false;
	dec_node_page_state(NR_FILE_DIRTY);
	return true;
}

/**
 * drop_dirty_mark() - a page that proved to be clean is not looked for
 * @m: the file
 * @page: locked, and of it
 */
void drop_dirty_mark(struct address_space *m, struct page *page)
{
	xa_lock(&m->i_pages);
	__xa_clear_mark(&m->i_pages, page->index, XA_MARK_TOWRITE);
	if (!PageDirty(page))
		__xa_clear_mark(&m->i_pages, page->index, XA_MARK_DIRTY);
	xa_unlock(&m->i_pages);
}
