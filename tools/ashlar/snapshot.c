/* SPDX-License-Identifier: MIT */
/*
 * Copy what a view needs out of a target that may be running.
 *
 * The target's lists change while they are walked. A walk is strict at
 * first: each element must point back at the one it was reached from, or
 * the walk begins again a moment later. A target that was stopped, or has
 * crashed, in the middle of a change never becomes consistent, so the last
 * attempt asks only that the links lead forward to the head again.
 *
 *   head ─► A ─► B ─► head        strict: A.prev == head, B.prev == A
 *
 * A walk takes at most MAX_ELEMENTS steps, each element is checked for
 * values that would mislead the arithmetic behind it, and an address that
 * cannot be read ends the walk. All of it together has a budget (budget.c).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "snapshot.h"

#define MAX_ELEMENTS 65536
#define ATTEMPTS 20
#define MAX_PAGEBLOCKS (1ul << 20) /* 4 TB of frames */

/* A list of the target, and how to take in one of its elements. */
struct walk {
	uintptr_t head;
	size_t link_offset; /* of the list_head in an element */
	bool (*take)(struct snapshot_node *s, struct target *t,
		     uintptr_t element);
	size_t *taken;
	const char *what;
};

/* True if the head of a list leads back to its last element. */
static bool ends_at(struct target *t, uintptr_t head, uintptr_t last)
{
	struct list_head link;

	return target_read(t, head, &link, sizeof(link)) &&
	       (uintptr_t)link.prev == last;
}

static bool walk_once(struct snapshot_node *s, struct target *t,
		      const struct walk *w, bool strict)
{
	struct list_head link;
	uintptr_t before = w->head, at;
	size_t steps;

	*w->taken = 0;
	if (!target_read(t, w->head, &link, sizeof(link)))
		return false;
	for (steps = 0; steps < MAX_ELEMENTS; steps++) {
		at = (uintptr_t)link.next;
		if (at == w->head)
			return !strict || ends_at(t, w->head, before);
		if (!target_read(t, at, &link, sizeof(link)) ||
		    (strict && (uintptr_t)link.prev != before) ||
		    !w->take(s, t, at - w->link_offset))
			return false;
		before = at;
	}
	return false;
}

static bool walk_list(struct snapshot_node *s, struct target *t,
		      const struct walk *w)
{
	const struct timespec moment = { .tv_nsec = 500000 };
	int attempt;

	for (attempt = 1; attempt <= ATTEMPTS; attempt++) {
		if (walk_once(s, t, w, attempt < ATTEMPTS))
			return true;
		if (t->gone || t->error[0])
			return false;
		if (t->pid)
			nanosleep(&moment, NULL);
	}
	return target_fail(t, "the list of %s of %s cannot be followed",
			   w->what, t->label);
}

/* Room for one element more, whose index is @nr. */
static void *grow(struct target *t, void *array, size_t nr, size_t size)
{
	void *more = array;

	/* Doubles whenever nr is a power of two. */
	if ((nr & (nr - 1)) == 0)
		more = realloc(array, (nr ? 2 * nr : 1) * size);
	if (!more)
		target_fail(t, "out of memory");
	return more;
}

/* A name is printed, and read again by programs that split at blanks. */
static void clean_name(char *name, size_t size)
{
	size_t i;

	name[size - 1] = 0;
	for (i = 0; name[i]; i++)
		if (!isgraph((unsigned char)name[i]))
			name[i] = '_';
	if (i == 0)
		memcpy(name, "?", 2);
}

struct sheaf_source {
	struct target *t;
	const struct sheaf_heads *heads;
};

static bool read_sheaf(void *from, sheaf_t *slot, sheaf_t *value)
{
	const struct sheaf_source *f = from;

	return sheaf_heads_get(f->heads, slot, value) ||
	       target_read(f->t, (uintptr_t)slot, value, sizeof(*value));
}

static bool take_cache(struct snapshot_node *s, struct target *t,
		       uintptr_t element)
{
	struct sheaf_source from = { t, s->heads };
	struct snapshot_cache *c, *more;
	size_t i;

	/* As many steps as there are CPUs follow, which may read nothing. */
	if (!budget_spend(t, 0))
		return false;
	more = grow(t, s->caches, s->nr_caches, sizeof(*more));
	if (!more)
		return false;
	s->caches = more;
	c = &more[s->nr_caches];
	if (!target_read(t, element, &c->cache, sizeof(c->cache)) ||
	    c->cache.size == 0 || c->cache.id >= NR_CPU_CACHES ||
	    c->cache.free_id >= NR_CPU_CACHES ||
	    c->cache.sheaf_capacity >= SHEAF_SLOTS)
		return false;
	clean_name(c->cache.name, sizeof(c->cache.name));
	c->address = element;
	c->cached = barn_objects(&c->cache);
	for (i = 0; i < s->nr_cpus; i++)
		c->cached += cpu_cached_objects(&c->cache, &s->cpus[i].tops,
						read_sheaf, &from);
	s->nr_caches++;
	return true;
}

static bool take_cpu(struct snapshot_node *s, struct target *t,
		     uintptr_t element)
{
	struct snapshot_cpu *c, *more;

	more = grow(t, s->cpus, s->nr_cpus, sizeof(*more));
	if (!more)
		return false;
	s->cpus = more;
	c = &more[s->nr_cpus];
	if (!target_read(t, element, &c->cpu, sizeof(c->cpu)) ||
	    !target_read(t, (uintptr_t)c->cpu.tops, &c->tops, sizeof(c->tops)))
		return false;
	s->nr_cpus++;
	return true;
}

