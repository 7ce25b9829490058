/* SPDX-License-Identifier: MIT */
/*
 * All Ashlar processes of the machine, or one of them, as they are just now.
 *
 *   cmd_top.c ─► top_look.c    who they are, and what each one's memory is
 *     │      └─► top_order.c   rows in the order that was asked for
 *     ├─ once ─► top_text.c    lines of text
 *     └───────── top_screen.c  … on a terminal, over and over
 *   cmd_metrics.c ─► metrics_text.c   the same for a monitoring system
 */
#ifndef ASHLAR_TOOLS_TOP_H
#define ASHLAR_TOOLS_TOP_H

#include <stdio.h>
#include "why.h"

/* What is in memory, in bytes that add up to Rss; none is negative. */
enum top_part {
	TOP_LIVE,
	TOP_ROUNDING,
	TOP_SHEAVES,
	TOP_PARTIAL,
	TOP_FREE,
	TOP_LARGE,
	TOP_OWN,
	TOP_CODE,
	TOP_STACKS,
	TOP_OTHER,
	NR_TOP_PARTS
};

struct top_process {
	pid_t pid;
	char command[16];
	uint64_t part[NR_TOP_PARTS];
	struct why why;
};

/* A program's file that was looked into: does it carry Ashlar? */
struct top_program {
	uint64_t device, inode;
	int64_t changed; /* ns */
	bool carries;
};

struct top {
	struct top_process *process;
	size_t nr;
	uint64_t others; /* a count: processes that do not run on it */
	uint64_t unreadable; /* … that may not be read */
	uint64_t unclear; /* … that have it, but could not be understood */
	char error[256]; /* why a process that was named is not there */
	bool spent; /* … a look at it may not cost more */
	struct top_program *program; /* stays from look to look */
	size_t nr_programs;
};

bool top_look_all(struct top *t);
bool top_look_some(struct top *t, const pid_t *pid, size_t nr);
uint64_t top_rss(const struct top *t);
int top_status(const struct top *t);
void top_free(struct top *t);

/* top_order.c */
#define TOP_SORT_PROCESSES "acnopu"
#define TOP_SORT_CACHES "abclvnopsu" /* slabtop's */
void top_sort_processes(struct top *t, char by);
void top_sort_caches(struct why *w, char by);

/* top_text.c */
extern const char *const top_names[NR_TOP_PARTS]; /* in JSON, in metrics */
extern const char top_letters[NR_TOP_PARTS + 1]; /* of parts, in a bar */
void top_share(const uint64_t *part, uint64_t units, uint64_t *share);
void top_print_all(FILE *out, const struct top *t);
void top_print_one(FILE *out, const struct top_process *p, unsigned int width,
		   bool wrap);

/* top_screen.c */
struct top_wish {
	pid_t pid; /* 0: all */
	char sort; /* 0: none was asked for */
	double delay; /* s */
};
bool top_screen(struct top *t, const struct top_wish *wish, int *status);

#endif
