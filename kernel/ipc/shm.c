/* SPDX-License-Identifier: MIT */
/*
 * SysV shared memory: segments that live until somebody removes them.
 *
 * A segment is a file in RAM (mm/shmem.c, or mm/hugetlb_file.c) with a key, an
 * owner and a count of attachments; attaching maps the file.
 *
 *   key, id ─► shmid_kernel ─► file ─► pages
 *                  ▲
 *   vma->vm_private_data      nattch = such areas + attaches under way
 *
 * IPC_RMID takes away the key; the segment itself goes with its last
 * attachment (SHM_DEST).
 *
 * The area's open and close count attachments: fork, split, munmap, exit.
 *
 * Locks: none of its own; nothing between a look and its use sleeps. Who
 * sleeps (attach, size of the file) counts as an attachment meanwhile.
 */
#include <ashlar/commit.h>
#include <ashlar/err.h>
#include <ashlar/fault.h>
#include <ashlar/fs.h>
#include <ashlar/gup.h>
#include <ashlar/hugetlb.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/resource.h>
#include <ashlar/rwsem.h>
#include <ashlar/seq_file.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/file.h>
#include <kernel/fs/hugetlbfs.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/tmpfs.h>
#include <kernel/ipc/ipc.h>
#include <kernel/ipc/shm.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>

#define SHMMIN 1ul

struct shmid_kernel {
	struct kern_ipc_perm perm; /* first; mode: SHM_DEST, SHM_LOCKED, too */
	struct file *file; /* to read and write */
	struct file *file_ro; /* for SHM_RDONLY, once a program asks */
	unsigned long nattch;
	size_t size; /* bytes */
	s64 atime, dtime, ctime; /* s since 1970 */
	pid_t cpid, lpid;
};

/* Room for the moment's largest numbers; RAM limits before these do. */
unsigned long shm_ctlmax = ~0ul - (1ul << 24);
unsigned long shm_ctlall = ~0ul - (1ul << 24);
int shm_ctlmni = 4096;
int shm_rmid_forced;

struct ipc_ids shm_ids;
static unsigned long shm_tot; /* pages of all segments' sizes */
static struct kmem_cache *shm_cache;

static struct vm_operations_struct shm_vm_ops;
static struct file_operations shm_file_operations, shm_huge_file_operations;

static unsigned long shm_pages(size_t size)
{
	return (size >> PAGE_SHIFT) + ((size & ~PAGE_MASK) != 0);
}

static struct shmid_kernel *find_id(int id)
{
	return (struct shmid_kernel *)ipc_find_id(&shm_ids, id);
}

/* ---- life of a segment ---- */

/* Other users of the file must not find the segment by it any more. */
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
	ipc_remove(&shm_ids, &shp->perm);
	shm_tot -= shm_pages(shp->size);
	if (shp->perm.mode & SHM_LOCKED)
		shmem_lock(shp->file->f_mapping, false);
	free_segment(shp);
}

