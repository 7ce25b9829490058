/* SPDX-License-Identifier: MIT */
/*
 * What a lesson runs, and what it says.
 *
 *   run       bash, in a folder of its own that is gone afterwards; the
 *             course's programs are found
 *   boot      all of a lesson's in one machine, one script
 *   picture   course-core, which draws it
 *
 * A command is shown before its output, as one who types it sees it. What a
 * block started and left running ends with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ashlar.h"
#include "learn.h"

#define PROGRAMS "course/programs"
#define CORE "course/course-core"
#define IMAGE "course.cpio"
#define SECONDS 60 /* a block that takes longer is stopped */
#define MARK "@@" /* begins a block's output, and its number follows */
#define WORDS 24

/* ---- a program, its input and its output ---- */

static char *read_all(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	if (!text)
		abort();
	if (pread(fd, text, (size_t)size, 0) != size)
		*text = '\0';
	close(fd);
	return text;
}

/* An open file with @text, and nothing more is written to it. */
static int with_text(const char *text)
{
	int fd = memfd_create("lesson", MFD_CLOEXEC);
	size_t n = strlen(text);

	if (fd < 0 || write(fd, text, n) != (ssize_t)n)
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/* In the child. */
static void become(char *const words[], int in, int out, const char *folder)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	setsid();
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
	    (folder && chdir(folder)))
		_exit(EXIT_CANNOT_RUN);
	execvp(words[0], words);
	dprintf(2, "cannot run %s: %s\n", words[0], strerror(errno));
	_exit(EXIT_NOT_FOUND);
}

/* Its status; or -1, if it took too long. */
static int wait_for(pid_t pid)
{
	struct pollfd p = { .fd = (int)syscall(SYS_pidfd_open, pid, 0),
			    .events = POLLIN };
	bool late = p.fd >= 0 && poll(&p, 1, SECONDS * 1000) == 0;
	int status = 0;

	if (p.fd >= 0)
		close(p.fd);
	if (late)
		kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL); /* what it left running */
	return late ? -1 : status;
}

/* What @words print when they read @input; *@status as wait_for(). */
static char *capture(char *const words[], const char *input, const char *folder,
		     int *status)
{
	int in = with_text(input), out = memfd_create("output", MFD_CLOEXEC);
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		become(words, in, out, folder);
	*status = pid < 0 ? -1 : wait_for(pid);
	close(in);
	return read_all(out);
}

/* ---- a folder of its own ---- */

static bool make_folder(char folder[PATH_MAX])
{
	const char *tmp = getenv("TMPDIR") ?: "/tmp";

	snprintf(folder, PATH_MAX, "%s/ashlar-learn.XXXXXX", tmp);
	if (mkdtemp(folder))
		return true;
	complain("cannot make a folder in %s: %s", tmp, strerror(errno));
	return false;
}

static void remove_folder(char *folder)
{
	char *words[] = { "rm", "-rf", folder, NULL };
	int status;

	free(capture(words, "", NULL, &status));
}

/*
 * The command itself and the course's programs are found first; IMAGE is the
 * machine's.
 */
static void set_path(void)
{
	const char *before = getenv("PATH") ?: "/usr/bin:/bin";
	char programs[PATH_MAX], self[PATH_MAX], image[PATH_MAX], *path;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	if (!find_product(PROGRAMS, programs))
		*programs = '\0';
	if (asprintf(&path, "%s:%s:%s", self, programs, before) < 0)
		abort();
	setenv("PATH", path, 1);
	free(path);
	setenv("IMAGE", find_product(IMAGE, image) ? image : "no image", 1);
}

/* ---- scripts ---- */

/* A word as a shell reads it. */
static void quote(FILE *out, const char *s)
{
	putc('\'', out);
	for (; *s; s++)
		if (*s == '\'')
			fputs("'\\''", out);
		else
			putc(*s, out);
	putc('\'', out);
}

/* Where the command ends: a line that begins with a blank goes on with it. */
static size_t command_length(const char *text)
{
	size_t n = strcspn(text, "\n");

	while (text[n] && (text[n + 1] == ' ' || text[n + 1] == '\t'))
		n += 1 + strcspn(text + n + 1, "\n");
	return n;
}

/* Each command of @text, shown with @prompt and then run. */
static void add_commands(FILE *out, const char *text, const char *prompt)
{
	char *command;
	size_t n;

	for (; *text; text += n + (text[n] == '\n')) {
		n = command_length(text);
		if (!n)
			continue;
		command = strndup(text, n);
		if (!command)
			abort();
		fprintf(out, "printf '%%s\\n' '%s '", prompt);
		quote(out, command);
		fprintf(out, "\n%s\n", command);
		free(command);
	}
}

static char *end_text(FILE *out, char **text)
{
	if (fclose(out) || !*text)
		abort();
	return *text;
}

/* ---- here ---- */

static bool run_here(struct block *b, char *folder)
{
	char *script = NULL, *words[] = { "bash", "-c", NULL, NULL };
	size_t size;
	FILE *out = open_memstream(&script, &size);
	int status;

	if (!out)
		abort();
	add_commands(out, b->text, "$");
	words[2] = end_text(out, &script);
	b->output = capture(words, "", folder, &status);
	free(script);
	if (status >= 0)
		return true;
	complain("a command took more than %d seconds and was stopped: %.60s",
		 SECONDS, b->text);
	return false;
}

