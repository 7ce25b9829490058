/* SPDX-License-Identifier: MIT */
/*
 * A program started for the user: what the user's shell would see of it is
 * what it sees of us. The exit status is passed on, a signal that ended it
 * ends us too, and signals sent to us go to it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ashlar.h"

static volatile pid_t child;
static volatile sig_atomic_t forwarded;

/* Become @argv. Returns only if that failed: an exit status. */
int launch(char **argv)
{
	execvp(argv[0], argv);
	complain("cannot run %s: %s", argv[0], strerror(errno));
	return errno == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

static void forward(int sig)
{
	int saved = errno;

	if (child > 0)
		kill(child, sig);
	forwarded = sig;
	errno = saved;
}

/* The last signal that was passed on, or 0. */
int forwarded_signal(void)
{
	return forwarded;
}

/*
 * The terminal sends its signals to the program as well as to us, so these
 * are only survived; the others are sent to us alone.
 */
static void forward_signals_to(int pid)
{
	static const int sent_to_us[] = { SIGHUP,  SIGTERM, SIGUSR1,
					  SIGUSR2, SIGCONT, SIGALRM };
	struct sigaction act = { .sa_handler = forward,
				 .sa_flags = SA_RESTART };
	size_t i;

	child = pid;
	for (i = 0; i < ARRAY_SIZE(sent_to_us); i++)
		sigaction(sent_to_us[i], &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGQUIT, &act, NULL);
}

/*
 * Start @argv as a child; @prepare, if any, runs in it first. Signals are
 * forwarded to it, the early ones too: they wait until both are ready. SIGCHLD
 * stays blocked for sigtimedwait(). Returns -1 after a complaint.
 */
int start_child(bool (*prepare)(void), char **argv)
{
	sigset_t all, before;
	int pid;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid = fork();
	if (pid == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		_exit(prepare && !prepare() ? EXIT_FAILURE : launch(argv));
	}
	if (pid > 0)
		forward_signals_to(pid);
	else
		complain("cannot start a process: %s", strerror(errno));
	sigaddset(&before, SIGCHLD);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* From waitpid()'s status to our end: an exit status, or the same signal. */
int wait_as_shell(int wstatus)
{
	const struct rlimit no_core = { 0, 0 };
	int sig;

	child = 0;
	if (!WIFSIGNALED(wstatus))
		return WEXITSTATUS(wstatus);
	sig = WTERMSIG(wstatus);
	setrlimit(RLIMIT_CORE, &no_core);
	signal(sig, SIG_DFL);
	raise(sig);
	return 128 + sig;
}
