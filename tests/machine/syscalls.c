/* SPDX-License-Identifier: MIT */
/*
 * System calls at random: whatever a program asks, the kernel stays up and
 * loses nothing.
 *
 *   syscalls SEED ROUNDS CALLS
 *
 * In each round a few workers have CALLS calls each made, by children of
 * theirs, one after the other as they die; round and worker give the seed, so
 * one can be had again. Half of the calls are any number with
 * any arguments; the others are put together so that they get further: files,
 * pipes, mappings in one arena, System V shared memory, children, signals. A
 * child may kill itself in many ways; that is no failure. It may not end
 * the machine, nor send signals to others: those calls are left out.
 *
 * Afterwards free memory must be what it was, but for what the kernel keeps
 * for next time.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS 3
#define LIMIT 20 /* seconds that a worker may take */
#define ARENA 0x50000000ul
#define ARENA_PAGES 256
#define KEPT_KB 768 /* what caches may hold more than before */

typedef unsigned int u32;

static u32 state;
static char *buffer; /* two pages, then one without access */

static u32 rnd(u32 n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return n ? state % n : state;
}

/* Past the C library, whose data a call may have spoilt. */
static long call(u32 nr, const u32 a[6])
{
	long ret;

	__asm__ volatile("pushl %%ebp\n\t"
			 "movl 20(%2), %%ebp\n\t"
			 "movl 0(%2), %%ebx\n\t"
			 "movl 4(%2), %%ecx\n\t"
			 "movl 8(%2), %%edx\n\t"
			 "movl 16(%2), %%edi\n\t"
			 "movl 12(%2), %%esi\n\t"
			 "int $0x80\n\t"
			 "popl %%ebp"
			 : "=a"(ret)
			 : "0"(nr), "S"(a)
			 : "ebx", "ecx", "edx", "edi", "memory");
	return ret;
}

static long call4(u32 nr, u32 a, u32 b, u32 c, u32 d)
{
	const u32 args[6] = { a, b, c, d, 0, 0 };

	return call(nr, args);
}

