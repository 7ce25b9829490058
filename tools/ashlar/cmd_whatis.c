/* SPDX-License-Identifier: MIT */
/*
 * ashlar whatis: what lies at an address.
 *
 *   PID, ADDRESS ─┬─ whatis_block.c   the allocator's: block, slab, frame
 *                 └─ whatis_place.c   the system's: mapping, stack, symbol
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "report_print.h"
#include "request.h"
#include "whatis.h"

struct answer {
	uint64_t address;
	bool ashlar; /* the process runs on it */
	struct whatis_block block;
	struct whatis_place place;
	struct frames *alloc, *freed;
	struct stack_shown alloc_shown, freed_shown;
};

/* ---- what was asked ---- */

static bool parse_address(const char *s, uint64_t *address)
{
	char *end;

	errno = 0;
	*address = strtoull(s, &end, 16);
	return *s != '-' && *s && !*end && !errno;
}

/* ---- the look ---- */

static struct frames *names_of(pid_t pid, const struct whatis_stack *w,
			       struct stack_shown *shown)
{
	struct symbols *s = w->nr ? symbols_of_process(pid) : NULL;
	struct frames *f = s ? symbols_find(s, w->pc, w->nr, false) : NULL;

	if (f)
		*shown = frames_show(f, 0, w->nr);
	symbols_free(s);
	return f;
}

/* A process that has no Ashlar in it has mappings all the same. */
static bool look(struct target *t, const struct request *r, void *arg)
{
	struct answer *a = arg;

	a->ashlar = target_find_nodes(t);
	if (!a->ashlar && (r->core || t->spent || t->gone))
		return false;
	if (a->ashlar && !whatis_block(t, a->address, &a->block))
		return false;
	budget_unwatch(); /* names have their own patience */
	if (r->core)
		return true;
	a->alloc = names_of(r->pid, &a->block.alloc, &a->alloc_shown);
	a->freed = names_of(r->pid, &a->block.freed, &a->freed_shown);
	return whatis_place(t, a->address, &a->place);
}

/* ---- as text ---- */

static const char *const states[] = {
	[STATE_USED] = "used",
	[STATE_FREE] = "free",
	[STATE_CACHED] = "cached",
	[STATE_FREED] = "freed",
};

static const char *const kinds[] = {
	[BLOCK_NONE] = "none",	   [BLOCK_OBJECT] = "object",
	[BLOCK_GAP] = "gap",	   [BLOCK_PAGES] = "pages",
	[BLOCK_FREE] = "free",	   [BLOCK_LARGE] = "large",
	[BLOCK_GUARDED] = "guard", [BLOCK_OWN] = "own",
};

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* "3 bytes into a used block of 96", "3 bytes behind ..." */
static void print_distance(const struct answer *a, const char *state)
{
	const struct whatis_block *w = &a->block;
	const char *where = "into";
	uint64_t far = a->address - w->start;

	if (a->address < w->start) {
		where = "before";
		far = w->start - a->address;
	} else if (far >= w->bytes) {
		where = "behind";
		far -= w->bytes;
	}
	printf("%" PRIu64 " byte%s %s a %s block of %" PRIu64 " byte%s", far,
	       plural(far), where, state, w->bytes, plural(w->bytes));
}

static void print_object(const struct answer *a)
{
	if (a->block.own)
		printf("in an object of Ashlar's own (%s)", a->block.cache);
	else if (a->block.state == STATE_CACHED)
		print_distance(a, "free");
	else
		print_distance(a, states[a->block.state]);
	if (a->block.state == STATE_CACHED)
		printf(", which waits in a sheaf");
}

static void print_block(const struct answer *a)
{
	const struct whatis_block *w = &a->block;

	switch (w->kind) {
	case BLOCK_OBJECT:
		print_object(a);
		break;
	case BLOCK_GAP:
		printf("in a slab of %s, where no object was handed out yet",
		       *w->cache ? w->cache : "?");
		break;
	case BLOCK_PAGES:
		print_distance(a, "used");
		printf(", of whole pages");
		break;
	case BLOCK_FREE:
		printf("in %" PRIu64 " free page%s%s", w->bytes >> PAGE_SHIFT,
		       plural(w->bytes >> PAGE_SHIFT),
		       w->resident ? "" : ", which the system has back");
		break;
	case BLOCK_LARGE:
		print_distance(a, "used");
		printf(", a mapping of its own");
		break;
	case BLOCK_GUARDED:
		print_distance(a, states[w->state]);
		printf(", beside pages without access");
		break;
	default:
		printf("in what Ashlar has for itself");
	}
}

static void print_symbol(const struct frames *f)
{
	const struct frame *first = &f->frame[0];

	printf("in %s ", first->function ? first->function : "code");
	frame_print_position(stdout, first);
}

/* Where the allocator has nothing. */
static void print_place(const struct answer *a)
{
	const struct whatis_place *p = &a->place;

	if (!p->end)
		printf("nothing is mapped there");
	else if (p->tid)
		printf("in the stack of thread %d, %" PRIu64 " bytes %s its "
		       "stack pointer",
		       p->tid,
		       a->address < p->sp ? p->sp - a->address :
					    a->address - p->sp,
		       a->address < p->sp ? "below" : "above");
	else if (p->symbol && p->symbol->nr)
		print_symbol(p->symbol);
	else if (*p->name)
		printf("in %s", p->name);
	else
		printf("in anonymous memory");
}

