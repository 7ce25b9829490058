/* SPDX-License-Identifier: MIT */
/*
 * All other threads of the process, held for a moment, so that whoever looks
 * from outside sees one, with every register in memory.
 *
 *   who holds                     each other thread
 *   a signal to each ──────────►  in its handler: registers into its place,
 *   all are there, or time is up  then it waits
 *   … looks, or is looked at
 *   release ───────────────────►  it goes on
 *
 * The signal is SIGURG, which is ignored unless somebody handles it, and which
 * may come at any time: if the program has a handler of its own, no thread is
 * held. Threads that block it, and those beyond HELD_MOST, are not.
 *
 * It is done where the option snapshot=1 asks for it: some system calls that a
 * signal interrupts return EINTR, and not every program expects that.
 */
#include <ashlar/cmdline.h>
#include <ashlar/port.h>
#include <ashlar/root.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>
#include "sys.h"
#include "user.h"

#define HOLD_SIGNAL SIGURG
#define PATIENCE_MS 100 /* without one more thread held */
#define HELD_MS_MOST 60000
#define ROUNDS_MOST 8

bool hold_wanted;

/* Mapped where it is wanted: half a megabyte counts against small limits. */
struct hold_table {
	struct ashlar_held held[HELD_MOST];
	s32 asked[HELD_MOST]; /* threads that the signal was sent to */
};

static struct hold_table *table;
static u32 nr_asked, nr_held;
static u32 moment; /* odd while threads are held */

/* ---- a thread that is held ---- */

#if defined(__x86_64__)
static u64 save_registers(u64 *reg, const ucontext_t *context)
{
	int i;

	for (i = 0; i < HELD_REGISTERS; i++)
		reg[i] = (u64)context->uc_mcontext.gregs[i];
	return (u64)context->uc_mcontext.gregs[REG_RSP];
}
#else
/* The kernel has put them on the stack. */
static u64 save_registers(u64 *reg, const ucontext_t *context)
{
	(void)context;
	reg[0] = 0;
	return (uintptr_t)__builtin_frame_address(0);
}
#endif

/* ---- a wait that the signal interrupted ---- */

/*
 * The kernel begins most calls again that our signal interrupts (SA_RESTART);
 * but one that waits for a time returns EINTR, and few programs look for that.
 * So it is begun again here: where the time left was written back, with that;
 * else with all of it, once.
 *
 *   mov $NUMBER, %eax
 *   syscall
 *   ...  <- rip; rax is -EINTR
 *
 * (If a handler of the program's ran in the same moment it is not told.)
 */
#if defined(__x86_64__)
#define CALL_BYTES 7

/* Of the last wait of a thread for @left milliseconds that was begun again. */
static __thread struct {
	greg_t sp, left;
	unsigned long until; /* port_time_ms() */
} again;

static __thread struct timespec rest; /* of a sleep that does not ask for it */

/*
 * A wait for @ms milliseconds, as its register has it, is interrupted: how many
 * are left. One more than were asked for tells that it is known already.
 */
static greg_t time_left(greg_t sp, greg_t ms)
{
	unsigned long now = port_time_ms();
	long left;

	if (ms <= 0)
		return ms;
	if (again.sp != sp || again.left != ms) {
		again.sp = sp;
		again.until = now + (unsigned long)ms + 1;
	}
	left = (long)(again.until - now);
	again.left = max(left, 0l);
	return again.left;
}

static bool waits_again(long number, greg_t *reg)
{
	switch (number) {
	case SYS_nanosleep:
		if (reg[REG_RSI])
			reg[REG_RDI] = reg[REG_RSI];
		else
			reg[REG_RSI] = (greg_t)&rest;
		return true;
	case SYS_clock_nanosleep:
		if (reg[REG_RSI] & TIMER_ABSTIME)
			return true;
		if (reg[REG_R10])
			reg[REG_RDX] = reg[REG_R10];
		else
			reg[REG_R10] = (greg_t)&rest;
		return true;
	case SYS_poll:
		reg[REG_RDX] = time_left(reg[REG_RSP], (int)reg[REG_RDX]);
		return true;
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
		reg[REG_R10] = time_left(reg[REG_RSP], (int)reg[REG_R10]);
		return true;
	case SYS_ppoll:
	case SYS_select:
	case SYS_pselect6:
		return true;
	}
	return false;
}

