/* SPDX-License-Identifier: MIT */
/*
 * Which processes run on Ashlar, and what their memory is used for.
 *
 *   /proc/PID/maps ─┬ a file called libashlar* ─────────────────┐
 *                   └ the program's own file has ashlar_root? ──┴► why_look()
 *                     remembered by that file, for the next look
 *
 * Processes come, go and become other programs meanwhile: who is gone when it
 * is read is left out.
 *
 * What was allocated but never written is in no memory. why.h has it as a part
 * below zero; a bar cannot. It is taken from the blocks that the program holds,
 * where most of it is, and what is left over from the parts after that.
 */
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ashlar.h"
#include "top.h"

/* ---- one process ---- */

/* Its name, as /proc/PID/comm has it, in one word or several. */
static void take_command(struct top_process *p)
{
	char path[64];
	size_t n = 0, i;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", p->pid);
	f = fopen(path, "re");
	if (f) {
		n = fread(p->command, 1, sizeof(p->command), f);
		fclose(f);
	}
	p->command[n ? n - 1 : 0] = 0; /* it ends in a newline */
	for (i = 0; p->command[i]; i++)
		if (p->command[i] < ' ' || p->command[i] > '~')
			p->command[i] = '?';
}

static void fold(struct top_process *p)
{
	const int64_t *from = p->why.part;
	int64_t part[NR_TOP_PARTS] = {
		[TOP_LIVE] = from[PART_LIVE],
		[TOP_ROUNDING] = from[PART_ROUNDING],
		[TOP_SHEAVES] = from[PART_CACHED],
		[TOP_PARTIAL] = from[PART_ROOM],
		[TOP_FREE] = from[PART_FREE],
		[TOP_LARGE] = from[PART_KEPT],
		[TOP_OWN] = from[PART_OWN] + from[PART_RECORDS],
		[TOP_CODE] = from[PART_CODE] + from[PART_DATA],
		[TOP_STACKS] = from[PART_STACKS],
		[TOP_OTHER] = from[PART_FILES] + from[PART_SHARED] +
			      from[PART_ANONYMOUS],
	};
	static const enum top_part order[] = { TOP_LIVE,    TOP_LARGE,
					       TOP_PARTIAL, TOP_FREE,
					       TOP_SHEAVES, TOP_ROUNDING,
					       TOP_OWN };
	int64_t untouched = -from[PART_UNTOUCHED], less;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		less = min(untouched, part[order[i]]);
		part[order[i]] -= less;
		untouched -= less;
	}
	for (i = 0; i < NR_TOP_PARTS; i++)
		p->part[i] = (uint64_t)part[i];
}

static bool see(struct target *t, struct top_process *p)
{
	p->pid = t->pid;
	take_command(p);
	if (!target_find_nodes(t) || !why_look(t, &p->why))
		return false;
	fold(p);
	return true;
}

static void forget_processes(struct top *t)
{
	size_t i;

	for (i = 0; i < t->nr; i++)
		why_free(&t->process[i].why);
	free(t->process);
	t->process = NULL;
	t->nr = 0;
	t->others = t->unreadable = t->unclear = 0;
	t->spent = false;
	t->error[0] = 0;
}

/* False: there is no memory. */
static bool take_process(struct top *top, struct target *t)
{
	struct top_process *more =
		realloc(top->process, (top->nr + 1) * sizeof(*more));

	if (!more)
		return false;
	top->process = more;
	more[top->nr] = (struct top_process){ 0 };
	if (see(t, &more[top->nr])) {
		top->nr++;
		return true;
	}
	why_free(&more[top->nr].why);
	top->unclear += !t->gone && kill(t->pid, 0) == 0;
	return true;
}

/**
 * top_look_some() - look at some processes
 * @t: zero before the first look; freed by top_free()
 * @pid: which
 * @nr: how many
 *
 * Return: true, or false with @t->error if there is one that cannot be looked
 * at; the others are there.
 */
