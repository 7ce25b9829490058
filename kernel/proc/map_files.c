/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/map_files: a link for each area that a file is mapped into, by
 * the area's borders ("b7f00000-b7f21000"). It leads to the file itself, also
 * when that has no name any more; to follow it one needs CAP_SYS_ADMIN.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/mmap.h>
#include <ashlar/printf.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/path.h>
#include <kernel/fs/readdir.h>
#include <kernel/fs/stat.h>
#include <kernel/task/cred.h>
#include <kernel/task/ptrace.h>
#include "proc.h"

/* The file of the area with just these borders, and a reference; or NULL. */
static struct file *file_of_area(struct mm_struct *mm, unsigned long start,
				 unsigned long end)
{
	struct vm_area_struct *vma;
	struct file *f = NULL;

	down_read(&mm->mmap_lock);
	vma = find_vma(mm, start);
	if (vma && vma->vm_start == start && vma->vm_end == end && vma->vm_file)
		f = get_file(vma->vm_file);
	up_read(&mm->mmap_lock);
	return f;
}

/* A hexadecimal number without leading zeros; where it ends, or NULL. */
static const char *parse_hex(const char *s, const char *end, unsigned long *v)
{
	const char *first = s;
	unsigned int digit;

	for (*v = 0; s < end && s - first < 8; s++) {
		if (*s >= '0' && *s <= '9')
			digit = (unsigned int)(*s - '0');
		else if (*s >= 'a' && *s <= 'f')
			digit = (unsigned int)(*s - 'a') + 10;
		else
			break;
		*v = *v << 4 | digit;
	}
	return s == first || (*first == '0' && s - first > 1) ? NULL : s;
}

static bool parse_borders(const char *name, u32 len, unsigned long *start,
			  unsigned long *end)
{
	const char *stop = name + len;

	name = parse_hex(name, stop, start);
	if (!name || name == stop || *name != '-')
		return false;
	return parse_hex(name + 1, stop, end) == stop;
}

/* The inode's number is the area's first page: enough to find it again. */
static int area_get_path(struct inode *inode, struct path *path)
{
	struct task_struct *task = proc_i(inode)->task;
	struct vm_area_struct *vma;
	struct mm_struct *mm;
	int err = -ENOENT;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	mm = mm_access(task, PTRACE_MODE_READ_FSCREDS);
	if (IS_ERR(mm))
		return (int)PTR_ERR(mm);
	if (!mm)
		return err;
	down_read(&mm->mmap_lock);
	vma = find_vma(mm, (unsigned long)proc_i(inode)->fd << PAGE_SHIFT);
	if (vma && vma->vm_file &&
	    vma->vm_start == (unsigned long)proc_i(inode)->fd << PAGE_SHIFT) {
		path->mnt = vma->vm_file->f_mnt;
		path->dentry = vma->vm_file->f_dentry;
		path_get(path);
		err = 0;
	}
	up_read(&mm->mmap_lock);
	mmput(mm);
	return err;
}

static void area_getattr(struct inode *inode, struct kstat *stat)
{
	(void)inode;
	stat->size = 64;
}

static const struct inode_operations area_iops = {
	.getattr = area_getattr,
	.get_path = area_get_path,
};

static struct dentry *map_files_lookup(struct inode *dir, struct dentry *parent,
				       const char *name, u32 len)
{
	struct proc_inode pi = { .task = proc_i(dir)->task };
	struct mm_struct *mm = mm_access(pi.task, PTRACE_MODE_READ_FSCREDS);
	umode_t mode = S_IFLNK | 0400;
	unsigned long start, end;
	struct file *f = NULL;
	struct inode *inode;

	if (IS_ERR(mm))
		return ERR_PTR(PTR_ERR(mm));
	if (mm && parse_borders(name, len, &start, &end))
		f = file_of_area(mm, start, end);
	if (mm)
		mmput(mm);
	if (!f)
		return proc_splice(parent, name, len, NULL);
	if (f->f_mode & FMODE_WRITE)
		mode |= 0200;
	fput(f);
	pi.fd = (unsigned int)(start >> PAGE_SHIFT);
	inode = proc_new_inode(dir->i_sb, mode,
			       pid_ino(pi.task->pid, 0x100000 + pi.fd), &pi,
			       &area_iops, NULL);
	return inode ? proc_splice(parent, name, len, inode) : ERR_PTR(-ENOMEM);
}

/* The first area of a file at or above @from; false: there is none. */
static bool next_area(struct mm_struct *mm, unsigned long from,
		      unsigned long *start, unsigned long *end)
{
	struct vm_area_struct *vma;

	down_read(&mm->mmap_lock);
	vma = find_vma(mm, from);
	while (vma && (!vma->vm_file || vma->vm_start < from))
		vma = vma->vm_next;
	if (vma) {
		*start = vma->vm_start;
		*end = vma->vm_end;
	}
	up_read(&mm->mmap_lock);
	return vma;
}

/* Positions: 0 and 1 the dots, then the number of an area's first page. */
static int map_files_iterate(struct file *dir, struct dir_context *ctx)
{
	struct task_struct *task = proc_i(dir->f_inode)->task;
	struct mm_struct *mm = mm_access(task, PTRACE_MODE_READ_FSCREDS);
	unsigned long start, end;
	char name[24];
	int len;

	if (IS_ERR(mm))
		return (int)PTR_ERR(mm);
	while (mm && dir_emit_dots(ctx) &&
	       next_area(mm, (unsigned long)(ctx->pos - 2) << PAGE_SHIFT,
			 &start, &end)) {
		ctx->pos = (loff_t)(start >> PAGE_SHIFT) + 2;
		len = ashlar_snprintf(name, sizeof(name), "%lx-%lx", start,
				      end);
		if (!ctx->emit(ctx, name, (u32)len,
			       pid_ino(task->pid,
				       0x100000 + (unsigned int)(start >>
								 PAGE_SHIFT)),
			       DT_LNK))
			break;
		ctx->pos++;
	}
	if (mm)
		mmput(mm);
	return 0;
}

const struct inode_operations proc_map_files_iops = {
	.lookup = map_files_lookup,
};
const struct file_operations proc_map_files_fops = {
	.iterate = map_files_iterate,
};
