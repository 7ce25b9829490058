// SPDX-License-Identifier: MIT
/*
 * SysV shared memory: segments that live until somebody removes them.
 *
 * A segment is a file in RAM (mm/shmem.c) with a key, an owner and a count of
 * attachments; attaching maps the file.
 *
 *   key ─► hash ─┐
 *   id = seq << 15 | index ─► shm_ids[index] ─► shmid_kernel ─► file ─► pages
 *                                                   ▲
 *                        vma->vm_private_data ──────┘   nattch = such areas
 *                                                       + attaches under way
 *
 * seq grows whenever indices wrap around, so that an id of a segment that is
 * gone does not name another one soon. IPC_RMID takes away the key; the
 * segment itself goes with its last attachment (SHM_DEST).
 *
 * The area's open and close count attachments: fork, split, munmap, exit.
 *
 * Locks: none of its own; nothing between a look and its use sleeps. Who
 * sleeps (attach, size of the file) counts as an attachment meanwhile.
 */
#include <ashlar/mman.h>
#include <ashlar/seq_file.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/xarray.h>
#include <kernel/fs/tmpfs.h>
#include <kernel/init.h>
#include <kernel/ipc.h>
#include <kernel/ipc/shm.h>
#include <kernel/syscall.h>
#include <kernel/vfs.h>

#define IPCMNI_SHIFT 15
#define IPCMNI (1 << IPCMNI_SHIFT)
#define IPC_MIN_CYCLE 64 /* indices that are used before one comes again */
#define SHM_HASH 64u
#define SHMMIN 1ul

struct shmid_kernel {
	struct list_head hash; /* of its key; alone with IPC_PRIVATE */
	s32 key;
	u32 id;
	u16 seq;
	u16 mode; /* permissions, SHM_DEST, SHM_LOCKED */
	u32 uid, gid, cuid, cgid;
	struct file *file; /* to read and write */
	struct file *file_ro; /* for SHM_RDONLY, once somebody asks */
	unsigned long nattch;
	size_t size; /* bytes */
	s64 atime, dtime, ctime; /* s since 1970 */
	pid_t cpid, lpid;
};

/* Room for the moment's largest numbers; RAM limits before these do. */
unsigned long shm_ctlmax = ~0ul - (1ul << 24);
unsigned long shm_ctlall = ~0ul - (1ul << 24);
int shm_ctlmni = 4096;
int shm_next_id = -1;
int shm_rmid_forced;

static struct xarray shm_ids; /* index → struct shmid_kernel */
static struct list_head shm_hash[SHM_HASH];
static int shm_in_use; /* segments */
static int shm_last_index = -1; /* index of the newest segment */
static u16 shm_seq;
static unsigned long shm_tot; /* pages of all segments' sizes */
static struct kmem_cache *shm_cache;

static struct vm_operations_struct shm_vm_ops;
static struct file_operations shm_file_operations;

static unsigned long shm_pages(size_t size)
{
	return (size >> PAGE_SHIFT) + ((size & ~PAGE_MASK) != 0);
}

static s64 seconds(void)
{
	return current_time() / (s64)NSEC_PER_SEC;
}

/* ---- finding and naming ---- */

static struct list_head *hash_of(s32 key)
{
	return &shm_hash[((u32)key * 0x9e3779b1u) >> 26];
}

static struct shmid_kernel *find_key(s32 key)
{
	struct shmid_kernel *shp;

	list_for_each_entry(shp, hash_of(key), hash) {
		if (shp->key == key)
			return shp;
	}
	return NULL;
}

static struct shmid_kernel *find_id(int id)
{
	struct shmid_kernel *shp;

	if (id < 0)
		return ERR_PTR(-EINVAL);
	shp = xa_load(&shm_ids, (unsigned long)id & (IPCMNI - 1));
	if (!shp || shp->id != (u32)id)
		return ERR_PTR(-EINVAL);
	return shp;
}

/* The largest index in use, or -1. */
static int max_index(void)
{
	unsigned long i, max = 0;
	bool any = false;
	void *entry;

	xa_for_each_range(&shm_ids, i, entry, 0, IPCMNI - 1)
	{
		max = i;
		any = true;
	}
	return any ? (int)max : -1;
}

