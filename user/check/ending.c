/* SPDX-License-Identifier: MIT */
/*
 * Ends of a program that no destructor sees: _exit(), and another program in
 * its place. All blocks are looked at before. A child that is about to become
 * another program has nothing that its parent has not.
 *
 * And a program that from some point on may make few system calls: what comes
 * before seccomp(2) goes through prctl(), whatever library it is asked for by.
 */
#include "real.h"
#include <stdlib.h>
#include <sys/types.h>

static pid_t started; /* the process that this library was loaded into */

static __attribute__((__constructor__)) void note_start(void)
{
	started = getpid();
}

static void look_at_all(void)
{
	if (heap.look_at_all)
		heap.look_at_all();
}

EXPORT int prctl(int option, ...)
{
	unsigned long arg[4];
	va_list args;
	int i;

	va_start(args, option);
	for (i = 0; i < 4; i++)
		arg[i] = va_arg(args, unsigned long);
	va_end(args);
	if ((option == PR_SET_NO_NEW_PRIVS || option == PR_SET_SECCOMP) &&
	    heap.calls.restricted)
		heap.calls.restricted();
	return REAL(prctl)(option, arg[0], arg[1], arg[2], arg[3]);
}

EXPORT void _exit(int status)
{
	look_at_all();
	REAL(_exit)(status);
	__builtin_unreachable();
}

EXPORT void _Exit(int status)
{
	_exit(status);
}

static void before_exec(void)
{
	if (getpid() == started)
		look_at_all();
}

EXPORT int execve(const char *path, char *const argv[], char *const env[])
{
	before_exec();
	return REAL(execve)(path, argv, env);
}

EXPORT int execv(const char *path, char *const argv[])
{
	before_exec();
	return REAL(execv)(path, argv);
}

EXPORT int execvp(const char *file, char *const argv[])
{
	before_exec();
	return REAL(execvp)(file, argv);
}

EXPORT int execvpe(const char *file, char *const argv[], char *const env[])
{
	before_exec();
	return REAL(execvpe)(file, argv, env);
}

EXPORT int fexecve(int fd, char *const argv[], char *const env[])
{
	before_exec();
	return REAL(fexecve)(fd, argv, env);
}
