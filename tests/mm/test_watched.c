/* SPDX-License-Identifier: MIT */
/*
 * Watched objects that are allocated by size, in a process of their own: the
 * option comes before the first of them, so every general cache is watched.
 */
#include <string.h>

#include "../../mm/slab_debug.h"
#include "../../mm/slub.h"
#include "../harness.h"
#include <ashlar/check.h>
#include <ashlar/errno.h>

static bool holds(const void *p, unsigned char value, size_t n)
{
	const unsigned char *b = p;

	while (n && b[n - 1] == value)
		n--;
	return !n;
}

/* What was asked for is what there is, wherever the class ends. */
static void check_asked(size_t size)
{
	unsigned char *p = take(size, GFP_KERNEL);

	CHECK_EQ(ksize(p), size);
	if (is_power_of_2(size))
		CHECK_EQ((uintptr_t)p % min(max(size, (size_t)16), PAGE_SIZE),
			 0);
	CHECK(holds(p - 16, 0xcc, 16));
	CHECK(holds(p + size, 0xcc, 32));
	memset(p, 0xee, size);
	give(p);
}

TEST_NO_SWEEP(general_objects_end_where_it_was_asked)
{
	static const size_t sizes[] = { 1,   8,	  16,	24,   32,  33,
					64,  100, 127,	128,  129, 500,
					512, 513, 1000, 1024, 2048 };

	CHECK_EQ(setup_check("1"), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		check_asked(sizes[i]);
	mm_validate();
	CHECK_EQ(setup_check("0"), 0);
}

/* A smaller block is another one: where it ends is known again. */
TEST_NO_SWEEP(a_block_that_shrinks_ends_where_it_was_asked)
{
	static const size_t sizes[] = { 235, 201, 16, 1 };
	unsigned char *p;

	CHECK_EQ(setup_check("1"), 0);
	p = NEED(kmalloc(300, GFP_KERNEL));
	memset(p, 0xee, 300);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = NEED(krealloc(p, sizes[i], GFP_KERNEL));
		CHECK_EQ(ksize(p), sizes[i]);
		CHECK(holds(p, 0xee, sizes[i]));
		CHECK(holds(p + sizes[i], 0xcc, 32));
		CHECK(krealloc(p, sizes[i], GFP_KERNEL) == p);
	}
	kfree(p);
	mm_validate();
	CHECK_EQ(setup_check("0"), 0);
}

TEST_NO_SWEEP(a_large_block_knows_what_was_asked)
{
	size_t large = KMALLOC_MAX_CACHE_SIZE + 235;
	struct page *last;
	char *p;

	CHECK_EQ(setup_check("1"), 0);
	p = NEED(kmalloc(large, GFP_KERNEL));
	CHECK_EQ(ksize(p), large);
	p[large - 1] = 5;
	p = NEED(krealloc(p, large + PAGE_SIZE, GFP_KERNEL));
	CHECK_EQ(ksize(p), large + PAGE_SIZE);
	CHECK_EQ(p[large - 1], 5);
	p = NEED(krealloc(p, large - 1, GFP_KERNEL));
	CHECK_EQ(ksize(p), large - 1);
	last = virt_to_page(p + large);
	CHECK(last->index);
	kfree(p);
	CHECK(!last->index);
	p = NEED(kmalloc(2 * KMALLOC_MAX_CACHE_SIZE, GFP_KERNEL));
	CHECK_EQ(ksize(p), 2 * KMALLOC_MAX_CACHE_SIZE);
	kfree(p);
	CHECK_EQ(setup_check("0"), 0);
}

TEST_NO_SWEEP(an_alignment_moves_a_watched_object)
{
	struct slab_call call = { .asked = 100, .kind = ALLOC_MALLOC };
	unsigned char *p;

	CHECK_EQ(setup_check("1"), 0);
	for (u8 log2 = 4; log2 < 10; log2++) {
		call.align = log2;
		p = NEED(kmalloc_asked(&call, GFP_KERNEL));
		CHECK_EQ((uintptr_t)p % (1u << log2), 0);
		CHECK_EQ(ksize(p), 100);
		CHECK(holds(p + 100, 0xcc, 32));
		CHECK(holds(p - 16, 0xcc, 16));
		memset(p, 1, 100);
		kfree(p);
	}
	mm_validate();
	CHECK_EQ(setup_check("0"), 0);
}

TEST_NO_SWEEP(hardened_objects_are_zero)
{
	unsigned char *p;

	CHECK_EQ(setup_harden("2"), -EINVAL);
	CHECK_EQ(setup_harden("1"), 0);
	for (int i = 0; i < 20; i++) {
		p = take(200, GFP_KERNEL);
		CHECK(holds(p, 0, 200));
		CHECK(!holds(p + 200, p[200], 32));
		memset(p, 0xee, 200);
		give(p);
	}
	CHECK_EQ(setup_check("1"), 0);
	CHECK(slab_check && !slab_harden);
	CHECK_EQ(setup_harden("0"), 0);
	CHECK(!slab_check);
}

/* What surrounds objects differs from cache to cache, and has no zeroes. */
TEST_NO_SWEEP(canaries_are_not_to_be_guessed)
{
	const unsigned char *p, *q;

	CHECK_EQ(setup_harden("1"), 0);
	p = take(208, GFP_KERNEL);
	q = take(304, GFP_KERNEL);
	CHECK(memcmp(p + 208, q + 304, 8) != 0);
	CHECK_EQ(memcmp(p + 208, p + 216, 8), 0);
	for (int i = 0; i < 32; i++)
		CHECK_OP(p[208 + i], !=, 0);
	CHECK_EQ(slab_look(), 0);
	CHECK_EQ(setup_harden("0"), 0);
}

