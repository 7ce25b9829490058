/* SPDX-License-Identifier: MIT */
/*
 * What a tracer may ask of a thread that is stopped: memory, registers,
 * signals, system calls, single steps, watchpoints. Every expectation was
 * recorded on Linux 6.1.
 */
#include <asm/ldt.h>
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "trace.h"

static volatile int word = 5;
static volatile char narrow[8];
static const int constant = 77;

/* ---- memory ---- */

static void change_word(void)
{
	raise(SIGUSR1);
	if (word != 6 || constant != 77)
		_exit(3);
}

static void test_memory(void)
{
	unsigned long page = (unsigned long)&constant;
	long got = 0, code;
	char path[64];
	pid_t pid;
	int mem;

	word = 5;
	pid = traced(change_word);
	is(trace(PTRACE_PEEKDATA, pid, (unsigned long)&word, &got), 0);
	is(got, 5);
	is(trace(PTRACE_PEEKTEXT, pid, page, &got), 0);
	is(got, 77);
	is(trace(PTRACE_PEEKDATA, pid, 0, &got), -EIO);
	is(trace(PTRACE_PEEKDATA, pid, 0xfffffffe, &got), -EIO);
	is(trace(PTRACE_PEEKDATA, pid, page, NULL), -EFAULT);
	is(trace(PTRACE_POKEDATA, pid, 0, NULL), -EIO);
	is(trace(PTRACE_POKEDATA, pid, (unsigned long)&word, DATA(6)), 0);
	is(word, 5);
	/* Text, which is read-only and shared with us: a copy of its own. */
	is(trace(PTRACE_PEEKTEXT, pid, (unsigned long)nothing, &code), 0);
	is(trace(PTRACE_POKETEXT, pid, (unsigned long)nothing, DATA(0xcc)), 0);
	is(trace(PTRACE_PEEKTEXT, pid, (unsigned long)nothing, &got), 0);
	is(got, 0xcc);
	is(*(long *)nothing == code, 1);
	is(trace(PTRACE_POKEDATA, pid, page, DATA(78)), 0);
	is(constant, 77);
	is(trace(PTRACE_POKEDATA, pid, page, DATA(77)), 0);
	/* The same by /proc, over a page's border too. */
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDWR);
	is(mem >= 0, 1);
	is(pread(mem, &got, 4, (off_t)(unsigned long)&word), 4);
	is(got, 6);
	is(pwrite(mem, &code, 4, (off_t)(unsigned long)nothing), 4);
	is(trace(PTRACE_PEEKTEXT, pid, (unsigned long)nothing, &got), 0);
	is(got == code, 1);
	close(mem);
	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGUSR1));
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

/* What is shared and read-only cannot be written; a private hole can. */
static void test_memory_kinds(void)
{
	long size = sysconf(_SC_PAGESIZE), got;
	char *shared =
		mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *none =
		mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *hole =
		mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid = traced(nothing);

	is(trace(PTRACE_POKEDATA, pid, (unsigned long)shared, DATA(1)), -EIO);
	is(trace(PTRACE_PEEKDATA, pid, (unsigned long)none, &got), 0);
	is(got, 0);
	is(trace(PTRACE_POKEDATA, pid, (unsigned long)none, DATA(7)), 0);
	is(trace(PTRACE_PEEKDATA, pid, (unsigned long)none, &got), 0);
	is(got, 7);
	is(trace(PTRACE_POKEDATA, pid, (unsigned long)hole, DATA(8)), 0);
	is(trace(PTRACE_PEEKDATA, pid, (unsigned long)hole, &got), 0);
	is(got, 8);
	is(*hole, 0);
	is(trace(PTRACE_PEEKDATA, pid, (unsigned long)hole + size - 2, &got),
	   trace(PTRACE_PEEKDATA, pid, (unsigned long)hole + size, &got) ?
		   -EIO :
		   0);
	end(pid);
	munmap(shared, size);
	munmap(none, size);
	munmap(hole, size);
}

/* ---- registers ---- */

