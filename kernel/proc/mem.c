/* SPDX-License-Identifier: MIT */
/*
 * A process's memory as files: its areas (maps, smaps, numa_maps), its frames
 * (pagemap), its bytes (mem), and the strings that execve left on its stack.
 *
 * Each look takes a reference to the address space, so that it stays while
 * the process ends. A kernel thread has none: its texts are empty.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/gup.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/slab.h>
#include <ashlar/task_mmu.h>
#include <ashlar/tune.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/task/cred.h>
#include <kernel/task/ptrace.h>
#include "proc.h"

/* ---- whose memory ---- */

/*
 * An open file keeps the address space of the moment of opening, for which
 * its opener was allowed to look, without its areas' lives (mm_count): when
 * the process has another program, or has ended, reads find what was there or
 * nothing.
 */
struct mm_struct *proc_mem_open(const struct inode *inode, unsigned int mode)
{
	struct mm_struct *mm =
		mm_access(proc_i(inode)->task, mode | PTRACE_MODE_FSCREDS);

	if (mm && !IS_ERR(mm)) {
		mmgrab(mm);
		mmput(mm);
	}
	return mm;
}

struct mm_struct *proc_mm_get_live(struct mm_struct *mm)
{
	return mm && mmget_not_zero(mm) ? mm : NULL;
}

/* ---- areas ---- */

/* A file's path as maps prints it: newlines escaped. */
static void file_name(struct seq_file *m, struct file *file)
{
	struct path path = { file->f_mnt, file->f_dentry };

	seq_path(m, &path);
}

int show_pid_maps(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = proc_mm_get_live(m->priv);

	(void)task;
	if (!mm)
		return 0;
	show_maps(m, mm, file_name);
	mmput(mm);
	return 0;
}

static int smaps(struct seq_file *m, bool rollup)
{
	struct mm_struct *mm = proc_mm_get_live(m->priv);

	if (!mm)
		return rollup ? -ESRCH : 0;
	show_smaps(m, mm, file_name, rollup);
	mmput(mm);
	return 0;
}

int show_pid_smaps(struct seq_file *m, struct task_struct *task)
{
	(void)task;
	return smaps(m, false);
}

int show_pid_smaps_rollup(struct seq_file *m, struct task_struct *task)
{
	(void)task;
	return smaps(m, true);
}

int show_pid_numa_maps(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = proc_mm_get_live(m->priv);

	if (!mm)
		return 0;
	show_numa_maps(m, mm, task->mempolicy, file_name);
	mmput(mm);
	return 0;
}

/* clear_refs is only written to. */
int show_pid_clear_refs(struct seq_file *m, struct task_struct *task)
{
	(void)m;
	(void)task;
	return -EINVAL;
}

ssize_t write_pid_clear_refs(const char *text, size_t len,
			     struct task_struct *task)
{
	struct mm_struct *mm;
	int err = 0;
	long v;

	if (!proc_parse_long(text, &v) || v < 0)
		return -EINVAL;
	mm = get_task_mm(task);
	if (mm) {
		err = clear_refs(mm, (unsigned int)v);
		mmput(mm);
	}
	return err ? err : (ssize_t)len;
}

/* ---- what execve left ---- */

/* The bytes [addr, end) of @mm, as far as they are there. */
static void write_user(struct seq_file *m, struct mm_struct *mm,
		       unsigned long addr, unsigned long end)
{
	char chunk[256];
	size_t n, done;

	for (; addr < end; addr += n) {
		n = min(end - addr, sizeof(chunk));
		done = access_process_vm(mm, addr, chunk, n, false);
		seq_write(m, chunk, done);
		if (done < n)
			return;
	}
}

int show_pid_cmdline(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm)
		return 0;
	write_user(m, mm, mm->arg_start, mm->arg_end);
	mmput(mm);
	return 0;
}

int show_pid_environ(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = proc_mm_get_live(m->priv);

	(void)task;
	if (!mm)
		return 0;
	write_user(m, mm, mm->env_start, mm->env_end);
	mmput(mm);
	return 0;
}

int show_pid_auxv(struct seq_file *m, struct task_struct *task)
{
	struct mm_struct *mm = proc_mm_get_live(m->priv);
	unsigned int n = 0;

	(void)task;
	if (!mm)
		return 0;
	do
		n += 2;
	while (mm->saved_auxv[n - 2] && n < ARRAY_SIZE(mm->saved_auxv));
	seq_write(m, mm->saved_auxv, n * sizeof(u32));
	mmput(mm);
	return 0;
}

