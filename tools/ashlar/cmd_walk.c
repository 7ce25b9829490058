/* SPDX-License-Identifier: MIT */
/*
 * ashlar walk: the objects of a cache, a line each.
 *
 *   frames ─► slots that were ever used ┬ not in their slab's bits, nor in a
 *                                       │ sheaf                       used
 *                                       ├ in a sheaf                  cached
 *                                       └ in their slab's bits        free
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "heap.h"
#include "request.h"

#define LOOK_SECONDS 120

static bool has_cache(const struct heap *h, const char *name)
{
	uint32_t i;

	for (i = 0; i < h->nr_caches; i++)
		if (!strcmp(h->caches[i].name, name))
			return true;
	return false;
}

/* A watched object's record has the last word. */
static bool print_slot(struct heap *h, struct block b, const uint64_t *in_slabs)
{
	uint32_t n = block_number(h, b);
	const char *state = "used";
	struct bytes bytes;

	if (!heap_bytes(h, b, &bytes))
		return false;
	if (!bit_is_set(in_slabs, n))
		state = "free";
	else if (!bit_is_set(h->white, n))
		state = "cached";
	else if (!bytes.words)
		state = h->runs[b.run].record ? "freed" : "cached";
	printf("0x%" PRIx64 " %" PRIu64 " %s\n", bytes.address, bytes.nr,
	       state);
	return true;
}

static bool print_slots(struct heap *h, const uint64_t *in_slabs)
{
	struct block b;

	for (b.run = 0; b.run < h->nr_runs; b.run++)
		for (b.slot = 0; b.slot < h->runs[b.run].slots; b.slot++)
			if (!print_slot(h, b, in_slabs))
				return false;
	return true;
}

/* What the slabs' bits say, before sheaves are looked into. */
static uint64_t *copy_bits(struct heap *h)
{
	size_t bytes = (h->nr_slots / 64 + 1ul) * sizeof(*h->white);
	uint64_t *copy = malloc(bytes);

	if (!copy)
		target_fail(h->t, "out of memory");
	else if (h->nr_slots)
		memcpy(copy, h->white, (h->nr_slots + 63ul) / 64 * 8);
	return copy;
}

static bool walk(struct heap *h, struct target *t)
{
	uint64_t *in_slabs;
	unsigned int i;
	bool ok;

	if (!target_find_nodes(t))
		return false;
	budget_unwatch(); /* a large heap takes its time */
	if (!heap_open(h, t))
		return false;
	if (!has_cache(h, h->only))
		return target_fail(t,
				   "%s has no cache '%s' (ashlar slabinfo "
				   "lists them)",
				   t->label, h->only);
	for (i = 0; i < h->nr_ram; i++)
		if (!heap_frames(h, i, 0, h->ram[i].bytes >> PAGE_SHIFT))
			return false;
	h->first_large = h->nr_runs;
	in_slabs = copy_bits(h);
	ok = in_slabs && heap_sheaves(h) && copy_open(h) &&
	     print_slots(h, in_slabs);
	free(in_slabs);
	return ok;
}

static bool look(struct target *t, const struct request *r, void *arg)
{
	struct heap h = { .own = true, .process = r->pid, .only = r->word };
	bool ok;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &h.deadline);
	h.deadline.tv_sec += LOOK_SECONDS;
	ok = walk(&h, t);
	heap_free(&h);
	return ok;
}

static int run(const struct command *self, int argc, char **argv)
{
	struct request r;
	int status = request_parse(&r, self, argc, argv, REQUEST_CORE, "cache");

	return status ? status : request_look(&r, look, NULL);
}

const struct command cmd_walk = {
	.name = "walk",
	.arguments = "PID CACHE | --core FILE CACHE",
	.summary = "List the objects of a process's slab cache",
	.help = "A line for each: its address, its bytes, and whether it is "
		"used, cached (free, in a\nthread's list), free, or freed and "
		"still watched. Objects that were never used have\nnone. "
		"ashlar slabinfo lists the caches, ashlar whatis tells more of "
		"an address.\n",
	.run = run,
};
