/* SPDX-License-Identifier: MIT */
/*
 * The boot image becomes the root's contents: one or more archives, as
 * "cpio -H newc" writes them, one after the other.
 *
 *   ┌────────────────┬───────────┬─────┬──────────────┬─────┬──────── …
 *   │ header, 110    │ name\0    │ pad │ data         │ pad │ header
 *   │ 070701 + 13×8  │           │ to 4│ filesize     │ to 4│
 *   │ hex digits     │           │     │              │     │
 *   └────────────────┴───────────┴─────┴──────────────┴─────┴──────── …
 *
 * An archive ends with a file TRAILER!!!; zeroes may follow. A part of the
 * image may be compressed by gzip; then it is read through lib/inflate.c.
 *
 * The image is read once from front to back, and what was read of it is given
 * back at once: a small machine never holds all of a file twice.
 *
 * Nothing in the image is trusted. What is wrong ends the unpacking with a
 * line in the log; the boot goes on with what there is.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/inflate.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/file.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/tmpfs.h>
#include <kernel/init.h>
#include <kernel/printk.h>
#include <kernel/task/task.h>
#include <kernel/time/clock.h>

#define CPIO_HEADER 110u
#define CPIO_FIELDS 13
#define LINK_HASH 32u
#define CHUNK (64u << 10) /* bytes after which the image is given back */

enum {
	C_INO,
	C_MODE,
	C_UID,
	C_GID,
	C_NLINK,
	C_MTIME,
	C_FILESIZE,
	C_MAJOR,
	C_MINOR,
	C_RMAJOR,
	C_RMINOR,
	C_NAMESIZE,
	C_CHECK
};

/* What the archive is read from. */
struct source {
	const u8 *p, *end; /* of the image */
	u32 pos; /* bytes of this archive that were read */
	struct inflate *z; /* NULL: the image is the archive */
	const u8 *out; /* inflated and not yet read */
	size_t avail; /* bytes of it */
};

/* The first name of a file with several. */
struct link_name {
	struct link_name *next;
	u32 ino, major, minor;
	char name[];
};

/* A directory, whose times are set when it is full. */
struct dir_time {
	struct dir_time *next;
	u32 mtime; /* s since 1970 */
	char name[];
};

struct unpack {
	struct source src;
	u32 field[CPIO_FIELDS];
	struct link_name *links[LINK_HASH];
	struct dir_time *dirs;
	char name[PATH_MAX + 4];
	char target[PATH_MAX + 4];
};

static const char truncated[] = "unexpected end of archive";
static const char no_memory[] = "out of memory";

/* ---- bytes of the archive ---- */

/* Up to @want bytes that lie side by side; 0 at the end of the archive. */
static size_t next_bytes(struct source *s, size_t want, const u8 **bytes)
{
	size_t n;

	if (s->z) {
		if (!s->avail)
			s->avail = inflate_next(s->z, &s->out);
		n = min(want, s->avail);
		*bytes = s->out;
		s->out += n;
		s->avail -= n;
	} else {
		n = min(want, (size_t)(s->end - s->p));
		*bytes = s->p;
		s->p += n;
	}
	s->pos += (u32)n;
	return n;
}

/* The next byte, which stays; -1 at the end. */
static int peek(struct source *s)
{
	if (!s->z)
		return s->p < s->end ? *s->p : -1;
	if (!s->avail)
		s->avail = inflate_next(s->z, &s->out);
	return s->avail ? *s->out : -1;
}

/* @buf NULL: skip. */
static bool read_bytes(struct source *s, void *buf, size_t n)
{
	const u8 *bytes;
	size_t got;

	for (; n; n -= got) {
		got = next_bytes(s, n, &bytes);
		if (!got)
			return false;
		if (buf) {
			memcpy(buf, bytes, got);
			buf = (char *)buf + got;
		}
	}
	return true;
}

static bool skip_padding(struct source *s)
{
	return read_bytes(s, NULL, -s->pos & 3);
}

/* ---- one file ---- */

static struct link_name **link_slot(struct unpack *u)
{
	struct link_name **slot = &u->links[u->field[C_INO] % LINK_HASH];

	while (*slot && ((*slot)->ino != u->field[C_INO] ||
			 (*slot)->major != u->field[C_MAJOR] ||
			 (*slot)->minor != u->field[C_MINOR]))
		slot = &(*slot)->next;
	return slot;
}

/* 1: made as another name of a file that is there; 0: it is the first. */
static int maybe_link(struct unpack *u)
{
	struct link_name **slot, *l;
	size_t len = strlen(u->name) + 1;

	if (u->field[C_NLINK] < 2)
		return 0;
	slot = link_slot(u);
	if (*slot)
		return kern_link((*slot)->name, u->name) ? 0 : 1;
	l = kmalloc(sizeof(*l) + len, GFP_KERNEL);
	if (!l)
		return -ENOMEM;
	l->next = NULL;
	l->ino = u->field[C_INO];
	l->major = u->field[C_MAJOR];
	l->minor = u->field[C_MINOR];
	memcpy(l->name, u->name, len);
	*slot = l;
	return 0;
}

