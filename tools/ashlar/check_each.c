/* SPDX-License-Identifier: MIT */
/*
 * ashlar check --fail=each: the program once as it is, and then again and again
 * with its first allocation failing, its second, its third …, until it makes
 * no more.
 *
 *   run 0   nothing fails   what is reported here is not repeated below
 *   run 1   1st fails       reports, leaks; ended by a signal? still running?
 *   run 2   2nd fails       …
 *
 * A program that ends by itself, whatever its exit status says, or by abort(),
 * has noticed. From the second run on its output goes nowhere.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include "ashlar.h"
#include "check_each.h"

#define RUNS_MOST 1000
#define PATIENCE_MS 10000l /* and ten times what the first run took */

static bool is_crash(int wstatus)
{
	int number = WTERMSIG(wstatus);

	return WIFSIGNALED(wstatus) && (number == SIGSEGV || number == SIGBUS ||
					number == SIGFPE || number == SIGILL);
}

/* check_patience_ms - how long another run may take, after the first */
long check_patience_ms(const struct check_each *e)
{
	return PATIENCE_MS + 10 * e->took_ms;
}

/* True if the program did not cope with the failure. */
static bool judge(struct check_each *e, int wstatus, unsigned long mistakes)
{
	char sentence[120];

	if (e->timed_out) {
		snprintf(sentence, sizeof(sentence),
			 "the program still ran after %ld s, and was ended",
			 e->patience_ms / 1000);
		check_fail_outcome(e->fail, "hang", sentence);
		return true;
	}
	if (is_crash(wstatus) && mistakes == e->mistakes(e->arg)) {
		snprintf(sentence, sizeof(sentence),
			 "the program was ended by signal %d, %s",
			 WTERMSIG(wstatus), strsignal(WTERMSIG(wstatus)));
		check_fail_outcome(e->fail, "crash", sentence);
		return true;
	}
	return mistakes != e->mistakes(e->arg);
}

/**
 * check_each() - run a program with each of its allocations failing in turn
 * @e: how to run it, and to count what it did wrong
 * @status: waitpid()'s, of the run in which nothing failed
 *
 * Return: in how many runs the program did not cope; -1 after a complaint.
 */
long check_each(struct check_each *e, int *status)
{
	long bad = 0;
	unsigned long n, before;
	char option[64];
	int wstatus;

	e->patience_ms = 0;
	if (!e->run(e->arg, "", status))
		return -1;
	e->patience_ms = check_patience_ms(e);
	for (n = 1; n <= RUNS_MOST; n++) {
		check_fail_forget(e->fail);
		before = e->mistakes(e->arg);
		snprintf(option, sizeof(option), "fail=nth=%lu:", n);
		if (!e->run_again(e->arg, option, &wstatus))
			return -1;
		if (!e->fail->any)
			break;
		bad += judge(e, wstatus, before);
	}
	if (!e->fail->json)
		fprintf(e->fail->out,
			"ashlar: %lu allocation%s failed, one in each run%s; "
			"%ld of the runs went wrong\n",
			n - 1, n == 2 ? "" : "s",
			n > RUNS_MOST ? ", and more were not tried" : "", bad);
	return bad;
}
