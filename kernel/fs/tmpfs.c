/* SPDX-License-Identifier: MIT */
/*
 * Files in memory: tmpfs, and on top of it rootfs (filled from the boot
 * image), devtmpfs (filled by drivers) and the files without a name behind
 * memfd_create, SysV segments and shared anonymous memory.
 *
 * There is no storage but what the VFS has anyway: a name is its dentry,
 * pinned; a file's bytes are its page cache (mm/shmem.c); a symlink's text is
 * one kmalloc'ed string. What is left to do here is counting: inodes and
 * pages of each filesystem against its limits, and bytes of a directory,
 * which by Linux's custom is 20 for each name, "." and ".." included.
 *
 *   super_block ─ s_fs_info ─► tmpfs_info { shmem_sb_info, mode, uid, gid }
 *   inode ─ i_data.private_data ─► the same shmem_sb_info
 *
 * Locks: vfs_lock, held by the VFS around every change of names.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include <ashlar/seq_file.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/xa_slots.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/file.h>
#include <kernel/fs/fs_parser.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/pipe.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/fs/tmpfs.h>
#include <kernel/fs/xattr.h>
#include <kernel/printk.h>
#include <kernel/task/cred.h>

#define TMPFS_MAGIC 0x01021994u
#define RAMFS_MAGIC 0x858458f6u

static struct file_system_type ramfs_type;
#define BOGO_DIRENT_SIZE 20

struct tmpfs_info {
	struct shmem_sb_info quota; /* first: pages and inodes */
	umode_t mode; /* of the root directory */
	u32 uid, gid;
};

static const struct super_operations tmpfs_ops;
static const struct inode_operations tmpfs_dir_inode_operations;
static const struct inode_operations tmpfs_file_inode_operations;

/* Of files without a name: no limits, no root. */
static struct super_block shm_sb = {
	.s_op = &tmpfs_ops,
	.s_flags = SB_NOMOUNT | SB_XATTR,
};

/* ---- inodes ---- */

static struct shmem_sb_info *quota_of(const struct inode *inode)
{
	return inode->i_sb->s_fs_info;
}

/* A name for a file costs as much as a file: each has its entry. */
static int reserve_inode(struct shmem_sb_info *quota)
{
	if (!quota)
		return 0;
	if (quota->max_inodes && quota->used_inodes >= quota->max_inodes)
		return -ENOSPC;
	quota->used_inodes++;
	return 0;
}

static void unreserve_inode(struct shmem_sb_info *quota)
{
	if (quota)
		quota->used_inodes--;
}

static struct inode *tmpfs_inode(struct super_block *sb, umode_t mode)
{
	struct shmem_sb_info *quota = sb->s_fs_info;
	struct inode *inode;
	int err = reserve_inode(quota);

	if (err)
		return ERR_PTR(err);
	inode = new_inode(sb, mode);
	if (!inode) {
		unreserve_inode(quota);
		return ERR_PTR(-ENOMEM);
	}
	if (S_ISREG(mode)) {
		inode->i_op = &tmpfs_file_inode_operations;
		inode->i_fop = &tmpfs_file_operations;
		inode->i_mapping = &inode->i_data;
		shmem_mapping_init(&inode->i_data, quota, inode);
	} else if (S_ISDIR(mode)) {
		inode->i_op = &tmpfs_dir_inode_operations;
		inode->i_fop = &simple_dir_operations;
		inode->i_nlink = 2;
		inode->i_data.i_size = 2l * BOGO_DIRENT_SIZE;
	}
	return inode;
}

static void tmpfs_evict_inode(struct inode *inode)
{
	if (S_ISREG(inode->i_mode))
		shmem_evict(&inode->i_data);
	kfree(inode->i_link);
	simple_xattrs_free(inode);
	unreserve_inode(quota_of(inode));
}

/* ---- files ---- */

static loff_t tmpfs_llseek(struct file *f, loff_t off, int whence)
{
	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		off = shmem_seek_hole_data(f->f_mapping, off, whence);
		if (off >= 0)
			f->f_pos = off;
		return off;
	}
	return generic_file_llseek(f, off, whence);
}

static int tmpfs_fsync(struct file *f, loff_t start, loff_t end, bool datasync)
{
	(void)f;
	(void)start;
	(void)end;
	(void)datasync;
	return 0;
}

static long tmpfs_fallocate(struct file *f, int mode, loff_t off, loff_t len)
{
	long err = shmem_fallocate(f->f_mapping, mode, off, len);

	if (!err)
		file_update_time(f);
	return err;
}

