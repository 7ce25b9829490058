/* SPDX-License-Identifier: MIT */
/*
 * What a kernel does for those parts of mm/ that look for its own mistakes:
 * kmemleak.c, page_owner.c.
 */
#ifndef ASHLAR_DEBUG_HOOKS_H
#define ASHLAR_DEBUG_HOOKS_H

#include <ashlar/types.h>

struct seq_file;

#define TASK_COMM_BYTES 16

/* Whom something is written down to. */
struct task_ids {
	int pid, tgid;
	char comm[TASK_COMM_BYTES];
};

struct debug_hooks {
	/* @scan of all memory that is in no block. @stacks: tasks', too. */
	void (*scan_roots)(void (*scan)(const void *start, const void *end),
			   bool stacks);
	void (*running)(struct task_ids *ids);
	/* The name of the function that @pc, a return address, lies in. */
	void (*name)(struct seq_file *m, unsigned long pc);
};

/* Set once, before either is switched on; NULL: nothing is known. */
extern const struct debug_hooks *debug_hooks;

#endif
