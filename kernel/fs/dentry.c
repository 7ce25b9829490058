/* SPDX-License-Identifier: MIT */
/*
 * Dentries: names in directories.
 *
 * A filesystem with SB_DCACHE has all of its names here. They hang in their
 * directory's list, newest first, and in one hash
 * over (directory, name), so that a directory of thousands costs no more:
 *
 *   d_buckets ┌───┐
 *             │   ├─→ dentry ─→ dentry ─→ NULL        d_hash, d_pprev
 *             └───┘
 *
 * d_cookie numbers the names of one directory, each new one lower: a listing
 * that was interrupted goes on at the first name with a number not smaller,
 * whatever was removed or made meanwhile.
 *
 * References: a child has one to its parent. Names of SB_DCACHE have one of
 * their filesystem's (d_pin), which goes when they are removed. Of procfs and
 * its like only directories that are in use are here (d_keep). Those of
 * SB_CACHED may have none (dcache.c).
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/list.h>
#include <ashlar/mmzone.h>
#include <ashlar/printf.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/super.h>
#include <kernel/panic.h>
#include <kernel/syscall.h>
#include <kernel/task/task.h>
#include "internal.h"

/* Most names fit into the dentry; a longer one is kept apart. */
#define DENTRY_SIZE 128u
#define DENTRY_NAME_MAX (DENTRY_SIZE - sizeof(struct dentry) - 1)

static struct kmem_cache *dentry_cache;
static struct dentry **d_buckets;
static u32 d_hash_shift;
unsigned long nr_dentries;

static inline struct dentry **d_bucket(u32 key)
{
	return &d_buckets[key * 0x9e3779b1u >> d_hash_shift];
}

static void d_rehash(struct dentry *d)
{
	struct dentry **b = d_bucket(d->d_key);

	d->d_hash = *b;
	if (*b)
		(*b)->d_pprev = &d->d_hash;
	d->d_pprev = b;
	*b = d;
}

static void d_unhash(struct dentry *d)
{
	if (!d->d_pprev)
		return;
	*d->d_pprev = d->d_hash;
	if (d->d_hash)
		d->d_hash->d_pprev = d->d_pprev;
	d->d_pprev = NULL;
}

static void d_key_set(struct dentry *d)
{
	d->d_key = d_key(d->d_parent, name_hash(d->d_name, d->d_len));
}

static void d_link_in(struct dentry *d)
{
	d_rehash(d);
	if (!d->d_cached)
		d->d_cookie = d->d_parent->d_next_cookie--;
	list_add(&d->d_sibling, &d->d_parent->d_children);
}

/**
 * d_alloc() - a name without a file
 * @parent: its directory (gets a reference), or NULL: its own parent
 * @name: @len bytes, at most NAME_MAX
 *
 * Context: may sleep. Return: with one reference, or NULL without memory.
 */
struct dentry *d_alloc(struct dentry *parent, const char *name, u32 len)
{
	struct dentry *d = kmem_cache_alloc(dentry_cache, GFP_KERNEL);

	if (!d)
		return NULL;
	memset(d, 0, sizeof(*d));
	d->d_name = d->d_iname;
	if (len > DENTRY_NAME_MAX) {
		d->d_name = kmalloc(len + 1, GFP_KERNEL);
		if (!d->d_name) {
			kmem_cache_free(dentry_cache, d);
			return NULL;
		}
	}
	atomic_set(&d->d_count, 1);
	d->d_parent = parent ? dget(parent) : d;
	INIT_LIST_HEAD(&d->d_children);
	INIT_LIST_HEAD(&d->d_sibling);
	d->d_next_cookie = 0x7ffffff0;
	d->d_len = (u8)len;
	memcpy(d->d_name, name, len);
	d->d_name[len] = '\0';
	nr_dentries++;
	return d;
}

/** d_keep() - have d_lookup() find a name that is no SB_DCACHE filesystem's */
void d_keep(struct dentry *dentry)
{
	d_key_set(dentry);
	d_link_in(dentry);
}

/* The name stays when it is unused. */
static void d_cache(struct dentry *d)
{
	d->d_cached = true;
	INIT_LIST_HEAD(&d->d_lru);
	d_keep(d);
}

