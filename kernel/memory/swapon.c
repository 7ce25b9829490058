/* SPDX-License-Identifier: MIT */
/*
 * swapon, swapoff: which device or file; and how its pages move.
 *
 *   mm/page_io.c ── submit ─▶ bio of one page ─▶ the disk's thread
 *        ▲                                          │ end_io
 *        └──────── swap_read_end, swap_write_end ◀──┘
 *
 * What an area is made of, and what it says of itself, is mm/swapfile.c's. A
 * transfer takes no memory that would have to be waited for (bio.c), since it
 * may be what memory waits for.
 */
#include <ashlar/err.h>
#include <ashlar/mm.h>
#include <ashlar/page_ref.h>
#include <ashlar/pagemap.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/swapfile.h>
#include <kernel/block/blkdev.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/fs/stat.h>
#include <kernel/memory/swap.h>
#include <kernel/printk.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/task.h>

#define NAME_COLUMNS 40u

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

static void swap_submit(void *device, struct page *page, u64 sector, bool write)
{
	struct bio *bio = bio_alloc(
		device, 1, write ? REQ_OP_WRITE : REQ_OP_READ, GFP_KERNEL);

	bio->sector = sector;
	bio->private = page;
	bio->end_io = write ? end_write : end_read;
	bio_add_page(bio, page, PAGE_SIZE, 0);
	submit_bio(bio);
}

static int bdev_sector(void *device, unsigned long index, u64 *sector)
{
	(void)device;
	*sector = (u64)index << (PAGE_SHIFT - SECTOR_SHIFT);
	return 0;
}

static const struct swap_device_ops bdev_swap_ops = {
	.submit = swap_submit,
	.sector_of = bdev_sector,
};

/* ---- swapon ---- */

static void log_area(const struct swap_info_struct *si, const char *name)
{
	struct swap_report r;
	unsigned int i;

	for (i = 0; i < NR_SWAP_AREAS; i++) {
		if (!swap_report(i, &r))
			continue;
		if (swap_area_number(si) == i)
			printk("Adding %luk swap on %s.  Priority:%d "
			       "extents:%u across:%luk\n",
			       r.pages << (PAGE_SHIFT - 10), name, r.prio,
			       r.extents, r.span << (PAGE_SHIFT - 10));
		fput(r.file);
	}
}

/* What @f is: 0 and @src, or -errno. */
static int swap_source_of(struct file *f, struct swap_source *src)
{
	struct block_device *bdev = f->private_data;

	if (!S_ISBLK(f->f_inode->i_mode))
		return -EINVAL;
	if (swap_area_on(bdev))
		return -EBUSY;
	*src = (struct swap_source){
		.ops = &bdev_swap_ops,
		.device = bdev,
		.file = f,
		.dev = bdev_number(bdev),
		.partition = true,
		.bytes = bdev->nr_sectors << SECTOR_SHIFT,
	};
	return 0;
}

/* @f becomes an area and keeps the reference; 0 or -errno, and it does not. */
static int swapon_file(struct file *f, const char *name, int flags)
{
	struct swap_info_struct *si;
	struct swap_source src;
	void *header;
	ssize_t n;
	int err;

	header = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!header)
		return -ENOMEM;
	n = kernel_read(f, header, PAGE_SIZE, 0);
	err = n < 0		     ? (int)n :
	      n < (ssize_t)PAGE_SIZE ? -EINVAL :
				       swap_source_of(f, &src);
	if (!err) {
		si = mm_swapon(&src, header, flags);
		if (IS_ERR(si))
			err = (int)PTR_ERR(si);
		else
			log_area(si, name);
	}
	kfree(header);
	return err;
}

SYSCALL_DEFINE(swapon, const char __user *path, int flags)
{
	struct file *f;
	char *name;
	int err;

	if (flags & ~SWAP_FLAGS_VALID)
		return -EINVAL;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	name = getname(path);
	if (IS_ERR(name))
		return PTR_ERR(name);
	/* O_EXCL: a device that another has alone is busy. */
	f = filp_open(name, O_RDWR | O_LARGEFILE | O_EXCL, 0);
	if (IS_ERR(f)) {
		err = (int)PTR_ERR(f);
	} else {
		err = swapon_file(f, name, flags);
		if (err)
			fput(f);
	}
	kfree(name);
	return err;
}

/* ---- swapoff ---- */

static bool is_to_end(void)
{
	cond_resched();
	return fatal_signal_pending(current);
}

SYSCALL_DEFINE(swapoff, const char __user *path)
{
	struct swap_info_struct *si = NULL;
	struct file *f;
	char *name;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	name = getname(path);
	if (IS_ERR(name))
		return PTR_ERR(name);
	f = filp_open(name, O_RDWR | O_LARGEFILE, 0);
	kfree(name);
	if (IS_ERR(f))
		return PTR_ERR(f);
	if (S_ISBLK(f->f_inode->i_mode))
		si = swap_area_on(f->private_data);
	err = si ? mm_swapoff(si, is_to_end) : -EINVAL;
	fput(f);
	return err;
}

/* ---- /proc/swaps ---- */

static void show_swap(struct seq_file *m, const struct swap_report *r)
{
	struct path path = { r->file->f_mnt, r->file->f_dentry };
	unsigned long kb = r->pages << (PAGE_SHIFT - 10);
	unsigned long used = r->inuse << (PAGE_SHIFT - 10);
	size_t start = m->wanted;

	seq_path(m, &path);
	do
		seq_putc(m, ' ');
	while (m->wanted - start < NAME_COLUMNS);
	seq_printf(m, "%s\t%lu\t%s%lu\t%s%d\n",
		   r->partition ? "partition" : "file\t", kb,
		   kb < 10000000 ? "\t" : "", used, used < 10000000 ? "\t" : "",
		   r->prio);
}

void show_swaps(struct seq_file *m)
{
	struct swap_report r;
	unsigned int i;

	seq_puts(m, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	for (i = 0; i < NR_SWAP_AREAS; i++) {
		if (!swap_report(i, &r))
			continue;
		show_swap(m, &r);
		fput(r.file);
	}
}
