/* SPDX-License-Identifier: MIT */
/*
 * Pages of a block device, whose sectors come and go one by one.
 *
 *   page->priv    │ runs under way │ dirty: 8 bits │ up to date: 8 bits │
 *                  19           16   15          8   7                0
 *
 *   one bit for each sector of 512 bytes; with PG_private
 *   PG_uptodate: all eight are; PG_dirty: one is dirty
 *   PG_writeback: some run of sectors is on its way to the disk
 *
 * A page is filled and written by sectors, for two blocks of one page need not
 * be of one kind: what lies beside a filesystem's table may be a file's bytes,
 * which the file's own pages write. So a read fetches the sectors that are
 * missing, and a write sends the dirty ones, in runs; neighbouring runs and
 * pages share a transfer.
 *
 * Sectors past the end of the device are zeroes, up to date and never dirty.
 *
 * Locks: the page's lock around filling, changing what is up to date and the
 * beginning of a write; a write ends under PG_writeback alone. Bits change by
 * atomic operations, for marking a block dirty takes no lock.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm.h>
#include <ashlar/pagemap.h>
#include <ashlar/string.h>
#include <ashlar/writeback.h>
#include <kernel/block/bdev_pages.h>
#include <kernel/block/blkdev.h>
#include <kernel/panic.h>

#define SECTORS (PAGE_SIZE / SECTOR_SIZE)
#define ALL ((1u << SECTORS) - 1)
#define DIRTY_SHIFT 8
#define RUN_SHIFT 16
#define ONE_RUN (1ul << RUN_SHIFT)
#define ALL_RUNS (15ul << RUN_SHIFT)

static u32 uptodate_bits(const struct page *page)
{
	return READ_ONCE(page->priv) & ALL;
}

static u32 dirty_bits(const struct page *page)
{
	return READ_ONCE(page->priv) >> DIRTY_SHIFT & ALL;
}

/* The sectors that [@from, @to) of a page touches. */
static u32 touched(u32 from, u32 to)
{
	u32 first = from / SECTOR_SIZE, past = DIV_ROUND_UP(to, SECTOR_SIZE);

	return (1u << past) - (1u << first);
}

/* The lowest bits of @set that lie beside each other: *@first, and how many. */
static u32 lowest_run(u32 set, u32 *first)
{
	*first = (u32)__builtin_ctz(set);
	return (u32)__builtin_ctz(~(set >> *first));
}

static u32 run_bits(u32 first, u32 n)
{
	return ((1u << n) - 1) << first;
}

static struct block_device *bdev_of(const struct page *page)
{
	return ((struct address_space *)page->mapping)->host;
}

static sector_t first_sector(const struct page *page)
{
	return (sector_t)page->index * SECTORS;
}

static void set_uptodate(struct page *page, u32 bits)
{
	u32 now = (u32)__atomic_or_fetch(&page->priv, bits, __ATOMIC_RELEASE);

	if ((now & ALL) == ALL)
		set_page_flags(page, PG_uptodate);
}

/* ---- pages join ---- */

/* Sectors of @page that the device does not have. */
static u32 past_end(const struct block_device *bdev, unsigned long index)
{
	sector_t first = (sector_t)index * SECTORS;
	sector_t left = first < bdev->nr_sectors ? bdev->nr_sectors - first : 0;

	return left >= SECTORS ? 0 : ALL & ~((1u << left) - 1);
}

/*
 * A new page in the cache, locked, with a reference; -EBUSY: another task was
 * faster.
 */
static struct page *new_page(struct block_device *bdev, unsigned long index)
{
	struct page *page = alloc_user_page(GFP_USER);
	u32 beyond = past_end(bdev, index), first;
	int err;

	if (!page)
		return ERR_PTR(-ENOMEM);
	page->priv = beyond;
	if (beyond) {
		lowest_run(beyond, &first);
		memset((char *)page_address(page) + first * SECTOR_SIZE, 0,
		       PAGE_SIZE - first * SECTOR_SIZE);
	}
	set_page_flags(page, PG_private);
	get_page(page);
	err = add_to_page_cache_locked(bdev->bd_mapping, page, index, false);
	if (!err)
		return page;
	clear_page_flags(page, PG_private);
	page->priv = 0;
	put_page(page);
	put_page(page);
	return ERR_PTR(err);
}