/* A free index, going round: the lowest past the last one given out. */
static int cyclic_index(void)
{
	int limit = max(shm_in_use * 3 / 2, IPC_MIN_CYCLE);
	int n, i = shm_last_index + 1;

	limit = min(limit, IPCMNI);
	for (n = 0; n < limit; n++, i++) {
		if (i >= limit)
			i = 0;
		if (!xa_load(&shm_ids, (unsigned long)i))
			return i;
	}
	return -ENOSPC;
}

/* What shm_next_id asks for, or the next index free from there on. */
static int wanted_index(void)
{
	int i = shm_next_id & (IPCMNI - 1);

	while (i < IPCMNI && xa_load(&shm_ids, (unsigned long)i))
		i++;
	return i < IPCMNI ? i : -ENOSPC;
}

static int give_id(struct shmid_kernel *shp)
{
	int index, err;

	if (shm_in_use >= shm_ctlmni)
		return -ENOSPC;
	index = shm_next_id < 0 ? cyclic_index() : wanted_index();
	if (index < 0)
		return index;
	err = xa_insert(&shm_ids, (unsigned long)index, shp, GFP_KERNEL);
	if (err)
		return err;
	if (shm_next_id < 0) {
		if (index <= shm_last_index)
			shm_seq = (shm_seq + 1) & 0xffff;
		shm_last_index = index;
		shp->seq = shm_seq;
	} else {
		shp->seq = (u16)(shm_next_id >> IPCMNI_SHIFT);
		shm_next_id = -1;
	}
	shp->id = (u32)shp->seq << IPCMNI_SHIFT | (u32)index;
	shp->id &= 0x7fffffff;
	shm_in_use++;
	return 0;
}

/* ---- may I? ---- */

/* @flag: permission bits that are wanted, in any of the three places. */
static int ipcperms(const struct shmid_kernel *shp, u32 flag)
{
	u32 requested = (flag >> 6) | (flag >> 3) | flag;
	u32 granted = shp->mode;
	u32 euid = current->cred->euid;

	if (euid == shp->cuid || euid == shp->uid)
		granted >>= 6;
	else if (in_group_p(shp->cgid) || in_group_p(shp->gid))
		granted >>= 3;
	if ((requested & ~granted & 7) && !capable(CAP_IPC_OWNER))
		return -EACCES;
	return 0;
}

static bool is_owner(const struct shmid_kernel *shp)
{
	u32 euid = current->cred->euid;

	return euid == shp->cuid || euid == shp->uid;
}

/* ---- life of a segment ---- */

/* Somebody may still have the file, and must not find the segment by it. */
static void put_file(struct file *f)
{
	if (!f)
		return;
	f->private_data = NULL;
	fput(f);
}

static void free_segment(struct shmid_kernel *shp)
{
	put_file(shp->file);
	put_file(shp->file_ro);
	kmem_cache_free(shm_cache, shp);
}

static void shm_destroy(struct shmid_kernel *shp)
{
	xa_erase(&shm_ids, shp->id & (IPCMNI - 1));
	list_del_init(&shp->hash);
	shm_in_use--;
	shm_tot -= shm_pages(shp->size);
	if (shp->mode & SHM_LOCKED)
		shmem_lock(shp->file->f_mapping, false);
	free_segment(shp);
}

/* An attachment, or an attach under way, is gone. */
static void put_attach(struct shmid_kernel *shp)
{
	shp->nattch--;
	if (!shp->nattch && ((shp->mode & SHM_DEST) || shm_rmid_forced))
		shm_destroy(shp);
}

static void name_of(char name[16], s32 key)
{
	static const char digits[] = "0123456789abcdef";
	int i;

	memcpy(name, "SYSV", 4);
	for (i = 0; i < 8; i++)
		name[4 + i] = digits[((u32)key >> (28 - 4 * i)) & 15];
	name[12] = '\0';
}

static struct file *segment_file(s32 key, size_t size, u32 flags)
{
	struct file *f;
	char name[16];

	name_of(name, key);
	f = shmem_file_setup(name, (loff_t)size, flags);
	if (!IS_ERR(f))
		f->f_op = &shm_file_operations;
	return f;
}