static void test_registers(void)
{
	struct user_regs_struct r, s;
	struct iovec iov = { &s, sizeof(s) };
	pid_t pid = traced(nothing);

	is(trace(PTRACE_GETREGS, pid, 0, &r), 0);
	is(r.orig_eax == SYS_tgkill || r.orig_eax == SYS_kill, 1);
	is(r.xcs, 0x73);
	is(r.xss, 0x7b);
	is(r.xds, 0x7b);
	is(peekuser(pid, R_ORIG_EAX), r.orig_eax);
	is(peekuser(pid, R_EIP), r.eip);
	is(trace(PTRACE_PEEKUSR, pid, 2, &s), -EIO);
	is(trace(PTRACE_PEEKUSR, pid, sizeof(struct user), &s), -EIO);
	is(peekuser(pid, sizeof(r)), 0);
	is(trace(PTRACE_POKEUSR, pid, sizeof(r), DATA(1)), -EIO);
	is(trace(PTRACE_POKEUSR, pid, 1, DATA(1)), -EIO);

	is(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov), 0);
	is(iov.iov_len, sizeof(r));
	is(memcmp(&r, &s, sizeof(r)), 0);
	iov.iov_len = 9;
	is(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov), -EINVAL);
	iov.iov_len = 8;
	memset(&s, 0xee, sizeof(s));
	is(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov), 0);
	is(s.ecx == r.ecx && s.edx == (long)0xeeeeeeee, 1);
	is(iov.iov_len, 8);
	iov.iov_len = 4000;
	is(trace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov), 0);
	is(iov.iov_len, sizeof(r));
	is(trace(PTRACE_GETREGSET, pid, 0x7777, &iov), -EINVAL);

	/* What a program must not have. */
	is(trace(PTRACE_POKEUSR, pid, offsetof(struct user_regs_struct, xcs),
		 DATA(0x60)),
	   -EIO);
	is(trace(PTRACE_POKEUSR, pid, offsetof(struct user_regs_struct, xcs),
		 DATA(0)),
	   -EIO);
	is(trace(PTRACE_POKEUSR, pid, offsetof(struct user_regs_struct, xss),
		 DATA(0)),
	   -EIO);
	is(trace(PTRACE_POKEUSR, pid, offsetof(struct user_regs_struct, xds),
		 DATA(0x68)),
	   -EIO);
	is(trace(PTRACE_POKEUSR, pid, offsetof(struct user_regs_struct, xfs),
		 DATA(0)),
	   0);
	is(trace(PTRACE_POKEUSR, pid, R_EFLAGS, DATA(0xffffffff)), 0);
	is(peekuser(pid, R_EFLAGS) & 0x27000, 0);
	is(peekuser(pid, R_EFLAGS) & 0xdd5, 0xdd5);
	is(trace(PTRACE_POKEUSR, pid, R_EFLAGS, DATA(r.eflags)), 0);
	is(peekuser(pid, R_EFLAGS), r.eflags);
	s = r;
	s.ebx = 0x1234567;
	is(trace(PTRACE_SETREGS, pid, 0, &s), 0);
	is(peekuser(pid, 0), 0x1234567);
	s.ebx = r.ebx;
	iov.iov_base = &s;
	iov.iov_len = 4;
	is(trace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov), 0);
	is(peekuser(pid, 0), r.ebx);
	is(trace(PTRACE_GETREGS, pid, 0, NULL), -EFAULT);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

static volatile double third;

static void divide(void)
{
	third = 1.0 / 3.0;
	__asm__ volatile("fld1; fldpi; int3; fstp %%st(0); fstp %%st(0)" :::);
}

