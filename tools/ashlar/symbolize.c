/* SPDX-License-Identifier: MIT */
/*
 * Addresses in a process, as functions, files and lines.
 *
 *   pc ── /proc/PID/maps, copied while it waits ──► module, offset in its file
 *                                                        │
 *      parent                                      child, one for each question
 *      reads fixed records, with a limit  ◄─ pipe ──  libdw (symbolize_dwarf.c)
 *
 * A module's file, and the debug file that its build-id or link leads to, are
 * whatever the program had mapped: cut short, replaced, made to mislead, or on
 * a file system that never answers. So a child reads them, with little memory
 * and little time. If it dies, the module that it was reading is named in a
 * sentence and not read again, and another child goes on behind it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "ashlar.h"
#include "mapped.h"
#include "symbolize.h"

#define MODULES_MAX 64 /* of one stack */
#define CHILD_MEMORY (4ul << 30) /* bytes of addresses */
#define CHILD_SECONDS 5 /* of a processor */
#define CHILD_MS 4000 /* of waiting for one */
#define FRAMES_EACH 9 /* of one address: itself, calls inlined there */
#define QUESTION_MS 12000 /* all children of one question */

/* What the child says of one address; several for inlined calls. */
struct answer {
	uint32_t index; /* in the question */
	uint32_t line, column;
	uint8_t begins, inlined; /* begins: nothing is found yet */
	uint64_t offset;
	char function[400], file[600];
	char sentence[256]; /* why the module is of no use, or "" */
};

/* Modules that a child died of, or that were said to be useless. */
static struct useless {
	struct useless *next;
	char path[];
} * useless;

/* ---- useless files ---- */

static bool is_useless(const char *path)
{
	const struct useless *u;

	for (u = useless; u; u = u->next)
		if (!strcmp(u->path, path))
			return true;
	return false;
}

static void give_up(const char *path, const char *why)
{
	struct useless *u;

	if (is_useless(path))
		return;
	complain("no names for what is in %s: %s", path, why);
	u = malloc(sizeof(*u) + strlen(path) + 1);
	if (!u)
		return;
	memcpy(u->path, path, strlen(path) + 1);
	u->next = useless;
	useless = u;
}

struct question {
	struct symbols *s;
	const uint64_t *pc;
	uint32_t nr;
	bool exact; /* the first is the instruction itself */
	bool variable; /* it is one address, and of data */
	struct frames *frames;
	size_t room;
	uint64_t end; /* ms: no answer is waited for longer */
	uint64_t child_end; /* ms: nor for one child */
};

/* ---- the child ---- */

static struct answer answer;
static int answers; /* the pipe */

static void send_answer(void)
{
	if (write(answers, &answer, sizeof(answer)) != sizeof(answer))
		_exit(EXIT_FAILURE);
}

static void send_found(const struct line_found *l)
{
	answer.line = l->line;
	answer.column = l->column;
	answer.inlined = l->inlined;
	snprintf(answer.function, sizeof(answer.function), "%s",
		 l->function ? l->function : "");
	snprintf(answer.file, sizeof(answer.file), "%s",
		 l->file ? l->file : "");
	send_answer();
}

struct module {
	const char *path;
	int fd; /* -1: of no use */
	struct dwarf_file *dwarf;
};

static void module_open(const struct symbols *s, const struct mapping *m,
			struct module *module)
{
	const char *why = NULL;
	int fd;

	module->path = m->path;
	module->fd = mapping_open(s, m);
	if (module->fd < 0)
		why = "the file cannot be opened any more";
	else if (!mapping_is_of(s, m, module->fd))
		why = "the file is not the one that the program runs";
	if (why) {
		snprintf(answer.sentence, sizeof(answer.sentence), "%s", why);
		module->fd = -1;
		return;
	}
	fd = dup(module->fd);
	module->dwarf = fd < 0 ? NULL : dwarf_file_open(fd, m->path);
}

static struct module *module_of(const struct symbols *s,
				const struct mapping *m)
{
	static struct module modules[MODULES_MAX];
	static unsigned int nr;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!strcmp(modules[i].path, m->path))
			return &modules[i];
	if (nr == MODULES_MAX)
		return NULL;
	module_open(s, m, &modules[nr]);
	return &modules[nr++];
}

