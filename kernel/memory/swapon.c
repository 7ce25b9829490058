/* SPDX-License-Identifier: MIT */
/*
 * swapon, swapoff and /proc/swaps.
 *
 * What an area is made of, and what it says of itself, is mm/swapfile.c's; how
 * its pages move, kernel/memory/swap_file.c's.
 */
#include <ashlar/err.h>
#include <ashlar/mm.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/swapfile.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/memory/swap.h>
#include <kernel/printk.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/task.h>

#define NAME_COLUMNS 40u

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

/* Its first page. 0 or -errno. */
static int read_header(struct file *f, void *header)
{
	ssize_t n = kernel_read(f, header, PAGE_SIZE, 0);

	if (n < 0)
		return (int)n;
	return n < (ssize_t)PAGE_SIZE ? -EINVAL : 0;
}

/* @f becomes an area and keeps the reference; 0 or -errno, and it does not. */
static int swapon_file(struct file *f, const char *name, int flags)
{
	struct swap_info_struct *si;
	struct swap_source src;
	void *header;
	int err;

	header = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!header)
		return -ENOMEM;
	err = swap_claim(f, &src);
	if (err)
		goto out;
	err = read_header(f, header);
	if (!err) {
		si = mm_swapon(&src, header, flags);
		err = IS_ERR(si) ? (int)PTR_ERR(si) : 0;
	}
	if (err)
		src.ops->release(src.device);
	else
		log_area(si, name);
out:
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
	struct swap_info_struct *si;
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
	si = swap_area_of(f);
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
