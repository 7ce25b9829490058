/* SPDX-License-Identifier: MIT */
/*
 * ashlar profile: who allocates, of a program, a process, or two profiles that
 * were written before.
 *
 *   PROGRAM ── its end, and each second ──┐
 *   PID ───────────────── now ────────────┼──► text, collapsed stacks, a flame
 *   --show FILE ──────────────────────────┤    graph, or pprof's format
 *   --diff FILE FILE ─────────────────────┘
 *
 * A program that ends on its own waits to be looked at. Of one that is killed
 * there is what was seen a second before, or less.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <ashlar/options.h>
#include "ashlar.h"
#include "profile_raw.h"
#include "report_server.h"

#define LOOK_MS 1000 /* from one look at a running program to the next */
#define LOOK_SHARE 50 /* … or so many times what a look takes */
#define SECONDS_MOST 1000000

enum form { FORM_TEXT, FORM_COLLAPSED, FORM_FLAME, FORM_PPROF, FORMS };

struct request {
	enum form form;
	enum profile_value by;
	bool has_form, has_by;
	const char *output; /* a file's name, or NULL */
	const char *rate; /* of the option, or NULL */
	long every_ms; /* 0: at the end alone */
	bool show, diff; /* files, and no process */
	char **argv; /* PROGRAM …, PID, or files */
	int argc;
};

static bool (*const writers[FORMS])(FILE *out, const struct profile *p,
				    enum profile_value by) = {
	[FORM_TEXT] = profile_print,
	[FORM_COLLAPSED] = profile_collapsed,
	[FORM_FLAME] = profile_flame,
	[FORM_PPROF] = profile_pprof,
};

/* ---- output ---- */

static bool write_to(FILE *out, const struct request *r,
		     const struct profile *p)
{
	bool ok = writers[r->form](out, p, r->by);

	if (fflush(out) || ferror(out)) {
		complain("cannot write: %s", strerror(errno));
		return false;
	}
	return ok;
}

/* Where the name's ending begins, of which pprof's has two. */
static size_t stem(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *dot = strrchr(slash ? slash : name, '.');

	if (dot && !strcmp(dot, ".gz") && dot - name > 3 &&
	    !strncmp(dot - 3, ".pb", 3))
		dot -= 3;
	return dot ? (size_t)(dot - name) : strlen(name);
}

/* @number: of several; 0: the last, which has the name that was asked for. */
static bool write_file(const struct request *r, const struct profile *p,
		       unsigned int number)
{
	char *name = NULL, *new;
	size_t n = stem(r->output);
	bool ok = false;
	FILE *out;

	if (!number)
		name = strdup(r->output);
	else if (asprintf(&name, "%.*s.%u%s", (int)n, r->output, number,
			  r->output + n) < 0)
		name = NULL;
	if (!name)
		return false;
	if (asprintf(&new, "%s.new", name) < 0) {
		free(name);
		return false;
	}
	out = fopen(new, "we");
	if (!out) {
		complain("cannot write %s: %s", new, strerror(errno));
	} else {
		ok = write_to(out, r, p);
		if ((fclose(out) || rename(new, name)) && ok) {
			complain("cannot write %s: %s", name, strerror(errno));
			ok = false;
		}
	}
	free(new);
	free(name);
	return ok;
}

/* Without a file's name text goes to @out. */
static bool tell(const struct request *r, const struct profile *p, FILE *out,
		 unsigned int number)
{
	if (r->output)
		return write_file(r, p, number);
	return write_to(out, r, p);
}

/* ---- a process ---- */

static void note(struct profile *p, const struct profile_raw *raw,
		 const char *when)
{
	const char *name = raw->name;

	snprintf(p->note, sizeof(p->note), "Heap profile of process %d%s%s%s%s",
		 raw->pid, *name ? " (" : "", name, *name ? ")" : "", when);
}

static bool resolve_and_tell(const struct request *r, struct profile_raw *raw,
			     const char *when, FILE *out, unsigned int number)
{
	struct profile p = { 0 };
	bool ok;

	note(&p, raw, when);
	ok = profile_resolve(&p, raw) && tell(r, &p, out, number);
	profile_free(&p);
	return ok;
}