static void test_fpu(void)
{
	struct user_fpregs_struct f, g;
	struct user_fpxregs_struct x, y;
	struct iovec iov = { &y, sizeof(y) };
	pid_t pid = traced(divide);

	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
	is(trace(PTRACE_GETFPREGS, pid, 0, &f), 0);
	is(f.cwd & 0xffff, 0x37f);
	is(f.swd >> 11 & 7, 6);
	is(f.twd & 0xffff, 0x0fff);
	is(trace(PTRACE_GETFPXREGS, pid, 0, &x), 0);
	is(x.cwd, 0x37f);
	is(x.twd, 0xc0);
	is(x.mxcsr, 0x1f80);
	is(memcmp(x.st_space, f.st_space, 10), 0);
	is(trace(PTRACE_GETREGSET, pid, NT_PRXFPREG, &iov), 0);
	is(iov.iov_len, sizeof(y));
	is(memcmp(&x, &y, sizeof(x)), 0);
	iov.iov_len = sizeof(g);
	iov.iov_base = &g;
	is(trace(PTRACE_GETREGSET, pid, NT_PRFPREG, &iov), 0);
	is(memcmp(&f, &g, sizeof(f)), 0);
	x.mxcsr |= 0x10000000;
	is(trace(PTRACE_SETFPXREGS, pid, 0, &x), -EIO);
	x.mxcsr = 0x3f80;
	x.xmm_space[0] = 0x12345678;
	is(trace(PTRACE_SETFPXREGS, pid, 0, &x), 0);
	f.cwd = 0xffff027f;
	is(trace(PTRACE_SETFPREGS, pid, 0, &f), 0);
	is(trace(PTRACE_GETFPXREGS, pid, 0, &y), 0);
	is(y.cwd, 0x27f);
	is(y.mxcsr, 0x3f80);
	is(y.xmm_space[0], 0x12345678);
	is(memcmp(y.st_space, x.st_space, 10), 0);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

static void test_tls(void)
{
	struct user_desc d = { 0 }, three[3];
	struct iovec iov = { three, sizeof(three) };
	pid_t pid = traced(nothing);

	is(trace(PTRACE_GET_THREAD_AREA, pid, 6, &d), 0);
	is(d.entry_number, 6);
	is(d.limit, 0xfffff);
	is(d.seg_32bit, 1);
	is(trace(PTRACE_GET_THREAD_AREA, pid, 5, &d), -EINVAL);
	is(trace(PTRACE_GET_THREAD_AREA, pid, 9, &d), -EINVAL);
	is(trace(PTRACE_GET_THREAD_AREA, pid, -1, &d), -EIO);
	d.base_addr = 0x1000;
	is(trace(PTRACE_SET_THREAD_AREA, pid, 8, &d), 0);
	is(trace(PTRACE_SET_THREAD_AREA, pid, 3, &d), -EINVAL);
	is(trace(PTRACE_GETREGSET, pid, 0x200, &iov), 0);
	is(iov.iov_len, sizeof(three));
	is(three[2].base_addr, 0x1000);
	is(three[0].limit, 0xfffff);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

/* ---- signals ---- */

static volatile int handled;

static void on_signal(int sig)
{
	handled = sig;
}

static void take_signals(void)
{
	signal(SIGUSR1, on_signal);
	signal(SIGUSR2, on_signal);
	signal(SIGWINCH, SIG_IGN);
	raise(SIGUSR1); /* given on */
	if (handled != SIGUSR1)
		_exit(1);
	handled = 0;
	raise(SIGUSR1); /* taken away */
	if (handled)
		_exit(2);
	raise(SIGUSR1); /* exchanged */
	if (handled != SIGUSR2)
		_exit(3);
	raise(SIGWINCH); /* ignored, and seen all the same */
	raise(SIGCHLD);
}

static void test_signals(void)
{
	siginfo_t info;
	pid_t pid = traced(take_signals);

	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGUSR1));
	is(trace(PTRACE_GETSIGINFO, pid, 0, &info), 0);
	is(info.si_signo, SIGUSR1);
	is(info.si_code, SI_TKILL);
	is(info.si_pid, pid);
	is(go(PTRACE_CONT, pid, SIGUSR1), STOPPED(SIGUSR1));
	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGUSR1));
	is(go(PTRACE_CONT, pid, SIGUSR2), STOPPED(SIGWINCH));
	is(go(PTRACE_CONT, pid, SIGWINCH), STOPPED(SIGCHLD));
	is(go(PTRACE_CONT, pid, 0), EXITED(0));

	pid = traced(nothing);
	is(go(PTRACE_CONT, pid, SIGTERM), KILLED(SIGTERM));
	pid = traced(nothing);
	is(trace(PTRACE_KILL, pid, 0, NULL), 0);
	is(next(pid), KILLED(SIGKILL));
}