static int newseg(s32 key, size_t size, u32 flg)
{
	unsigned long pages = shm_pages(size);
	struct shmid_kernel *shp;
	struct file *f;
	int err;

	if (size < SHMMIN || size > shm_ctlmax || (flg & SHM_HUGETLB))
		return -EINVAL;
	if (shm_tot + pages < shm_tot || shm_tot + pages > shm_ctlall)
		return -ENOSPC;
	shp = kmem_cache_zalloc(shm_cache, GFP_KERNEL);
	if (!shp)
		return -ENOMEM;
	shp->key = key;
	shp->mode = flg & S_IRWXUGO;
	shp->size = size;
	shp->cuid = current->cred->euid;
	shp->cgid = current->cred->egid;
	shp->uid = shp->cuid;
	shp->gid = shp->cgid;
	shp->cpid = current->tgid;
	shp->ctime = seconds();
	INIT_LIST_HEAD(&shp->hash);
	f = segment_file(key, size,
			 (flg & SHM_NORESERVE) &&
					 sysctl_overcommit_memory != 2 ?
				 VM_NORESERVE_FILE :
				 0);
	err = (int)PTR_ERR(f);
	if (IS_ERR(f))
		goto free;
	shp->file = f;
	f->private_data = shp;
	/* Somebody may have been quicker while we waited for memory. */
	err = key != IPC_PRIVATE && find_key(key) ? -EBUSY : give_id(shp);
	if (err)
		goto free;
	if (key != IPC_PRIVATE)
		list_add(&shp->hash, hash_of(key));
	f->f_inode->i_ino = shp->id;
	shm_tot += pages;
	return (int)shp->id;
free:
	free_segment(shp);
	return err;
}

static long try_shmget(s32 key, size_t size, u32 flg)
{
	struct shmid_kernel *shp;
	int err;

	shp = key == IPC_PRIVATE ? NULL : find_key(key);
	if (!shp) {
		if (key != IPC_PRIVATE && !(flg & IPC_CREAT))
			return -ENOENT;
		return newseg(key, size, flg);
	}
	if ((flg & IPC_CREAT) && (flg & IPC_EXCL))
		return -EEXIST;
	if (shp->size < size)
		return -EINVAL;
	err = ipcperms(shp, flg);
	return err ? err : (long)shp->id;
}

static long ksys_shmget(s32 key, size_t size, u32 flg)
{
	long ret;

	do {
		ret = try_shmget(key, size, flg);
	} while (ret == -EBUSY);
	return ret;
}

/* ---- attachments ---- */

static void shm_open(struct vm_area_struct *vma)
{
	struct shmid_kernel *shp = vma->vm_private_data;

	shp->nattch++;
	shp->atime = seconds();
	shp->lpid = current->tgid;
}

static void shm_close(struct vm_area_struct *vma)
{
	struct shmid_kernel *shp = vma->vm_private_data;

	shp->dtime = seconds();
	shp->lpid = current->tgid;
	put_attach(shp);
}

/* Also remap_file_pages(), whose old area may have been the last one. */
static int shm_mmap(struct file *f, struct vm_area_struct *vma)
{
	int err = f->private_data ? shmem_mmap(f, vma) : -EIDRM;

	if (err)
		return err;
	vma->vm_ops = &shm_vm_ops;
	vma->vm_private_data = f->private_data;
	shm_open(vma);
	return 0;
}

/* The segment's file to read only; it refers to the same pages. */
static struct file *file_for(struct shmid_kernel *shp, bool readonly)
{
	struct inode *inode = shp->file->f_inode;
	struct file *f;
	char name[16];

	if (!readonly)
		return shp->file;
	if (shp->file_ro)
		return shp->file_ro;
	name_of(name, shp->key);
	iget(inode);
	f = alloc_anon_file(name, inode, O_RDONLY, &shm_file_operations);
	if (IS_ERR(f))
		return f;
	if (shp->file_ro) { /* while we waited for memory */
		fput(f);
		return shp->file_ro;
	}
	f->f_mapping = &inode->i_data;
	f->private_data = shp;
	shp->file_ro = f;
	return f;
}

/* An address as the call wants it, or 0 for any; -EINVAL. */
static long attach_address(unsigned long addr, u32 flg)
{
	if (!addr)
		return flg & SHM_REMAP ? -EINVAL : 0;
	if (addr & (SHMLBA - 1)) {
		if (!(flg & SHM_RND))
			return -EINVAL;
		addr &= ~(SHMLBA - 1);
		if (!addr && (flg & SHM_REMAP))
			return -EINVAL;
	}
	return (long)addr;
}

