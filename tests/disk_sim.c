/* SPDX-License-Identifier: MIT */
/* A file with a disk below it, for tests; see disk.h. */
#include "disk.h"
#include <ashlar/highmem.h>
#include <ashlar/pagemap.h>
#include <ashlar/string.h>
#include <ashlar/writeback.h>
#include <ashlar/xa_slots.h>
#include "../mm/pgtable.h"

struct disk disk;

static void do_request(const struct disk_request *rq)
{
	u8 *at = disk.data + (rq->page->index << PAGE_SHIFT);
	int err = disk.bad[rq->page->index] ? -EIO : 0;

	if (rq->write) {
		CHECK(PageWriteback(rq->page) && PageUptodate(rq->page));
		if (!err)
			memcpy_from_page(at, rq->page, 0, PAGE_SIZE);
		disk.writes++;
		mapping_set_error(page_file_mapping(rq->page), err);
		end_page_writeback(rq->page);
		return;
	}
	CHECK(PageLocked(rq->page) && !PageUptodate(rq->page));
	if (!err)
		memcpy_to_page(rq->page, 0, at, PAGE_SIZE);
	disk.reads++;
	end_page_read(rq->page, err);
}

bool disk_step(void)
{
	struct disk_request rq;
	unsigned int i;

	if (!disk.nr)
		return false;
	i = (unsigned int)rnd(disk.nr);
	rq = disk.queue[i];
	disk.queue[i] = disk.queue[--disk.nr];
	do_request(&rq);
	return true;
}

void disk_run(void)
{
	while (disk_step())
		;
}

static bool disk_on_wait(const void *key)
{
	(void)key;
	return disk_step();
}

static void disk_submit(struct page *page, bool write)
{
	CHECK(disk.nr < DISK_PAGES && page->index < DISK_PAGES);
	disk.queue[disk.nr++] = (struct disk_request){ page, write };
	if (disk.at_once)
		disk_run();
}

static int disk_read_folio(struct address_space *m, struct page *page)
{
	CHECK_EQ(page->mapping, (unsigned long)m);
	disk_submit(page, false);
	return 0;
}

static int disk_writepage(struct address_space *m, struct page *page,
			  struct writeback_control *wbc)
{
	CHECK_EQ(page->mapping, (unsigned long)m);
	CHECK(!PageDirty(page));
	set_page_writeback(page);
	unlock_page(page);
	disk_submit(page, true);
	return 0;
}

/* What is written must have a place. */
static int disk_room(struct address_space *m, struct page *page)
{
	CHECK(PageLocked(page));
	return page->index < disk.room ? 0 : -ENOSPC;
}

static int disk_write_begin(struct address_space *m, struct page *page,
			    unsigned int from, unsigned int to)
{
	CHECK(from < to && to <= PAGE_SIZE);
	return disk_room(m, page);
}

static int fsync_range(struct file *f, loff_t start, loff_t end, bool datasync)
{
	return file_write_and_wait_range(f, start, end);
}

int disk_fsync(struct file *f)
{
	return f->f_op->fsync(f, 0, MAX_LFS_FILESIZE, false);
}

static const struct address_space_operations disk_aops = {
	.read_folio = disk_read_folio,
	.writepage = disk_writepage,
	.write_begin = disk_write_begin,
	.page_mkwrite = disk_room,
};

static const struct file_operations disk_fops = {
	.read_iter = generic_file_read_iter,
	.write_iter = generic_file_write_iter,
	.mmap = generic_file_mmap,
	.fsync = fsync_range,
};

struct file *take_disk_file(unsigned long pages)
{
	struct file *f = shmem_alloc_file("disk");
	size_t i;

	if (IS_ERR(f))
		needed(__FILE__, __LINE__, "a file");
	memset(&disk, 0, sizeof(disk));
	for (i = 0; i < pages << PAGE_SHIFT; i++)
		disk.data[i] = (u8)rnd(256);
	disk.room = DISK_PAGES;
	sim.on_wait = disk_on_wait;
	address_space_init(f->f_mapping, &disk_aops, NULL, 0);
	mapping_set_size(f->f_mapping, (loff_t)(pages << PAGE_SHIFT));
	f->f_op = &disk_fops;
	f->f_ra.prev_index = ~0ul;
	return keep_file(f);
}

ssize_t disk_read(struct file *f, loff_t pos, void *p, size_t n)
{
	struct iov_iter i;

	iov_iter_kernel(&i, p, n);
	return f->f_op->read_iter(f, &i, &pos);
}

ssize_t disk_write(struct file *f, loff_t pos, const void *p, size_t n)
{
	struct iov_iter i;

	iov_iter_kernel(&i, (void *)(uintptr_t)p, n);
	return f->f_op->write_iter(f, &i, &pos);
}

static bool is_writable(struct page *page, struct vm_area_struct *vma,
			unsigned long addr, void *arg)
{
	pte_t *pte = pte_lookup(vma->vm_mm, addr);

	*(bool *)arg |= pte_write(*pte) || pte_dirty(*pte);
	return true;
}

/* Returns true if the page is dirty. */
static bool check_disk_page(struct address_space *m, struct page *page)
{
	struct xarray *xa = &m->i_pages;
	bool stores = false;

	CHECK(!(page->pflags & PG_swapbacked));
	CHECK_OP(atomic_read(&page->_refcount), >=,
		 1 + atomic_read(&page->_mapcount));
	if (PageDirty(page))
		CHECK(__xa_get_mark(xa, page->index, XA_MARK_DIRTY));
	CHECK_EQ(PageWriteback(page),
		 __xa_get_mark(xa, page->index, XA_MARK_WRITEBACK));
	rmap_walk(page, is_writable, &stores);
	CHECK(!stores || PageDirty(page));
	return PageDirty(page);
}

void check_disk_file(struct file *f)
{
	unsigned long index = 0, pages = 0, dirty = 0, writes = 0;
	void (*on_unlock)(void) = sim.on_unlock;
	struct address_space *m = f->f_mapping;
	struct page *page;

	sim.on_unlock = NULL;
	for (; (page = find_get_next_page(m, &index, ~0ul)); index++) {
		CHECK_EQ(page->index, index);
		pages++;
		dirty += check_disk_page(m, page);
		writes += PageWriteback(page);
		put_page(page);
	}
	CHECK_EQ(m->nrpages, pages);
	CHECK_EQ(global_node_page_state(NR_FILE_DIRTY), dirty);
	CHECK_EQ(global_node_page_state(NR_WRITEBACK), writes);
	sim.on_unlock = on_unlock;
}
