/* SPDX-License-Identifier: MIT */
/*
 * SysV IPC: how semaphores, message queues and shared memory are named and
 * owned, and ipc(2), by which older C libraries call all of them.
 *
 *   key ─► hash ─┐
 *   id = seq << 15 | index ─► objects[index] ─► struct kern_ipc_perm
 *                                               at the head of the object
 *
 * seq grows whenever indices wrap around, so that an id of an object that is
 * gone does not name another one soon.
 *
 * Locks: none; nothing between a look and its use sleeps. Who must sleep with
 * an object in hand holds a reference (refs), and then asks whether it is
 * deleted: to look for its id again could find another of another size.
 */
#include <ashlar/err.h>
#include <ashlar/gfp.h>
#include <ashlar/list.h>
#include <ashlar/vmalloc.h>
#include <ashlar/xarray.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/stat.h>
#include <kernel/init.h>
#include <kernel/ipc/util.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/time/clock.h>

#define IPC_MIN_CYCLE 64 /* indices that are used before one comes again */

/* ipc(2)'s first argument. */
#define SEMOP 1u
#define SEMGET 2u
#define SEMCTL 3u
#define SEMTIMEDOP 4u
#define MSGSND 11u
#define MSGRCV 12u
#define MSGGET 13u
#define MSGCTL 14u
#define SHMAT 21u
#define SHMDT 22u
#define SHMGET 23u
#define SHMCTL 24u

/**
 * ipc_init_ids() - no objects yet
 */
void ipc_init_ids(struct ipc_ids *ids)
{
	unsigned int i;

	xa_init(&ids->objects);
	for (i = 0; i < IPC_HASH; i++)
		INIT_LIST_HEAD(&ids->hash[i]);
	ids->last_index = -1;
	ids->next_id = -1;
}

/**
 * ipc_init_perm() - a new object belongs to the running process
 * @flg: permissions in its lowest bits
 */
void ipc_init_perm(struct kern_ipc_perm *perm, s32 key, u32 flg)
{
	perm->key = key;
	perm->mode = flg & S_IRWXUGO;
	perm->cuid = perm->uid = current->cred->euid;
	perm->cgid = perm->gid = current->cred->egid;
	atomic_set(&perm->refs, 1);
	perm->deleted = false;
	INIT_LIST_HEAD(&perm->hash);
}

/**
 * ipc_seconds() - the time as objects note it: s since 1970
 */
s64 ipc_seconds(void)
{
	return current_time() / (s64)NSEC_PER_SEC;
}

/* ---- finding and naming ---- */

static struct list_head *hash_of(struct ipc_ids *ids, s32 key)
{
	return &ids->hash[((u32)key * 0x9e3779b1u) >> 26];
}

/**
 * ipc_find_key() - the object of a key, or NULL
 */
struct kern_ipc_perm *ipc_find_key(struct ipc_ids *ids, s32 key)
{
	struct kern_ipc_perm *perm;

	if (key == IPC_PRIVATE)
		return NULL;
	list_for_each_entry(perm, hash_of(ids, key), hash) {
		if (perm->key == key)
			return perm;
	}
	return NULL;
}

/**
 * ipc_find_id() - the object of an id
 *
 * Return: it, or -EINVAL, also if another has taken its place.
 */
struct kern_ipc_perm *ipc_find_id(struct ipc_ids *ids, int id)
{
	struct kern_ipc_perm *perm = ipc_find_index(ids, id);

	if (id < 0 || !perm || perm->id != (u32)id)
		return ERR_PTR(-EINVAL);
	return perm;
}

/**
 * ipc_find_index() - the object in a place, or NULL
 * @index: more bits than an index has do not count
 */
struct kern_ipc_perm *ipc_find_index(struct ipc_ids *ids, int index)
{
	return xa_load(&ids->objects, (unsigned long)index & (IPCMNI - 1));
}

/**
 * ipc_max_index() - the largest index in use; 0 also without any
 */
int ipc_max_index(struct ipc_ids *ids)
{
	unsigned long i, max = 0;
	void *entry;

	ipc_for_each(ids, i, entry) max = i;
	return (int)max;
}

