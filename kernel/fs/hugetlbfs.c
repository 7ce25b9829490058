/* SPDX-License-Identifier: MIT */
/*
 * hugetlbfs: names for files made of huge pages, and such files without names
 * (MAP_HUGETLB, SHM_HUGETLB, MFD_HUGETLB). A file's bytes are those of
 * mm/hugetlb_file.c.
 *
 * As in a tmpfs a name is its dentry, pinned. What is left to do here is the
 * mount: how many inodes it may have, and which part of the pool (size=,
 * min_size=) its files count in.
 *
 *   super_block ─ s_fs_info ─► hugetlbfs_info { inodes, spool, mode, uid, gid }
 *   inode ─ i_data.private_data ─► resv_map ─► the same spool
 *
 * Locks: vfs_lock, held by the VFS around every change of names.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/hugetlb.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/file.h>
#include <kernel/fs/fs_parser.h>
#include <kernel/fs/hugetlbfs.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/printk.h>
#include <kernel/task/cred.h>

#define HUGETLBFS_MAGIC 0x958458f6u

u32 sysctl_hugetlb_shm_group;

struct hugetlbfs_info {
	struct hugepage_subpool *spool; /* NULL: neither size nor min_size */
	long max_inodes, used_inodes; /* max_inodes -1: no limit */
	long max_hpages, min_hpages; /* as spool has them; -1: not said */
	umode_t mode; /* of the root directory */
	u32 uid, gid;
};

static const struct super_operations hugetlbfs_ops;
static const struct inode_operations hugetlbfs_dir_inode_operations;
static const struct inode_operations hugetlbfs_file_inode_operations;

/* Of files without a name: no limits, no root. */
static struct super_block hugetlb_sb = {
	.s_op = &hugetlbfs_ops,
	.s_flags = SB_NOMOUNT,
};

/* ---- inodes ---- */

static int reserve_inode(struct hugetlbfs_info *info)
{
	if (!info)
		return 0;
	if (info->max_inodes >= 0 && info->used_inodes >= info->max_inodes)
		return -ENOSPC;
	info->used_inodes++;
	return 0;
}

static void unreserve_inode(struct hugetlbfs_info *info)
{
	if (info)
		info->used_inodes--;
}

/* What a new inode is, by its mode: 0 or -ENOMEM. */
static int fill_inode(struct inode *inode, struct hugetlbfs_info *info)
{
	if (S_ISREG(inode->i_mode)) {
		inode->i_op = &hugetlbfs_file_inode_operations;
		inode->i_fop = &hugetlbfs_file_operations;
		inode->i_mapping = &inode->i_data;
		return hugetlb_mapping_init(&inode->i_data,
					    info ? info->spool : NULL, inode);
	}
	if (S_ISDIR(inode->i_mode)) {
		inode->i_op = &hugetlbfs_dir_inode_operations;
		inode->i_fop = &simple_dir_operations;
		inode->i_nlink = 2;
	}
	return 0;
}

static struct inode *hugetlbfs_inode(struct super_block *sb, umode_t mode)
{
	struct hugetlbfs_info *info = sb->s_fs_info;
	struct inode *inode;
	int err = reserve_inode(info);

	if (err)
		return ERR_PTR(err);
	inode = new_inode(sb, mode);
	if (!inode) {
		unreserve_inode(info);
		return ERR_PTR(-ENOMEM);
	}
	if (fill_inode(inode, info)) {
		iput(inode);
		return ERR_PTR(-ENOMEM);
	}
	return inode;
}

static void hugetlbfs_evict_inode(struct inode *inode)
{
	if (S_ISREG(inode->i_mode) && inode->i_data.private_data)
		hugetlb_evict(&inode->i_data);
	kfree(inode->i_link);
	unreserve_inode(inode->i_sb->s_fs_info);
}

/* ---- files ---- */

static int hugetlbfs_fsync(struct file *f, loff_t start, loff_t end,
			   bool datasync)
{
	(void)f;
	(void)start;
	(void)end;
	(void)datasync;
	return 0;
}

static long hugetlbfs_fallocate(struct file *f, int mode, loff_t off,
				loff_t len)
{
	long err = hugetlb_fallocate(f, mode, off, len);

	if (!err)
		file_update_time(f);
	return err;
}

const struct file_operations hugetlbfs_file_operations = {
	.llseek = generic_file_llseek,
	.read_iter = hugetlb_read_iter,
	.mmap = hugetlb_file_mmap,
	.fsync = hugetlbfs_fsync,
	.fallocate = hugetlbfs_fallocate,
};

static int hugetlbfs_setattr(struct inode *inode, struct kstat *attr, u32 valid)
{
	if (!(valid & ATTR_SIZE))
		return 0;
	return hugetlb_setsize(&inode->i_data, attr->size);
}

static void hugetlbfs_getattr(struct inode *inode, struct kstat *stat)
{
	stat->blocks = (u64)inode->i_data.nrpages << (PGDIR_SHIFT - 9);
	stat->blksize = HPAGE_PMD_SIZE;
}

static const struct inode_operations hugetlbfs_file_inode_operations = {
	.setattr = hugetlbfs_setattr,
	.getattr = hugetlbfs_getattr,
};

