/* SPDX-License-Identifier: MIT */
/*
 * Running the registered tests in processes.
 *
 *	PROGRAM [--sweep] [--list] [NAME…]
 *
 *   parent                child, one a test
 *   fork ───────────────► boot, drain, count what is in use
 *                         run; give back what was taken
 *   read its last words   drain, mm_validate, count again: equal?
 *   ok / not ok ◄──────── exit
 *
 * Last words are the child's stderr. A test that is to die must do so by
 * SIGABRT with the expected text in them, so a wrong test that dies of
 * something else fails.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness_run.h"

/* A test that hangs is told apart from those that wait behind it. */
#define TEST_SECONDS 120
#define WORDS_MAX 8192
#define DETAIL_LINES 24

extern const struct test *const __start_tests[];
extern const struct test *const __stop_tests[];

void test_failed(const char *why)
{
	fprintf(stderr, "%s\n", why);
	_exit(1);
}

/* ---- one test, in the child ---- */

static void child(const struct test *test, bool sweeping)
{
	alarm(TEST_SECONDS);
	machine_boot();
	run_test_here(test, sweeping);
	exit(0);
}

/* ---- all tests, in the parent ---- */

static void read_words(int fd, char *words)
{
	size_t n = 0;
	ssize_t got;
	char rest[256];

	for (;;) {
		bool room = n < WORDS_MAX - 1;

		got = read(fd, room ? words + n : rest,
			   room ? WORDS_MAX - 1 - n : sizeof(rest));
		if (got <= 0)
			break;
		if (room)
			n += (size_t)got;
	}
	words[n] = '\0';
}

static int run_in_child(const struct test *test, bool sweeping, char *words)
{
	int fds[2], status;
	pid_t pid;

	fflush(stdout);
	if (pipe(fds) || (pid = fork()) < 0) {
		perror("tests");
		exit(2);
	}
	if (pid == 0) {
		dup2(fds[1], 2);
		close(fds[0]);
		close(fds[1]);
		child(test, sweeping);
	}
	close(fds[1]);
	read_words(fds[0], words);
	close(fds[0]);
	waitpid(pid, &status, 0);
	return status;
}

/* NULL, or why the test failed. */
static const char *verdict(const struct test *test, int status,
			   const char *words)
{
	if (test->dies) {
		/* Without a checker that says so first. */
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV &&
		    !strcmp(test->dies, "SEGV"))
			return NULL;
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			return "did not die of SIGABRT";
		return strstr(words, test->dies) ? NULL : "other last words";
	}
	if (WIFSIGNALED(status))
		return strsignal(WTERMSIG(status));
	return WEXITSTATUS(status) ? "failed" : NULL;
}

static bool run_test(const struct test *test, bool sweeping)
{
	static char words[WORDS_MAX];
	int status = run_in_child(test, sweeping, words);
	const char *why = verdict(test, status, words), *line;

	if (!why) {
		printf("ok %s\n", test->name);
		return true;
	}
	line = strtok(words, "\n");
	printf("not ok %s - %s: %.200s\n", test->name, why,
	       line ? line : "(silent)");
	for (int i = 0; line && i < DETAIL_LINES; i++) {
		line = strtok(NULL, "\n");
		if (line)
			printf("  | %s\n", line);
	}
	return false;
}

static bool wanted(const struct test *test, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (strstr(test->name, *names) || strstr(test->file, *names))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	bool sweeping = argc > 1 && strcmp(argv[1], "--sweep") == 0;
	bool list = argc > 1 && strcmp(argv[1], "--list") == 0;
	int failed = 0, ran = 0;

	argv += 1 + (sweeping || list);
	for (const struct test *const *t = __start_tests; t < __stop_tests;
	     t++) {
		if (!wanted(*t, argv) ||
		    (sweeping && ((*t)->dies || (*t)->no_sweep)))
			continue;
		ran++;
		if (list)
			puts((*t)->name);
		else
			failed += !run_test(*t, sweeping);
	}
	if (ran == 0)
		printf("not ok tests - none is called that\n");
	return failed || ran == 0;
}
