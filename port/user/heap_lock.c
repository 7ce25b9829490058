/* SPDX-License-Identifier: MIT */
/*
 * Locks of shared heaps, whose holder may be killed.
 *
 *   owner == 0 ──compare and swap──► owner == me ──► 0, and wake
 *                                        │ the holder is no more
 *                                        ▼
 *                     compare and swap: owner == whoever noticed, who repairs
 *
 * The word that takes the lock says by itself who has it: the process's number
 * and when it started, so that a number that was given again is not taken for
 * it. There is no instruction at which a lock is held and nobody knows by
 * whom. Whoever waits looks every few milliseconds whether the holder lives;
 * so a wake-up that a dead process did not make is late, and no more.
 *
 * Threads of one process have one name: they end together. A forked child is
 * another process: what it knows of itself lies in memory that a fork wipes.
 */
#include <ashlar/string.h>
#include <fcntl.h>
#include <signal.h>
#include "heap_segment.h"
#include "sys.h"

#define START_BITS 42
#define SPINS 200
#define LOOK_NS 2000000l

static long open_file(const char *path, int flags)
{
	return sys6(SYS_openat, AT_FDCWD, (long)path, flags | O_CLOEXEC, 0, 0,
		    0);
}

/* "/proc/PID/stat" */
static void stat_path(char *path, u32 pid)
{
	char digits[12], *d = digits;

	__builtin_memcpy(path, "/proc/", 6);
	path += 6;
	do
		*d++ = (char)('0' + pid % 10);
	while (pid /= 10);
	while (d > digits)
		*path++ = *--d;
	__builtin_memcpy(path, "/stat", 6);
}

/* The @n-th word from @s on, counted from 0. */
static const char *word(const char *s, int n)
{
	while (n--) {
		while (*s && *s != ' ')
			s++;
		while (*s == ' ')
			s++;
	}
	return s;
}

/* The process's name, or 0: there is none, or it will not run any more. */
static heap_owner owner_of(u32 pid)
{
	char path[32], text[512], *end = NULL;
	const char *s;
	u64 start = 0;
	long fd, n, i;

	stat_path(path, pid);
	fd = open_file(path, O_RDONLY);
	if (fd < 0)
		return 0;
	n = sys6(SYS_read, fd, (long)text, sizeof(text) - 1, 0, 0, 0);
	sys6(SYS_close, fd, 0, 0, 0, 0, 0);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	for (i = 0; i < n; i++) /* a program's name may have anything in it */
		if (text[i] == ')')
			end = text + i;
	if (!end || end[1] != ' ' || end[2] == 'Z' || end[2] == 'X')
		return 0;
	for (s = word(end + 2, 19); *s >= '0' && *s <= '9'; s++)
		start = start * 10 + (u64)(*s - '0');
	return (u64)pid << START_BITS | (start & ((1ull << START_BITS) - 1));
}

static bool owner_lives(heap_owner owner)
{
	u32 pid = (u32)(owner >> START_BITS);

	return pid && owner_of(pid) == owner;
}

/* Which processes have their numbers from the same place. */
u64 heap_pid_space(void)
{
	char text[64];
	u64 nr = 0;
	long n, i;

	n = sys6(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/ns/pid",
		 (long)text, sizeof(text), 0, 0);
	for (i = 0; i < n; i++)
		if (text[i] >= '0' && text[i] <= '9')
			nr = nr * 10 + (u64)(text[i] - '0');
	return nr;
}

static __cold_path heap_owner find_myself(struct ashlar_heap *h)
{
	struct heap_process *p = h->process;
	u32 shard =
		__atomic_fetch_add(&h->header->next_shard, 1, __ATOMIC_RELAXED);

	WRITE_ONCE(p->shard, shard);
	smp_store_release(&p->owner,
			  owner_of((u32)sys6(SYS_getpid, 0, 0, 0, 0, 0, 0)));
	return p->owner;
}

/* This process's name. 0: there is no /proc. */
heap_owner heap_myself(struct ashlar_heap *h)
{
	heap_owner me = smp_load_acquire(&h->process->owner);

	return likely(me) ? me : find_myself(h);
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#else
	barrier();
#endif
}

static bool take(struct heap_lock *l, heap_owner from, heap_owner me)
{
	return __atomic_compare_exchange_n(&l->owner, &from, me, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Shared between processes, unlike sys_futex_wait(). */
static void wait_turn(struct heap_lock *l)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	u32 turn = __atomic_load_n(&l->turn, __ATOMIC_ACQUIRE);

	__atomic_fetch_add(&l->waiters, 1, __ATOMIC_SEQ_CST);
	if (READ_ONCE(l->owner))
		sys6(SYS_futex, (long)&l->turn, FUTEX_WAIT, turn, (long)&look,
		     0, 0);
	__atomic_fetch_sub(&l->waiters, 1, __ATOMIC_RELAXED);
}

static __cold_path bool lock_slow(struct heap_lock *l, heap_owner me)
{
	heap_owner owner, seen = 0;
	int i;

	for (;;) {
		for (i = 0; i < SPINS; i++) {
			if (!READ_ONCE(l->owner) && take(l, 0, me))
				return false;
			relax();
		}
		owner = READ_ONCE(l->owner);
		if (owner && owner == seen && owner != me &&
		    !owner_lives(owner) && take(l, owner, me))
			return true;
		seen = owner;
		wait_turn(l);
	}
}

/* True if its holder is no more: what it protects is to be repaired. */
bool heap_lock(struct ashlar_heap *h, struct heap_lock *l)
{
	heap_owner me = heap_myself(h);

	return likely(take(l, 0, me)) ? false : lock_slow(l, me);
}

void heap_unlock(struct heap_lock *l)
{
	__atomic_exchange_n(&l->owner, 0, __ATOMIC_SEQ_CST);
	if (unlikely(READ_ONCE(l->waiters))) {
		__atomic_fetch_add(&l->turn, 1, __ATOMIC_RELEASE);
		sys6(SYS_futex, (long)&l->turn, FUTEX_WAKE, 1, 0, 0, 0);
	}
}
