/* SPDX-License-Identifier: MIT */
/*
 * The socket calls, each as a number of its own and through socketcall(102).
 * There is one family, AF_UNIX; a machine without a network says
 * -EAFNOSUPPORT to the others.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/file.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/internal.h>
#include <kernel/fs/read_write.h>
#include <kernel/fs/stat.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include "unix.h"

/** unix_put() - one reference less; the last one ends the socket */
void unix_put(struct unix_sock *s)
{
	if (atomic_dec_and_test(&s->count))
		kfree(s);
}

#define AF_INET 2
#define AF_INET6 10
#define SOCK_TYPE_MASK 0xfu

#define SOL_SOCKET 1

/* ---- descriptors ---- */

/* fdput() it; file NULL: *@err says why. */
static struct fd sock_fd(unsigned int n, struct unix_sock **s, int *err)
{
	struct fd f = fdget(n);

	*err = 0;
	if (!f.file) {
		*err = -EBADF;
	} else if (f.file->f_op != &unix_fops) {
		*err = -ENOTSOCK;
		fdput(f);
		f.file = NULL;
	} else {
		*s = f.file->private_data;
	}
	return f;
}

/* A file for a socket, whose reference it takes over, also on failure. */
static struct file *sock_file(struct unix_sock *s, u32 flags)
{
	struct inode *inode = new_inode(NULL, S_IFSOCK | 0777);
	struct file *f;

	if (!inode) {
		unix_close(s);
		return ERR_PTR(-ENOMEM);
	}
	inode->i_uid = current->cred->fsuid;
	inode->i_gid = current->cred->fsgid;
	f = alloc_anon_file("socket:", inode, O_RDWR | (flags & O_NONBLOCK),
			    &unix_fops);
	if (IS_ERR(f)) {
		unix_close(s);
		return f;
	}
	f->private_data = s;
	s->file = f;
	return f;
}

static int install_sock(struct unix_sock *s, u32 flags)
{
	int fd = get_unused_fd_flags(flags & O_CLOEXEC);
	struct file *f;

	if (fd < 0) {
		unix_close(s);
		return fd;
	}
	f = sock_file(s, flags);
	if (IS_ERR(f)) {
		put_unused_fd((unsigned int)fd);
		return (int)PTR_ERR(f);
	}
	fd_install((unsigned int)fd, f);
	return fd;
}