static void wait_again(ucontext_t *context)
{
	greg_t *reg = context->uc_mcontext.gregs;
	const u8 *code = (const u8 *)reg[REG_RIP] - CALL_BYTES;
	u32 number;

	if (reg[REG_RAX] != -EINTR || code[0] != 0xb8 || code[5] != 0x0f ||
	    code[6] != 0x05)
		return;
	__builtin_memcpy(&number, code + 1, sizeof(number));
	if (!waits_again(number, reg))
		return;
	reg[REG_RAX] = number;
	reg[REG_RIP] -= 2;
}
#else
static void wait_again(ucontext_t *context)
{
	(void)context;
}
#endif

/* Enters the running thread into the table of those that are held. */
static void enter(const ucontext_t *context)
{
	u32 n = __atomic_fetch_add(&nr_held, 1, __ATOMIC_RELAXED);

	if (n < HELD_MOST)
		table->held[n].sp = save_registers(table->held[n].reg, context);
	__atomic_fetch_add(&moment, 0, __ATOMIC_RELEASE);
}

static void wait_for_release(u32 now)
{
	const struct timespec second = { 1, 0 };
	unsigned long start = port_time_ms();

	while (READ_ONCE(moment) == now &&
	       port_time_ms() - start < HELD_MS_MOST)
		sys_futex_wait(&moment, now, &second);
}

static void be_held(const ucontext_t *context)
{
	u32 now = __atomic_load_n(&moment, __ATOMIC_ACQUIRE);

	if (now % 2 == 0)
		return;
	enter(context);
	wait_for_release(now);
}

/* ---- who holds ---- */

static bool was_asked(s32 tid)
{
	u32 i;

	for (i = 0; i < nr_asked; i++)
		if (table->asked[i] == tid)
			return true;
	return false;
}

static void ask(s32 pid, s32 tid)
{
	siginfo_t info;

	__builtin_memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_value.sival_ptr = &moment;
	if (!sys6(SYS_rt_tgsigqueueinfo, pid, tid, HOLD_SIGNAL, (long)&info, 0,
		  0))
		table->asked[nr_asked++] = tid;
}

static s32 number(const char *s)
{
	s32 n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return *s ? 0 : n;
}

struct entry { /* of getdents64() */
	u64 ino, off;
	unsigned short size;
	unsigned char type;
	char name[];
};

/* Asks threads that were not asked yet; returns how many there were. */
static u32 ask_some(int dir, s32 pid, s32 self)
{
	char buffer[2048] __attribute__((__aligned__(8)));
	u32 before = nr_asked;
	const struct entry *e;
	long n, at;
	s32 tid;

	while ((n = sys6(SYS_getdents64, dir, (long)buffer, sizeof(buffer), 0,
			 0, 0)) > 0) {
		for (at = 0; at < n; at += e->size) {
			e = (const void *)(buffer + at);
			tid = number(e->name);
			if (tid && tid != self && nr_asked < HELD_MOST &&
			    !was_asked(tid))
				ask(pid, tid);
		}
	}
	return nr_asked - before;
}

