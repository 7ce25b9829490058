/* SPDX-License-Identifier: MIT */
/*
 * A task's identity: user and group numbers, and Linux's capabilities. Each
 * task has a copy of its own; only the task itself changes it, and only as a
 * whole, so there is nothing to lock.
 *
 * Simpler than in Linux: at most 32 supplementary groups; no user
 * namespaces, so a number means the same everywhere.
 */
#include <ashlar/err.h>
#include <ashlar/mmap.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/ptrace.h>

#define NGROUPS_MAX 65536 /* as programs know it */
#define NO_ID (~0u) /* "leave it as it is" */

static struct kmem_cache *cred_jar;

/**
 * cred_init() - at boot, before the first task is made
 */
void cred_init(void)
{
	cred_jar = kmem_cache_create("cred_jar", sizeof(struct cred), 0,
				     SLAB_HWCACHE_ALIGN | SLAB_PANIC, NULL);
}

/**
 * copy_cred() - credentials for a new task, or to be changed
 * @old: what they begin as
 *
 * May sleep. Return: them, or NULL without memory.
 */
struct cred *copy_cred(const struct cred *old)
{
	struct cred *new = kmem_cache_alloc(cred_jar, GFP_KERNEL);

	if (new)
		*new = *old;
	return new;
}

/**
 * free_cred() - the last user of these credentials is gone
 * @cred: from copy_cred()
 */
void free_cred(struct cred *cred)
{
	kmem_cache_free(cred_jar, cred);
}

/**
 * in_group_p() - does the running task belong to a group
 * @gid: the group
 */
bool in_group_p(u32 gid)
{
	const struct cred *c = current->cred;
	u32 i;

	if (gid == c->fsgid)
		return true;
	for (i = 0; i < c->ngroups; i++) {
		if (c->groups[i] == gid)
			return true;
	}
	return false;
}

/* ---- capabilities follow the user numbers ---- */

static void fix_capabilities(struct cred *c, const struct cred *old)
{
	bool had_root = !old->uid || !old->euid || !old->suid;

	if (c->securebits & SECURE_NO_SETUID_FIXUP)
		return;
	if (had_root && c->uid && c->euid && c->suid) {
		if (!(c->securebits & SECURE_KEEP_CAPS)) {
			c->cap_permitted = 0;
			c->cap_effective = 0;
		}
		c->cap_ambient = 0;
	}
	if (!old->euid && c->euid)
		c->cap_effective = 0;
	if (old->euid && !c->euid)
		c->cap_effective = c->cap_permitted;
}

#define CAP_FS_MASK                                         \
	(1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE |     \
	 1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_FOWNER | \
	 1ull << CAP_FSETID | 1ull << CAP_MKNOD)

static void fix_fs_capabilities(struct cred *c, const struct cred *old)
{
	if (c->securebits & SECURE_NO_SETUID_FIXUP)
		return;
	if (!old->fsuid && c->fsuid)
		c->cap_effective &= ~CAP_FS_MASK;
	if (old->fsuid && !c->fsuid)
		c->cap_effective |= c->cap_permitted & CAP_FS_MASK;
}

/**
 * cred_changed() - the running task has other credentials now
 * @old: its credentials until now
 *
 * Its memory may hold what the new user must not see, so it is closed to
 * others; and a parent of the old user is not to have it killed.
 */
void cred_changed(const struct cred *old)
{
	const struct cred *c = current->cred;

	if (c->euid == old->euid && c->egid == old->egid &&
	    c->fsuid == old->fsuid && c->fsgid == old->fsgid &&
	    !(c->cap_permitted & ~old->cap_permitted))
		return;
	if (current->mm)
		current->mm->dumpable = false;
	current->pdeath_signal = 0;
}

static void commit_uids(const struct cred *new)
{
	struct cred *c = current->cred;
	struct cred old = *c;

	*c = *new;
	c->fsuid = c->euid;
	fix_capabilities(c, &old);
	cred_changed(&old);
}

static void commit_gids(const struct cred *new)
{
	struct cred *c = current->cred;
	struct cred old = *c;

	*c = *new;
	c->fsgid = c->egid;
	cred_changed(&old);
}

