/* SPDX-License-Identifier: MIT */
/*
 * Ask a process for a copy of itself; port/user/snapshot.c answers. Or ask it
 * to look at all its blocks.
 *
 *   this                              the process, with the option snapshot=1
 *   reads ashlar_snapshot.signal ◄──  it listens
 *   sends the signal, with the  ───►  makes a copy
 *   address of ashlar_snapshot
 *   reads serial and pid        ◄──   has answered
 *   opens the copy, which says that it is one
 *
 * Whatever does not go so within a moment means that there is no copy, and the
 * process is read as it runs: one that has a handler of its own by now, blocks
 * the signal, may not fork, or counts processes in a namespace of its own.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "leaks.h"

#define WAIT_MS 3000

static bool read_state(struct target *t, const struct node *n,
		       struct ashlar_snapshot *s)
{
	return target_read(t, (uintptr_t)n->root.snapshot, s, sizeof(*s));
}

/* True if the process is stopped, or system calls may be its end. */
static bool cannot_answer(pid_t pid)
{
	char path[64], line[256];
	bool cannot = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		cannot |= !strncasecmp(line, "State:\tT", 8) ||
			  (!strncmp(line, "Seccomp:", 8) &&
			   strtol(line + 8, NULL, 10));
	if (f)
		fclose(f);
	return cannot;
}

/* @what: 0: a copy; 1: a look at all blocks. */
static bool send(pid_t pid, const struct node *n, int number, int what)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_ptr = (char *)n->root.snapshot + what;
	return syscall(SYS_rt_sigqueueinfo, pid, number, &info) == 0;
}

/* Until @done, or for a moment. */
static bool
wait_for(struct target *t, const struct node *n, struct ashlar_snapshot *s,
	 bool (*done)(const struct ashlar_snapshot *s, uint32_t arg),
	 uint32_t arg)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	int ms;

	for (ms = 0; ms < WAIT_MS; ms++) {
		if (!read_state(t, n, s))
			return false;
		if (done(s, arg))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool has_answered(const struct ashlar_snapshot *s, uint32_t serial)
{
	return s->serial != serial;
}

static bool is_copy(const struct ashlar_snapshot *s, uint32_t serial)
{
	return s->is_copy == serial;
}

/* The copy's number, 0: there is none. */
static pid_t ask(struct target *t, const struct node *n,
		 struct ashlar_snapshot *s)
{
	uint32_t serial = s->serial;

	if (s->signal != SIGURG || cannot_answer(t->pid) ||
	    !send(t->pid, n, SIGURG, 0) ||
	    !wait_for(t, n, s, has_answered, serial))
		return 0;
	return s->pid > 0 ? s->pid : 0;
}

/**
 * process_copy() - have a process make a copy of itself
 * @t: the process; its nodes were found
 * @copy: opened, with the same nodes: to be ended and closed by the caller,
 *	while @t is still open
 * @held: where it has its threads, see struct ashlar_held
 *
 * Return: false if there is no copy; that is no error of @t.
 */
bool process_copy(struct target *t, struct target *copy, uint64_t *held)
{
	struct ashlar_snapshot s;
	struct node *n;
	pid_t pid = 0;

	for (n = t->nodes; n < t->nodes + t->nr_nodes && !pid; n++)
		if (read_state(t, n, &s) && s.signal)
			pid = ask(t, n, &s);
	if (!pid)
		return false;
	n--;
	*held = (uintptr_t)s.held;
	if (target_open_process(copy, pid) && *held &&
	    wait_for(copy, n, &s, is_copy, s.serial)) {
		memcpy(copy->nodes, t->nodes, sizeof(copy->nodes));
		copy->nr_nodes = t->nr_nodes;
		memcpy(copy->label, t->label, sizeof(copy->label));
		return true;
	}
	target_close(copy);
	return false;
}

static bool has_looked(const struct ashlar_snapshot *s, uint32_t looks)
{
	return s->looks != looks;
}

/**
 * process_look() - have a process look at all its blocks
 * @t: the process; its nodes were found
 *
 * Reports go where its own go. Return: false if it has not done so by now.
 */
bool process_look(struct target *t)
{
	struct ashlar_snapshot s;
	struct node *n;

	for (n = t->nodes; n < t->nodes + t->nr_nodes; n++)
		if (read_state(t, n, &s) && s.signal == SIGURG &&
		    !cannot_answer(t->pid) && send(t->pid, n, SIGURG, 1))
			return wait_for(t, n, &s, has_looked, s.looks);
	return false;
}
