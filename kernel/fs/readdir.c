/* SPDX-License-Identifier: MIT */
/*
 * Listing a directory. A filesystem's iterate() gives one name after another
 * with its position; records grow in the program's buffer:
 *
 *   | d_ino | d_off | d_reclen | (d_type) | name … 0 | pad |
 *
 * d_off is the position of the next name, which is known when that comes: so
 * each name fills in d_off of the one before it.
 */
#include <ashlar/fs.h>
#include <ashlar/rwsem.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/readdir.h>
#include <kernel/syscall.h>

struct dirent {
	u32 d_ino, d_off;
	u16 d_reclen;
	char d_name[]; /* and d_type in the record's last byte */
};

struct dirent64 {
	u64 d_ino;
	s64 d_off;
	u16 d_reclen;
	u8 d_type;
	char d_name[];
} __attribute__((packed));

struct old_dirent {
	u32 d_ino, d_off;
	u16 d_namlen;
	char d_name[1];
};

struct getdents_ctx {
	struct dir_context ctx;
	char __user *at; /* where the next record goes */
	char __user *prev; /* the last one; NULL: none yet */
	u32 left; /* bytes */
	int err;
};

static bool emit_dirent(struct dir_context *ctx, const char *name, u32 len,
			u64 ino, u8 type)
{
	struct getdents_ctx *g = container_of(ctx, struct getdents_ctx, ctx);
	u32 reclen = ALIGN((u32)sizeof(struct dirent) - 2 + len + 2, 4u);
	struct dirent d = { (u32)ino, 0, (u16)reclen };
	u32 off = (u32)ctx->pos;

	g->err = -EINVAL;
	if (reclen > g->left)
		return false;
	g->err = -EFAULT;
	if (g->prev && copy_to_user(g->prev + 4, &off, 4))
		return false;
	if (copy_to_user(g->at, &d, 10) ||
	    copy_to_user(g->at + 10, name, len) ||
	    put_user((u8)0, (u8 __user *)g->at + 10 + len) ||
	    put_user(type, (u8 __user *)g->at + reclen - 1))
		return false;
	g->prev = g->at;
	g->at += reclen;
	g->left -= reclen;
	g->err = 0;
	return true;
}

static bool emit_dirent64(struct dir_context *ctx, const char *name, u32 len,
			  u64 ino, u8 type)
{
	struct getdents_ctx *g = container_of(ctx, struct getdents_ctx, ctx);
	u32 reclen = ALIGN((u32)sizeof(struct dirent64) + len + 1, 8u);
	struct {
		struct dirent64 d;
		char name[NAME_MAX + 9];
	} __attribute__((packed)) r;
	u32 i;

	g->err = -EINVAL;
	if (reclen > g->left)
		return false;
	g->err = -EFAULT;
	if (g->prev && copy_to_user(g->prev + 8, &ctx->pos, 8))
		return false;
	r.d.d_ino = ino;
	r.d.d_off = 0;
	r.d.d_reclen = (u16)reclen;
	r.d.d_type = type;
	for (i = 0; i < len; i++)
		r.name[i] = name[i];
	for (i = len; i < reclen - sizeof(struct dirent64); i++)
		r.name[i] = 0;
	if (copy_to_user(g->at, &r, reclen))
		return false;
	g->prev = g->at;
	g->at += reclen;
	g->left -= reclen;
	g->err = 0;
	return true;
}

/* Lists into @g from the file's position on. */
static int iterate_dir(struct file *f, struct getdents_ctx *g)
{
	int err;

	if (!f->f_op->iterate)
		return -ENOTDIR;
	if (f->f_dentry->d_unlinked)
		return -ENOENT;
	g->ctx.pos = f->f_pos;
	down_read(&vfs_lock);
	err = f->f_op->iterate(f, &g->ctx);
	up_read(&vfs_lock);
	f->f_pos = g->ctx.pos;
	touch_atime(f);
	return err;
}

static long do_getdents(unsigned int fd, char __user *buf, u32 size,
			struct getdents_ctx *g, u32 off_size)
{
	struct fd f = fdget(fd);
	loff_t end;
	long ret;

	if (!f.file)
		return -EBADF;
	g->at = buf;
	g->left = size;
	ret = iterate_dir(f.file, g);
	end = g->ctx.pos;
	if (!ret && g->prev) {
		ret = (long)(size - g->left);
		if (copy_to_user(g->prev + off_size, &end, off_size))
			ret = -EFAULT;
	} else if (!ret) {
		ret = g->err;
	}
	fdput(f);
	return ret;
}

SYSCALL_DEFINE(getdents, unsigned int fd, char __user *buf, u32 size)
{
	struct getdents_ctx g = { .ctx.emit = emit_dirent };

	return do_getdents(fd, buf, size, &g, 4);
}

SYSCALL_DEFINE(getdents64, unsigned int fd, char __user *buf, u32 size)
{
	struct getdents_ctx g = { .ctx.emit = emit_dirent64 };

	return do_getdents(fd, buf, size, &g, 8);
}

/* readdir(2) gives one name at a time. */
static bool emit_old(struct dir_context *ctx, const char *name, u32 len,
		     u64 ino, u8 type)
{
	struct getdents_ctx *g = container_of(ctx, struct getdents_ctx, ctx);
	struct old_dirent d = { (u32)ino, (u32)ctx->pos, (u16)len, "" };

	(void)type;
	if (g->prev)
		return false;
	g->prev = g->at;
	if (copy_to_user(g->at, &d, 10) ||
	    copy_to_user(g->at + 10, name, len) ||
	    put_user((u8)0, (u8 __user *)g->at + 10 + len))
		g->err = -EFAULT;
	return !g->err;
}

SYSCALL_DEFINE(readdir, unsigned int fd, char __user *buf, u32 count)
{
	struct getdents_ctx g = { .ctx.emit = emit_old, .at = buf };
	struct fd f = fdget(fd);
	long ret;

	(void)count;
	if (!f.file)
		return -EBADF;
	ret = iterate_dir(f.file, &g);
	fdput(f);
	if (!ret)
		ret = g.err ? g.err : g.prev != NULL;
	return ret;
}
