/* SPDX-License-Identifier: MIT */
/* What the reports say of this machine is what this machine did. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../../../mm/internal.h"
#include "../../harness.h"

static char text[64 << 10];

static const char *report(void (*show)(struct seq_file *m))
{
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };

	show(&m);
	CHECK(!seq_has_overflowed(&m));
	text[m.count] = 0;
	return text;
}

/* The number behind @name in a report of names and numbers. */
static unsigned long named(void (*show)(struct seq_file *m), const char *name)
{
	const char *line = report(show);
	size_t len = strlen(name);

	while (line && strncmp(line, name, len)) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	CHECK(line);
	return strtoul(line + len + (line[len] == ':'), NULL, 10);
}

struct row {
	unsigned long active, num, size, per_slab, pages;
	unsigned long limit, batch, shared, active_slabs, slabs, avail;
};

static struct row slab_row(const char *name)
{
	const char *line = strstr(report(show_slabinfo), name);
	struct row r;

	CHECK(line);
	CHECK_EQ(sscanf(line + strlen(name),
			"%lu %lu %lu %lu %lu : tunables %lu %lu %lu : "
			"slabdata %lu %lu %lu",
			&r.active, &r.num, &r.size, &r.per_slab, &r.pages,
			&r.limit, &r.batch, &r.shared, &r.active_slabs,
			&r.slabs, &r.avail),
		 11);
	return r;
}

/* Objects in sheaves are free, whoever keeps them. */
TEST(slabinfo_counts_what_callers_hold)
{
	struct kmem_cache *s = take_cache("test-shown", 100, 0, 0, NULL);
	void *obj[300];
	unsigned int i;

	CHECK_EQ(slab_row("test-shown").active, 0);
	for (i = 0; i < 300; i++) {
		obj[i] = take_object(s, GFP_KERNEL);
		CHECK_EQ(slab_row("test-shown").active, i + 1);
	}
	CHECK_OP(slab_row("test-shown").num, >=, 300);
	CHECK_EQ(slab_row("test-shown").size, s->size);
	while (i-- > 0) {
		give_object(s, obj[i]);
		CHECK_EQ(slab_row("test-shown").active, i);
	}
	give_cache(s);
	CHECK(!strstr(report(show_slabinfo), "test-shown"));
}

static void take_and_give(void *s)
{
	void *obj[40];
	unsigned int i;

	for (i = 0; i < 40; i++)
		obj[i] = kmem_cache_alloc(s, GFP_KERNEL);
	while (i-- > 0)
		kmem_cache_free(s, obj[i]);
}

TEST(slabinfo_knows_other_cpus_sheaves)
{
	struct kmem_cache *s = take_cache("test-shown", 64, 0, 0, NULL);
	unsigned int cpu;

	for (cpu = 1; cpu < TEST_CPUS; cpu++) {
		on_cpu(cpu, take_and_give, s);
		CHECK_EQ(slab_row("test-shown").active, 0);
	}
	CHECK_OP(slab_row("test-shown").num, >, 0);
	stop_all_cpus();
	CHECK_EQ(slab_row("test-shown").active, 0);
	give_cache(s);
}

static unsigned long buddy_pages(void)
{
	const char *p = report(show_buddyinfo);
	unsigned long sum = 0;
	unsigned int order;
	char *end;

	while ((p = strstr(p, "zone "))) {
		p += strlen("zone");
		p += strspn(p, " ");
		p += strcspn(p, " ");
		for (order = 0; order < MAX_ORDER; order++, p = end)
			sum += strtoul(p, &end, 10) << order;
	}
	return sum;
}

TEST(buddyinfo_adds_up_to_the_free_pages)
{
	unsigned long before = buddy_pages(), free = 0;
	struct page *page = take_pages(GFP_KERNEL, MAX_ORDER - 1);
	struct zone *z;

	for_each_populated_zone(z)
		free += z->free_pages;
	CHECK_EQ(buddy_pages(), free);
	if (vm_events(PGONLINE) == 0)
		CHECK_EQ(before - free, 1ul << (MAX_ORDER - 1));
	give_pages(page, MAX_ORDER - 1);
}

