/* SPDX-License-Identifier: MIT */
/*
 * poll and select: sleep until one of several files is ready.
 *
 * In the first round each file's poll() names the queues that it wakes, and
 * we join them; a file that is ready, or a timeout of zero, ends that, and
 * later rounds only look. The state is set before the round, so a wake-up
 * that comes while we look is not lost.
 *
 *   poll_wqueues ┌ pt.queue = __pollwait while joining, then NULL
 *                ├ inline_entries[]
 *                └ more ─→ chunk ─→ chunk       one page each
 */
#include <ashlar/atomic.h>
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/resource.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/poll.h>
#include <kernel/sched/wait.h>
#include <kernel/signal/signal.h>
#include <kernel/syscall.h>
#include <kernel/task/personality.h>
#include <kernel/task/process.h>
#include <kernel/time/time.h>
#include "internal.h"

#define INLINE_ENTRIES 6
#define INLINE_POLLFDS 16
#define SELECT_WORDS 8 /* fd sets up to 256 bits stay on the stack */

struct pollfd {
	s32 fd;
	u16 events, revents;
};

struct poll_entry {
	struct wait_queue_entry wait;
	struct wait_queue_head *queue;
	struct file *file; /* with a reference if others may close it */
};

struct poll_chunk {
	struct poll_chunk *next;
	unsigned int used;
	struct poll_entry entries[];
};

#define CHUNK_ENTRIES \
	((PAGE_SIZE - sizeof(struct poll_chunk)) / sizeof(struct poll_entry))

struct poll_wqueues {
	struct poll_table pt;
	struct file *file; /* that is being asked */
	bool shared, error;
	unsigned int used;
	struct poll_chunk *more;
	struct poll_entry inline_entries[INLINE_ENTRIES];
};

/* ---- queues ---- */

static struct poll_entry *new_entry(struct poll_wqueues *w)
{
	struct poll_chunk *c = w->more;

	if (w->used < INLINE_ENTRIES)
		return &w->inline_entries[w->used++];
	if (!c || c->used == CHUNK_ENTRIES) {
		c = kmalloc(PAGE_SIZE, GFP_KERNEL);
		if (!c)
			return NULL;
		c->next = w->more;
		c->used = 0;
		w->more = c;
	}
	return &c->entries[c->used++];
}

static void __pollwait(struct poll_table *pt, struct wait_queue_head *q)
{
	struct poll_wqueues *w = container_of(pt, struct poll_wqueues, pt);
	struct poll_entry *e = new_entry(w);

	if (!e) {
		w->error = true;
		return;
	}
	e->file = w->shared ? get_file(w->file) : NULL;
	e->queue = q;
	init_wait_entry(&e->wait);
	add_wait_queue(q, &e->wait);
}

static void free_entry(struct poll_entry *e)
{
	remove_wait_queue(e->queue, &e->wait);
	if (e->file)
		fput(e->file);
}

static void poll_initwait(struct poll_wqueues *w, u64 expires)
{
	w->pt.queue = expires ? __pollwait : NULL;
	w->shared = atomic_read(&current->files->count) != 1;
	w->error = false;
	w->used = 0;
	w->more = NULL;
}

static void poll_freewait(struct poll_wqueues *w)
{
	struct poll_chunk *c;
	unsigned int i;

	set_current_state(TASK_RUNNING);
	for (i = 0; i < w->used; i++)
		free_entry(&w->inline_entries[i]);
	while ((c = w->more)) {
		w->more = c->next;
		for (i = 0; i < c->used; i++)
			free_entry(&c->entries[i]);
		kfree(c);
	}
}

static u32 ask(struct poll_wqueues *w, struct file *f)
{
	w->file = f;
	return vfs_poll(f, &w->pt);
}

/*
 * One round found @count files ready. Return: true, after a sleep, if the files
 * are to be looked at again; false if *@ret is what the call returns.
 */
static bool poll_again(struct poll_wqueues *w, u64 *expires, int count,
		       int *ret)
{
	w->pt.queue = NULL;
	*ret = count;
	if (!count && w->error)
		*ret = -ENOMEM;
	else if (!count && signal_pending(current))
		*ret = -EINTR;
	if (*ret || !*expires)
		return false;
	if (*expires == NEVER)
		schedule();
	else if (schedule_until(*expires))
		*expires = 0;
	return true;
}

/* ---- timeouts ---- */

