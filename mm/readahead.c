/* SPDX-License-Identifier: MIT */
/*
 * Pages are read before they are asked for.
 *
 *              start                      start + size
 *   ───────────┬───────────────┬──────────┬─────────────
 *    was read  │ window        │ its tail │
 *   ───────────┴───────────────┴──────────┴─────────────
 *                              ▲ PG_readahead, async_size pages before the end
 *
 * Whoever reads on and comes to the mark has the next window read, while it
 * goes on with the tail of this one: a sequential reader never waits, if the
 * disk is as fast. Windows double from a few pages to ra_pages. A read that
 * neither begins a file, nor follows the last one, nor finds the mark, is
 * random: what it asks for is read, in one go, and nothing more.
 *
 * A page of a window joins the cache locked, so whoever wants it meanwhile
 * waits for that page alone. An error is not told: who wants the page asks
 * again (mm/filemap.c).
 *
 * Locks: invalidate_lock for read while pages join. The state is the open
 * file's; two who read it at once spoil each other's guess, no more.
 */
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/gfp.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/readahead.h>
#include <ashlar/writeback.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "filemap.h"

#define FORCE_CHUNK 512ul /* pages of one transfer that was asked for */

/**
 * file_ra_state_init() - a file is opened: nothing was read yet
 * @ra: its state
 */
void file_ra_state_init(struct file_ra_state *ra)
{
	*ra = (struct file_ra_state){ .ra_pages = VM_READAHEAD_PAGES,
				      .normal_pages = VM_READAHEAD_PAGES,
				      .prev_index = ~0ul };
}

/* ---- a run of pages ---- */

/**
 * readahead_page() - for ->readahead: the next page to be read
 * @rac: what is to be read
 *
 * It is locked and stays so until end_page_read(). Return: the page, without a
 * reference of its own; NULL: there is no other.
 */
struct page *readahead_page(struct readahead_control *rac)
{
	struct xarray *pages = &rac->mapping->i_pages;
	struct page *page;

	if (!rac->nr_pages)
		return NULL;
	xa_lock(pages);
	page = __xa_load(pages, rac->index);
	xa_unlock(pages);
	rac->index++;
	rac->nr_pages--;
	return page;
}

/* The pages that have joined are asked of the filesystem. */
static void read_pages(struct readahead_control *rac)
{
	struct address_space *m = rac->mapping;
	unsigned long end = rac->index + rac->nr_pages;
	struct page *page;
	int err;

	if (rac->nr_pages && m->a_ops->readahead)
		m->a_ops->readahead(m, rac);
	while ((page = readahead_page(rac))) {
		err = m->a_ops->readahead ? -EAGAIN :
					    m->a_ops->read_folio(m, page);
		if (err) /* whoever wants it tries itself */
			end_page_read(page, err);
	}
	rac->index = end;
}

/* One page joins the cache: false if there is no memory, or no such page. */
static bool add_page(struct address_space *m, unsigned long index, bool mark,
		     int *err)
{
	struct page *page =
		alloc_user_page(m->gfp_mask | __GFP_NORETRY | __GFP_NOWARN);

	*err = -ENOMEM;
	if (!page)
		return false;
	*err = add_to_page_cache_locked(m, page, index, true);
	if (*err)
		put_page(page);
	else if (mark)
		set_page_flags(page, PG_readahead);
	return !*err;
}

/*
 * Read [@index, @index + @nr) but for what is cached; page @mark, if it joins,
 * is where the next readahead begins.
 */
static void read_run(struct address_space *m, unsigned long index,
		     unsigned long nr, unsigned long mark)
{
	unsigned long past = size_to_pages(mapping_size(m)), end;
	struct readahead_control rac = { .mapping = m, .index = index };
	int err = -EBUSY;

	end = index + nr < index ? ~0ul : index + nr;
	down_read(&m->invalidate_lock);
	for (end = min(end, past); index < end && err == -EBUSY; index++) {
		if (add_page(m, index, index == mark, &err)) {
			err = -EBUSY;
			rac.nr_pages++;
			continue;
		}
		read_pages(&rac);
		rac.index = index + 1;
	}
	read_pages(&rac);
	up_read(&m->invalidate_lock);
}

/**
 * force_page_cache_readahead() - begin to read pages that will be wanted
 * @m: the file
 * @index: the first
 * @nr: how many
 *
 * It ends where memory does. Context: may sleep, but waits for no page.
 */
void force_page_cache_readahead(struct address_space *m, unsigned long index,
				unsigned long nr)
{
	unsigned long past = size_to_pages(mapping_size(m)), n;

	if (!mapping_reads(m) || index >= past)
		return;
	for (nr = min(nr, past - index); nr; nr -= n, index += n) {
		n = min(nr, FORCE_CHUNK);
		read_run(m, index, n, ~0ul);
	}
}

/* ---- windows ---- */

static unsigned int round_up_pow2(unsigned long n)
{
	unsigned int p = 1;

	while (p < n && p < 1u << 30)
		p *= 2;
	return p;
}

/* A first window: some times what was asked for. */
static unsigned int first_window(unsigned long req, unsigned int most)
{
	unsigned int size = round_up_pow2(req);

	if (size <= most / 32)
		return size * 4;
	return size <= most / 4 ? size * 2 : most;
}

static unsigned int next_window(unsigned int size, unsigned int most)
{
	if (size < most / 16)
		return size * 4;
	return size <= most / 2 ? size * 2 : most;
}

static void submit_window(struct address_space *m,
			  const struct file_ra_state *ra)
{
	read_run(m, ra->start, ra->size, ra->start + ra->size - ra->async_size);
}