static bool one_of(u32 id, u32 a, u32 b, u32 c)
{
	return id == NO_ID || id == a || id == b || id == c;
}

/* ---- users ---- */

SYSCALL_DEFINE(getuid32, void)
{
	return (long)current->cred->uid;
}

SYSCALL_DEFINE(geteuid32, void)
{
	return (long)current->cred->euid;
}

SYSCALL_DEFINE(getgid32, void)
{
	return (long)current->cred->gid;
}

SYSCALL_DEFINE(getegid32, void)
{
	return (long)current->cred->egid;
}

SYSCALL_DEFINE(setuid32, u32 uid)
{
	struct cred new = *current->cred;

	if (uid == NO_ID)
		return -EINVAL;
	if (capable(CAP_SETUID))
		new.uid = new.suid = uid;
	else if (uid != new.uid && uid != new.suid)
		return -EPERM;
	new.euid = uid;
	commit_uids(&new);
	return 0;
}

SYSCALL_DEFINE(setreuid32, u32 ruid, u32 euid)
{
	const struct cred *old = current->cred;
	struct cred new = *old;

	if (!capable(CAP_SETUID) &&
	    (!one_of(ruid, old->uid, old->euid, old->euid) ||
	     !one_of(euid, old->uid, old->euid, old->suid)))
		return -EPERM;
	if (ruid != NO_ID)
		new.uid = ruid;
	if (euid != NO_ID)
		new.euid = euid;
	if (ruid != NO_ID || (euid != NO_ID && euid != old->uid))
		new.suid = new.euid;
	commit_uids(&new);
	return 0;
}

SYSCALL_DEFINE(setresuid32, u32 ruid, u32 euid, u32 suid)
{
	const struct cred *old = current->cred;
	struct cred new = *old;

	if (!capable(CAP_SETUID) &&
	    (!one_of(ruid, old->uid, old->euid, old->suid) ||
	     !one_of(euid, old->uid, old->euid, old->suid) ||
	     !one_of(suid, old->uid, old->euid, old->suid)))
		return -EPERM;
	if (ruid != NO_ID)
		new.uid = ruid;
	if (euid != NO_ID)
		new.euid = euid;
	if (suid != NO_ID)
		new.suid = suid;
	commit_uids(&new);
	return 0;
}

SYSCALL_DEFINE(getresuid32, u32 __user *ruid, u32 __user *euid,
	       u32 __user *suid)
{
	const struct cred *c = current->cred;

	if (put_user(c->uid, ruid) || put_user(c->euid, euid) ||
	    put_user(c->suid, suid))
		return -EFAULT;
	return 0;
}

SYSCALL_DEFINE(setfsuid32, u32 uid)
{
	struct cred *c = current->cred;
	struct cred old = *c;

	if (uid != NO_ID && (one_of(uid, c->uid, c->euid, c->suid) ||
			     uid == c->fsuid || capable(CAP_SETUID))) {
		c->fsuid = uid;
		fix_fs_capabilities(c, &old);
		cred_changed(&old);
	}
	return (long)old.fsuid;
}

/* ---- groups ---- */

SYSCALL_DEFINE(setgid32, u32 gid)
{
	struct cred new = *current->cred;

	if (gid == NO_ID)
		return -EINVAL;
	if (capable(CAP_SETGID))
		new.gid = new.sgid = gid;
	else if (gid != new.gid && gid != new.sgid)
		return -EPERM;
	new.egid = gid;
	commit_gids(&new);
	return 0;
}

SYSCALL_DEFINE(setregid32, u32 rgid, u32 egid)
{
	const struct cred *old = current->cred;
	struct cred new = *old;

	if (!capable(CAP_SETGID) &&
	    (!one_of(rgid, old->gid, old->egid, old->egid) ||
	     !one_of(egid, old->gid, old->egid, old->sgid)))
		return -EPERM;
	if (rgid != NO_ID)
		new.gid = rgid;
	if (egid != NO_ID)
		new.egid = egid;
	if (rgid != NO_ID || (egid != NO_ID && egid != old->gid))
		new.sgid = new.egid;
	commit_gids(&new);
	return 0;
}

