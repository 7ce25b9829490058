/* SPDX-License-Identifier: MIT */
/*
 * Swap areas: devices, and files on disks.
 *
 *   area    │ header │ slot 1 │ 2 │ 3 │ 4 │ …
 *   file    └── run ─────────────┘└─ run ─┘       asked once (a_ops->bmap)
 *   disk    ── 7000 … ── 7016 … ────────── 9320 …
 *
 * A file's pages move straight between memory and its disk: its filesystem is
 * asked where its blocks are when the area begins, and not any more. So they
 * must stay: AS_SWAPFILE forbids to write the file, to cut it, to free blocks
 * of it or to map it for writing, and its name cannot go. What is cached of it
 * is forgotten when it becomes an area, and when it is none any more.
 *
 * Locks: i_rwsem for AS_SWAPFILE, against whoever is just writing.
 */
#include <ashlar/errno.h>
#include <ashlar/mm.h>
#include <ashlar/rwsem.h>
#include <ashlar/swapfile.h>
#include <ashlar/writeback.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/memory/swap.h>
#include <kernel/printk.h>

#define PAGE_SECTORS ((u32)(PAGE_SIZE >> SECTOR_SHIFT))

/* ---- transfers ---- */

static void end_write(struct bio *bio)
{
	struct page *page = bio->private;
	int err = bio->status;

	bio_put(bio);
	swap_write_end(page, err);
}

static void end_read(struct bio *bio)
{
	struct page *page = bio->private;
	int err = bio->status;

	bio_put(bio);
	swap_read_end(page, err);
}

static void bdev_submit(void *device, struct page *page, u64 sector, bool write)
{
	struct bio *bio = bio_alloc(
		device, 1, write ? REQ_OP_WRITE : REQ_OP_READ, GFP_KERNEL);

	bio->sector = sector;
	bio->private = page;
	bio->end_io = write ? end_write : end_read;
	bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
}

static struct block_device *bdev_of(const struct address_space *m)
{
	return ((struct inode *)m->host)->i_sb->s_bdev;
}

static void file_submit(void *device, struct page *page, u64 sector, bool write)
{
	bdev_submit(bdev_of(device), page, sector, write);
}

/* ---- where pages lie ---- */

static int bdev_map(void *device, unsigned long index, unsigned long *nr,
		    u64 *sector)
{
	(void)device;
	(void)nr;
	*sector = (u64)index * PAGE_SECTORS;
	return 0;
}

/* @nr sectors of a file from @from on, in one run. 0 or -errno. */
static int bmap_run(struct address_space *m, u64 from, u64 *sector, u32 *nr)
{
	int err = m->a_ops->bmap(m, from, sector, nr);

	if (!err && !*sector) {
		printk("swapon: swapfile has holes\n");
		err = -EINVAL;
	}
	return err;
}

static int file_map(void *device, unsigned long index, unsigned long *nr,
		    u64 *sector)
{
	u64 from = (u64)index * PAGE_SECTORS, next;
	u32 n = (u32)min((u64)*nr * PAGE_SECTORS, (u64)1 << 30), got, more;
	int err;

	got = n;
	err = bmap_run(device, from, sector, &got);
	*nr = got / PAGE_SECTORS;
	/* Its first page is in pieces: there may be holes between them. */
	for (; !err && got < PAGE_SECTORS; got += more) {
		more = PAGE_SECTORS - got;
		err = bmap_run(device, from + got, &next, &more);
	}
	if (!err && !*nr)
		err = -EAGAIN;
	return err;
}

/* ---- a file that must not change ---- */

static void set_swapfile(struct address_space *m, bool on)
{
	xa_lock(&m->i_pages);
	if (on)
		m->flags |= AS_SWAPFILE;
	else
		m->flags &= ~AS_SWAPFILE;
	xa_unlock(&m->i_pages);
}

static void bdev_release(void *device)
{
	struct block_device *bdev = device;

	set_swapfile(bdev->bd_mapping, false);
}

static void file_release(void *device)
{
	invalidate_inode_pages2_range(device, 0, ~0ul);
	set_swapfile(device, false);
}

static const struct swap_device_ops bdev_swap_ops = {
	.submit = bdev_submit,
	.map = bdev_map,
	.release = bdev_release,
};

static const struct swap_device_ops file_swap_ops = {
	.submit = file_submit,
	.map = file_map,
	.release = file_release,
};

/* A device, which the caller has alone. */
static int claim_bdev(struct file *f, struct swap_source *src)
{
	struct block_device *bdev = f->private_data;
	int err = sync_blockdev(bdev);

	if (err)
		return err;
	set_swapfile(bdev->bd_mapping, true);
	src->ops = &bdev_swap_ops;
	src->device = bdev;
	src->dev = bdev_number(bdev);
	src->partition = true;
	src->bytes = bdev->nr_sectors << SECTOR_SHIFT;
	return 0;
}

/* 0 if a file on a disk can be an area; then it is marked as one. */
static int mark_file(const struct file *f, struct address_space *m)
{
	int err = 0;

	down_write(&m->i_rwsem);
	if (f->f_dentry->d_unlinked)
		err = -ENOENT;
	else if (IS_SWAPFILE(m))
		err = -EBUSY;
	else if (!m->a_ops->bmap)
		err = -EINVAL;
	else
		set_swapfile(m, true);
	up_write(&m->i_rwsem);
	return err;
}

static int claim_file(struct file *f, struct swap_source *src)
{
	struct address_space *m = f->f_mapping;
	int err = m ? mark_file(f, m) : -EINVAL;

	if (err)
		return err;
	/* Stores through mappings of it get SIGBUS from here on. */
	err = filemap_write_and_wait_range(m, 0, MAX_LFS_FILESIZE);
	if (!err)
		err = invalidate_inode_pages2_range(m, 0, ~0ul);
	if (err) {
		set_swapfile(m, false);
		return err;
	}
	src->ops = &file_swap_ops;
	src->device = m;
	src->dev = bdev_number(bdev_of(m));
	src->bytes = (u64)mapping_size(m);
	return 0;
}

/**
 * swap_claim() - what is open is to become a swap area
 * @f: a device, which the caller has alone, or a file
 * @src: is set
 *
 * Until ops->release() nobody else writes it. Context: may sleep. Return: 0;
 * -EINVAL: neither; -EBUSY: it is one; -ENOENT: it has no name; -EIO.
 */
int swap_claim(struct file *f, struct swap_source *src)
{
	*src = (struct swap_source){ .file = f };
	if (S_ISBLK(f->f_inode->i_mode))
		return claim_bdev(f, src);
	return S_ISREG(f->f_inode->i_mode) ? claim_file(f, src) : -EINVAL;
}

/** swap_area_of() - the swap area that an open file is, or NULL */
struct swap_info_struct *swap_area_of(const struct file *f)
{
	if (S_ISBLK(f->f_inode->i_mode))
		return swap_area_on(f->private_data);
	return f->f_mapping ? swap_area_on(f->f_mapping) : NULL;
}