static const char *const names[] = {
	"/tmp/a",
	"/tmp/b",
	"/tmp/d",
	"/tmp/d/e",
	"/tmp/d/../a",
	"/",
	".",
	"..",
	"/dev/null",
	"/dev/zero",
	"/dev/full",
	"/dev/tty",
	"/dev/urandom",
	"/dev/kmsg",
	"/proc/self/maps",
	"/proc/meminfo",
	"/proc/1/stat",
	"/proc/self",
	"/proc/self/fd",
	"/proc/slabinfo",
	"/proc/vmstat",
	"/proc/self/pagemap",
	"/dev/ptmx",
	"/proc/self/smaps",
	"/tmp/none",
	"",
	"/proc/self/environ",
	"/tmp/link",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static u32 number(void)
{
	switch (rnd(8)) {
	case 0:
		return 0;
	case 1:
		return 1;
	case 2:
		return -1u;
	case 3:
		return 1u << rnd(32);
	case 4:
		return (1u << rnd(32)) - 1;
	case 5:
		return rnd(0);
	case 6:
		return rnd(4096);
	default:
		return rnd(16);
	}
}

static u32 pointer(void)
{
	switch (rnd(10)) {
	case 0:
		return 0;
	case 1:
		return (u32)buffer + 8192 - rnd(16);
	case 2:
		return 0xc0000000u - rnd(64);
	case 3:
		return 0xc0000000u + rnd(0) % 0x3fffffffu;
	case 4:
		return ARENA + rnd(ARENA_PAGES * 4096);
	case 5:
		return (u32)names[rnd(COUNT(names))];
	case 6:
		return rnd(0);
	default:
		return (u32)buffer + rnd(8192);
	}
}

static u32 argument(void)
{
	switch (rnd(6)) {
	case 0:
	case 1:
		return pointer();
	case 2:
		return rnd(24); /* a descriptor */
	case 3:
		return -100; /* AT_FDCWD */
	default:
		return number();
	}
}

static bool left_out(u32 nr)
{
	static const u32 list[] = {
		SYS_reboot,
		SYS_kill,
		SYS_tkill,
		SYS_tgkill,
		SYS_rt_sigqueueinfo,
		SYS_rt_tgsigqueueinfo,
		SYS_exit,
		SYS_exit_group,
		SYS_syslog,
		SYS_pause,
		SYS_rt_sigsuspend,
		SYS_sigsuspend,
		SYS_vfork,
		SYS_fork,
		SYS_clone,
		SYS_clone3,
		SYS_chroot,
		SYS_umount,
		SYS_umount2,
		SYS_mount,
		SYS_setrlimit,
		SYS_prlimit64,
		SYS_pidfd_send_signal,
		SYS_settimeofday,
		SYS_stime,
		SYS_clock_settime,
		SYS_clock_settime64,
		SYS_vhangup,
		SYS_ptrace,
		SYS_setsid,
		SYS_swapon,
		SYS_swapoff,
		SYS_unlink,
		SYS_sched_setscheduler,
		SYS_sched_setattr,
		SYS_rmdir,
		SYS_pivot_root,
		SYS_rename,
		SYS_unlinkat,
		SYS_renameat,
		SYS_renameat2,
		SYS_adjtimex,
		SYS_clock_adjtime,
	};
	u32 i;

	for (i = 0; i < COUNT(list); i++)
		if (list[i] == nr)
			return true;
	return false;
}

static void any_call(void)
{
	u32 nr = rnd(452), a[6], i;

	if (left_out(nr))
		return;
	if ((nr == SYS_sigreturn || nr == SYS_rt_sigreturn) && rnd(16))
		return; /* seldom survived */
	for (i = 0; i < 6; i++)
		a[i] = argument();
	call(nr, a);
}

static u32 range(u32 *size)
{
	u32 page = rnd(ARENA_PAGES), pages = 1 + rnd(ARENA_PAGES - page);

	if (rnd(3))
		pages = 1 + rnd(4);
	*size = pages * 4096;
	return ARENA + page * 4096;
}

static void memory_call(void)
{
	u32 size, at = range(&size), to, unused;
	u32 a[6] = { at, size, rnd(8), 0, rnd(24), rnd(16) };

	switch (rnd(12)) {
	case 0:
	case 1:
	case 2:
		a[3] = 0x10 | (1 + rnd(2)) | (rnd(4) ? 0x20 : 0) |
		       (rnd(4) ? 0 : 1u << rnd(20));
		call(SYS_mmap2, a);
		break;
	case 3:
		call4(SYS_munmap, at, size, 0, 0);
		break;
	case 4:
		call4(SYS_mprotect, at, size, rnd(8), 0);
		break;
	case 5:
		to = range(&unused);
		a[2] = rnd(ARENA_PAGES / 4) * 4096;
		a[3] = rnd(8);
		a[4] = to;
		call(SYS_mremap, a);
		break;
	case 6:
		call4(SYS_madvise, at, size, rnd(26), 0);
		break;
	case 7:
		call4(rnd(2) ? SYS_mlock : SYS_munlock, at, size, 0, 0);
		break;
	case 8:
		call4(SYS_mincore, at, size, (u32)buffer, 0);
		break;
	case 9:
		call4(SYS_msync, at, size, rnd(8), 0);
		break;
	case 10:
		call4(SYS_brk, call4(SYS_brk, 0, 0, 0, 0) + rnd(65536) - 16384,
		      0, 0, 0);
		break;
	default: /* filling it, by a call, cannot hurt us */
		call4(SYS_getrandom, at, size < 65536 ? size : 65536, 0, 0);
		break;
	}
}

static void file_call(void)
{
	u32 fd = 3 + rnd(20), at = pointer(),
	    size = rnd(3) ? rnd(8192) : number();
	u32 name = (u32)names[rnd(COUNT(names))];

	switch (rnd(16)) {
	case 0:
	case 1:
		call4(SYS_open, name, rnd(2) ? 0102 : number(), 0666, 0);
		break;
	case 2:
	case 3:
		call4(SYS_read, fd, at, size, 0);
		break;
	case 4:
	case 5:
		call4(SYS_write, fd, at, size, 0);
		break;
	case 6:
		call4(SYS_pipe2, (u32)buffer, 04000, 0, 0);
		break;
	case 7:
		call4(SYS_close, fd, 0, 0, 0);
		break;
	case 8:
		call4(SYS_lseek, fd, number(), rnd(5), 0);
		break;
	case 9:
		call4(SYS_ftruncate, fd, rnd(1 << 20), 0, 0);
		break;
	case 10:
		call4(SYS_dup2, fd, 3 + rnd(20), 0, 0);
		break;
	case 11:
		call4(SYS_getdents64, fd, at, size, 0);
		break;
	case 12:
		call4(SYS_fcntl64, fd, rnd(20), number(), 0);
		break;
	case 13:
		call4(SYS_memfd_create, (u32)buffer, rnd(8), 0, 0);
		break;
	case 14:
		call4(SYS_mkdir, name, 0777, 0, 0);
		break;
	default:
		call4(SYS_sendfile64, fd, 3 + rnd(20), 0, size);
		break;
	}
}

/* A child that does a few calls of its own and ends. */
static void child_call(void)
{
	u32 flags = rnd(4) ? SIGCHLD : SIGCHLD | (1u << (8 + rnd(24)));
	long pid;

	flags &= ~(0x00004000u | 0x00000100u | 0x00200000u); /* VFORK VM … */
	pid = call4(SYS_clone, flags, 0, 0, 0);
	if (pid == 0) {
		memory_call();
		any_call();
		call4(SYS_exit, 0, 0, 0, 0);
	}
	if (pid > 0)
		call4(SYS_wait4, pid, 0, rnd(2), 0);
}

static void other_call(void)
{
	static const u32 sizes[] = { 1, 4096, 65536, 0, 1 << 20 };
	u32 unused;
	long id;

	switch (rnd(6)) {
	case 0:
		id = call4(SYS_shmget, rnd(4), sizes[rnd(COUNT(sizes))],
			   rnd(2) ? 01666 : number(), 0);
		call4(SYS_shmat, id, rnd(2) ? 0 : range(&unused), rnd(0), 0);
		break;
	case 1:
		call4(SYS_shmctl, rnd(64), rnd(20), (u32)buffer, 0);
		break;
	case 2:
		call4(SYS_rt_sigaction, 1 + rnd(64), (u32)buffer + rnd(4096), 0,
		      8);
		break;
	case 3:
		call4(SYS_rt_sigprocmask, rnd(3), (u32)buffer + rnd(4096), 0,
		      8);
		break;
	case 4:
		call4(SYS_modify_ldt, 0x11, (u32)buffer + rnd(4096), 16, 0);
		break;
	default:
		call4(SYS_futex, (u32)buffer + rnd(8192),
		      rnd(2) ? 129 : rnd(16), rnd(4), 0);
		break;
	}
}

static void fill_buffer(void)
{
	u32 i;

	for (i = 0; i < 8192 / 4; i++)
		((u32 *)buffer)[i] = argument();
}

/* What a worker and its victims share: how many calls were made. */
static volatile u32 *progress;

static void limit(void)
{
	struct rlimit file = { 1 << 20, 1 << 20 };
	struct rlimit space = { 96 << 20, 96 << 20 };
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd >= 0 && write(fd, "1000", 4) == 4)
		close(fd);
	setrlimit(RLIMIT_FSIZE, &file);
	setrlimit(RLIMIT_AS, &space);
	signal(SIGXFSZ, SIG_IGN);
}