static u64 expiry(u64 ns)
{
	u64 expires;

	if (!ns)
		return 0;
	expires = ktime_get() + ns;
	return expires < ns ? NEVER : expires;
}

static int read_time(const void __user *t, enum time_kind kind, s64 *sec,
		     s32 *nsec)
{
	struct timespec64 t64;
	s32 t32[2];

	if (kind == TIMESPEC64) {
		if (copy_from_user(&t64, t, sizeof(t64)))
			return -EFAULT;
		*sec = t64.tv_sec;
		*nsec = (s32)t64.tv_nsec;
		return 0;
	}
	if (copy_from_user(t32, t, sizeof(t32)))
		return -EFAULT;
	*sec = t32[0];
	*nsec = t32[1];
	if (kind == TIMESPEC32)
		return 0;
	*sec += t32[1] / 1000000;
	*nsec = t32[1] % 1000000 * 1000;
	return 0;
}

/* When to wake up; 0: do not sleep; NEVER without a timeout. */
int get_expiry(const void __user *t, enum time_kind kind, u64 *expires)
{
	s64 sec;
	s32 nsec;
	int err;

	*expires = NEVER;
	if (!t)
		return 0;
	err = read_time(t, kind, &sec, &nsec);
	if (err)
		return err;
	if (sec < 0 || (u32)nsec >= NSEC_PER_SEC)
		return -EINVAL;
	if (sec < 1ll << 32)
		*expires = expiry((u64)sec * NSEC_PER_SEC + (u32)nsec);
	return 0;
}

/* Linux tells how much time was left, where the memory can be written. */
static void put_remaining(void __user *t, enum time_kind kind, u64 expires)
{
	u64 now = ktime_get(), left;
	struct timespec64 t64;
	u32 t32[2];
	unsigned long ignored;

	if (!t || expires == NEVER || current->personality & STICKY_TIMEOUTS)
		return;
	left = expires > now ? expires - now : 0;
	t32[0] = ns_to_seconds(left, &t32[1]);
	if (kind == TIMESPEC64) {
		t64.tv_sec = t32[0];
		t64.tv_nsec = t32[1];
		ignored = copy_to_user(t, &t64, sizeof(t64));
	} else {
		if (kind == TIMEVAL32)
			t32[1] /= 1000;
		ignored = copy_to_user(t, t32, sizeof(t32));
	}
	(void)ignored;
}

/* ---- masks of ppoll and pselect ---- */

int use_sigmask(const sigset_t __user *mask, u32 size)
{
	sigset_t set;

	if (!mask)
		return 0;
	if (size != sizeof(set))
		return -EINVAL;
	if (copy_from_user(&set, mask, sizeof(set)))
		return -EFAULT;
	current->saved_sigmask = current->blocked;
	set_current_blocked(set);
	return 0;
}

/* A signal that ended the call is delivered with the mask still in force. */
void restore_sigmask(const sigset_t __user *mask, bool interrupted)
{
	if (!mask)
		return;
	if (interrupted)
		current->restore_sigmask = true;
	else
		set_current_blocked(current->saved_sigmask);
}

/* ---- poll ---- */

static int poll_one(struct poll_wqueues *w, struct pollfd *p)
{
	u32 mask = 0;
	struct fd f;

	if (p->fd >= 0) {
		f = fdget((unsigned int)p->fd);
		mask = POLLNVAL;
		if (f.file)
			mask = ask(w, f.file) & (p->events | POLLERR | POLLHUP);
		fdput(f);
	}
	p->revents = (u16)mask;
	if (mask)
		w->pt.queue = NULL;
	return mask != 0;
}

static int poll_fds(struct pollfd *fds, unsigned int n, u64 expires)
{
	struct poll_wqueues w;
	unsigned int i;
	int count, ret;

	poll_initwait(&w, expires);
	do {
		set_current_state(TASK_INTERRUPTIBLE);
		count = 0;
		for (i = 0; i < n; i++)
			count += poll_one(&w, &fds[i]);
	} while (poll_again(&w, &expires, count, &ret));
	poll_freewait(&w);
	return ret;
}