const struct file_operations tmpfs_file_operations = {
	.llseek = tmpfs_llseek,
	.read_iter = generic_file_read_iter,
	.write_iter = shmem_file_write_iter,
	.mmap = generic_file_mmap,
	.fsync = tmpfs_fsync,
	.fallocate = tmpfs_fallocate,
};

static int tmpfs_setattr(struct inode *inode, struct kstat *attr, u32 valid)
{
	if (!(valid & ATTR_SIZE))
		return 0;
	return shmem_setsize(&inode->i_data, attr->size);
}

static void tmpfs_getattr(struct inode *inode, struct kstat *stat)
{
	stat->blocks = (u64)inode->i_data.nrpages << (PAGE_SHIFT - 9);
	stat->blksize = PAGE_SIZE;
}

static const struct inode_operations tmpfs_file_inode_operations = {
	.setattr = tmpfs_setattr,
	.getattr = tmpfs_getattr,
};

/* ---- names ---- */

static int tmpfs_mknod(struct inode *dir, struct dentry *dentry, umode_t mode,
		       u32 dev)
{
	struct inode *inode = tmpfs_inode(dir->i_sb, mode);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	inode_init_owner(inode, dir);
	inode->i_rdev = dev;
	dir->i_data.i_size += BOGO_DIRENT_SIZE;
	d_add(dentry, inode);
	d_pin(dentry);
	return 0;
}

static int tmpfs_create(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	return tmpfs_mknod(dir, dentry, mode, 0);
}

static int tmpfs_mkdir(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	int err = tmpfs_mknod(dir, dentry, S_IFDIR | (mode & S_IALLUGO), 0);

	if (!err)
		dir->i_nlink++;
	return err;
}

static int tmpfs_symlink(struct inode *dir, struct dentry *dentry,
			 const char *target)
{
	char *text = kstrdup(target, GFP_KERNEL);
	struct inode *inode;
	int err;

	if (!text)
		return -ENOMEM;
	err = tmpfs_mknod(dir, dentry, S_IFLNK | 0777, 0);
	if (err) {
		kfree(text);
		return err;
	}
	inode = dentry->d_inode;
	inode->i_op = &simple_symlink_inode_operations;
	inode->i_link = text;
	inode->i_data.i_size = (loff_t)strlen(text);
	return 0;
}

static int tmpfs_tmpfile(struct inode *dir, struct dentry *dentry, umode_t mode)
{
	struct inode *inode = tmpfs_inode(dir->i_sb, mode);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	inode_init_owner(inode, dir);
	d_tmpfile(dentry, inode);
	return 0;
}

static int tmpfs_link(struct inode *inode, struct inode *dir,
		      struct dentry *dentry)
{
	struct shmem_sb_info *quota = inode->i_nlink ? quota_of(inode) : NULL;
	int err = reserve_inode(quota);

	if (err)
		return err;
	err = simple_link(inode, dir, dentry);
	if (!err)
		dir->i_data.i_size += BOGO_DIRENT_SIZE;
	else
		unreserve_inode(quota);
	return err;
}

/* A file has one name less, but not none. */
static void free_extra_name(struct inode *inode)
{
	if (!S_ISDIR(inode->i_mode) && inode->i_nlink)
		unreserve_inode(quota_of(inode));
}

static int tmpfs_unlink(struct inode *dir, struct dentry *dentry)
{
	int err = simple_unlink(dir, dentry);

	if (err)
		return err;
	dir->i_data.i_size -= BOGO_DIRENT_SIZE;
	free_extra_name(dentry->d_inode);
	return 0;
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	int err = simple_rmdir(dir, dentry);

	if (!err)
		dir->i_data.i_size -= BOGO_DIRENT_SIZE;
	return err;
}

/* RENAME_WHITEOUT: device 0:0 under the name that @old is about to lose. */
static int leave_whiteout(struct inode *dir, struct dentry *old)
{
	struct dentry *mark = d_alloc(old->d_parent, old->d_name, old->d_len);
	int err;

	if (!mark)
		return -ENOMEM;
	err = tmpfs_mknod(dir, mark, S_IFCHR, 0);
	dput(mark);
	return err;
}

static int tmpfs_rename(struct inode *old_dir, struct dentry *old,
			struct inode *new_dir, struct dentry *new, u32 flags)
{
	struct inode *replaced = new->d_inode;
	int err = 0;