static unsigned long map_segment(struct shmid_kernel *shp, unsigned long addr,
				 bool fixed, u32 flg)
{
	unsigned long prot = PROT_READ, ret;
	struct mm_struct *mm = current->mm;
	struct file *f = file_for(shp, flg & SHM_RDONLY);

	if (IS_ERR(f))
		return (unsigned long)PTR_ERR(f);
	if (!(flg & SHM_RDONLY))
		prot |= PROT_WRITE;
	if (flg & SHM_EXEC)
		prot |= PROT_EXEC;
	down_write(&mm->mmap_lock);
	if (fixed && !(flg & SHM_REMAP) &&
	    (addr + shp->size < addr ||
	     find_vma_intersection(mm, addr, addr + shp->size)))
		ret = (unsigned long)-EINVAL;
	else
		ret = do_mmap(mm, f, addr, shp->size, prot,
			      MAP_SHARED | (fixed ? MAP_FIXED : 0), 0, 0);
	up_write(&mm->mmap_lock);
	return ret;
}

/* The address, or -errno. */
static unsigned long do_shmat(int shmid, unsigned long addr, u32 flg)
{
	struct shmid_kernel *shp;
	unsigned long ret;
	u32 want = S_IRUGO;
	bool fixed = addr != 0;
	long at = attach_address(addr, flg);
	int err;

	if (shmid < 0 || IS_ERR_VALUE(at))
		return (unsigned long)-EINVAL;
	if (!(flg & SHM_RDONLY))
		want |= S_IWUGO;
	if (flg & SHM_EXEC)
		want |= S_IXUGO;
	shp = find_id(shmid);
	if (IS_ERR(shp))
		return (unsigned long)PTR_ERR(shp);
	err = ipcperms(shp, want);
	if (err)
		return (unsigned long)err;
	shp->nattch++;
	ret = map_segment(shp, (unsigned long)at, fixed, flg);
	put_attach(shp);
	return ret;
}

static bool attached_at(const struct vm_area_struct *vma, unsigned long addr)
{
	return vma->vm_ops == &shm_vm_ops &&
	       (vma->vm_start - addr) >> PAGE_SHIFT == vma->vm_pgoff;
}

/* Areas of the attachment that began at @addr, wherever its parts lie. */
static long ksys_shmdt(unsigned long addr)
{
	struct mm_struct *mm = current->mm;
	struct shmid_kernel *shp = NULL;
	struct vm_area_struct *vma;
	unsigned long end = 0, at = addr;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	while ((vma = find_vma(mm, at)) && (!shp || vma->vm_start < end)) {
		at = vma->vm_end;
		if (!attached_at(vma, addr) ||
		    (shp && vma->vm_private_data != shp))
			continue;
		if (!shp) {
			shp = vma->vm_private_data;
			end = addr + PAGE_ALIGN(shp->size);
		}
		do_munmap(mm, vma->vm_start, vma->vm_end - vma->vm_start);
	}
	up_write(&mm->mmap_lock);
	return shp ? 0 : -EINVAL;
}

/* ---- shmctl ---- */

static void fill_shmid64(struct shmid64_ds *d, const struct shmid_kernel *shp)
{
	memset(d, 0, sizeof(*d));
	d->shm_perm.key = shp->key;
	d->shm_perm.uid = shp->uid;
	d->shm_perm.gid = shp->gid;
	d->shm_perm.cuid = shp->cuid;
	d->shm_perm.cgid = shp->cgid;
	d->shm_perm.mode = shp->mode;
	d->shm_perm.seq = shp->seq;
	d->shm_segsz = shp->size;
	d->shm_atime = (u32)shp->atime;
	d->shm_atime_high = (u32)(shp->atime >> 32);
	d->shm_dtime = (u32)shp->dtime;
	d->shm_dtime_high = (u32)(shp->dtime >> 32);
	d->shm_ctime = (u32)shp->ctime;
	d->shm_ctime_high = (u32)(shp->ctime >> 32);
	d->shm_cpid = shp->cpid;
	d->shm_lpid = shp->lpid;
	d->shm_nattch = shp->nattch;
}