static int do_poll(struct pollfd __user *ufds, u32 n, u64 expires)
{
	struct pollfd stack[INLINE_POLLFDS], *fds = stack;
	int ret = -EFAULT;
	u32 i;

	if (n > rlimit(RLIMIT_NOFILE))
		return -EINVAL;
	if (n > INLINE_POLLFDS) {
		fds = kvmalloc(n * sizeof(*fds), GFP_KERNEL);
		if (!fds)
			return -ENOMEM;
	}
	if (copy_from_user(fds, ufds, n * sizeof(*fds)))
		goto out;
	ret = poll_fds(fds, n, expires);
	for (i = 0; i < n; i++)
		if (put_user(fds[i].revents, &ufds[i].revents)) {
			ret = -EFAULT;
			break;
		}
out:
	if (fds != stack)
		kvfree(fds);
	return ret;
}

static long restart_poll(struct restart_block *r);

/* A signal without a handler lets the wait go on to the same moment. */
static long interrupted_poll(struct pollfd __user *ufds, u32 n, u64 expires)
{
	struct restart_block *r = &current->restart_block;

	r->fn = restart_poll;
	r->a = (u32)(uintptr_t)ufds;
	r->b = n;
	r->expires = expires;
	return -ERESTART_RESTARTBLOCK;
}

static long restart_poll(struct restart_block *r)
{
	struct pollfd __user *ufds = (void __user *)(uintptr_t)r->a;
	u64 expires = r->expires;
	u32 n = r->b;
	int ret = do_poll(ufds, n, expires);

	return ret == -EINTR ? interrupted_poll(ufds, n, expires) : ret;
}

SYSCALL_DEFINE(poll, struct pollfd __user *ufds, u32 n, s32 timeout_ms)
{
	u64 expires = timeout_ms < 0 ? NEVER :
				       expiry((u64)timeout_ms * NSEC_PER_MSEC);
	int ret = do_poll(ufds, n, expires);

	return ret == -EINTR ? interrupted_poll(ufds, n, expires) : ret;
}

