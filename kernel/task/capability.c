/* SPDX-License-Identifier: MIT */
/* Capabilities as programs read and change them. */
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>

#define VERSION_1 0x19980330u
#define VERSION_2 0x20071026u
#define VERSION_3 0x20080522u

struct cap_header {
	u32 version;
	pid_t pid;
};

struct cap_data { /* one for bits 0 … 31, one for the others */
	u32 effective, permitted, inheritable;
};

/* How many struct cap_data go with @h; an unknown version is answered with
 * the one we prefer. */
static int data_count(struct cap_header __user *header, struct cap_header *h)
{
	if (copy_from_user(h, header, sizeof(*h)))
		return -EFAULT;
	if (h->version == VERSION_1)
		return 1;
	if (h->version == VERSION_2 || h->version == VERSION_3)
		return 2;
	return put_user(VERSION_3, &header->version) ? -EFAULT : -EINVAL;
}

SYSCALL_DEFINE(capget, struct cap_header __user *header,
	       struct cap_data __user *data)
{
	struct cap_header h;
	struct cap_data d[2];
	struct task_struct *t;
	int n = data_count(header, &h);

	if (n < 0)
		return n == -EINVAL && !data ? 0 : n;
	if (h.pid < 0)
		return -EINVAL;
	t = h.pid ? find_task_by_pid(h.pid) : current;
	if (!t)
		return -ESRCH;
	d[0].effective = (u32)t->cred->cap_effective;
	d[0].permitted = (u32)t->cred->cap_permitted;
	d[0].inheritable = (u32)t->cred->cap_inheritable;
	d[1].effective = (u32)(t->cred->cap_effective >> 32);
	d[1].permitted = (u32)(t->cred->cap_permitted >> 32);
	d[1].inheritable = (u32)(t->cred->cap_inheritable >> 32);
	if (!data)
		return 0;
	return copy_to_user(data, d, (u32)n * sizeof(d[0])) ? -EFAULT : 0;
}

SYSCALL_DEFINE(capset, struct cap_header __user *header,
	       const struct cap_data __user *data)
{
	struct cap_header h;
	struct cap_data d[2] = { { 0 } };
	struct cred *c = current->cred;
	u64 effective, permitted, inheritable;
	int n = data_count(header, &h);

	if (n < 0)
		return n;
	if (h.pid && h.pid != current->pid)
		return -EPERM;
	if (copy_from_user(d, data, (u32)n * sizeof(d[0])))
		return -EFAULT;
	effective = d[0].effective | (u64)d[1].effective << 32;
	permitted = d[0].permitted | (u64)d[1].permitted << 32;
	inheritable = d[0].inheritable | (u64)d[1].inheritable << 32;
	effective &= CAP_FULL_SET;
	permitted &= CAP_FULL_SET;
	inheritable &= CAP_FULL_SET;
	if (permitted & ~c->cap_permitted || effective & ~permitted)
		return -EPERM;
	if (inheritable & ~(c->cap_inheritable | c->cap_permitted) &&
	    !capable(CAP_SETPCAP))
		return -EPERM;
	if (inheritable & ~(c->cap_inheritable | c->cap_bset))
		return -EPERM;
	c->cap_effective = effective;
	c->cap_permitted = permitted;
	c->cap_inheritable = inheritable;
	c->cap_ambient &= permitted & inheritable;
	return 0;
}
