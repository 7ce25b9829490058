/* SPDX-License-Identifier: MIT */
/*
 * userfaultfd(2): a file from which a program hears of missing pages, and
 * through which it provides them. The areas and pages are mm/userfaultfd.c's.
 *
 *   who faults            the file                  the watcher
 *      │   new fault     ┌─────────┐
 *      ├───────────────→ │ pending │ ── read() ──→ a message
 *      ┊                 │    ↓    │                  │
 *      ┊                 │  told   │                  │
 *      │     woken       └─────────┘                  │
 *      └←── by address ──────────── UFFDIO_COPY, _ZEROPAGE, _WAKE
 *
 * A fault is an object on the stack of who waits; it is on one of the two
 * lists until it is woken. The watcher may be another process, to which the
 * file was passed: it refers to the address space it was made in, but does
 * not keep its areas.
 *
 * Whoever ends is not to wait for pages, nor a fault of the kernel's for him,
 * when UFFD_USER_MODE_ONLY was said: both get what there is without a page,
 * SIGBUS or EFAULT.
 *
 * Locks: none of its own; nothing between a look and its use sleeps.
 */
#include <ashlar/atomic.h>
#include <ashlar/err.h>
#include <ashlar/fault.h>
#include <ashlar/fs.h>
#include <ashlar/highmem.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/userfaultfd.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/file.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/poll.h>
#include <kernel/fs/stat.h>
#include <kernel/fs/userfaultfd.h>
#include <kernel/sched/wait.h>
#include <kernel/syscall.h>
#include <kernel/task/cred.h>
#include <kernel/task/process.h>

#define UFFD_USER_MODE_ONLY 1u
#define UFFD_API 0xaau
#define UFFD_EVENT_PAGEFAULT 0x12
#define UFFD_PAGEFAULT_FLAG_WRITE 1u

#define UFFD_FEATURE_SIGBUS 0x80u
#define UFFD_FEATURE_THREAD_ID 0x100u
#define UFFD_FEATURES (UFFD_FEATURE_SIGBUS | UFFD_FEATURE_THREAD_ID)

#define USERFAULTFD_IOC_NEW 0xaa00u
#define UFFDIO_REGISTER 0xc020aa00u
#define UFFDIO_UNREGISTER 0x8010aa01u
#define UFFDIO_WAKE 0x8010aa02u
#define UFFDIO_COPY 0xc028aa03u
#define UFFDIO_ZEROPAGE 0xc020aa04u
#define UFFDIO_API 0xc018aa3fu

#define API_IOCTLS ((1ull << 0x3f) | (1ull << 1) | (1ull << 0))
#define RANGE_IOCTLS ((1ull << 4) | (1ull << 3) | (1ull << 2))

#define REGISTER_MODE_MISSING 1u
#define MODE_DONTWAKE 1u

struct uffd_msg {
	u8 event, reserved1;
	u16 reserved2;
	u32 reserved3;
	u64 flags, address;
	u32 ptid, reserved4;
};

_Static_assert(sizeof(struct uffd_msg) == 32, "as Linux's");

struct uffdio_api {
	u64 api, features, ioctls;
};

struct uffdio_range {
	u64 start, len;
};

struct uffdio_register {
	struct uffdio_range range;
	u64 mode, ioctls;
};

struct uffdio_copy {
	u64 dst, src, len, mode;
	s64 copy;
};

struct uffdio_zeropage {
	struct uffdio_range range;
	u64 mode;
	s64 zeropage;
};

struct userfaultfd {
	struct mm_struct *mm; /* mm_count */
	struct list_head pending, told; /* struct userfault */
	struct wait_queue_head readers, faulters;
	unsigned int users; /* the file, and who waits */
	u32 flags; /* of userfaultfd(2) */
	u32 features; /* UFFD_FEATURE_* */
	bool ready; /* UFFDIO_API was called */
	bool released; /* the file was closed */
};

/* An access that waits for its page. */
struct userfault {
	struct list_head list;
	struct uffd_msg msg;
	bool woken; /* and on no list */
};

int sysctl_unprivileged_userfaultfd;

static void put_context(struct userfaultfd *u)
{
	if (--u->users)
		return;
	mmdrop(u->mm);
	kfree(u);
}

/* ---- who faults ---- */

