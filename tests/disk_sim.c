/* SPDX-License-Identifier: MIT */
/* A file with a disk below it, for tests; see disk.h. */
#include "disk.h"
#include <ashlar/highmem.h>
#include <ashlar/pagemap.h>
#include <ashlar/string.h>

struct disk disk;

static void do_request(const struct disk_request *rq)
{
	u8 *at = disk.data + (rq->page->index << PAGE_SHIFT);
	int err = disk.bad[rq->page->index] ? -EIO : 0;

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

static const struct address_space_operations disk_aops = {
	.read_folio = disk_read_folio,
};

static const struct file_operations disk_fops = {
	.read_iter = generic_file_read_iter,
	.write_iter = generic_file_write_iter,
	.mmap = generic_file_mmap,
};

struct file *take_disk_file(unsigned long pages)
{
	struct file *f = shmem_alloc_file("disk");
	size_t i;

	if (IS_ERR(f))
		needed(__FILE__, __LINE__, "a file");
	memset(&disk, 0, sizeof(disk));
	for (i = 0; i < sizeof(disk.data); i++)
		disk.data[i] = (u8)rnd(256);
	sim.on_wait = disk_on_wait;
	address_space_init(f->f_mapping, &disk_aops, NULL, 0);
	mapping_set_size(f->f_mapping, (loff_t)(pages << PAGE_SHIFT));
	f->f_op = &disk_fops;
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
