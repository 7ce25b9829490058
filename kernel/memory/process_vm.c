/* SPDX-License-Identifier: MIT */
/*
 * One process reads, writes or advises the memory of another:
 * process_vm_readv, process_vm_writev, process_madvise. Bytes go from page to
 * page without a copy in between.
 */
#include <ashlar/err.h>
#include <ashlar/fs.h>
#include <ashlar/gup.h>
#include <ashlar/highmem.h>
#include <ashlar/mm_types.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/slab.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/pid.h>
#include <kernel/task/pidfd.h>
#include <kernel/task/ptrace.h>

/* @task's space with a user reference; ERR_PTR of -ESRCH or -EACCES. */
static struct mm_struct *space_of(struct task_struct *task, unsigned int mode)
{
	struct mm_struct *mm = task ? mm_access(task, mode) : NULL;

	return mm ? mm : ERR_PTR(-ESRCH);
}

/* Pieces of memory, being consumed. */
struct pieces {
	struct iovec *iov;
	unsigned long nr;
	size_t total; /* bytes */
	size_t offset; /* bytes of iov[0] that are done */
};

/* The array that a program passes; free p->iov with kfree. 0 or -errno. */
static int import_pieces(struct pieces *p, const struct iovec __user *uiov,
			 unsigned long nr)
{
	unsigned long i;

	p->iov = NULL;
	p->nr = nr;
	p->total = 0;
	p->offset = 0;
	if (nr > UIO_MAXIOV)
		return -EINVAL;
	if (!nr)
		return 0;
	p->iov = kmalloc_array(nr, sizeof(struct iovec), GFP_KERNEL);
	if (!p->iov)
		return -ENOMEM;
	if (copy_from_user(p->iov, uiov, nr * sizeof(struct iovec)))
		return -EFAULT;
	for (i = 0; i < nr; i++) {
		if ((s32)p->iov[i].iov_len < 0)
			return -EINVAL;
		p->total += p->iov[i].iov_len;
	}
	return (ssize_t)p->total < 0 ? -EINVAL : 0;
}

/* The program's own pieces must lie below the kernel. */
static int import_local(struct pieces *p, const struct iovec __user *uiov,
			unsigned long nr)
{
	int err = import_pieces(p, uiov, nr);
	unsigned long i;

	for (i = 0; !err && i < nr; i++)
		if (!access_ok((void *)p->iov[i].iov_base, p->iov[i].iov_len))
			err = -EFAULT;
	return err;
}

/* Where the first piece goes on, and for how many bytes; 0 at the end. */
static size_t next_bytes(struct pieces *p, unsigned long *addr)
{
	while (p->nr && p->offset == p->iov->iov_len) {
		p->iov++;
		p->nr--;
		p->offset = 0;
	}
	if (!p->nr)
		return 0;
	*addr = p->iov->iov_base + p->offset;
	return p->iov->iov_len - p->offset;
}

/* Bytes within one page of the other space; how many came over, or -errno. */
static long copy_remote(struct mm_struct *mm, unsigned long remote,
			unsigned long local, size_t n, bool write)
{
	struct page *page = get_user_page(mm, remote, write, false);
	unsigned long left;
	char *p;

	if (IS_ERR(page))
		return PTR_ERR(page);
	p = (char *)kmap(page) + remote % PAGE_SIZE;
	left = write ? copy_from_user(p, (void *)local, n) :
		       copy_to_user((void *)local, p, n);
	kunmap(page);
	put_page(page);
	return left == n ? -EFAULT : (long)(n - left);
}

/* Until one side ends; bytes copied, or -errno if there are none. */
static long copy_pieces(struct mm_struct *mm, struct pieces local,
			struct pieces remote, bool write)
{
	unsigned long to = 0, from = 0;
	size_t n, m, done = 0;
	long copied = 0;

	for (;;) {
		n = next_bytes(&remote, &from);
		m = next_bytes(&local, &to);
		n = min(min(n, m), (size_t)(PAGE_SIZE - from % PAGE_SIZE));
		if (!n)
			break;
		copied = copy_remote(mm, from, to, n, write);
		if (copied < 0)
			break;
		done += (size_t)copied;
		if ((size_t)copied < n)
			break;
		remote.offset += n;
		local.offset += n;
	}
	return done ? (long)done : copied;
}

static long process_vm_rw(pid_t pid, const struct iovec __user *lvec,
			  unsigned long liovcnt,
			  const struct iovec __user *rvec,
			  unsigned long riovcnt, unsigned long flags,
			  bool write)
{
	struct pieces local, remote = { .iov = NULL };
	struct mm_struct *mm;
	long ret;

	if (flags)
		return -EINVAL;
	ret = import_local(&local, lvec, liovcnt);
	if (!ret && local.total)
		ret = import_pieces(&remote, rvec, riovcnt);
	if (!ret && local.total && remote.total) {
		mm = space_of(find_task_by_pid(pid),
			      PTRACE_MODE_ATTACH_REALCREDS);
		if (IS_ERR(mm)) {
			ret = PTR_ERR(mm) == -EACCES ? -EPERM : PTR_ERR(mm);
		} else {
			ret = copy_pieces(mm, local, remote, write);
			mmput(mm);
		}
	}
	kfree(remote.iov);
	kfree(local.iov);
	return ret;
}

SYSCALL_DEFINE(process_vm_readv, pid_t pid, const struct iovec __user *lvec,
	       unsigned long liovcnt, const struct iovec __user *rvec,
	       unsigned long riovcnt, unsigned long flags)
{
	return process_vm_rw(pid, lvec, liovcnt, rvec, riovcnt, flags, false);
}

SYSCALL_DEFINE(process_vm_writev, pid_t pid, const struct iovec __user *lvec,
	       unsigned long liovcnt, const struct iovec __user *rvec,
	       unsigned long riovcnt, unsigned long flags)
{
	return process_vm_rw(pid, lvec, liovcnt, rvec, riovcnt, flags, true);
}

/* True for advice that another process's memory may be given. */
static bool process_madvise_valid(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT ||
	       advice == MADV_WILLNEED;
}

static long madvise_pieces(struct mm_struct *mm, const struct pieces *p,
			   int advice)
{
	unsigned long i;
	size_t done = 0;
	int err = 0;

	for (i = 0; i < p->nr && !err; i++) {
		err = mm_madvise(mm, p->iov[i].iov_base, p->iov[i].iov_len,
				 advice);
		if (!err)
			done += p->iov[i].iov_len;
	}
	return done ? (long)done : err;
}

SYSCALL_DEFINE(process_madvise, u32 pidfd, const struct iovec __user *vec,
	       unsigned long vlen, int advice, unsigned int flags)
{
	struct mm_struct *mm;
	struct pieces p;
	struct pid *pid;
	long ret;

	if (flags)
		return -EINVAL;
	ret = import_local(&p, vec, vlen);
	if (ret)
		goto out;
	pid = pidfd_get_pid(pidfd, NULL);
	if (IS_ERR(pid)) {
		ret = PTR_ERR(pid);
		goto out;
	}
	if (!process_madvise_valid(advice)) {
		ret = -EINVAL;
	} else {
		mm = space_of(pid->task, PTRACE_MODE_READ_FSCREDS);
		ret = IS_ERR(mm)	     ? PTR_ERR(mm) :
		      !capable(CAP_SYS_NICE) ? -EPERM :
					       madvise_pieces(mm, &p, advice);
		if (!IS_ERR(mm))
			mmput(mm);
	}
	put_pid(pid);
out:
	kfree(p.iov);
	return ret;
}