SYSCALL_DEFINE(setresgid32, u32 rgid, u32 egid, u32 sgid)
{
	const struct cred *old = current->cred;
	struct cred new = *old;

	if (!capable(CAP_SETGID) &&
	    (!one_of(rgid, old->gid, old->egid, old->sgid) ||
	     !one_of(egid, old->gid, old->egid, old->sgid) ||
	     !one_of(sgid, old->gid, old->egid, old->sgid)))
		return -EPERM;
	if (rgid != NO_ID)
		new.gid = rgid;
	if (egid != NO_ID)
		new.egid = egid;
	if (sgid != NO_ID)
		new.sgid = sgid;
	commit_gids(&new);
	return 0;
}

SYSCALL_DEFINE(getresgid32, u32 __user *rgid, u32 __user *egid,
	       u32 __user *sgid)
{
	const struct cred *c = current->cred;

	if (put_user(c->gid, rgid) || put_user(c->egid, egid) ||
	    put_user(c->sgid, sgid))
		return -EFAULT;
	return 0;
}

SYSCALL_DEFINE(setfsgid32, u32 gid)
{
	struct cred *c = current->cred;
	struct cred old = *c;

	if (gid != NO_ID && (one_of(gid, c->gid, c->egid, c->sgid) ||
			     gid == c->fsgid || capable(CAP_SETGID))) {
		c->fsgid = gid;
		cred_changed(&old);
	}
	return (long)old.fsgid;
}

SYSCALL_DEFINE(getgroups32, int size, u32 __user *list)
{
	const struct cred *c = current->cred;

	if (size < 0 || (size && (u32)size < c->ngroups))
		return -EINVAL;
	if (size && copy_to_user(list, c->groups, c->ngroups * sizeof(u32)))
		return -EFAULT;
	return (long)c->ngroups;
}

SYSCALL_DEFINE(setgroups32, int size, const u32 __user *list)
{
	struct cred *c = current->cred;
	u32 groups[CRED_GROUPS];

	if (!capable(CAP_SETGID))
		return -EPERM;
	if ((u32)size > NGROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(groups, list,
			   min((u32)size, (u32)CRED_GROUPS) * sizeof(u32)))
		return -EFAULT;
	if ((u32)size > CRED_GROUPS)
		return -ENOMEM;
	memcpy(c->groups, groups, (u32)size * sizeof(u32));
	c->ngroups = (u32)size;
	return 0;
}

/* ---- who may look into whom ---- */

static bool same_user(const struct cred *me, const struct cred *it,
		      unsigned int mode)
{
	u32 uid = mode & PTRACE_MODE_FSCREDS ? me->fsuid : me->uid;
	u32 gid = mode & PTRACE_MODE_FSCREDS ? me->fsgid : me->gid;

	return uid == it->euid && uid == it->suid && uid == it->uid &&
	       gid == it->egid && gid == it->sgid && gid == it->gid;
}

/**
 * ptrace_may_access() - may the running task do to @task what a debugger may?
 * @task: another thread, or one of its own process, to which it always may
 * @mode: PTRACE_MODE_*; which of the caller's user numbers count
 *
 * This is the one place that decides. It is asked when the look happens, or
 * when a file is opened that then keeps the address space of that moment: a
 * process that had privileges and gave them up (mm_struct::dumpable) is open
 * to nobody but root.
 */
bool ptrace_may_access(const struct task_struct *task, unsigned int mode)
{
	const struct cred *me = current->cred, *it = task->cred;
	u64 caps = mode & PTRACE_MODE_FSCREDS ? me->cap_effective :
						me->cap_permitted;

	if (task->signal == current->signal || capable(CAP_SYS_PTRACE))
		return true;
	return same_user(me, it, mode) && (!task->mm || task->mm->dumpable) &&
	       !(it->cap_permitted & ~caps);
}

/**
 * mm_access() - the address space of a task into which the caller may look
 * @task: its task
 * @mode: PTRACE_MODE_*
 *
 * Return: the space with a user reference (mmput), NULL for a task without
 * one, or ERR_PTR(-EACCES).
 */
struct mm_struct *mm_access(struct task_struct *task, unsigned int mode)
{
	struct mm_struct *mm = get_task_mm(task);

	if (!mm || mm == current->mm || ptrace_may_access(task, mode))
		return mm;
	mmput(mm);
	return ERR_PTR(-EACCES);
}
