/* SPDX-License-Identifier: MIT */
/*
 * What a task has, and what becomes of it at each of four boundaries: in a
 * signal handler, in a child of fork, after execve, in a new thread. A cell of
 * the table says what the other side sees:
 *
 *   k  kept: what was set (copied or shared)
 *   r  reset: what a task has that never set it
 *   0  nothing at all
 *   -  not asked: the C library sets it anew
 *
 * Each row runs in a process of its own: it looks, sets, looks again, and then
 * looks from the other sides. Every cell was recorded on Linux 6.1.
 */
#include <asm/ldt.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define NOBODY 5000 /* a group */
#define TLS_ENTRY 8
#define PORT 0x80
#define FAR 1000 /* s */

/* What a row does to set its state, and what it looks at. */
#define SET(name, what)              \
	static void set_##name(void) \
	{                            \
		what;                \
	}
#define GET(name, what)              \
	static long get_##name(void) \
	{                            \
		return what;         \
	}

/* A number from "NAME: number" of /proc/self/status. */
static long status_field(const char *name, int base)
{
	char text[4096], *at;
	int fd = open("/proc/thread-self/status", O_RDONLY);
	long n = read(fd, text, sizeof(text) - 1);

	close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, name);
	return at ? (long)strtoull(at + strlen(name), NULL, base) : -1;
}

/* ---- registers ---- */

static void set_cw(void)
{
	unsigned short cw = 0x0b7f;

	__asm__ volatile("fldcw %0" ::"m"(cw));
}

static long get_cw(void)
{
	unsigned short cw = 0;

	__asm__ volatile("fnstcw %0" : "=m"(cw));
	return cw;
}

static void set_mxcsr(void)
{
	unsigned int v = 0x5f80;

	__asm__ volatile("ldmxcsr %0" ::"m"(v));
}

static long get_mxcsr(void)
{
	unsigned int v = 0;

	__asm__ volatile("stmxcsr %0" : "=m"(v));
	return v;
}

static void set_st(void)
{
	__asm__ volatile("fldpi; fldpi");
}

static long get_st(void)
{
	unsigned int env[7];

	__asm__ volatile("fnstenv %0; fldenv %0" : "+m"(env));
	return env[2] & 0xffff;
}

static void set_xmm(void)
{
	static const unsigned int v[4] = { 1, 2, 3, 4 };

	__asm__ volatile("movups %0, %%xmm7" ::"m"(v));
}

static long get_xmm(void)
{
	unsigned int v[4];

	__asm__ volatile("movups %%xmm7, %0" : "=m"(v));
	return v[0] + v[1] + v[2] + v[3];
}

static const struct user_desc segment = { .entry_number = TLS_ENTRY,
					  .base_addr = 0x1234000,
					  .limit = 0xfffff,
					  .seg_32bit = 1,
					  .limit_in_pages = 1,
					  .useable = 1 };

SET(tls, syscall(SYS_set_thread_area, &segment))
SET(ldt, syscall(SYS_modify_ldt, 1, &segment, sizeof(segment)))

static long get_tls(void)
{
	struct user_desc d = { .entry_number = TLS_ENTRY };

	syscall(SYS_get_thread_area, &d);
	return (long)d.base_addr;
}

static long get_ldt(void)
{
	long v[2 * TLS_ENTRY + 2] = { 0 };

	syscall(SYS_modify_ldt, 0, v, sizeof(v));
	return v[2 * TLS_ENTRY];
}

static sigjmp_buf back;

static void jump_back(int sig)
{
	siglongjmp(back, sig);
}

/* True if port input works; SIGSEGV says that it does not. */
static long get_ports(void)
{
	struct sigaction act = { .sa_handler = jump_back };
	struct sigaction old;
	long works = 0;

	sigaction(SIGSEGV, &act, &old);
	if (!sigsetjmp(back, 1)) {
		inb(PORT);
		works = 1;
	}
	sigaction(SIGSEGV, &old, NULL);
	return works;
}

SET(ioperm, ioperm(PORT, 1, 1))
SET(iopl, iopl(3))
/* ---- signals ---- */

