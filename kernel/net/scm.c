/* SPDX-License-Identifier: MIT */
/*
 * Control messages: what travels beside a message's bytes.
 *
 *   SCM_RIGHTS       open files, which get descriptors where they arrive
 *   SCM_CREDENTIALS  who sent it, told to a reader that has SO_PASSCRED
 *
 * A socket may travel, too, even one that has files waiting in it. What must
 * not come to be is a circle: a socket that waits in itself, by way of others,
 * could never be closed. So
 *
 *   the sockets that lead from a socket (those in its messages, and those that
 *   wait to be accepted) never lead back to it
 *
 * and a message that would break this is refused with -ETOOMANYREFS. Linux
 * takes it, and looks for unreachable circles later.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <mach/uaccess.h>
#include "unix.h"

#define SOL_SOCKET 1
#define SCM_RIGHTS 1
#define SCM_CREDENTIALS 2

#define CONTROL_MAX 10240
#define CIRCLE_DEPTH 4
#define CIRCLE_STEPS 4096 /* more than a queue full of full messages */

struct cmsghdr {
	u32 len;
	s32 level, type;
};

/* ---- files ---- */

/**
 * scm_free() - a message or a reader does not want files any more
 * @files: NULL: none
 *
 * A file that goes may be a socket with other files in it: those wait here
 * until it is gone.
 */
void scm_free(struct scm_files *files)
{
	static struct scm_files *leaving;
	static bool busy;
	unsigned int i;

	if (!files || --files->users)
		return;
	files->next = leaving;
	leaving = files;
	if (busy)
		return;
	busy = true;
	while ((files = leaving)) {
		leaving = files->next;
		for (i = 0; i < files->count; i++)
			fput(files->file[i]);
		kfree(files);
	}
	busy = false;
}

static bool files_lead_to(const struct scm_files *files,
			  const struct unix_sock *to, int depth,
			  unsigned int *steps);

/* True if @to can be reached from @s, or the search is too long to tell. */
static bool leads_to(const struct unix_sock *s, const struct unix_sock *to,
		     int depth, unsigned int *steps)
{
	const struct unix_sock *p;
	const struct unix_msg *m;

	if (s == to)
		return true;
	list_for_each_entry(m, &s->queue, list)
		if (files_lead_to(m->scm.files, to, depth, steps))
			return true;
	list_for_each_entry(p, &s->pending, pending_entry)
		if (leads_to(p, to, depth, steps))
			return true;
	return false;
}

static bool files_lead_to(const struct scm_files *files,
			  const struct unix_sock *to, int depth,
			  unsigned int *steps)
{
	unsigned int i;

	for (i = 0; files && i < files->count; i++) {
		if (files->file[i]->f_op != &unix_fops)
			continue;
		if (!depth || !--*steps ||
		    leads_to(files->file[i]->private_data, to, depth - 1,
			     steps))
			return true;
	}
	return false;
}

/** scm_would_circle() - if @files waited in @to, could it be closed? */
bool scm_would_circle(const struct scm_files *files, const struct unix_sock *to)
{
	unsigned int steps = CIRCLE_STEPS;

	return files_lead_to(files, to, CIRCLE_DEPTH, &steps);
}

/* ---- sending ---- */

static struct scm_files *files_of(const u32 *fds, unsigned int n)
{
	struct scm_files *files;
	struct file *f;
	unsigned int i;

	if (n > SCM_MAX_FD)
		return ERR_PTR(-EINVAL);
	files = kmalloc(sizeof(*files) + n * sizeof(f), GFP_KERNEL);
	if (!files)
		return ERR_PTR(-ENOMEM);
	files->count = 0;
	files->users = 1;
	for (i = 0; i < n; i++) {
		f = fget_raw(fds[i]);
		if (!f) {
			scm_free(files);
			return ERR_PTR(-EBADF);
		}
		files->file[files->count++] = f;
	}
	return files;
}

/** scm_own() - a message from the running task, without files */
void scm_own(struct scm *scm)
{
	scm->cred.pid = current->tgid;
	scm->cred.uid = current->cred->uid;
	scm->cred.gid = current->cred->gid;
	scm->files = NULL;
}

