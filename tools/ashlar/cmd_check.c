/* SPDX-License-Identifier: MIT */
/*
 * ashlar check: a program, and all that it starts, with every heap block
 * watched.
 *
 *   PROGRAM ── fork, exec ──► others        both inherit the environment
 *      │                        │
 *      └──── records ───────────┴──► this: names, prints, counts
 *
 * It ends when PROGRAM does. Processes that live longer find nobody to hand
 * their reports to, and write them on their own stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <ashlar/options.h>
#include "ashlar.h"
#include "check_each.h"
#include "check_leaks.h"
#include "check_shared.h"
#include "fail_rule.h"
#include "report_print.h"
#include "report_seen.h"
#include "leaks.h"
#include "report_server.h"

#define EXIT_MISTAKES 23
#define PLACES_MAX 1000 /* reports printed */

struct check {
	int error_exitcode; /* 0: none */
	bool json, colour;
	const char *log; /* a file's name, or NULL */
	FILE *out;
	struct report_server server;
	struct report_seen seen;
	struct check_shared shared;
	unsigned long printed, again, suppressed;
	bool no_leaks;
	unsigned long leaked; /* blocks told of */
	const char *suppressions; /* a file's name, or NULL */
	struct suppressions *suppress;
	const char *rule; /* of what fails: --fail's, or NULL */
	struct check_fail fail;
	struct check_each each;
	bool both; /* guards on the right, and then on the left */
	char **argv; /* the program */
	pid_t now; /* of this process, and no program is started; or 0 */
};

/* ---- reports ---- */

static bool matches(const struct check *c, const struct report *r,
		    struct stack_shown shown)
{
	const struct frame *f = r->frames->frame + shown.first;
	const char *kind = r->record->kind;
	size_t i;

	for (i = 0; i < shown.nr; i++)
		if (suppress_match(c->suppress, kind, f[i].function) ||
		    suppress_match(c->suppress, kind, f[i].file) ||
		    suppress_match(c->suppress, kind, f[i].module))
			return true;
	return false;
}

/* True if the file of suppressions has a line for the kind and a frame. */
static bool is_suppressed(const struct check *c, const struct report *r)
{
	if (!c->suppress || !r->frames)
		return false;
	if (!report_is_late(r->record))
		return matches(c, r, r->now);
	return matches(c, r, r->alloc) || matches(c, r, r->free);
}

static void print(struct check *c, const struct report_record *record,
		  pid_t pid)
{
	struct report r = { .record = record, .pid = pid };
	struct symbols *s = symbols_of_process(pid);

	r.also = check_shared(&c->shared, record, pid);
	if (s)
		report_resolve(&r, s);
	if (is_suppressed(c, &r)) {
		c->suppressed++;
	} else if (!report_seen_place(&c->seen, &r)) {
		c->again++;
	} else if (c->printed++ < PLACES_MAX) {
		check_fail_tell(&c->fail);
		if (c->json)
			report_print_json(c->out, &r);
		else
			report_print_text(c->out, c->colour, &r);
	}
	frames_free(r.frames);
	frames_free(r.variable);
	symbols_free(s);
}

/* A line for whoever runs the program, and no report. */
static void print_note(const struct check *c, const struct report_record *r,
		       pid_t pid)
{
	json_t *o;

	if (!c->json) {
		fprintf(c->out, "==%d==Ashlar: %s\n", pid, r->sentence);
	} else {
		o = json_pack("{s:i, s:s, s:s}", "pid", pid, "kind", r->kind,
			      "sentence", r->sentence);
		json_dumpf(o, c->out, JSON_COMPACT);
		fputc('\n', c->out);
		json_decref(o);
	}
	fflush(c->out);
}

static void look_for_leaks(struct check *c, const struct report_record *end,
			   pid_t pid)
{
	const struct check_leaks to = { .out = c->out,
					.json = c->json,
					.suppress = c->suppress,
					.seen = &c->seen,
					.fail = &c->fail };

	if (!c->no_leaks)
		c->leaked += check_leaks(&to, pid, end);
}

