/* SPDX-License-Identifier: MIT */
/*
 * A bad pointer, given to ten system calls; not through the C library, which
 * would follow some of them itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KERNEL 0xc0100000l /* an address of the kernel's memory */
#define NOTHING 16l /* nothing is mapped there */

static void say(const char *call, long result)
{
	printf("%-34s %s\n", call,
	       result < 0 ? strerrorname_np(errno) : "success");
}

int main(void)
{
	int zero = open("/dev/zero", O_RDONLY), fd[2];
	char byte;

	if (zero < 0 || pipe(fd))
		return 1;
	say("read() to 0xc0100000", syscall(SYS_read, zero, KERNEL, 1));
	say("read() to 16", syscall(SYS_read, zero, NOTHING, 1));
	say("write() from 0xc0100000", syscall(SYS_write, fd[1], KERNEL, 1));
	say("open() of a name at 16", syscall(SYS_open, NOTHING, O_RDONLY));
	say("stat64() into 0xc0100000", syscall(SYS_stat64, "/", KERNEL));
	say("pipe() into 16", syscall(SYS_pipe, NOTHING));
	say("uname() into 0xc0100000", syscall(SYS_uname, KERNEL));
	say("gettimeofday() into 16", syscall(SYS_gettimeofday, NOTHING, 0));
	say("poll() of a list at 0xc0100000", syscall(SYS_poll, KERNEL, 1, 0));
	say("execve() of a name at 0xc0100000",
	    syscall(SYS_execve, KERNEL, 0, 0));
	say("read() to a good place", syscall(SYS_read, zero, &byte, 1));
	return 0;
}
