/* SPDX-License-Identifier: MIT */
/* Users, groups, capabilities of tasks. Code: kernel/task/cred.c and others. */
#ifndef KERNEL_TASK_CRED_H
#define KERNEL_TASK_CRED_H

#include <ashlar/types.h>
#include <kernel/task/task.h>

#define CRED_GROUPS 32 /* supplementary ones a task may have */

struct cred {
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	u64 cap_effective, cap_permitted, cap_inheritable;
	u64 cap_bset, cap_ambient;
	int securebits;
	u32 ngroups;
	u32 groups[CRED_GROUPS];
};

/* cred::securebits */
#define SECURE_NOROOT 0x1
#define SECURE_NO_SETUID_FIXUP 0x4
#define SECURE_KEEP_CAPS 0x10
#define SECURE_NO_CAP_AMBIENT_RAISE 0x40

#define CAP_CHOWN 0
#define CAP_DAC_OVERRIDE 1
#define CAP_DAC_READ_SEARCH 2
#define CAP_FOWNER 3
#define CAP_FSETID 4
#define CAP_KILL 5
#define CAP_SETGID 6
#define CAP_SETUID 7
#define CAP_SETPCAP 8
#define CAP_LINUX_IMMUTABLE 9
#define CAP_NET_ADMIN 12
#define CAP_IPC_LOCK 14
#define CAP_IPC_OWNER 15
#define CAP_SYS_RAWIO 17
#define CAP_SYS_CHROOT 18
#define CAP_SYS_PTRACE 19
#define CAP_SYS_ADMIN 21
#define CAP_SYS_BOOT 22
#define CAP_SYS_NICE 23
#define CAP_SYS_RESOURCE 24
#define CAP_SYS_TIME 25
#define CAP_SYS_TTY_CONFIG 26
#define CAP_MKNOD 27
#define CAP_LEASE 28
#define CAP_SETFCAP 31
#define CAP_WAKE_ALARM 35
#define CAP_CHECKPOINT_RESTORE 40
#define CAP_LAST_CAP 40
#define CAP_FULL_SET ((1ull << (CAP_LAST_CAP + 1)) - 1)

static inline bool capable(int cap)
{
	return current->cred->cap_effective & (1ull << cap);
}

bool in_group_p(u32 gid); /* fsgid or a supplementary group */

void free_cred(struct cred *cred); /* kernel/task/cred.c */
struct cred *copy_cred(const struct cred *old); /* NULL: no memory */
void cred_init(void);

/* The running task has other numbers than @old: its space is closed. */
void cred_changed(const struct cred *old);

#endif