/* ---- names ---- */

static int hugetlbfs_mknod(struct inode *dir, struct dentry *dentry,
			   umode_t mode, u32 dev)
{
	struct inode *inode = hugetlbfs_inode(dir->i_sb, mode);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	inode_init_owner(inode, dir);
	inode->i_rdev = dev;
	d_add(dentry, inode);
	d_pin(dentry);
	return 0;
}

static int hugetlbfs_create(struct inode *dir, struct dentry *dentry,
			    umode_t mode)
{
	return hugetlbfs_mknod(dir, dentry, mode, 0);
}

static int hugetlbfs_mkdir(struct inode *dir, struct dentry *dentry,
			   umode_t mode)
{
	int err = hugetlbfs_mknod(dir, dentry, S_IFDIR | (mode & S_IALLUGO), 0);

	if (!err)
		dir->i_nlink++;
	return err;
}

static int hugetlbfs_symlink(struct inode *dir, struct dentry *dentry,
			     const char *target)
{
	char *text = kstrdup(target, GFP_KERNEL);
	int err;

	if (!text)
		return -ENOMEM;
	err = hugetlbfs_mknod(dir, dentry, S_IFLNK | 0777, 0);
	if (err) {
		kfree(text);
		return err;
	}
	dentry->d_inode->i_op = &simple_symlink_inode_operations;
	dentry->d_inode->i_link = text;
	dentry->d_inode->i_data.i_size = (loff_t)strlen(text);
	return 0;
}

static int hugetlbfs_tmpfile(struct inode *dir, struct dentry *dentry,
			     umode_t mode)
{
	struct inode *inode = hugetlbfs_inode(dir->i_sb, mode);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	inode_init_owner(inode, dir);
	d_tmpfile(dentry, inode);
	return 0;
}

static int hugetlbfs_rename(struct inode *old_dir, struct dentry *old,
			    struct inode *new_dir, struct dentry *new,
			    u32 flags)
{
	if (flags & RENAME_WHITEOUT)
		return -EINVAL;
	return simple_rename(old_dir, old, new_dir, new, flags);
}

static const struct inode_operations hugetlbfs_dir_inode_operations = {
	.create = hugetlbfs_create,
	.mkdir = hugetlbfs_mkdir,
	.mknod = hugetlbfs_mknod,
	.symlink = hugetlbfs_symlink,
	.tmpfile = hugetlbfs_tmpfile,
	.link = simple_link,
	.unlink = simple_unlink,
	.rmdir = simple_rmdir,
	.rename = hugetlbfs_rename,
};

/* ---- mounts ---- */

/* A size in bytes, or a part of the pool, as huge pages. */
static bool parse_hpages(const char *s, u32 len, long *hpages)
{
	struct hstate h;
	u64 n;

	hugetlb_stat(&h);
	if (!fs_parse_size(s, len, (u64)h.max_huge_pages << PGDIR_SHIFT, &n))
		return false;
	*hpages = (long)(n >> PGDIR_SHIFT);
	return true;
}

static enum fs_option parse_option(const char *key, u32 key_len, const char *s,
				   u32 len, void *what)
{
	struct hugetlbfs_info *info = what;
	bool good;
	u64 n = 0;

	if (fs_option_is(key, key_len, "mode"))
		good = fs_parse_octal(s, len, &info->mode);
	else if (fs_option_is(key, key_len, "size"))
		good = parse_hpages(s, len, &info->max_hpages);
	else if (fs_option_is(key, key_len, "min_size"))
		good = parse_hpages(s, len, &info->min_hpages);
	else
		good = fs_parse_size(s, len, 0, &n);
	if (fs_option_is(key, key_len, "pagesize"))
		good = good && n == HPAGE_PMD_SIZE;
	else if (fs_option_is(key, key_len, "nr_inodes"))
		info->max_inodes = (long)n;
	else if (fs_option_is(key, key_len, "uid"))
		info->uid = (u32)n;
	else if (fs_option_is(key, key_len, "gid"))
		info->gid = (u32)n;
	else if (!fs_option_is(key, key_len, "mode") &&
		 !fs_option_is(key, key_len, "size") &&
		 !fs_option_is(key, key_len, "min_size"))
		return FS_OPTION_UNKNOWN;
	return good ? FS_OPTION_PARSED : FS_OPTION_BAD;
}

/* The mount's part of the pool, if it is to have one: 0 or -errno. */
static int make_subpool(struct hugetlbfs_info *info)
{
	if (info->max_hpages < 0 && info->min_hpages < 0)
		return 0;
	if (info->max_hpages >= 0 && info->min_hpages > info->max_hpages) {
		printk(KERN_ERR "hugetlbfs: Minimum size can not be greater "
				"than maximum size\n");
		return -EINVAL;
	}
	info->spool = hugepage_new_subpool(info->max_hpages, info->min_hpages);
	return info->spool ? 0 : -ENOMEM;
}

