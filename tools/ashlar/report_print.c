/* SPDX-License-Identifier: MIT */
/*
 * A report with names, for people and as JSON.
 *
 *   ==42==ERROR: Ashlar: heap-use-after-free: read of 4 bytes, 8 bytes into …
 *     #0 0x5581 in total list.c:12:9
 *     #1 0x55a0 in main list.c:30:2
 *   the block was freed …                 stacks, each from the program's own
 *     …                                   innermost call to main
 *   bytes around it:
 *     0x7f00: 61 61 61 61[cc cc cc cc]    [ ]: those that were meant
 *   SUMMARY: Ashlar: heap-use-after-free list.c:12 in total
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "ashlar.h"
#include "report_print.h"

#define ROW_BYTES 16

/* ---- as text ---- */

#define BAD "\033[1;31m"
#define GOOD "\033[1;34m"
#define STRONG "\033[1m"
#define PLAIN "\033[0m"

/* frame_print_position - where a frame is: file and line, or module */
void frame_print_position(FILE *out, const struct frame *f)
{
	if (f->file && f->line && f->column)
		fprintf(out, "%s:%u:%u", f->file, f->line, f->column);
	else if (f->file && f->line)
		fprintf(out, "%s:%u", f->file, f->line);
	else if (f->module)
		fprintf(out, "(%s+0x%lx)", f->module, f->offset);
	else
		fprintf(out, "(nothing is mapped there)");
}

/* stack_print - a line for each frame */
void stack_print(FILE *out, const struct frames *frames,
		 struct stack_shown shown)
{
	const struct frame *f = frames->frame + shown.first;
	size_t i;

	for (i = 0; i < shown.nr; i++) {
		fprintf(out, "    #%zu 0x%lx in %s ", i, f[i].pc,
			f[i].function ? f[i].function : "??");
		frame_print_position(out, &f[i]);
		fputc('\n', out);
	}
	if (!shown.nr)
		fputs("    (its stack is not known)\n", out);
}

/* Behind who it was: what he holds. */
static void print_locks(FILE *out, const u64 *locks)
{
	unsigned int i;

	fputs(*locks ? ", holding" : ", holding no lock", out);
	for (i = 0; i < REPORT_LOCKS && locks[i]; i++)
		fprintf(out, "%s 0x%lx", i ? "," : "", locks[i]);
}

static bool is_race(const struct report_record *r)
{
	return !strcmp(r->kind, "data-race");
}

/* The other one of two that access the same. */
static void print_other(FILE *out, bool colour, const struct report *r)
{
	const struct report_record *c = r->record;

	if (!(c->other.flags & REPORT_STACK_KNOWN))
		return;
	fprintf(out, "  %smeanwhile written by thread %d (%s)",
		colour ? GOOD : "", c->other.tid, c->other_thread);
	print_locks(out, c->other_locks);
	fprintf(out, ":%s\n", colour ? PLAIN : "");
	stack_print(out, r->frames, r->other);
}

static void print_past(FILE *out, bool colour, const struct report *r,
		       const char *what, const struct report_stack *s,
		       struct stack_shown shown)
{
	if (!(s->flags & REPORT_STACK_KNOWN))
		return;
	fprintf(out, "  %s%s by thread %d, %lu ms before:%s\n",
		colour ? GOOD : "", what, s->tid, (unsigned long)s->ms_ago,
		colour ? PLAIN : "");
	stack_print(out, r->frames, shown);
}

/* The character before a byte's value: those of the access are in [ ]. */
static char mark(const struct report_record *r, u64 at)
{
	if (r->bytes && at == r->address)
		return '[';
	if (r->bytes && at == r->address + r->bytes)
		return ']';
	return ' ';
}

