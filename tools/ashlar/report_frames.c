/* SPDX-License-Identifier: MIT */
/*
 * Which frames of a report are shown, and which is its place.
 *
 *   libashlar-*   not shown
 *   strdup        ─┐                    place: the first of the user's own,
 *   copy()         ├ shown               that is with a line that is not below
 *   main           ─┘                    /usr, nor in the C or C++ library
 *   __libc_start… not shown
 *
 * Damage that is found late has another place: the release of the block, or
 * its allocation.
 */
#include <string.h>
#include "ashlar.h"
#include "report_print.h"

/* ---- which frames are shown ---- */

static unsigned int count_pc(const struct report_stack *s)
{
	unsigned int n = 0;

	if (s->flags & REPORT_STACK_KNOWN)
		while (n < REPORT_FRAMES && s->pc[n])
			n++;
	return n;
}

static bool is_ours(const struct frame *f)
{
	const char *name = f->module ? strrchr(f->module, '/') : NULL;

	return name && !strncmp(name, "/libashlar", strlen("/libashlar"));
}

/**
 * frames_show() - choose which frames of a stack are shown
 * @f: of several stacks
 * @from: index of the stack's first address
 * @nr: of its addresses
 *
 * Return: those without the libraries that check, and without what called
 * main().
 */
struct stack_shown frames_show(const struct frames *f, unsigned int from,
			       unsigned int nr)
{
	struct stack_shown shown = { 0, 0 };
	size_t i = 0;

	while (i < f->nr &&
	       (f->frame[i].index < from ||
		(f->frame[i].index < from + nr && is_ours(&f->frame[i]))))
		i++;
	shown.first = i;
	for (; i < f->nr && f->frame[i].index < from + nr; i++) {
		shown.nr++;
		if (f->frame[i].function &&
		    !strcmp(f->frame[i].function, "main"))
			break;
	}
	return shown;
}

/* ---- whose a frame is ---- */

/* The C library, the dynamic linker, C++'s runtime. */
static bool is_runtime(const struct frame *f)
{
	static const char *const begins[] = { "/libc.so", "/ld-linux",
					      "/libstdc++.so", "/libgcc_s.so",
					      "/libpthread.so" };
	const char *name = f->module ? strrchr(f->module, '/') : NULL;
	size_t i;

	for (i = 0; name && i < ARRAY_SIZE(begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

/* True if the frame is of a line of the user's, as far as its place tells. */
static bool is_users(const struct frame *f)
{
	return f->file && f->line && !is_runtime(f) &&
	       strncmp(f->file, "/usr/", strlen("/usr/")) != 0;
}

/*
 * The first frame of the user's whose line is known, else the first that is in
 * no library of the language, else the first: what a container of C++ does,
 * its user asked for.
 */
static const struct frame *place_in(const struct report *r,
				    struct stack_shown shown)
{
	const struct frame *f = r->frames->frame + shown.first;
	size_t i;

	for (i = 0; i < shown.nr; i++)
		if (is_users(&f[i]))
			return &f[i];
	for (i = 0; i < shown.nr; i++)
		if (!is_runtime(&f[i]))
			return &f[i];
	return shown.nr ? f : NULL;
}

/*
 * The program ended, and all blocks were looked at: what is shown of that is
 * the call of exit(), if there was one.
 */
static struct stack_shown without_end(const struct frames *f,
				      struct stack_shown shown)
{
	while (shown.nr && is_runtime(&f->frame[shown.first])) {
		shown.first++;
		shown.nr--;
	}
	if (shown.nr == 1 && f->frame[shown.first].function &&
	    !strcmp(f->frame[shown.first].function, "_start"))
		shown.nr = 0;
	return shown;
}

/* Of damage: who freed the block, or who has it. */
static const struct frame *find_place(const struct report *r)
{
	if (report_is_late(r->record) && r->free.nr)
		return place_in(r, r->free);
	if (report_is_late(r->record) && r->alloc.nr)
		return place_in(r, r->alloc);
	return place_in(r, r->now);
}

/**
 * report_resolve() - find names for a report's stacks
 * @r: its record is set
 * @s: the process
 *
 * Return: false if there is no memory, and no stack is shown.
 */
bool report_resolve(struct report *r, struct symbols *s)
{
	const struct report_stack *stack[] = { &r->record->now,
					       &r->record->other,
					       &r->record->alloc,
					       &r->record->free };
	struct stack_shown *shown[] = { &r->now, &r->other, &r->alloc,
					&r->free };
	uint64_t pc[(REPORT_FRAMES + 1) * ARRAY_SIZE(stack)];
	unsigned int nr[ARRAY_SIZE(stack)], all = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stack); i++) {
		nr[i] = count_pc(stack[i]);
		memcpy(pc + all, stack[i]->pc, nr[i] * sizeof(*pc));
		all += nr[i];
		pc[all++] = 0;
	}
	r->frames = symbols_find(s, pc, all,
				 r->record->now.flags & REPORT_STACK_EXACT);
	if (!r->frames)
		return false;
	for (i = 0, all = 0; i < ARRAY_SIZE(stack); all += nr[i++] + 1)
		*shown[i] = frames_show(r->frames, all, nr[i]);
	if (report_is_late(r->record))
		r->now = without_end(r->frames, r->now);
	r->place = find_place(r);
	if (!strcmp(r->record->kind, "data-race") && !r->record->block)
		r->variable = symbols_find_variable(s, r->record->address);
	return true;
}
