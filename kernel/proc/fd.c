/* SPDX-License-Identifier: MIT */
/*
 * /proc/PID/fd and fdinfo: a name for each open descriptor. Below fd it is a
 * link to the open file itself, so opening it opens the same inode again even
 * when the file has no name any more.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/printf.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/path.h>
#include <kernel/fs/readdir.h>
#include <kernel/fs/stat.h>
#include <kernel/task/task.h>
#include "proc.h"

static struct file *task_file(const struct proc_inode *pi)
{
	if (!pi->task->files)
		return NULL;
	return files_lookup(pi->task->files, pi->fd);
}

static int fd_get_path(struct inode *inode, struct path *path)
{
	const struct proc_inode *pi = proc_i(inode);
	struct file *f;

	if (!proc_may_access(pi->task))
		return -EACCES;
	f = task_file(pi);
	if (!f)
		return -ENOENT;
	path->mnt = f->f_mnt;
	path->dentry = f->f_dentry;
	path_get(path);
	fput(f);
	return 0;
}

/* What ls -l shows of a descriptor. */
static void fd_getattr(struct inode *inode, struct kstat *stat)
{
	(void)inode;
	stat->size = 64;
}

static const struct inode_operations fd_link_iops = {
	.getattr = fd_getattr,
	.get_path = fd_get_path,
};

static ssize_t fdinfo_read_iter(struct file *f, struct iov_iter *to,
				loff_t *pos)
{
	const struct proc_inode *pi = proc_i(f->f_inode);
	struct file *open = task_file(pi);
	char text[96];
	size_t len;

	if (!open)
		return -ENOENT;
	len = (size_t)ashlar_snprintf(
		text, sizeof(text),
		"pos:\t%lld\nflags:\t0%o\nmnt_id:\t%d\n"
		"ino:\t%llu\n",
		(long long)open->f_pos,
		open->f_flags |
			(files_cloexec(pi->task->files, pi->fd) ? O_CLOEXEC :
								  0),
		open->f_mnt->id, (unsigned long long)open->f_inode->i_ino);
	fput(open);
	return simple_read_from_buffer(to, pos, text, len);
}

/* Of the directory and of the files in it. */
static int fdinfo_open(struct inode *inode, struct file *f)
{
	(void)f;
	return proc_may_access(proc_i(inode)->task) ? 0 : -EACCES;
}

static const struct file_operations fdinfo_fops = {
	.open = fdinfo_open,
	.read_iter = fdinfo_read_iter,
};

/* A link's permissions say how the file is open. */
static umode_t link_mode(const struct file *f)
{
	umode_t mode = S_IFLNK | 0100;

	if (f->f_mode & FMODE_READ)
		mode |= 0400;
	if (f->f_mode & FMODE_WRITE)
		mode |= 0200;
	return mode;
}

static struct dentry *lookup(struct inode *dir, struct dentry *parent,
			     const char *name, u32 len, bool info)
{
	struct proc_inode pi = { .task = proc_i(dir)->task };
	long fd = proc_number(name, len);
	struct inode *inode;
	struct file *f;

	pi.fd = (unsigned int)fd;
	f = fd < 0 ? NULL : task_file(&pi);
	if (!f)
		return proc_splice(parent, name, len, NULL);
	if (info)
		inode = proc_new_inode(dir->i_sb, S_IFREG | 0444,
				       pid_ino(pi.task->pid, 0x8000 + pi.fd),
				       &pi, &proc_file_iops, &fdinfo_fops);
	else
		inode = proc_new_inode(dir->i_sb, link_mode(f),
				       pid_ino(pi.task->pid, 0x4000 + pi.fd),
				       &pi, &fd_link_iops, NULL);
	fput(f);
	return inode ? proc_splice(parent, name, len, inode) : ERR_PTR(-ENOMEM);
}

static struct dentry *fd_lookup(struct inode *dir, struct dentry *parent,
				const char *name, u32 len)
{
	return lookup(dir, parent, name, len, false);
}

static struct dentry *fdinfo_lookup(struct inode *dir, struct dentry *parent,
				    const char *name, u32 len)
{
	return lookup(dir, parent, name, len, true);
}

static int fd_iterate(struct file *dir, struct dir_context *ctx)
{
	const struct proc_inode *pi = proc_i(dir->f_inode);
	char name[16];
	int fd, len;

	if (!dir_emit_dots(ctx))
		return 0;
	while (pi->task->files) {
		fd = files_next(pi->task->files, (unsigned int)ctx->pos - 2);
		if (fd < 0)
			break;
		ctx->pos = fd + 2;
		len = ashlar_snprintf(name, sizeof(name), "%d", fd);
		if (!ctx->emit(ctx, name, (u32)len,
			       pid_ino(pi->task->pid,
				       0x4000 + (unsigned int)fd),
			       DT_LNK))
			return 0;
		ctx->pos++;
	}
	return 0;
}

/* A process sees its own descriptors, whoever it has become. */
static int fd_permission(struct inode *inode, int mask)
{
	if (proc_i(inode)->task->signal == current->signal)
		return 0;
	return generic_permission(inode, mask);
}

const struct inode_operations proc_fd_iops = {
	.lookup = fd_lookup,
	.permission = fd_permission,
};
const struct inode_operations proc_fdinfo_iops = { .lookup = fdinfo_lookup };
const struct file_operations proc_fd_fops = { .iterate = fd_iterate };
const struct file_operations proc_fdinfo_fops = {
	.open = fdinfo_open,
	.iterate = fd_iterate,
};