static long do_ppoll(struct pollfd __user *ufds, u32 n, void __user *timeout,
		     const sigset_t __user *mask, u32 size, enum time_kind kind)
{
	u64 expires;
	int ret;

	ret = get_expiry(timeout, kind, &expires);
	if (!ret)
		ret = use_sigmask(mask, size);
	if (ret)
		return ret;
	ret = do_poll(ufds, n, expires);
	restore_sigmask(mask, ret == -EINTR);
	put_remaining(timeout, kind, expires);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

SYSCALL_DEFINE(ppoll, struct pollfd __user *ufds, u32 n, void __user *timeout,
	       const sigset_t __user *mask, u32 size)
{
	return do_ppoll(ufds, n, timeout, mask, size, TIMESPEC32);
}

SYSCALL_DEFINE(ppoll_time64, struct pollfd __user *ufds, u32 n,
	       void __user *timeout, const sigset_t __user *mask, u32 size)
{
	return do_ppoll(ufds, n, timeout, mask, size, TIMESPEC64);
}

/* ---- select ---- */

#define READ_SET (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define WRITE_SET (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)

static const u32 set_masks[3] = { READ_SET, WRITE_SET, POLLPRI };

/* in[] and out[] of three sets of @words words each. */
struct fd_sets {
	u32 *in[3], *out[3];
	u32 words;
};

/* Ask about one descriptor; the number of sets it is ready in. */
static int select_one(struct poll_wqueues *w, const struct fd_sets *s, u32 fd,
		      u32 bit)
{
	struct fd f = fdget(fd);
	u32 mask, word = fd / 32;
	int i, count = 0;

	if (!f.file)
		return 0;
	mask = ask(w, f.file);
	fdput(f);
	for (i = 0; i < 3; i++)
		if (s->in[i][word] & bit && mask & set_masks[i]) {
			s->out[i][word] |= bit;
			count++;
		}
	if (count)
		w->pt.queue = NULL;
	return count;
}

static int select_round(struct poll_wqueues *w, const struct fd_sets *s)
{
	u32 word, bits, bit;
	int count = 0;

	for (word = 0; word < s->words; word++) {
		bits = s->in[0][word] | s->in[1][word] | s->in[2][word];
		for (; bits; bits &= bits - 1) {
			bit = bits & -bits;
			count += select_one(
				w, s, word * 32 + (u32)__builtin_ctz(bit), bit);
		}
	}
	return count;
}

/* Every descriptor in a set must be open. */
static int check_sets(const struct fd_sets *s)
{
	struct files_struct *files = current->files;
	u32 word, bits;

	for (word = 0; word < s->words; word++) {
		bits = s->in[0][word] | s->in[1][word] | s->in[2][word];
		if (bits && (word >= files->max_fds / 32 ||
			     bits & ~files->open_fds[word]))
			return -EBADF;
	}
	return 0;
}

static int select_sets(const struct fd_sets *s, u64 expires)
{
	struct poll_wqueues w;
	int ret = check_sets(s);

	if (ret)
		return ret;
	poll_initwait(&w, expires);
	do
		set_current_state(TASK_INTERRUPTIBLE);
	while (poll_again(&w, &expires, select_round(&w, s), &ret));
	poll_freewait(&w);
	return ret;
}

static int read_set(u32 *to, const u32 __user *from, u32 n)
{
	u32 words = DIV_ROUND_UP(n, 32u);

	if (!from)
		return 0;
	if (copy_from_user(to, from, words * 4))
		return -EFAULT;
	if (n % 32)
		to[words - 1] &= (1u << n % 32) - 1;
	return 0;
}

static int core_select(s32 n, u32 __user *const user[3], u64 expires)
{
	u32 stack[6 * SELECT_WORDS], *bits = stack;
	struct fd_sets s;
	int i, ret = 0;

	if (n < 0)
		return -EINVAL;
	n = min(n, (s32)current->files->max_fds);
	s.words = DIV_ROUND_UP((u32)n, 32u);
	if (s.words > SELECT_WORDS) {
		bits = kvmalloc(s.words * 24, GFP_KERNEL);
		if (!bits)
			return -ENOMEM;
	}
	memset(bits, 0, s.words * 24);
	for (i = 0; i < 3 && !ret; i++) {
		s.in[i] = bits + (u32)i * s.words;
		s.out[i] = s.in[i] + 3 * s.words;
		ret = read_set(s.in[i], user[i], (u32)n);
	}
	if (!ret)
		ret = select_sets(&s, expires);
	for (i = 0; i < 3 && ret >= 0; i++)
		if (user[i] && copy_to_user(user[i], s.out[i], s.words * 4))
			ret = -EFAULT;
	if (bits != stack)
		kvfree(bits);
	return ret;
}

static long do_select(s32 n, u32 __user *in, u32 __user *out, u32 __user *ex,
		      void __user *timeout, enum time_kind kind)
{
	u32 __user *const user[3] = { in, out, ex };
	u64 expires;
	int ret = get_expiry(timeout, kind, &expires);

	if (ret)
		return ret;
	ret = core_select(n, user, expires);
	put_remaining(timeout, kind, expires);
	return ret == -EINTR ? -ERESTARTNOHAND : ret;
}

SYSCALL_DEFINE(select, s32 n, u32 __user *in, u32 __user *out, u32 __user *ex,
	       void __user *timeout)
{
	return do_select(n, in, out, ex, timeout, TIMEVAL32);
}

SYSCALL_DEFINE(old_select, const u32 __user *args)
{
	u32 a[5];

	if (copy_from_user(a, args, sizeof(a)))
		return -EFAULT;
	return sys_select((s32)a[0], (u32 __user *)(uintptr_t)a[1],
			  (u32 __user *)(uintptr_t)a[2],
			  (u32 __user *)(uintptr_t)a[3],
			  (void __user *)(uintptr_t)a[4]);
}

/* The mask comes as a pointer to its address and size. */
static long do_pselect(s32 n, u32 __user *in, u32 __user *out, u32 __user *ex,
		       void __user *timeout, const u32 __user *sig,
		       enum time_kind kind)
{
	const sigset_t __user *mask = NULL;
	u32 arg[2];
	long ret;

	if (sig) {
		if (copy_from_user(arg, sig, sizeof(arg)))
			return -EFAULT;
		mask = (const sigset_t __user *)(uintptr_t)arg[0];
		ret = use_sigmask(mask, arg[1]);
		if (ret)
			return ret;
	}
	ret = do_select(n, in, out, ex, timeout, kind);
	restore_sigmask(mask, ret == -ERESTARTNOHAND);
	return ret;
}

SYSCALL_DEFINE(pselect6, s32 n, u32 __user *in, u32 __user *out, u32 __user *ex,
	       void __user *timeout, const u32 __user *sig)
{
	return do_pselect(n, in, out, ex, timeout, sig, TIMESPEC32);
}

SYSCALL_DEFINE(pselect6_time64, s32 n, u32 __user *in, u32 __user *out,
	       u32 __user *ex, void __user *timeout, const u32 __user *sig)
{
	return do_pselect(n, in, out, ex, timeout, sig, TIMESPEC64);
}