static void one_call(void)
{
	switch (rnd(12)) {
	case 0:
	case 1:
	case 2:
		memory_call();
		break;
	case 3:
	case 4:
		file_call();
		break;
	case 5:
		if (rnd(4) == 0)
			child_call();
		break;
	case 6:
		other_call();
		break;
	default:
		any_call();
		break;
	}
}

/* Calls until it dies of one. */
static void victim(u32 seed, u32 calls)
{
	u32 n;

	setsid();
	state = seed * 2654435761u | 1;
	while ((n = *progress) < calls) {
		*progress = n + 1;
		if (n % 64 == 0)
			fill_buffer();
		one_call();
	}
	call4(SYS_exit_group, 0, 0, 0, 0);
}

/* Wait for @pid, but not if it makes no call for a second. */
static void attend(pid_t pid)
{
	u32 seen = 0, idle = 0;

	while (waitpid(pid, NULL, WNOHANG) != pid) {
		usleep(10000);
		idle = *progress == seen ? idle + 1 : 0;
		seen = *progress;
		if (idle == 100)
			kill(pid, SIGKILL);
	}
}

static void work(u32 seed, u32 calls)
{
	pid_t pid;
	int fd, i;

	setsid();
	limit();
	i = open("/dev/null", O_RDWR); /* what it prints is of no interest */
	for (fd = 0; fd < 3; fd++)
		dup2(i, fd);
	progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	while (progress != MAP_FAILED && *progress < calls) {
		seed += WORKERS * 1000003u;
		pid = fork();
		if (pid == 0)
			victim(seed, calls);
		if (pid > 0)
			attend(pid);
	}
	_exit(0);
}

