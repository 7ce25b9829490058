/* SPDX-License-Identifier: MIT */
/*
 * ashlar why: why a process has more in memory than its blocks take.
 *
 *    96.2 MB   59 %  blocks that the program holds (1204331)
 *     3.1 MB    2 %  ...
 *   163.4 MB         in memory (Rss)
 *
 * and a sentence for each part that is large and can be made smaller.
 */
#include <inttypes.h>
#include "request.h"
#include "why.h"

/* What is worth a sentence: so much, and that part of all. */
#define NOTABLE_BYTES (1 << 20)
#define NOTABLE_PART 20

static const char *const texts[NR_PARTS] = {
	[PART_LIVE] = "blocks that the program holds",
	[PART_ROUNDING] = "alignment, and ends of slabs",
	[PART_ROOM] = "free places in slabs",
	[PART_CACHED] = "free blocks in threads' lists",
	[PART_OWN] = "the allocator's records",
	[PART_FREE] = "free pages, kept",
	[PART_KEPT] = "mappings kept for large blocks",
	[PART_UNTOUCHED] = "of these, never written",
	[PART_RECORDS] = "of a checker, or a profile",
	[PART_CODE] = "code and constants",
	[PART_DATA] = "variables of programs and libraries",
	[PART_FILES] = "other files that are mapped",
	[PART_SHARED] = "shared memory",
	[PART_STACKS] = "stacks",
	[PART_ANONYMOUS] = "mappings that are not the malloc's",
};

static double megabytes(int64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static bool is_notable(const struct why *w, int64_t bytes)
{
	return bytes > NOTABLE_BYTES && bytes * NOTABLE_PART > (int64_t)w->rss;
}

static void print_count(const struct why *w, int part)
{
	if (part == PART_LIVE)
		printf(" (%" PRIu64 ")", w->blocks);
	if (part == PART_STACKS)
		printf(" of %" PRIu64 " thread%s", w->threads,
		       w->threads == 1 ? "" : "s");
	putchar('\n');
}

static void print_parts(const struct why *w)
{
	int i;

	for (i = 0; i < NR_PARTS; i++) {
		if (!w->part[i])
			continue;
		printf("%9.1f MB %4.0f %%  %s", megabytes(w->part[i]),
		       100.0 * (double)w->part[i] / (double)w->rss, texts[i]);
		print_count(w, i);
	}
	printf("%9.1f MB         in memory (Rss)\n",
	       megabytes((int64_t)w->rss));
}

/* ---- sentences ---- */

static const struct why_cache *emptiest(const struct why *w)
{
	const struct why_cache *c = w->caches;
	size_t i;

	for (i = 1; i < w->nr_caches; i++)
		if (w->caches[i].class.room > c->class.room)
			c = &w->caches[i];
	return c;
}

static void advise_room(const struct why *w)
{
	const struct why_cache *e = emptiest(w);
	const struct ashlar_memory_class *c = &e->class;

	if (!is_notable(w, (int64_t)c->room))
		return;
	printf("\n%zu object%s of %s keep%s %lu slabs, in which %.1f MB "
	       "are free: these outlive\ntheir neighbours. Allocate what lives "
	       "long apart from what does not, or earlier;\n"
	       "'ashlar profile PID' tells whose they are, 'ashlar walk PID "
	       "%s' where.\n",
	       c->blocks, c->blocks == 1 ? "" : "s", c->name,
	       c->blocks == 1 ? "s" : "", e->info.num_slabs,
	       megabytes((int64_t)c->room), c->name);
}

static void advise(const struct why *w)
{
	int64_t kept = w->part[PART_FREE] + w->part[PART_KEPT];

	if (is_notable(w, kept))
		printf("\n%.1f MB are kept for what comes next: malloc_trim(0) "
		       "gives them to the system at once,\ntime gives back "
		       "what stays idle.\n",
		       megabytes(kept));
	if (is_notable(w, w->part[PART_CACHED]))
		printf("\n%.1f MB wait in the lists of %" PRIu64 " thread%s: "
		       "they come back from threads that\nstay idle, and end "
		       "with a thread; fewer threads have fewer.\n",
		       megabytes(w->part[PART_CACHED]), w->threads,
		       w->threads == 1 ? "" : "s");
	advise_room(w);
	if (is_notable(w, (int64_t)w->rounding_most))
		printf("\nUp to %.1f MB of the blocks were not asked for: "
		       "sizes are rounded up to the next\nclass. 'ashlar "
		       "slabinfo PID' lists them.\n",
		       megabytes((int64_t)w->rounding_most));
	if (is_notable(w, w->part[PART_ANONYMOUS]))
		printf("\n%.1f MB are in mappings that the program made "
		       "without malloc; the largest, of %.1f MB,\nis at "
		       "0x%" PRIx64 " ('ashlar whatis PID ADDRESS').\n",
		       megabytes(w->part[PART_ANONYMOUS]),
		       megabytes((int64_t)w->largest), w->largest_start);
}

/* ---- the command ---- */

static void print_json(const struct why *w, int pid)
{
	json_t *o = json_pack("{si sI}", "pid", pid, "rss", (json_int_t)w->rss);
	json_t *p = json_object();
	int i;

	for (i = 0; i < NR_PARTS; i++)
		json_object_set_new(p, part_names[i],
				    json_integer((json_int_t)w->part[i]));
	json_object_set_new(o, "parts", p);
	json_object_set_new(o, "blocks", json_integer((json_int_t)w->blocks));
	json_object_set_new(o, "threads", json_integer((json_int_t)w->threads));
	json_object_set_new(o, "rounding_most",
			    json_integer((json_int_t)w->rounding_most));
	json_dumpf(o, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(o);
}

static bool look(struct target *t, const struct request *r, void *arg)
{
	(void)r;
	return target_find_nodes(t) && why_look(t, arg);
}

static int run(const struct command *self, int argc, char **argv)
{
	struct why w = { 0 };
	struct request r;
	int status = request_parse(&r, self, argc, argv, REQUEST_JSON, NULL);

	if (status)
		return status;
	status = request_look(&r, look, &w);
	if (!status && r.json) {
		print_json(&w, r.pid);
	} else if (!status) {
		print_parts(&w);
		advise(&w);
	}
	why_free(&w);
	return status;
}

const struct command cmd_why = {
	.name = "why",
	.arguments = "[--json] PID",
	.summary = "Tell why a process has as much in memory as it has",
	.help = "Parts that add up to what the kernel calls Rss, and what can "
		"be done where one is\nlarge. The process is not stopped: its "
		"numbers are of a few moments.\n",
	.run = run,
};