/* An attachment, or an attach under way, is gone. */
static void put_attach(struct shmid_kernel *shp)
{
	shp->nattch--;
	if (!shp->nattch && ((shp->perm.mode & SHM_DEST) || shm_rmid_forced))
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

/* SHM_HUGETLB is for some users: the others have mlock's limits to heed. */
static bool can_do_hugetlb_shm(void)
{
	return capable(CAP_IPC_LOCK) || in_group_p(sysctl_hugetlb_shm_group);
}

static struct file *segment_file(s32 key, size_t size, u32 flg)
{
	bool promised = !(flg & SHM_NORESERVE);
	struct file *f;
	char name[16];

	name_of(name, key);
	if (flg & SHM_HUGETLB) {
		if (!can_do_hugetlb_shm())
			return ERR_PTR(-EPERM);
		f = hugetlb_file_setup(name, hugetlb_align(size),
				       promised ? 0 : VM_NORESERVE,
				       flg >> MAP_HUGE_SHIFT & MAP_HUGE_MASK);
		if (!IS_ERR(f))
			f->f_op = &shm_huge_file_operations;
		return f;
	}
	promised |= sysctl_overcommit_memory == OVERCOMMIT_NEVER;
	f = shmem_file_setup(name, (loff_t)size,
			     promised ? 0 : VM_NORESERVE_FILE);
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

	if (size < SHMMIN || size > shm_ctlmax)
		return -EINVAL;
	if ((flg & SHM_HUGETLB) &&
	    !hugetlb_size_is_known(flg >> MAP_HUGE_SHIFT & MAP_HUGE_MASK))
		return -EINVAL;
	if (shm_tot + pages < shm_tot || shm_tot + pages > shm_ctlall)
		return -ENOSPC;
	shp = kmem_cache_zalloc(shm_cache, GFP_KERNEL);
	if (!shp)
		return -ENOMEM;
	ipc_init_perm(&shp->perm, key, flg);
	shp->size = size;
	shp->cpid = current->tgid;
	shp->ctime = ipc_seconds();
	f = segment_file(key, size, flg);
	err = (int)PTR_ERR(f);
	if (IS_ERR(f))
		goto free;
	shp->file = f;
	f->private_data = shp;
	err = ipc_add(&shm_ids, &shp->perm, shm_ctlmni);
	if (err < 0)
		goto free;
	f->f_inode->i_ino = shp->perm.id;
	shm_tot += pages;
	return (int)shp->perm.id;
free:
	free_segment(shp);
	return err;
}

static long try_shmget(s32 key, size_t size, u32 flg)
{
	struct shmid_kernel *shp;
	int err;

	shp = (struct shmid_kernel *)ipc_find_key(&shm_ids, key);
	if (!shp) {
		if (key != IPC_PRIVATE && !(flg & IPC_CREAT))
			return -ENOENT;
		return newseg(key, size, flg);
	}
	if ((flg & IPC_CREAT) && (flg & IPC_EXCL))
		return -EEXIST;
	if (shp->size < size)
		return -EINVAL;
	err = ipcperms(&shp->perm, flg);
	return err ? err : (long)shp->perm.id;
}

/**
 * ksys_shmget() - shmget(2)
 */
long ksys_shmget(s32 key, size_t size, u32 flg)
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
	shp->atime = ipc_seconds();
	shp->lpid = current->tgid;
}

static void shm_close(struct vm_area_struct *vma)
{
	struct shmid_kernel *shp = vma->vm_private_data;

	shp->dtime = ipc_seconds();
	shp->lpid = current->tgid;
	put_attach(shp);
}

/* Also remap_file_pages(), whose old area may have been the last one. */
static int shm_mmap(struct file *f, struct vm_area_struct *vma)
{
	int err;

	if (!f->private_data)
		return -EIDRM;
	err = is_file_hugepages(f) ? hugetlb_file_mmap(f, vma) :
				     generic_file_mmap(f, vma);
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
	name_of(name, shp->perm.key);
	iget(inode);
	f = alloc_anon_file(name, inode, O_RDONLY, shp->file->f_op);
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

/* Bytes that an attachment takes. */
static unsigned long attached_size(const struct shmid_kernel *shp)
{
	return is_file_hugepages(shp->file) ? hugetlb_align(shp->size) :
					      PAGE_ALIGN(shp->size);
}

/* Pages of the segment that there are, of the usual size. */
static unsigned long resident_pages(const struct shmid_kernel *shp)
{
	unsigned long n = shp->file->f_mapping->nrpages;

	return is_file_hugepages(shp->file) ? n << HPAGE_PMD_ORDER : n;
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
	unsigned long prot = PROT_READ, size = attached_size(shp), ret;
	struct mm_struct *mm = current->mm;
	struct file *f = file_for(shp, flg & SHM_RDONLY);
	bool locked;

	if (IS_ERR(f))
		return (unsigned long)PTR_ERR(f);
	if (!(flg & SHM_RDONLY))
		prot |= PROT_WRITE;
	if (flg & SHM_EXEC)
		prot |= PROT_EXEC;
	down_write(&mm->mmap_lock);
	if (fixed && !(flg & SHM_REMAP) &&
	    (addr + size < addr ||
	     find_vma_intersection(mm, addr, addr + size)))
		ret = (unsigned long)-EINVAL;
	else
		ret = do_mmap(mm, f, addr, size, prot,
			      MAP_SHARED | (fixed ? MAP_FIXED : 0), 0, 0);
	locked = mm->def_flags & VM_LOCKED;
	up_write(&mm->mmap_lock);
	if (locked && !IS_ERR_VALUE(ret))
		mm_populate(mm, ret, size);
	return ret;
}

/**
 * do_shmat() - shmat(2): the address, or -errno
 */
unsigned long do_shmat(int shmid, unsigned long addr, u32 flg)
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
	err = ipcperms(&shp->perm, want);
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

/**
 * ksys_shmdt() - shmdt(2)
 *
 * Areas of the attachment that began at @addr go, wherever its parts lie.
 */
long ksys_shmdt(unsigned long addr)
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
			end = addr + attached_size(shp);
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
	ipc_fill_perm(&d->shm_perm, &shp->perm);
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
	ipc_fill_old_perm(&o.shm_perm, &shp->perm);
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
		shp = (struct shmid_kernel *)ipc_find_index(&shm_ids, id);
		if (!shp)
			return -EINVAL;
		ret = (long)shp->perm.id;
	}
	if (cmd != SHM_STAT_ANY)
		err = ipcperms(&shp->perm, S_IRUGO);
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
	return ipc_max_index(&shm_ids);
}

