/* SPDX-License-Identifier: MIT */
/*
 * Devices with major number 1: memory, and what looks like it.
 *
 *   1 mem   3 null   4 port   5 zero   7 full   8 random   9 urandom   11 kmsg
 *
 * /dev/mem is physical memory as it is, /dev/port the processor's ports: for
 * root only, who may then break anything.
 */
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <i386.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/drivers/mem.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/stat.h>
#include <kernel/sched/sched.h>
#include <kernel/task/cred.h>
#include <mach/io.h>
#include <mach/page.h>

/* ---- null, zero, full ---- */

static ssize_t read_null(struct file *f, struct iov_iter *to, loff_t *pos)
{
	(void)f;
	(void)to;
	(void)pos;
	return 0;
}

static ssize_t write_null(struct file *f, struct iov_iter *from, loff_t *pos)
{
	(void)f;
	(void)pos;
	return (ssize_t)from->count;
}

static ssize_t read_zero(struct file *f, struct iov_iter *to, loff_t *pos)
{
	size_t n, chunk, done = 0;

	(void)f;
	(void)pos;
	while (to->count) {
		chunk = min(to->count, (size_t)PAGE_SIZE * 16);
		n = iov_iter_zero(chunk, to);
		done += n;
		if (n < chunk)
			return done ? (ssize_t)done : -EFAULT;
		if (signal_pending(current))
			break;
		cond_resched();
	}
	return (ssize_t)done;
}

static ssize_t write_full(struct file *f, struct iov_iter *from, loff_t *pos)
{
	(void)f;
	(void)from;
	(void)pos;
	return -ENOSPC;
}

/* A private mapping is anonymous memory, a shared one a file in RAM. */
static int mmap_zero(struct file *f, struct vm_area_struct *vma)
{
	(void)f;
	return vma->vm_flags & VM_SHARED ? shmem_zero_setup(vma) : 0;
}

static const struct file_operations null_fops = {
	.llseek = noop_llseek,
	.read_iter = read_null,
	.write_iter = write_null,
};

static const struct file_operations zero_fops = {
	.llseek = noop_llseek,
	.read_iter = read_zero,
	.write_iter = write_null,
	.mmap = mmap_zero,
};

static const struct file_operations full_fops = {
	.llseek = noop_llseek,
	.read_iter = read_zero,
	.write_iter = write_full,
};

/* ---- mem ---- */

static int open_raw(struct inode *inode, struct file *f)
{
	(void)inode;
	(void)f;
	return capable(CAP_SYS_RAWIO) ? 0 : -EPERM;
}

/* Bytes up to the first end: of the page, the transfer, or 4 GB. */
static size_t mem_chunk(u32 addr, size_t count)
{
	return min(PAGE_SIZE - (addr & ~PAGE_MASK), (unsigned long)count);
}

/* A frame's bytes: devices below 16 MB lie in the direct map as well. */
static char *map_frame(unsigned long pfn)
{
	if (pfn < max_low_pfn)
		return pfn_to_virt(pfn);
	return pfn < max_pfn ? kmap_local_page(pfn_to_page(pfn)) : NULL;
}

static void unmap_frame(unsigned long pfn, char *addr)
{
	if (pfn >= max_low_pfn)
		kunmap_local(addr);
}

static ssize_t copy_mem(struct iov_iter *i, loff_t *pos, bool write)
{
	size_t n, chunk, done = 0;
	unsigned long pfn;
	char *p;

	while (i->count && *pos < 1ll << 32) {
		pfn = (unsigned long)(*pos >> PAGE_SHIFT);
		chunk = mem_chunk((u32)*pos, i->count);
		p = map_frame(pfn);
		if (!p)
			break;
		p += *pos & ~PAGE_MASK;
		n = write ? copy_from_iter(p, chunk, i) :
			    copy_to_iter(p, chunk, i);
		unmap_frame(pfn, p);
		done += n;
		*pos += n;
		if (n < chunk)
			break;
		cond_resched();
	}
	return done || !i->count ? (ssize_t)done : -EFAULT;
}

static ssize_t read_mem(struct file *f, struct iov_iter *to, loff_t *pos)
{
	(void)f;
	return copy_mem(to, pos, false);
}

static ssize_t write_mem(struct file *f, struct iov_iter *from, loff_t *pos)
{
	(void)f;
	return copy_mem(from, pos, true);
}

static int mmap_mem(struct file *f, struct vm_area_struct *vma)
{
	unsigned long size = vma->vm_end - vma->vm_start;

	(void)f;
	if (vma->vm_pgoff + (size >> PAGE_SHIFT) > 1ul << (32 - PAGE_SHIFT))
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, vma->vm_pgoff, size);
}

static loff_t memory_llseek(struct file *f, loff_t off, int whence)
{
	if (whence == SEEK_CUR)
		off += f->f_pos;
	else if (whence != SEEK_SET)
		return -EINVAL;
	if (off < 0)
		return -EOVERFLOW;
	f->f_pos = off;
	return off;
}

static const struct file_operations mem_fops = {
	.open = open_raw,
	.llseek = memory_llseek,
	.read_iter = read_mem,
	.write_iter = write_mem,
	.mmap = mmap_mem,
};

/* ---- port ---- */

static ssize_t read_port(struct file *f, struct iov_iter *to, loff_t *pos)
{
	ssize_t done = 0;
	u8 byte;

	(void)f;
	while (to->count && *pos < 65536) {
		byte = inb((u16)*pos);
		if (!copy_to_iter(&byte, 1, to))
			return -EFAULT;
		++*pos;
		done++;
	}
	return done;
}

static ssize_t write_port(struct file *f, struct iov_iter *from, loff_t *pos)
{
	ssize_t done = 0;
	u8 byte;

	(void)f;
	while (from->count && *pos < 65536) {
		if (!copy_from_iter(&byte, 1, from))
			return done ? done : -EFAULT;
		outb(byte, (u16)*pos);
		++*pos;
		done++;
	}
	return done;
}

static const struct file_operations port_fops = {
	.open = open_raw,
	.llseek = memory_llseek,
	.read_iter = read_port,
	.write_iter = write_port,
};

/* ---- the list ---- */

static const struct {
	u32 minor;
	umode_t mode;
	const char *name;
	const struct file_operations *fop;
} devices[] = {
	{ 1, 0640, "mem", &mem_fops },
	{ 3, 0666, "null", &null_fops },
	{ 4, 0640, "port", &port_fops },
	{ 5, 0666, "zero", &zero_fops },
	{ 7, 0666, "full", &full_fops },
	{ 8, 0666, "random", &random_fops },
	{ 9, 0666, "urandom", &random_fops },
	{ 11, 0644, "kmsg", &kmsg_fops },
};

/** mem_init_devices() - register and name them; boot */
void mem_init_devices(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		register_chrdev(1, devices[i].minor, 1, "mem", devices[i].fop);
		devtmpfs_create(devices[i].name, S_IFCHR | devices[i].mode,
				MKDEV(1, devices[i].minor));
	}
}