static void take(const struct report_record *record, pid_t pid, void *arg)
{
	struct check *c = arg;

	if (!strcmp(record->kind, REPORT_NOTE)) {
		print_note(c, record, pid);
		return;
	}
	if (!strcmp(record->kind, REPORT_UNLOADS)) {
		symbols_remember(pid, record->address, record->bytes);
		return;
	}
	if (!strcmp(record->kind, REPORT_END)) {
		look_for_leaks(c, record, pid);
		return;
	}
	if (!strcmp(record->kind, REPORT_FAILED)) {
		check_fail_take(&c->fail, record, pid);
		if (!c->each.run)
			check_fail_tell(&c->fail);
		return;
	}
	if (report_seen_addresses(&c->seen, record, pid))
		print(c, record, pid);
	else
		c->again++;
}

static void print_end(const struct check *c)
{
	if (c->json)
		return;
	if (c->printed > PLACES_MAX)
		fprintf(c->out, "ashlar: %lu more places are not shown\n",
			c->printed - PLACES_MAX);
	if (c->again)
		fprintf(c->out, "ashlar: %lu more at the places above\n",
			c->again);
	if (c->suppressed)
		fprintf(c->out, "ashlar: %lu suppressed\n", c->suppressed);
	fflush(c->out);
}

/* ---- the program ---- */

/* In what becomes the program. */
static char **to_run;
static const char *report_to;
static char more[128]; /* of its options, each with a colon behind it */
static const char *fails = "", *side = ""; /* two others */
static bool is_quiet; /* it is run again: its output goes nowhere */

/*
 * Of two that say the same the later one counts: the user may say more about
 * checking, but not where reports go, as a checker around this one did.
 */
static bool set_options(void)
{
	const char *before = getenv("ASHLAR_OPTIONS");
	char *value;

	if (asprintf(&value, "check=1:snapshot=1:%s%s%s%s%sreport=%s",
		     before ? before : "", before && *before ? ":" : "", more,
		     side, fails, report_to) < 0)
		return false;
	setenv("ASHLAR_OPTIONS", value, 1);
	free(value);
	return true;
}

/* Input that can be read again is; of other input there is none. */
static void be_quiet(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (lseek(STDIN_FILENO, 0, SEEK_SET) < 0)
		dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
}

/*
 * SIGPIPE as it was: the command ignores it, for the reader of the reports may
 * go; the program does not.
 */
static void (*pipe_before)(int sig);