static void describe(struct uffd_msg *msg, const struct userfaultfd *u,
		     unsigned long addr, unsigned int flags)
{
	memset(msg, 0, sizeof(*msg));
	msg->event = UFFD_EVENT_PAGEFAULT;
	msg->address = addr;
	if (flags & FAULT_FLAG_WRITE)
		msg->flags = UFFD_PAGEFAULT_FLAG_WRITE;
	if (u->features & UFFD_FEATURE_THREAD_ID)
		msg->ptid = (u32)current->pid;
}

/* True if the page is to be waited for at all. */
static bool may_wait(const struct userfaultfd *u, unsigned int flags)
{
	if (u->features & UFFD_FEATURE_SIGBUS)
		return false;
	if (u->flags & UFFD_USER_MODE_ONLY && !(flags & FAULT_FLAG_USER))
		return false;
	return !(current->flags & PF_EXITING) && !current->signal->group_exit;
}

/* The kernel's side of vm_userfault: see <ashlar/userfaultfd.h>. */
static vm_fault_t handle_userfault(struct vm_area_struct *vma,
				   unsigned long addr, unsigned int flags)
{
	struct userfaultfd *u = vma->vm_private_data;
	struct mm_struct *mm = vma->vm_mm;
	struct userfault fault;
	int err;

	if (!may_wait(u, flags))
		return VM_FAULT_SIGBUS;
	describe(&fault.msg, u, addr, flags);
	fault.woken = u->released || !userfault_is_due(mm, addr);
	if (!fault.woken) {
		list_add_tail(&fault.list, &u->pending);
		wake_up_poll(&u->readers, POLLIN | POLLRDNORM);
	}
	u->users++;
	up_read(&mm->mmap_lock);
	err = flags & FAULT_FLAG_USER ?
		      wait_event_interruptible(&u->faulters, fault.woken) :
		      wait_event_killable(&u->faulters, fault.woken);
	if (!fault.woken)
		list_del(&fault.list);
	put_context(u);
	down_read(&mm->mmap_lock);
	return err && !(flags & FAULT_FLAG_USER) ? VM_FAULT_SIGBUS :
						   VM_FAULT_RETRY;
}

static bool wake_list(struct list_head *list, u64 start, u64 len)
{
	struct userfault *fault, *next;
	bool any = false;

	list_for_each_entry_safe(fault, next, list, list) {
		if (fault->msg.address - start >= len)
			continue;
		list_del(&fault->list);
		fault->woken = true;
		any = true;
	}
	return any;
}

/* Wake those who wait for pages of a range; they try again. */
static void wake_range(struct userfaultfd *u, u64 start, u64 len)
{
	bool pending = wake_list(&u->pending, start, len);

	if (wake_list(&u->told, start, len) || pending)
		wake_up(&u->faulters);
}

/* ---- read and poll ---- */

static ssize_t userfaultfd_read(struct file *f, struct iov_iter *to,
				loff_t *pos)
{
	struct userfaultfd *u = f->private_data;
	struct userfault *fault;
	struct uffd_msg msg;
	ssize_t done = 0;
	int err;

	(void)pos;
	if (!u->ready)
		return -EINVAL;
	while (to->count >= sizeof(msg)) {
		if (list_empty(&u->pending) &&
		    (done || f->f_flags & O_NONBLOCK))
			return done ? done : -EAGAIN;
		err = wait_event_interruptible(&u->readers,
					       !list_empty(&u->pending));
		if (err)
			return err;
		fault = list_first_entry(&u->pending, struct userfault, list);
		msg = fault->msg;
		list_move_tail(&fault->list, &u->told);
		if (copy_to_iter(&msg, sizeof(msg), to) != sizeof(msg))
			return done ? done : -EFAULT;
		done += (ssize_t)sizeof(msg);
	}
	return done ? done : -EINVAL;
}

/* As on Linux, a file that would block has nothing to be polled for. */
static u32 userfaultfd_poll(struct file *f, struct poll_table *pt)
{
	struct userfaultfd *u = f->private_data;

	poll_wait(&u->readers, pt);
	if (!u->ready || !(f->f_flags & O_NONBLOCK))
		return POLLERR;
	return list_empty(&u->pending) ? 0 : POLLIN;
}

static void userfaultfd_release(struct file *f)
{
	struct userfaultfd *u = f->private_data;

	u->released = true;
	if (mmget_not_zero(u->mm)) {
		userfaultfd_forget(u->mm, u);
		mmput(u->mm);
	}
	wake_range(u, 0, ~0ull);
	put_context(u);
}

/* ---- ioctl ---- */

