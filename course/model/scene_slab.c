/* SPDX-License-Identifier: MIT */
/*
 * Two pictures of a slab cache.
 *
 *   slab    a slab's life: empty, partial, full, and reaped; its objects stay
 *           constructed. The cache has no sheaves, so each call reaches a slab.
 *   sheaf   two CPUs, each with a main sheaf and a spare, and the barn between
 *           them and the slabs.
 *
 * An object is shown by its number in its slab.
 */
#include <ashlar/string.h>
#include "../../port/sim/sim.h"
#include "objects.h"
#include "picture.h"

#define MOST 64 /* objects that a learner may hold */

static struct kmem_cache *cache;
static void *held[MOST], *last;
static unsigned int nr_held;
static unsigned long constructed;

static void construct(void *obj)
{
	memset(obj, 0, 4);
	constructed++;
}

static void begin(unsigned int size, slab_flags_t flags)
{
	course_boot();
	cache = kmem_cache_create("node", size, 0, flags, construct);
	nr_held = 0;
	last = NULL;
}

static bool take(unsigned long n)
{
	while (n--) {
		if (nr_held == MOST)
			return false;
		last = kmem_cache_alloc(cache, GFP_KERNEL);
		if (!last)
			return false;
		held[nr_held++] = last;
	}
	return true;
}

/* The @i-th that is held, in the order in which they were taken. */
static bool give(unsigned long i)
{
	if (i >= nr_held)
		return false;
	last = held[i];
	kmem_cache_free(cache, last);
	for (nr_held--; i < nr_held; i++)
		held[i] = held[i + 1];
	return true;
}

/* ---- what both draw ---- */

static const char *const names[] = { "used", "free", "sheaf", "spare", "barn" };

static void draw_slab(const struct page *slab, const char *list)
{
	char *slot = slab_start(cache, slab);
	unsigned int n = slab_objects(cache, slab);

	row("slab %#lx, %s", page_to_pfn(slab), list);
	for (unsigned int i = 0; i < n; i++, slot += cache->size) {
		enum place p = place_of(cache, slab, slot);

		cell(slot == last ? NEW :
		     p == IN_USE  ? USED :
		     p == IN_SLAB ? FREE :
				    HELD,
		     2, "%u %s", i, names[p]);
	}
}

static void draw_slabs(void)
{
	const struct page *slab;

	list_for_each_entry(slab, &cache->slabs_full, lru)
		draw_slab(slab, "full");
	list_for_each_entry(slab, &cache->slabs_partial, lru)
		draw_slab(slab, "partial");
	list_for_each_entry(slab, &cache->slabs_free, lru)
		draw_slab(slab, "free");
	if (!cache->nr_slabs) {
		row("slabs");
		cell(PLAIN, 1, "none");
	}
}

/* ---- a slab's life ---- */

static void start_slab(void)
{
	begin(1000, SLAB_NO_SHEAVES);
	tell("The cache is new: it has no slab yet, and takes no memory.");
}

static bool step_slab(const char *what, unsigned long n)
{
	unsigned long slabs = cache->nr_slabs, before = constructed;

	if (same(what, "alloc")) {
		if (!take(1))
			return false;
		if (cache->nr_slabs > slabs)
			tell("No slab has a free object: the cache grows by "
			     "one slab. Its object is constructed (%lu so far)"
			     ", and handed out.",
			     constructed);
		else if (constructed > before)
			tell("An object that nobody has used yet: it is "
			     "constructed (%lu so far), and handed out.",
			     constructed);
		else
			tell("An object that was freed before is handed out "
			     "again as it is: it is still constructed (%lu so "
			     "far).",
			     constructed);
		return true;
	}
	if (same(what, "free")) {
		if (!give(n))
			return false;
		tell("The object goes back into its slab. Its memory is not "
		     "touched: that it is free is a bit in the frame's "
		     "descriptor.");
		return true;
	}
	if (!same(what, "shrink"))
		return false;
	kmem_cache_shrink(cache);
	tell("Slabs without an object in use are reaped: %lu go back to the "
	     "buddy system.",
	     slabs - cache->nr_slabs);
	return true;
}