static bool take_cpus(struct snapshot_node *s, struct target *t)
{
	const struct walk w = {
		.head = (uintptr_t)s->root.mm_cpus,
		.link_offset = __builtin_offsetof(struct mm_cpu, list),
		.take = take_cpu,
		.taken = &s->nr_cpus,
		.what = "CPUs",
	};

	return walk_list(s, t, &w);
}

static bool take_caches(struct snapshot_node *s, struct target *t)
{
	const struct walk w = {
		.head = (uintptr_t)s->root.slab_caches,
		.link_offset = __builtin_offsetof(struct kmem_cache, list),
		.take = take_cache,
		.taken = &s->nr_caches,
		.what = "caches",
	};

	return walk_list(s, t, &w);
}

/* Count the page blocks of a zone by their first descriptors. */
static bool take_blocks(struct target *t, uintptr_t mem_map,
			const struct zone *z, unsigned long *blocks)
{
	unsigned long pfn = z->start_pfn, end = pfn + z->spanned_pages;
	struct page first;
	unsigned int type;

	if (end < pfn || (end - pfn) >> pageblock_order > MAX_PAGEBLOCKS)
		return false;
	while (pfn < end) {
		if (!target_read(t, mem_map + pfn * sizeof(first), &first,
				 sizeof(first)))
			return false;
		type = pageblock_type_of(&first);
		if (type >= MIGRATE_TYPES)
			return false;
		blocks[type]++;
		pfn = ALIGN_DOWN(pfn, 1ul << pageblock_order) +
		      (1ul << pageblock_order);
	}
	return true;
}

static bool take_all_blocks(struct snapshot_node *s, struct target *t)
{
	uintptr_t mem_map;
	unsigned int i;

	if (!target_read(t, (uintptr_t)s->root.mem_map, &mem_map,
			 sizeof(mem_map)))
		return false;
	for (i = 0; i < MAX_NR_ZONES; i++)
		if (s->zones[i].managed_pages &&
		    !take_blocks(t, mem_map, &s->zones[i], s->blocks[i]))
			return false;
	return true;
}

/* A number that not every machine has. */
static unsigned long take_number(struct target *t, const unsigned long *addr)
{
	unsigned long value = 0;

	if (addr)
		target_read(t, (uintptr_t)addr, &value, sizeof(value));
	return value;
}

static bool take_numbers(struct snapshot_node *s, struct target *t)
{
	s->large_bytes = take_number(t, s->root.large_bytes);
	s->large_count = take_number(t, s->root.large_count);
	s->large_cached_bytes = take_number(t, s->root.large_cached_bytes);
	return target_read(t, (uintptr_t)s->root.vm_events_dead, s->events_dead,
			   sizeof(s->events_dead));
}

static void add_up(const struct snapshot_node *s, struct mm_totals *sum)
{
	size_t i;

	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		sum->events[i] += s->events_dead[i];
	for (i = 0; i < MAX_NR_ZONES; i++)
		totals_add_zone(sum, &s->zones[i]);
	for (i = 0; i < s->nr_cpus; i++)
		totals_add_cpu(sum, &s->cpus[i].cpu);
	for (i = 0; i < s->nr_caches; i++)
		totals_add_cache(sum, &s->caches[i].cache, s->caches[i].cached);
	sum->large_bytes += s->large_bytes;
	sum->large_count += s->large_count;
	sum->large_cached_bytes += s->large_cached_bytes;
	totals_finish(sum);
}

static bool take_zones(struct snapshot_node *s, struct target *t)
{
	unsigned int i;

	if (!target_read(t, (uintptr_t)s->root.zones, s->zones,
			 sizeof(s->zones)))
		return false;
	for (i = 0; i < MAX_NR_ZONES; i++)
		s->zones[i].index = i;
	return true;
}

static bool take_node(struct snapshot_node *s, struct target *t,
		      unsigned int needs)
{
	bool ok = take_zones(s, t);

	/* CPUs before caches: caches count what lies in the CPUs' sheaves. */
	if (ok && needs & (SNAPSHOT_CPUS | SNAPSHOT_CACHES))
		ok = take_cpus(s, t);
	if (ok && needs & SNAPSHOT_CACHES) {
		s->heads = sheaf_heads_read(s, t);
		ok = take_caches(s, t);
		sheaf_heads_free(s->heads);
	}
	if (ok && needs & SNAPSHOT_BLOCKS)
		ok = take_all_blocks(s, t);
	return ok && take_numbers(s, t);
}

/**
 * snapshot_take() - copy the structures of a target
 * @s: filled; freed by snapshot_free() in any case
 * @t: where Ashlar was found, with its nodes
 * @needs: SNAPSHOT_* flags
 *
 * Return: true, or false with the reason in @t->error.
 */
bool snapshot_take(struct snapshot *s, struct target *t, unsigned int needs)
{
	unsigned int i;

	snapshot_free(s);
	budget_renew(t);
	for (i = 0; i < t->nr_nodes; i++) {
		struct snapshot_node *node = &s->nodes[s->nr_nodes++];

		node->root = t->nodes[i].root;
		node->nid = t->nodes[i].nid;
		node->path = t->nodes[i].path;
		if (!take_node(node, t, needs))
			return target_fail(
				t,
				t->cut_short ?
					"%s is cut short" :
					"Ashlar's data in %s cannot be read",
				t->label);
		add_up(node, &node->totals);
		add_up(node, &s->totals);
	}
	return true;
}

void snapshot_free(struct snapshot *s)
{
	unsigned int i;

	for (i = 0; i < s->nr_nodes; i++) {
		free(s->nodes[i].cpus);
		free(s->nodes[i].caches);
	}
	*s = (struct snapshot){ 0 };
}
