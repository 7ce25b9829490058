/* SPDX-License-Identifier: MIT */
/*
 * Reports as files: procfs; sysfs and debugfs are the same with other roots.
 *
 *   proc_root ── proc_dir_entry ── …      names that are always there
 *      │             └── proc_entry       show() writes the whole text
 *      └── [pid] (pid.c)                  made at lookup
 *
 * Nothing of a file exists between two looks: a lookup makes an inode, the
 * last reference to it ends it. A text is made when an open file is read at
 * its beginning, and later reads of that file see the same text; reading at 0
 * again makes it anew (slabtop and top do that).
 *
 * Simpler than Linux: a report is made whole, in one piece of memory that it
 * is found to need. Those as long as a program likes, maps and smaps, are made
 * in parts of about a page, of which an open file holds one: going back in
 * them begins anew.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/mount.h>
#include <kernel/fs/poll.h>
#include <kernel/fs/readdir.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/super.h>
#include <kernel/init.h>
#include <kernel/panic.h>
#include <kernel/task/cred.h>
#include <kernel/task/ptrace.h>
#include "proc.h"

/* A text longer than this is refused: nothing we report comes near. */
#define PROC_TEXT_MAX (4ul << 20)
/* Longest write. */
#define PROC_WRITE_MAX 4095

/* An open text. */
struct proc_text {
	struct rw_semaphore lock; /* nothing changes while a reader copies */
	char *buf; /* NULL: not made yet */
	size_t len;
	loff_t start; /* where in the whole text this part is */
	unsigned long next; /* entry that the next part begins with, or 0 */
	struct mm_struct *mm; /* of pid_entry::of_mm; with an mm_count */
	u32 mount_event; /* the last that was seen */
};

static struct kmem_cache *proc_inode_cache;
static u32 next_ino = 2;

struct proc_dir_entry proc_root = {
	.children = LIST_HEAD_INIT(proc_root.children),
	.ino = 1,
	.root = true,
};

struct proc_dir_entry sysfs_root = {
	.children = LIST_HEAD_INIT(sysfs_root.children),
	.ino = 1,
};

/* What whoever looks for a mistake of the kernel needs; nothing mounts it. */
struct proc_dir_entry debugfs_root = {
	.children = LIST_HEAD_INIT(debugfs_root.children),
	.ino = 1,
	.private = true,
};

/* ---- the names that are always there ---- */

static struct proc_dir_entry *find_child(const struct proc_dir_entry *dir,
					 const char *name, u32 len)
{
	struct proc_dir_entry *e;

	list_for_each_entry(e, &dir->children, sibling)
		if (e->len == len && e->name[0] == name[0] &&
		    memcmp(e->name, name, len) == 0)
			return e;
	return NULL;
}

static bool is_shown(const struct proc_dir_entry *e)
{
	return !e->shown || *e->shown;
}

static struct proc_dir_entry *new_child(struct proc_dir_entry *dir,
					const char *name, u32 len)
{
	struct proc_dir_entry *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return NULL;
	INIT_LIST_HEAD(&e->children);
	e->name = name;
	e->len = len;
	e->ino = next_ino++;
	list_add_tail(&e->sibling, &dir->children);
	return e;
}

/* Boot only: a machine that cannot name its reports cannot start. */
static struct proc_dir_entry *add_child(struct proc_dir_entry *dir,
					const char *name, u32 len)
{
	struct proc_dir_entry *e = new_child(dir, name, len);

	if (!e)
		panic("no memory for /proc at boot");
	return e;
}

/**
 * proc_add_child() - find or make a name in a directory, at any time
 * @dir: the directory
 * @name: without a slash; must outlive the filesystem
 *
 * Context: may sleep. Return: the entry, or NULL without memory.
 */
struct proc_dir_entry *proc_add_child(struct proc_dir_entry *dir,
				      const char *name)
{
	u32 len = (u32)strlen(name);
	struct proc_dir_entry *e = find_child(dir, name, len);

	return e ? e : new_child(dir, name, len);
}

