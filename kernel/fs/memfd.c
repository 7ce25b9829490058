/* SPDX-License-Identifier: MIT */
/*
 * memfd_create: a file without a name, in memory, that can be sealed. The
 * bytes, the seals and what they forbid are mm/shmem.c's, or, of huge pages,
 * mm/hugetlb_file.c's.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/hugetlb.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <kernel/fs/dentry.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/hugetlbfs.h>
#include <kernel/fs/tmpfs.h>
#include <kernel/syscall.h>

#define MFD_CLOEXEC 0x1u
#define MFD_ALLOW_SEALING 0x2u
#define MFD_HUGETLB 0x4u

#define MFD_NAME_PREFIX "memfd:"
#define MFD_NAME_PREFIX_LEN (sizeof(MFD_NAME_PREFIX) - 1)
#define MFD_NAME_MAX (NAME_MAX - MFD_NAME_PREFIX_LEN)

/* "memfd:" and the program's name, or ERR_PTR. */
static char *memfd_name(const char __user *uname)
{
	char *name = kmalloc(NAME_MAX + 2, GFP_KERNEL);
	long len;

	if (!name)
		return ERR_PTR(-ENOMEM);
	memcpy(name, MFD_NAME_PREFIX, MFD_NAME_PREFIX_LEN);
	len = strncpy_from_user(name + MFD_NAME_PREFIX_LEN, uname,
				MFD_NAME_MAX + 1);
	if (len >= 0 && len <= (long)MFD_NAME_MAX)
		return name;
	kfree(name);
	return ERR_PTR(len < 0 ? len : -EINVAL);
}

SYSCALL_DEFINE(memfd_create, const char __user *uname, u32 flags)
{
	u32 known = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB;
	struct file *f;
	char *name;
	int fd;

	if (flags & MFD_HUGETLB)
		known |= MAP_HUGE_MASK << MAP_HUGE_SHIFT;
	if (flags & ~known)
		return -EINVAL;
	name = memfd_name(uname);
	if (IS_ERR(name))
		return PTR_ERR(name);
	fd = get_unused_fd_flags(flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		goto out;
	if (flags & MFD_HUGETLB)
		f = hugetlb_file_setup(name, 0, VM_NORESERVE,
				       flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK);
	else
		f = shmem_file_setup(name, 0, VM_NORESERVE_FILE);
	if (IS_ERR(f)) {
		put_unused_fd((unsigned int)fd);
		fd = (int)PTR_ERR(f);
		goto out;
	}
	f->f_flags |= O_LARGEFILE;
	if (flags & MFD_ALLOW_SEALING)
		f->f_mapping->seals &= ~F_SEAL_SEAL;
	fd_install((unsigned int)fd, f);
out:
	kfree(name);
	return fd;
}

/* Files that can have seals. */
static struct address_space *sealable(struct file *f)
{
	return f->f_op == &tmpfs_file_operations || is_file_hugepages(f) ?
		       f->f_mapping :
		       NULL;
}

/**
 * memfd_fcntl() - fcntl(F_ADD_SEALS, F_GET_SEALS)
 * @f: any file
 * @cmd: one of the two
 * @arg: F_SEAL_*
 *
 * Return: what the call returns.
 */
long memfd_fcntl(struct file *f, u32 cmd, u32 arg)
{
	struct address_space *m = sealable(f);

	if (!m)
		return -EINVAL;
	if (cmd == F_GET_SEALS)
		return (long)m->seals;
	if (!(f->f_mode & FMODE_WRITE))
		return -EPERM;
	return shmem_add_seals(m, arg);
}
