/* SPDX-License-Identifier: MIT */
/*
 * A program that writes behind a block, frees nothing, and ends as its first
 * argument says.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void on_abort(int sig)
{
	_exit(sig == SIGABRT ? 0 : 1);
}

static void on_signal(int sig)
{
	*(volatile int *)(long)(sig - SIGUSR1) = 1;
}

static void fault_in_a_handler(void)
{
	struct sigaction act = { .sa_handler = on_signal };

	sigfillset(&act.sa_mask);
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
}

int main(int argc, char **argv)
{
	char *volatile p;
	const char *how = argc > 1 ? argv[1] : "";
	sigset_t all;

	sigfillset(&all);
	if (!strcmp(how, "inherited")) {
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, 8);
		execl("/proc/self/exe", argv[0], "fault", NULL);
	}
	p = malloc(40); /* wrong: heap-buffer-overflow */
	p[40] = 1;
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "signal"))
		raise(SIGABRT);
	if (!strcmp(how, "blocked"))
		sigprocmask(SIG_SETMASK, &all, NULL);
	if (!strcmp(how, "in-a-handler"))
		fault_in_a_handler();
	if (!strcmp(how, "fault") || !strcmp(how, "blocked"))
		*(volatile int *)(long)(argc - 2) = 1;
	if (!strcmp(how, "handler")) {
		signal(SIGABRT, on_abort);
		abort();
	}
	if (!strcmp(how, "_exit"))
		_exit(0);
	return 0;
}
