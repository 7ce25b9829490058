/* SPDX-License-Identifier: MIT */
/*
 * Names of local sockets.
 *
 *   "/tmp/x"   a file of type socket, whose inode's i_pipe is the socket
 *   "\0x"      abstract: in a tree by length and bytes
 *   "\0" and 5 digits   abstract, of our choice
 *
 * A socket gets a name once, and nobody else has the same while it lives.
 *
 * Locks: bind_lock, outside of vfs_lock, around whatever gives a name to a
 * socket: a file may have to be made. The tree is looked at without sleep.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fs_struct.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/stat.h>
#include "internal.h"

#define AUTO_LEN (FAMILY_LEN + 6u) /* '\0' and 5 digits */

static struct rb_root abstract_names;

static bool is_abstract(const struct unix_address *a)
{
	return a->name.sun_path[0] == '\0';
}

static struct unix_sock *bound_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct unix_sock, bound) : NULL;
}

static int compare_names(const struct unix_address *a,
			 const struct unix_address *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(&a->name, &b->name, a->len);
}

/* Where the name is in the tree, or would be, below *@parent. */
static struct rb_node **abstract_link(const struct unix_address *a,
				      struct rb_node **parent)
{
	struct rb_node **link = &abstract_names.rb_node;
	int order;

	*parent = NULL;
	while (*link) {
		order = compare_names(a, &bound_of(*link)->addr);
		if (!order)
			break;
		*parent = *link;
		link = order < 0 ? &(*link)->rb_left : &(*link)->rb_right;
	}
	return link;
}

static struct unix_sock *find_abstract(const struct unix_address *a)
{
	struct rb_node *parent;

	return bound_of(*abstract_link(a, &parent));
}

static int bind_abstract(struct unix_sock *s, const struct unix_address *a)
{
	struct rb_node *parent, **link = abstract_link(a, &parent);

	if (*link)
		return -EADDRINUSE;
	s->addr = *a;
	s->has_abstract = true;
	rb_link_node(&s->bound, parent, link);
	rb_insert_color(&s->bound, &abstract_names);
	return 0;
}

static int bind_path(struct unix_sock *s, const struct unix_address *a)
{
	int err = kern_mksock(a->name.sun_path, 0777, &s->path);

	if (err)
		return err == -EEXIST ? -EADDRINUSE : err;
	s->path.dentry->d_inode->i_pipe = s;
	return 0;
}

static bool name_taken(const struct unix_address *a)
{
	struct path path;

	if (is_abstract(a))
		return find_abstract(a);
	if (kern_path_at(AT_FDCWD, a->name.sun_path, 0, &path))
		return false;
	path_put(&path);
	return true;
}

/* A name of our choice for a socket that has none. It does not sleep. */
static int autobind(struct unix_sock *s)
{
	struct unix_address a = { .len = AUTO_LEN, .name = { AF_UNIX, "" } };
	static u32 next;
	u32 tries;

	if (s->addr.len > FAMILY_LEN)
		return 0;
	for (tries = 0; tries < 1u << 20; tries++) {
		ashlar_snprintf(a.name.sun_path + 1, 6, "%05x",
				next++ & 0xfffff);
		if (!bind_abstract(s, &a))
			return 0;
	}
	return -ENOSPC;
}

static int bind_locked(struct unix_sock *s, const struct unix_address *addr)
{
	int err;

	if (s->addr.len > FAMILY_LEN)
		return name_taken(addr) ? -EADDRINUSE : -EINVAL;
	err = is_abstract(addr) ? bind_abstract(s, addr) : bind_path(s, addr);
	if (!err)
		s->addr = *addr;
	return err;
}

/** unix_bind() - give a socket a name; 0 or -errno */
int unix_bind(struct unix_sock *s, const struct unix_address *addr)
{
	int err;

	down_write(&s->bind_lock);
	err = addr->len <= FAMILY_LEN ? autobind(s) : bind_locked(s, addr);
	up_write(&s->bind_lock);
	return err;
}

/** unix_autobind_for_creds() - who sends or connects may need a name */
int unix_autobind_for_creds(struct unix_sock *s)
{
	int err;

	if (!s->passcred || s->addr.len > FAMILY_LEN)
		return 0;
	down_write(&s->bind_lock);
	err = autobind(s);
	up_write(&s->bind_lock);
	return err;
}

static struct unix_sock *find_path(const struct unix_address *a)
{
	struct unix_sock *s;
	struct inode *inode;
	struct path path;
	int err;

	err = kern_path_at(AT_FDCWD, a->name.sun_path, LOOKUP_FOLLOW, &path);
	if (err)
		return ERR_PTR(err);
	inode = path.dentry->d_inode;
	err = inode_permission(inode, MAY_WRITE);
	s = S_ISSOCK(inode->i_mode) && !err ? inode->i_pipe : NULL;
	s = s ? sock_get(s) : ERR_PTR(err ? err : -ECONNREFUSED);
	path_put(&path);
	return s;
}

/** unix_find_socket() - who has a name, with a reference; or ERR_PTR */
struct unix_sock *unix_find_socket(const struct unix_address *a, u8 type)
{
	struct unix_sock *s;

	if (a->len <= FAMILY_LEN)
		return ERR_PTR(-EINVAL);
	if (is_abstract(a)) {
		s = find_abstract(a);
		s = s ? sock_get(s) : ERR_PTR(-ECONNREFUSED);
	} else {
		s = find_path(a);
	}
	if (!IS_ERR(s) && s->type != type) {
		unix_put(s);
		return ERR_PTR(-EPROTOTYPE);
	}
	return s;
}

/** unix_forget_name() - a socket is found by name no more */
void unix_forget_name(struct unix_sock *s)
{
	if (s->has_abstract)
		rb_erase(&s->bound, &abstract_names);
	s->has_abstract = false;
	if (!s->path.dentry)
		return;
	s->path.dentry->d_inode->i_pipe = NULL;
	path_put(&s->path);
	s->path.dentry = NULL;
}