static void print_row(FILE *out, const struct report_record *r, u32 from)
{
	u32 i, end = min(from + ROW_BYTES, r->window_bytes);
	u64 start = r->window_start;

	fprintf(out, "    0x%lx:", start + from);
	for (i = from; i < end; i++)
		fprintf(out, "%c%02x",
			i == from && mark(r, start + i) == ']' ?
				' ' :
				mark(r, start + i),
			r->window[i]);
	fputc(mark(r, start + end) == ']' ? ']' : ' ', out);
	for (; i < from + ROW_BYTES; i++)
		fputs("   ", out);
	fputc(' ', out);
	for (i = from; i < end; i++)
		fputc(r->window[i] >= ' ' && r->window[i] <= '~' ?
			      r->window[i] :
			      '.',
		      out);
	fputc('\n', out);
}

static void print_window(FILE *out, const struct report_record *r)
{
	u32 from;

	if (!r->window_bytes)
		return;
	fputs("  bytes around it:\n", out);
	for (from = 0; from < r->window_bytes; from += ROW_BYTES)
		print_row(out, r, from);
}

static void print_summary(FILE *out, const struct report *r)
{
	const struct frame *f = r->place;

	fprintf(out, "SUMMARY: Ashlar: %s", r->record->kind);
	if (f && f->file && f->line)
		fprintf(out, " %s:%u", f->file, f->line);
	else if (f && f->module)
		fprintf(out, " (%s+0x%lx)", f->module, f->offset);
	if (f && f->function)
		fprintf(out, " in %s", f->function);
	fputc('\n', out);
}

/* The thread and the calls that made the access, or that found its damage. */
static void print_who(FILE *out, const struct report *r)
{
	const struct report_record *c = r->record;
	bool late = report_is_late(c);

	if (late && r->frames && !r->now.nr) {
		fputs("  found when the program ended\n", out);
		return;
	}
	fprintf(out, "  %s%s%sby thread %d (%s)", *c->call ? "in " : "",
		c->call,
		*c->call ? ", called " :
		late	 ? "found later, " :
			   "",
		c->tid, c->thread);
	if (is_race(c))
		print_locks(out, c->locks);
	fputs(":\n", out);
	if (r->frames)
		stack_print(out, r->frames, r->now);
}

static void print_shared(FILE *out, const struct report *r)
{
	const struct report_shared *s = &r->record->shared;

	if (!report_is_shared(s))
		return;
	fprintf(out,
		"  in shared memory, inode %lu of device %u:%u, offset %lu\n",
		s->inode, s->major, s->minor, s->offset);
	if (r->also)
		fprintf(out,
			"  process %d has lost updates of the same bytes\n",
			r->also);
}

static void print_variable(FILE *out, const struct frame *f)
{
	fprintf(out, "  to %s, a variable ", f->function);
	if (f->file && f->line)
		fprintf(out, "of %s:%u\n", f->file, f->line);
	else
		fprintf(out, "of %s\n", f->module);
}

/**
 * report_print_text() - a report for people
 * @out: where
 * @colour: true if escape sequences are understood there
 * @r: what report_resolve() found
 */
void report_print_text(FILE *out, bool colour, const struct report *r)
{
	const struct report_record *c = r->record;

	fprintf(out, "%s==%d==ERROR: Ashlar: %s:%s %s%s%s\n", colour ? BAD : "",
		r->pid, c->kind, colour ? PLAIN : "", colour ? STRONG : "",
		c->sentence, colour ? PLAIN : "");
	print_who(out, r);
	if (r->variable)
		print_variable(out, r->variable->frame);
	print_shared(out, r);
	if (r->frames) {
		print_other(out, colour, r);
		print_past(out, colour, r, "freed", &c->free, r->free);
		print_past(out, colour, r, "allocated", &c->alloc, r->alloc);
	}
	print_window(out, c);
	print_summary(out, r);
	fflush(out);
}

/* ---- as JSON ---- */

static void set_string(json_t *o, const char *key, const char *value)
{
	json_t *s = value ? json_string(value) : NULL;

	if (value && !s) /* not UTF-8 */
		s = json_string("?");
	if (s)
		json_object_set_new(o, key, s);
}

