/* SPDX-License-Identifier: MIT */
/*
 * Process 1 of the images that tests/machine/run boots. It mounts what programs
 * expect, runs the program that the kernel's command line names after "--",
 * and hands its end to QEMU:
 *
 *   exit(n)       -> status n (n < 64)
 *   signal s      -> status 64 + s
 *   no such file  -> status 63
 *   a child that it did not start -> status 61
 *   no program    -> status 0: getting here was the test
 *
 * Blocks that the kernel lost are listed before the end, if it looks for any.
 * The byte goes to port 0xf4, isa-debug-exit, and QEMU ends with
 * (status << 1) | 1. No C library, so that it is small beside 8 MB and needs
 * few system calls to work.
 */
#include <asm/unistd.h>

#define PORT 0xf4
#define NULL ((void *)0)

static long call5(long nr, long a, long b, long c, long d, long e)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return ret;
}

#define call(nr, a, b, c) call5(nr, (long)(a), (long)(b), (long)(c), 0, 0)

static void say(const char *text)
{
	int n = 0;

	while (text[n])
		n++;
	call(__NR_write, 1, text, n);
}

static void mount(const char *type, const char *dir)
{
	call(__NR_mkdir, dir, 0755, 0);
	call5(__NR_mount, (long)type, (long)dir, (long)type, 0, 0);
}

static void mount_all(void)
{
	mount("devtmpfs", "/dev");
	mount("devpts", "/dev/pts");
	mount("tmpfs", "/dev/shm");
	mount("proc", "/proc");
	mount("sysfs", "/sys");
	mount("tmpfs", "/tmp");
}

/* The program gets a session with the console as its terminal. */
static long start(char **argv, char **envp)
{
	const long RDWR = 2, TIOCSCTTY = 0x540e;
	long pid = call(__NR_fork, 0, 0, 0);
	long console, fd;

	if (pid)
		return pid;
	call(__NR_setsid, 0, 0, 0);
	console = call(__NR_open, "/dev/console", RDWR, 0);
	call(__NR_ioctl, console, TIOCSCTTY, 1);
	for (fd = 0; fd < 3; fd++)
		call(__NR_dup2, console, fd, 0);
	if (console > 2)
		call(__NR_close, console, 0, 0);
	call(__NR_execve, argv[0], argv, envp);
	say("init: no such program\n");
	call(__NR_exit, 63, 0, 0);
	return -1;
}

/* Waits as process 1 must: for every orphan, until the program itself ends. */
static int status_of(long pid)
{
	int status;
	long got;

	do
		got = call(__NR_waitpid, -1, &status, 0);
	while (got != pid && got > 0);
	if (got != pid)
		return 62;
	if (status & 0x7f)
		return 64 + (status & 0x3f);
	status >>= 8;
	return status < 63 ? status : 63;
}

/* A kernel that looks for its leaks (kmemleak=on) says what it has lost. */
static void show_leaks(void)
{
	static const char path[] = "/sys/kernel/debug/kmemleak";
	const long RDWR = 2;
	const long old_enough[2] = { 6, 0 };
	char text[1024];
	long fd, n;

	mount("debugfs", "/sys/kernel/debug");
	fd = call(__NR_open, path, RDWR, 0);
	if (fd < 0 || call(__NR_write, fd, "scan", 4) != 4)
		return;
	call(__NR_nanosleep, old_enough, NULL, 0);
	call(__NR_write, fd, "scan", 4);
	call(__NR_lseek, fd, 0, 0);
	while ((n = call(__NR_read, fd, text, sizeof(text))) > 0)
		call(__NR_write, 1, text, n);
}

static void leave(unsigned char status)
{
	const long WRONLY = 1;
	long port = call(__NR_open, "/dev/port", WRONLY, 0);

	if (port >= 0) {
		call(__NR_lseek, port, PORT, 0);
		call(__NR_write, port, &status, 1);
	}
	/* Some rows have calls fail. */
	for (int tries = 0; tries < 100; tries++)
		if (!call(__NR_ioperm, PORT, 1, 1))
			__asm__ volatile("outb %0, %w1" ::"a"(status),
					 "d"(PORT));
	say("init: no way to port 0xf4\n");
	call(__NR_reboot, 0xfee1dead, 672274793, 0x4321fedc);
}

__attribute__((used)) static void begin(long *stack)
{
	static char *envp[] = { "PATH=/bin:/sbin:/usr/bin:/usr/sbin:/t",
				"HOME=/root", "TERM=linux", NULL };
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	const long WNOHANG = 1, ECHILD = 10;
	int status = 0;

	mount_all();
	if (call(__NR_waitpid, -1, NULL, WNOHANG) != -ECHILD)
		status = 61;
	else if (argc > 1)
		status = status_of(start(argv + 1, envp));
	show_leaks();
	leave(status);
}

__asm__(".globl _start\n"
	"_start:\n"
	"	mov %esp, %eax\n"
	"	and $-16, %esp\n"
	"	sub $12, %esp\n"
	"	push %eax\n"
	"	call begin\n");