static sigset_t usr2(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	return set;
}

static void set_mask(void)
{
	sigset_t set = usr2();

	sigprocmask(SIG_BLOCK, &set, NULL);
}

static long get_mask(void)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, SIGUSR2);
}

static void nothing(int sig)
{
	(void)sig;
}

SET(handler, signal(SIGUSR2, nothing))
SET(ignored, signal(SIGUSR2, SIG_IGN))
static long get_handler(void)
{
	struct sigaction act;

	sigaction(SIGUSR2, NULL, &act);
	return (long)act.sa_handler;
}

static void set_pending(void)
{
	set_mask();
	kill(getpid(), SIGUSR2);
}

static void set_own_pending(void)
{
	set_mask();
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR2);
}

static long get_pending(void)
{
	sigset_t set;

	sigpending(&set);
	return sigismember(&set, SIGUSR2);
}

static char alternate[16384];

static void set_altstack(void)
{
	stack_t ss = { .ss_sp = alternate, .ss_size = sizeof(alternate) };

	sigaltstack(&ss, NULL);
}

static long get_altstack(void)
{
	stack_t ss;

	sigaltstack(NULL, &ss);
	return (long)ss.ss_size;
}

/* ---- time ---- */

static void set_itimer(void)
{
	struct itimerval v = { .it_value.tv_sec = FAR };

	setitimer(ITIMER_REAL, &v, NULL);
}

static long get_itimer(void)
{
	struct itimerval v;

	getitimer(ITIMER_REAL, &v);
	return v.it_value.tv_sec > 0;
}

static void set_timer(void)
{
	int id;

	syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id);
}

static long get_timer(void)
{
	long v[4];

	return syscall(SYS_timer_gettime, 0, v) == 0;
}

SET(slack, prctl(PR_SET_TIMERSLACK, 123456))
GET(slack, prctl(PR_GET_TIMERSLACK))
SET(nice, setpriority(PRIO_PROCESS, 0, 5))
GET(nice, getpriority(PRIO_PROCESS, 0))
static void set_policy(void)
{
	struct sched_param p = { 0 };

	sched_setscheduler(0, SCHED_BATCH, &p);
}

GET(policy, sched_getscheduler(0))
SET(ioprio, syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 5))
GET(ioprio, syscall(SYS_ioprio_get, 1, 0))
/* ---- memory ---- */

SET(dumpable, prctl(PR_SET_DUMPABLE, 0))
GET(dumpable, prctl(PR_GET_DUMPABLE))
SET(mlock, mlockall(MCL_FUTURE))
static long get_mlock(void)
{
	long before = status_field("VmLck:", 10), after;
	void *p =
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	after = status_field("VmLck:", 10);
	munmap(p, 4096);
	return after - before;
}

SET(thp, prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
GET(thp, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0))
#define SPOT ((void *)0x50000000)

static void set_shm(void)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	shmat(id, SPOT, 0);
	shmctl(id, IPC_RMID, NULL);
}

static void set_mapping(void)
{
	mmap(SPOT, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
	     0);
}

static long get_mapping(void)
{
	unsigned char vec;

	return mincore(SPOT, 4096, &vec) == 0;
}