static unsigned long mem(const char *name)
{
	return named(show_meminfo, name);
}

/* Bytes of the objects that slabinfo calls active. */
static unsigned long active_bytes(void)
{
	const char *line = report(show_slabinfo);
	unsigned long active, size, sum = 0;

	while ((line = strchr(line, '\n'))) {
		line++;
		if (sscanf(line, "%*s %lu %*u %lu", &active, &size) == 2)
			sum += active * size;
	}
	return sum;
}

TEST(meminfo_adds_up)
{
	void *p = take(3000, GFP_KERNEL);
	struct page *page = take_pages(GFP_KERNEL, 3);
	unsigned long frame_kb = PAGE_SIZE / 1024;

	CHECK_EQ(mem("MemTotal"), mem("MemFree") + mem("Slab") +
					  mem("AnonPages") +
					  mem("DirectPages"));
	CHECK_OP(mem("DirectPages"), >=, 8 * frame_kb);
	CHECK_EQ(mem("MemFree"), pages_free() * frame_kb);
	CHECK_EQ(mem("Slab"), mem("SReclaimable") + mem("SUnreclaim"));
	CHECK_OP(mem("SlabActive") + mem("SlabCached"), <=, mem("Slab"));
	CHECK_EQ(mem("SlabActive"), active_bytes() / 1024);
	CHECK_OP(mem("SlabActive"), >=, 3);
	CHECK_OP(mem("FreeResident"), <=, mem("MemFree"));
	give_pages(page, 3);
	give(p);
}

TEST(vmstat_counts_events)
{
	unsigned long before = named(show_vmstat, "pgalloc");
	unsigned long counted = vm_events(PGALLOC);
	struct page *page = take_pages(GFP_KERNEL, 2);

	CHECK_OP(named(show_vmstat, "pgalloc"), >=, before + 4);
	CHECK_EQ(named(show_vmstat, "pgalloc") - before,
		 vm_events(PGALLOC) - counted);
	CHECK_EQ(named(show_vmstat, "nr_free_pages"), pages_free());
	give_pages(page, 2);
}

TEST(pagetypeinfo_counts_every_page_block)
{
	const char *p = strstr(report(show_pagetypeinfo), "Number of blocks");
	unsigned long blocks = 0, spanned = 0, a, b, c;
	struct zone *z;
	char name[16];

	for_each_populated_zone(z)
		spanned +=
			DIV_ROUND_UP(z->spanned_pages, 1ul << pageblock_order);
	while ((p = strstr(p, "Node 0, zone"))) {
		CHECK_EQ(sscanf(p, "Node 0, zone %15s %lu %lu %lu", name, &a,
				&b, &c),
			 4);
		blocks += a + b + c;
		p++;
	}
	CHECK_EQ(blocks, spanned);
}

TEST(zoneinfo_shows_each_zone_and_cpu)
{
	struct zone *z = &zones[ZONE_NORMAL];
	const char *normal;
	char want[64];

	give(take(100, GFP_KERNEL)); /* brings this CPU online */
	normal = strstr(report(show_zoneinfo), "zone   Normal\n");
	CHECK(normal);
	snprintf(want, sizeof(want), "managed  %lu\n", z->managed_pages);
	CHECK(strstr(normal, want));
	snprintf(want, sizeof(want), "low      %lu\n", z->watermark[WMARK_LOW]);
	CHECK(strstr(normal, want));
	snprintf(want, sizeof(want), "    cpu: %u\n", mm_this_cpu()->nr);
	CHECK(strstr(normal, want));
}

/* Too little room is seen, and how much it takes is said. */
TEST(a_report_that_does_not_fit_says_so)
{
	size_t len = strlen(report(show_slabinfo));
	struct seq_file m = { .buf = text, .size = 100 };

	show_slabinfo(&m);
	CHECK(seq_has_overflowed(&m));
	CHECK_EQ(m.count, 100);
	CHECK_EQ(m.wanted, len);
}