/* ---- in the machine ---- */

static char *machine_script(const struct lesson *l)
{
	char *script = NULL;
	size_t size, i;
	FILE *out = open_memstream(&script, &size);

	if (!out)
		abort();
	fputs("#!/bin/bash\n", out);
	for (i = 0; i < l->nr_blocks; i++) {
		if (l->blocks[i].kind != BLOCK_BOOT)
			continue;
		fprintf(out, "echo '" MARK "%zu'\n", i);
		add_commands(out, l->blocks[i].text, "#");
	}
	fputs("echo '" MARK "'\nexit 0\n", out);
	return end_text(out, &script);
}

/* What stands between the mark of block @i and the next. */
static char *part_of(const char *output, size_t i)
{
	char mark[32], *at, *end;

	snprintf(mark, sizeof(mark), MARK "%zu\n", i);
	at = strstr(output, mark);
	if (!at)
		return strdup("The machine did not come so far.\n");
	at += strlen(mark);
	end = strstr(at, MARK);
	return strndup(at, end ? (size_t)(end - at) : strlen(at));
}

static void remove_returns(char *s)
{
	char *to = s;

	for (; *s; s++)
		if (*s != '\r')
			*to++ = *s;
	*to = '\0';
}

/* ashlar boot --initrd IMAGE OPTIONS -- SCRIPT */
static char *boot(char *options, char *image, char *script, int *status)
{
	char *words[WORDS] = { "/proc/self/exe", "boot", "--initrd", image };
	char *word;
	int n = 4;

	while ((word = strsep(&options, " ")) && n < WORDS - 3)
		if (*word)
			words[n++] = word;
	words[n++] = "--";
	words[n++] = script;
	return capture(words, "", NULL, status);
}

static bool write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f)) {
		complain("cannot write %s: %s", path, strerror(errno));
		return false;
	}
	return chmod(path, 0755) == 0;
}

static bool run_machine(struct lesson *l, const struct block *first,
			const char *folder)
{
	char image[PATH_MAX], path[PATH_MAX + 8];
	char *script = machine_script(l), *options = strdup(first->words);
	char *output;
	size_t i;
	int status;
	bool ok;

	snprintf(path, sizeof(path), "%s/lesson", folder);
	ok = options && write_file(path, script);
	free(script);
	if (ok && !find_product(IMAGE, image)) {
		complain("this lesson's machine has no image yet: 'make learn' "
			 "makes " IMAGE ", of Debian's packages");
		ok = false;
	}
	if (!ok) {
		free(options);
		return false;
	}
	output = boot(options, image, path, &status);
	free(options);
	remove_returns(output);
	for (i = 0; i < l->nr_blocks; i++)
		if (l->blocks[i].kind == BLOCK_BOOT)
			l->blocks[i].output = part_of(output, i);
	ok = status == 0 && strstr(output, MARK);
	if (!ok)
		complain("the machine did not run this lesson: %.300s", output);
	free(output);
	return ok;
}

/* ---- the course's core ---- */

/* What course-core prints; *@ok is false after a complaint. */
char *course_core(char *const words[], const char *input, bool *ok)
{
	char core[PATH_MAX], *argv[6] = { core };
	char *output;
	int status, i;

	for (i = 0; i < 4 && words[i]; i++)
		argv[i + 1] = words[i];
	if (!find_product(CORE, core)) {
		complain("cannot find " CORE " beside this command, nor where "
			 "it is installed; 'make' makes it");
		*ok = false;
		return NULL;
	}
	output = capture(argv, input, NULL, &status);
	*ok = status == 0;
	if (!*ok)
		complain("%.*s", (int)strcspn(output, "\n"),
			 *output ? output : "the course's core failed");
	return output;
}

/* What a command prints, which may be one of the course's. */
char *command_output(const char *command)
{
	char *copy = strdup(command), *output;
	int status;

	set_path();
	if (!copy)
		abort();
	output = capture((char *[]){ "bash", "-c", copy, NULL }, "", NULL,
			 &status);
	free(copy);
	return output;
}

static bool draw(struct block *b)
{
	char *words[] = { "picture", b->words, NULL };
	bool ok;

	b->output = course_core(words, b->text, &ok);
	return ok;
}

/* ---- a whole lesson ---- */

static bool run_blocks(struct lesson *l, char *folder)
{
	struct block *b = l->blocks, *end = b + l->nr_blocks;
	bool ok = true;

	for (; b < end; b++) {
		if (b->kind == BLOCK_RUN)
			ok &= run_here(b, folder);
		else if (b->kind == BLOCK_PICTURE)
			ok &= draw(b);
		else if (b->kind == BLOCK_BOOT && !b->output)
			ok &= run_machine(l, b, folder);
		if (b->kind == BLOCK_BOOT && !b->output)
			return false;
	}
	return ok;
}

/**
 * lesson_run() - run all that a lesson runs, and keep what it says
 * @l: the lesson; its blocks get their output
 *
 * Return: false after a complaint; some blocks have no output then.
 */
bool lesson_run(struct lesson *l)
{
	char folder[PATH_MAX];
	bool ok;

	set_path();
	if (!make_folder(folder))
		return false;
	ok = run_blocks(l, folder);
	remove_folder(folder);
	return ok;
}
