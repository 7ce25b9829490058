/* SPDX-License-Identifier: MIT */
/*
 * Dirty pages become clean: how many there may be, and who writes them.
 *
 *   pages dirty or on their way
 *   0 ──────────── background ─────── middle ────── limit ──────────
 *     nobody writes  the flusher is     whoever dirties writes some
 *                    woken              itself, and above waits
 *
 * Limits are shares of the memory that could be dirty (dirty_ratio,
 * dirty_background_ratio), or bytes. Whoever dirties pages looks now and then,
 * and is held up in proportion to what it does: a quick writer goes on at the
 * disk's pace, and memory never fills with pages that nobody can free.
 *
 * Writing a file is a walk over the pages with a mark:
 *
 *   XA_MARK_DIRTY ──(WB_SYNC_ALL: those of now)──▶ XA_MARK_TOWRITE
 *        │                                              │
 *        └──▶ lock ─▶ still dirty? ─▶ clean ─▶ writepage ─▶ unlock
 *
 * A sync marks what it has to write before it begins, so it ends although
 * others go on dirtying pages behind it.
 *
 * Locks: none over a call of writepage but the page's; it may sleep.
 */
#include <ashlar/errno.h>
#include <ashlar/errseq.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <ashlar/vmstat.h>
#include <ashlar/writeback.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "filemap.h"

#define WRITE_SHARE 48 /* pages that a writer writes when it looks */

int vm_dirty_ratio = 20;
int dirty_background_ratio = 10;
unsigned long vm_dirty_bytes;
unsigned long dirty_background_bytes;

void (*start_background_writeback)(void);

static unsigned long pages_wanted; /* clean, by reclaim (racy) */

/* Pages dirtied between two looks at the limits: an eighth of the upper one. */
static u32 ratelimit_pages = 4;

/* ---- limits ---- */

/* Pages that hold file data, or could. */
static unsigned long dirtyable_memory(void)
{
	unsigned long nr = global_node_page_state(NR_FILE_PAGES);
	struct zone *z;

	nr -= min(nr, global_node_page_state(NR_SHMEM));
	for_each_populated_zone(z)
		nr += z->free_pages;
	return nr;
}