/* The name itself, were it a symlink. */
static void change(const char *name, struct kstat *attr, u32 valid)
{
	struct path path;

	if (kern_path_at(AT_FDCWD, name, 0, &path))
		return;
	notify_change(path.dentry->d_inode, attr, valid);
	path_put(&path);
}

static void set_attributes(const char *name, u32 valid, const struct unpack *u)
{
	struct kstat attr = {
		.mode = (umode_t)u->field[C_MODE],
		.uid = u->field[C_UID],
		.gid = u->field[C_GID],
		.mtime = (s64)u->field[C_MTIME] * (s64)NSEC_PER_SEC,
	};

	attr.atime = attr.mtime;
	change(name, &attr,
	       valid | ATTR_UID | ATTR_GID | ATTR_MTIME | ATTR_ATIME);
}

/* A file of another kind with this name makes way. */
static void clean_path(const struct unpack *u)
{
	struct path path;
	umode_t mode;

	if (kern_path_at(AT_FDCWD, u->name, 0, &path))
		return;
	mode = path.dentry->d_inode->i_mode;
	path_put(&path);
	if ((mode ^ u->field[C_MODE]) & S_IFMT)
		kern_unlink(u->name);
}

/* What was read of the image is not needed any more. */
static void give_back(const struct source *s)
{
	free_initrd_until((u32)(s->z ? inflate_position(s->z) : s->p));
}

/* The data, from the archive into the file; @f NULL: past it. */
static const char *write_data(struct unpack *u, struct file *f)
{
	size_t left = u->field[C_FILESIZE], n;
	const u8 *bytes;
	loff_t pos = 0;

	for (; left; left -= n) {
		n = next_bytes(&u->src, min(left, (size_t)CHUNK), &bytes);
		if (!n)
			return truncated;
		if (f && kernel_write(f, bytes, n, &pos) != (ssize_t)n)
			return "write error";
		give_back(&u->src);
	}
	return NULL;
}

static const char *unpack_file(struct unpack *u)
{
	u32 flags = O_WRONLY | O_CREAT | O_LARGEFILE;
	const char *err;
	struct file *f;
	int linked = maybe_link(u);

	if (linked < 0)
		return no_memory;
	if (!linked || u->field[C_FILESIZE])
		flags |= O_TRUNC;
	f = filp_open(u->name, (int)flags, u->field[C_MODE] & S_IALLUGO);
	if (IS_ERR(f))
		return write_data(u, NULL);
	err = write_data(u, f);
	fput(f);
	set_attributes(u->name, ATTR_MODE, u);
	return err;
}

static const char *unpack_directory(struct unpack *u)
{
	size_t len = strlen(u->name) + 1;
	struct dir_time *d = kmalloc(sizeof(*d) + len, GFP_KERNEL);

	if (!d)
		return no_memory;
	d->mtime = u->field[C_MTIME];
	memcpy(d->name, u->name, len);
	d->next = u->dirs;
	u->dirs = d;
	kern_mkdir(u->name, u->field[C_MODE] & S_IALLUGO);
	set_attributes(u->name, ATTR_MODE, u);
	return write_data(u, NULL);
}

static const char *unpack_symlink(struct unpack *u)
{
	u32 len = u->field[C_FILESIZE];

	if (!len || len >= PATH_MAX)
		return write_data(u, NULL);
	if (!read_bytes(&u->src, u->target, len))
		return truncated;
	u->target[len] = '\0';
	kern_symlink(u->target, u->name);
	set_attributes(u->name, 0, u);
	return NULL;
}

static const char *unpack_node(struct unpack *u)
{
	u32 dev = MKDEV(u->field[C_RMAJOR], u->field[C_RMINOR]);
	int linked = maybe_link(u);

	if (linked < 0)
		return no_memory;
	if (!linked) {
		kern_mknod(u->name, (umode_t)u->field[C_MODE], dev);
		set_attributes(u->name, ATTR_MODE, u);
	}
	return write_data(u, NULL);
}

static const char *unpack_entry(struct unpack *u)
{
	clean_path(u);
	switch (u->field[C_MODE] & S_IFMT) {
	case S_IFREG:
		return unpack_file(u);
	case S_IFDIR:
		return unpack_directory(u);
	case S_IFLNK:
		return unpack_symlink(u);
	case S_IFBLK:
	case S_IFCHR:
	case S_IFIFO:
	case S_IFSOCK:
		return unpack_node(u);
	}
	return write_data(u, NULL);
}

/* ---- the archive ---- */