/**
 * bdev_get_page() - a page of a device's cache, perhaps without contents
 * @bdev: the device
 * @index: which page, within the device
 *
 * Context: may sleep. Return: the page, locked and with a reference; or
 * ERR_PTR(-ENOMEM).
 */
struct page *bdev_get_page(struct block_device *bdev, unsigned long index)
{
	struct address_space *m = bdev->bd_mapping;
	struct page *page;

	for (;;) {
		page = find_get_page(m, index);
		if (!page) {
			page = new_page(bdev, index);
			if (PTR_ERR(page) == -EBUSY)
				continue;
			return page;
		}
		lock_page(page);
		if (likely(page->mapping == (unsigned long)m))
			return page;
		unlock_page(page); /* it left while we waited */
		put_page(page);
	}
}

/* ---- sectors come ---- */

static int read_run(struct page *page, u32 first, u32 n)
{
	struct bio *bio = bio_alloc(bdev_of(page), 1, REQ_OP_READ, GFP_KERNEL);
	int err;

	bio->sector = first_sector(page) + first;
	bio->urgent = true;
	bio_add_page(bio, page, n * SECTOR_SIZE, first * SECTOR_SIZE);
	err = submit_bio_wait(bio);
	bio_put(bio);
	return err;
}

/**
 * bdev_read_sectors() - a part of a page becomes up to date
 * @page: locked
 * @from: first byte of the part
 * @to: past the last one
 *
 * What is there already is not read again. Context: may sleep. Return: 0 or
 * -errno.
 */
int bdev_read_sectors(struct page *page, u32 from, u32 to)
{
	u32 missing = touched(from, to) & ~uptodate_bits(page), first, n;
	int err = 0;

	while (missing && !err) {
		n = lowest_run(missing, &first);
		err = read_run(page, first, n);
		if (!err)
			set_uptodate(page, run_bits(first, n));
		missing &= ~run_bits(first, n);
	}
	return err;
}

/**
 * bdev_has_sectors() - is a part of a page up to date?
 * @page: with a reference
 * @from: first byte of the part
 * @to: past the last one
 */
bool bdev_has_sectors(const struct page *page, u32 from, u32 to)
{
	return !(touched(from, to) & ~uptodate_bits(page));
}

/**
 * bdev_set_uptodate() - a part of a page was filled by the caller
 * @page: locked
 * @from: first byte, at the start of a sector
 * @to: past the last one, likewise
 */
void bdev_set_uptodate(struct page *page, u32 from, u32 to)
{
	set_uptodate(page, touched(from, to));
}

static void end_readahead(struct bio *bio)
{
	struct bio_vec *v;

	for (v = bio->vec; v < bio->vec + bio->nr_vecs; v++) {
		if (!bio->status)
			set_uptodate(v->page,
				     touched(v->offset, v->offset + v->len));
		unlock_page(v->page);
		put_page(v->page);
	}
	bio_put(bio);
}

/* Bytes of @page that the device has. */
static u32 page_bytes(const struct page *page)
{
	return (SECTORS -
		(u32)__builtin_popcount(past_end(bdev_of(page), page->index))) *
	       SECTOR_SIZE;
}

/* Pages from @index on that are not cached, up to @nr, locked: how many. */
static unsigned int take_absent(struct block_device *bdev, unsigned long index,
				unsigned long nr, struct page **pages)
{
	struct page *page;
	unsigned int n;

	for (n = 0; n < nr && n < BIO_MAX_VECS; n++) {
		page = find_get_page(bdev->bd_mapping, index + n);
		if (page) {
			put_page(page);
			break;
		}
		page = new_page(bdev, index + n);
		if (IS_ERR(page))
			break;
		pages[n] = page;
	}
	return n;
}