static int profile_process(const struct request *r, pid_t pid)
{
	struct profile_raw *raw = NULL;
	struct target t;
	bool ok;

	if (target_open_process(&t, pid) && target_find_nodes(&t))
		raw = profile_take(&t);
	if (!raw)
		complain("%s", t.error);
	ok = raw && resolve_and_tell(r, raw, ", as it runs", stdout, 0);
	profile_raw_free(raw);
	target_close(&t);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- a program ---- */

struct session {
	const struct request *r;
	struct report_server server;
	pid_t pid;
	struct target target; /* open while is_open */
	bool is_open, has_ended;
	struct profile_raw *last;
	long taken_ms; /* when */
	long next_ms; /* of a look */
	long write_ms; /* when the next file is due */
	unsigned int written;
	unsigned long others; /* processes that ended, of which nothing is */
};

/* In what becomes the program. */
static const struct request *to_run;
static const char *report_to;

/* Of two that say the same the later one counts. */
static bool prepare(void)
{
	const char *before;
	char *value, rate[80] = "";

	if (!preload(to_run->argv[0], false))
		return false;
	before = getenv("ASHLAR_OPTIONS") ?: "";
	if (to_run->rate)
		snprintf(rate, sizeof(rate), "profile=%s:", to_run->rate);
	if (asprintf(&value, "profile=1:%s%s%sreport=%s,end", before,
		     *before ? ":" : "", rate, report_to) < 0)
		return false;
	setenv("ASHLAR_OPTIONS", value, 1);
	free(value);
	return true;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Of a program that has only begun, or is no longer there, there is nothing. */
static void look(struct session *s)
{
	struct profile_raw *raw = NULL;
	long start = now_ms();

	if (!s->is_open) {
		s->is_open = target_open_process(&s->target, s->pid) &&
			     target_find_nodes(&s->target);
		if (!s->is_open)
			target_close(&s->target);
	}
	if (s->is_open)
		raw = profile_take(&s->target);
	if (s->is_open && !raw) {
		target_close(&s->target);
		s->is_open = false;
	}
	if (raw) {
		profile_raw_free(s->last);
		s->last = raw;
		s->taken_ms = now_ms();
	}
	s->next_ms =
		now_ms() + max((now_ms() - start) * LOOK_SHARE, (long)LOOK_MS);
}

static void take(const struct report_record *record, pid_t pid, void *arg)
{
	struct session *s = arg;

	if (strcmp(record->kind, REPORT_END))
		return;
	if (pid != s->pid) {
		s->others++;
		return;
	}
	look(s);
	s->has_ended = true;
}

/* Each SECONDS: what there is by then. */
static void write_if_due(struct session *s)
{
	if (!s->r->every_ms || now_ms() < s->write_ms || s->has_ended)
		return;
	s->write_ms = now_ms() + s->r->every_ms;
	look(s);
	if (s->last)
		resolve_and_tell(s->r, s->last, ", as it runs", stderr,
				 ++s->written);
}

static int wait_time(const struct session *s)
{
	long until = s->next_ms;

	if (s->r->every_ms)
		until = min(until, s->write_ms);
	return (int)max(until - now_ms(), 1l);
}

/* Returns waitpid()'s status. */
static int serve(struct session *s)
{
	struct signalfd_siginfo info;
	int fd, wstatus = 0;
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	s->next_ms = now_ms() + LOOK_MS / 10;
	s->write_ms = now_ms() + s->r->every_ms;
	while (waitpid(s->pid, &wstatus, WNOHANG) != s->pid) {
		report_server_wait(&s->server, fd, fd < 0 ? 50 : wait_time(s));
		(void)!read(fd, &info, sizeof(info));
		if (!s->has_ended && now_ms() >= s->next_ms)
			look(s);
		write_if_due(s);
	}
	close(fd);
	return wstatus;
}

static void say_when(const struct session *s, char *text, size_t size)
{
	if (s->has_ended)
		snprintf(text, size, ", at its end");
	else
		snprintf(text, size, ", %.1f s before it ended without telling",
			 (double)(now_ms() - s->taken_ms) / 1000);
}

/* Returns the exit status of the program, or ours. */
static int finish(struct session *s, int wstatus)
{
	char when[80];
	bool ok;

	if (!s->last) {
		complain("%s has no profile: it ended early, or does not run "
			 "on Ashlar",
			 s->r->argv[0]);
		return wait_as_shell(wstatus);
	}
	say_when(s, when, sizeof(when));
	ok = resolve_and_tell(s->r, s->last, when, stderr, 0);
	if (s->others)
		complain("%lu other processes ended meanwhile; of these there "
			 "is no profile here",
			 s->others);
	return ok ? wait_as_shell(wstatus) : EXIT_FAILURE;
}

static int profile_program(const struct request *r)
{
	struct session s = { .r = r, .target.fd = -1 };
	int wstatus, status;

	s.server.take = take;
	s.server.arg = &s;
	if (!report_server_open(&s.server))
		return EXIT_FAILURE;
	to_run = r;
	report_to = s.server.name;
	s.pid = start_child(prepare, r->argv);
	if (s.pid < 0) {
		report_server_close(&s.server);
		return EXIT_FAILURE;
	}
	wstatus = serve(&s);
	report_server_close(&s.server);
	target_close(&s.target);
	status = finish(&s, wstatus);
	profile_raw_free(s.last);
	return status;
}

/* ---- files ---- */

static int show_file(const struct request *r)
{
	struct profile p = { 0 };
	bool ok = profile_load(&p, r->argv[0]) && tell(r, &p, stdout, 0);

	profile_free(&p);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int show_difference(const struct request *r)
{
	struct profile before = { 0 }, after = { 0 }, p = { 0 };
	bool ok;

	ok = profile_load(&before, r->argv[0]) &&
	     profile_load(&after, r->argv[1]) &&
	     profile_diff(&p, &before, &after) && tell(r, &p, stdout, 0);
	profile_free(&before);
	profile_free(&after);
	profile_free(&p);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- what is asked for ---- */

static bool parse_form(const char *s, enum form *form)
{
	static const char *const names[FORMS] = { "text", "collapsed", "flame",
						  "pprof" };
	int i;

	for (i = 0; i < FORMS; i++) {
		if (strcmp(s, names[i]))
			continue;
		*form = (enum form)i;
		return true;
	}
	return false;
}

static bool parse_by(const char *s, enum profile_value *by)
{
	static const char *const names[PROFILE_VALUES] = {
		[ALLOC_OBJECTS] = "alloc-blocks",
		[ALLOC_SPACE] = "alloc",
		[INUSE_OBJECTS] = "inuse-blocks",
		[INUSE_SPACE] = "inuse",
	};
	int i;

	for (i = 0; i < PROFILE_VALUES; i++) {
		if (strcmp(s, names[i]))
			continue;
		*by = (enum profile_value)i;
		return true;
	}
	return false;
}

static bool parse_seconds(const char *s, long *ms)
{
	char *end;
	double seconds = strtod(s, &end);

	*ms = (long)(seconds * 1000);
	return *s >= '0' && *s <= '9' && !*end &&
	       seconds<SECONDS_MOST && * ms> 0;
}

/* True if the library takes it. */
static bool parse_rate(const char *value, const char **rate)
{
	*rate = value;
	return !strpbrk(value, " :\t\n") && strcmp(value, "0") &&
	       setup_profile(value) == 0;
}

/* The form that a file's name tells. */
static enum form form_of(const char *name)
{
	const char *ending = name + stem(name);

	if (!strcmp(ending, ".pb.gz") || !strcmp(ending, ".pprof"))
		return FORM_PPROF;
	if (!strcmp(ending, ".html"))
		return FORM_FLAME;
	if (!strcmp(ending, ".collapsed") || !strcmp(ending, ".folded"))
		return FORM_COLLAPSED;
	return FORM_TEXT;
}

/* One option, with its value if it has one; false: it is none of them. */
static bool parse_value(struct request *r, int o, const char *value)
{
	switch (o) {
	case 'b':
		r->has_by = true;
		return parse_by(value, &r->by);
	case 'e':
		return parse_seconds(value, &r->every_ms);
	case 'f':
		r->has_form = true;
		return parse_form(value, &r->form);
	case 'o':
		r->output = value;
		return *value;
	case 'r':
		return parse_rate(value, &r->rate);
	}
	return false;
}

/* Returns 0, or EXIT_USAGE after having said why. */
static int check_request(const struct command *self, struct request *r)
{
	if (r->show && r->diff)
		return usage_error(self, "--show or --diff, not both");
	if (r->argc < (r->diff ? 2 : 1))
		return usage_error(self, r->diff ? "which two files?" :
					 r->show ? "which file?" :
						   "which program or process?");
	if ((r->show || r->diff) && r->argc > (r->diff ? 2 : 1))
		return usage_error(self, "'%s' is one file too many",
				   r->argv[r->diff ? 2 : 1]);
	if (r->every_ms && !r->output)
		return usage_error(self, "--every wants an --output");
	if (!r->has_form && r->output)
		r->form = form_of(r->output);
	if (r->form == FORM_PPROF && !r->output && isatty(STDOUT_FILENO))
		return usage_error(self, "pprof's format is nothing for a "
					 "terminal; --output FILE takes it");
	return 0;
}

static int parse(const struct command *self, int argc, char **argv,
		 struct request *r)
{
	static const struct option options[] = {
		{ "by", required_argument, NULL, 'b' },
		{ "diff", no_argument, NULL, 'd' },
		{ "every", required_argument, NULL, 'e' },
		{ "format", required_argument, NULL, 'f' },
		{ "output", required_argument, NULL, 'o' },
		{ "rate", required_argument, NULL, 'r' },
		{ "show", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int o;

	opterr = 0;
	/* "+": what follows PROGRAM is the program's. */
	while ((o = getopt_long(argc, argv, "+:", options, NULL)) != -1) {
		if (o == 'd')
			r->diff = true;
		else if (o == 's')
			r->show = true;
		else if (o == ':')
			return usage_error(self, "%s wants a value",
					   argv[optind - 1]);
		else if (o == '?')
			return usage_error(self, "there is no option '%s'",
					   argv[optind - 1]);
		else if (!parse_value(r, o, optarg))
			return usage_error(self, "'%s' is no value for that",
					   optarg);
	}
	r->argv = argv + optind;
	r->argc = argc - optind;
	return check_request(self, r);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct request r = { .by = INUSE_SPACE, .argv = argv };
	int status = parse(self, argc, argv, &r), pid;

	if (status)
		return status;
	if (r.show)
		return show_file(&r);
	if (r.diff)
		return show_difference(&r);
	if (r.argc == 1 && parse_pid(r.argv[0], &pid))
		return profile_process(&r, pid);
	if (!r.has_by)
		r.by = ALLOC_SPACE;
	return profile_program(&r);
}

const struct command cmd_profile = {
	.name = "profile",
	.arguments = "[--rate BYTES] [--every SECONDS] [--output FILE]\n"
		     "                      [--format text|collapsed|flame|"
		     "pprof]\n"
		     "                      [--by inuse|alloc|inuse-blocks|"
		     "alloc-blocks]\n"
		     "                      PROGRAM [ARGUMENTS] | PID | "
		     "--show FILE | --diff FILE FILE",
	.summary = "Tell who allocates: in use now, and in all",
	.help = "One byte of 512 KiB, or of BYTES, is sampled with its block. "
		"A PROGRAM's profile is\ntold at its end, on stderr; that of "
		"a process is what it has now. The format is\nthat of FILE's "
		"name: .pb.gz is pprof's, .html a flame graph, .collapsed "
		"stacks.\n--show and --diff read pprof's format. man "
		"ashlar-profile says more.\n",
	.run = run,
};