/* ---- bytes and frames ---- */

static int mem_open(struct inode *inode, struct file *f)
{
	struct mm_struct *mm = proc_mem_open(inode, PTRACE_MODE_ATTACH);

	if (IS_ERR(mm))
		return (int)PTR_ERR(mm);
	f->private_data = mm;
	return 0;
}

static void mem_release(struct file *f)
{
	if (f->private_data)
		mmdrop(f->private_data);
}

static ssize_t mem_rw(struct file *f, struct iov_iter *i, loff_t *pos,
		      bool write)
{
	struct mm_struct *mm = proc_mm_get_live(f->private_data);
	ssize_t total = 0;
	char chunk[256];
	size_t n, done;

	if (!mm)
		return 0;
	while (i->count) {
		n = min(i->count, sizeof(chunk));
		if (*pos < 0 || *pos >= (loff_t)TASK_SIZE) {
			total = total ? total : -EIO;
			break;
		}
		if (write && copy_from_iter(chunk, n, i) != n) {
			total = total ? total : -EFAULT;
			break;
		}
		done = access_process_vm(mm, (unsigned long)*pos, chunk, n,
					 write);
		if (!write && done)
			done = copy_to_iter(chunk, done, i);
		*pos += done;
		total += (ssize_t)done;
		if (done < n) {
			total = total ? total : -EIO;
			break;
		}
	}
	mmput(mm);
	return total;
}

static ssize_t mem_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	return mem_rw(f, to, pos, false);
}

static ssize_t mem_write(struct file *f, struct iov_iter *from, loff_t *pos)
{
	return mem_rw(f, from, pos, true);
}

static loff_t mem_llseek(struct file *f, loff_t off, int whence)
{
	if (whence == 1)
		off += f->f_pos;
	else if (whence != 0)
		return -EINVAL;
	f->f_pos = off;
	return off;
}

const struct file_operations proc_mem_fops = {
	.open = mem_open,
	.release = mem_release,
	.read_iter = mem_read,
	.write_iter = mem_write,
	.llseek = mem_llseek,
};

#define PM_ENTRY sizeof(u64)
#define PM_PFN_MASK ((1ull << 55) - 1)

struct pagemap {
	struct mm_struct *mm; /* with an mm_count, or NULL */
	bool show_pfn; /* whoever opened it may see frame numbers */
};

static int pagemap_open(struct inode *inode, struct file *f)
{
	struct pagemap *pm = kmalloc(sizeof(*pm), GFP_KERNEL);
	int err;

	if (!pm)
		return -ENOMEM;
	pm->mm = proc_mem_open(inode, PTRACE_MODE_READ);
	pm->show_pfn = capable(CAP_SYS_ADMIN);
	if (IS_ERR(pm->mm)) {
		err = (int)PTR_ERR(pm->mm);
		kfree(pm);
		return err;
	}
	f->private_data = pm;
	return 0;
}

static void pagemap_release(struct file *f)
{
	struct pagemap *pm = f->private_data;

	if (pm->mm)
		mmdrop(pm->mm);
	kfree(pm);
}

static ssize_t pagemap_read(struct file *f, struct iov_iter *to, loff_t *pos)
{
	const loff_t end = (loff_t)(TASK_SIZE >> PAGE_SHIFT) * (loff_t)PM_ENTRY;
	const struct pagemap *pm = f->private_data;
	struct mm_struct *mm;
	ssize_t total = 0;
	u64 entry;

	if (*pos % (loff_t)PM_ENTRY || to->count % PM_ENTRY)
		return -EINVAL;
	mm = proc_mm_get_live(pm->mm);
	if (!mm)
		return 0;
	while (to->count && *pos < end) {
		entry = pagemap_entry(mm, (unsigned long)(*pos / 8)
						  << PAGE_SHIFT);
		if (!pm->show_pfn)
			entry &= ~PM_PFN_MASK;
		if (copy_to_iter(&entry, PM_ENTRY, to) != PM_ENTRY) {
			total = total ? total : -EFAULT;
			break;
		}
		*pos += (loff_t)PM_ENTRY;
		total += (ssize_t)PM_ENTRY;
	}
	mmput(mm);
	return total;
}

const struct file_operations proc_pagemap_fops = {
	.open = pagemap_open,
	.release = pagemap_release,
	.read_iter = pagemap_read,
	.llseek = mem_llseek,
};
