/* SPDX-License-Identifier: MIT */
/*
 * A process with Ashlar's structures in it, filled by hand with numbers that
 * do not change, so that the views of it can be compared byte for byte; and,
 * on request, with damage that a reader must survive.
 *
 *   fake [good | loop | cut | wild | version | offline | empty | hostile |
 *         crowd]
 *
 * Prints "ready" and waits to be killed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "mm/layout.h"

#define FRAMES 2048
#define ADDRESS(n) ((void *)(n))

static struct zone fake_zones[MAX_NR_ZONES];
static struct list_head caches = LIST_HEAD_INIT(caches);
static struct list_head cpus = LIST_HEAD_INIT(cpus);
static unsigned long dead[NR_VM_EVENT_ITEMS];
static struct page map[FRAMES], *mem_map = map;
static unsigned long direct_bytes = 3 << 20, direct_count = 2,
		     direct_cached = 1 << 20;
static u32 online = 1;
static struct ashlar_places places;
static struct stack_depot stacks;
static struct ashlar_snapshot snapshot;
static u8 *slab_ids;
static u64 other_layout[ARRAY_SIZE(mm_layout)];

static struct kmem_cache cache[3];
static struct mm_cpu cpu[2];
static struct sheaf_tops tops[2];

struct ashlar_root ashlar_root_writable __asm__("ashlar_root") = {
	.magic = ASHLAR_ROOT_MAGIC,
	.layout_size = sizeof(mm_layout),
	.layout = mm_layout,
	.zones = fake_zones,
	.slab_caches = &caches,
	.mm_cpus = &cpus,
	.vm_events_dead = dead,
	.mem_map = &mem_map,
	.large_bytes = &direct_bytes,
	.large_count = &direct_count,
	.large_cached_bytes = &direct_cached,
	.online = &online,
	.places = &places,
	.snapshot = &snapshot,
	.stacks = &stacks,
	.free_mark = &slab_ids,
};

static void fill_zone(void)
{
	struct zone *z = &fake_zones[ZONE_NORMAL];
	unsigned int order;

	z->index = ZONE_NORMAL;
	z->start_pfn = 0;
	z->spanned_pages = z->present_pages = z->managed_pages = FRAMES;
	z->watermark[WMARK_MIN] = 8;
	z->watermark[WMARK_LOW] = 10;
	z->watermark[WMARK_HIGH] = 12;
	for (order = 0; order < MAX_ORDER - 1; order++) {
		z->free_area[order].nr_free[MIGRATE_UNMOVABLE] = 1;
		z->free_area[order].nr_free[MIGRATE_MOVABLE] = order == 3;
		z->free_pages += 1ul << order;
	}
	z->free_pages += 8;
	z->resident_free = 100;
	map[512].block_type = MIGRATE_MOVABLE ^ MIGRATE_UNMOVABLE;
	map[1024].block_type = MIGRATE_MOVABLE ^ MIGRATE_RECLAIMABLE;
}

static void fill_cache(struct kmem_cache *s, const char *name, u32 size)
{
	strcpy(s->name, name);
	s->size = size;
	s->object_size = size - 4;
	s->total_objects = 1000;
	s->inuse = 900;
	s->nr_slabs = 40;
	s->nr_free_slabs = 3;
	s->nr_pages = 100;
	list_add_tail(&s->list, &caches);
}

/* A top of a sheaf for 20 objects with @n in it, and @spare beside it. */
static sheaf_t top_with(unsigned long n, sheaf_t spare)
{
	static void *sheaves[3][SHEAF_SLOTS]
		__attribute__((aligned(SHEAF_SIZE)));
	static unsigned int nr;
	void **sheaf = sheaves[nr++];

	sheaf[0] = spare;
	*sheaf_bottom(sheaf) = sheaf + SHEAF_SLOTS - 20;
	return *sheaf_bottom(sheaf) + n;
}

static void fill_cpu(unsigned int nr)
{
	unsigned int i;

	cpu[nr].nr = nr;
	cpu[nr].tops = &tops[nr];
	cpu[nr].pcp.count = 30 + nr;
	for (i = 0; i < NR_CPU_CACHES; i++)
		tops[nr].top[i] = ADDRESS(0x20000);
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		cpu[nr].events[i] = 100 * i + nr;
	list_add_tail(&cpu[nr].list, &cpus);
}

static void fill(void)
{
	unsigned int i;

	fill_zone();
	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		dead[i] = 1000000;
	fill_cache(&cache[0], "kmem_cache", 256);
	fill_cache(&cache[1], "a\nname with blanks", 64);
	cache[1].flags = SLAB_RECLAIM_ACCOUNT;
	fill_cache(&cache[2], "kmalloc-1024", 1024);
	cache[2].id = 5;
	cache[2].sheaf_capacity = 20;
	cache[2].barn_max = 80;
	cache[2].barns[0].objects = 30;
	cache[2].barns[NR_CPU_GROUPS - 1].objects += 10;
	fill_cpu(0);
	fill_cpu(1);
	tops[0].top[5] = top_with(7, top_with(20, NULL));
	tops[1].top[5] = top_with(0, NULL);
}

#define CROWD 65530

/*
 * As many CPUs as a reader takes, the second of which begins where the first
 * has its counts: what else is read of one are the links of others.
 */
static void crowd_cpus(void)
{
	static struct {
		struct list_head list;
		u64 lock;
		struct sheaf_tops *tops;
	} many[CROWD + 100];
	unsigned int i;

	INIT_LIST_HEAD(&cpus);
	for (i = 0; i < CROWD; i++) {
		many[i].tops = &tops[0];
		list_add_tail(&many[i].list, &cpus);
	}
}

/* For each of them every CPU is looked at: 4 * 10^9 steps. */
static void crowd_caches(void)
{
	static struct kmem_cache many[CROWD];
	unsigned int i;

	INIT_LIST_HEAD(&caches);
	for (i = 0; i < CROWD; i++) {
		many[i].size = 64;
		list_add_tail(&many[i].list, &caches);
	}
}

static int damage(const char *how)
{
	if (!strcmp(how, "loop")) /* leads back to itself, not to the head */
		cache[2].list.next = &cache[1].list;
	else if (!strcmp(how, "cut")) /* stopped inside list_add: no way back */
		cache[2].list.prev = &cache[0].list;
	else if (!strcmp(how, "wild"))
		cache[1].list.next = ADDRESS(0x123456789abcd0);
	else if (!strcmp(how, "version"))
		ashlar_root_writable.layout = other_layout;
	else if (!strcmp(how, "offline"))
		online = 0;
	else if (!strcmp(how, "empty"))
		ashlar_root_writable.zones = NULL;
	else if (!strcmp(how, "hostile")) /* a zone of 2^60 frames */
		fake_zones[ZONE_NORMAL].spanned_pages = 1ul << 60;
	else if (!strcmp(how, "crowd")) {
		crowd_cpus();
		crowd_caches();
	} else
		return strcmp(how, "good");
	return 0;
}

int main(int argc, char **argv)
{
	fill();
	if (argc > 2 || (argc == 2 && damage(argv[1])))
		return 2;
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