/* A free index, going round: the lowest past the last one given out. */
static int cyclic_index(struct ipc_ids *ids)
{
	int limit = max(ids->in_use * 3 / 2, IPC_MIN_CYCLE);
	int n, i = ids->last_index + 1;

	limit = min(limit, IPCMNI);
	for (n = 0; n < limit; n++, i++) {
		if (i >= limit)
			i = 0;
		if (!ipc_find_index(ids, i))
			return i;
	}
	return -ENOSPC;
}

/* What next_id asks for, or the next index free from there on. */
static int wanted_index(struct ipc_ids *ids)
{
	int i = ids->next_id & (IPCMNI - 1);

	while (i < IPCMNI && ipc_find_index(ids, i))
		i++;
	return i < IPCMNI ? i : -ENOSPC;
}

/**
 * ipc_add() - a new object gets its id and can be found
 * @perm: from ipc_init_perm()
 * @limit: how many objects of its kind there may be
 *
 * Context: may sleep, for memory. Return: the id; -EBUSY: meanwhile another
 * has taken the key; -ENOSPC, -ENOMEM.
 */
int ipc_add(struct ipc_ids *ids, struct kern_ipc_perm *perm, int limit)
{
	int index, err;

	if (ipc_find_key(ids, perm->key))
		return -EBUSY;
	if (ids->in_use >= limit)
		return -ENOSPC;
	index = ids->next_id < 0 ? cyclic_index(ids) : wanted_index(ids);
	if (index < 0)
		return index;
	err = xa_insert(&ids->objects, (unsigned long)index, perm, GFP_KERNEL);
	if (err)
		return err;
	if (ids->next_id < 0) {
		if (index <= ids->last_index)
			ids->seq = (ids->seq + 1) & 0xffff;
		ids->last_index = index;
		perm->seq = ids->seq;
	} else {
		perm->seq = (u16)(ids->next_id >> IPCMNI_SHIFT);
		ids->next_id = -1;
	}
	perm->id = (u32)perm->seq << IPCMNI_SHIFT | (u32)index;
	perm->id &= 0x7fffffff;
	ids->in_use++;
	if (perm->key != IPC_PRIVATE)
		list_add(&perm->hash, hash_of(ids, perm->key));
	return (int)perm->id;
}

/**
 * ipc_remove() - an object is no longer found
 */
void ipc_remove(struct ipc_ids *ids, struct kern_ipc_perm *perm)
{
	xa_erase(&ids->objects, perm->id & (IPCMNI - 1));
	list_del_init(&perm->hash);
	ids->in_use--;
	perm->deleted = true;
}

/**
 * ipc_put() - a reference is given back; the last frees the object
 * @perm: at the head of memory from kvmalloc()
 */
void ipc_put(struct kern_ipc_perm *perm)
{
	if (atomic_dec_and_test(&perm->refs))
		kvfree(perm);
}

/* ---- may I? ---- */

/**
 * ipc_is_owner() - does an object belong to the running process's user?
 */
bool ipc_is_owner(const struct kern_ipc_perm *perm)
{
	u32 euid = current->cred->euid;

	return euid == perm->cuid || euid == perm->uid;
}

/**
 * ipcperms() - may the running process use an object?
 * @flag: permission bits that are wanted, in any of the three places
 *
 * Return: 0 or -EACCES.
 */
int ipcperms(const struct kern_ipc_perm *perm, u32 flag)
{
	u32 requested = (flag >> 6) | (flag >> 3) | flag;
	u32 granted = perm->mode;

	if (ipc_is_owner(perm))
		granted >>= 6;
	else if (in_group_p(perm->cgid) || in_group_p(perm->gid))
		granted >>= 3;
	if ((requested & ~granted & 7) && !capable(CAP_IPC_OWNER))
		return -EACCES;
	return 0;
}

/**
 * ipc_may_change() - may it change who may, and remove it? 0 or -EPERM
 */
