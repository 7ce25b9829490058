/* SPDX-License-Identifier: MIT */
/* Blocks that nothing points at any more: mm/kmemleak.c, mm/kmemleak_scan.c. */
#include <string.h>

#include "../../mm/kmemleak.h"
#include "../space.h"
#include <ashlar/fault-inject.h>
#include <ashlar/kmemleak.h>
#include <ashlar/seq_file.h>
#include <ashlar/vmalloc.h>

#define OLD 6000 /* ms */

/* All pointers that there are outside of blocks. */
static void *roots[4];

static void scan_roots(void (*scan)(const void *start, const void *end),
		       bool stacks)
{
	(void)stacks;
	scan(roots, roots + ARRAY_SIZE(roots));
}

static void somebody(struct task_ids *ids)
{
	*ids = (struct task_ids){ .pid = 7, .tgid = 7, .comm = "somebody" };
}

static void name_it(struct seq_file *m, unsigned long pc)
{
	seq_printf(m, "at%lu", pc);
}

static const struct debug_hooks hooks = {
	.scan_roots = scan_roots,
	.running = somebody,
	.name = name_it,
};

static void begin(void)
{
	memset(roots, 0, sizeof(roots));
	debug_hooks = &hooks;
	CHECK_EQ(setup_kmemleak("on"), 0);
}

static void end(void)
{
	CHECK_EQ(setup_kmemleak("off"), 0);
	kmemleak_clear();
	debug_hooks = NULL;
	kmem_cache_destroy(leak_object_cache);
	kmem_cache_destroy(leak_area_cache);
	leak_object_cache = leak_area_cache = NULL;
}

/* A block whose address is here alone, as no block of the core can see. */
static void **block(size_t size)
{
	return kzalloc(size, GFP_KERNEL);
}

static unsigned long scan_when_old(void)
{
	sim.time_ms += OLD;
	return kmemleak_scan();
}

static const char *shown(void)
{
	static char text[8192];
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };

	kmemleak_show(&m);
	CHECK(!seq_has_overflowed(&m));
	text[m.count] = '\0';
	return text;
}

TEST_NO_SWEEP(a_block_without_a_pointer_is_a_leak)
{
	void *p;

	begin();
	p = block(100);
	memset(p, 'L', 100);
	CHECK_EQ(kmemleak_scan(), 0); /* it is young */
	CHECK_EQ(*shown(), 0);
	CHECK_EQ(scan_when_old(), 1);
	CHECK(strstr(shown(), "unreferenced object 0x"));
	CHECK(strstr(shown(), " (size 100):\n  comm \"somebody\", pid 7, "
			      "jiffies "));
	CHECK(strstr(shown(), "(age 6.000s)\n  hex dump (first 32 bytes):\n"
			      "    4c 4c 4c 4c 4c 4c 4c 4c 4c 4c 4c 4c 4c 4c "
			      "4c 4c  LLLLLLLLLLLLLLLL\n"));
	CHECK(strstr(shown(), "  backtrace:\n    [<"));
	CHECK_EQ(scan_when_old(), 0); /* nothing new */
	CHECK(*shown());
	roots[1] = p; /* it was not lost after all */
	CHECK_EQ(kmemleak_scan(), 0);
	CHECK_EQ(*shown(), 0);
	kfree(p);
	end();
}

TEST_NO_SWEEP(pointers_lead_from_block_to_block)
{
	void **a, **b, **c;

	begin();
	a = block(40);
	b = block(2000);
	c = block(64);
	a[2] = (char *)b + 1999; /* any byte of it */
	b[100] = c;
	roots[3] = a;
	CHECK_EQ(scan_when_old(), 0);
	a[2] = NULL;
	CHECK_EQ(scan_when_old(), 2); /* what only a lost one points at */
	kfree(b);
	CHECK_EQ(kmemleak_scan(), 0);
	kfree(a);
	kfree(c);
	CHECK_EQ(*shown(), 0);
	end();
}

TEST_NO_SWEEP(blocks_that_point_at_each_other_are_lost)
{
	void **a, **b;

	begin();
	a = block(40);
	b = block(40);
	*a = b;
	*b = a;
	CHECK_EQ(scan_when_old(), 2);
	kfree(a);
	kfree(b);
	end();
}