static long put_shmid(void __user *buf, const struct shmid_kernel *shp,
		      bool old)
{
	struct shmid64_ds d;
	struct shmid_ds o;

	fill_shmid64(&d, shp);
	if (!old)
		return copy_to_user(buf, &d, sizeof(d)) ? -EFAULT : 0;
	memset(&o, 0, sizeof(o));
	o.key = d.shm_perm.key;
	o.uid = (u16)d.shm_perm.uid;
	o.gid = (u16)d.shm_perm.gid;
	o.cuid = (u16)d.shm_perm.cuid;
	o.cgid = (u16)d.shm_perm.cgid;
	o.mode = d.shm_perm.mode;
	o.seq = d.shm_perm.seq;
	o.segsz = (s32)d.shm_segsz;
	o.atime = (s32)d.shm_atime;
	o.dtime = (s32)d.shm_dtime;
	o.ctime = (s32)d.shm_ctime;
	o.cpid = (u16)d.shm_cpid;
	o.lpid = (u16)d.shm_lpid;
	o.nattch = (u16)d.shm_nattch;
	return copy_to_user(buf, &o, sizeof(o)) ? -EFAULT : 0;
}

static long shmctl_stat(int id, u32 cmd, void __user *buf, bool old)
{
	struct shmid_kernel *shp;
	long err = 0, ret = 0;

	if (cmd == IPC_STAT) {
		shp = find_id(id);
		if (IS_ERR(shp))
			return PTR_ERR(shp);
	} else {
		shp = xa_load(&shm_ids, (unsigned long)id & (IPCMNI - 1));
		if (!shp)
			return -EINVAL;
		ret = (long)shp->id;
	}
	if (cmd != SHM_STAT_ANY)
		err = ipcperms(shp, S_IRUGO);
	if (!err)
		err = put_shmid(buf, shp, old);
	return err ? err : ret;
}

static long shmctl_ipc_info(void __user *buf, bool old)
{
	u32 info[9] = { (u32)shm_ctlmax, SHMMIN, (u32)shm_ctlmni,
			(u32)shm_ctlmni, (u32)shm_ctlall };
	size_t size = sizeof(info);

	if (old) {
		info[0] = min(info[0], 0x7fffffffu);
		info[4] = min(info[4], 0x7fffffffu);
		size = 5 * sizeof(u32);
	}
	if (copy_to_user(buf, info, size))
		return -EFAULT;
	return max(max_index(), 0);
}

static long shmctl_shm_info(void __user *buf)
{
	u32 info[6] = { (u32)shm_in_use, (u32)shm_tot };
	struct shmid_kernel *shp;
	unsigned long i;

	xa_for_each_range(&shm_ids, i, shp, 0, IPCMNI - 1)
		info[2] += (u32)shp->file->f_mapping->nrpages;
	if (copy_to_user(buf, info, sizeof(info)))
		return -EFAULT;
	return max(max_index(), 0);
}

/* Whose segment it is and who may: what a program passes of it. */
static long get_perm(const void __user *buf, struct ipc64_perm *perm, bool old)
{
	struct shmid_ds o;

	if (!old)
		return copy_from_user(perm, buf, sizeof(*perm)) ? -EFAULT : 0;
	if (copy_from_user(&o, buf, sizeof(o)))
		return -EFAULT;
	perm->uid = o.uid;
	perm->gid = o.gid;
	perm->mode = o.mode;
	return 0;
}