	if (replaced && !(flags & RENAME_EXCHANGE) &&
	    !list_empty(&new->d_children))
		return -ENOTEMPTY;
	if (flags & RENAME_WHITEOUT)
		err = leave_whiteout(old_dir, old);
	if (!err)
		err = simple_rename(old_dir, old, new_dir, new, flags);
	if (err || flags & RENAME_EXCHANGE)
		return err;
	old_dir->i_data.i_size -= BOGO_DIRENT_SIZE;
	if (replaced)
		free_extra_name(replaced);
	else
		new_dir->i_data.i_size += BOGO_DIRENT_SIZE;
	return 0;
}

static const struct inode_operations tmpfs_dir_inode_operations = {
	.create = tmpfs_create,
	.mkdir = tmpfs_mkdir,
	.mknod = tmpfs_mknod,
	.symlink = tmpfs_symlink,
	.tmpfile = tmpfs_tmpfile,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rmdir = tmpfs_rmdir,
	.rename = tmpfs_rename,
};

/* ---- filesystems ---- */

static unsigned long default_limit(void)
{
	return totalram_pages() / 2;
}

static enum fs_option parse_option(const char *key, u32 key_len, const char *s,
				   u32 len, void *what)
{
	struct tmpfs_info *info = what;
	struct shmem_sb_info *q = &info->quota;
	bool good = true;
	u64 n = 0;

	if (fs_option_is(key, key_len, "mode"))
		return fs_parse_octal(s, len, &info->mode) ? FS_OPTION_PARSED :
							     FS_OPTION_BAD;
	good = fs_parse_size(s, len, (u64)totalram_pages() << PAGE_SHIFT, &n);
	if (fs_option_is(key, key_len, "size"))
		q->max_blocks =
			(unsigned long)((n + PAGE_SIZE - 1) >> PAGE_SHIFT);
	else if (fs_option_is(key, key_len, "nr_blocks"))
		q->max_blocks = (unsigned long)n;
	else if (fs_option_is(key, key_len, "nr_inodes"))
		q->max_inodes = (unsigned long)n;
	else if (fs_option_is(key, key_len, "uid"))
		info->uid = (u32)n;
	else if (fs_option_is(key, key_len, "gid"))
		info->gid = (u32)n;
	else
		return FS_OPTION_UNKNOWN;
	return good ? FS_OPTION_PARSED : FS_OPTION_BAD;
}

static int fill_super(struct super_block *sb, const char *data, umode_t mode,
		      bool limited)
{
	struct tmpfs_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
	struct inode *inode;
	int err;

	if (!info)
		return -ENOMEM;
	info->mode = mode;
	if (limited) {
		info->quota.max_blocks = default_limit();
		info->quota.max_inodes = default_limit();
	}
	err = fs_parse_options("tmpfs", data, parse_option, info);
	if (err)
		goto free_info;
	sb->s_flags |= SB_DCACHE;
	if (sb->s_type != &ramfs_type)
		sb->s_flags |= SB_XATTR;
	sb->s_op = &tmpfs_ops;
	sb->s_fs_info = info;
	inode = tmpfs_inode(sb, S_IFDIR | info->mode);
	err = -ENOMEM;
	if (IS_ERR(inode))
		goto free_info;
	inode->i_uid = info->uid;
	inode->i_gid = info->gid;
	sb->s_root = d_make_root(inode);
	if (sb->s_root)
		return 0;
free_info:
	sb->s_fs_info = NULL;
	kfree(info);
	return err;
}

static int tmpfs_fill_super(struct super_block *sb, const char *data)
{
	return fill_super(sb, data, 01777, true);
}

/* Not limited, and what options say is not heard, as on Linux. */
static int ramfs_fill_super(struct super_block *sb, const char *data)
{
	(void)data;
	return fill_super(sb, NULL, 0755, false);
}

/* The root is not limited while the image is unpacked into it. */
static int rootfs_fill_super(struct super_block *sb, const char *data)
{
	return fill_super(sb, data, 0755, false);
}

static int devtmpfs_fill_super(struct super_block *sb, const char *data)
{
	return fill_super(sb, data, 0755, true);
}

/**
 * tmpfs_limit() - hold a filesystem to half of memory, as by default
 * @sb: a rootfs; what it holds already may be more
 */
void tmpfs_limit(struct super_block *sb)
{
	struct shmem_sb_info *q = sb->s_fs_info;

	q->max_blocks = max(default_limit(), q->used_blocks);
	q->max_inodes = max(default_limit(), q->used_inodes);
}

/* A limit of none stays none; another one does not go below what is used. */
static const char *refuse_limit(unsigned long old, unsigned long new,
				unsigned long used, const char *none,
				const char *small)
{
	if (!new || new == old)
		return NULL;
	if (!old)
		return none;
	return used > new ? small : NULL;
}

