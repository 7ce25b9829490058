/* SPDX-License-Identifier: MIT */
/*
 * The system calls of programs that know 16-bit user numbers only: a number
 * that does not fit reads as 65534, and -1 stays -1.
 */
#include <kernel/syscall.h>
#include <kernel/task/cred.h>

#define OVERFLOW_ID 65534u

long sys_setuid32(u32 uid);
long sys_setreuid32(u32 ruid, u32 euid);
long sys_setresuid32(u32 ruid, u32 euid, u32 suid);
long sys_setfsuid32(u32 uid);
long sys_setgid32(u32 gid);
long sys_setregid32(u32 rgid, u32 egid);
long sys_setresgid32(u32 rgid, u32 egid, u32 sgid);
long sys_setfsgid32(u32 gid);

static u16 low(u32 id)
{
	return (u16)(id > 0xffff ? OVERFLOW_ID : id);
}

static u32 high(u32 id)
{
	return (u16)id == 0xffff ? ~0u : (u16)id;
}

SYSCALL_DEFINE(getuid, void)
{
	return low(current->cred->uid);
}

SYSCALL_DEFINE(geteuid, void)
{
	return low(current->cred->euid);
}

SYSCALL_DEFINE(getgid, void)
{
	return low(current->cred->gid);
}

SYSCALL_DEFINE(getegid, void)
{
	return low(current->cred->egid);
}

SYSCALL_DEFINE(setuid, u32 uid)
{
	return sys_setuid32(high(uid));
}

SYSCALL_DEFINE(setgid, u32 gid)
{
	return sys_setgid32(high(gid));
}

SYSCALL_DEFINE(setreuid, u32 ruid, u32 euid)
{
	return sys_setreuid32(high(ruid), high(euid));
}

SYSCALL_DEFINE(setregid, u32 rgid, u32 egid)
{
	return sys_setregid32(high(rgid), high(egid));
}

SYSCALL_DEFINE(setresuid, u32 ruid, u32 euid, u32 suid)
{
	return sys_setresuid32(high(ruid), high(euid), high(suid));
}

SYSCALL_DEFINE(setresgid, u32 rgid, u32 egid, u32 sgid)
{
	return sys_setresgid32(high(rgid), high(egid), high(sgid));
}

SYSCALL_DEFINE(setfsuid, u32 uid)
{
	return low((u32)sys_setfsuid32(high(uid)));
}

SYSCALL_DEFINE(setfsgid, u32 gid)
{
	return low((u32)sys_setfsgid32(high(gid)));
}

SYSCALL_DEFINE(getresuid, u16 __user *ruid, u16 __user *euid, u16 __user *suid)
{
	const struct cred *c = current->cred;

	if (put_user(low(c->uid), ruid) || put_user(low(c->euid), euid) ||
	    put_user(low(c->suid), suid))
		return -EFAULT;
	return 0;
}

SYSCALL_DEFINE(getresgid, u16 __user *rgid, u16 __user *egid, u16 __user *sgid)
{
	const struct cred *c = current->cred;

	if (put_user(low(c->gid), rgid) || put_user(low(c->egid), egid) ||
	    put_user(low(c->sgid), sgid))
		return -EFAULT;
	return 0;
}

SYSCALL_DEFINE(getgroups, int size, u16 __user *list)
{
	const struct cred *c = current->cred;
	u32 i;

	if (size < 0 || (size && (u32)size < c->ngroups))
		return -EINVAL;
	for (i = 0; size && i < c->ngroups; i++) {
		if (put_user(low(c->groups[i]), list + i))
			return -EFAULT;
	}
	return (long)c->ngroups;
}

SYSCALL_DEFINE(setgroups, int size, const u16 __user *list)
{
	struct cred new = *current->cred;
	u32 i;

	if (!capable(CAP_SETGID))
		return -EPERM;
	if ((u32)size > 65536)
		return -EINVAL;
	for (i = 0; i < min((u32)size, (u32)CRED_GROUPS); i++) {
		u16 gid;

		if (get_user(gid, list + i))
			return -EFAULT;
		new.groups[i] = high(gid);
	}
	if ((u32)size > CRED_GROUPS)
		return -ENOMEM;
	new.ngroups = (u32)size;
	*current->cred = new;
	return 0;
}
