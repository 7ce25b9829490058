/* SPDX-License-Identifier: MIT */
/*
 * The system calls of memory: a program's words become arguments of mm/'s
 * functions. What needs the running task, its files or its rights is here;
 * the rest is in mm/.
 */
#include <ashlar/commit.h>
#include <ashlar/fs.h>
#include <ashlar/err.h>
#include <ashlar/gfp.h>
#include <ashlar/hugetlb.h>
#include <ashlar/mm_types.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/seq_file.h>
#include <ashlar/task_mmu.h>
#include <ashlar/vmalloc.h>
#include <i386.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/hugetlbfs.h>
#include <kernel/fs/inode.h>
#include <kernel/fs/mount.h>
#include <kernel/fs/super.h>
#include <kernel/init.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/personality.h>

static int may_map_low(unsigned long addr)
{
	(void)addr;
	return capable(CAP_SYS_RAWIO) ? 0 : -EPERM;
}

static void file_id(const struct file *file, u32 *dev, u64 *ino)
{
	const struct inode *inode = file->f_inode;

	*dev = inode->i_sb ? inode->i_sb->s_dev : 0;
	*ino = inode->i_ino;
}

/* The administrator's reserve of promised memory. */
static bool may_use_reserve(void)
{
	return capable(CAP_SYS_ADMIN);
}

static void caller_name(struct seq_file *m, const void *caller)
{
	char name[64];

	sprint_symbol(name, (u32)caller);
	seq_puts(m, name);
}

/* A file from a mount that forbids programs is not mapped as one. */
static bool path_noexec(const struct file *file)
{
	return file->f_mnt && (file->f_mnt->flags & MS_NOEXEC);
}

/** mman_init() - at boot: what mm/ asks of the kernel. */
void mman_init(void)
{
	security_mmap_addr = may_map_low;
	vma_file_id = file_id;
	vma_file_noexec = path_noexec;
	vma_file_written = file_update_times;
	vm_commit_privileged = may_use_reserve;
	vmalloc_caller_name = caller_name;
}

SYSCALL_DEFINE(brk, unsigned long brk)
{
	return (long)mm_brk(current->mm, brk,
			    current->personality & READ_IMPLIES_EXEC ? VM_EXEC :
								       0);
}

/* What may be read may be run: what old programs with their stacks expect. */
static bool implies_exec(unsigned long prot)
{
	return (prot & PROT_READ) && (current->personality & READ_IMPLIES_EXEC);
}