static void queue_some(void)
{
	sigset_t set;
	union sigval v;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (v.sival_int = 0; v.sival_int < 3; v.sival_int++)
		sigqueue(getpid(), SIGRTMIN, v);
	raise(SIGTRAP);
}

static void test_siginfo(void)
{
	struct ptrace_peeksiginfo_args a = { 1, PTRACE_PEEKSIGINFO_SHARED, 9 };
	siginfo_t info, four[4];
	uint64_t mask = 0;
	pid_t pid = traced(queue_some);

	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
	is(trace(PTRACE_PEEKSIGINFO, pid, (unsigned long)&a, four), 2);
	is(four[0].si_value.sival_int, 1);
	is(four[1].si_value.sival_int, 2);
	a.off = 3;
	is(trace(PTRACE_PEEKSIGINFO, pid, (unsigned long)&a, four), 0);
	a.off = 0;
	a.flags = 0;
	is(trace(PTRACE_PEEKSIGINFO, pid, (unsigned long)&a, four), 0);
	a.flags = 2;
	is(trace(PTRACE_PEEKSIGINFO, pid, (unsigned long)&a, four), -EINVAL);
	a.flags = 0;
	a.nr = -1;
	is(trace(PTRACE_PEEKSIGINFO, pid, (unsigned long)&a, four), -EINVAL);

	is(trace(PTRACE_GETSIGMASK, pid, 4, &mask), -EINVAL);
	is(trace(PTRACE_GETSIGMASK, pid, 8, &mask), 0);
	is(mask == 1ull << (SIGRTMIN - 1), 1);
	mask |= 1ull << (SIGUSR1 - 1) | 1ull << (SIGKILL - 1);
	is(trace(PTRACE_SETSIGMASK, pid, 8, &mask), 0);
	is(trace(PTRACE_GETSIGMASK, pid, 8, &mask), 0);
	is(mask == (1ull << (SIGRTMIN - 1) | 1ull << (SIGUSR1 - 1)), 1);
	is(trace(PTRACE_GETSIGINFO, pid, 0, &info), 0);
	info.si_code = 1234;
	is(trace(PTRACE_SETSIGINFO, pid, 0, &info), 0);
	is(trace(PTRACE_GETSIGINFO, pid, 0, &info), 0);
	is(info.si_code, 1234);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

/* ---- system calls ---- */

static void call_twice(void)
{
	if (syscall(SYS_getppid) != 4242)
		_exit(1);
	if (syscall(SYS_getppid, 1, 2, 3) != -1)
		_exit(2);
	close(55);
}

static void test_syscalls(void)
{
	struct ptrace_syscall_info i;
	pid_t pid = traced(call_twice);

	is(trace(PTRACE_SETOPTIONS, pid, 0, DATA(PTRACE_O_TRACESYSGOOD)), 0);
	is(trace(PTRACE_SETOPTIONS, pid, 0, DATA(0x40000000)), -EINVAL);
	is(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(i), &i), 24);
	is(i.op, PTRACE_SYSCALL_INFO_NONE);
	is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
	is(peekuser(pid, R_ORIG_EAX), SYS_getppid);
	is(peekuser(pid, R_EAX), -ENOSYS);
	is(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(i), &i), 80);
	is(i.op, PTRACE_SYSCALL_INFO_ENTRY);
	is(i.arch, 0x40000003);
	is(i.entry.nr, SYS_getppid);
	is(i.instruction_pointer == (unsigned long)peekuser(pid, R_EIP), 1);
	is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
	is(peekuser(pid, R_EAX), getpid());
	is(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(i), &i), 33);
	is(i.op, PTRACE_SYSCALL_INFO_EXIT);
	is(i.exit.rval, getpid());
	is(i.exit.is_error, 0);
	is(trace(PTRACE_POKEUSR, pid, R_EAX, DATA(4242)), 0);

	/* A number that does not exist: what was in eax stays. */
	is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
	is(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(i), &i), 80);
	is(i.entry.args[0] == 1 && i.entry.args[1] == 2 && i.entry.args[2] == 3,
	   1);
	is(trace(PTRACE_POKEUSR, pid, R_ORIG_EAX, DATA(-1)), 0);
	is(trace(PTRACE_POKEUSR, pid, R_EAX, DATA(-ENXIO)), 0);
	is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
	is(peekuser(pid, R_EAX), -ENXIO);
	is(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(i), &i), 33);
	is(i.exit.is_error, 1);
	is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
	is(peekuser(pid, R_ORIG_EAX), SYS_close);
	is(peekuser(pid, 0), 55);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));

	/* Without the option it is a bare SIGTRAP. */
	pid = traced(nothing);
	is(go(PTRACE_SYSCALL, pid, 0), STOPPED(SIGTRAP));
	end(pid);

	/* Emulated: only the entry stops, and nothing is done. */
	pid = traced(call_twice);
	is(go(PTRACE_SYSEMU, pid, 0), STOPPED(SIGTRAP));
	is(peekuser(pid, R_ORIG_EAX), SYS_getppid);
	is(trace(PTRACE_POKEUSR, pid, R_EAX, DATA(4242)), 0);
	is(go(PTRACE_SYSEMU, pid, 0), STOPPED(SIGTRAP));
	is(trace(PTRACE_POKEUSR, pid, R_EAX, DATA(-1)), 0);
	is(go(PTRACE_SYSEMU, pid, 0), STOPPED(SIGTRAP));
	is(peekuser(pid, R_ORIG_EAX), SYS_close);
	end(pid);
}

