/* SPDX-License-Identifier: MIT */
/*
 * Waiting for locks on files: who gets one when it goes, what becomes of those
 * that waited behind him, and circles that must not close.
 *
 *   a child:  takes its own byte ─► tells ─► waits for another's ─► tells
 *
 * Every answer is Linux's, but for the longest circle.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define CHAIN 150 /* Linux does not look that far: ten steps */

static int file;
static int told[2]; /* a pipe: a child's letter when it has what it wants */

static int lock(int cmd, int type, int start, int len)
{
	struct flock l = { .l_type = (short)type,
			   .l_start = start,
			   .l_len = len };

	return fcntl(file, cmd, &l);
}

static char tells(int ms)
{
	struct pollfd p = { .fd = told[0], .events = POLLIN };
	char c = '-';

	if (poll(&p, 1, ms) == 1)
		need(read(told[0], &c, 1) == 1);
	return c;
}

static void rest(void)
{
	usleep(20000); /* until the children wait */
}

static void nothing(int sig)
{
	(void)sig;
}

/* A child that waits for a range, tells @name, and keeps it until killed. */
static int waiter(char name, int cmd, int type, int start, int len)
{
	struct sigaction sa = { .sa_handler = nothing };
	int pid = fork();

	need(pid >= 0);
	if (pid) {
		rest();
		return pid;
	}
	alarm(60);
	sigaction(SIGUSR1, &sa, NULL);
	if (lock(cmd, type, start, len))
		name = errno == EINTR ? '!' : errno == EDEADLK ? '#' : '?';
	need(write(told[1], &name, 1) == 1);
	for (;;)
		pause();
}

static void end(int pid)
{
	kill(pid, SIGKILL);
	need(waitpid(pid, NULL, 0) == pid);
}

/* Readers get it together, whoever waits between them. */
static void check_order(int wait)
{
	int r1, r2, w1, w2;

	is(lock(F_SETLK, F_WRLCK, 0, 10), 0);
	r1 = waiter('r', wait, F_RDLCK, 0, 10);
	w1 = waiter('w', wait, F_WRLCK, 5, 1);
	r2 = waiter('s', wait, F_RDLCK, 0, 3);
	w2 = waiter('v', wait, F_WRLCK, 5, 1);
	is(tells(0), '-');
	is(lock(F_SETLK, F_UNLCK, 0, 10), 0);
	is(tells(1000) ^ tells(1000), 'r' ^ 's');
	is(tells(20), '-');
	end(r2);
	is(tells(20), '-');
	end(r1);
	is(tells(1000), 'w');
	is(tells(20), '-');
	end(w1);
	is(tells(1000), 'v');
	end(w2);
	is(lock(F_SETLK, F_WRLCK, 0, 0), 0);
	is(lock(F_SETLK, F_UNLCK, 0, 0), 0);
}

/* The first of those that wait goes away; the next does not wait for ever. */
static void check_interrupted(void)
{
	int a, b, c;

	is(lock(F_SETLK, F_WRLCK, 0, 10), 0);
	a = waiter('a', F_SETLKW, F_WRLCK, 0, 10);
	b = waiter('b', F_SETLKW, F_WRLCK, 0, 10);
	c = waiter('c', F_SETLKW, F_WRLCK, 0, 10);
	kill(a, SIGUSR1);
	is(tells(1000), '!');
	is(lock(F_SETLK, F_UNLCK, 0, 10), 0);
	end(b);
	/* Either b had it first, or it was killed before. */
	while ((b = tells(1000)) == 'b')
		;
	is(b, 'c');
	end(c);
	end(a);
}

