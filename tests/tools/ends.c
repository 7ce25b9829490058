/* SPDX-License-Identifier: MIT */
/*
 * A program that writes behind a block, frees nothing, and ends as its first
 * argument says.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_abort(int sig)
{
	_exit(sig == SIGABRT ? 0 : 1);
}

int main(int argc, char **argv)
{
	char *volatile p = malloc(40); /* wrong: heap-buffer-overflow */
	const char *how = argc > 1 ? argv[1] : "";
	sigset_t all;

	p[40] = 1;
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "signal"))
		raise(SIGABRT);
	if (!strcmp(how, "blocked")) {
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
	}
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
