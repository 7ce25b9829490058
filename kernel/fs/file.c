/* SPDX-License-Identifier: MIT */
/*
 * Open files: made, counted, and given back.
 *
 *   struct file ── f_dentry, f_mnt ──► the name it was opened by
 *        │    └─── f_inode, f_mapping    what it is
 *        └── f_op ──► what it can do; private_data is its driver's
 *
 * Pipes, sockets, epoll sets and the like have no name anywhere: their dentry
 * is the file's alone, hangs in no tree, and lies on a mount of its own,
 * anon_mount. Those that need no inode share one.
 *
 * The last reference to a file is given back where it is dropped: its
 * release may sleep, so no interrupt drops one.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/mmzone.h>
#include <ashlar/readahead.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/writeback.h>
#include <kernel/fs/fasync.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/super.h>
#include <kernel/panic.h>
#include <kernel/task/cred.h>
#include "internal.h"

static struct kmem_cache *filp_cache;
unsigned long nr_files, max_files;

static struct mount anon_mount;
static struct inode *shared_anon_inode;

/**
 * alloc_file() - an open file, without asking its driver
 * @path: what is open; gets references
 * @flags: O_*
 * @fop: what it can do
 *
 * Context: may sleep. Return: the file with one reference, or ERR_PTR.
 */
struct file *alloc_file(const struct path *path, u32 flags,
			const struct file_operations *fop)
{
	struct file *f;

	if (unlikely(nr_files >= max_files) && !capable(CAP_SYS_ADMIN))
		return ERR_PTR(-ENFILE);
	f = kmem_cache_alloc(filp_cache, GFP_KERNEL);
	if (!f)
		return ERR_PTR(-ENOMEM);
	memset(f, 0, sizeof(*f));
	atomic_set(&f->f_count, 1);
	f->f_flags = flags;
	f->f_mode = ((flags & O_ACCMODE) + 1) & (FMODE_READ | FMODE_WRITE);
	if (fop->llseek)
		f->f_mode |= FMODE_LSEEK;
	f->f_op = fop;
	f->f_inode = path->dentry->d_inode;
	f->f_mapping = f->f_inode->i_mapping;
	if (f->f_mapping)
		f->f_wb_err = filemap_sample_wb_err(f->f_mapping);
	file_ra_state_init(&f->f_ra);
	f->f_dentry = dget(path->dentry);
	f->f_mnt = mntget(path->mnt);
	if (!(flags & (O_ACCMODE | O_PATH)))
		f->f_inode->i_readcount++;
	nr_files++;
	return f;
}

/**
 * alloc_anon_file() - an open file without a name
 * @name: what /proc/PID/fd shows, see file.h
 * @inode: its reference is taken over, also on failure
 * @flags: O_*
 * @fop: what it can do
 *
 * Context: may sleep. Return: the file, or ERR_PTR.
 */
struct file *alloc_anon_file(const char *name, struct inode *inode, u32 flags,
			     const struct file_operations *fop)
{
	struct path path = { .mnt = &anon_mount };
	struct file *f;

	path.dentry = d_alloc(NULL, name, min((u32)strlen(name), NAME_MAX));
	if (!path.dentry) {
		iput(inode);
		return ERR_PTR(-ENOMEM);
	}
	d_add(path.dentry, inode);
	f = alloc_file(&path, flags, fop);
	dput(path.dentry);
	return f;
}

/** anon_inode_getfile() - an open file of a kind that needs no inode */
struct file *anon_inode_getfile(const char *name,
				const struct file_operations *fop,
				void *private_data, u32 flags)
{
	struct file *f;

	iget(shared_anon_inode);
	f = alloc_anon_file(name, shared_anon_inode, flags, fop);
	if (!IS_ERR(f))
		f->private_data = private_data;
	return f;
}

/** anon_inode_getfd() - the same with a descriptor: it, or -errno */
int anon_inode_getfd(const char *name, const struct file_operations *fop,
		     void *private_data, u32 flags)
{
	int fd = get_unused_fd_flags(flags);
	struct file *f;

	if (fd < 0)
		return fd;
	f = anon_inode_getfile(name, fop, private_data,
			       flags & ~(u32)O_CLOEXEC);
	if (IS_ERR(f)) {
		put_unused_fd((unsigned int)fd);
		return (int)PTR_ERR(f);
	}
	fd_install((unsigned int)fd, f);
	return fd;
}

/** __fput() - the last reference to a file went */
void __fput(struct file *f)
{
	struct inode *inode = f->f_inode;

	if (unlikely(f->f_ep))
		eventpoll_release(f);
	if (unlikely(f->f_owner))
		fasync_release(f);
	if (unlikely(inode->i_flock.rb_node))
		locks_remove_file(f);
	if (f->f_op->release && !(f->f_mode & FMODE_PATH))
		f->f_op->release(f);
	if ((f->f_mode & (FMODE_READ | FMODE_WRITE)) == FMODE_READ)
		inode->i_readcount--;
	if (f->f_mode & FMODE_WRITER)
		put_write_access(inode);
	if (unlikely(f->f_mode & FMODE_EXEC))
		allow_write_access(inode);
	dput(f->f_dentry);
	mntput(f->f_mnt);
	nr_files--;
	kmem_cache_free(filp_cache, f);
}

static struct super_block anon_super = { .s_flags = SB_NOMOUNT, .s_dev = 1 };
static const struct file_system_type anon_fs_type = { .name = "anon_inodefs" };
struct super_block *anon_sb = &anon_super;

/** file_init() - no files yet; boot */
void file_init(void)
{
	filp_cache = kmem_cache_create("filp", sizeof(struct file), 0,
				       SLAB_PANIC, NULL);
	/* A tenth of memory, at a KB for a file with what hangs on it. */
	max_files = max(totalram_pages() * (PAGE_SIZE / 1024) / 10, 8192ul);
	anon_super.s_type = &anon_fs_type;
	anon_mount.sb = &anon_super;
	anon_mount.parent = &anon_mount;
	atomic_set(&anon_mount.count, 1);
	shared_anon_inode = new_inode(NULL, 0600);
	if (!shared_anon_inode)
		panic("no memory for files at boot");
}