static long shmctl_set(int id, const void __user *buf, bool old)
{
	struct shmid_kernel *shp;
	struct ipc64_perm perm;
	long err = get_perm(buf, &perm, old);

	if (err)
		return err;
	shp = find_id(id);
	if (IS_ERR(shp))
		return PTR_ERR(shp);
	if (!is_owner(shp) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (perm.uid == ~0u || perm.gid == ~0u)
		return -EINVAL;
	shp->uid = perm.uid;
	shp->gid = perm.gid;
	shp->mode = (u16)((shp->mode & ~S_IRWXUGO) | (perm.mode & S_IRWXUGO));
	shp->ctime = seconds();
	return 0;
}

static long shmctl_rmid(int id)
{
	struct shmid_kernel *shp = find_id(id);

	if (IS_ERR(shp))
		return PTR_ERR(shp);
	if (!is_owner(shp) && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (!shp->nattch) {
		shm_destroy(shp);
		return 0;
	}
	shp->mode |= SHM_DEST;
	shp->key = IPC_PRIVATE;
	list_del_init(&shp->hash);
	return 0;
}

static long shmctl_lock(int id, bool lock)
{
	struct shmid_kernel *shp = find_id(id);

	if (IS_ERR(shp))
		return PTR_ERR(shp);
	if (!capable(CAP_IPC_LOCK)) {
		if (!is_owner(shp))
			return -EPERM;
		if (lock && !rlimit(RLIMIT_MEMLOCK))
			return -EPERM;
		if (lock && rlimit(RLIMIT_MEMLOCK) < shp->size)
			return -ENOMEM;
	}
	if (lock)
		shp->mode |= SHM_LOCKED;
	else
		shp->mode &= (u16)~SHM_LOCKED;
	shmem_lock(shp->file->f_mapping, lock);
	return 0;
}

static long ksys_shmctl(int id, u32 cmd, void __user *buf, bool old)
{
	if ((int)cmd < 0 || id < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return shmctl_ipc_info(buf, old);
	case SHM_INFO:
		return shmctl_shm_info(buf);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return shmctl_stat(id, cmd, buf, old);
	case IPC_SET:
		return shmctl_set(id, buf, old);
	case IPC_RMID:
		return shmctl_rmid(id);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return shmctl_lock(id, cmd == SHM_LOCK);
	}
	return -EINVAL;
}

/* ---- system calls ---- */

SYSCALL_DEFINE(shmget, s32 key, size_t size, u32 flg)
{
	return ksys_shmget(key, size, flg);
}

SYSCALL_DEFINE(shmat, int shmid, unsigned long addr, u32 flg)
{
	return (long)do_shmat(shmid, addr, flg);
}

SYSCALL_DEFINE(shmdt, unsigned long addr)
{
	return ksys_shmdt(addr);
}

SYSCALL_DEFINE(shmctl, int shmid, u32 cmd, void __user *buf)
{
	return ksys_shmctl(shmid, cmd, buf, false);
}

/* All of SysV IPC by one number, as older C libraries call it. */
SYSCALL_DEFINE(ipc, u32 call, int first, unsigned long second,
	       unsigned long third, unsigned long ptr)
{
	u32 version = call >> 16, cmd = (u32)second;
	unsigned long addr;

	switch (call & 0xffff) {
	case IPCOP_SHMAT:
		if (version == 1)
			return -EINVAL;
		addr = do_shmat(first, ptr, (u32)second);
		if (IS_ERR_VALUE(addr))
			return (long)addr;
		return put_user((u32)addr, (u32 __user *)third);
	case IPCOP_SHMDT:
		return ksys_shmdt(ptr);
	case IPCOP_SHMGET:
		return ksys_shmget(first, second, (u32)third);
	case IPCOP_SHMCTL:
		return ksys_shmctl(first, cmd & ~IPC_64, (void __user *)ptr,
				   !(cmd & IPC_64));
	}
	return -ENOSYS;
}

/* ---- reports ---- */

/**
 * show_sysvipc_shm - /proc/sysvipc/shm
 * @m: where to
 * @unused: nothing
 *
 * Return: 0.
 */
int show_sysvipc_shm(struct seq_file *m, void *unused)
{
	struct shmid_kernel *shp;
	unsigned long i;

	(void)unused;
	seq_puts(m, "       key      shmid perms       size  cpid  lpid nattch"
		    "   uid   gid  cuid  cgid      atime      dtime      ctime"
		    "        rss       swap\n");
	xa_for_each_range(&shm_ids, i, shp, 0, IPCMNI - 1)
	{
		seq_printf(m, "%10d %10d  %4o %10lu %5u %5u  %5lu ", shp->key,
			   (int)shp->id, shp->mode, (unsigned long)shp->size,
			   (u32)shp->cpid, (u32)shp->lpid, shp->nattch);
		seq_printf(m, "%5u %5u %5u %5u %10llu %10llu %10llu ", shp->uid,
			   shp->gid, shp->cuid, shp->cgid,
			   (unsigned long long)shp->atime,
			   (unsigned long long)shp->dtime,
			   (unsigned long long)shp->ctime);
		seq_printf(m, "%10lu %10lu\n",
			   shp->file->f_mapping->nrpages << PAGE_SHIFT, 0ul);
	}
	return 0;
}

/**
 * ipc_init - before the first process
 */
void ipc_init(void)
{
	unsigned int i;

	for (i = 0; i < SHM_HASH; i++)
		INIT_LIST_HEAD(&shm_hash[i]);
	xa_init(&shm_ids);
	shm_cache = kmem_cache_create("shmid_kernel",
				      sizeof(struct shmid_kernel), 0,
				      SLAB_PANIC, NULL);
	shm_vm_ops = generic_file_vm_ops;
	shm_vm_ops.open = shm_open;
	shm_vm_ops.close = shm_close;
	shm_file_operations = tmpfs_file_operations;
	shm_file_operations.mmap = shm_mmap;
}