static u32 component(const char *path)
{
	u32 len = 0;

	while (path[len] && path[len] != '/')
		len++;
	return len;
}

/**
 * proc_mkdir_below() - find or make a directory
 * @root: of procfs, sysfs or debugfs
 * @path: names with slashes between; must outlive the filesystem
 *
 * Context: boot; may sleep. Return: the entry of the last name.
 */
struct proc_dir_entry *proc_mkdir_below(struct proc_dir_entry *root,
					const char *path)
{
	struct proc_dir_entry *dir = root, *e;
	u32 len;

	while ((len = component(path)) != 0) {
		e = find_child(dir, path, len);
		dir = e ? e : add_child(dir, path, len);
		path += len;
		if (*path)
			path++;
	}
	return dir;
}

/**
 * proc_create_below() - add a report
 * @root: of procfs, sysfs or debugfs
 * @file: its path, and how to make the text; must outlive the filesystem
 *
 * Context: boot; may sleep.
 */
void proc_create_below(struct proc_dir_entry *root,
		       const struct proc_entry *file)
{
	proc_mkdir_below(root, file->name)->file = file;
}

/** proc_create() - add a report to /proc; see proc_create_below() */
void proc_create(const struct proc_entry *file)
{
	proc_create_below(&proc_root, file);
}

/** debugfs_create() - add a report to debugfs; see proc_create_below() */
void debugfs_create(const struct proc_entry *file)
{
	proc_create_below(&debugfs_root, file);
}

/* ---- texts ---- */

static void *file_data(const struct proc_dir_entry *e)
{
	return e->data ? e->data : e->file->data;
}

static int make_text(struct seq_file *m, const struct inode *inode)
{
	const struct proc_inode *pi = proc_i(inode);

	if (pi->pid)
		return pi->pid->show(m, pi->task);
	return pi->pde->file->show(m, file_data(pi->pde));
}

/* The next part of a text. */
static int fill_text(struct proc_text *t, const struct inode *inode)
{
	struct seq_file m = { .wanted = 0 };
	int err;

	do {
		size_t size = PAGE_ALIGN(m.wanted + 1);

		m = (struct seq_file){ .buf = kvmalloc(size, GFP_KERNEL),
				       .size = size,
				       .index = t->next,
				       .priv = t->mm };
		if (!m.buf)
			return -ENOMEM;
		err = make_text(&m, inode);
		if (!err && !seq_has_overflowed(&m)) {
			kvfree(t->buf);
			t->buf = m.buf;
			t->start += (loff_t)t->len;
			t->len = m.count;
			t->next = m.index;
			return 0;
		}
		kvfree(m.buf);
	} while (!err && m.wanted < PROC_TEXT_MAX);
	return err ? err : -ENOMEM;
}

/* The part of a text that has byte @pos, if there is one; 0 or -errno. */
static int seek_text(struct proc_text *t, const struct inode *inode, loff_t pos)
{
	int err = 0;

	if (pos == 0 || pos < t->start || !t->buf) {
		t->start = 0;
		t->len = 0;
		t->next = 0;
		err = fill_text(t, inode);
	}
	while (!err && t->next && pos >= t->start + (loff_t)t->len)
		err = fill_text(t, inode);
	return err;
}

static ssize_t text_read_iter(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct proc_text *t = f->private_data;
	ssize_t ret;
	loff_t in;

	down_write(&t->lock);
	ret = seek_text(t, f->f_inode, *pos);
	if (!ret) {
		in = *pos - t->start;
		ret = simple_read_from_buffer(to, &in, t->buf, t->len);
		*pos = t->start + in;
	}
	up_write(&t->lock);
	return ret;
}

static ssize_t write_text(const struct inode *inode, const char *text,
			  size_t len)
{
	const struct proc_inode *pi = proc_i(inode);

	if (pi->pid)
		return pi->pid->write ? pi->pid->write(text, len, pi->task) :
					-EIO;
	if (!pi->pde->file->write)
		return -EIO;
	return pi->pde->file->write(text, len, file_data(pi->pde));
}

