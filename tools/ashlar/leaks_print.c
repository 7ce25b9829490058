/* SPDX-License-Identifier: MIT */
/*
 * Leaked blocks for people, and for programs.
 *
 *   ==42==ERROR: Ashlar: detected memory leaks
 *
 *   Direct leak of 48 bytes in 2 blocks allocated at:
 *       #0 0x5581 in make_list list.c:12:9
 *       #1 0x55a0 in main list.c:30:2
 *       Indirect leak of 3200 bytes in 100 blocks allocated at:
 *           …                              what the blocks above hold
 *
 *   SUMMARY: Ashlar: 3248 bytes leaked in 102 blocks.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "leaks.h"

#define INDENT 4

/* ---- names ---- */

static unsigned int first_pc(const struct groups *g, uint32_t stack)
{
	unsigned int n = 0;

	while (stack--)
		n += g->stacks[stack].nr;
	return n;
}

/* The addresses of all stacks, one after the other. */
static bool resolve_stacks(struct leaks_report *r, const struct groups *g)
{
	unsigned int nr = first_pc(g, g->nr_stacks), from = 0;
	struct symbols *s = symbols_of_process(r->leaks->pid);
	uint64_t *pc = malloc((nr + 1) * sizeof(*pc));
	uint32_t i;

	for (i = 0; pc && i < g->nr_stacks; from += g->stacks[i++].nr)
		memcpy(pc + from, g->stacks[i].pc,
		       g->stacks[i].nr * sizeof(*pc));
	r->shown = calloc(g->nr_stacks + 1ul, sizeof(*r->shown));
	if (s && pc && r->shown)
		r->frames = symbols_find(s, pc, nr, false);
	for (i = 0, from = 0; r->frames && r->shown && i < g->nr_stacks;
	     from += g->stacks[i++].nr)
		r->shown[i] = frames_show(r->frames, from, g->stacks[i].nr);
	free(pc);
	symbols_free(s);
	return r->frames != NULL;
}

static bool is_hidden(const struct leaks_report *r, const struct group *g,
		      const struct suppressions *suppress)
{
	struct stack_shown shown;
	const struct frame *f;
	size_t i;

	if (g->stack == NONE || !r->frames)
		return false;
	shown = r->shown[g->stack];
	for (i = 0; i < shown.nr; i++) {
		f = &r->frames->frame[shown.first + i];
		if (suppress_match(suppress, "leak", f->function) ||
		    suppress_match(suppress, "leak", f->file) ||
		    suppress_match(suppress, "leak", f->module))
			return true;
	}
	return false;
}

/* False if a leak of the same place was told of before. */
static bool is_new(const struct leaks_report *r, const struct group *g,
		   struct report_seen *seen)
{
	if (!seen || g->stack == NONE || !r->frames)
		return true;
	return report_seen_frames(seen, "leak", r->frames, r->shown[g->stack]);
}

/**
 * leaks_resolve() - find names for leaks, and which are told of
 * @r: filled; freed by leaks_report_free() in any case
 * @l: the leaks; stay
 * @suppress: which are not told of; or NULL
 * @seen: nor are those in there, where the others are entered; or NULL
 *
 * Context: the process may be gone, but then stacks have no names. Return:
 * false if memory ran out.
 */
bool leaks_resolve(struct leaks_report *r, const struct leaks *l,
		   const struct suppressions *suppress,
		   struct report_seen *seen)
{
	const struct groups *all = &l->groups;
	const struct group *g;
	uint64_t blocks, bytes;
	uint32_t n;

	*r = (struct leaks_report){ .leaks = l };
	r->hidden = calloc(all->nr + 1ul, sizeof(*r->hidden));
	if (!r->hidden || (all->nr_stacks && !resolve_stacks(r, all)))
		return false;
	for (n = all->first; n != NONE; n = g->next) {
		g = &all->group[n];
		blocks = g->blocks + g->below_blocks;
		bytes = g->bytes + g->below_bytes;
		r->hidden[n] = true;
		if (!is_new(r, g, seen))
			continue;
		r->hidden[n] = is_hidden(r, g, suppress);
		*(r->hidden[n] ? &r->hidden_blocks : &r->blocks) += blocks;
		*(r->hidden[n] ? &r->hidden_bytes : &r->bytes) += bytes;
	}
	return true;
}

void leaks_report_free(struct leaks_report *r)
{
	frames_free(r->frames);
	free(r->shown);
	free(r->hidden);
}

/* ---- as text ---- */

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void print_amount(FILE *out, uint64_t bytes, uint64_t blocks)
{
	fprintf(out, "%" PRIu64 " byte%s in %" PRIu64 " block%s", bytes,
		plural(bytes), blocks, plural(blocks));
}

