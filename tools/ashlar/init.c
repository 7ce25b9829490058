/* SPDX-License-Identifier: MIT */
/*
 * The first process of an image, /init: a program of the machine's kind.
 *
 *   mount what programs expect; swap on $SWAP
 *   a session on the console ──► "I take input now", a byte to port 0xe9
 *   the kernel's words after "--", or a shell
 *   with $MAP, looks at memory meanwhile (map_inside.c)
 *   its status, if it failed, to port 0xf4 ──► power off
 *
 * QEMU may listen at both ports, as isa-debugcon and isa-debug-exit. A status
 * is what the program exited with, 127 at most, or 64 + the signal. All that
 * an image must hold beside is the program.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "map_inside.h"

#define PORT_READY 0xe9
#define PORT_EXIT 0xf4
#define NOT_FOUND 127
#define STATUS_MAX 127
#define STATUS_SIGNAL 64

static const char path[] = "/bin:/sbin:/usr/bin:/usr/sbin";

static void mount_all(void)
{
	static const char *const mounts[][2] = {
		{ "proc", "/proc" },	 { "sysfs", "/sys" },
		{ "devtmpfs", "/dev" },	 { "devpts", "/dev/pts" },
		{ "tmpfs", "/dev/shm" }, { "tmpfs", "/tmp" },
	};
	size_t i;

	for (i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i][1], 0755);
		mount(mounts[i][0], mounts[i][1], mounts[i][0], 0, NULL);
	}
	mkdir("/root", 0755);
}

/* On the disk that "ashlar boot --swap" made. */
static void swap_on_disk(void)
{
	const char *disk = getenv("SWAP");

	if (disk && swapon(disk, 0))
		fprintf(stderr, "init: cannot swap on %s: %s\n", disk,
			strerror(errno));
	unsetenv("SWAP");
}

static void say_to_port(unsigned short port, int byte)
{
	if (ioperm(port, 1, 1) == 0)
		outb((unsigned char)byte, port);
}

/* Behind /dev/console: a terminal that can be a session's own. */
static int open_console(void)
{
	char name[80] = "/dev/", *word;
	FILE *active = fopen("/sys/class/tty/console/active", "re");
	int fd = -1;

	/* The last word is the one that input comes from. */
	if (active && fgets(name + 5, sizeof(name) - 5, active)) {
		name[strcspn(name, "\n")] = 0;
		word = strrchr(name, ' ');
		if (word)
			memmove(name + 5, word + 1, strlen(word));
		fd = open(name, O_RDWR);
	}
	if (active)
		fclose(active);
	return fd < 0 ? open("/dev/console", O_RDWR) : fd;
}

static void use_console(void)
{
	int fd = open_console();

	setsid();
	ioctl(fd, TIOCSCTTY, 0);
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* What this is, what to try, how to leave. */
static void welcome(void)
{
	bool translates = access("/bin/translate", X_OK) == 0;
	struct utsname u = { 0 };
	const char *name;

	uname(&u);
	name = strstr(u.version, "Ashlar");
	printf("\nThis is %s, a small kernel on a 32-bit PC. Try\n\n",
	       name ? name : u.sysname);
	puts("  cat /proc/buddyinfo       free blocks of 4 KB, 8 KB ... 4 MB");
	puts("  cat /proc/self/smaps      what each part of a program costs");
	if (translates)
		puts("  translate $$ 0x8048000    an address, through the "
		     "tables to its frame");
	else
		puts("  dmesg                     where everything lies");
	puts("\nand exit, or Ctrl-A X, to turn it off.\n");
	fflush(stdout);
}

static void run(char **words)
{
	char *shell[] = { "sh", NULL };

	use_console();
	if (!words[0]) {
		welcome();
		words = shell;
	}
	say_to_port(PORT_READY, 1);
	execvp(words[0], words);
	fprintf(stderr, "init: cannot run %s: %s\n", words[0], strerror(errno));
	_exit(NOT_FOUND);
}

/* The first process is every orphan's parent. */
static int wait_for(pid_t pid)
{
	int status = 0;
	pid_t ended;

	do
		ended = wait(&status);
	while (ended != pid && !(ended < 0 && errno == ECHILD));
	if (WIFSIGNALED(status))
		return STATUS_SIGNAL + WTERMSIG(status);
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const char *map = getenv("MAP");
	int status;
	pid_t pid;

	mount_all();
	swap_on_disk();
	setenv("PATH", path, 1);
	setenv("HOME", "/root", 1);
	if (chdir("/root"))
		perror("init: /root");
	pid = fork();
	if (pid == 0)
		run(argv + 1);
	status = map ? 0 : wait_for(pid);
	if (map)
		map_inside(map, pid);
	if (argc > 1 && status > 0)
		say_to_port(PORT_EXIT,
			    status > STATUS_MAX ? STATUS_MAX : status);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