/* A call that a signal interrupts is begun again, seen by the tracer. */
static void read_pipe(void)
{
	int ends[2];
	char c;

	signal(SIGUSR1, on_signal);
	need(pipe(ends) == 0);
	if (read(ends[0], &c, 1) != 77)
		_exit(1);
}

static void test_restart(void)
{
	pid_t pid = traced(read_pipe);
	int i;

	is(trace(PTRACE_SETOPTIONS, pid, 0, DATA(PTRACE_O_TRACESYSGOOD)), 0);
	for (i = 0; i < 20; i++) {
		is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
		if (peekuser(pid, R_ORIG_EAX) == SYS_read)
			break;
	}
	is(peekuser(pid, R_ORIG_EAX), SYS_read);
	is(trace(PTRACE_SYSCALL, pid, 0, NULL), 0);
	usleep(20000);
	kill(pid, SIGUSR1);
	is(next(pid), SYSCALL_STOP);
	is(peekuser(pid, R_EAX), -512);
	is(go(PTRACE_SYSCALL, pid, 0), STOPPED(SIGUSR1));
	is(go(PTRACE_SYSCALL, pid, SIGUSR1), SYSCALL_STOP);
	is(peekuser(pid, R_ORIG_EAX) == SYS_sigreturn ||
		   peekuser(pid, R_ORIG_EAX) == SYS_rt_sigreturn,
	   1);
	is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
	is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
	is(peekuser(pid, R_ORIG_EAX), SYS_read);
	is(trace(PTRACE_POKEUSR, pid, R_ORIG_EAX, DATA(-1)), 0);
	is(trace(PTRACE_POKEUSR, pid, R_EAX, DATA(77)), 0);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

/* So is one that only the tracer's own stop interrupted. */
static void read_byte(void)
{
	int ends[2];
	char c = 0;

	need(pipe(ends) == 0);
	word = ends[1];
	_exit(read(ends[0], &c, 1) != 1 || c != 'x');
}

static void test_interrupted(void)
{
	char path[64];
	pid_t pid = fork();
	int fd, i;
	long end;

	if (pid == 0) {
		raise(SIGSTOP);
		read_byte();
	}
	is(waitpid(pid, &i, WUNTRACED), pid);
	is(trace(PTRACE_SEIZE, pid, 0, DATA(PTRACE_O_TRACESYSGOOD)), 0);
	kill(pid, SIGCONT);
	for (i = 0; i < 20 && next(pid) != SYSCALL_STOP; i++)
		is(trace(PTRACE_SYSCALL, pid, 0, NULL), 0);
	for (i = 0; i < 20 && peekuser(pid, R_ORIG_EAX) != SYS_read; i++)
		is(go(PTRACE_SYSCALL, pid, 0), SYSCALL_STOP);
	is(trace(PTRACE_SYSCALL, pid, 0, NULL), 0);
	usleep(20000);
	is(trace(PTRACE_INTERRUPT, pid, 0, NULL), 0);
	is(next(pid), SYSCALL_STOP);
	is(peekuser(pid, R_EAX), -512);
	is(trace(PTRACE_PEEKDATA, pid, (unsigned long)&word, &end), 0);
	is(trace(PTRACE_CONT, pid, 0, NULL), 0);
	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", pid, end);
	fd = open(path, O_WRONLY);
	is(write(fd, "x", 1), 1);
	close(fd);
	is(next(pid), EXITED(0));
}

/* ---- one instruction at a time ---- */

extern char step_here[], step_call[], step_after[], step_push[], step_end[];
__asm__(".text\n"
	"step_here: nop\n"
	"	movl $20, %eax\n"
	"step_call: int $0x80\n"
	"step_after: nop\n"
	"step_push: pushfl\n"
	"	popl %eax\n"
	"step_end: nop\n"
	"	ret\n");

static void run_steps(void)
{
	signal(SIGUSR1, on_signal);
	__asm__ volatile("int3; call step_here" ::: "eax", "memory");
	raise(SIGUSR1);
}

static void steps_to(pid_t pid, const char *where)
{
	int i;

	for (i = 0; i < 50 && peekuser(pid, R_EIP) != (long)where; i++)
		is(go(PTRACE_SINGLESTEP, pid, 0), STOPPED(SIGTRAP));
	is(peekuser(pid, R_EIP) == (long)where, 1);
}

static void test_step(void)
{
	siginfo_t info;
	pid_t pid = traced(run_steps);

	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
	is(trace(PTRACE_GETSIGINFO, pid, 0, &info), 0);
	is(info.si_code, SI_KERNEL);
	steps_to(pid, step_here);
	is(trace(PTRACE_GETSIGINFO, pid, 0, &info), 0);
	is(info.si_code, TRAP_TRACE);
	is(info.si_addr == step_here, 1);
	is(peekuser(pid, R_EFLAGS) & 0x100, 0);
	is(peekuser(pid, DR(6)) & 0x4000, 0x4000);
	steps_to(pid, step_call);
	/* The call's end, before what follows it. */
	is(go(PTRACE_SINGLESTEP, pid, 0), STOPPED(SIGTRAP));
	is(peekuser(pid, R_EIP) == (long)step_after, 1);
	is(peekuser(pid, R_EAX), pid);
	is(trace(PTRACE_GETSIGINFO, pid, 0, &info), 0);
	is(info.si_code, TRAP_BRKPT);
	steps_to(pid, step_end);
	/* What pushf saw was our flag. */
	is(peekuser(pid, R_EAX) & 0x100, 0x100);
	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGUSR1));
	/* Into the handler: stopped before its first instruction. */
	is(go(PTRACE_SINGLESTEP, pid, SIGUSR1), STOPPED(SIGTRAP));
	is(peekuser(pid, R_EIP) == (long)on_signal, 1);
	is(peekuser(pid, R_EFLAGS) & 0x100, 0);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