int ipc_may_change(const struct kern_ipc_perm *perm)
{
	return ipc_is_owner(perm) || capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

/* ---- as programs see it ---- */

/**
 * ipc_set_perm() - IPC_SET's part that all kinds have; 0 or -EINVAL
 */
int ipc_set_perm(struct kern_ipc_perm *perm, u32 uid, u32 gid, u32 mode)
{
	if (uid == ~0u || gid == ~0u)
		return -EINVAL;
	perm->uid = uid;
	perm->gid = gid;
	perm->mode = (u16)((perm->mode & ~S_IRWXUGO) | (mode & S_IRWXUGO));
	return 0;
}

/**
 * ipc_fill_perm() - tell who may
 */
void ipc_fill_perm(struct ipc64_perm *to, const struct kern_ipc_perm *perm)
{
	*to = (struct ipc64_perm){ .key = perm->key,
				   .uid = perm->uid,
				   .gid = perm->gid,
				   .cuid = perm->cuid,
				   .cgid = perm->cgid,
				   .mode = perm->mode,
				   .seq = perm->seq };
}

/**
 * ipc_fill_old_perm() - the same, in the form with 16-bit ids
 */
void ipc_fill_old_perm(struct ipc_perm *to, const struct kern_ipc_perm *perm)
{
	*to = (struct ipc_perm){ .key = perm->key,
				 .uid = (u16)perm->uid,
				 .gid = (u16)perm->gid,
				 .cuid = (u16)perm->cuid,
				 .cgid = (u16)perm->cgid,
				 .mode = perm->mode,
				 .seq = perm->seq };
}

/**
 * ipc_get_perm() - uid, gid and mode, as a program passes them to IPC_SET
 */
int ipc_get_perm(const void __user *from, struct ipc64_perm *perm, bool old)
{
	struct ipc_perm o;

	if (!old)
		return copy_from_user(perm, from, sizeof(*perm)) ? -EFAULT : 0;
	if (copy_from_user(&o, from, sizeof(o)))
		return -EFAULT;
	perm->uid = o.uid;
	perm->gid = o.gid;
	perm->mode = o.mode;
	return 0;
}

/* ---- ipc(2) ---- */

/* Before version 1 the buffer and the type came in a structure. */
static long old_msgrcv(int id, const u32 __user *pair, s32 size, u32 flg)
{
	u32 msgp, type;

	if (!pair)
		return -EINVAL;
	if (get_user(msgp, pair) || get_user(type, pair + 1))
		return -EFAULT;
	return ksys_msgrcv(id, (void __user *)msgp, size, (s32)type, flg);
}

static long old_semctl(int id, int num, u32 cmd, const u32 __user *ptr)
{
	u32 arg;

	if (!ptr)
		return -EINVAL;
	if (get_user(arg, ptr))
		return -EFAULT;
	return ksys_semctl(id, num, cmd & ~IPC_64, arg, !(cmd & IPC_64));
}

static long old_shmat(int id, unsigned long addr, u32 flg, u32 __user *result)
{
	addr = do_shmat(id, addr, flg);
	return IS_ERR_VALUE(addr) ? (long)addr : put_user((u32)addr, result);
}

SYSCALL_DEFINE(ipc, u32 call, int first, u32 second, u32 third, u32 ptr,
	       u32 fifth)
{
	u32 version = call >> 16;
	void __user *p = (void __user *)ptr;

	switch (call & 0xffff) {
	case SEMOP:
		return ksys_semtimedop(first, ptr, second, 0, false);
	case SEMTIMEDOP:
		return ksys_semtimedop(first, ptr, second, fifth, false);
	case SEMGET:
		return ksys_semget(first, (int)second, third);
	case SEMCTL:
		return old_semctl(first, (int)second, third, p);
	case MSGSND:
		return ksys_msgsnd(first, p, (s32)second, third);
	case MSGRCV:
		if (!version)
			return old_msgrcv(first, p, (s32)second, third);
		return ksys_msgrcv(first, p, (s32)second, (s32)fifth, third);
	case MSGGET:
		return ksys_msgget(first, second);
	case MSGCTL:
		return ksys_msgctl(first, second & ~IPC_64, p,
				   !(second & IPC_64));
	case SHMAT:
		return version == 1 ? -EINVAL :
				      old_shmat(first, ptr, second,
						(u32 __user *)third);
	case SHMDT:
		return ksys_shmdt(ptr);
	case SHMGET:
		return ksys_shmget(first, second, third);
	case SHMCTL:
		return ksys_shmctl(first, second & ~IPC_64, p,
				   !(second & IPC_64));
	}
	return -ENOSYS;
}

/**
 * ipc_init() - before the first process
 */
void ipc_init(void)
{
	sem_init();
	msg_init();
	shm_init();
}