SET(membarrier,
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
GET(membarrier,
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0)
/* ---- what only numbers name ---- */

SET(pdeath, prctl(PR_SET_PDEATHSIG, SIGUSR2))
static long get_pdeath(void)
{
	int sig = 0;

	prctl(PR_GET_PDEATHSIG, &sig);
	return sig;
}

SET(robust, syscall(SYS_set_robust_list, 0x1000, 12))
static long get_robust(void)
{
	long head = 0, len;

	syscall(SYS_get_robust_list, 0, &head, &len);
	return head;
}

SET(tid_addr, syscall(SYS_set_tid_address, alternate))
static long get_tid_addr(void)
{
	long addr = 0;

	prctl(PR_GET_TID_ADDRESS, &addr);
	return addr;
}

SET(comm, prctl(PR_SET_NAME, "other"))
static long get_comm(void)
{
	char name[16] = "";

	prctl(PR_GET_NAME, name);
	return name[0] | name[1] << 8 | name[2] << 16;
}

SET(personality, personality(ADDR_NO_RANDOMIZE))
GET(personality, personality(0xffffffff))
static void set_rlimit(void)
{
	struct rlimit r = { 77, 99 };

	setrlimit(RLIMIT_NOFILE, &r);
}

static long get_rlimit(void)
{
	struct rlimit r;

	getrlimit(RLIMIT_NOFILE, &r);
	return (long)(r.rlim_cur + r.rlim_max);
}

static void set_oom(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	write(fd, "321", 3);
	close(fd);
}

static long get_oom(void)
{
	char text[16] = "";
	int fd = open("/proc/self/oom_score_adj", O_RDONLY);

	read(fd, text, sizeof(text) - 1);
	close(fd);
	return atol(text);
}

SET(keepcaps, prctl(PR_SET_KEEPCAPS, 1))
GET(keepcaps, prctl(PR_GET_KEEPCAPS))
SET(securebits, prctl(PR_SET_SECUREBITS, 4))
GET(securebits, prctl(PR_GET_SECUREBITS))
SET(no_new_privs, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
GET(no_new_privs, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0))
SET(subreaper, prctl(PR_SET_CHILD_SUBREAPER, 1))
static long get_subreaper(void)
{
	int v = 0;

	prctl(PR_GET_CHILD_SUBREAPER, &v);
	return v;
}

SET(bounding, prctl(PR_CAPBSET_DROP, CAP_MKNOD))
GET(bounding, prctl(PR_CAPBSET_READ, CAP_MKNOD))
static void set_groups(void)
{
	gid_t g = NOBODY;

	setgroups(1, &g);
}

static long get_groups(void)
{
	gid_t g[32] = { 0 };
	int n = getgroups(32, g);

	return n * 100000 + (long)g[0];
}

SET(pgrp, setpgid(0, 0))
GET(pgrp, getpgrp())
/* ---- files ---- */

SET(umask, umask(0123))
static long get_umask(void)
{
	mode_t old = umask(0);

	umask(old);
	return (long)old;
}

SET(cwd, chdir("/proc"))
static long get_cwd(void)
{
	struct stat st;

	stat(".", &st);
	return (long)st.st_dev * 100000 + (long)st.st_ino;
}

SET(fd, dup2(1, 50))
SET(fd_cloexec, dup3(1, 50, O_CLOEXEC))
GET(fd, fcntl(50, F_GETFD) >= 0)
static void set_lock(void)
{
	struct flock l = { .l_type = F_WRLCK };
	int fd = open("/tmp/lock", O_RDWR | O_CREAT, 0600);

	fcntl(fd, F_SETLK, &l);
}

/* True if the lock is ours; only another process is told so. */
static long get_lock(void)
{
	struct flock l = { .l_type = F_WRLCK };
	int status = 0, me = getpid();

	if (!syscall(SYS_fork)) {
		fcntl(open("/tmp/lock", O_RDWR | O_CREAT, 0600), F_GETLK, &l);
		syscall(SYS_exit_group, l.l_type != F_UNLCK && l.l_pid == me);
	}
	wait(&status);
	return WEXITSTATUS(status);
}

/* ---- the table ---- */

static const struct row {
	const char *name;
	void (*set)(void);
	long (*get)(void);
	char in_handler, in_child, after_exec, in_thread;
} rows[] = {
	/*                                        handler fork exec thread */
	{ "FPU control word", set_cw, get_cw, 'r', 'k', 'r', 'k' },
	{ "MXCSR", set_mxcsr, get_mxcsr, 'r', 'k', 'r', 'k' },
	{ "FPU stack", set_st, get_st, 'r', 'k', 'r', 'k' },
	{ "XMM registers", set_xmm, get_xmm, 'r', 'k', '-', 'k' },
	{ "TLS entry", set_tls, get_tls, 'k', 'k', 'r', 'k' },
	{ "LDT", set_ldt, get_ldt, 'k', 'k', 'r', 'k' },
	{ "ioperm", set_ioperm, get_ports, 'k', 'k', 'k', 'k' },
	{ "iopl", set_iopl, get_ports, 'k', 'k', 'k', 'k' },
	{ "signal mask", set_mask, get_mask, 'k', 'k', 'k', 'k' },
	{ "handler", set_handler, get_handler, 'k', 'k', 'r', 'k' },
	{ "ignored signal", set_ignored, get_handler, 'k', 'k', 'k', 'k' },
	{ "pending, process", set_pending, get_pending, 'k', 'r', 'k', 'k' },
	{ "pending, thread", set_own_pending, get_pending, 'k', 'r', 'k', 'r' },
	{ "alternate stack", set_altstack, get_altstack, 'k', 'k', 'r', 'r' },
	{ "setitimer", set_itimer, get_itimer, 'k', 'r', 'k', 'k' },
	{ "timer_create", set_timer, get_timer, 'k', 'r', 'r', 'k' },
	{ "timer slack", set_slack, get_slack, 'k', 'k', 'k', 'k' },
	{ "nice", set_nice, get_nice, 'k', 'k', 'k', 'k' },
	{ "policy", set_policy, get_policy, 'k', 'k', 'k', 'k' },
	{ "I/O priority", set_ioprio, get_ioprio, 'k', 'k', 'k', 'k' },
	{ "dumpable", set_dumpable, get_dumpable, 'k', 'k', 'r', 'k' },
	{ "mlockall", set_mlock, get_mlock, 'k', 'r', 'r', 'k' },
	{ "no huge pages", set_thp, get_thp, 'k', 'k', 'k', 'k' },
	{ "shmat", set_shm, get_mapping, 'k', 'k', 'r', 'k' },
	{ "mapping", set_mapping, get_mapping, 'k', 'k', 'r', 'k' },
	{ "membarrier", set_membarrier, get_membarrier, 'k', 'k', 'r', 'k' },
	{ "parent's death", set_pdeath, get_pdeath, 'k', 'r', 'k', 'r' },
	{ "robust list", set_robust, get_robust, 'k', '0', '-', '0' },
	{ "clear_child_tid", set_tid_addr, get_tid_addr, 'k', '0', '-', '0' },
	{ "name", set_comm, get_comm, 'k', 'k', 'r', 'k' },
	{ "personality", set_personality, get_personality, 'k', 'k', 'k', 'k' },
	{ "limits", set_rlimit, get_rlimit, 'k', 'k', 'k', 'k' },
	{ "oom_score_adj", set_oom, get_oom, 'k', 'k', 'k', 'k' },
	{ "keepcaps", set_keepcaps, get_keepcaps, 'k', 'k', 'r', 'k' },
	{ "securebits", set_securebits, get_securebits, 'k', 'k', 'k', 'k' },
	{ "no_new_privs", set_no_new_privs, get_no_new_privs, 'k', 'k', 'k',
	  'k' },
	{ "subreaper", set_subreaper, get_subreaper, 'k', 'r', 'k', 'k' },
	{ "bounding set", set_bounding, get_bounding, 'k', 'k', 'k', 'k' },
	{ "groups", set_groups, get_groups, 'k', 'k', 'k', 'k' },
	{ "process group", set_pgrp, get_pgrp, 'k', 'k', 'k', 'k' },
	{ "umask", set_umask, get_umask, 'k', 'k', 'k', 'k' },
	{ "directory", set_cwd, get_cwd, 'k', 'k', 'k', 'k' },
	{ "descriptor", set_fd, get_fd, 'k', 'k', 'k', 'k' },
	{ "close-on-exec", set_fd_cloexec, get_fd, 'k', 'k', 'r', 'k' },
	{ "record lock", set_lock, get_lock, 'k', 'r', 'k', '-' },
};

#define ROWS (sizeof(rows) / sizeof(*rows))

/* ---- the other sides ---- */

static const struct row *row;
static long seen;
static volatile int seen_tid;

static void look_in_handler(int sig)
{
	(void)sig;
	seen = row->get();
}

static long in_handler(void)
{
	signal(SIGUSR1, look_in_handler);
	raise(SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	return seen;
}

/* By a system call of our own: the C library would set up what it keeps. */
static long in_child(void)
{
	int pipes[2];
	long v = -1;

	need(pipe(pipes) == 0);
	if (!syscall(SYS_fork)) {
		v = row->get();
		write(pipes[1], &v, sizeof(v));
		syscall(SYS_exit_group, 0);
	}
	close(pipes[1]);
	need(read(pipes[0], &v, sizeof(v)) == sizeof(v));
	close(pipes[0]);
	return v;
}

/* The row's process becomes another program that tells its parent. */
static void after_exec(const char *self, int to)
{
	char end[16], index[16], *argv[] = { (char *)self, end, index, NULL };

	snprintf(end, sizeof(end), "%d", to);
	snprintf(index, sizeof(index), "%ld", (long)(row - rows));
	execv(self, argv);
}

/* Flags are not for C to keep: a handler starts with the direction forwards
 * and no single step, and with AC as it was. */
static unsigned long handler_flags;

static void look_at_flags(int sig)
{
	(void)sig;
	handler_flags = __builtin_ia32_readeflags_u32();
}

static void test_flags(void)
{
	const unsigned int df = 0x400, ac = 0x40000;
	int ret;

	signal(SIGUSR1, look_at_flags);
	__asm__ volatile("pushfl; orl %1, (%%esp); popfl; int $0x80\n\t"
			 "pushfl; andl %2, (%%esp); popfl"
			 : "=a"(ret)
			 : "r"(df | ac), "r"(~(df | ac)), "0"(SYS_kill),
			   "b"(getpid()), "c"(SIGUSR1)
			 : "memory", "cc");
	check(!ret && !(handler_flags & df) && (handler_flags & ac),
	      "flags in a handler", "%lx", handler_flags);
}

static int look_in_thread(void *unused)
{
	(void)unused;
	seen = row->get();
	return 0;
}

static long in_thread(void)
{
	static char stack[65536];

	seen_tid = 1;
	need(clone(look_in_thread, stack + sizeof(stack),
		   CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			   CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID,
		   NULL, &seen_tid) > 0);
	while (syscall(SYS_tgkill, getpid(), seen_tid, 0) == 0)
		sched_yield();
	return seen;
}

struct cells {
	long base, want, handler, child, thread, exec;
};

static void look_from_all_sides(const char *self, int to)
{
	struct cells c;

	c.base = row->get();
	row->set();
	c.want = row->get();
	c.handler = in_handler();
	c.child = in_child();
	c.thread = in_thread();
	write(to, &c, offsetof(struct cells, exec));
	after_exec(self, to);
}

static int as_said(const struct cells *c, char cell, long v)
{
	return v == (cell == 'k' ? c->want :
		     cell == 'r' ? c->base :
				   0) ||
	       cell == '-';
}

static void test_row(const char *self)
{
	struct cells c;
	int pipes[2];

	need(pipe(pipes) == 0);
	if (!fork())
		look_from_all_sides(self, pipes[1]);
	close(pipes[1]);
	need(read(pipes[0], &c, offsetof(struct cells, exec)) ==
	     offsetof(struct cells, exec));
	need(read(pipes[0], &c.exec, sizeof(c.exec)) == sizeof(c.exec));
	close(pipes[0]);
	wait(NULL);
	check(c.base != c.want && as_said(&c, row->in_handler, c.handler) &&
		      as_said(&c, row->in_child, c.child) &&
		      as_said(&c, row->after_exec, c.exec) &&
		      as_said(&c, row->in_thread, c.thread),
	      row->name,
	      "%lx, set to %lx: handler %lx, child %lx, exec %lx, thread %lx",
	      c.base, c.want, c.handler, c.child, c.exec, c.thread);
}

int main(int argc, char **argv)
{
	if (argc > 2) {
		row = rows + atoi(argv[2]);
		seen = row->get();
		write(atoi(argv[1]), &seen, sizeof(seen));
		_exit(0);
	}
	for (row = rows; row < rows + ROWS; row++)
		test_row(argv[0]);
	test_flags();
	return checks_done();
}