/*
 * True for what called main(): its names are not shown, and the C library may
 * have much to be read. It ends where a stack does, at a 0, or at _start.
 */
static bool is_below_main(const struct mapping *m, const char *function)
{
	static const char *program; /* where main() is, while below it */
	static bool below;

	if (below && (!m || !strcmp(m->path, program)))
		below = false;
	if (function && m && !strcmp(function, "main")) {
		program = m->path;
		below = true;
	}
	return below;
}

static void answer_one(const struct symbols *s, uint64_t pc, bool is_return)
{
	const struct mapping *m = mapping_at(s, pc);
	const bool below = is_below_main(m, NULL);
	const struct line_found nothing = { 0 };
	struct module *module;
	uint64_t at;

	answer.begins = 1;
	send_found(&nothing);
	answer.begins = 0;
	module = m && !below && !is_useless(m->path) ? module_of(s, m) : NULL;
	if (!module || module->fd < 0) {
		send_found(&nothing);
		answer.sentence[0] = 0;
		return;
	}
	at = mapping_address(m, module->fd, pc);
	answer.offset = at;
	if (module->dwarf)
		dwarf_file_find(module->dwarf, at - is_return, send_found);
	else
		send_found(&nothing);
	is_below_main(m, answer.function);
}

/* A variable: beyond what is mapped of the file, if it begins with zeroes. */
static void answer_variable(const struct symbols *s, uint64_t address)
{
	const struct mapping *m = mapping_before(s, address), *first;
	const struct line_found nothing = { 0 };
	struct module *module = m ? module_of(s, m) : NULL;

	if (!module || module->fd < 0 || !module->dwarf) {
		send_found(&nothing);
		return;
	}
	first = mapping_first(s, m);
	answer.offset = address - first->start +
			mapping_address(first, module->fd, first->start);
	dwarf_file_find_data(module->dwarf, answer.offset, send_found);
}

static void limit(int resource, rlim_t value)
{
	const struct rlimit r = { value, value };

	setrlimit(resource, &r);
}

/* In the child: all from @first on. Does not return. */
static void answer_all(const struct question *q, uint32_t first)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	limit(RLIMIT_AS, CHILD_MEMORY);
	limit(RLIMIT_CPU, CHILD_SECONDS);
	limit(RLIMIT_CORE, 0);
	unsetenv("DEBUGINFOD_URLS"); /* no network */
	for (; first < q->nr; first++) {
		answer = (struct answer){ .index = first };
		if (q->variable)
			answer_variable(q->s, q->pc[first]);
		else
			answer_one(q->s, q->pc[first], first || !q->exact);
	}
	_exit(EXIT_SUCCESS);
}

/* ---- the parent ---- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static const struct mapping *mapping_of(const struct question *q,
					uint32_t index)
{
	return q->variable ? mapping_before(q->s, q->pc[index]) :
			     mapping_at(q->s, q->pc[index]);
}

static void add_frame(struct question *q, const struct answer *a)
{
	const struct mapping *m = mapping_of(q, a->index);
	struct frame *f;

	if (q->frames->nr == q->room)
		return;
	f = &q->frames->frame[q->frames->nr++];
	*f = (struct frame){
		.index = a->index,
		.pc = q->pc[a->index],
		.offset = a->offset,
		.line = a->line,
		.column = a->column,
		.inlined = a->inlined,
		.module = m ? strdup(m->path) : NULL,
		.function = *a->function ? strdup(a->function) : NULL,
		.file = *a->file ? strdup(a->file) : NULL,
	};
	if (m && !f->offset)
		f->offset = f->pc - mapping_first(q->s, m)->start;
}

/* An answer of the right form, before the time is over. */
static bool read_answer(struct question *q, int fd, struct answer *a)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t used = 0;
	uint64_t now;
	ssize_t n;

	while (used < sizeof(*a)) {
		now = now_ms();
		if (now >= q->child_end ||
		    poll(&p, 1, (int)(q->child_end - now)) == 0)
			return false;
		n = read(fd, (char *)a + used, sizeof(*a) - used);
		if (n == 0 || (n < 0 && errno != EINTR))
			return false;
		used += n > 0 ? (size_t)n : 0;
	}
	a->function[sizeof(a->function) - 1] = 0;
	a->file[sizeof(a->file) - 1] = 0;
	a->sentence[sizeof(a->sentence) - 1] = 0;
	return a->index < q->nr;
}