static void print_stack(FILE *out, const struct leaks_report *r, uint32_t stack,
			int indent)
{
	struct stack_shown shown = r->shown[stack];
	const struct frame *f = r->frames->frame + shown.first;
	size_t i;

	for (i = 0; i < shown.nr; i++) {
		fprintf(out, "%*s#%zu 0x%" PRIx64 " in %s ", indent + INDENT,
			"", i, f[i].pc, f[i].function ? f[i].function : "??");
		frame_print_position(out, &f[i]);
		fputc('\n', out);
	}
}

static void print_group(FILE *out, const struct leaks_report *r, uint32_t n,
			int indent)
{
	const struct group *g = &r->leaks->groups.group[n];

	fprintf(out, "%*s%s leak of ", indent, "",
		g->holder == NONE ? "Direct" : "Indirect");
	print_amount(out, g->bytes, g->blocks);
	if (g->cycle)
		fprintf(out, ", in a cycle,");
	if (g->stack == NONE)
		fprintf(out, " of %" PRIu64 " byte%s, the first at 0x%" PRIx64,
			g->size, plural(g->size), g->example);
	else
		fprintf(out, " allocated at:");
	fputc('\n', out);
	if (g->stack != NONE)
		print_stack(out, r, g->stack, indent);
	for (n = g->first; n != NONE; n = r->leaks->groups.group[n].next)
		print_group(out, r, n, indent + INDENT);
}

static const char no_stacks[] =
	"Who allocated these is not known: that is kept for programs under "
	"'ashlar check'.\n\n";

/**
 * leaks_print() - tell people of leaks
 * @out: where to
 * @r: what leaks_resolve() found
 */
void leaks_print(FILE *out, const struct leaks_report *r)
{
	const struct groups *all = &r->leaks->groups;
	uint32_t n;

	if (r->blocks)
		fprintf(out, "==%d==ERROR: Ashlar: detected memory leaks\n\n",
			r->leaks->pid);
	for (n = all->first; n != NONE; n = all->group[n].next) {
		if (r->hidden[n])
			continue;
		print_group(out, r, n, 0);
		fputc('\n', out);
	}
	if (r->blocks && !r->leaks->stacks)
		fputs(no_stacks, out);
	if (r->hidden_blocks) {
		fputs("Suppressed: ", out);
		print_amount(out, r->hidden_bytes, r->hidden_blocks);
		fputs(".\n", out);
	}
	if (r->blocks)
		fprintf(out,
			"SUMMARY: Ashlar: %" PRIu64 " byte%s leaked in %" PRIu64
			" block%s.\n",
			r->bytes, plural(r->bytes), r->blocks,
			plural(r->blocks));
}

/* ---- as JSON ---- */

static void set_number(json_t *o, const char *key, uint64_t value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static json_t *stack_json(const struct leaks_report *r, uint32_t stack)
{
	struct stack_shown shown = r->shown[stack];
	json_t *frames = json_array();
	size_t i;

	for (i = 0; i < shown.nr; i++)
		json_array_append_new(
			frames, frame_json(&r->frames->frame[shown.first + i]));
	return frames;
}

static json_t *groups_json(const struct leaks_report *r, uint32_t n);

static json_t *group_json(const struct leaks_report *r, const struct group *g)
{
	json_t *o = json_object();
	char address[24];

	set_number(o, "blocks", g->blocks);
	set_number(o, "bytes", g->bytes);
	snprintf(address, sizeof(address), "0x%" PRIx64, g->example);
	json_object_set_new(o, "first", json_string(address));
	json_object_set_new(o, "cycle", json_boolean(g->cycle));
	if (g->stack == NONE)
		set_number(o, "size", g->size);
	else
		json_object_set_new(o, "allocated", stack_json(r, g->stack));
	if (g->first != NONE)
		json_object_set_new(o, "holds", groups_json(r, g->first));
	return o;
}

static json_t *groups_json(const struct leaks_report *r, uint32_t n)
{
	const struct groups *all = &r->leaks->groups;
	json_t *list = json_array();

	for (; n != NONE; n = all->group[n].next)
		if (!r->hidden[n])
			json_array_append_new(list,
					      group_json(r, &all->group[n]));
	return list;
}

/* leaks_json - the same as an object */
json_t *leaks_json(const struct leaks_report *r)
{
	json_t *o = json_object();

	set_number(o, "pid", (uint64_t)r->leaks->pid);
	json_object_set_new(o, "seen", json_string(r->leaks->how));
	set_number(o, "live_blocks", r->leaks->live_blocks);
	set_number(o, "live_bytes", r->leaks->live_bytes);
	set_number(o, "leaked_blocks", r->blocks);
	set_number(o, "leaked_bytes", r->bytes);
	set_number(o, "suppressed_blocks", r->hidden_blocks);
	set_number(o, "suppressed_bytes", r->hidden_bytes);
	json_object_set_new(o, "leaks", groups_json(r, r->leaks->groups.first));
	return o;
}