/* Only a privileged task may send in the name of another. */
static int check_cred(const struct ucred *u)
{
	const struct cred *c = current->cred;

	if (u->pid != current->tgid && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (u->uid != c->uid && u->uid != c->euid && u->uid != c->suid &&
	    !capable(CAP_SETUID))
		return -EPERM;
	if (u->gid != c->gid && u->gid != c->egid && u->gid != c->sgid &&
	    !capable(CAP_SETGID))
		return -EPERM;
	if (u->pid != current->tgid && !find_task_by_pid(u->pid))
		return -ESRCH;
	return 0;
}

static int parse_one(struct scm *scm, const struct cmsghdr *h, const void *data)
{
	u32 len = h->len - (u32)sizeof(*h);
	struct scm_files *files;

	if (h->level != SOL_SOCKET)
		return 0;
	if (h->type == SCM_CREDENTIALS && len == sizeof(scm->cred)) {
		memcpy(&scm->cred, data, len);
		return check_cred(&scm->cred);
	}
	if (h->type != SCM_RIGHTS || scm->files)
		return -EINVAL;
	if (len < sizeof(u32))
		return 0;
	files = files_of(data, len / (u32)sizeof(u32));
	if (IS_ERR(files))
		return (int)PTR_ERR(files);
	scm->files = files;
	return 0;
}

static int parse(struct scm *scm, const char *buf, u32 len)
{
	struct cmsghdr h;
	int err = 0;
	u32 off;

	for (off = 0; !err && off + sizeof(h) <= len; off += ALIGN(h.len, 4u)) {
		memcpy(&h, buf + off, sizeof(h));
		if (h.len < sizeof(h) || h.len > len - off)
			err = -EINVAL;
		else
			err = parse_one(scm, &h, buf + off + sizeof(h));
	}
	return err;
}

/**
 * scm_send() - what a program sends beside its bytes
 * @scm: filled; its files are the caller's
 * @h: the program's header
 *
 * Context: may sleep. Return: 0 or -errno, and then there are no files.
 */
int scm_send(struct scm *scm, const struct user_msghdr *h)
{
	char *buf;
	int err;

	scm_own(scm);
	if (!h->controllen)
		return 0;
	if (h->controllen > CONTROL_MAX)
		return -ENOBUFS;
	buf = kmalloc(h->controllen, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	err = -EFAULT;
	if (!copy_from_user(buf, (void __user *)(uintptr_t)h->control,
			    h->controllen))
		err = parse(scm, buf, h->controllen);
	kfree(buf);
	if (err)
		scm_free(scm->files);
	return err;
}

/* ---- receiving ---- */

/* Where the next control message goes. */
struct room {
	char __user *to;
	u32 left, used; /* bytes */
};

static void put_credentials(struct room *r, const struct ucred *cred, u32 *out)
{
	struct {
		struct cmsghdr h;
		struct ucred cred;
	} c = { { sizeof(c), SOL_SOCKET, SCM_CREDENTIALS }, *cred };
	u32 n = min((u32)sizeof(c), r->left);

	if (n < sizeof(c.h)) {
		*out |= MSG_CTRUNC;
		return;
	}
	if (n < sizeof(c)) {
		*out |= MSG_CTRUNC;
		c.h.len = n;
	}
	if (copy_to_user(r->to, &c, n))
		return;
	r->to += n;
	r->used += n;
	r->left -= n;
}

/* Descriptors for the files that came. */
static void put_rights(struct room *r, const struct scm_files *files, u32 flags,
		       u32 *out)
{
	struct cmsghdr c = { sizeof(c), SOL_SOCKET, SCM_RIGHTS };
	u32 i, room = 0, cloexec = flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0;
	char __user *to = r->to + sizeof(c);
	int fd;

	if (r->left >= sizeof(c))
		room = (r->left - (u32)sizeof(c)) / 4;
	for (i = 0; i < files->count && i < room; i++) {
		fd = get_unused_fd_flags(cloexec);
		if (fd < 0)
			break;
		if (put_user((s32)fd, (s32 __user *)(to + i * 4))) {
			put_unused_fd((unsigned int)fd);
			break;
		}
		fd_install((unsigned int)fd, get_file(files->file[i]));
	}
	if (i < files->count)
		*out |= MSG_CTRUNC;
	c.len += i * 4;
	if (i && !copy_to_user(r->to, &c, sizeof(c)))
		r->used += c.len;
}

/**
 * scm_recv() - tell a program what came beside its bytes
 * @scm: that
 * @h: the program's header
 * @creds: whether it wants to know who sent
 * @flags: MSG_CMSG_CLOEXEC
 * @out: MSG_CTRUNC is added if there was no room
 *
 * Context: may sleep. Return: bytes used of the program's room.
 */
u32 scm_recv(const struct scm *scm, const struct user_msghdr *h, bool creds,
	     u32 flags, u32 *out)
{
	struct room r = { (char __user *)(uintptr_t)h->control, h->controllen,
			  0 };

	if (creds)
		put_credentials(&r, &scm->cred, out);
	if (scm->files)
		put_rights(&r, scm->files, flags, out);
	return r.used;
}