/*
 * Take what the child says, from @at on. Returns the index that it did not
 * finish with, or the question's number if it came to its end.
 */
static uint32_t take_answers(struct question *q, int fd, uint32_t at)
{
	const struct mapping *m;
	struct answer a;

	while (read_answer(q, fd, &a)) {
		m = mapping_of(q, a.index);
		if (m && *a.sentence && !q->variable)
			give_up(m->path, a.sentence);
		if (!a.begins)
			add_frame(q, &a);
		at = a.begins ? a.index : a.index + 1;
	}
	return at;
}

/* One child; returns the index from which another has to go on. */
static uint32_t ask(struct question *q, uint32_t first)
{
	const struct mapping *m;
	int ends[2], wstatus;
	uint32_t next;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return first;
	pid = fork();
	if (pid == 0) {
		answers = ends[1];
		answer_all(q, first);
	}
	q->child_end = min(q->end, now_ms() + CHILD_MS);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return first;
	}
	next = take_answers(q, ends[0], first);
	close(ends[0]);
	kill(pid, SIGKILL);
	while (waitpid(pid, &wstatus, 0) < 0 && errno == EINTR)
		;
	if (next < q->nr) {
		m = mapping_of(q, next);
		if (m && !q->variable)
			give_up(m->path, "reading it takes too long or fails");
	}
	return next;
}

/* All of them. What two children in a row cannot tell is not known. */
static void ask_all(struct question *q)
{
	uint32_t at = 0, next;
	bool again = false;

	while (at < q->nr) {
		next = now_ms() < q->end ? ask(q, at) : at;
		if (next == at && (again || now_ms() >= q->end)) {
			add_frame(q, &(struct answer){ .index = at });
			next++;
		}
		again = next == at;
		at = next;
	}
}

/**
 * symbols_find() - functions, files and lines of addresses
 * @s: the process
 * @pc: return addresses, innermost first; a 0 may stand between stacks
 * @nr: how many
 * @exact: true if the first is the instruction itself
 *
 * Files that are of no use are named on stderr, once each.
 *
 * Return: at least one frame for each address, to be freed by frames_free();
 * NULL if there is no memory.
 */
struct frames *symbols_find(struct symbols *s, const uint64_t *pc,
			    unsigned int nr, bool exact)
{
	size_t room = (size_t)nr * FRAMES_EACH;
	struct question q = {
		.s = s, .pc = pc, .nr = nr, .exact = exact, .room = room
	};

	q.frames = calloc(1, sizeof(*q.frames) + room * sizeof(struct frame));
	if (!q.frames)
		return NULL;
	q.end = now_ms() + QUESTION_MS;
	ask_all(&q);
	return q.frames;
}

/**
 * symbols_find_variable() - which variable lies at an address
 * @s: the process
 * @address: any
 *
 * Return: one frame, whose function is the variable's name; NULL if there is
 * none, or no memory. To be freed by frames_free().
 */
struct frames *symbols_find_variable(struct symbols *s, uint64_t address)
{
	struct question q = {
		.s = s, .pc = &address, .nr = 1, .variable = true, .room = 1
	};

	q.frames = calloc(1, sizeof(*q.frames) + sizeof(struct frame));
	if (!q.frames)
		return NULL;
	q.end = now_ms() + QUESTION_MS;
	ask_all(&q);
	if (q.frames->nr && q.frames->frame[0].function)
		return q.frames;
	frames_free(q.frames);
	return NULL;
}

void frames_free(struct frames *f)
{
	size_t i;

	for (i = 0; f && i < f->nr; i++) {
		free((char *)f->frame[i].function);
		free((char *)f->frame[i].file);
		free((char *)f->frame[i].module);
	}
	free(f);
}