TEST_NO_SWEEP(a_guard_lies_behind_each_hardened_slab)
{
	struct page *slab;
	char *p;

	CHECK_EQ(setup_harden("1"), 0);
	p = take(200, GFP_KERNEL);
	slab = slab_head(virt_to_page(p));
	if (port_guards_frames())
		CHECK_EQ(slab[slab->nr].flags, PG_tail);
	CHECK(!slab_object_cache(page_address(slab + slab->nr)));
	mm_validate();
	CHECK_EQ(setup_harden("0"), 0);
	slab = slab_head(virt_to_page(take(2000, GFP_KERNEL)));
	CHECK_EQ(slab->slab_cache->guard, 0);
}

TEST_NO_SWEEP(an_address_leads_to_its_object)
{
	struct slab_block b;
	char *p, on_stack;

	CHECK_EQ(setup_check("1"), 0);
	CHECK(!slab_block_at(&on_stack, &b));
	p = take(100, GFP_KERNEL);
	for (long at = -16; at < 132; at++) {
		CHECK(slab_block_at(p + at, &b));
		CHECK_EQ((uintptr_t)b.start, (uintptr_t)p);
		CHECK_EQ(b.bytes, 100);
		CHECK(b.live);
	}
	take(100, GFP_KERNEL); /* keeps the slab */
	give(p);
	CHECK(slab_block_at(p, &b));
	CHECK(!b.live);
	CHECK_EQ(setup_check("0"), 0);
}

TEST_NO_SWEEP(a_look_at_all_finds_nothing_in_a_right_program)
{
	CHECK_EQ(setup_check("1"), 0);
	for (unsigned int i = 0; i < 50; i++)
		memset(take(i * 9, GFP_KERNEL), 1, i * 9);
	CHECK_EQ(slab_look(), 0);
	CHECK_EQ(setup_check("0"), 0);
}

TEST(seconds_between_looks)
{
	CHECK_EQ(setup_look("x"), -EINVAL);
	CHECK_EQ(setup_look(""), -EINVAL);
	CHECK_EQ(setup_look("99999999999"), -EINVAL);
	CHECK_EQ(setup_look("3"), 0);
	CHECK_EQ(slab_look_every, 3000);
	CHECK_EQ(setup_look("0"), 0);
}

TEST_DIES(a_look_at_all_finds_what_is_in_use, "1 byte before a block of 100")
{
	setup_check("1");
	((char *)kmalloc(100, GFP_KERNEL))[-1] = 1;
	slab_look();
	NOT_REACHED();
}

TEST_DIES(an_access_that_leaves_its_object,
	  "read of 8 bytes by memcpy, 95 bytes into a block of 100: 3 too many")
{
	struct slab_block b;
	char *p;

	setup_check("1");
	p = kmalloc(100, GFP_KERNEL);
	slab_block_at(p + 95, &b);
	slab_report_access(&b, p + 95, 8, false, "memcpy");
	NOT_REACHED();
}

TEST_DIES(a_byte_behind_what_was_asked_for,
	  "write of 1 byte, 8 bytes past the end of a block of 100 (byte 108,")
{
	unsigned char *p;

	setup_check("1");
	p = kmalloc(100, GFP_KERNEL);
	p[108] = 1;
	kfree(p);
}

static void released_as(const struct slab_call *was,
			const struct slab_call *call)
{
	void *p;

	setup_check("1");
	p = kmalloc_asked(was, GFP_KERNEL);
	slab_free_asked(virt_to_page(p)->slab_cache, p, call);
	NOT_REACHED();
}

TEST_DIES(an_array_released_as_one, "ERROR: Ashlar: alloc-dealloc-mismatch")
{
	const struct slab_call was = { 40, ALLOC_NEW_ARRAY, 0 };
	const struct slab_call call = { ASKED_UNKNOWN, ALLOC_NEW, 0 };

	released_as(&was, &call);
}

TEST_DIES(another_size_released, "ERROR: Ashlar: new-delete-type-mismatch")
{
	const struct slab_call was = { 40, ALLOC_NEW, 0 };
	const struct slab_call call = { 36, ALLOC_NEW, 0 };

	released_as(&was, &call);
}

TEST_DIES(another_alignment_released, "with an alignment of 64 bytes")
{
	const struct slab_call was = { 40, ALLOC_NEW, 6 };
	const struct slab_call call = { ASKED_UNKNOWN, ALLOC_NEW, 0 };

	released_as(&was, &call);
}

TEST_DIES(a_freed_block_has_no_size, "ERROR: Ashlar: bad-pointer")
{
	char *p;

	setup_check("1");
	p = kmalloc(100, GFP_KERNEL);
	kfree(p);
	ksize(p);
	NOT_REACHED();
}

TEST_DIES(a_freed_block_does_not_grow, "ERROR: Ashlar: bad-pointer")
{
	char *p;

	setup_check("1");
	p = kmalloc(100, GFP_KERNEL);
	kfree(p);
	CHECK(!krealloc(p, 200, GFP_KERNEL));
	NOT_REACHED();
}