/* A reader begins here; if it asks for all of the window, one more follows. */
static void begin_window(struct file_ra_state *ra, unsigned long index,
			 unsigned long req, unsigned int most)
{
	ra->start = index;
	ra->size = first_window(req, most);
	if (ra->size > req) {
		ra->async_size = ra->size - (unsigned int)req;
	} else {
		ra->size += next_window(ra->size, most);
		ra->async_size = ra->size / 2;
	}
}

/* The mark was met at @index, or reading goes on where the window ended. */
static void continue_window(struct file_ra_state *ra, unsigned long start,
			    unsigned int most)
{
	ra->start = start;
	ra->size = next_window(ra->size, most);
	ra->async_size = ra->size;
}

/* The first page from @index on that is not cached. */
static unsigned long next_hole(struct address_space *m, unsigned long index,
			       unsigned long most)
{
	unsigned long end = index + most;

	xa_lock(&m->i_pages);
	while (index < end && __xa_load(&m->i_pages, index) &&
	       !xa_is_value(__xa_load(&m->i_pages, index)))
		index++;
	xa_unlock(&m->i_pages);
	return index;
}

/* True if the file's window says that @index comes next. */
static bool is_expected(const struct file_ra_state *ra, unsigned long index)
{
	return ra->size && (index == ra->start + ra->size ||
			    index == ra->start + ra->size - ra->async_size);
}

/**
 * page_cache_sync_readahead() - a page that is wanted is not cached
 * @f: whose reading it is
 * @index: the page
 * @req: pages that are asked for, this one included
 *
 * Context: may sleep, but waits for no page.
 */
void page_cache_sync_readahead(struct file *f, unsigned long index,
			       unsigned long req)
{
	struct file_ra_state *ra = &f->f_ra;
	struct address_space *m = f->f_mapping;
	unsigned int most = ra->ra_pages;

	if (!most)
		return;
	if (f->f_mode & FMODE_RANDOM) {
		read_run(m, index, min(req, FORCE_CHUNK), ~0ul);
		return;
	}
	if (is_expected(ra, index))
		continue_window(ra, index, most);
	else if (!index || req > most || index - ra->prev_index <= 1)
		begin_window(ra, index, req, most);
	else {
		read_run(m, index, req, ~0ul); /* random */
		return;
	}
	submit_window(m, ra);
}

/**
 * page_cache_async_readahead() - a reader comes to the mark
 * @f: whose reading it is
 * @page: the page with PG_readahead, which it loses
 * @req: pages that are asked for, this one included
 *
 * Context: may sleep, but waits for no page.
 */
void page_cache_async_readahead(struct file *f, struct page *page,
				unsigned long req)
{
	struct file_ra_state *ra = &f->f_ra;
	struct address_space *m = f->f_mapping;
	unsigned long index = page->index, start;
	unsigned int most = ra->ra_pages;

	clear_page_flags(page, PG_readahead);
	if (!most || PageWriteback(page))
		return;
	start = is_expected(ra, index) ? ra->start + ra->size :
					 next_hole(m, index + 1, most);
	if (!is_expected(ra, index))
		ra->size = (unsigned int)(start - index + min(req, (u64)most));
	continue_window(ra, start, most);
	submit_window(m, ra);
}

/**
 * page_cache_around() - a program's access finds a page that is not cached
 * @f: the file
 * @index: the page
 *
 * What lies around it is read, for accesses through a mapping come in no order,
 * but near each other. After many that found nothing, no more. Context: may
 * sleep, but waits for no page.
 */
void page_cache_around(struct file *f, unsigned long index)
{
	struct file_ra_state *ra = &f->f_ra;
	unsigned int most = ra->ra_pages;

	if (!most || ra->mmap_miss > MMAP_LOTSAMISS)
		return;
	ra->mmap_miss++;
	ra->start = index - min(index, (unsigned long)most / 2);
	ra->size = most;
	ra->async_size = most / 4;
	submit_window(f->f_mapping, ra);
}

/* Pages of which all bytes are in a range go; of a file's last page, all that
 * there are. */
static void drop_whole_pages(struct address_space *m, loff_t start, loff_t end)
{
	unsigned long first = size_to_pages(start), last = pos_to_index(end);

	if ((end + 1) & (loff_t)(PAGE_SIZE - 1) && end != MAX_LFS_FILESIZE &&
	    end != mapping_size(m) - 1 && !last--)
		return;
	if (first <= last)
		invalidate_mapping_pages(m, first, last);
}

/**
 * generic_fadvise() - what a program says of its reading
 * @f: the file, with a page cache
 * @start: first byte
 * @end: last byte
 * @advice: POSIX_FADV_*
 *
 * Context: may sleep. Return: 0, or -EINVAL for advice that is none.
 */
int generic_fadvise(struct file *f, loff_t start, loff_t end, u32 advice)
{
	struct address_space *m = f->f_mapping;
	unsigned long first = pos_to_index(start), last = pos_to_index(end);

	switch (advice) {
	case POSIX_FADV_NORMAL:
	case POSIX_FADV_SEQUENTIAL:
		f->f_ra.ra_pages = f->f_ra.normal_pages *
				   (advice == POSIX_FADV_NORMAL ? 1 : 2);
		f->f_mode &= ~FMODE_RANDOM;
		return 0;
	case POSIX_FADV_RANDOM:
		f->f_mode |= FMODE_RANDOM;
		return 0;
	case POSIX_FADV_WILLNEED:
		force_page_cache_readahead(m, first, last - first + 1);
		return 0;
	case POSIX_FADV_DONTNEED:
		filemap_fdatawrite_range(m, start, end, WB_SYNC_NONE);
		drop_whole_pages(m, start, end);
		return 0;
	case POSIX_FADV_NOREUSE:
		return 0;
	}
	return -EINVAL;
}