static int tmpfs_remount(struct super_block *sb, u32 flags, const char *data)
{
	struct tmpfs_info *old = sb->s_fs_info, new = *old;
	const struct shmem_sb_info *was = &old->quota, *q = &new.quota;
	const char *why;
	int err;

	(void)flags;
	if (sb->s_type == &ramfs_type)
		return 0;
	err = fs_parse_options("tmpfs", data, parse_option, &new);
	if (err)
		return err;
	why = refuse_limit(was->max_blocks, q->max_blocks, was->used_blocks,
			   "Cannot retroactively limit size",
			   "Too small a size for current use");
	if (!why)
		why = refuse_limit(was->max_inodes, q->max_inodes,
				   was->used_inodes,
				   "Cannot retroactively limit inodes",
				   "Too few inodes for current use");
	if (why) {
		printk(KERN_ERR "tmpfs: %s\n", why);
		return -EINVAL;
	}
	*old = new;
	return 0;
}

static void tmpfs_statfs(struct super_block *sb, struct kstatfs *buf)
{
	struct shmem_sb_info *q = sb->s_fs_info;

	buf->type = sb->s_type == &ramfs_type ? RAMFS_MAGIC : TMPFS_MAGIC;
	buf->bsize = PAGE_SIZE;
	buf->namelen = NAME_MAX;
	if (!q)
		return;
	if (q->max_blocks) {
		buf->blocks = q->max_blocks;
		buf->bfree = q->max_blocks - min(q->used_blocks, q->max_blocks);
		buf->bavail = buf->bfree;
	}
	if (q->max_inodes) {
		buf->files = q->max_inodes;
		buf->ffree = q->max_inodes - q->used_inodes;
	}
}

static void tmpfs_show_options(struct super_block *sb, struct seq_file *m)
{
	struct tmpfs_info *info = sb->s_fs_info;

	if (sb->s_type == &ramfs_type)
		return;
	if (info->quota.max_blocks != default_limit())
		seq_printf(m, ",size=%luk",
			   info->quota.max_blocks << (PAGE_SHIFT - 10));
	if (info->quota.max_inodes != default_limit())
		seq_printf(m, ",nr_inodes=%lu", info->quota.max_inodes);
	if (info->mode != 01777)
		seq_printf(m, ",mode=%03o", info->mode);
	if (info->uid)
		seq_printf(m, ",uid=%u", info->uid);
	if (info->gid)
		seq_printf(m, ",gid=%u", info->gid);
}

static void tmpfs_put_super(struct super_block *sb)
{
	kfree(sb->s_fs_info);
	sb->s_fs_info = NULL;
}

static const struct super_operations tmpfs_ops = {
	.evict_inode = tmpfs_evict_inode,
	.statfs = tmpfs_statfs,
	.show_options = tmpfs_show_options,
	.remount = tmpfs_remount,
	.put_super = tmpfs_put_super,
};

/* ---- files without a name ---- */

static struct file *tmpfs_alloc_file(const char *name)
{
	struct inode *inode = tmpfs_inode(&shm_sb, S_IFREG | 0777);
	struct file *f;

	if (IS_ERR(inode))
		return (struct file *)inode;
	inode->i_uid = current->cred->fsuid;
	inode->i_gid = current->cred->fsgid;
	inode->i_nlink = 0;
	f = alloc_anon_file(name, inode, O_RDWR, &tmpfs_file_operations);
	if (!IS_ERR(f))
		f->f_mapping = &inode->i_data;
	return f;
}

static struct file_system_type tmpfs_type = {
	.name = "tmpfs",
	.nodev = true,
	.fill_super = tmpfs_fill_super,
};

static struct file_system_type ramfs_type = {
	.name = "ramfs",
	.nodev = true,
	.fill_super = ramfs_fill_super,
};

static struct file_system_type rootfs_type = {
	.name = "rootfs",
	.nodev = true,
	.fill_super = rootfs_fill_super,
};

static struct file_system_type devtmpfs_type = {
	.name = "devtmpfs",
	.nodev = true,
	.fill_super = devtmpfs_fill_super,
	.is_single = true,
};

/**
 * tmpfs_init() - make the filesystems in memory known
 */
void tmpfs_init(void)
{
	xarray_init();
	pipe_init();
	shmem_alloc_file = tmpfs_alloc_file;
	register_filesystem(&tmpfs_type);
	register_filesystem(&ramfs_type);
	register_filesystem(&rootfs_type);
	register_filesystem(&devtmpfs_type);
}