static void set_number(json_t *o, const char *key, u64 value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static void set_address(json_t *o, const char *key, u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%lx", value);
	set_string(o, key, text);
}

/* frame_json - all that is known of a frame */
json_t *frame_json(const struct frame *f)
{
	json_t *o = json_object();

	set_address(o, "pc", f->pc);
	set_string(o, "function", f->function);
	set_string(o, "file", f->file);
	if (f->line)
		set_number(o, "line", f->line);
	if (f->column)
		set_number(o, "column", f->column);
	set_string(o, "module", f->module);
	if (f->module)
		set_address(o, "offset", f->offset);
	return o;
}

static void set_stack(json_t *o, const char *key, const struct report *r,
		      const struct report_stack *s, struct stack_shown shown)
{
	json_t *stack, *frames;
	size_t i;

	if (!r->frames || !(s->flags & REPORT_STACK_KNOWN))
		return;
	stack = json_object();
	frames = json_array();
	set_number(stack, "thread", (u64)s->tid);
	set_number(stack, "ms_before", s->ms_ago);
	for (i = 0; i < shown.nr; i++)
		json_array_append_new(
			frames, frame_json(&r->frames->frame[shown.first + i]));
	json_object_set_new(stack, "frames", frames);
	json_object_set_new(o, key, stack);
}

static void set_window(json_t *o, const struct report_record *c)
{
	char text[2 * REPORT_WINDOW + 1] = "";
	u32 i;

	if (!c->window_bytes)
		return;
	for (i = 0; i < c->window_bytes; i++)
		snprintf(text + 2 * i, 3, "%02x", c->window[i]);
	set_address(o, "window_start", c->window_start);
	set_string(o, "window", text);
}

static void set_locks(json_t *o, const char *key, const u64 *locks)
{
	json_t *all = json_array();
	char text[24];
	unsigned int i;

	for (i = 0; i < REPORT_LOCKS && locks[i]; i++) {
		snprintf(text, sizeof(text), "0x%lx", locks[i]);
		json_array_append_new(all, json_string(text));
	}
	json_object_set_new(o, key, all);
}

static void set_shared(json_t *o, const struct report *r)
{
	const struct report_shared *s = &r->record->shared;
	json_t *shared;

	if (!report_is_shared(s))
		return;
	shared = json_object();
	set_number(shared, "major", s->major);
	set_number(shared, "minor", s->minor);
	set_number(shared, "inode", s->inode);
	set_number(shared, "offset", s->offset);
	if (r->also)
		set_number(shared, "process", (u64)r->also);
	json_object_set_new(o, "shared", shared);
}

/* report_print_json - a report as an object, in one line */
void report_print_json(FILE *out, const struct report *r)
{
	static const char *const access[] = { NULL, "read", "write" };
	const struct report_record *c = r->record;
	json_t *o = json_object();

	set_number(o, "pid", (u64)r->pid);
	set_number(o, "thread", (u64)c->tid);
	set_string(o, "thread_name", c->thread);
	set_string(o, "kind", c->kind);
	set_string(o, "sentence", c->sentence);
	if (*c->call)
		set_string(o, "call", c->call);
	if (c->access < ARRAY_SIZE(access))
		set_string(o, "access", access[c->access]);
	if (c->bytes) {
		set_address(o, "address", c->address);
		set_number(o, "bytes", c->bytes);
	}
	if (c->block) {
		set_address(o, "block", c->block);
		set_number(o, "block_bytes", c->asked);
	}
	if (r->place)
		json_object_set_new(o, "place", frame_json(r->place));
	if (r->variable)
		json_object_set_new(o, "variable",
				    frame_json(r->variable->frame));
	if (is_race(c)) {
		set_locks(o, "locks", c->locks);
		set_locks(o, "other_locks", c->other_locks);
	}
	set_shared(o, r);
	set_stack(o, "stack", r, &c->now, r->now);
	set_stack(o, "other", r, &c->other, r->other);
	set_stack(o, "freed", r, &c->free, r->free);
	set_stack(o, "allocated", r, &c->alloc, r->alloc);
	set_window(o, c);
	json_dumpf(o, out, JSON_COMPACT);
	fputc('\n', out);
	fflush(out);
	json_decref(o);
}