/* The type of a socket that may be made, or -errno. */
static int check_kind(u32 family, u32 type, u32 protocol)
{
	if (type & ~(SOCK_TYPE_MASK | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	type &= SOCK_TYPE_MASK;
	if (type >= SOCK_MAX)
		return -EINVAL;
	if (family != AF_UNIX)
		return -EAFNOSUPPORT;
	if (protocol && protocol != AF_UNIX)
		return -EPROTONOSUPPORT;
	if (type == SOCK_RAW)
		return SOCK_DGRAM;
	if (type != SOCK_STREAM && type != SOCK_DGRAM && type != SOCK_SEQPACKET)
		return -ESOCKTNOSUPPORT;
	return (int)type;
}

SYSCALL_DEFINE(socket, u32 family, u32 type, u32 protocol)
{
	int kind = check_kind(family, type, protocol);
	struct unix_sock *s;

	if (kind < 0)
		return kind;
	s = unix_alloc(kind);
	return IS_ERR(s) ? PTR_ERR(s) : install_sock(s, type);
}

SYSCALL_DEFINE(socketpair, u32 family, u32 type, u32 protocol, s32 __user *sv)
{
	int kind = check_kind(family, type, protocol), err;
	struct unix_sock *a, *b;
	struct file *f[2];

	if (kind == -EAFNOSUPPORT && (family == AF_INET || family == AF_INET6))
		return -EOPNOTSUPP; /* no machine makes pairs of those */
	if (kind < 0)
		return kind;
	a = unix_alloc(kind);
	if (IS_ERR(a))
		return PTR_ERR(a);
	b = unix_alloc(kind);
	if (IS_ERR(b)) {
		unix_put(a);
		return PTR_ERR(b);
	}
	unix_pair(a, b);
	f[0] = sock_file(a, type);
	f[1] = sock_file(b, type); /* each takes its socket over */
	if (IS_ERR(f[0]) || IS_ERR(f[1])) {
		err = (int)PTR_ERR(IS_ERR(f[0]) ? f[0] : f[1]);
		if (!IS_ERR(f[0]))
			fput(f[0]);
		if (!IS_ERR(f[1]))
			fput(f[1]);
		return err;
	}
	return install_files(f, sv, type & O_CLOEXEC);
}

/* ---- addresses ---- */

static int get_address(struct unix_address *a, const void __user *name, u32 len)
{
	memset(a, 0, sizeof(*a));
	if ((s32)len < 0 || len > SOCKADDR_UN_SIZE || len < 2)
		return -EINVAL;
	if (copy_from_user(&a->name, name, len))
		return -EFAULT;
	a->len = len;
	if (a->name.sun_family != AF_UNIX && a->name.sun_family != AF_UNSPEC)
		return -EINVAL;
	if (len > 2 && a->name.sun_path[0])
		a->len = (u32)strlen(a->name.sun_path) + 3;
	return 0;
}

static int put_address(const struct unix_address *a, void __user *name,
		       s32 __user *len)
{
	s32 room;

	if (get_user(room, len))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (put_user((s32)a->len, len) ||
	    copy_to_user(name, &a->name, min((u32)room, a->len)))
		return -EFAULT;
	return 0;
}

SYSCALL_DEFINE(bind, unsigned int fd, const void __user *name, u32 len)
{
	struct unix_address a;
	struct unix_sock *s;
	int err;
	struct fd f = sock_fd(fd, &s, &err);

	if (!f.file)
		return err;
	err = get_address(&a, name, len);
	if (!err && a.name.sun_family != AF_UNIX)
		err = -EINVAL;
	if (!err)
		err = unix_bind(s, &a);
	fdput(f);
	return err;
}

SYSCALL_DEFINE(connect, unsigned int fd, const void __user *name, u32 len)
{
	struct unix_address a;
	struct unix_sock *s;
	int err;
	struct fd f = sock_fd(fd, &s, &err);

	if (!f.file)
		return err;
	err = get_address(&a, name, len);
	if (!err)
		err = unix_connect(s, &a, f.file->f_flags & O_NONBLOCK);
	fdput(f);
	return err;
}

SYSCALL_DEFINE(listen, unsigned int fd, int backlog)
{
	struct unix_sock *s;
	int err;
	struct fd f = sock_fd(fd, &s, &err);

	if (!f.file)
		return err;
	err = unix_listen(s, backlog);
	fdput(f);
	return err;
}

SYSCALL_DEFINE(accept4, unsigned int fd, void __user *name, s32 __user *len,
	       u32 flags)
{
	struct unix_address peer;
	struct unix_sock *s, *n;
	int err;
	struct fd f;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	f = sock_fd(fd, &s, &err);
	if (!f.file)
		return err;
	n = unix_accept(s, f.file->f_flags & O_NONBLOCK);
	fdput(f);
	if (IS_ERR(n))
		return PTR_ERR(n);
	peer = n->peer ? n->peer->addr : n->addr;
	if (name && n->peer && put_address(&peer, name, len)) {
		unix_close(n);
		return -EFAULT;
	}
	return install_sock(n, flags);
}

static long get_name(unsigned int fd, void __user *name, s32 __user *len,
		     bool of_peer)
{
	struct unix_address a;
	struct unix_sock *s;
	int err;
	struct fd f = sock_fd(fd, &s, &err);

	if (!f.file)
		return err;
	if (of_peer && !s->peer) {
		err = -ENOTCONN;
	} else {
		a = of_peer ? s->peer->addr : s->addr;
		err = put_address(&a, name, len);
	}
	fdput(f);
	return err;
}

SYSCALL_DEFINE(getsockname, unsigned int fd, void __user *name, s32 __user *len)
{
	return get_name(fd, name, len, false);
}

SYSCALL_DEFINE(getpeername, unsigned int fd, void __user *name, s32 __user *len)
{
	return get_name(fd, name, len, true);
}

SYSCALL_DEFINE(shutdown, unsigned int fd, int how)
{
	struct unix_sock *s;
	int err;
	struct fd f = sock_fd(fd, &s, &err);

	if (!f.file)
		return err;
	err = unix_shutdown(s, how);
	fdput(f);
	return err;
}

/* ---- options ---- */

SYSCALL_DEFINE(getsockopt, unsigned int fd, int level, int name,
	       void __user *value, s32 __user *len)
{
	u64 v[2]; /* the longest */
	struct unix_sock *s;
	s32 room;
	u32 size;
	int err;
	struct fd f = sock_fd(fd, &s, &err);

	if (!f.file)
		return err;
	if (get_user(room, len))
		err = -EFAULT;
	else if (room < 0)
		err = -EINVAL;
	else
		err = level == SOL_SOCKET ? get_sockopt(s, name, v, &size) :
					    -EOPNOTSUPP;
	if (!err) {
		size = min(size, (u32)room);
		if (copy_to_user(value, v, size) || put_user((s32)size, len))
			err = -EFAULT;
	}
	fdput(f);
	return err;
}

SYSCALL_DEFINE(setsockopt, unsigned int fd, int level, int name,
	       const void __user *value, s32 len)
{
	struct unix_sock *s;
	int err;
	struct fd f = sock_fd(fd, &s, &err);

	if (!f.file)
		return err;
	if (level != SOL_SOCKET)
		err = -EOPNOTSUPP;
	else
		err = len < 0 ? -EINVAL : set_sockopt(s, name, value, (u32)len);
	fdput(f);
	return err;
}

/* ---- sending ---- */

static u32 send_flags(const struct file *f, u32 flags)
{
	return f->f_flags & O_NONBLOCK ? flags | MSG_DONTWAIT : flags;
}

static int import_msg(struct user_iov *u, const struct user_msghdr *h)
{
	if (h->iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	return import_iov(u, (const struct iovec __user *)(uintptr_t)h->iov,
			  h->iovlen);
}

static long send_msg(struct file *f, const struct user_msghdr *h, u32 flags)
{
	struct unix_address a, *to = NULL;
	struct user_iov u;
	struct scm scm;
	long ret;

	if (h->name && h->namelen) {
		ret = get_address(&a, (void __user *)(uintptr_t)h->name,
				  h->namelen);
		if (ret)
			return ret;
		to = &a;
	}
	ret = import_msg(&u, h);
	if (ret)
		return ret;
	ret = scm_send(&scm, h);
	if (!ret) {
		ret = unix_send(f->private_data, &u.iter, to, &scm,
				send_flags(f, flags));
		if (ret < 0)
			scm_free(scm.files);
	}
	free_iov(&u);
	return ret;
}

SYSCALL_DEFINE(sendmsg, unsigned int fd, const void __user *msg, u32 flags)
{
	struct user_msghdr h;
	struct unix_sock *s;
	long ret;
	int err;
	struct fd f = sock_fd(fd, &s, &err);

	if (!f.file)
		return err;
	ret = -EFAULT;
	if (!copy_from_user(&h, msg, sizeof(h)))
		ret = send_msg(f.file, &h, flags);
	fdput(f);
	return ret;
}

SYSCALL_DEFINE(sendto, unsigned int fd, void __user *buf, u32 len, u32 flags,
	       const void __user *name, u32 namelen)
{
	struct unix_address a;
	struct unix_sock *s;
	struct iov_iter i;
	long ret;
	int err;
	struct fd f;

	if (!access_ok(buf, len))
		return -EFAULT;
	f = sock_fd(fd, &s, &err);
	if (!f.file)
		return err;
	ret = name ? get_address(&a, name, namelen) : 0;
	if (!ret) {
		iov_iter_user(&i, buf, min(len, MAX_RW_COUNT));
		ret = unix_send(s, &i, name ? &a : NULL, NULL,
				send_flags(f.file, flags));
	}
	fdput(f);
	return ret;
}

/* ---- receiving ---- */

static long recv_msg(struct unix_sock *s, struct user_msghdr __user *msg,
		     struct user_msghdr *h, u32 flags)
{
	struct unix_address from = { .len = 0 };
	struct scm scm = { .files = NULL };
	u32 used, out = flags;
	struct user_iov u;
	long ret;

	ret = import_msg(&u, h);
	if (ret)
		return ret;
	ret = unix_recv(s, &u.iter, &out, &from, &scm);
	free_iov(&u);
	if (ret < 0)
		return ret;
	out |= flags & MSG_CMSG_CLOEXEC;
	used = scm_recv(&scm, h, s->passcred, flags, &out);
	scm_free(scm.files);
	if (h->name) {
		u32 len = from.len > 2 ? from.len : 0;

		if (copy_to_user((void __user *)(uintptr_t)h->name, &from.name,
				 min(len, h->namelen)) ||
		    put_user(len, &msg->namelen))
			return -EFAULT;
	}
	if (put_user(used, &msg->controllen) || put_user(out, &msg->flags))
		return -EFAULT;
	return ret;
}

SYSCALL_DEFINE(recvmsg, unsigned int fd, void __user *msg, u32 flags)
{
	struct user_msghdr h;
	struct unix_sock *s;
	long ret;
	int err;
	struct fd f = sock_fd(fd, &s, &err);

	if (!f.file)
		return err;
	ret = -EFAULT;
	if (!copy_from_user(&h, msg, sizeof(h)))
		ret = recv_msg(s, msg, &h, send_flags(f.file, flags));
	fdput(f);
	return ret;
}

SYSCALL_DEFINE(recvfrom, unsigned int fd, void __user *buf, u32 len, u32 flags,
	       void __user *name, s32 __user *namelen)
{
	struct unix_address from = { .len = 0 };
	struct unix_sock *s;
	struct iov_iter i;
	long ret;
	int err;
	struct fd f;

	if (!access_ok(buf, len))
		return -EFAULT;
	f = sock_fd(fd, &s, &err);
	if (!f.file)
		return err;
	iov_iter_user(&i, buf, min(len, MAX_RW_COUNT));
	flags = send_flags(f.file, flags);
	ret = unix_recv(s, &i, &flags, &from, NULL);
	fdput(f);
	if (ret < 0 || !name)
		return ret;
	if (from.len <= 2)
		from.len = 0;
	err = put_address(&from, name, namelen);
	return err ? err : ret;
}

/* ---- all of them in one ---- */

/* How many words each subcall of socketcall reads. */
static const u8 nargs[] = { 0, 3, 3, 3, 2, 3, 3, 3, 4, 4,
			    4, 6, 6, 2, 5, 5, 3, 3, 4 };

SYSCALL_DEFINE(socketcall, u32 call, const u32 __user *args)
{
	u32 a[6] = { 0 };

	if (call < 1 || call >= ARRAY_SIZE(nargs))
		return -EINVAL;
	if (copy_from_user(a, args, nargs[call] * 4u))
		return -EFAULT;
#define P(i) ((void __user *)(uintptr_t)a[i])
	switch (call) {
	case 1:
		return sys_socket(a[0], a[1], a[2]);
	case 2:
		return sys_bind(a[0], P(1), a[2]);
	case 3:
		return sys_connect(a[0], P(1), a[2]);
	case 4:
		return sys_listen(a[0], (int)a[1]);
	case 5:
		return sys_accept4(a[0], P(1), P(2), 0);
	case 6:
		return sys_getsockname(a[0], P(1), P(2));
	case 7:
		return sys_getpeername(a[0], P(1), P(2));
	case 8:
		return sys_socketpair(a[0], a[1], a[2], P(3));
	case 9:
		return sys_sendto(a[0], P(1), a[2], a[3], NULL, 0);
	case 10:
		return sys_recvfrom(a[0], P(1), a[2], a[3], NULL, NULL);
	case 11:
		return sys_sendto(a[0], P(1), a[2], a[3], P(4), a[5]);
	case 12:
		return sys_recvfrom(a[0], P(1), a[2], a[3], P(4), P(5));
	case 13:
		return sys_shutdown(a[0], (int)a[1]);
	case 14:
		return sys_setsockopt(a[0], (int)a[1], (int)a[2], P(3),
				      (s32)a[4]);
	case 15:
		return sys_getsockopt(a[0], (int)a[1], (int)a[2], P(3), P(4));
	case 16:
		return sys_sendmsg(a[0], P(1), a[2]);
	case 17:
		return sys_recvmsg(a[0], P(1), a[2]);
	default:
		return sys_accept4(a[0], P(1), P(2), a[3]);
	}
#undef P
}
