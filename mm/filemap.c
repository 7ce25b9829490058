/* SPDX-License-Identifier: MIT */
/*
 * The page cache: a file's bytes as pages, found by their number.
 *
 *   address_space ─ i_pages ─► page 0, page 1, hole, page 3, value …
 *        │                       │ mapping, index lead back
 *        └ i_mmap ─► areas that map the file (mm/zap.c, mm/rmap.c)
 *
 *   a cached page has one reference of the cache's, one for each page table
 *   entry, and one for each caller that holds it
 *   nrpages = pages of i_pages; every one has an index below the end of the
 *   file, but for pages that fallocate(KEEP_SIZE) put past it
 *   a value in i_pages is what is left of a page that went: no page here; in a
 *   file in RAM it is the page's slot in a swap area (mm/shmem_swap.c)
 *   bytes of the last page past the end of the file read as zeroes once the
 *   file grows over them
 *
 * A file that lives in RAM alone gets pages with their contents complete. One
 * that has a disk below it gets them locked and empty, and the filesystem
 * fills them:
 *
 *            joins             end_page_read()
 *   reader A ──┤ PG_locked ─── read_folio ───├── PG_uptodate: bytes
 *   reader B         └── waits for the lock ─┤   not uptodate: B asks for it
 *                                                once more, and then gives up
 *
 * So an error is the error of those who waited for that read, and not the
 * page's: the next who wants it tries again.
 *
 * Locks: i_rwsem for write around whatever changes the size: there is one
 * writer at a time, and no write beside a truncation. invalidate_lock for write
 * while a hole is punched, so that no page is read from places that are given
 * up; for read by those who fill. Reading and faults take
 * none but i_pages.xa_lock, for each look at a slot; a page that is found gets
 * a reference before it is let go, and whoever locked it then looks whether
 * ->mapping is still the file. A fault may find that the file became shorter
 * under it: its new page then does not join the cache (looked at under
 * xa_lock, and truncation sets the size before it takes that to remove pages),
 * and a page that was there has ->mapping 0 before it is unmapped (see
 * mm/fault.c).
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/rwsem.h>
#include <ashlar/string.h>
#include <ashlar/vmstat.h>
#include <ashlar/xa_slots.h>
#include <mach/spinlock.h>
#include "filemap.h"
#include "lru.h"
#include "workingset.h"

/**
 * address_space_init() - a file without pages
 * @m: what to fill in
 * @ops: how pages come and go, or NULL
 * @host: whatever the caller wants to find again
 * @flags: AS_*
 */
void address_space_init(struct address_space *m,
			const struct address_space_operations *ops, void *host,
			u32 flags)
{
	memset(m, 0, sizeof(*m));
	xa_init(&m->i_pages);
	init_rwsem(&m->i_rwsem);
	__init_rwsem(&m->invalidate_lock, "invalidate_lock");
	spin_lock_init(&m->i_mmap_lock);
	INIT_LIST_HEAD(&m->i_mmap);
	INIT_LIST_HEAD(&m->swaplist);
	m->a_ops = ops;
	m->host = host;
	m->flags = flags;
	m->gfp_mask = GFP_HIGHUSER_MOVABLE;
}

/**
 * find_get_page() - a cached page
 * @m: the file
 * @index: number of the page
 *
 * It may be locked, and not uptodate. Return: the page with a reference, or
 * NULL.
 */
struct page *find_get_page(struct address_space *m, unsigned long index)
{
	struct page *page;

	xa_lock(&m->i_pages);
	page = __xa_load(&m->i_pages, index);
	if (unlikely(xa_is_value(page)))
		page = NULL;
	if (page)
		get_page(page);
	xa_unlock(&m->i_pages);
	return page;
}

/**
 * find_get_next_page() - the next cached page
 * @m: the file
 * @index: where to begin; receives the page's number
 * @last: where to end, this page included
 *
 * Return: the page with a reference, or NULL.
 */
