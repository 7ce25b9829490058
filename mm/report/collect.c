/* SPDX-License-Identifier: MIT */
/*
 * This program's structures to reports.
 *
 * Each function takes its locks only to copy a structure, and looks at the
 * copy: a report holds up no caller for longer than a copy takes. Its lines are
 * therefore of slightly different moments, as Linux's are.
 *
 * Locks: slab_mutex around the walk over caches, in it a cache's lock, then
 * mm_cpu_mutex around the walk over CPUs, whose sheaf tops are read while
 * their owners move them.
 */
#include <ashlar/root.h>
#include <ashlar/string.h>
#include "../slub.h"
#include "report.h"

/** copy_zone() - a zone as it is at one moment */
void copy_zone(struct zone *copy, struct zone *z)
{
	spin_lock(&z->lock);
	memcpy(copy, z, sizeof(*copy));
	spin_unlock(&z->lock);
}

/* What another CPU's sheaf says it may say of one that is no more. */
static bool read_sheaf(void *from, sheaf_t *slot, sheaf_t *value)
{
	(void)from;
	if (!object_slab(&sheaf_cache, slot))
		return false;
	*value = READ_ONCE(*slot);
	return true;
}

/*
 * Copy a cache and count its objects in sheaves. Context: slab_mutex, which
 * keeps the cache alive.
 */
unsigned long copy_cache(struct kmem_cache *copy, struct kmem_cache *s)
{
	unsigned long cached;
	struct mm_cpu *cpu;

	spin_lock(&s->lock);
	memcpy(copy, s, sizeof(*copy));
	spin_unlock(&s->lock);

	cached = barn_objects(copy);
	spin_lock(&mm_cpu_mutex);
	list_for_each_entry(cpu, &mm_cpus, list)
		cached += cpu_cached_objects(copy, cpu->tops, read_sheaf, NULL);
	spin_unlock(&mm_cpu_mutex);
	return cached;
}

static void count_zones(struct mm_totals *t)
{
	struct zone copy, *z;

	for_each_populated_zone(z) {
		copy_zone(&copy, z);
		totals_add_zone(t, &copy);
	}
}

static void count_caches(struct mm_totals *t)
{
	struct kmem_cache copy, *s;

	spin_lock(&slab_mutex);
	list_for_each_entry(s, &slab_caches, list) {
		unsigned long cached = copy_cache(&copy, s);

		totals_add_cache(t, &copy, cached);
	}
	spin_unlock(&slab_mutex);
}

static void count_cpus(struct mm_totals *t)
{
	struct mm_cpu *cpu;
	unsigned int i;

	spin_lock(&mm_cpu_mutex);
	list_for_each_entry(cpu, &mm_cpus, list)
		totals_add_cpu(t, cpu);
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		t->events[i] += READ_ONCE(vm_events_dead[i]);
	spin_unlock(&mm_cpu_mutex);
}

/**
 * mm_collect_totals() - this program's memory in numbers
 * @t: filled, but for what only a machine has
 */
void mm_collect_totals(struct mm_totals *t)
{
	memset(t, 0, sizeof(*t));
	count_zones(t);
	count_caches(t);
	count_cpus(t);
	t->large_bytes = READ_ONCE(large_bytes);
	t->large_count = READ_ONCE(large_count);
	t->large_cached_bytes = READ_ONCE(large_cached_bytes);
	totals_finish(t);
}

/**
 * show_buddyinfo() - free blocks of each order
 * @m: where to; may overflow
 */
void show_buddyinfo(struct seq_file *m)
{
	struct zone copy, *z;

	for_each_populated_zone(z) {
		copy_zone(&copy, z);
		write_buddyinfo(m, 0, &copy);
	}
}

static void count_pageblocks(struct zone *z, unsigned long nr[MIGRATE_TYPES])
{
	unsigned long end, pfn;

	memset(nr, 0, MIGRATE_TYPES * sizeof(*nr));
	spin_lock(&z->lock);
	end = z->start_pfn + z->spanned_pages;
	pfn = z->start_pfn;
	while (pfn < end) {
		nr[pageblock_type_of(pfn_to_page(pfn))]++;
		pfn = ALIGN_DOWN(pfn, 1ul << pageblock_order) +
		      (1ul << pageblock_order);
	}
	spin_unlock(&z->lock);
}

/**
 * show_pagetypeinfo() - free blocks and page blocks by mobility
 * @m: where to; may overflow
 */
void show_pagetypeinfo(struct seq_file *m)
{
	unsigned long blocks[MIGRATE_TYPES];
	struct zone copy, *z;

	write_pagetypeinfo_header(m);
	for_each_populated_zone(z) {
		copy_zone(&copy, z);
		write_pagetypeinfo(m, 0, &copy);
	}
	write_pageblocks_header(m);
	for_each_populated_zone(z) {
		count_pageblocks(z, blocks);
		write_pageblocks(m, 0, z, blocks);
	}
}

/**
 * show_slabinfo() - one line for each cache, version 2.1
 * @m: where to; may overflow
 */
void show_slabinfo(struct seq_file *m)
{
	struct kmem_cache copy, *s;

	write_slabinfo_header(m);
	spin_lock(&slab_mutex);
	list_for_each_entry(s, &slab_caches, list) {
		unsigned long cached = copy_cache(&copy, s);

		write_slabinfo(m, &copy, cached);
	}
	spin_unlock(&slab_mutex);
}