/**
 * d_splice() - the end of a lookup on a disk
 * @parent: the directory
 * @name: what was looked for, @len bytes
 * @inode: its file; the reference is taken over; NULL: there is none
 *
 * Others may have looked for the same meanwhile. What is looked for in a
 * directory that is removed is not kept. Context: may sleep. Return: the
 * dentry with a reference, or ERR_PTR(-ENOMEM).
 */
struct dentry *d_splice(struct dentry *parent, const char *name, u32 len,
			struct inode *inode)
{
	struct dentry *d = d_alloc(parent, name, len), *other;

	other = __d_lookup(parent, name, len, name_hash(name, len));
	if (!d || other) {
		if (other)
			dget(other);
		if (inode)
			iput(inode);
		if (d)
			dput(d);
		return other ? other : ERR_PTR(-ENOMEM);
	}
	d->d_inode = inode;
	if (!parent->d_unlinked)
		d_cache(d);
	return d;
}

/**
 * d_add() - give a name its file
 * @dentry: from d_alloc()
 * @inode: its reference is taken over
 */
void d_add(struct dentry *dentry, struct inode *inode)
{
	dentry->d_inode = inode;
	if (inode->i_sb->s_flags & SB_DCACHE)
		d_keep(dentry);
	else if (inode->i_sb->s_flags & SB_CACHED && !dentry->d_pprev)
		d_cache(dentry);
}

/** d_tmpfile() - a file that has no name yet; its reference is taken over */
void d_tmpfile(struct dentry *dentry, struct inode *inode)
{
	inode->i_nlink = 0;
	dentry->d_unlinked = true;
	dentry->d_inode = inode;
}

/**
 * d_make_root() - the name of a filesystem's topmost directory
 * @inode: the directory; its reference is taken over, also on failure
 *
 * Context: may sleep. Return: the dentry, or NULL without memory.
 */
struct dentry *d_make_root(struct inode *inode)
{
	struct dentry *d = d_alloc(NULL, "/", 1);

	if (!d) {
		iput(inode);
		return NULL;
	}
	d->d_inode = inode;
	return d;
}

static void d_free(struct dentry *d)
{
	nr_dentries--;
	if (d->d_name != d->d_iname)
		kfree(d->d_name);
	kmem_cache_free(dentry_cache, d);
}

/** __dput() - the last reference to a dentry went; perhaps its parent's too */
void __dput(struct dentry *d)
{
	struct dentry *parent;

	for (;;) {
		if (d->d_cached && d->d_pprev) {
			dcache_keep(d);
			return;
		}
		d_unhash(d);
		list_del_init(&d->d_sibling);
		if (d->d_cached) /* or the shrinker finds it while we sleep */
			dcache_forget(d);
		if (d->d_inode)
			iput(d->d_inode);
		parent = d->d_parent;
		if (parent == d)
			parent = NULL;
		d_free(d);
		if (!parent || !atomic_dec_and_test(&parent->d_count))
			return;
		d = parent;
	}
}

/* Equal @len bytes; most names that get here are equal. */
static inline bool same_name(const char *a, const char *b, u32 len)
{
	for (; len >= 4; len -= 4, a += 4, b += 4)
		if (*(const u32 *)a != *(const u32 *)b)
			return false;
	for (; len; len--)
		if (*a++ != *b++)
			return false;
	return true;
}

struct dentry *__d_lookup(const struct dentry *parent, const char *name,
			  u32 len, u32 hash)
{
	u32 key = d_key(parent, hash);
	struct dentry *d;

	for (d = *d_bucket(key); d; d = d->d_hash)
		if (d->d_key == key && d->d_parent == parent &&
		    d->d_len == len && same_name(d->d_name, name, len))
			return d;
	return NULL;
}

/** d_lookup() - a name that is kept here, with a reference, or NULL */
struct dentry *d_lookup(struct dentry *parent, const char *name, u32 len)
{
	struct dentry *d = __d_lookup(parent, name, len, name_hash(name, len));

	return d ? dget(d) : NULL;
}

/** d_delete() - a name is gone; who has it open keeps the dentry */
void d_delete(struct dentry *dentry)
{
	if (!list_empty(&dentry->d_children))
		dcache_prune(dentry);
	d_unhash(dentry);
	list_del_init(&dentry->d_sibling);
	dentry->d_unlinked = true;
}

/*
 * @to gets the name of @from, which keeps it, too, if it is short: who still
 * has that file sees it under its old name. A long one changes hands.
 */
