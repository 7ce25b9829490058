/* SPDX-License-Identifier: MIT */
/*
 * The command: one descriptor and one file for each sub-command.
 *
 *   main.c ─► cmd_*.c ─► view.c ─► snapshot.c ─► target.c ─► a process
 *              run, exec            copies of     reads by    or a core dump
 *                                   structures    address
 *
 * Exit status: 0; 1 when it could not be done, with one sentence on stderr;
 * 2 when it was asked for in the wrong way; 3 when what was looked at took more
 * than a look may cost (budget.c). run and exec pass on their program's.
 */
#ifndef ASHLAR_TOOLS_ASHLAR_H
#define ASHLAR_TOOLS_ASHLAR_H

#include <jansson.h>
#include <limits.h>
#include <ashlar/compiler.h>
#include <ashlar/seq_file.h>

#define EXIT_USAGE 2
#define EXIT_GAVE_UP 3
/* As of env(1): found but cannot be run; not found. */
#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127

struct snapshot;

/* One of the kernel's files, as this command makes it. */
struct view {
	unsigned int needs; /* SNAPSHOT_* */
	void (*text)(struct seq_file *m, const struct snapshot *s);
	json_t *(*json)(const struct snapshot *s);
};

struct command {
	const char *name; /* of a view: that of the file in /proc, too */
	const char *arguments; /* for the usage line */
	const char *summary; /* one line */
	const char *help; /* the rest of --help, or NULL */
	int (*run)(const struct command *self, int argc, char **argv);
	const struct view *view; /* or NULL */
};

extern const struct command cmd_run, cmd_check, cmd_exec, cmd_boot,
	cmd_translate, cmd_buddyinfo, cmd_meminfo, cmd_pagetypeinfo,
	cmd_slabinfo, cmd_vmstat, cmd_zoneinfo, cmd_leaks, cmd_profile,
	cmd_whatis, cmd_walk, cmd_why, cmd_learn, cmd_map, cmd_top, cmd_metrics;
extern const struct command *const commands[]; /* ends with NULL */

int usage_error(const struct command *c, const char *fmt, ...)
	ASHLAR_PRINTF(2, 3);
void complain(const char *fmt, ...) ASHLAR_PRINTF(1, 2);
void command_help(const struct command *c);
bool parse_pid(const char *s, int *pid);

/* view.c */
int view_run(const struct command *self, int argc, char **argv);
char *view_render(const struct view *view, const struct snapshot *s,
		  size_t *len);

/* boot_image.c */
bool find_product(const char *name, char path[PATH_MAX]);

/* preload.c */
bool preload(const char *program, bool checks);
bool find_program(const char *name, char path[PATH_MAX]);

/* launch.c */
int launch(char **argv);
int wait_as_shell(int wstatus);
int forwarded_signal(void);
int start_child(bool (*prepare)(void), char **argv);

#endif
