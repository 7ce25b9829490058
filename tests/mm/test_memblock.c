/* SPDX-License-Identifier: MIT */
/* Ranges before the buddy system, beside a map with one mark a unit. */
#include "../../mm/internal.h"
#include <ashlar/errno.h>
#include <ashlar/memblock.h>
#include "../harness.h"

/* So few that the lists are never full. */
#define UNITS min(200ul, 2ul * MEMBLOCK_REGIONS)
#define UNIT 0x3000ul
#define BASE 0x10000000ul

static bool has[200], taken[200];

static phys_addr_t at(unsigned long unit)
{
	return BASE + unit * UNIT;
}

static void mark(bool *map, unsigned long from, unsigned long nr, bool value)
{
	while (nr--)
		map[from++] = value;
}

/* First and last byte of each unit: regions end where they should. */
static void compare(void)
{
	unsigned long i;

	memblock_validate();
	for (i = 0; i < UNITS; i++) {
		phys_addr_t last = at(i + 1) - 1;

		CHECK_EQ(memblock_is_memory(at(i)), has[i]);
		CHECK_EQ(memblock_is_memory(last), has[i]);
		CHECK_EQ(memblock_is_reserved(at(i)), taken[i]);
		CHECK_EQ(memblock_is_reserved(last), taken[i]);
	}
	CHECK(!memblock_is_memory(BASE - 1));
	CHECK(!memblock_is_reserved(at(UNITS)));
}

static void random_change(void)
{
	unsigned long from = rnd(UNITS), nr = rnd(UNITS - from + 1);
	phys_addr_t base = at(from), size = nr * UNIT;

	nr = rnd(2) ? min(nr, 5ul) : nr;
	size = nr * UNIT;
	switch (rnd(4)) {
	case 0:
		CHECK_EQ(memblock_add(base, size), 0);
		mark(has, from, nr, true);
		break;
	case 1:
		CHECK_EQ(memblock_remove(base, size), 0);
		mark(has, from, nr, false);
		break;
	case 2:
		CHECK_EQ(memblock_reserve(base, size), 0);
		mark(taken, from, nr, true);
		break;
	default:
		CHECK_EQ(memblock_phys_free(base, size), 0);
		mark(taken, from, nr, false);
	}
}

TEST_NO_SWEEP(memblock_is_a_set_of_bytes)
{
	unsigned int i;

	for (i = 0; i < 3000; i++) {
		random_change();
		if (i % 10 == 0)
			compare();
	}
	compare();
}

/* True if there is room for @nr free units of RAM, and @from is the highest. */
static bool highest_room(unsigned long from, unsigned long nr)
{
	unsigned long i, start = UNITS - nr;

	for (;; start--) {
		for (i = 0; i < nr; i++)
			if (!has[start + i] || taken[start + i])
				break;
		if (i == nr)
			return start == from;
		if (start == 0)
			return false;
	}
}

TEST_NO_SWEEP(memblock_takes_from_the_top)
{
	unsigned int i, found = 0;

	for (i = 0; i < 500; i++) {
		unsigned long nr = rnd(4) + 1, from;
		phys_addr_t got;

		random_change();
		got = memblock_phys_alloc_range(nr * UNIT, 0, BASE, at(UNITS));
		if (!got) {
			CHECK(!highest_room(UNITS, nr));
			continue;
		}
		from = (unsigned long)(got - BASE) / UNIT;
		CHECK_EQ(got, at(from));
		CHECK(highest_room(from, nr));
		mark(taken, from, nr, true);
		found++;
	}
	CHECK_OP(found, >, 20);
	compare();
}

TEST_NO_SWEEP(memblock_keeps_limits_and_alignment)
{
	phys_addr_t got;

	CHECK_EQ(memblock_phys_alloc_range(1, 1, 0, 0), 0);
	CHECK_EQ(memblock_add(0x1800, 0x100000), 0);
	got = memblock_phys_alloc_range(0x100, 0x4000, 0, 0x90001);
	CHECK_EQ(got, 0x8c000);
	got = memblock_phys_alloc_range(0x100, 0x4000, 0, 0x90001);
	CHECK_EQ(got, 0x88000);
	CHECK_EQ(memblock_phys_alloc_range(0x100, 1, 0x101700, 0x101750), 0);
	CHECK_EQ(memblock_phys_alloc_range(0, 1, 0, 0), 0);
	CHECK_EQ(memblock_phys_alloc_range(~0ull, 1, 0, 0), 0);
	CHECK_EQ(memblock_start_of_DRAM(), 0x1800);
	CHECK_EQ(memblock_end_of_DRAM(), 0x101800);
}

/* Address 0 would look like failure, so the first page is never given. */
TEST_NO_SWEEP(memblock_never_gives_the_first_page)
{
	CHECK_EQ(memblock_add(0, 2 * PAGE_SIZE), 0);
	CHECK_EQ(memblock_phys_alloc_range(PAGE_SIZE, PAGE_SIZE, 0, 0),
		 PAGE_SIZE);
	CHECK_EQ(memblock_phys_alloc_range(16, 1, 0, 0), 0);
}

TEST_NO_SWEEP(memblock_ranges_do_not_wrap_around)
{
	phys_addr_t end = ~(phys_addr_t)0;

	CHECK_EQ(memblock_add(end - 0x1000, 0x100000), 0);
	CHECK(memblock_is_memory(end - 1));
	CHECK(!memblock_is_memory(0));
	CHECK_EQ(memblock_end_of_DRAM(), end);
	CHECK_EQ(memblock_remove(0x1000, end), 0);
	CHECK(!memblock_is_memory(end - 1));
	CHECK_EQ(memblock_end_of_DRAM(), 0);
	CHECK_EQ(memblock_add(0x5000, 0), 0);
	CHECK(!memblock_is_memory(0x5000));
}

TEST_NO_SWEEP(memblock_says_when_a_list_is_full)
{
	phys_addr_t base = 0;
	unsigned int i;

	for (i = 0; i < MEMBLOCK_REGIONS; i++, base += 0x2000)
		CHECK_EQ(memblock_reserve(base, 0x1000), 0);
	CHECK_EQ(memblock_reserve(base, 0x1000), -ENOSPC);
	CHECK(!memblock_is_reserved(base));
	/* No room to split a region either, but joining some makes room. */
	CHECK_EQ(memblock_phys_free(0x100, 0x100), -ENOSPC);
	CHECK(memblock_is_reserved(0x100));
	CHECK_EQ(memblock_reserve(0x1000, 0x1000), 0);
	CHECK_EQ(memblock_reserve(base, 0x1000), 0);
	CHECK(memblock_is_reserved(0x1234));
	memblock_validate();
}

TEST_NO_SWEEP(nothing_is_allocated_after_the_handover)
{
	memblock_free_all();
	CHECK_EQ(memblock_add(1 << 20, 1 << 20), 0);
	CHECK_EQ(memblock_phys_alloc_range(4096, 4096, 0, 0), 0);
	CHECK(memblock_is_memory(1 << 20));
}