static void draw_slab_life(void)
{
	draw_slabs();
	row("constructor");
	cell(PLAIN, 1, "ran %lu times", constructed);
	button("alloc", NO_NUMBER, "allocate");
	for (unsigned int i = 0; i < nr_held && i < 12; i++)
		button("free", (long)i, "free number %u of yours", i + 1);
	button("shrink", NO_NUMBER, "shrink: reap empty slabs");
}

const struct scene scene_slab = {
	.name = "slab",
	.title = "A slab's life",
	.start = start_slab,
	.step = step_slab,
	.draw = draw_slab_life,
};

/* ---- sheaves and the barn ---- */

static void start_sheaf(void)
{
	begin(1024, 0);
	tell("CPU 0 runs. A sheaf is a stack of free objects that its CPU has "
	     "to itself: no lock, no atomic instruction.");
}

static unsigned long counted(enum vm_event_item e)
{
	const struct mm_cpu *cpu;
	unsigned long n = vm_events_dead[e];

	list_for_each_entry(cpu, &mm_cpus, list)
		n += cpu->events[e];
	return n;
}

static bool step_sheaf(const char *what, unsigned long n)
{
	unsigned long refills = counted(SLAB_REFILL), get = counted(BARN_GET);
	unsigned long put = counted(BARN_PUT), flush = counted(SLAB_FLUSH);
	unsigned long todo = n;

	if (same(what, "cpu") && n < 2) {
		sim_run_on((unsigned int)n);
		tell("From now on CPU %lu allocates and frees.", n);
		return true;
	}
	if (same(what, "alloc") && n) {
		if (!take(n))
			return false;
	} else if (same(what, "free") && n && n <= nr_held) {
		while (todo--)
			give(nr_held - 1);
	} else {
		return false;
	}
	refills = counted(SLAB_REFILL) - refills;
	get = counted(BARN_GET) - get;
	put = counted(BARN_PUT) - put;
	flush = counted(SLAB_FLUSH) - flush;
	if (refills || get || put || flush)
		tell("The sheaf was not enough: filled from slabs %lu times, "
		     "from the barn %lu; left full in the barn %lu times, "
		     "emptied into slabs %lu.",
		     refills, get, put, flush);
	else
		tell("The CPU's own sheaves were enough: no lock was taken.");
	return true;
}

static void draw_sheaf_row(const char *name, sheaf_t top)
{
	unsigned int n = sheaf_walk(top, NULL, NULL), room;

	row("%s", name);
	if (!top) {
		cell(PLAIN, 1, "none");
		return;
	}
	room = (unsigned int)(sheaf_base(top) + SHEAF_SLOTS -
			      *sheaf_bottom(sheaf_base(top)));
	for (unsigned int i = 0; i < room; i++)
		cell(i < n ? HIGH : LOW, 1, i < n ? "o" : ".");
	cell(PLAIN, 1, " %u of %u", n, room);
}

static void draw_cpu(const struct mm_cpu *cpu)
{
	row("CPU %u%s", cpu->nr, cpu->nr == sim_cpu() ? ", which runs" : "");
	draw_sheaf_row("  main sheaf", main_sheaf(cache, cpu));
	draw_sheaf_row("  spare sheaf", spare_sheaf(cache, cpu));
}

static void draw_sheaves(void)
{
	const struct mm_cpu *cpu;
	sheaf_t top;

	list_for_each_entry(cpu, &mm_cpus, list)
		draw_cpu(cpu);
	for (unsigned int i = 0; i < NR_CPU_GROUPS; i++) {
		row("barn %u, full sheaves", i);
		for (top = cache->barns[i].full; top; top = *sheaf_next(top))
			cell(HELD, 4, "%u objects",
			     sheaf_walk(top, NULL, NULL));
	}
	row("slabs: objects");
	cell(FREE, 4, "%lu free in slabs", cache->total_objects - cache->inuse);
	row("you hold");
	cell(USED, 4, "%u", nr_held);
	button("alloc", 1, "allocate 1");
	button("alloc", 6, "allocate 6");
	button("free", 1, "free 1");
	button("free", 6, "free 6");
	button("cpu", 0, "run on CPU 0");
	button("cpu", 1, "run on CPU 1");
}

const struct scene scene_sheaf = {
	.name = "sheaf",
	.title = "Sheaf, spare and barn",
	.start = start_sheaf,
	.step = step_sheaf,
	.draw = draw_sheaves,
};