static long shmctl_shm_info(void __user *buf)
{
	u32 info[6] = { (u32)shm_ids.in_use, (u32)shm_tot };
	struct shmid_kernel *shp;
	unsigned long i;

	ipc_for_each(&shm_ids, i, shp) info[2] += (u32)resident_pages(shp);
	if (copy_to_user(buf, info, sizeof(info)))
		return -EFAULT;
	return ipc_max_index(&shm_ids);
}

static long shmctl_set(int id, const void __user *buf, bool old)
{
	struct shmid_kernel *shp;
	struct ipc64_perm perm;
	long err = ipc_get_perm(buf, &perm, old);

	if (err)
		return err;
	shp = find_id(id);
	if (IS_ERR(shp))
		return PTR_ERR(shp);
	err = ipc_may_change(&shp->perm) ?:
		      ipc_set_perm(&shp->perm, perm.uid, perm.gid, perm.mode);
	if (!err)
		shp->ctime = ipc_seconds();
	return err;
}

static long shmctl_rmid(int id)
{
	struct shmid_kernel *shp = find_id(id);
	int err;

	if (IS_ERR(shp))
		return PTR_ERR(shp);
	err = ipc_may_change(&shp->perm);
	if (err)
		return err;
	if (!shp->nattch) {
		shm_destroy(shp);
		return 0;
	}
	shp->perm.mode |= SHM_DEST;
	shp->perm.key = IPC_PRIVATE;
	list_del_init(&shp->perm.hash);
	return 0;
}

static long shmctl_lock(int id, bool lock)
{
	struct shmid_kernel *shp = find_id(id);

	if (IS_ERR(shp))
		return PTR_ERR(shp);
	if (!capable(CAP_IPC_LOCK)) {
		if (!ipc_is_owner(&shp->perm))
			return -EPERM;
		if (lock && !rlimit(RLIMIT_MEMLOCK))
			return -EPERM;
		if (lock && rlimit(RLIMIT_MEMLOCK) < shp->size)
			return -ENOMEM;
	}
	if (is_file_hugepages(shp->file)) /* it is never anywhere else */
		return 0;
	if (lock)
		shp->perm.mode |= SHM_LOCKED;
	else
		shp->perm.mode &= (u16)~SHM_LOCKED;
	shmem_lock(shp->file->f_mapping, lock);
	return 0;
}

/**
 * ksys_shmctl() - shmctl(2)
 * @old: structures have 16-bit ids
 */
long ksys_shmctl(int id, u32 cmd, void __user *buf, bool old)
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

/* ---- reports ---- */

/**
 * show_sysvipc_shm() - /proc/sysvipc/shm
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
	ipc_for_each(&shm_ids, i, shp)
	{
		const struct kern_ipc_perm *p = &shp->perm;

		seq_printf(m, "%10d %10d  %4o %10lu %5u %5u  %5lu ", p->key,
			   (int)p->id, p->mode, (unsigned long)shp->size,
			   (u32)shp->cpid, (u32)shp->lpid, shp->nattch);
		seq_printf(m, "%5u %5u %5u %5u %10llu %10llu %10llu ", p->uid,
			   p->gid, p->cuid, p->cgid,
			   (unsigned long long)shp->atime,
			   (unsigned long long)shp->dtime,
			   (unsigned long long)shp->ctime);
		seq_printf(m, "%10lu %10lu\n",
			   resident_pages(shp) << PAGE_SHIFT, 0ul);
	}
	return 0;
}

/**
 * shm_init() - no segments yet
 */
void shm_init(void)
{
	ipc_init_ids(&shm_ids);
	shm_cache = kmem_cache_create("shmid_kernel",
				      sizeof(struct shmid_kernel), 0,
				      SLAB_PANIC, NULL);
	shm_vm_ops = generic_file_vm_ops;
	shm_vm_ops.open = shm_open;
	shm_vm_ops.close = shm_close;
	shm_file_operations = tmpfs_file_operations;
	shm_file_operations.mmap = shm_mmap;
	shm_huge_file_operations = hugetlbfs_file_operations;
	shm_huge_file_operations.mmap = shm_mmap;
}