/* A program's own trap flag is its own. */
static void own_flag(void)
{
	__asm__ volatile("pushfl; orl $0x100, (%%esp); popfl; nop; nop;"
			 "pushfl; andl $~0x100, (%%esp); popfl" ::
				 : "memory", "cc");
}

static void test_own_flag(void)
{
	pid_t pid = traced(own_flag);
	int i;

	for (i = 0; i < 4; i++) {
		is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
		is(peekuser(pid, R_EFLAGS) & 0x100, 0x100);
	}
	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

/* A breakpoint as debuggers do it. */
static void call_nothing(void)
{
	nothing();
	word = 9;
}

static void test_breakpoint(void)
{
	unsigned long at = (unsigned long)nothing;
	pid_t pid = traced(call_nothing);
	long code;

	is(trace(PTRACE_PEEKTEXT, pid, at, &code), 0);
	is(trace(PTRACE_POKETEXT, pid, at, DATA((code & ~0xffl) | 0xcc)), 0);
	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
	is(peekuser(pid, R_EIP) == (long)at + 1, 1);
	is(trace(PTRACE_POKETEXT, pid, at, DATA(code)), 0);
	is(trace(PTRACE_POKEUSR, pid, R_EIP, DATA(at)), 0);
	is(go(PTRACE_SINGLESTEP, pid, 0), STOPPED(SIGTRAP));
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

/* ---- debug registers ---- */

static void touch(void)
{
	int fd = open("/dev/zero", O_RDONLY), i;

	word = 1;
	i = word;
	narrow[2] = (char)i;
	nothing();
	read(fd, (void *)narrow, 4); /* by the kernel */
	i = (int)syscall(SYS_clone, 0, 0, 0, 0, 0);
	if (i == 0) {
		word = 2; /* the child has no watchpoints */
		_exit(0);
	}
	waitpid(i, NULL, __WALL);
	word = 3;
}

static void test_watch(void)
{
	siginfo_t info;
	pid_t pid = traced(touch);

	is(trace(PTRACE_POKEUSR, pid, DR(0), DATA(&word)), 0);
	is(trace(PTRACE_POKEUSR, pid, DR(1), DATA(&narrow[2])), 0);
	is(trace(PTRACE_POKEUSR, pid, DR(2), DATA(nothing)), 0);
	is(trace(PTRACE_POKEUSR, pid, DR(3), DATA(0xd0000000)), -EINVAL);
	is(trace(PTRACE_POKEUSR, pid, DR(4), DATA(1)), -EIO);
	/* 0: write, 4 bytes; 1: access, 1 byte; 2: execute */
	is(trace(PTRACE_POKEUSR, pid, DR(7), DATA(0x003d0015)), 0);
	is(peekuser(pid, DR(7)), 0x003d0015);
	is(peekuser(pid, DR(0)) == (long)&word, 1);
	/* Lengths and kinds that do not exist, an address that is not even. */
	is(trace(PTRACE_POKEUSR, pid, DR(7), DATA(0x00090001)), -EINVAL);
	is(trace(PTRACE_POKEUSR, pid, DR(7), DATA(0x00020001)), -EINVAL);
	is(trace(PTRACE_POKEUSR, pid, DR(7), DATA(0x00040001)), -EINVAL);
	is(trace(PTRACE_POKEUSR, pid, DR(7), DATA(0x00d00004)), -EINVAL);

	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
	is(word, 5);
	is(trace(PTRACE_GETSIGINFO, pid, 0, &info), 0);
	is(info.si_code, 4 /* TRAP_HWBKPT */);
	is(peekuser(pid, DR(6)) & 0xf, 1);
	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
	is(peekuser(pid, DR(6)) & 0xf, 2);
	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
	is(peekuser(pid, DR(6)) & 0xf, 4);
	is(peekuser(pid, R_EIP) == (long)nothing, 1);
	is(go(PTRACE_CONT, pid, 0), STOPPED(SIGTRAP));
	is(peekuser(pid, DR(6)) & 0xf, 1);
	is(trace(PTRACE_PEEKDATA, pid, (unsigned long)&word, &info), 0);
	is(*(int *)&info, 3);
	is(trace(PTRACE_POKEUSR, pid, DR(7), DATA(0)), 0);
	is(go(PTRACE_CONT, pid, 0), EXITED(0));
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} tests[] = {
		{ "memory", test_memory },
		{ "memory of each kind", test_memory_kinds },
		{ "registers", test_registers },
		{ "numeric registers", test_fpu },
		{ "thread areas", test_tls },
		{ "signals", test_signals },
		{ "siginfo and masks", test_siginfo },
		{ "system calls", test_syscalls },
		{ "a call begun again", test_restart },
		{ "a call that the tracer interrupts", test_interrupted },
		{ "single step", test_step },
		{ "the program's own trap flag", test_own_flag },
		{ "breakpoint", test_breakpoint },
		{ "debug registers", test_watch },
	};
	unsigned int i;

	for (i = 0; i < sizeof(tests) / sizeof(*tests); i++) {
		int before = checks_failed;

		tests[i].run();
		check(checks_failed == before, tests[i].name, "see above");
	}
	return checks_done();
}