static void print_slab(const struct whatis_block *w)
{
	printf("  cache     %s, slots of %" PRIu64 " bytes\n", w->cache,
	       w->slot_bytes);
	printf("  slab      0x%" PRIx64 ", %" PRIu64 " frame%s, %" PRIu64
	       " of %" PRIu64 " objects taken\n",
	       w->slab, w->slab_frames, plural(w->slab_frames), w->slab_used,
	       w->slots);
}

static void print_stack(const char *what, const struct frames *f,
			struct stack_shown shown)
{
	if (!f || !shown.nr)
		return;
	printf("  %s by\n", what);
	stack_print(stdout, f, shown);
}

static void print_mapping(const struct whatis_place *p)
{
	if (p->end)
		printf("  mapping   0x%" PRIx64 "-0x%" PRIx64 " %s %s\n",
		       p->start, p->end, p->perms, p->name);
	if (!p->end && p->below)
		printf("  below     a mapping ends at 0x%" PRIx64 "\n",
		       p->below);
	if (!p->end && p->above)
		printf("  above     a mapping begins at 0x%" PRIx64 "\n",
		       p->above);
}

static void print_text(const struct answer *a, const struct request *r)
{
	const struct whatis_block *w = &a->block;

	printf("0x%" PRIx64 ": ", a->address);
	if (w->kind != BLOCK_NONE)
		print_block(a);
	else if (r->core)
		printf("not in the heap");
	else
		print_place(a);
	putchar('\n');
	if (w->kind != BLOCK_GAP && w->bytes)
		printf("  block     0x%" PRIx64 "-0x%" PRIx64 "\n", w->start,
		       w->start + w->bytes);
	if (*w->cache)
		print_slab(w);
	if (w->framed)
		printf("  frame     %" PRIu64 " of node %d, zone %s, %s\n",
		       w->pfn, w->nid, w->zone, w->type);
	print_stack("allocated", a->alloc, a->alloc_shown);
	print_stack("freed", a->freed, a->freed_shown);
	print_mapping(&a->place);
}

/* ---- as JSON ---- */

static void set(json_t *o, const char *name, json_t *value)
{
	json_object_set_new(o, name, value);
}

static void set_number(json_t *o, const char *name, uint64_t n)
{
	set(o, name, json_integer((json_int_t)n));
}

static json_t *stack_json(const struct frames *f, struct stack_shown shown)
{
	json_t *stack = json_array();
	size_t i;

	for (i = 0; i < shown.nr; i++)
		json_array_append_new(stack,
				      frame_json(&f->frame[shown.first + i]));
	return stack;
}

static json_t *block_json(const struct answer *a)
{
	const struct whatis_block *w = &a->block;
	json_t *o = json_pack("{ss}", "kind", kinds[w->kind]);

	if (w->kind == BLOCK_OBJECT || w->kind == BLOCK_GUARDED)
		set(o, "state", json_string(states[w->state]));
	if (w->bytes) {
		set_number(o, "start", w->start);
		set_number(o, "bytes", w->bytes);
	}
	if (*w->cache) {
		set(o, "cache", json_string(w->cache));
		set(o, "own", json_boolean(w->own));
		set_number(o, "slot_bytes", w->slot_bytes);
		set_number(o, "slab", w->slab);
		set_number(o, "slab_frames", w->slab_frames);
		set_number(o, "slab_used", w->slab_used);
		set_number(o, "slab_objects", w->slots);
	}
	if (w->framed) {
		set_number(o, "frame", w->pfn);
		set(o, "node", json_integer(w->nid));
		set(o, "zone", json_string(w->zone));
		set(o, "type", json_string(w->type));
	}
	if (a->alloc)
		set(o, "allocated", stack_json(a->alloc, a->alloc_shown));
	if (a->freed)
		set(o, "freed", stack_json(a->freed, a->freed_shown));
	return o;
}

static json_t *place_json(const struct whatis_place *p)
{
	json_t *o = json_object();

	if (p->end) {
		set_number(o, "start", p->start);
		set_number(o, "end", p->end);
		set(o, "perms", json_string(p->perms));
		set(o, "name", json_string(p->name));
	}
	if (p->tid) {
		set(o, "thread", json_integer(p->tid));
		set_number(o, "stack_pointer", p->sp);
	}
	if (p->symbol && p->symbol->nr)
		set(o, "symbol", frame_json(&p->symbol->frame[0]));
	return o;
}

static void print_json(const struct answer *a, const struct request *r)
{
	json_t *o = json_object();

	set_number(o, "address", a->address);
	if (a->ashlar)
		set(o, "block", block_json(a));
	if (!r->core)
		set(o, "mapping", place_json(&a->place));
	json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(o);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct answer a = { 0 };
	struct request r;
	int status = request_parse(&r, self, argc, argv,
				   REQUEST_JSON | REQUEST_CORE, "address");

	if (status)
		return status;
	if (!parse_address(r.word, &a.address))
		return usage_error(self, "'%s' is not a hexadecimal address",
				   r.word);
	status = request_look(&r, look, &a);
	if (!status && r.json)
		print_json(&a, &r);
	else if (!status)
		print_text(&a, &r);
	frames_free(a.alloc);
	frames_free(a.freed);
	whatis_place_free(&a.place);
	return status;
}

const struct command cmd_whatis = {
	.name = "whatis",
	.arguments = "[--json] PID ADDRESS | [--json] --core FILE ADDRESS",
	.summary = "Tell what lies at an address of a process",
	.help = "ADDRESS is hexadecimal. Of an address in the heap: its block, "
		"if that is in use,\nits slab and its frame, and under ashlar "
		"check who allocated and freed it. Of any\nother: its mapping, "
		"function, variable, or whose stack it is in.\n",
	.run = run,
};