/* The same pages are asked for, in one transfer. */
static unsigned int read_absent(struct block_device *bdev, unsigned long index,
				unsigned long nr)
{
	struct page *pages[BIO_MAX_VECS];
	unsigned int n = take_absent(bdev, index, nr, pages), i;
	struct bio *bio;

	if (!n)
		return 0;
	bio = bio_alloc(bdev, BIO_MAX_VECS, REQ_OP_READ, GFP_KERNEL);
	bio->sector = first_sector(pages[0]);
	bio->end_io = end_readahead;
	for (i = 0; i < n; i++)
		bio_add_page(bio, pages[i], page_bytes(pages[i]), 0);
	submit_bio(bio);
	return n;
}

/**
 * bdev_readahead() - start reading the pages that are not cached
 * @bdev: the device
 * @index: the first of them
 * @nr: how many
 *
 * A caller who wants one of them waits for its lock, and finds its error.
 * Context: may sleep.
 */
void bdev_readahead(struct block_device *bdev, unsigned long index,
		    unsigned long nr)
{
	unsigned long n;

	for (; nr; index += n, nr -= n) {
		n = read_absent(bdev, index, nr);
		if (!n)
			n = 1; /* it is cached */
	}
}

/* ---- sectors go ---- */

static u32 on_device(const struct page *page, u32 from, u32 to)
{
	return touched(from, to) & ~past_end(bdev_of(page), page->index);
}

/**
 * bdev_mark_dirty() - a part of a page has to be written
 * @page: in the cache; the part is up to date
 * @from: first byte
 * @to: past the last one
 *
 * Whole sectors are. Context: any that may take a spinlock.
 */
void bdev_mark_dirty(struct page *page, u32 from, u32 to)
{
	unsigned long bits = on_device(page, from, to);

	__atomic_fetch_or(&page->priv, bits << DIRTY_SHIFT, __ATOMIC_RELEASE);
	set_page_dirty(page);
}

/* These sectors are dirty no more; if it was the last of them, nor is the page.
 * It is locked, and not on its way. */
static void clear_dirty(struct page *page, u32 bits)
{
	__atomic_fetch_and(&page->priv, ~((unsigned long)bits << DIRTY_SHIFT),
			   __ATOMIC_ACQUIRE);
	if (!dirty_bits(page) && clear_page_dirty_for_io(page))
		drop_dirty_mark(bdev_of(page)->bd_mapping, page);
}

static void end_run(struct page *page)
{
	if (!(__atomic_sub_fetch(&page->priv, ONE_RUN, __ATOMIC_ACQ_REL) &
	      ALL_RUNS))
		end_page_writeback(page);
	put_page(page);
}

static void end_write(struct bio *bio)
{
	struct bio_vec *v;

	mapping_set_error(bio->bdev->bd_mapping, bio->status);
	for (v = bio->vec; v < bio->vec + bio->nr_vecs; v++)
		end_run(v->page);
	bio_put(bio);
}

/* One run joins the transfer *@bio, or begins another. */
static void add_run(struct page *page, u32 first, u32 n, struct bio **bio)
{
	sector_t sector = first_sector(page) + first;
	u32 len = n * SECTOR_SIZE, off = first * SECTOR_SIZE;

	get_page(page);
	if (*bio && bio_end(*bio) == sector &&
	    bio_add_page(*bio, page, len, off))
		return;
	if (*bio)
		submit_bio(*bio);
	*bio = bio_alloc(bdev_of(page), BIO_MAX_VECS, REQ_OP_WRITE, GFP_KERNEL);
	(*bio)->sector = sector;
	(*bio)->end_io = end_write;
	bio_add_page(*bio, page, len, off);
}

static u32 count_runs(u32 set)
{
	return (u32)__builtin_popcount(set & ~(set << 1));
}

/*
 * The dirty sectors of a page set out. It is locked, and counts as clean;
 * unlocked here. *@bio is the transfer that was begun, or NULL.
 */