static unsigned long limit(unsigned long bytes, int percent,
			   unsigned long available)
{
	if (bytes)
		return (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;
	return (unsigned long)((u64)available * (u32)percent / 100);
}

/**
 * global_dirty_limits() - how much may be dirty
 * @background: receives the pages from which on the flusher writes
 * @dirty: receives the pages from which on writers wait
 */
void global_dirty_limits(unsigned long *background, unsigned long *dirty)
{
	unsigned long available = dirtyable_memory();

	*dirty = limit(vm_dirty_bytes, vm_dirty_ratio, available);
	*background = limit(dirty_background_bytes, dirty_background_ratio,
			    available);
	if (*background >= *dirty)
		*background = *dirty / 2;
}

static unsigned long nr_dirty(void)
{
	return global_node_page_state(NR_FILE_DIRTY) +
	       global_node_page_state(NR_WRITEBACK);
}

/** over_background_thresh() - true if the flusher has something to do */
bool over_background_thresh(void)
{
	unsigned long background, dirty;

	if (READ_ONCE(pages_wanted))
		return true;
	global_dirty_limits(&background, &dirty);
	return global_node_page_state(NR_FILE_DIRTY) > background;
}

/**
 * writeback_wanted() - reclaim has met dirty pages that it could use
 * @nr: how many
 *
 * The flushers write as many, however little is dirty. Context: any but an
 * interrupt's.
 */
void writeback_wanted(unsigned long nr)
{
	WRITE_ONCE(pages_wanted, nr);
	if (start_background_writeback)
		start_background_writeback();
}

/*
 * Wait until the disks have had a moment. Nothing on its way and no flusher
 * means that nothing will come of it: then false.
 */
static bool wait_for_disks(void)
{
	if (!global_node_page_state(NR_WRITEBACK) &&
	    !start_background_writeback)
		return false;
	might_sleep();
	port_wait(&start_background_writeback);
	return true;
}

/* The caller has dirtied pages of @m, and does its share of writing. */
static void balance_dirty_pages(struct address_space *m)
{
	struct writeback_control wbc = { .sync_mode = WB_SYNC_NONE,
					 .range_cyclic = true };
	unsigned long background, limit, nr;

	for (;;) {
		global_dirty_limits(&background, &limit);
		ratelimit_pages = (u32)min(max(limit / 8, 1ul), 64ul);
		nr = nr_dirty();
		if (nr > background && start_background_writeback)
			start_background_writeback();
		if (nr <= (background + limit) / 2)
			return;
		wbc.nr_to_write = WRITE_SHARE;
		if (do_writepages(m, &wbc))
			return; /* the error is the file's by now */
		if (nr_dirty() <= limit || !wait_for_disks())
			return;
	}
}

/**
 * balance_dirty_pages_ratelimited() - a page of a file was made dirty
 * @m: the file, which has a disk below it
 *
 * The file below a loop device is written by the device's thread, which what is
 * dirty may have to wait for: it is not held up. Context: may sleep, and write
 * pages of @m; i_rwsem and mmap_lock may be held, no lock of a page.
 */
void balance_dirty_pages_ratelimited(struct address_space *m)
{
	static u32 dirtied;

	if (unlikely(m->flags & AS_BELOW_DEVICE))
		return;
	if (__atomic_add_fetch(&dirtied, 1, __ATOMIC_RELAXED) <
	    READ_ONCE(ratelimit_pages))
		return;
	__atomic_store_n(&dirtied, 0, __ATOMIC_RELAXED);
	balance_dirty_pages(m);
}

/* ---- writing a file ---- */

/**
 * mapping_set_error() - bytes of a file did not reach its disk
 * @m: the file
 * @err: -errno; 0: they did
 *
 * Context: any but an interrupt's.
 */
void mapping_set_error(struct address_space *m, int err)
{
	if (likely(!err))
		return;
	errseq_set(&m->wb_err, err);
	xa_lock(&m->i_pages);
	m->flags |= err == -ENOSPC ? AS_ENOSPC : AS_EIO;
	xa_unlock(&m->i_pages);
}

/* The next page with @mark from *@index to @last, with a reference. */
static struct page *find_get_marked(struct address_space *m,
				    unsigned long *index, unsigned long last,
				    xa_mark_t mark)
{
	struct page *page;

	xa_lock(&m->i_pages);
	page = __xa_find_marked(&m->i_pages, index, last, mark);
	if (page)
		get_page(page);
	xa_unlock(&m->i_pages);
	return page;
}

/* What is dirty now is what a sync has to write. */
static void tag_pages_for_writeback(struct address_space *m,
				    unsigned long first, unsigned long last)
{
	unsigned long index = first;

	xa_lock(&m->i_pages);
	while (__xa_find_marked(&m->i_pages, &index, last, XA_MARK_DIRTY)) {
		__xa_set_mark(&m->i_pages, index, XA_MARK_TOWRITE);
		if (index++ == last)
			break;
	}
	xa_unlock(&m->i_pages);
}

/*
 * True if the locked page is to be written, and counts as clean now. Bytes
 * past the end of the file are zeroes on a disk, whatever a mapping wrote
 * there; a page that lies past it is about to be cut.
 */
static bool page_is_due(struct address_space *m, struct page *page,
			const struct writeback_control *wbc)
{
	loff_t size;

	if (!page_is_in(page, m))
		return false;
	if (PageWriteback(page)) {
		if (wbc->sync_mode == WB_SYNC_NONE)
			return false;
		wait_on_page_writeback(page);
	}
	size = max(mapping_size(m), m->write_end);
	if (page->index >= size_to_pages(size) ||
	    !clear_page_dirty_for_io(page)) {
		drop_dirty_mark(m, page);
		return false;
	}
	if (page->index == pos_to_index(size))
		zero_page_part(page, offset_in_page(size), PAGE_SIZE);
	return true;
}

/* One page that was found: 0 or -errno. Takes over the reference. */
static int write_one(struct address_space *m, struct page *page,
		     struct writeback_control *wbc, writepage_fn *fn)
{
	int err = 0;

	lock_page(page);
	if (!page_is_due(m, page, wbc)) {
		unlock_page(page);
		put_page(page);
		return 0;
	}
	err = fn(m, page, wbc);
	if (err) {
		mapping_set_error(m, err);
		drop_dirty_mark(m, page);
		unlock_page(page);
	}
	wbc->nr_to_write--;
	put_page(page);
	return err;
}

/* The pages with @mark from @first to @last; where it ended. */
static unsigned long write_marked(struct address_space *m, unsigned long first,
				  unsigned long last, xa_mark_t mark,
				  struct writeback_control *wbc,
				  writepage_fn *fn, int *ret)
{
	bool sync = wbc->sync_mode == WB_SYNC_ALL;
	unsigned long index = first;
	struct page *page;
	int err;

	while ((sync || wbc->nr_to_write > 0) &&
	       (page = find_get_marked(m, &index, last, mark))) {
		err = write_one(m, page, wbc, fn);
		if (err && !*ret)
			*ret = err;
		if (index++ == last || (err && !sync))
			break;
	}
	return index;
}

/**
 * write_cache_pages() - write a file's dirty pages, one by one
 * @m: the file
 * @wbc: which ones, and how many
 * @fn: begins to write a page that is locked and counts as clean: returns 0
 *	and has set_page_writeback() and unlock_page() done, or -errno and has
 *	not
 *
 * With WB_SYNC_ALL it goes on after an error, and writes all. Context: may
 * sleep. Return: 0, or the first error.
 */
int write_cache_pages(struct address_space *m, struct writeback_control *wbc,
		      writepage_fn *fn)
{
	unsigned long first = pos_to_index(wbc->range_start);
	unsigned long last = pos_to_index(wbc->range_end);
	xa_mark_t mark = XA_MARK_DIRTY;
	unsigned long end;
	int err = 0;

	if (wbc->range_cyclic) {
		first = READ_ONCE(m->writeback_index);
		last = ~0ul;
	}
	if (wbc->sync_mode == WB_SYNC_ALL) {
		tag_pages_for_writeback(m, first, last);
		mark = XA_MARK_TOWRITE;
	}
	end = write_marked(m, first, last, mark, wbc, fn, &err);
	if (!wbc->range_cyclic)
		return err;
	if (first && wbc->nr_to_write > 0 && !err)
		end = write_marked(m, 0, first - 1, mark, wbc, fn, &err);
	WRITE_ONCE(m->writeback_index, end);
	return err;
}

/**
 * do_writepages() - write dirty pages of a file as its filesystem does
 * @m: the file
 * @wbc: which ones, and how many
 *
 * Context: may sleep. Return: 0 or -errno.
 */
int do_writepages(struct address_space *m, struct writeback_control *wbc)
{
	long before = wbc->nr_to_write;
	unsigned long wanted;
	int err = 0;

	if (!xa_marked(&m->i_pages, XA_MARK_DIRTY))
		return 0;
	if (m->a_ops && m->a_ops->writepages)
		err = m->a_ops->writepages(m, wbc);
	else if (m->a_ops && m->a_ops->writepage)
		err = write_cache_pages(m, wbc, m->a_ops->writepage);
	wanted = READ_ONCE(pages_wanted);
	if (unlikely(wanted))
		WRITE_ONCE(pages_wanted,
			   wanted - min(wanted,
					(unsigned long)(before -
							wbc->nr_to_write)));
	return err;
}

/**
 * redirty_page_for_writepage() - a writepage could not, and will later
 * @page: locked, and counts as clean; unlocked here
 */
void redirty_page_for_writepage(struct page *page)
{
	set_page_dirty(page);
	unlock_page(page);
}