static ssize_t text_write_iter(struct file *f, struct iov_iter *from,
			       loff_t *pos)
{
	size_t len = from->count;
	ssize_t ret;
	char *text;

	if (len > PROC_WRITE_MAX)
		return -EINVAL;
	text = kmalloc(len + 1, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	ret = -EFAULT;
	if (copy_from_iter(text, len, from) == len) {
		text[len] = '\0';
		ret = write_text(f->f_inode, text, len);
		if (ret > 0)
			*pos += ret;
	}
	kfree(text);
	return ret;
}

/* What a file of sysfs is not for is refused when it is opened, to root too. */
static bool may_open(const struct inode *inode, u32 f_mode)
{
	if (inode->i_sb->s_fs_info != &sysfs_root)
		return true;
	return !((f_mode & FMODE_WRITE) && !(inode->i_mode & 0222)) &&
	       !((f_mode & FMODE_READ) && !(inode->i_mode & 0444));
}

static int text_open(struct inode *inode, struct file *f)
{
	const struct proc_inode *pi = proc_i(inode);
	struct proc_text *t;
	int err;

	if (!may_open(inode, f->f_mode))
		return -EACCES;
	t = kzalloc(sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	if (pi->pid && pi->pid->of_mm)
		t->mm = proc_mem_open(inode, PTRACE_MODE_READ);
	if (IS_ERR(t->mm)) {
		err = (int)PTR_ERR(t->mm);
		kfree(t);
		return err;
	}
	init_rwsem(&t->lock);
	f->private_data = t;
	return 0;
}

static void text_release(struct file *f)
{
	struct proc_text *t = f->private_data;

	if (t->mm)
		mmdrop(t->mm);
	kvfree(t->buf);
	kfree(t);
}

const struct file_operations proc_text_fops = {
	.open = text_open,
	.release = text_release,
	.read_iter = text_read_iter,
	.write_iter = text_write_iter,
	.llseek = generic_file_llseek,
};

static int mounts_open(struct inode *inode, struct file *f)
{
	int err = text_open(inode, f);

	if (!err)
		((struct proc_text *)f->private_data)->mount_event =
			mount_event;
	return err;
}

/* Always readable; a change of the mounts is told once. */
static u32 mounts_poll(struct file *f, struct poll_table *pt)
{
	struct proc_text *t = f->private_data;
	u32 mask = POLLIN | POLLRDNORM;

	poll_wait(&mount_wait, pt);
	if (t->mount_event != mount_event)
		mask |= POLLERR | POLLPRI;
	t->mount_event = mount_event;
	return mask;
}

const struct file_operations proc_mounts_fops = {
	.open = mounts_open,
	.release = text_release,
	.read_iter = text_read_iter,
	.poll = mounts_poll,
	.llseek = generic_file_llseek,
};

/* ---- inodes and directories ---- */

/*
 * What is about a process is its user's; root's if others of that user must
 * not look in (mm_struct::dumpable). Directories that all may search say who
 * the process is, whatever it hides.
 */
static void set_owner(struct inode *inode, const struct task_struct *task)
{
	const struct mm_struct *mm = task->mm;

	if (inode->i_mode != (S_IFDIR | 0555) && !(mm && mm->dumpable))
		return;
	inode->i_uid = task->cred->euid;
	inode->i_gid = task->cred->egid;
}

struct inode *proc_new_inode(struct super_block *sb, umode_t mode, u64 ino,
			     const struct proc_inode *pi,
			     const struct inode_operations *iop,
			     const struct file_operations *fop)
{
	struct proc_inode *copy;
	struct inode *inode;

	if (pi->task) /* or it may be gone when there is memory */
		get_task_struct(pi->task);
	copy = kmem_cache_alloc(proc_inode_cache, GFP_KERNEL);
	if (!copy)
		goto no_copy;
	inode = new_inode(sb, mode);
	if (!inode)
		goto no_inode;
	*copy = *pi;
	inode->i_ino = ino;
	inode->i_nlink = S_ISDIR(mode) ? 2 : 1;
	inode->i_op = iop;
	inode->i_fop = fop;
	inode->i_private = copy;
	if (copy->task)
		set_owner(inode, copy->task);
	return inode;
no_inode:
	kmem_cache_free(proc_inode_cache, copy);
no_copy:
	if (pi->task)
		put_task_struct(pi->task);
	return NULL;
}

static void proc_evict_inode(struct inode *inode)
{
	struct proc_inode *pi = proc_i(inode);

	if (!pi)
		return;
	if (pi->task)
		put_task_struct(pi->task);
	kmem_cache_free(proc_inode_cache, pi);
	inode->i_private = NULL;
}

struct dentry *proc_splice(struct dentry *parent, const char *name, u32 len,
			   struct inode *inode)
{
	struct dentry *d = d_alloc(parent, name, len);

	if (!d) {
		if (inode)
			iput(inode);
		return ERR_PTR(-ENOMEM);
	}
	if (inode)
		d_add(d, inode);
	return d;
}

long proc_number(const char *name, u32 len)
{
	long n = 0;
	u32 i;

	if (len == 0 || len > 9 || (name[0] == '0' && len > 1))
		return -1;
	for (i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		n = n * 10 + (name[i] - '0');
	}
	return n;
}

/* A shell opens a knob with O_TRUNC; no other change of a report is allowed. */
static int file_setattr(struct inode *inode, struct kstat *attr, u32 valid)
{
	(void)inode;
	(void)attr;
	return valid & (ATTR_MODE | ATTR_UID | ATTR_GID) ? -EPERM : 0;
}

const struct inode_operations proc_file_iops = {
	.setattr = file_setattr,
};

static int link_readlink(struct inode *inode, char *buf, size_t size)
{
	const struct proc_dir_entry *e = proc_i(inode)->pde;

	if (e->link)
		return e->link(buf, size);
	return (int)ashlar_strscpy(buf, e->text, size);
}

static const struct inode_operations proc_link_iops = {
	.readlink = link_readlink,
};

static struct dentry *static_lookup(struct inode *dir, struct dentry *parent,
				    const char *name, u32 len);

static const struct inode_operations proc_dir_iops = {
	.lookup = static_lookup,
};

static bool is_link(const struct proc_dir_entry *e)
{
	return e->link || e->text;
}

static struct inode *static_inode(struct super_block *sb,
				  const struct proc_dir_entry *e)
{
	const struct proc_inode pi = { .pde = e };

	if (e->file)
		return proc_new_inode(sb, S_IFREG | e->file->mode, e->ino, &pi,
				      &proc_file_iops,
				      e->file->fop ?: &proc_text_fops);
	if (is_link(e))
		return proc_new_inode(sb, S_IFLNK | 0777, e->ino, &pi,
				      &proc_link_iops, NULL);
	return proc_new_inode(sb, S_IFDIR | (e->private ? 0700 : 0555), e->ino,
			      &pi, &proc_dir_iops, &proc_dir_fops);
}

/*
 * A directory is found again as long as somebody has it: something may be
 * mounted there. @d, or the one that was made while memory was waited for.
 */
static struct dentry *keep_dir(struct dentry *d)
{
	struct dentry *other = d_lookup(d->d_parent, d->d_name, d->d_len);

	if (!other) {
		d_keep(d);
		return d;
	}
	dput(d);
	return other;
}

static struct dentry *static_lookup(struct inode *dir, struct dentry *parent,
				    const char *name, u32 len)
{
	const struct proc_dir_entry *pde = proc_i(dir)->pde;
	const struct proc_dir_entry *e = find_child(pde, name, len);
	struct inode *inode;
	struct dentry *d;

	if (e && !is_shown(e))
		e = NULL;
	if (!e && pde->root)
		return proc_pid_lookup(dir, parent, name, len);
	if (!e)
		return proc_splice(parent, name, len, NULL);
	if (!e->file && !is_link(e) && (d = d_lookup(parent, name, len)))
		return d;
	inode = static_inode(dir->i_sb, e);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	d = proc_splice(parent, name, len, inode);
	return IS_ERR(d) || e->file || is_link(e) ? d : keep_dir(d);
}

bool dir_emit_dots(struct dir_context *ctx)
{
	while (ctx->pos < 2) {
		if (!ctx->emit(ctx, "..", (u32)ctx->pos + 1, 1, DT_DIR))
			return false;
		ctx->pos++;
	}
	return true;
}

/* Positions: 0 and 1 the dots, then the children, then processes. */
static int static_iterate(struct file *f, struct dir_context *ctx)
{
	const struct proc_dir_entry *pde = proc_i(f->f_inode)->pde, *e;
	loff_t i = 2;

	if (!dir_emit_dots(ctx))
		return 0;
	list_for_each_entry(e, &pde->children, sibling) {
		if (i++ < ctx->pos)
			continue;
		if (is_shown(e) && !ctx->emit(ctx, e->name, e->len, e->ino,
					      e->file	 ? DT_REG :
					      is_link(e) ? DT_LNK :
							   DT_DIR))
			return 0;
		ctx->pos++;
	}
	return pde->root ? proc_pid_iterate(ctx) : 0;
}

const struct file_operations proc_dir_fops = {
	.iterate = static_iterate,
	.llseek = generic_file_llseek,
};

/* ---- the filesystems ---- */

#define PROC_SUPER_MAGIC 0x9fa0
#define SYSFS_MAGIC 0x62656572
#define DEBUGFS_MAGIC 0x64626720

static void proc_statfs(struct super_block *sb, struct kstatfs *buf)
{
	buf->type = sb->s_fs_info == &proc_root	 ? PROC_SUPER_MAGIC :
		    sb->s_fs_info == &sysfs_root ? SYSFS_MAGIC :
						   DEBUGFS_MAGIC;
	buf->bsize = PAGE_SIZE;
	buf->namelen = NAME_MAX;
}

static const struct super_operations proc_sops = {
	.evict_inode = proc_evict_inode,
	.statfs = proc_statfs,
};

static int fill_super(struct super_block *sb, struct proc_dir_entry *root)
{
	struct inode *inode;

	sb->s_op = &proc_sops;
	sb->s_fs_info = root;
	inode = static_inode(sb, root);
	if (!inode)
		return -ENOMEM;
	sb->s_root = d_make_root(inode);
	return sb->s_root ? 0 : -ENOMEM;
}

static int proc_fill_super(struct super_block *sb, const char *data)
{
	(void)data;
	return fill_super(sb, &proc_root);
}

static int sysfs_fill_super(struct super_block *sb, const char *data)
{
	(void)data;
	return fill_super(sb, &sysfs_root);
}

static int debugfs_fill_super(struct super_block *sb, const char *data)
{
	(void)data;
	return fill_super(sb, &debugfs_root);
}

static struct file_system_type proc_fs_type = {
	.name = "proc",
	.nodev = true,
	.fill_super = proc_fill_super,
	.is_single = true,
};

static struct file_system_type sysfs_fs_type = {
	.name = "sysfs",
	.nodev = true,
	.fill_super = sysfs_fill_super,
	.is_single = true,
};

static struct file_system_type debugfs_type = {
	.name = "debugfs",
	.nodev = true,
	.fill_super = debugfs_fill_super,
	.is_single = true,
};

/** proc_init() - name every report. Context: boot, once. */
void proc_init(void)
{
	proc_inode_cache = kmem_cache_create("proc_inode_cache",
					     sizeof(struct proc_inode), 0,
					     SLAB_PANIC, NULL);
	proc_root_init();
	proc_sysctl_init();
	sysfs_init();
	register_filesystem(&proc_fs_type);
	register_filesystem(&sysfs_fs_type);
	register_filesystem(&debugfs_type);
}
