/* SPDX-License-Identifier: MIT */
/*
 * What a process knows of its heap, copied as it runs.
 *
 *   ashlar_root ─► ashlar_profile ─► sites ──┐ a stack's handle each
 *              └─► stack_depot ─► chunks ◄───┘
 *
 * The process changes the table while it is read: the counts of a site may be
 * a sample apart from each other. If it took another table meanwhile, that is
 * read. It is all that is needed once the process is gone, too.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "mm/slab_record.h"
#include "profile_raw.h"

#define TRIES 20
#define PAUSE_US 1000
#define HANDLE_SHIFT (DEPOT_CHUNK_SHIFT - 3)
#define HANDLE_MASK ((1u << HANDLE_SHIFT) - 1)

static bool is_sound(const struct ashlar_profile *p)
{
	return p->nr_slots <= PROFILE_SITES && p->rate <= PROFILE_RATE_MOST &&
	       p->rate_first <= p->rate;
}

/* Once. False: the table is another one by now, or there is no reading it. */
static bool copy_sites(struct target *t, uint64_t at, struct profile_raw *raw)
{
	struct ashlar_profile after;
	size_t bytes;

	if (!target_read(t, at, &raw->head, sizeof(raw->head)) ||
	    raw->head.changes % 2 || !is_sound(&raw->head))
		return false;
	bytes = raw->head.nr_slots * sizeof(*raw->site);
	free(raw->site);
	raw->site = malloc(bytes + 1);
	return raw->site &&
	       (!bytes ||
		target_read(t, (uintptr_t)raw->head.sites, raw->site, bytes)) &&
	       target_read(t, at, &after, sizeof(after)) &&
	       after.changes == raw->head.changes;
}

static bool read_sites(struct target *t, const struct node *n,
		       struct profile_raw *raw)
{
	uint64_t at = (uintptr_t)n->root.profile;
	int i;

	for (i = 0; i < TRIES && !t->gone && !t->spent; i++) {
		if (copy_sites(t, at, raw))
			return true;
		usleep(PAUSE_US);
	}
	return target_fail(t, "the profile of %s cannot be read", t->label);
}

/* The chunks that @raw's sites need. Others stay NULL. */
static void read_stacks(struct target *t, const struct node *n,
			struct profile_raw *raw)
{
	struct stack_depot depot;
	uint32_t i, chunk;

	if (!target_read(t, (uintptr_t)n->root.stacks, &depot, sizeof(depot)))
		return;
	for (i = 0; i < raw->head.nr_slots; i++) {
		chunk = raw->site[i].stack >> HANDLE_SHIFT;
		if (!raw->site[i].slot || !raw->site[i].stack ||
		    chunk >= DEPOT_CHUNKS || !depot.chunk[chunk] ||
		    raw->chunk[chunk])
			continue;
		raw->chunk[chunk] = malloc(DEPOT_CHUNK_BYTES);
		if (raw->chunk[chunk] &&
		    !target_read(t, (uintptr_t)depot.chunk[chunk],
				 raw->chunk[chunk], DEPOT_CHUNK_BYTES)) {
			free(raw->chunk[chunk]);
			raw->chunk[chunk] = NULL;
		}
	}
}

/**
 * profile_raw_stack() - the stack of a site
 * @raw: what was copied
 * @handle: the site's
 * @pc: where its addresses begin
 *
 * Return: how many there are; 0: it is not known.
 */
unsigned int profile_raw_stack(const struct profile_raw *raw, uint32_t handle,
			       const unsigned long **pc)
{
	uint64_t at = (handle & HANDLE_MASK) * 8ull;
	uint32_t chunk = handle >> HANDLE_SHIFT;
	const struct depot_stack *s;

	if (!handle || chunk >= DEPOT_CHUNKS || !raw->chunk[chunk] ||
	    at + sizeof(*s) > DEPOT_CHUNK_BYTES)
		return 0;
	s = (const void *)(raw->chunk[chunk] + at);
	if (s->nr > DEPOT_DEPTH ||
	    at + sizeof(*s) + s->nr * sizeof(long) > DEPOT_CHUNK_BYTES)
		return 0;
	*pc = s->pc;
	return s->nr;
}

/* The core that keeps a profile, of several; NULL: none does. */
static const struct node *find_node(struct target *t)
{
	struct ashlar_profile head;
	unsigned int i;

	for (i = 0; i < t->nr_nodes; i++)
		if (target_read(t, (uintptr_t)t->nodes[i].root.profile, &head,
				sizeof(head)) &&
		    head.rate)
			return &t->nodes[i];
	return NULL;
}

static void read_name(struct profile_raw *raw)
{
	char path[40];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", raw->pid);
	f = fopen(path, "re");
	if (f && fgets(raw->name, sizeof(raw->name), f))
		raw->name[strcspn(raw->name, "\n")] = 0;
	if (f)
		fclose(f);
}

/**
 * profile_take() - copy what a process knows of its heap
 * @t: the process; its nodes were found
 *
 * Return: the copy, to be freed by profile_raw_free(); NULL with the reason in
 * @t->error.
 */
struct profile_raw *profile_take(struct target *t)
{
	const struct node *n;
	struct profile_raw *raw;

	budget_renew(t);
	n = find_node(t);
	if (!n) {
		target_fail(t,
			    "%s keeps no profile: start it with 'ashlar "
			    "profile', or with profile=1 in ASHLAR_OPTIONS",
			    t->label);
		return NULL;
	}
	raw = calloc(1, sizeof(*raw));
	if (!raw) {
		target_fail(t, "out of memory");
		return NULL;
	}
	raw->pid = t->pid;
	if (read_sites(t, n, raw)) {
		read_stacks(t, n, raw);
		read_name(raw);
		raw->symbols = symbols_of_process(t->pid);
	}
	if (raw->symbols)
		return raw;
	target_fail(t, "process %d ended while it was being read", t->pid);
	profile_raw_free(raw);
	return NULL;
}

void profile_raw_free(struct profile_raw *raw)
{
	uint32_t i;

	if (!raw)
		return;
	for (i = 0; i < DEPOT_CHUNKS; i++)
		free(raw->chunk[i]);
	free(raw->site);
	symbols_free(raw->symbols);
	free(raw);
}
