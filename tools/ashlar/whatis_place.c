/* SPDX-License-Identifier: MIT */
/*
 * What the system knows of an address: the mapping that it lies in, whose
 * stack that is, and which function or variable is there.
 *
 *   /proc/PID/maps           | below |   …   | start … end |  …  | above |
 *   /proc/PID/task/T/syscall     sp in [start, end): the stack of thread T
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "whatis.h"

/* One line of maps. False: there is no memory. */
static bool see_line(struct whatis_place *p, uint64_t address, char *line)
{
	unsigned long start, end;
	char perms[5];
	int name = 0;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "%lx-%lx %4s %*s %*s %*s %n", &start, &end, perms,
		   &name) < 3 ||
	    !name)
		return true;
	if (end <= address) {
		p->below = end;
	} else if (start > address) {
		p->above = p->above ? p->above : start;
	} else {
		p->start = start;
		p->end = end;
		memcpy(p->perms, perms, sizeof(perms));
		p->name = strdup(line + name);
		return p->name != NULL;
	}
	return true;
}

static bool see_maps(struct target *t, uint64_t address, struct whatis_place *p)
{
	char path[64], *line = NULL;
	size_t size = 0;
	bool ok = true;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", t->pid);
	f = fopen(path, "re");
	if (!f)
		return target_fail(t, "%s is gone", t->label);
	while (ok && getline(&line, &size, f) > 0)
		ok = see_line(p, address, line);
	free(line);
	fclose(f);
	return ok || target_fail(t, "out of memory");
}

struct seeker {
	pid_t pid;
	struct whatis_place *p;
};

/* False: the stack is this thread's. */
static bool see_thread(void *arg, const char *tid)
{
	const struct seeker *k = arg;
	struct whatis_place *p = k->p;
	struct thread_call c;

	if (!thread_call(k->pid, tid, &c) || c.sp < p->start || c.sp >= p->end)
		return true;
	p->tid = (int)strtol(tid, NULL, 10);
	p->sp = c.sp;
	return false;
}

static void see_symbol(const struct target *t, uint64_t address,
		       struct whatis_place *p)
{
	struct symbols *s = symbols_of_process(t->pid);

	if (s && p->perms[2] == 'x')
		p->symbol = symbols_find(s, &address, 1, true);
	else if (s)
		p->symbol = symbols_find_variable(s, address);
	symbols_free(s);
}

/**
 * whatis_place() - what the system knows of an address
 * @t: a process
 * @address: any
 * @p: filled; freed by whatis_place_free() in any case
 *
 * Return: true, or false with the reason in @t->error.
 */
bool whatis_place(struct target *t, uint64_t address, struct whatis_place *p)
{
	*p = (struct whatis_place){ 0 };
	if (!see_maps(t, address, p))
		return false;
	if (p->end && p->perms[1] == 'w' && *p->name != '/')
		threads_each(t->pid, see_thread, &(struct seeker){ t->pid, p });
	/* Variables that begin as zero lie behind their file's last mapping. */
	if (p->end && (*p->name == '/' || !*p->name))
		see_symbol(t, address, p);
	return true;
}

void whatis_place_free(struct whatis_place *p)
{
	free(p->name);
	frames_free(p->symbol);
}
