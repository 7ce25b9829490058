/* SPDX-License-Identifier: MIT */
/*
 * What the three kinds of SysV IPC have in common: a name, an owner, a way to
 * find them. Code: kernel/ipc/util.c.
 */
#ifndef KERNEL_IPC_UTIL_H
#define KERNEL_IPC_UTIL_H

#include <ashlar/atomic.h>
#include <ashlar/list.h>
#include <ashlar/xarray.h>
#include <mach/uaccess.h>

#define IPC_PRIVATE 0
#define IPC_CREAT 01000u
#define IPC_EXCL 02000u
#define IPC_NOWAIT 04000u
#define IPC_RMID 0u
#define IPC_SET 1u
#define IPC_STAT 2u
#define IPC_INFO 3u
#define IPC_64 0x100u /* in ipc(2): structures with 32-bit ids */

#define S_IRUGO 0444u
#define S_IWUGO 0222u
#define S_IXUGO 0111u

#define IPCMNI_SHIFT 15
#define IPCMNI (1 << IPCMNI_SHIFT)
#define IPC_HASH 64u

/* At the head of a set of semaphores, a queue, a segment. */
struct kern_ipc_perm {
	struct list_head hash; /* of its key; alone with IPC_PRIVATE */
	s32 key;
	u32 id;
	u16 seq;
	u16 mode; /* permissions; shm: SHM_DEST, SHM_LOCKED */
	u32 uid, gid, cuid, cgid;
	atomic_t refs; /* one until it is removed, and sleepers; not shm */
	bool deleted; /* its id may be another's by now */
};

/* All objects of a kind. */
struct ipc_ids {
	struct xarray objects; /* index → struct kern_ipc_perm */
	struct list_head hash[IPC_HASH];
	int in_use;
	int last_index; /* of the newest object */
	u16 seq;
	int next_id; /* sysctl: the next new object's id; -1: any */
};

extern struct ipc_ids sem_ids, msg_ids, shm_ids;

#define ipc_for_each(ids, i, perm) \
	xa_for_each_range(&(ids)->objects, i, perm, 0, IPCMNI - 1)

struct ipc64_perm { /* as programs see it */
	s32 key;
	u32 uid, gid, cuid, cgid;
	u16 mode, pad1;
	u16 seq, pad2;
	u32 unused[2];
};

struct ipc_perm { /* ipc(2) without IPC_64 */
	s32 key;
	u16 uid, gid, cuid, cgid, mode, seq;
};

void ipc_init_ids(struct ipc_ids *ids);
void ipc_init_perm(struct kern_ipc_perm *perm, s32 key, u32 flg);
struct kern_ipc_perm *ipc_find_key(struct ipc_ids *ids, s32 key);
struct kern_ipc_perm *ipc_find_id(struct ipc_ids *ids, int id);
struct kern_ipc_perm *ipc_find_index(struct ipc_ids *ids, int index);
int ipc_max_index(struct ipc_ids *ids);
int ipc_add(struct ipc_ids *ids, struct kern_ipc_perm *perm, int limit);
void ipc_remove(struct ipc_ids *ids, struct kern_ipc_perm *perm);
void ipc_put(struct kern_ipc_perm *perm);
bool ipc_is_owner(const struct kern_ipc_perm *perm);
int ipcperms(const struct kern_ipc_perm *perm, u32 flag);
int ipc_may_change(const struct kern_ipc_perm *perm);
int ipc_set_perm(struct kern_ipc_perm *perm, u32 uid, u32 gid, u32 mode);
void ipc_fill_perm(struct ipc64_perm *to, const struct kern_ipc_perm *perm);
void ipc_fill_old_perm(struct ipc_perm *to, const struct kern_ipc_perm *perm);
int ipc_get_perm(const void __user *from, struct ipc64_perm *perm, bool old);
s64 ipc_seconds(void);

long ksys_semget(s32 key, int nsems, u32 flg);
long ksys_semctl(int id, int num, u32 cmd, u32 arg, bool old);
long ksys_semtimedop(int id, u32 ops, u32 n, u32 timeout, bool time64);
long ksys_msgget(s32 key, u32 flg);
long ksys_msgctl(int id, u32 cmd, void __user *buf, bool old);
long ksys_msgsnd(int id, void __user *msgp, s32 size, u32 flg);
long ksys_msgrcv(int id, void __user *msgp, s32 size, s32 type, u32 flg);
long ksys_shmget(s32 key, size_t size, u32 flg);
unsigned long do_shmat(int shmid, unsigned long addr, u32 flg);
long ksys_shmdt(unsigned long addr);
long ksys_shmctl(int id, u32 cmd, void __user *buf, bool old);
void sem_init(void);
void msg_init(void);
void shm_init(void);

#endif