static bool prepare(void)
{
	signal(SIGPIPE, pipe_before);
	if (is_quiet)
		be_quiet();
	return preload(to_run[0], true) && set_options();
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* End a program that runs for too long; returns how long to wait for it. */
static int be_patient(struct check *c, pid_t pid, long start)
{
	if (!c->each.patience_ms)
		return -1;
	if (now_ms() - start < c->each.patience_ms)
		return 200;
	c->each.timed_out = true;
	kill(pid, SIGKILL);
	return 200;
}

/* Returns waitpid()'s status. */
static int serve(struct check *c, pid_t pid)
{
	struct signalfd_siginfo info;
	int fd, wstatus = 0, wait_ms;
	long start = now_ms();
	sigset_t chld;

	c->each.timed_out = false;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	while (waitpid(pid, &wstatus, WNOHANG) != pid) {
		wait_ms = be_patient(c, pid, start);
		report_server_wait(&c->server, fd, fd < 0 ? 50 : wait_ms);
		(void)!read(fd, &info, sizeof(info));
	}
	/* What was sent before the end, by others perhaps. */
	while (report_server_wait(&c->server, -1, 0))
		;
	close(fd);
	c->each.took_ms = now_ms() - start;
	return wstatus;
}

/* Run the program with one option more. False after a complaint. */
static bool run_program(void *arg, const char *option, int *wstatus)
{
	struct check *c = arg;
	pid_t pid;

	c->server.take = take;
	c->server.arg = c;
	if (!report_server_open(&c->server))
		return false;
	to_run = c->argv;
	report_to = c->server.name;
	fails = option;
	pid = start_child(prepare, c->argv);
	if (pid >= 0)
		*wstatus = serve(c, pid);
	report_server_close(&c->server);
	return pid >= 0;
}

/* ... again, for whatever else it does wrong: its output goes nowhere. */
static bool run_quietly(void *arg, const char *option, int *wstatus)
{
	bool ok;

	is_quiet = true;
	ok = run_program(arg, option, wstatus);
	is_quiet = false;
	return ok;
}

/* True if the program came to an end of its own, and has one again. */
static bool ended_by_itself(int wstatus)
{
	int number = WTERMSIG(wstatus);

	return WIFEXITED(wstatus) || number == SIGSEGV || number == SIGBUS ||
	       number == SIGABRT || number == SIGFPE || number == SIGILL;
}

/*
 * The end of a block and its start cannot both lie beside a guard, so the
 * program runs twice. What is the same in both is told and counted once.
 */
static bool run_on_both_sides(struct check *c, const char *option, int *wstatus)
{
	unsigned long again;
	int ignored;
	bool ok;

	side = "guard=right:";
	ok = run_program(c, option, wstatus);
	if (!ok || !ended_by_itself(*wstatus))
		return ok;
	if (!c->json)
		fprintf(c->out, "ashlar: once more, with guards on the left\n");
	fflush(c->out);
	again = c->again;
	side = "guard=left:";
	c->each.patience_ms = check_patience_ms(&c->each);
	ok = run_quietly(c, option, &ignored);
	c->again = again;
	if (c->each.timed_out && !c->json)
		fprintf(c->out,
			"ashlar: ... which ran for %ld s, and was "
			"ended\n",
			c->each.patience_ms / 1000);
	return ok;
}

static bool run_once_or_twice(struct check *c, const char *option, int *wstatus)
{
	return c->both ? run_on_both_sides(c, option, wstatus) :
			 run_program(c, option, wstatus);
}

static unsigned long mistakes(void *arg)
{
	const struct check *c = arg;

	return c->printed + c->again + c->leaked;
}

/* The rule as an option of the library; NULL after a complaint. */
static char *rule_option(const struct check *c)
{
	char *option = fail_rule(c->rule, c->argv[0]), *with_colon = NULL;

	if (option && asprintf(&with_colon, "%s:", option) < 0)
		with_colon = NULL;
	free(option);
	return with_colon;
}

static int check_program(struct check *c)
{
	char *option = NULL;
	long bad = 0;
	int wstatus;
	bool ok;

	c->fail.out = c->out;
	c->fail.json = c->json;
	if (c->rule && !strcmp(c->rule, "each")) {
		c->each.fail = &c->fail;
		c->each.run = run_program;
		c->each.run_again = run_quietly;
		c->each.mistakes = mistakes;
		c->each.arg = c;
		if (c->both)
			side = "guard=right:"; /* there are enough runs */
		bad = check_each(&c->each, &wstatus);
		ok = bad >= 0;
	} else {
		option = c->rule ? rule_option(c) : strdup("");
		ok = option && run_once_or_twice(c, option, &wstatus);
		free(option);
	}
	check_fail_forget(&c->fail);
	if (!ok)
		return EXIT_FAILURE;
	print_end(c);
	if ((c->printed || c->leaked || bad) && c->error_exitcode)
		return c->error_exitcode;
	return wait_as_shell(wstatus);
}

/* ---- what is asked for ---- */

/* A look at all blocks of a process that is checked already. */
static int look_now(pid_t pid)
{
	struct target t;
	bool looked = false;

	if (!target_open_process(&t, pid) || !target_find_nodes(&t))
		complain("%s", t.error);
	else if (!(looked = process_look(&t)))
		complain("process %d does not look at its blocks: it was not "
			 "started by ashlar check, or is stopped, or has a "
			 "handler of its own for SIGURG",
			 pid);
	target_close(&t);
	return looked ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* True if @value is one that the library's option @name takes. */
static bool add_checked_option(const char *name, const char *value)
{
	const struct cmdline_sink silent = { 0 };
	size_t used = strlen(more);
	char option[64];

	if (strpbrk(value, " :\t\n") ||
	    snprintf(option, sizeof(option), "%s=%s", name, value) >=
		    (int)sizeof(option) ||
	    cmdline_parse(option, ashlar_options, ARRAY_SIZE(ashlar_options),
			  &silent))
		return false;
	return snprintf(more + used, sizeof(more) - used, "%s:", option) <
	       (int)(sizeof(more) - used);
}

static bool parse_exitcode(const char *s, int *code)
{
	char *end;
	long n = strtol(s, &end, 10);

	*code = (int)n;
	return *s >= '0' && *s <= '9' && !*end && n <= 255;
}

/* What takes a value; false if not this one. */
static bool parse_value(struct check *c, int o, const char *value)
{
	switch (o) {
	case 'e':
		return parse_exitcode(value, &c->error_exitcode);
	case 'f':
		c->rule = value;
		return true;
	case 'g':
		c->both = !strcmp(value, "both");
		return c->both || add_checked_option("guard", value);
	case 'k':
		return add_checked_option("look", value);
	case 'l':
		c->log = value;
		return true;
	case 'p':
		return parse_pid(value, &c->now);
	case 's':
		c->suppressions = value;
		return true;
	}
	return false;
}

/* Returns 0, or EXIT_USAGE after having said why. */
static int parse(const struct command *self, int argc, char **argv,
		 struct check *c)
{
	static const struct option options[] = {
		{ "error-exitcode", required_argument, NULL, 'e' },
		{ "fail", required_argument, NULL, 'f' },
		{ "guard", required_argument, NULL, 'g' },
		{ "json", no_argument, NULL, 'j' },
		{ "log", required_argument, NULL, 'l' },
		{ "look", required_argument, NULL, 'k' },
		{ "no-leaks", no_argument, NULL, 'n' },
		{ "now", required_argument, NULL, 'p' },
		{ "races", no_argument, NULL, 'r' },
		{ "suppressions", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int o;

	opterr = 0;
	/* "+": what follows PROGRAM is the program's. */
	while ((o = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		if (o == 'j')
			c->json = true;
		else if (o == 'n')
			c->no_leaks = true;
		else if (o == 'r')
			add_checked_option("races", "1");
		else if (o == ':')
			return usage_error(self, "%s wants a value",
					   argv[optind - 1]);
		else if (o == '?')
			return usage_error(self, "there is no option '%s'",
					   argv[optind - 1]);
		else if (!parse_value(c, o, optarg))
			return usage_error(self, "'%s' is no value for that",
					   optarg);
	}
	if (c->now && optind < argc)
		return usage_error(self, "a process or a program, not both");
	if (!c->now && optind == argc)
		return usage_error(self, "which program?");
	return 0;
}

static bool open_out(struct check *c)
{
	const char *no_color = getenv("NO_COLOR");

	c->out = c->log ? fopen(c->log, "we") : stderr;
	if (!c->out) {
		complain("cannot write %s: %s", c->log, strerror(errno));
		return false;
	}
	c->colour = isatty(fileno(c->out)) && !(no_color && *no_color);
	return true;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct check c = { .error_exitcode = EXIT_MISTAKES };
	int status = parse(self, argc, argv, &c);

	if (status)
		return status;
	if (c.now)
		return look_now(c.now);
	if (c.suppressions && !(c.suppress = suppress_read(c.suppressions)))
		return EXIT_FAILURE;
	pipe_before = signal(SIGPIPE, SIG_IGN);
	if (!open_out(&c))
		return EXIT_FAILURE;
	c.argv = argv + optind;
	status = check_program(&c);
	report_seen_free(&c.seen);
	suppress_free(c.suppress);
	if (c.log && fclose(c.out) != 0) {
		complain("cannot write %s: %s", c.log, strerror(errno));
		return EXIT_FAILURE;
	}
	return status;
}

const struct command cmd_check = {
	.name = "check",
	.arguments = "[--json] [--log FILE] [--error-exitcode N] [--no-leaks]\n"
		     "                    [--suppressions FILE] "
		     "[--guard right|left|both] [--look SECONDS]\n"
		     "                    [--fail each|RULE] [--races]\n"
		     "                    [--] PROGRAM [ARGUMENTS]\n"
		     "       ashlar check --now PID",
	.summary = "Run a program and tell what it does wrong on its heap",
	.help = "Reports go to stderr, or into FILE; each place is reported "
		"once. What is leaked is\ntold when a process ends. With "
		"--json each report is an object in a line of its\nown. The "
		"exit status is 23, or N, if there was a report; else, or if "
		"N is 0, it\nis the program's own. man ashlar-check says "
		"more.\n",
	.run = run,
};