/* A range of whole pages that a program can have. */
static int check_range(u64 start, u64 len)
{
	if (start & ~PAGE_MASK || len & ~PAGE_MASK || !len ||
	    start < MMAP_MIN_ADDR || start >= TASK_SIZE ||
	    len > TASK_SIZE - start)
		return -EINVAL;
	return 0;
}

static long uffd_api(struct userfaultfd *u, struct uffdio_api __user *arg)
{
	struct uffdio_api api;
	long err = -EINVAL;

	if (copy_from_user(&api, arg, sizeof(api)))
		return -EFAULT;
	if (api.api == UFFD_API && !(api.features & ~(u64)UFFD_FEATURES) &&
	    !u->ready) {
		u->features = (u32)api.features;
		u->ready = true;
		api.features = UFFD_FEATURES;
		api.ioctls = API_IOCTLS;
		err = 0;
	} else {
		memset(&api, 0, sizeof(api));
	}
	return copy_to_user(arg, &api, sizeof(api)) ? -EFAULT : err;
}

/* Watch a range, or no longer (@who is NULL), while there are areas. */
static long watch(struct userfaultfd *u, const struct uffdio_range *range,
		  struct userfaultfd *who)
{
	long err = check_range(range->start, range->len);

	if (err)
		return err;
	if (!mmget_not_zero(u->mm))
		return -ENOMEM;
	err = userfaultfd_watch(u->mm, (unsigned long)range->start,
				(unsigned long)(range->start + range->len),
				who);
	mmput(u->mm);
	return err;
}

static long uffd_register(struct userfaultfd *u,
			  struct uffdio_register __user *arg)
{
	static const u64 ioctls = RANGE_IOCTLS;
	struct uffdio_register r;
	long err;

	if (copy_from_user(&r, arg, sizeof(r) - sizeof(r.ioctls)))
		return -EFAULT;
	if (r.mode != REGISTER_MODE_MISSING)
		return -EINVAL;
	err = watch(u, &r.range, u);
	if (err)
		return err;
	return copy_to_user(&arg->ioctls, &ioctls, sizeof(ioctls)) ? -EFAULT :
								     0;
}

static long uffd_unregister(struct userfaultfd *u, const void __user *arg)
{
	struct uffdio_range range;
	long err;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	err = watch(u, &range, NULL);
	if (!err)
		wake_range(u, range.start, range.len);
	return err;
}

static long uffd_wake(struct userfaultfd *u, const void __user *arg)
{
	struct uffdio_range range;
	long err;

	if (copy_from_user(&range, arg, sizeof(range)))
		return -EFAULT;
	err = check_range(range.start, range.len);
	if (!err)
		wake_range(u, range.start, range.len);
	return err;
}

/* A page with the program's bytes, or ERR_PTR. */
static struct page *page_of_user(unsigned long src)
{
	struct page *page = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	unsigned long left;

	if (!page)
		return ERR_PTR(-ENOMEM);
	left = copy_from_user(kmap(page), (const void __user *)src, PAGE_SIZE);
	kunmap(page);
	if (!left)
		return page;
	put_page(page);
	return ERR_PTR(-EFAULT);
}