struct page *find_get_next_page(struct address_space *m, unsigned long *index,
				unsigned long last)
{
	struct page *page;

	xa_lock(&m->i_pages);
	while ((page = __xa_find(&m->i_pages, index, last)) &&
	       xa_is_value(page)) {
		page = NULL;
		if ((*index)++ == last)
			break;
	}
	if (page)
		get_page(page);
	xa_unlock(&m->i_pages);
	return page;
}

/** filemap_count() - more pages, or fewer, are cached. Context: xa_lock. */
void filemap_count(struct address_space *m, long nr)
{
	m->nrpages += (unsigned long)nr;
	mod_node_page_state(NR_FILE_PAGES, nr);
	if (likely(m->flags & AS_SHMEM))
		mod_node_page_state(NR_SHMEM, nr);
	if (unlikely(m->flags & AS_BDEV))
		mod_node_page_state(NR_BLOCKDEV_PAGES, nr);
}

static int charge(struct address_space *m)
{
	return m->a_ops && m->a_ops->charge ? m->a_ops->charge(m, 1) : 0;
}

/** filemap_uncharge() - @nr pages have left */
void filemap_uncharge(struct address_space *m, unsigned long nr)
{
	if (nr && m->a_ops && m->a_ops->uncharge)
		m->a_ops->uncharge(m, nr);
}

/* ---- pages join ---- */

/*
 * Put the page into its slot, where there may be a value of a file on a disk.
 * Context: xa_lock, which may be let go and taken again.
 */
static int take_slot(struct address_space *m, struct page *page)
{
	int err = __xa_insert(&m->i_pages, page->index, page, GFP_KERNEL);
	void *old;

	if (likely(err != -EBUSY) || m->flags & AS_SHMEM)
		return err;
	old = __xa_load(&m->i_pages, page->index);
	if (!xa_is_value(old))
		return err;
	__xa_replace(&m->i_pages, page->index, old, page);
	workingset_refault(m, page, old);
	return 0;
}

/*
 * As add_to_page_cache(), with flags of the page's; @inside: -EINVAL for a page
 * past the end.
 */
static int insert_page(struct address_space *m, struct page *page,
		       unsigned long index, u32 flags, bool inside)
{
	int err = charge(m);

	if (err)
		return err;
	page->mapping = (unsigned long)m;
	page->index = index;
	page->pflags |= flags;
	if (likely(m->flags & AS_SHMEM))
		page->pflags |= PG_swapbacked;
	xa_lock(&m->i_pages);
	err = take_slot(m, page);
	if (unlikely(inside && !err &&
		     index >= size_to_pages(mapping_size(m)))) {
		__xa_erase(&m->i_pages, index);
		err = -EINVAL;
	}
	if (likely(!err)) {
		filemap_count(m, 1);
		if (unlikely(m->flags & AS_UNEVICTABLE))
			page->pflags |= PG_unevictable;
		lru_cache_add(page);
	} else {
		page->mapping = 0;
	}
	xa_unlock(&m->i_pages);
	if (unlikely(err))
		filemap_uncharge(m, 1);
	return err;
}

/**
 * add_to_page_cache() - a page becomes part of a file
 * @m: the file
 * @page: the page, with its contents
 * @index: its number
 *
 * Context: may sleep. Return: 0 and the caller's reference is the cache's;
 * -EBUSY if there is a page already, -ENOMEM, or what the filesystem says
 * (-ENOSPC), and the reference remains the caller's.
 */
int add_to_page_cache(struct address_space *m, struct page *page,
		      unsigned long index)
{
	return insert_page(m, page, index, PG_uptodate, false);
}

/**
 * add_to_page_cache_locked() - a page that is to be filled joins a file
 * @m: the file
 * @page: the page, which the caller alone knows
 * @index: its number
 * @inside: only if the file reaches as far, or else -EINVAL
 *
 * The page is locked then. Context: may sleep. Return: as add_to_page_cache().
 */
int add_to_page_cache_locked(struct address_space *m, struct page *page,
			     unsigned long index, bool inside)
{
	int err = insert_page(m, page, index, PG_locked, inside);

	if (err)
		page->pflags &= ~PG_locked;
	return err;
}