static void take_name(struct dentry *to, struct dentry *from)
{
	char *old = to->d_name == to->d_iname ? NULL : to->d_name;

	if (from->d_name == from->d_iname) {
		memcpy(to->d_iname, from->d_iname, DENTRY_NAME_MAX + 1);
		to->d_name = to->d_iname;
	} else {
		to->d_name = from->d_name;
		memcpy(from->d_iname, from->d_name, DENTRY_NAME_MAX);
		from->d_iname[DENTRY_NAME_MAX] = '\0';
		from->d_name = from->d_iname;
	}
	to->d_len = from->d_len;
	from->d_len = (u8)strlen(from->d_name);
	kfree(old);
}

/**
 * d_move() - rename
 * @old: a name with a file; gets the name and directory of @new
 * @new: a name that had another file, now gone, or none yet
 */
void d_move(struct dentry *old, struct dentry *new)
{
	struct dentry *parent = old->d_parent;

	d_delete(old);
	d_delete(new);
	old->d_unlinked = false;
	take_name(old, new);
	old->d_parent = dget(new->d_parent);
	d_key_set(old);
	d_link_in(old);
	dput(parent);
}

static bool is_short(const struct dentry *d)
{
	return d->d_name == d->d_iname;
}

/* A long name changes hands, a short one is copied. */
static void swap_names(struct dentry *a, struct dentry *b)
{
	char text[DENTRY_NAME_MAX + 1], *a_name = a->d_name,
					*b_name = b->d_name;
	bool a_short = is_short(a), b_short = is_short(b);
	u8 len = a->d_len;

	memcpy(text, a->d_iname, sizeof(text));
	memcpy(a->d_iname, b->d_iname, sizeof(text));
	memcpy(b->d_iname, text, sizeof(text));
	a->d_name = b_short ? a->d_iname : b_name;
	b->d_name = a_short ? b->d_iname : a_name;
	a->d_len = b->d_len;
	b->d_len = len;
}

/**
 * d_exchange() - RENAME_EXCHANGE: two files change names and directories
 */
void d_exchange(struct dentry *a, struct dentry *b)
{
	struct dentry *parent = a->d_parent;

	d_delete(a);
	d_delete(b);
	a->d_unlinked = false;
	b->d_unlinked = false;
	swap_names(a, b);
	a->d_parent = b->d_parent;
	b->d_parent = parent;
	d_key_set(a);
	d_key_set(b);
	d_link_in(a);
	d_link_in(b);
}

/* Every name below @root goes; the filesystem has no user any more. */
void shrink_dcache_tree(struct dentry *root)
{
	struct dentry *d = root, *parent;

	while (d != root || !list_empty(&d->d_children)) {
		if (!list_empty(&d->d_children)) {
			d = list_first_entry(&d->d_children, struct dentry,
					     d_sibling);
			continue;
		}
		parent = d->d_parent;
		d_delete(d);
		if (d->d_cached)
			dget(d); /* it is unused, and has none */
		d_unpin(d);
		d = parent;
	}
}

/* ---- the way from a dentry to its name ---- */

struct path_writer {
	char *start, *at; /* text is at … end of the buffer */
};

static bool prepend(struct path_writer *w, const char *s, size_t len)
{
	if ((size_t)(w->at - w->start) < len)
		return false;
	w->at -= len;
	memcpy(w->at, s, len);
	return true;
}

/* The mount's root: go to where it is mounted. */
static bool leave_mount(struct path *p)
{
	if (p->dentry != p->mnt->root || p->mnt->parent == p->mnt)
		return false;
	p->dentry = p->mnt->mountpoint;
	p->mnt = p->mnt->parent;
	return true;
}

/* Names from @path up to @root, or to where there is no up; 1: not @root. */
static int prepend_path(struct path_writer *w, struct path p,
			const struct path *root)
{
	while (p.dentry != root->dentry || p.mnt != root->mnt) {
		if (p.dentry == p.mnt->root) {
			if (leave_mount(&p))
				continue;
			break;
		}
		if (p.dentry->d_parent == p.dentry)
			break;
		if (!prepend(w, p.dentry->d_name, p.dentry->d_len) ||
		    !prepend(w, "/", 1))
			return -ENAMETOOLONG;
		p.dentry = p.dentry->d_parent;
	}
	if (*w->at != '/' && !prepend(w, "/", 1))
		return -ENAMETOOLONG;
	return p.dentry != root->dentry || p.mnt != root->mnt;
}