static int make_root(struct super_block *sb, const struct hugetlbfs_info *info)
{
	struct inode *inode = hugetlbfs_inode(sb, S_IFDIR | info->mode);

	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	inode->i_uid = info->uid;
	inode->i_gid = info->gid;
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static void hugetlbfs_put_super(struct super_block *sb)
{
	struct hugetlbfs_info *info = sb->s_fs_info;

	if (info->spool)
		hugepage_put_subpool(info->spool);
	sb->s_fs_info = NULL;
	kfree(info);
}

static int hugetlbfs_fill_super(struct super_block *sb, const char *data)
{
	struct hugetlbfs_info *info = kzalloc(sizeof(*info), GFP_KERNEL);
	int err;

	if (!info)
		return -ENOMEM;
	info->max_inodes = info->max_hpages = info->min_hpages = -1;
	info->mode = 0755;
	info->uid = current->cred->fsuid;
	info->gid = current->cred->fsgid;
	sb->s_flags |= SB_DCACHE;
	sb->s_op = &hugetlbfs_ops;
	sb->s_fs_info = info;
	err = fs_parse_options("hugetlbfs", data, parse_option, info);
	if (!err)
		err = make_subpool(info);
	if (!err)
		err = make_root(sb, info);
	if (err)
		hugetlbfs_put_super(sb);
	return err;
}

static void hugetlbfs_statfs(struct super_block *sb, struct kstatfs *buf)
{
	const struct hugetlbfs_info *info = sb->s_fs_info;

	buf->type = HUGETLBFS_MAGIC;
	buf->bsize = HPAGE_PMD_SIZE;
	buf->namelen = NAME_MAX;
	if (!info)
		return;
	if (info->max_hpages >= 0) {
		buf->blocks = (u64)info->max_hpages;
		buf->bfree = (u64)(info->max_hpages - info->spool->used_hpages);
		buf->bavail = buf->bfree;
	}
	if (info->max_inodes >= 0) {
		buf->files = (u64)info->max_inodes;
		buf->ffree = (u64)(info->max_inodes - info->used_inodes);
	}
}

static void hugetlbfs_show_options(struct super_block *sb, struct seq_file *m)
{
	const struct hugetlbfs_info *info = sb->s_fs_info;

	if (info->uid)
		seq_printf(m, ",uid=%u", info->uid);
	if (info->gid)
		seq_printf(m, ",gid=%u", info->gid);
	if (info->mode != 0755)
		seq_printf(m, ",mode=%o", info->mode);
	if (info->max_inodes >= 0)
		seq_printf(m, ",nr_inodes=%ld", info->max_inodes);
	seq_printf(m, ",pagesize=%luM", HPAGE_PMD_SIZE >> 20);
	if (info->max_hpages >= 0)
		seq_printf(m, ",size=%llu",
			   (unsigned long long)info->max_hpages << PGDIR_SHIFT);
	if (info->min_hpages >= 0)
		seq_printf(m, ",min_size=%llu",
			   (unsigned long long)info->min_hpages << PGDIR_SHIFT);
}

static const struct super_operations hugetlbfs_ops = {
	.evict_inode = hugetlbfs_evict_inode,
	.statfs = hugetlbfs_statfs,
	.show_options = hugetlbfs_show_options,
	.put_super = hugetlbfs_put_super,
};

/* ---- files without a name ---- */

/**
 * hugetlb_file_setup() - a file of huge pages without a name
 * @name: what maps show
 * @size: bytes, whole huge pages
 * @vm_flags: VM_NORESERVE, or its pages are promised to it
 * @log: the size of its pages, as MAP_HUGE_* have it
 *
 * Context: may sleep. Return: the file, or ERR_PTR: -ENODEV: no such size;
 * -ENOENT: no size at all; -ENOMEM: no memory, or not as many pages.
 */
struct file *hugetlb_file_setup(const char *name, unsigned long size,
				u32 vm_flags, unsigned int log)
{
	struct inode *inode;
	struct file *f;

	if (!hugetlb_size_is_known(log))
		return ERR_PTR(-ENODEV);
	if (!hugepages_supported())
		return ERR_PTR(-ENOENT);
	inode = hugetlbfs_inode(&hugetlb_sb, S_IFREG | 0777);
	if (IS_ERR(inode))
		return (struct file *)inode;
	inode->i_uid = current->cred->fsuid;
	inode->i_gid = current->cred->fsgid;
	inode->i_nlink = 0;
	inode->i_data.i_size = (loff_t)size;
	if (!(vm_flags & VM_NORESERVE) &&
	    !hugetlb_reserve_file(&inode->i_data, 0, size >> PGDIR_SHIFT)) {
		iput(inode);
		return ERR_PTR(-ENOMEM);
	}
	f = alloc_anon_file(name, inode, O_RDWR, &hugetlbfs_file_operations);
	if (!IS_ERR(f))
		f->f_mapping = &inode->i_data;
	return f;
}

static struct file_system_type hugetlbfs_type = {
	.name = "hugetlbfs",
	.nodev = true,
	.fill_super = hugetlbfs_fill_super,
};

/** hugetlbfs_init() - make the filesystem known, if there can be huge pages. */
void hugetlbfs_init(void)
{
	if (hugepages_supported())
		register_filesystem(&hugetlbfs_type);
}