/* ---- pages are filled ---- */

/**
 * end_page_read() - a page has been filled, or could not be
 * @page: locked; unlocked here
 * @err: 0, or what went wrong
 *
 * Context: any but an interrupt's.
 */
void end_page_read(struct page *page, int err)
{
	if (!err)
		__atomic_fetch_or(&page->pflags, PG_uptodate, __ATOMIC_RELEASE);
	unlock_page(page);
}

/* Have a locked page filled, and wait until it was: 0 or -errno. */
static int fill_locked(struct address_space *m, struct page *page)
{
	int (*read)(struct address_space * m, struct page * page) =
		m->a_ops ? m->a_ops->read_folio : NULL;
	int err = read ? read(m, page) : -EIO;

	if (err) {
		end_page_read(page, err);
		return err;
	}
	wait_on_page_locked(page);
	return PageUptodate(page) ? 0 : -EIO;
}

/*
 * A page that was cached. Takes over the reference. Return: the page, uptodate,
 * with a reference; NULL: it has left the file; ERR_PTR.
 */
static struct page *fill_cached(struct address_space *m, struct page *page)
{
	int err = 0;

	lock_page(page);
	if (!page_is_in(page, m)) {
		unlock_page(page);
		put_page(page);
		return NULL;
	}
	if (PageUptodate(page))
		unlock_page(page);
	else
		err = fill_locked(m, page);
	if (likely(!err))
		return page;
	put_page(page);
	return ERR_PTR(err);
}

/* A page that was not cached; ERR_PTR(-EBUSY): by now it is. */
static struct page *fill_new(struct address_space *m, unsigned long index,
			     bool inside)
{
	bool reads = mapping_reads(m);
	struct page *page =
		alloc_user_page(m->gfp_mask | (reads ? 0 : __GFP_ZERO));
	int err;

	if (!page)
		return ERR_PTR(-ENOMEM);
	get_page(page);
	if (reads)
		err = add_to_page_cache_locked(m, page, index, inside);
	else
		err = insert_page(m, page, index, PG_uptodate, inside);
	if (unlikely(err))
		put_page(page);
	else if (reads)
		err = fill_locked(m, page);
	if (likely(!err))
		return page;
	put_page(page);
	return ERR_PTR(err);
}

static struct page *find_or_fill(struct address_space *m, unsigned long index,
				 struct page *page, bool inside)
{
	for (;;) {
		if (page) {
			page = fill_cached(m, page);
			if (page)
				return page;
		}
		page = filemap_swapin(m, index);
		if (unlikely(page))
			return page;
		page = fill_new(m, index, inside);
		if (page != ERR_PTR(-EBUSY))
			return page;
		page = find_get_page(m, index);
	}
}

/**
 * filemap_fill() - the slow part of a look for a page
 * @m: the file
 * @index: number of the page
 * @page: the page, not uptodate, with a reference that is taken over; or NULL
 * @inside: it is wanted only if the file reaches as far
 *
 * Context: may sleep. Return: the page, uptodate, with a reference; or ERR_PTR:
 * -EINVAL if it lies past the end, -ENOMEM, -ENOSPC, -EIO.
 */
struct page *filemap_fill(struct address_space *m, unsigned long index,
			  struct page *page, bool inside)
{
	if (!mapping_reads(m))
		return find_or_fill(m, index, page, inside);
	down_read(&m->invalidate_lock);
	page = find_or_fill(m, index, page, inside);
	up_read(&m->invalidate_lock);
	return page;
}

/**
 * read_mapping_page() - a page of a file
 * @m: the file
 * @index: number of the page
 *
 * A page that is not cached is made: read, or zeroed. Context: may sleep.
 * Return: the page, uptodate, with a reference; or ERR_PTR(-ENOMEM, -ENOSPC,
 * -EIO).
 */
struct page *read_mapping_page(struct address_space *m, unsigned long index)
{
	struct page *page = find_get_page(m, index);

	if (likely(page && PageUptodate(page)))
		return page;
	return filemap_fill(m, index, page, false);
}