/* Files without a name: "pipe:[7]", "anon_inode:[eventfd]", "/memfd:x". */
static char *anon_path(const struct dentry *d, char *buf, size_t size)
{
	const char *name = d->d_name;
	int n;

	if (name[d->d_len - 1] == ':')
		n = ashlar_snprintf(buf, size, "%s[%llu]", name,
				    (unsigned long long)d->d_inode->i_ino);
	else if (name[d->d_len - 1] == ']')
		n = ashlar_snprintf(buf, size, "%s", name);
	else
		n = ashlar_snprintf(buf, size, "/%s (deleted)", name);
	return (size_t)n < size ? buf : ERR_PTR(-ENAMETOOLONG);
}

/**
 * d_path() - a file's path as the running program may use it
 * @path: the file
 * @buf: @size bytes
 *
 * A name that is gone ends with " (deleted)".
 *
 * Return: where in @buf the text begins, or ERR_PTR(-ENAMETOOLONG).
 */
char *d_path(const struct path *path, char *buf, size_t size)
{
	struct path_writer w = { buf, buf + size - 1 };
	struct path root = { current->fs->root_mnt, current->fs->root };
	struct dentry *d = path->dentry;
	int err;

	*w.at = '\0';
	if (d->d_inode && d->d_inode->i_sb->s_flags & SB_NOMOUNT)
		return anon_path(d, buf, size);
	if (d->d_unlinked && !prepend(&w, " (deleted)", 10))
		return ERR_PTR(-ENAMETOOLONG);
	err = prepend_path(&w, *path, &root);
	return err < 0 ? ERR_PTR(err) : w.at;
}

/**
 * seq_path() - write a file's path, with its newlines escaped, into a report
 * @m: the report
 * @path: the file
 *
 * The path is made at the end of the report's own room, and moves forward from
 * there, so that no memory is asked for. Without room for it the report
 * overflows.
 */
void seq_path(struct seq_file *m, const struct path *path)
{
	const char *s = ERR_PTR(-ENAMETOOLONG);

	if (m->count < m->size)
		s = d_path(path, m->buf + m->count, m->size - m->count);
	if (IS_ERR(s)) {
		m->wanted = m->size + PATH_MAX;
		return;
	}
	for (; *s; s++) {
		if (*s != '\n') {
			seq_putc(m, *s);
		} else if (m->buf + m->count + 3 > s) {
			m->wanted = m->size + PATH_MAX;
			return;
		} else {
			seq_puts(m, "\\012");
		}
	}
}

/* The path from @root, for reports of mounts; NULL: @path is not below it. */
char *mount_path(const struct path *path, const struct path *root, char *buf,
		 size_t size)
{
	struct path_writer w = { buf, buf + size - 1 };

	*w.at = '\0';
	return prepend_path(&w, *path, root) ? NULL : w.at;
}

SYSCALL_DEFINE(getcwd, char __user *buf, u32 size)
{
	char *page = kmalloc(PATH_MAX, GFP_KERNEL);
	struct path root = { current->fs->root_mnt, current->fs->root };
	struct path pwd = { current->fs->pwd_mnt, current->fs->pwd };
	struct path_writer w;
	u32 len;
	long err;

	if (!page)
		return -ENOMEM;
	w = (struct path_writer){ page, page + PATH_MAX - 1 };
	*w.at = '\0';
	err = -ENOENT;
	if (pwd.dentry->d_unlinked)
		goto out;
	err = prepend_path(&w, pwd, &root);
	if (err == 1)
		err = prepend(&w, "(unreachable)", 13) ? 0 : -ENAMETOOLONG;
	if (err)
		goto out;
	len = (u32)(page + PATH_MAX - w.at);
	err = -ERANGE;
	if (len <= size)
		err = copy_to_user(buf, w.at, len) ? -EFAULT : (long)len;
out:
	kfree(page);
	return err;
}

/** dentry_init() - the cache and the hash; boot */
void dentry_init(void)
{
	u32 bits = 8;

	while (bits < 14 && (totalram_pages() >> (bits + 3)))
		bits++;
	d_hash_shift = 32 - bits;
	d_buckets = kcalloc(1u << bits, sizeof(*d_buckets), GFP_KERNEL);
	if (!d_buckets)
		panic("no memory for the hash of names");
	dentry_cache =
		kmem_cache_create("dentry", DENTRY_SIZE, 0, SLAB_PANIC, NULL);
	dcache_init();
}