bool top_look_some(struct top *t, const pid_t *pid, size_t nr)
{
	struct target target;
	size_t i;
	bool ok;

	forget_processes(t);
	budget_watch("the process");
	for (i = 0; i < nr; i++) {
		ok = target_open_process(&target, pid[i]);
		if (ok && !take_process(t, &target))
			target_fail(&target, "out of memory");
		if (target.error[0] && !t->error[0])
			memcpy(t->error, target.error, sizeof(t->error));
		t->spent |= target.spent;
		target_close(&target);
	}
	budget_unwatch();
	return t->nr == nr;
}

/* ---- which processes there are ---- */

static bool maps_library(const struct target *t)
{
	const char *name;
	size_t i;

	for (i = 0; i < t->nr_objects; i++) {
		name = strrchr(t->objects[i].path, '/') + 1;
		if (!strncmp(name, "libashlar.", 10) ||
		    !strncmp(name, "libashlar-malloc.", 17))
			return true;
	}
	return false;
}

/* False: there is no memory. */
static struct top_program *program_of(struct top *top, struct target *t,
				      const struct stat *st)
{
	struct top_program *p, *more;
	int64_t changed =
		st->st_mtim.tv_sec * 1000000000ll + st->st_mtim.tv_nsec;
	size_t i;

	for (i = 0; i < top->nr_programs; i++) {
		p = &top->program[i];
		if (p->device == st->st_dev && p->inode == st->st_ino &&
		    p->changed == changed)
			return p;
	}
	more = realloc(top->program, (i + 1) * sizeof(*more));
	if (!more)
		return NULL;
	top->program = more;
	top->nr_programs++;
	more[i] = (struct top_program){
		.device = st->st_dev,
		.inode = st->st_ino,
		.changed = changed,
		.carries = target_program_carries(t),
	};
	return &more[i];
}

static bool runs_on_ashlar(struct top *top, struct target *t)
{
	const struct top_program *p;
	struct stat st;
	char path[64];

	if (maps_library(t))
		return true;
	snprintf(path, sizeof(path), "/proc/%d/exe", t->pid);
	p = stat(path, &st) ? NULL : program_of(top, t, &st);
	return p && p->carries;
}

/* True if it is no thread of the kernel's: it has a command line. */
static bool is_program(pid_t pid)
{
	char path[64];
	FILE *f;
	int c;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	f = fopen(path, "re");
	c = f ? fgetc(f) : EOF;
	if (f)
		fclose(f);
	return c != EOF;
}

static bool look_at(struct top *top, pid_t pid)
{
	struct target t;
	bool ok = true;

	if (pid == getpid())
		return true;
	if (!target_open_process(&t, pid))
		top->unreadable += t.refused && is_program(pid);
	else if (!runs_on_ashlar(top, &t))
		top->others++;
	else
		ok = take_process(top, &t);
	target_close(&t);
	return ok;
}

/**
 * top_look_all() - find all processes that run on Ashlar, and look at them
 * @t: zero before the first look; freed by top_free()
 *
 * Return: false with @t->error if there is no memory.
 */
bool top_look_all(struct top *t)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;
	bool ok = dir != NULL;
	int pid;

	forget_processes(t);
	budget_watch("the processes");
	while (ok && (d = readdir(dir)))
		if (parse_pid(d->d_name, &pid))
			ok = look_at(t, pid);
	budget_unwatch();
	if (dir)
		closedir(dir);
	if (!ok)
		snprintf(t->error, sizeof(t->error), "out of memory");
	return ok;
}

/* top_status - a command's exit status, after a word where it failed */
int top_status(const struct top *t)
{
	if (!t->error[0])
		return EXIT_SUCCESS;
	complain("%s", t->error);
	return t->spent ? EXIT_GAVE_UP : EXIT_FAILURE;
}

uint64_t top_rss(const struct top *t)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < t->nr; i++)
		sum += t->process[i].why.rss;
	return sum;
}

void top_free(struct top *t)
{
	forget_processes(t);
	free(t->program);
	t->program = NULL;
	t->nr_programs = 0;
}
