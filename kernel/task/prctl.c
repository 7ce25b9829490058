/* SPDX-License-Identifier: MIT */
/* prctl: what a process may ask and say about itself. */
#include <ashlar/mmap.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>

enum {
	PR_SET_PDEATHSIG = 1,
	PR_GET_PDEATHSIG,
	PR_GET_DUMPABLE,
	PR_SET_DUMPABLE,
	PR_GET_KEEPCAPS = 7,
	PR_SET_KEEPCAPS,
	PR_GET_TIMING = 13,
	PR_SET_TIMING,
	PR_SET_NAME,
	PR_GET_NAME,
	PR_GET_ENDIAN = 19,
	PR_GET_SECCOMP = 21,
	PR_SET_SECCOMP,
	PR_CAPBSET_READ,
	PR_CAPBSET_DROP,
	PR_GET_TSC,
	PR_SET_TSC,
	PR_GET_SECUREBITS,
	PR_SET_SECUREBITS,
	PR_SET_TIMERSLACK,
	PR_GET_TIMERSLACK,
	PR_SET_CHILD_SUBREAPER = 36,
	PR_GET_CHILD_SUBREAPER,
	PR_SET_NO_NEW_PRIVS,
	PR_GET_NO_NEW_PRIVS,
	PR_GET_TID_ADDRESS,
	PR_SET_THP_DISABLE,
	PR_GET_THP_DISABLE,
	PR_CAP_AMBIENT = 47,
};

enum {
	PR_CAP_AMBIENT_IS_SET = 1,
	PR_CAP_AMBIENT_RAISE,
	PR_CAP_AMBIENT_LOWER,
	PR_CAP_AMBIENT_CLEAR_ALL
};

#define SECURE_ALL_BITS 0x55

static long set_name(u32 arg)
{
	char name[16] = { 0 };

	if (strncpy_from_user(name, (const char __user *)arg, 15) < 0)
		return -EFAULT;
	set_task_comm(current, name);
	return 0;
}

static long get_name(u32 arg)
{
	return copy_to_user((void __user *)arg, current->comm,
			    sizeof(current->comm)) ?
		       -EFAULT :
		       0;
}

static long set_dumpable(u32 value)
{
	if (value > 1)
		return -EINVAL;
	current->mm->dumpable = value;
	return 0;
}

static long drop_bounding(u32 cap)
{
	if (!capable(CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	current->cred->cap_bset &= ~(1ull << cap);
	return 0;
}

/* Bits at odd places lock the ones before them. */
static long set_securebits(u32 bits)
{
	struct cred *c = current->cred;
	u32 old = (u32)c->securebits;
	u32 locked = (old >> 1) & SECURE_ALL_BITS;

	if ((locked & (old ^ bits)) || (old & ~SECURE_ALL_BITS & ~bits) ||
	    bits & ~0xffu || !capable(CAP_SETPCAP))
		return -EPERM;
	c->securebits = (int)bits;
	return 0;
}

static long set_keepcaps(u32 value)
{
	struct cred *c = current->cred;

	if (value > 1)
		return -EINVAL;
	if (c->securebits & SECURE_KEEP_CAPS << 1)
		return -EPERM;
	c->securebits &= ~SECURE_KEEP_CAPS;
	if (value)
		c->securebits |= SECURE_KEEP_CAPS;
	return 0;
}

static long ambient(u32 what, u32 cap)
{
	struct cred *c = current->cred;
	u64 bit = 1ull << (cap & 63);

	if (what == PR_CAP_AMBIENT_CLEAR_ALL ? cap : cap > CAP_LAST_CAP)
		return -EINVAL;
	switch (what) {
	case PR_CAP_AMBIENT_IS_SET:
		return !!(c->cap_ambient & bit);
	case PR_CAP_AMBIENT_RAISE:
		if (!(c->cap_permitted & c->cap_inheritable & bit) ||
		    (c->securebits & SECURE_NO_CAP_AMBIENT_RAISE))
			return -EPERM;
		c->cap_ambient |= bit;
		return 0;
	case PR_CAP_AMBIENT_LOWER:
		c->cap_ambient &= ~bit;
		return 0;
	case PR_CAP_AMBIENT_CLEAR_ALL:
		c->cap_ambient = 0;
		return 0;
	}
	return -EINVAL;
}

static long put_int(u32 arg, u32 value)
{
	return put_user(value, (u32 __user *)arg);
}

/* What is about capabilities and privileges. */
static long prctl_privileges(u32 option, u32 a2, u32 a3, u32 a4, u32 a5)
{
	switch (option) {
	case PR_GET_KEEPCAPS:
		return !!(current->cred->securebits & SECURE_KEEP_CAPS);
	case PR_SET_KEEPCAPS:
		return set_keepcaps(a2);
	case PR_CAPBSET_READ:
		if (a2 > CAP_LAST_CAP)
			return -EINVAL;
		return !!(current->cred->cap_bset & 1ull << a2);
	case PR_CAPBSET_DROP:
		return drop_bounding(a2);
	case PR_GET_SECUREBITS:
		return current->cred->securebits;
	case PR_SET_SECUREBITS:
		return set_securebits(a2);
	case PR_SET_NO_NEW_PRIVS:
		if (a2 != 1 || a3 || a4 || a5)
			return -EINVAL;
		current->no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS:
		if (a2 || a3 || a4 || a5)
			return -EINVAL;
		return current->no_new_privs;
	case PR_CAP_AMBIENT:
		return a4 || a5 ? -EINVAL : ambient(a2, a3);
	}
	return -EINVAL;
}

SYSCALL_DEFINE(prctl, u32 option, u32 a2, u32 a3, u32 a4, u32 a5)
{
	struct task_struct *t = current;

	switch (option) {
	case PR_SET_PDEATHSIG:
		if (a2 > NSIG)
			return -EINVAL;
		t->pdeath_signal = (int)a2;
		return 0;
	case PR_GET_PDEATHSIG:
		return put_int(a2, (u32)t->pdeath_signal);
	case PR_GET_DUMPABLE:
		return t->mm->dumpable;
	case PR_SET_DUMPABLE:
		return set_dumpable(a2);
	case PR_GET_TIMING:
		return 0;
	case PR_SET_TIMING:
		return a2 ? -EINVAL : 0;
	case PR_SET_NAME:
		return set_name(a2);
	case PR_GET_NAME:
		return get_name(a2);
	case PR_GET_SECCOMP:
		return 0;
	case PR_GET_TSC:
		return put_int(a2, 1);
	case PR_SET_TSC:
		return a2 == 1 ? 0 : -EINVAL;
	case PR_SET_TIMERSLACK:
		t->timer_slack = (s32)a2 > 0 ? a2 : t->default_timer_slack;
		return 0;
	case PR_GET_TIMERSLACK:
		return (long)t->timer_slack;
	case PR_SET_CHILD_SUBREAPER:
		t->signal->is_child_subreaper = !!a2;
		return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_int(a2, t->signal->is_child_subreaper);
	case PR_GET_TID_ADDRESS:
		return put_int(a2, t->clear_child_tid);
	case PR_SET_THP_DISABLE:
		if (a3 || a4 || a5)
			return -EINVAL;
		t->mm->thp_disable = a2;
		return 0;
	case PR_GET_THP_DISABLE:
		return a2 || a3 || a4 || a5 ? -EINVAL : t->mm->thp_disable;
	}
	return prctl_privileges(option, a2, a3, a4, a5);
}
