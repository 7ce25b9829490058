/* SPDX-License-Identifier: MIT */
/*
 * The threads of a process, and what those that wait in the kernel gave to it.
 *
 *   /proc/PID/task/TID/syscall    NUMBER ARGUMENT… SP PC
 *
 * Of a thread that runs, and of one that waits in no call, nothing is known.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include "target.h"

/**
 * threads_each() - see all threads of a process
 * @pid: the process
 * @see: gets the number of each; false: it has seen enough
 * @arg: for @see
 *
 * Return: false if @see returned it.
 */
bool threads_each(pid_t pid, bool (*see)(void *arg, const char *tid), void *arg)
{
	struct dirent *d;
	char path[64];
	bool ok = true;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (ok && dir && (d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]))
			ok = see(arg, d->d_name);
	if (dir)
		closedir(dir);
	return ok;
}

/**
 * thread_call() - what a thread that waits in a call gave to the kernel
 * @pid: its process
 * @tid: its number
 * @c: filled
 *
 * Return: false if it is not known.
 */
bool thread_call(pid_t pid, const char *tid, struct thread_call *c)
{
	unsigned long long a[THREAD_ARGUMENTS], sp;
	char path[320];
	int i, n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/syscall", pid, tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	n = fscanf(f, "%*d %llx %llx %llx %llx %llx %llx %llx", &a[0], &a[1],
		   &a[2], &a[3], &a[4], &a[5], &sp);
	fclose(f);
	if (n != THREAD_ARGUMENTS + 1)
		return false;
	for (i = 0; i < THREAD_ARGUMENTS; i++)
		c->argument[i] = a[i];
	c->sp = sp;
	return true;
}