static void write_page(struct page *page, struct bio **bio)
{
	u32 dirty = dirty_bits(page), first, n;

	/* One run more than there are: ours, until all are named. */
	__atomic_fetch_and(&page->priv, ~((unsigned long)dirty << DIRTY_SHIFT),
			   __ATOMIC_ACQUIRE);
	__atomic_fetch_add(&page->priv, (count_runs(dirty) + 1) * ONE_RUN,
			   __ATOMIC_ACQUIRE);
	get_page(page);
	set_page_writeback(page);
	unlock_page(page);
	for (; dirty; dirty &= ~run_bits(first, n)) {
		n = lowest_run(dirty, &first);
		add_run(page, first, n, bio);
	}
	end_run(page);
}

/* A walk over dirty pages, and the transfer that the last ones joined. */
struct bdev_walk {
	struct writeback_control wbc;
	struct bio *bio;
};

static int write_one(struct address_space *m, struct page *page,
		     struct writeback_control *wbc)
{
	(void)m;
	write_page(page, &container_of(wbc, struct bdev_walk, wbc)->bio);
	return 0;
}

static int bdev_writepages(struct address_space *m,
			   struct writeback_control *wbc)
{
	struct bdev_walk walk = { .wbc = *wbc };
	int err = write_cache_pages(m, &walk.wbc, write_one);

	*wbc = walk.wbc;
	if (walk.bio)
		submit_bio(walk.bio);
	return err;
}

static int bdev_writepage(struct address_space *m, struct page *page,
			  struct writeback_control *wbc)
{
	struct bio *bio = NULL;

	(void)m;
	(void)wbc;
	write_page(page, &bio);
	if (bio)
		submit_bio(bio);
	return 0;
}

/* The write of single sectors, waited for. */
static int write_run(struct page *page, u32 first, u32 n)
{
	struct bio *bio = bio_alloc(bdev_of(page), 1, REQ_OP_WRITE, GFP_KERNEL);
	int err;

	bio->sector = first_sector(page) + first;
	bio_add_page(bio, page, n * SECTOR_SIZE, first * SECTOR_SIZE);
	err = submit_bio_wait(bio);
	bio_put(bio);
	return err;
}

/**
 * bdev_write_sectors() - a part of a page is written, if it is dirty
 * @page: with a reference
 * @from: first byte
 * @to: past the last one
 *
 * Context: may sleep. Return: 0 or -errno, when it has arrived.
 */
int bdev_write_sectors(struct page *page, u32 from, u32 to)
{
	u32 dirty, first, n;
	int err = 0, this;

	lock_page(page);
	wait_on_page_writeback(page);
	dirty = page->mapping ? dirty_bits(page) & touched(from, to) : 0;
	if (dirty)
		clear_dirty(page, dirty);
	for (; dirty; dirty &= ~run_bits(first, n)) {
		n = lowest_run(dirty, &first);
		this = write_run(page, first, n);
		err = err ? err : this;
	}
	unlock_page(page);
	return err;
}

/**
 * bdev_forget_sectors() - what a part of a page says is of no use any more
 * @page: with a reference
 * @from: first byte, at the start of a sector
 * @to: past the last one, likewise
 *
 * It is not written, and is read anew. Context: may sleep.
 */
void bdev_forget_sectors(struct page *page, u32 from, u32 to)
{
	u32 bits;

	lock_page(page);
	wait_on_page_writeback(page);
	bits = page->mapping ? on_device(page, from, to) : 0;
	if (bits) {
		clear_dirty(page, bits);
		__atomic_fetch_and(&page->priv, ~(unsigned long)bits,
				   __ATOMIC_RELEASE);
		clear_page_flags(page, PG_uptodate);
	}
	unlock_page(page);
}

/* ---- a program's mapping of the device ---- */

static int bdev_read_folio(struct address_space *m, struct page *page)
{
	int err = bdev_read_sectors(page, 0, PAGE_SIZE);

	(void)m;
	if (!err)
		end_page_read(page, 0);
	return err;
}

/* It may be written anywhere from now on. */
static int bdev_page_mkwrite(struct address_space *m, struct page *page)
{
	(void)m;
	bdev_mark_dirty(page, 0, PAGE_SIZE);
	return 0;
}

const struct address_space_operations bdev_aops = {
	.read_folio = bdev_read_folio,
	.writepage = bdev_writepage,
	.writepages = bdev_writepages,
	.page_mkwrite = bdev_page_mkwrite,
};