/* @src, or zeroes if it is 0, to [dst, dst + len): bytes done, or -errno. */
static s64 fill(struct mm_struct *mm, unsigned long dst, unsigned long src,
		unsigned long len)
{
	unsigned long done = 0;
	struct page *page = NULL;
	int err = userfaultfd_covers(mm, dst, len);

	for (; !err && done < len; done += PAGE_SIZE) {
		if (src)
			page = page_of_user(src + done);
		if (IS_ERR(page))
			err = (int)PTR_ERR(page);
		else
			err = mfill_page(mm, dst + done, page);
		if (err)
			break;
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	return done ? (s64)done : err;
}

/* fill() for an ioctl: says how much at @result, and wakes who waits. */
static long fill_and_wake(struct userfaultfd *u, u64 dst, u64 src, u64 len,
			  bool wake, s64 __user *result)
{
	s64 done;

	if (!mmget_not_zero(u->mm))
		return -ESRCH;
	done = fill(u->mm, (unsigned long)dst, (unsigned long)src,
		    (unsigned long)len);
	mmput(u->mm);
	if (copy_to_user(result, &done, sizeof(done)))
		return -EFAULT;
	if (done < 0)
		return (long)done;
	if (wake)
		wake_range(u, dst, (u64)done);
	return (u64)done == len ? 0 : -EAGAIN;
}

static long uffd_copy(struct userfaultfd *u, struct uffdio_copy __user *arg)
{
	struct uffdio_copy c;
	long err;

	if (copy_from_user(&c, arg, sizeof(c) - sizeof(c.copy)))
		return -EFAULT;
	err = check_range(c.dst, c.len);
	if (err)
		return err;
	if (c.src + c.len <= c.src || c.mode & ~(u64)MODE_DONTWAKE)
		return -EINVAL;
	if (!c.src || c.src + c.len > TASK_SIZE)
		return -EFAULT;
	return fill_and_wake(u, c.dst, c.src, c.len, !(c.mode & MODE_DONTWAKE),
			     &arg->copy);
}

static long uffd_zeropage(struct userfaultfd *u,
			  struct uffdio_zeropage __user *arg)
{
	struct uffdio_zeropage z;
	long err;

	if (copy_from_user(&z, arg, sizeof(z) - sizeof(z.zeropage)))
		return -EFAULT;
	err = check_range(z.range.start, z.range.len);
	if (err)
		return err;
	if (z.mode & ~(u64)MODE_DONTWAKE)
		return -EINVAL;
	return fill_and_wake(u, z.range.start, 0, z.range.len,
			     !(z.mode & MODE_DONTWAKE), &arg->zeropage);
}

static long userfaultfd_ioctl(struct file *f, unsigned int cmd,
			      unsigned long arg)
{
	struct userfaultfd *u = f->private_data;

	if (cmd != UFFDIO_API && !u->ready)
		return -EINVAL;
	switch (cmd) {
	case UFFDIO_API:
		return uffd_api(u, (void __user *)arg);
	case UFFDIO_REGISTER:
		return uffd_register(u, (void __user *)arg);
	case UFFDIO_UNREGISTER:
		return uffd_unregister(u, (void __user *)arg);
	case UFFDIO_WAKE:
		return uffd_wake(u, (void __user *)arg);
	case UFFDIO_COPY:
		return uffd_copy(u, (void __user *)arg);
	case UFFDIO_ZEROPAGE:
		return uffd_zeropage(u, (void __user *)arg);
	}
	return -EINVAL;
}

static const struct file_operations userfaultfd_fops = {
	.llseek = noop_llseek,
	.read_iter = userfaultfd_read,
	.poll = userfaultfd_poll,
	.ioctl = userfaultfd_ioctl,
	.release = userfaultfd_release,
};

/* ---- a new one ---- */

static long new_userfaultfd(u32 flags)
{
	struct userfaultfd *u;
	int fd;

	if (flags & ~(UFFD_USER_MODE_ONLY | O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	u = kzalloc(sizeof(*u), GFP_KERNEL);
	if (!u)
		return -ENOMEM;
	INIT_LIST_HEAD(&u->pending);
	INIT_LIST_HEAD(&u->told);
	init_waitqueue_head(&u->readers);
	init_waitqueue_head(&u->faulters);
	u->users = 1;
	u->flags = flags;
	u->mm = current->mm;
	mmgrab(u->mm);
	fd = anon_inode_getfd("anon_inode:[userfaultfd]", &userfaultfd_fops, u,
			      O_RDONLY | (flags & (O_CLOEXEC | O_NONBLOCK)));
	if (fd < 0)
		put_context(u);
	return fd;
}

SYSCALL_DEFINE(userfaultfd, u32 flags)
{
	if (!(flags & UFFD_USER_MODE_ONLY) &&
	    !sysctl_unprivileged_userfaultfd && !capable(CAP_SYS_PTRACE))
		return -EPERM;
	return new_userfaultfd(flags);
}

/* /dev/userfaultfd: whoever may open it may have one. */
static long device_ioctl(struct file *f, unsigned int cmd, unsigned long flags)
{
	(void)f;
	return cmd == USERFAULTFD_IOC_NEW ? new_userfaultfd((u32)flags) :
					    -EINVAL;
}

static const struct file_operations device_fops = {
	.llseek = noop_llseek,
	.ioctl = device_ioctl,
};

#define USERFAULTFD_MINOR 126

/** userfaultfd_init() - the device; boot */
void userfaultfd_init(void)
{
	vm_userfault = handle_userfault;
	register_chrdev(MISC_MAJOR, USERFAULTFD_MINOR, 1, "misc", &device_fops);
	devtmpfs_create("userfaultfd", S_IFCHR | 0600,
			MKDEV(MISC_MAJOR, USERFAULTFD_MINOR));
}
