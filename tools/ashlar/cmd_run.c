/* SPDX-License-Identifier: MIT */
/*
 * ashlar run: a program with Ashlar as its malloc.
 *
 * preload.c says by which library. Without --stats the command becomes the
 * program. With it, it waits, and now and then looks at the program's memory
 * from outside; what it says in the end are the largest values that it saw.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ashlar.h"
#include "fail_rule.h"
#include "snapshot.h"

#define LOOK_MS 50

/* The largest values seen, in kB. */
struct peaks {
	unsigned int looks;
	unsigned long total, live, resident_free;
};

static void add_peaks(struct peaks *p, const struct mm_totals *t)
{
	unsigned long large = (t->large_bytes + t->large_cached_bytes) / 1024;
	unsigned long live = (t->slab_active_bytes + t->large_bytes) / 1024;
	unsigned long frame_kb = PAGE_SIZE / 1024;

	p->looks++;
	p->total = max(p->total, t->managed * frame_kb + large);
	p->live = max(p->live, live);
	p->resident_free =
		max(p->resident_free, (t->resident_free + t->pcp) * frame_kb);
}

/* A look that fails is none: the program may be starting, or ending. */
static void look(struct peaks *p, pid_t pid)
{
	struct snapshot s = { 0 };
	struct target t;

	if (target_open_process(&t, pid) && target_find_nodes(&t) &&
	    snapshot_take(&s, &t, SNAPSHOT_CACHES | SNAPSHOT_CPUS))
		add_peaks(p, &s.totals);
	snapshot_free(&s);
	target_close(&t);
}

static double seconds(const struct timeval *tv)
{
	return (double)tv->tv_sec + (double)tv->tv_usec / 1e6;
}

static void print_stats(const char *program, const struct rusage *ru,
			double elapsed, const struct peaks *p)
{
	fprintf(stderr,
		"ashlar: %s\n"
		"  time        %10.3f s  (user %.3f, system %.3f)\n"
		"  peak RSS    %10ld kB\n"
		"  page faults %10ld     (%ld from disk)\n",
		program, elapsed, seconds(&ru->ru_utime),
		seconds(&ru->ru_stime), ru->ru_maxrss,
		ru->ru_minflt + ru->ru_majflt, ru->ru_majflt);
	if (!p->looks) {
		fprintf(stderr, "  (over before its heap was looked at)\n");
		return;
	}
	fprintf(stderr,
		"  heap        %10lu kB  live at most, of the %u times it was "
		"looked at\n"
		"              %10lu kB  obtained at most\n"
		"              %10lu kB  free but kept at most\n",
		p->live, p->looks, p->total, p->resident_free);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Wait for @pid, looking at it; returns waitpid()'s status. */
static int watch(pid_t pid, struct rusage *ru, struct peaks *p)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000l };
	sigset_t chld;
	int wstatus;
	pid_t ended;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		ended = wait4(pid, &wstatus, WNOHANG, ru);
		if (ended == pid)
			return wstatus;
		sigtimedwait(&chld, NULL, &pause);
		look(p, pid);
	}
}

/* In what becomes the program. */
static char **to_run;

static bool prepare(void)
{
	return preload(to_run[0], false);
}

static int run_with_stats(char **argv)
{
	struct peaks peaks = { 0 };
	double begin = now();
	struct rusage ru;
	int wstatus;
	pid_t pid;

	to_run = argv;
	pid = start_child(prepare, argv);
	if (pid < 0)
		return EXIT_FAILURE;
	wstatus = watch(pid, &ru, &peaks);
	print_stats(argv[0], &ru, now() - begin, &peaks);
	return wait_as_shell(wstatus);
}

/* False after a complaint. */
static bool set_rule(const char *rule, const char *program)
{
	char *option = fail_rule(rule, program);
	bool ok = option && add_option(option);

	free(option);
	return ok;
}

static int run(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = {
		{ "fail", required_argument, NULL, 'f' },
		{ "stats", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	const char *rule = NULL;
	bool stats = false;
	int c;

	opterr = 0;
	/* "+": what follows PROGRAM is the program's. */
	while ((c = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		if (c == 'f')
			rule = optarg;
		else if (c == 's')
			stats = true;
		else if (c == ':')
			return usage_error(self, "%s wants a value",
					   argv[optind - 1]);
		else
			return usage_error(self, "there is no option '%s'",
					   argv[optind - 1]);
	}
	if (optind == argc)
		return usage_error(self, "which program?");
	if (rule && !set_rule(rule, argv[optind]))
		return EXIT_FAILURE;
	if (stats)
		return run_with_stats(argv + optind);
	return preload(argv[optind], false) ? launch(argv + optind) :
					      EXIT_FAILURE;
}

const struct command cmd_run = {
	.name = "run",
	.arguments = "[--stats] [--fail RULE] [--] PROGRAM [ARGUMENTS]",
	.summary = "Run a program on Ashlar",
	.help = "Exit status and signals are the program's own; 127 if it is "
		"not found, 126 if it\ncannot be run. With --stats, time and "
		"memory are printed on stderr at its end.\nWith --fail some of "
		"its allocations fail: nth=3, or percent=5,size=100-200; man "
		"ashlar\nsays what a rule may be. Programs that are "
		"linked statically or with musl, for another processor, or "
		"set-uid run\nwithout Ashlar, after a word about it.\n",
	.run = run,
};