static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *parse_header(struct unpack *u, const u8 *h)
{
	int i, k, digit;

	if (!memcmp(h, "070707", 6))
		return "incorrect cpio method used: use -H newc option";
	if (memcmp(h, "070701", 6) && memcmp(h, "070702", 6))
		return "no cpio magic";
	for (i = 0, h += 6; i < CPIO_FIELDS; i++) {
		u->field[i] = 0;
		for (k = 0; k < 8; k++) {
			digit = hex_digit(*h++);
			if (digit < 0)
				return "broken header";
			u->field[i] = u->field[i] << 4 | (u32)digit;
		}
	}
	return NULL;
}

static void forget_links(struct unpack *u)
{
	struct link_name *l;
	u32 i;

	for (i = 0; i < LINK_HASH; i++) {
		while ((l = u->links[i])) {
			u->links[i] = l->next;
			kfree(l);
		}
	}
}

static void set_directory_times(struct unpack *u)
{
	struct kstat attr;
	struct dir_time *d;

	while ((d = u->dirs)) {
		memset(&attr, 0, sizeof(attr));
		attr.mtime = (s64)d->mtime * (s64)NSEC_PER_SEC;
		attr.atime = attr.mtime;
		change(d->name, &attr, ATTR_MTIME | ATTR_ATIME);
		u->dirs = d->next;
		kfree(d);
	}
}

/* Header, name and data; *@last: it was the end of an archive. */
static const char *unpack_one(struct unpack *u, bool *last)
{
	u8 header[CPIO_HEADER];
	const char *err;
	u32 len;

	if (!read_bytes(&u->src, header, sizeof(header)))
		return truncated;
	err = parse_header(u, header);
	if (err)
		return err;
	len = u->field[C_NAMESIZE];
	if (!len || len > PATH_MAX)
		return "broken name";
	if (!read_bytes(&u->src, u->name, len) || !skip_padding(&u->src))
		return truncated;
	if (u->name[len - 1])
		return "broken name";
	*last = !ashlar_strcmp(u->name, "TRAILER!!!");
	err = *last ? write_data(u, NULL) : unpack_entry(u);
	if (!err && !*last && !skip_padding(&u->src))
		err = truncated;
	return err;
}

/* One archive after the other; zeroes between them. */
static const char *unpack_archives(struct unpack *u)
{
	const char *err;
	bool last;
	int c;

	for (;;) {
		while ((c = peek(&u->src)) == 0)
			read_bytes(&u->src, NULL, 1);
		if (c != '0')
			return c > 0 && u->src.z ?
				       "junk within compressed archive" :
				       NULL;
		u->src.pos = 0;
		do {
			err = unpack_one(u, &last);
		} while (!err && !last);
		forget_links(u);
		if (err)
			return err;
	}
}

/* A part of the image that gzip made. */
static const char *unpack_compressed(struct unpack *u)
{
	struct source *s = &u->src;
	const char *err;
	struct inflate *z = inflate_begin(s->p, s->end);

	if (!z)
		return no_memory;
	s->z = z;
	s->avail = 0;
	err = unpack_archives(u);
	if (inflate_error(z))
		err = inflate_error(z);
	s->p = inflate_end(z);
	s->z = NULL;
	return err;
}

static const char *unpack_image(struct unpack *u)
{
	struct source *s = &u->src;
	const char *err;

	for (;;) {
		err = unpack_archives(u);
		if (err || s->p == s->end)
			return err;
		if (s->end - s->p < 2 || s->p[0] != 0x1f || s->p[1] != 0x8b)
			return "invalid magic at start of compressed archive";
		err = unpack_compressed(u);
		if (err)
			return err;
	}
}

/* Context: process 1, before its program. */
static void populate_rootfs(const void *cpio, size_t size)
{
	struct unpack *u = kzalloc(sizeof(*u), GFP_KERNEL);
	const char *err = no_memory;

	if (u) {
		u->src.p = cpio;
		u->src.end = u->src.p + size;
		err = unpack_image(u);
		forget_links(u);
		set_directory_times(u);
		kfree(u);
	}
	if (err)
		printk(KERN_EMERG "Initramfs unpacking failed: %s\n", err);
}

/**
 * fs_populate_root() - what the root holds before the first program
 */
void fs_populate_root(void)
{
	u32 size = initrd_end - initrd_start;

	kern_mkdir("/dev", 0755);
	kern_mknod("/dev/console", S_IFCHR | 0600, MKDEV(5, 1));
	kern_mkdir("/root", 0700);
	if (initrd_start) {
		printk(KERN_INFO "Unpacking initramfs...\n");
		populate_rootfs((const void *)initrd_start, size);
		free_initrd();
		printk(KERN_INFO "Freeing initrd memory: %uK\n", size >> 10);
	}
	tmpfs_limit(current->fs->root->d_inode->i_sb);
}
