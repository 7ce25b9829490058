/* SPDX-License-Identifier: MIT */
/*
 * What ashlar run hands to a program beside its arguments: the library, and
 * ASHLAR_OPTIONS as far as they can be understood.
 *
 *   LD_PRELOAD = [the one that checks :] the malloc [: what was there before]
 *
 * Some programs take no library, and start all the same: that is said before
 * they do. A script is judged by its interpreter.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <ashlar/options.h>
#include "ashlar.h"
#include "target.h"

#define MALLOC "libashlar-malloc.so.0"
#define CHECK "libashlar-check.so.0" /* stands before the C library's calls */
#define PAGE 4096 /* of a file, where every linker puts its headers */
#define MAX_INTERPRETERS 4 /* Linux's own limit on scripts of scripts */
#define SEPARATORS " :\t\n" /* of options, see cmdline.h */

/* ---- does the program take it? ---- */

/* find_program - where execvp() would find it; false: nowhere */
bool find_program(const char *name, char path[PATH_MAX])
{
	const char *dir = getenv("PATH") ?: "/bin:/usr/bin";
	size_t n;

	if (strchr(name, '/'))
		return snprintf(path, PATH_MAX, "%s", name) < PATH_MAX;
	for (; *dir; dir += n + (dir[n] == ':')) {
		n = strcspn(dir, ":");
		snprintf(path, PATH_MAX, "%.*s%s%s", (int)n, dir, n ? "/" : "",
			 name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* The first page of a file, filled up with zeroes. */
static bool read_page(const char *path, char page[PAGE + 1], struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = -1;

	memset(page, 0, PAGE + 1);
	if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		n = pread(fd, page, PAGE, 0);
	if (fd >= 0)
		close(fd);
	return n > 0;
}

/* True if the page begins a script; then @path is its interpreter's. */
static bool follow_script(char path[PATH_MAX], const char page[PAGE + 1])
{
	const char *name = page + 2;

	if (memcmp(page, "#!", 2))
		return false;
	name += strspn(name, " \t");
	snprintf(path, PATH_MAX, "%.*s", (int)strcspn(name, " \t\n"), name);
	return true;
}

/* The dynamic linker that an ELF file names; NULL if it names none. */
static const char *interpreter(const char page[PAGE + 1])
{
	const Elf64_Ehdr *e = (const void *)page;
	Elf64_Phdr ph;
	size_t i, at;

	for (i = 0; i < e->e_phnum; i++) {
		at = e->e_phoff + i * sizeof(ph);
		if (at < e->e_phoff || at + sizeof(ph) > PAGE)
			return NULL;
		memcpy(&ph, page + at, sizeof(ph));
		if (ph.p_type == PT_INTERP && ph.p_offset < PAGE)
			return page + ph.p_offset;
	}
	return NULL;
}

/* True if the program gets rights that its caller has not. */
static bool gains_rights(const struct stat *st)
{
	return (st->st_mode & S_ISUID && st->st_uid != geteuid()) ||
	       (st->st_mode & S_ISGID && st->st_gid != getegid());
}

/* Why the program takes no library of ours; NULL if it does. */
static const char *refuses(const char page[PAGE + 1], const struct stat *st)
{
	const Elf64_Ehdr *e = (const void *)page;
	const char *linker;

	if (memcmp(page, ELFMAG, SELFMAG))
		return NULL; /* the kernel will say what it thinks of it */
	if (e->e_ident[EI_CLASS] != ELFCLASS64)
		return "it is a 32-bit program";
	if (e->e_machine != EM_X86_64)
		return "it is for another processor";
	linker = interpreter(page);
	if (!linker)
		return "it is linked statically";
	if (strstr(linker, "ld-musl"))
		return "its C library is musl";
	if (gains_rights(st))
		return "it is set-uid or set-gid";
	return NULL;
}

/* True if Ashlar's malloc is in the program already. */
static bool has_library(const char *path)
{
	struct target t = { .pid = 0 };
	uint64_t at;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool found;

	if (fd < 0)
		return false;
	budget_renew(&t);
	found = elf_symbol_in_file(&t, fd, 0, "ashlar_root", &at);
	close(fd);
	return found;
}

/* Say what comes of a program that takes no library. */
static void say_refused(const char *path, const char *why, bool checks)
{
	if (!has_library(path))
		complain("%s runs without Ashlar: %s", path, why);
	else if (checks)
		complain("%s has Ashlar's malloc linked in: its blocks are "
			 "checked, and what the C library does with them is "
			 "not",
			 path);
}

/* True if @program takes the library, or nothing is known of it. */
static bool takes_library(const char *program, bool checks)
{
	char path[PATH_MAX], page[PAGE + 1];
	const char *why;
	struct stat st;
	int i;

	if (!find_program(program, path))
		return true;
	for (i = 0; i <= MAX_INTERPRETERS; i++)
		if (!read_page(path, page, &st) || !follow_script(path, page))
			break;
	why = refuses(page, &st);
	if (!why)
		return true;
	say_refused(path, why, checks);
	return false;
}

/* ---- the library ---- */

/* Beside the command in a build folder, else where it is installed. */
static bool find_library(const char *name, char *path, size_t size)
{
	static const char *const places[] = { "", ASHLAR_LIBRARIES "/",
					      ASHLAR_LIBRARIES "/ashlar/" };
	char self[PATH_MAX], real[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	size_t i;

	if (n <= 0)
		return false;
	self[n] = 0;
	slash = strrchr(self, '/');
	for (i = 0; slash && i < ARRAY_SIZE(places); i++) {
		slash[1] = 0;
		if (snprintf(path, size, "%s%s%s", self, places[i], name) <
			    (int)size &&
		    realpath(path, real) && access(real, R_OK) == 0)
			return snprintf(path, size, "%s", real) < (int)size;
	}
	return false;
}

/* Before what is preloaded so far. */
static bool add_library(const char *name)
{
	const char *before = getenv("LD_PRELOAD");
	char library[PATH_MAX], *value;

	if (!find_library(name, library, sizeof(library))) {
		complain("cannot find %s beside this command, nor where it "
			 "is installed",
			 name);
		return false;
	}
	if (strpbrk(library, " :")) {
		complain("%s cannot be preloaded: its path has a blank or a "
			 "colon in it",
			 library);
		return false;
	}
	if (asprintf(&value, "%s%s%s", library, before && *before ? ":" : "",
		     before ? before : "") < 0)
		return false;
	setenv("LD_PRELOAD", value, 1);
	free(value);
	return true;
}

/* ---- its options ---- */

static void say(const char *line)
{
	fprintf(stderr, "%s\n", line);
}

static void say_unknown(const char *key)
{
	complain("ASHLAR_OPTIONS: unknown option %s (help=1 lists them)", key);
}

/* True if the library has something to do for this option. */
static bool is_for_library(const char *option)
{
	const struct cmdline_sink sink = { say, say_unknown };

	return cmdline_parse(option, ashlar_options, ARRAY_SIZE(ashlar_options),
			     &sink) == 0 &&
	       strcmp(option, "help") && strncmp(option, "help=", 5);
}

/*
 * Say what there is to say of the options, which the library could only when
 * the program allocates; it gets those that are right.
 */
static bool check_options(void)
{
	const char *all = getenv("ASHLAR_OPTIONS");
	char *words, *word, *rest, *kept;
	size_t n = 0;

	if (!all)
		return true;
	words = strdup(all);
	kept = malloc(strlen(all) + 2);
	if (!words || !kept) {
		free(words);
		free(kept);
		return false;
	}
	for (word = strtok_r(words, SEPARATORS, &rest); word;
	     word = strtok_r(NULL, SEPARATORS, &rest))
		if (is_for_library(word))
			n += (size_t)sprintf(kept + n, "%s:", word);
	kept[n ? n - 1 : 0] = 0;
	setenv("ASHLAR_OPTIONS", kept, 1);
	free(words);
	free(kept);
	return true;
}

/**
 * preload() - have what this process becomes run on Ashlar
 * @program: as execvp() takes it
 * @checks: true if what the C library's functions touch is looked at, too
 *
 * Return: true, also for a program that takes no library, after a word about
 * that; or false after a complaint.
 */
bool preload(const char *program, bool checks)
{
	if (!check_options())
		return false;
	return !takes_library(program, checks) ||
	       (add_library(MALLOC) && (!checks || add_library(CHECK)));
}