/* A lock that shrinks, grows, changes its type or is cut into two. */
static void check_changes(void)
{
	int a, b, c;

	is(lock(F_SETLK, F_WRLCK, 0, 100), 0);
	a = waiter('a', F_SETLKW, F_WRLCK, 90, 10);
	is(lock(F_SETLK, F_UNLCK, 95, 5), 0);
	is(tells(20), '-');
	is(lock(F_SETLK, F_UNLCK, 90, 5), 0);
	is(tells(1000), 'a');
	end(a);
	b = waiter('b', F_SETLKW, F_WRLCK, 50, 10);
	is(lock(F_SETLK, F_UNLCK, 50, 10), 0); /* two are left */
	is(tells(1000), 'b');
	end(b);
	b = waiter('b', F_SETLKW, F_WRLCK, 0, 10);
	c = waiter('c', F_SETLKW, F_RDLCK, 20, 10);
	is(lock(F_SETLK, F_WRLCK, 0, 100), 0); /* and are one again */
	is(tells(20), '-');
	is(lock(F_SETLK, F_RDLCK, 0, 100), 0);
	is(tells(1000), 'c');
	is(lock(F_SETLK, F_UNLCK, 0, 100), 0);
	is(tells(1000), 'b');
	end(b);
	end(c);
}

/*
 * The first that is woken must wait again; who came after it, and waits for
 * nothing but it, must not: it holds what the first needs now.
 */
static void check_woken_in_vain(void)
{
	int a, b, c;

	is(lock(F_SETLK, F_WRLCK, 0, 10), 0);
	c = waiter('c', F_SETLKW, F_WRLCK, 90, 10);
	is(tells(1000), 'c');
	a = waiter('a', F_SETLKW, F_WRLCK, 0, 100);
	b = waiter('b', F_SETLKW, F_WRLCK, 0, 10);
	is(lock(F_SETLK, F_UNLCK, 0, 10), 0);
	is(tells(1000), 'b');
	end(c);
	is(tells(20), '-');
	end(b);
	is(tells(1000), 'a');
	end(a);
}

static void check_flock(void)
{
	int b = open("x", O_RDWR), pid;

	need(b >= 0);
	is(flock(b, LOCK_EX), 0);
	pid = fork();
	if (!pid) {
		close(b);
		is(flock(file, LOCK_SH), 0);
		need(write(told[1], "f", 1) == 1);
		_exit(checks_done());
	}
	rest();
	is(tells(0), '-');
	is(close(b), 0);
	is(tells(1000), 'f');
	need(waitpid(pid, NULL, 0) == pid);
	is(flock(file, LOCK_UN), 0);
}

/* Each waits for the next one's byte, and we for the first's. */
static void check_circle(int length)
{
	static int pid[CHAIN];
	char c = '.';
	int i;

	is(lock(F_SETLK, F_WRLCK, length, 1), 0);
	for (i = length - 1; i >= 0; i--) {
		pid[i] = fork();
		need(pid[i] >= 0);
		if (pid[i])
			need(tells(5000) == c);
		else if (lock(F_SETLK, F_WRLCK, i, 1) ||
			 write(told[1], &c, 1) != 1 ||
			 lock(F_SETLKW, F_WRLCK, i + 1, 1))
			_exit(1);
		else
			_exit(0);
	}
	rest();
	alarm(30);
	is(lock(F_SETLKW, F_WRLCK, 0, 1), -EDEADLK);
	alarm(0);
	is(lock(F_SETLK, F_UNLCK, length, 1), 0); /* and all get theirs */
	for (i = 0; i < length; i++) {
		int status = -1;

		need(waitpid(pid[i], &status, 0) == pid[i]);
		is(status, 0);
	}
}

int main(void)
{
	need(!chdir("/tmp") && !pipe(told));
	file = open("x", O_RDWR | O_CREAT, 0600);
	need(file >= 0);
	check_order(F_SETLKW);
	check_interrupted();
	check_changes();
	check_woken_in_vain();
	check_flock();
	check_circle(1);
	check_circle(2);
	check_circle(8);
	check_circle(CHAIN);
	check(!checks_done(), "locks", "see above");
	return checks_done();
}