TEST_NO_SWEEP(large_blocks_and_areas)
{
	void *large, *area;

	begin();
	large = kmalloc(200000, GFP_KERNEL);
	area = vmalloc(3 * PAGE_SIZE);
	roots[0] = large;
	roots[1] = (char *)area + 2 * PAGE_SIZE;
	CHECK_EQ(scan_when_old(), 0);
	memset(roots, 0, sizeof(roots));
	CHECK_EQ(scan_when_old(), 2);
	CHECK(strstr(shown(), "(size 200000)"));
	kfree(large);
	vfree(area);
	CHECK_EQ(*shown(), 0);
	end();
}

TEST_NO_SWEEP(owners_know_better)
{
	void **grey, **black, **blind, **part, **below[4];

	begin();
	grey = block(64);
	black = block(64);
	blind = block(64);
	part = block(64);
	for (int i = 0; i < 4; i++)
		below[i] = block(64);
	kmemleak_not_leak(grey);
	*grey = below[0];
	kmemleak_ignore(black);
	*black = below[1];
	roots[0] = blind;
	kmemleak_no_scan(blind);
	*blind = below[2];
	roots[1] = part;
	kmemleak_scan_area(part + 2, 2 * sizeof(long), GFP_KERNEL);
	part[0] = below[3];
	CHECK_EQ(scan_when_old(), 3); /* but not what grey points at */
	part[3] = below[3];
	CHECK_EQ(kmemleak_scan(), 0);
	roots[2] = below[1];
	roots[3] = below[2];
	CHECK_EQ(kmemleak_scan(), 0);
	CHECK_EQ(*shown(), 0);
	for (int i = 0; i < 4; i++)
		kfree(below[i]);
	kfree(grey);
	kfree(black);
	kfree(blind);
	kfree(part);
	end();
}

TEST_NO_SWEEP(a_block_that_two_must_point_at)
{
	static long memory[8];

	begin();
	kmemleak_alloc(memory, sizeof(memory), 2, GFP_KERNEL);
	roots[0] = memory;
	CHECK_EQ(scan_when_old(), 1);
	CHECK_EQ(kmemleak_dump((unsigned long)memory), 0);
	CHECK_EQ(kmemleak_dump((unsigned long)(memory + 1)), -EINVAL);
	roots[1] = memory + 3;
	CHECK_EQ(kmemleak_scan(), 0);
	CHECK_EQ(*shown(), 0);
	kmemleak_free(memory);
	CHECK_EQ(kmemleak_dump((unsigned long)memory), -EINVAL);
	kmemleak_not_leak(memory); /* a line in the log */
	kmemleak_no_scan(memory);
	kmemleak_scan_area(memory, 8, GFP_KERNEL);
	end();
}

TEST_NO_SWEEP(cleared_leaks_are_none)
{
	void **lost;
	void *p;

	begin();
	lost = block(24);
	*lost = block(24);
	CHECK_EQ(scan_when_old(), 2);
	kmemleak_clear();
	CHECK_EQ(*shown(), 0);
	CHECK_EQ(scan_when_old(), 0);
	p = block(24);
	CHECK_EQ(scan_when_old(), 1);
	kfree(p);
	kfree(*lost);
	kfree(lost);
	end();
}

/* Where nothing is known of a block, what it points at must be no leak. */
TEST_NO_SWEEP(without_memory_it_ends)
{
	struct kmem_cache *s;
	void *obj;

	begin();
	s = take_cache("one", 512, 0, 0, NULL);
	give_object(s, take_object(s, GFP_KERNEL));
	obj = NULL;
	for (unsigned long k = 1; !obj; k++) {
		fail_nth(k);
		obj = kmem_cache_alloc(s, GFP_KERNEL);
		if (obj && kmemleak_enabled)
			kmem_cache_free(s, obj);
		if (kmemleak_enabled)
			obj = NULL;
		fail_nth(0);
		CHECK_OP(k, <, 10);
	}
	CHECK(!kmemleak_enabled);
	kmem_cache_free(s, obj);
	give_cache(s);
	end();
}

TEST_NO_SWEEP(a_word_that_is_neither_on_nor_off)
{
	CHECK_EQ(setup_kmemleak("maybe"), -EINVAL);
	CHECK_EQ(setup_kmemleak(""), -EINVAL);
	CHECK(!kmemleak_enabled);
	kmemleak_alloc(roots, sizeof(roots), 1, GFP_KERNEL);
	CHECK_EQ(scan_when_old(), 0);
}