/* Until a look shows no new ones: threads that run start others. */
static void ask_all(s32 pid, s32 self)
{
	int rounds = ROUNDS_MOST, dir;
	u32 more;

	do {
		dir = (int)sys6(SYS_openat, AT_FDCWD, (long)"/proc/self/task",
				O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
		if (dir < 0)
			return;
		more = ask_some(dir, pid, self);
		sys6(SYS_close, dir, 0, 0, 0, 0, 0);
	} while (more && --rounds);
}

static void wait_for_all(void)
{
	const struct timespec pause = { 0, 1000000 };
	int patience = PATIENCE_MS;
	u32 before = 0, now;

	while ((now = READ_ONCE(nr_held)) < nr_asked && patience--) {
		if (now != before)
			patience = PATIENCE_MS;
		before = now;
		sys6(SYS_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
	}
}

/**
 * port_hold_threads() - have all other threads wait
 *
 * Those that can be: see above. The registers of the caller are on its stack.
 * Not for a thread that holds a lock of the core which another may need to
 * get to its handler: none does.
 *
 * Context: any, a signal handler too. Return: false if that was not asked for,
 * or others are held already; else port_release_threads() has to follow.
 */
bool port_hold_threads(void)
{
	s32 pid = (s32)sys6(SYS_getpid, 0, 0, 0, 0, 0, 0);
	s32 self = (s32)sys6(SYS_gettid, 0, 0, 0, 0, 0, 0);
	u32 now = READ_ONCE(moment);

	if (!ashlar_snapshot.signal || now % 2 ||
	    !__atomic_compare_exchange_n(&moment, &now, now + 1, false,
					 __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
		return false;
	__builtin_unwind_init();
	nr_asked = nr_held = 0;
	ask_all(pid, self);
	wait_for_all();
	return true;
}

/** port_release_threads() - let those go on that were held */
void port_release_threads(void)
{
	__builtin_memset(table->held, 0,
			 min(nr_held, HELD_MOST) * sizeof(table->held[0]));
	__atomic_fetch_add(&moment, 1, __ATOMIC_RELEASE);
	sys_futex_wake(&moment, INT_MAX);
}

/* ---- the signal ---- */

static void handle(int signal, siginfo_t *info, void *context)
{
	(void)signal;
	wait_again(context);
	if (info->si_code != SI_QUEUE)
		return;
	if (info->si_value.sival_ptr == &moment) {
		be_held(context);
	} else if (info->si_value.sival_ptr == &ashlar_snapshot &&
		   port_hold_threads()) {
		enter(context);
		snapshot_make(info->si_pid);
		port_release_threads();
	} else if (info->si_value.sival_ptr == (char *)&ashlar_snapshot + 1) {
		slab_look();
		ashlar_snapshot.looks++;
	}
}

#if defined(__x86_64__)
/* As the C library has it, so that debuggers know it. */
__asm__(".text\n\t.balign 16\n\tnop\n"
	"ashlar_sigreturn:\n\tmov $15, %rax\n\tsyscall");
void ashlar_sigreturn(void) __hidden;
#define RESTORER_FLAG 0x04000000ul /* SA_RESTORER */
#define RESTORER ((uintptr_t)ashlar_sigreturn)
#else
#define RESTORER_FLAG 0ul
#define RESTORER 0ul
#endif

struct kernel_sigaction {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	u64 mask;
};

static long sys_sigaction(const struct kernel_sigaction *to,
			  struct kernel_sigaction *old)
{
	return sys6(SYS_rt_sigaction, HOLD_SIGNAL, (long)to, (long)old,
		    sizeof(to->mask), 0, 0);
}

static bool have_table(void)
{
	if (!table)
		table = sys_mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS);
	return table;
}

/* Handle the signal from now on, if that is wanted and it has no handler. */
void hold_listen(void)
{
	const struct kernel_sigaction ours = {
		.handler = (uintptr_t)handle,
		.flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | RESTORER_FLAG,
		.restorer = RESTORER,
	};
	struct kernel_sigaction old = { 0 };

	if (!hold_wanted || sys_sigaction(NULL, &old) ||
	    old.handler > (uintptr_t)SIG_IGN || !have_table() ||
	    sys_sigaction(&ours, NULL))
		return;
	ashlar_snapshot.held = table->held;
	WRITE_ONCE(ashlar_snapshot.signal, HOLD_SIGNAL);
}

/**
 * setup_snapshot() - the option snapshot=
 * @str: 0 or 1
 *
 * Return: 0 or -EINVAL.
 */
int setup_snapshot(const char *str)
{
	unsigned long value;

	if (!cmdline_number(&str, &value) || *str || value > 1)
		return -EINVAL;
	hold_wanted = value;
	return 0;
}