/* Memory without a name, of huge pages: a file of its own. */
static long mmap_hugetlb(unsigned long addr, unsigned long len,
			 unsigned long prot, unsigned long flags,
			 unsigned long pgoff)
{
	struct file *file;
	long ret;

	len = hugetlb_align(len);
	file = hugetlb_file_setup("anon_hugepage", len, VM_NORESERVE,
				  (flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK);
	if (IS_ERR(file))
		return PTR_ERR(file) == -ENODEV ? -EINVAL : PTR_ERR(file);
	ret = (long)ksys_mmap(current->mm, file, addr, len,
			      implies_exec(prot) ? prot | PROT_EXEC : prot,
			      flags & ~(unsigned long)MAP_ANONYMOUS, pgoff);
	fput(file);
	return ret;
}

static long mmap_pgoff(unsigned long addr, unsigned long len,
		       unsigned long prot, unsigned long flags, u32 fd,
		       unsigned long pgoff)
{
	struct file *file;
	long ret;

	if (flags & MAP_ANONYMOUS) {
		if (flags & MAP_HUGETLB)
			return mmap_hugetlb(addr, len, prot, flags, pgoff);
		if (implies_exec(prot))
			prot |= PROT_EXEC;
		return (long)ksys_mmap(current->mm, NULL, addr, len, prot,
				       flags, pgoff);
	}
	file = fget(fd);
	if (!file)
		return -EBADF;
	if (is_file_hugepages(file))
		len = hugetlb_align(len);
	if ((flags & MAP_HUGETLB) && !is_file_hugepages(file))
		ret = -EINVAL;
	else
		ret = (long)ksys_mmap(current->mm, file, addr, len,
				      implies_exec(prot) && !path_noexec(file) ?
					      prot | PROT_EXEC :
					      prot,
				      flags, pgoff);
	fput(file);
	return ret;
}

SYSCALL_DEFINE(mmap2, unsigned long addr, unsigned long len, unsigned long prot,
	       unsigned long flags, u32 fd, unsigned long pgoff)
{
	return mmap_pgoff(addr, len, prot, flags, fd, pgoff);
}

struct mmap_arg_struct {
	u32 addr, len, prot, flags, fd, offset;
};

SYSCALL_DEFINE(old_mmap, const struct mmap_arg_struct __user *arg)
{
	struct mmap_arg_struct a;

	if (copy_from_user(&a, arg, sizeof(a)))
		return -EFAULT;
	if (a.offset & ~PAGE_MASK)
		return -EINVAL;
	return mmap_pgoff(a.addr, a.len, a.prot, a.flags, a.fd,
			  a.offset >> PAGE_SHIFT);
}

SYSCALL_DEFINE(munmap, unsigned long addr, size_t len)
{
	return vm_munmap(current->mm, addr, len);
}

SYSCALL_DEFINE(mprotect, unsigned long start, size_t len, unsigned long prot)
{
	if (prot & PROT_EXEC_IF_MAY)
		return -EINVAL;
	if (implies_exec(prot))
		prot |= PROT_EXEC_IF_MAY;
	return mm_mprotect(current->mm, start, len, prot);
}

SYSCALL_DEFINE(mremap, unsigned long addr, unsigned long old_len,
	       unsigned long new_len, unsigned long flags,
	       unsigned long new_addr)
{
	return (long)mm_mremap(current->mm, addr, old_len, new_len, flags,
			       new_addr);
}

SYSCALL_DEFINE(remap_file_pages, unsigned long start, unsigned long size,
	       unsigned long prot, unsigned long pgoff, unsigned long flags)
{
	return mm_remap_file_pages(current->mm, start, size, prot, pgoff,
				   flags);
}

SYSCALL_DEFINE(msync, unsigned long start, size_t len, int flags)
{
	return mm_msync(current->mm, start, len, flags);
}

SYSCALL_DEFINE(madvise, unsigned long start, size_t len, int advice)
{
	return mm_madvise(current->mm, start, len, advice);
}

/* The program's bytes, a page of them at a time. */
SYSCALL_DEFINE(mincore, unsigned long start, size_t len, u8 __user *vec)
{
	unsigned long pages = PAGE_ALIGN((u64)len) >> PAGE_SHIFT, n;
	long err = 0;
	u8 *buf;

	if (start & ~PAGE_MASK)
		return -EINVAL;
	if (!access_ok((void *)start, len))
		return -ENOMEM;
	if (!access_ok(vec, pages))
		return -EFAULT;
	buf = (u8 *)__get_free_page(GFP_USER);
	if (!buf)
		return -EAGAIN;
	for (; pages && !err; pages -= n) {
		n = min(pages, PAGE_SIZE);
		err = mm_mincore(current->mm, start, n, buf);
		if (!err && copy_to_user(vec, buf, n))
			err = -EFAULT;
		start += n << PAGE_SHIFT;
		vec += n;
	}
	free_page((unsigned long)buf);
	return err;
}

SYSCALL_DEFINE(mlock, unsigned long start, size_t len)
{
	return mm_mlock(current->mm, start, len, VM_LOCKED);
}

SYSCALL_DEFINE(mlock2, unsigned long start, size_t len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return mm_mlock(current->mm, start, len,
			VM_LOCKED |
				(flags & MLOCK_ONFAULT ? VM_LOCKONFAULT : 0));
}

SYSCALL_DEFINE(munlock, unsigned long start, size_t len)
{
	return mm_munlock(current->mm, start, len);
}

SYSCALL_DEFINE(mlockall, int flags)
{
	return mm_mlockall(current->mm, flags);
}

SYSCALL_DEFINE(munlockall, void)
{
	return mm_munlockall(current->mm);
}