static volatile sig_atomic_t late;

static void on_alarm(int sig)
{
	(void)sig;
	late = 1;
}

/* Everybody in the machine but process 1 and us. */
static void end_all(void)
{
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void run_round(u32 seed, u32 calls)
{
	u32 i, left = WORKERS;

	late = 0;
	for (i = 0; i < WORKERS; i++)
		if (fork() == 0)
			work(seed * WORKERS + i + 1, calls);
	alarm(LIMIT);
	while (left && !late)
		if (wait(NULL) > 0)
			left--;
		else if (errno == ECHILD)
			break;
	alarm(0);
	end_all();
}

static void tidy(void)
{
	static const char *const made[] = {
		"/tmp/d/e", "/tmp/d",	 "/tmp/a",
		"/tmp/b",   "/tmp/none", "/tmp/link"
	};
	struct shm_info info;
	struct shmid_ds ds;
	int max, i;
	u32 k;

	max = shmctl(0, SHM_INFO, (void *)&info);
	for (i = 0; i <= max; i++)
		shmctl(shmctl(i, SHM_STAT, &ds), IPC_RMID, NULL);
	for (k = 0; k < COUNT(made); k++)
		if (unlink(made[k]) < 0)
			rmdir(made[k]);
}

static long free_kb(void)
{
	char line[128];
	long kb = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemFree: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

int main(int argc, char **argv)
{
	u32 seed = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	u32 rounds = argc > 2 ? strtoul(argv[2], NULL, 0) : 20;
	u32 calls = argc > 3 ? strtoul(argv[3], NULL, 0) : 3000;
	struct sigaction sa = { .sa_handler = on_alarm };
	long before, after;
	u32 i;

	setvbuf(stdout, NULL, _IONBF, 0);
	mkdir("/tmp", 0777);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	sigaction(SIGALRM, &sa, NULL);
	buffer = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer == MAP_FAILED || mprotect(buffer + 8192, 4096, PROT_NONE))
		return 1;
	run_round(seed, calls); /* caches are filled */
	tidy();
	before = free_kb();
	for (i = 1; i < rounds; i++) {
		run_round(seed + i, calls);
		tidy();
		printf("ok seed %u: still here, %ld KB free\n", seed + i,
		       free_kb());
	}
	after = free_kb();
	printf("%sok free memory: %ld KB before, %ld after\n",
	       before - after > KEPT_KB ? "not " : "", before, after);
	return before - after > KEPT_KB;
}
