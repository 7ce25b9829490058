/* SPDX-License-Identifier: MIT */
/* kmalloc and its relatives: every size, and every wrong use. */
#include <string.h>

#include "../../mm/internal.h"
#include "../harness.h"

#define MAX_SIZE (PAGE_SIZE << (MAX_ORDER - 1))

TEST_NO_SWEEP(every_size_fits_and_wastes_little)
{
	for (size_t size = 1; size <= KMALLOC_MAX_CACHE_SIZE;
	     size += size < 2100 ? 1 : size / 64) {
		char *p = kmalloc(size, GFP_KERNEL);
		size_t real;

		CHECK(p != NULL);
		real = ksize(p);
		CHECK_OP(real, >=, size);
		CHECK_EQ((uintptr_t)p % 16, 0);
		/* 16-byte steps below 128; an eighth at most from there on. */
		CHECK_OP(real - size, <=, size < 128 ? 15 : real / 8);
		if (is_power_of_2(size))
			CHECK_EQ((uintptr_t)p % min(size, (size_t)PAGE_SIZE),
				 0);
		memset(p, 0xa5, real);
		kfree(p);
	}
}

TEST(sizes_around_every_step)
{
	for (size_t size = 16; size <= KMALLOC_MAX_CACHE_SIZE; size *= 2) {
		for (int d = -1; d <= 1; d++) {
			char *p = take(size + (size_t)d, GFP_KERNEL);

			memset(p, d, size + (size_t)d);
			CHECK_OP(ksize(p), >=, size + (size_t)d);
			give(p);
		}
	}
}

TEST(sizes_beyond_the_caches)
{
	unsigned long before = pages_in_use();

	for (size_t size = KMALLOC_MAX_CACHE_SIZE + 1; size <= MAX_SIZE;
	     size += size / 2) {
		char *p = take(size, GFP_KERNEL);

		CHECK_EQ(ksize(p), PAGE_ALIGN(size));
		CHECK_EQ(pages_in_use() - before,
			 PAGE_ALIGN(size) >> PAGE_SHIFT);
		memset(p, 0xa5, size);
		give(p);
	}
}

TEST(sizes_that_cannot_be)
{
	size_t half = (size_t)1 << (4 * sizeof(size_t) + 1);

	CHECK(!kmalloc(MAX_SIZE + 1, GFP_KERNEL | __GFP_NOWARN));
	CHECK(!kmalloc(~0ul, GFP_KERNEL | __GFP_NOWARN));
	CHECK(!kmalloc_array(~0ul / 2, 3, GFP_KERNEL));
	CHECK(!kcalloc(half, half, GFP_KERNEL));
}

TEST(nothing_has_an_address)
{
	void *p = kmalloc(0, GFP_KERNEL);

	CHECK(p == ZERO_SIZE_PTR);
	CHECK_EQ(ksize(p), 0);
	CHECK_EQ(ksize(NULL), 0);
	kfree(p);
	kfree(NULL);
	CHECK(kcalloc(0, 8, GFP_KERNEL) == ZERO_SIZE_PTR);
}

TEST(zeroed_memory_is_zero)
{
	static const size_t sizes[] = { 1,
					16,
					100,
					1000,
					5000,
					KMALLOC_MAX_CACHE_SIZE,
					KMALLOC_MAX_CACHE_SIZE + 1 };

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (unsigned int round = 0; round < 3; round++) {
			char *p = take(sizes[i], GFP_KERNEL | __GFP_ZERO);

			for (size_t k = 0; k < sizes[i]; k++)
				CHECK_EQ(p[k], 0);
			memset(p, 0xff, sizes[i]);
			give(p);
		}
	}
}

TEST(arrays)
{
	int *p = NEED(kcalloc(100, sizeof(int), GFP_KERNEL));

	for (unsigned int i = 0; i < 100; i++)
		CHECK_EQ(p[i], 0);
	CHECK_OP(ksize(p), >=, 100 * sizeof(int));
	kfree(p);
	p = NEED(kmalloc_array(100, sizeof(int), GFP_KERNEL));
	memset(p, 0xff, 100 * sizeof(int));
	kfree(p);
	p = NEED(kzalloc(40, GFP_KERNEL));
	for (unsigned int i = 0; i < 10; i++)
		CHECK_EQ(p[i], 0);
	kfree(p);
}

/* ---- krealloc ---- */

TEST(growing_keeps_what_was_written)
{
	size_t size = 1;
	char *p = NEED(kmalloc(size, GFP_KERNEL)), *q;

	p[0] = 1;
	while (size < MAX_SIZE / 2) {
		size_t next = size + 1 + size / 3;

		q = krealloc(p, next, GFP_KERNEL);
		if (!q) {
			/* A failure leaves the old block as it was. */
			CHECK(sweeping());
			for (size_t i = 0; i < size; i++)
				CHECK_EQ((unsigned char)p[i],
					 (i * 7 + 1) & 255);
			break;
		}
		p = q;
		for (size_t i = 0; i < size; i++)
			CHECK_EQ((unsigned char)p[i], (i * 7 + 1) & 255);
		for (size_t i = 0; i < next; i++)
			p[i] = (char)(i * 7 + 1);
		size = next;
	}
	kfree(p);
}

TEST(shrinking_and_edges_of_krealloc)
{
	char *p = NEED(krealloc(NULL, 1000, GFP_KERNEL));

	memset(p, 0x31, 1000);
	CHECK(krealloc(p, 1000, GFP_KERNEL) == p);
	CHECK(krealloc(p, ksize(p), GFP_KERNEL) == p);
	CHECK(krealloc(p, 10, GFP_KERNEL) == p);
	CHECK_EQ(p[9], 0x31);
	CHECK(krealloc(p, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
	p = NEED(krealloc(ZERO_SIZE_PTR, 50, GFP_KERNEL));
	kfree(p);
}

TEST(all_of_a_block_moves_with_it)
{
	char *p = NEED(kmalloc(100, GFP_KERNEL)), *q;
	size_t real = ksize(p);

	memset(p, 0x42, real);
	q = krealloc(p, 4 * real, GFP_KERNEL);
	if (!q) {
		kfree(p);
		return;
	}
	for (size_t i = 0; i < real; i++)
		CHECK_EQ(q[i], 0x42);
	kfree(q);
}

/* A frame that general objects lay in, and that is something else now. */
TEST(frames_forget_whose_objects_they_held)
{
	void *p = NEED(kmalloc(100, GFP_KERNEL));
	unsigned long pfn = virt_to_pfn(p);

	CHECK(port_slab_ids[pfn] != 0 || sweeping());
	kfree(p);
	kmem_cache_shrink(kmalloc_cache(kmalloc_index(100)));
	CHECK_EQ(port_slab_ids[pfn], 0);
}

TEST(copies)
{
	static const char text[] = "forty-two";
	char *p = NEED(kstrdup(text, GFP_KERNEL));

	CHECK_EQ(strcmp(p, text), 0);
	CHECK(p != text);
	kfree(p);
	p = NEED(kmemdup(text, 5, GFP_KERNEL));
	CHECK_EQ(memcmp(p, text, 5), 0);
	kfree(p);
	CHECK(kstrdup(NULL, GFP_KERNEL) == NULL);
	CHECK(kmemdup(text, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
}

/* ---- many blocks at once ---- */

TEST_NO_SWEEP(random_sizes_keep_their_contents)
{
	static struct {
		unsigned char *p;
		size_t size;
		unsigned char mark;
	} b[300];

	for (unsigned long step = 0; step < 20000; step++) {
		unsigned long i = rnd(300);

		if (b[i].p) {
			CHECK_EQ(b[i].p[0], b[i].mark);
			CHECK_EQ(b[i].p[b[i].size - 1], b[i].mark);
			kfree(b[i].p);
			b[i].p = NULL;
			continue;
		}
		b[i].size = 1 + rnd(1ul << (3 + rnd(10)));
		b[i].mark = (unsigned char)step;
		b[i].p = kmalloc(b[i].size, GFP_KERNEL);
		CHECK(b[i].p != NULL);
		memset(b[i].p, b[i].mark, b[i].size);
	}
	for (unsigned int i = 0; i < 300; i++)
		kfree(b[i].p);
}

static void *mail[128];

static void post(void *arg)
{
	u64 x = (uintptr_t)&arg;

	for (unsigned long step = 0; step < 20000; step++) {
		size_t size;
		char *p;

		x = x * 6364136223846793005ull + 1442695040888963407ull;
		size = (x >> 32 & 511) + 8;
		p = kmalloc(size, GFP_KERNEL);
		if (p)
			memset(p, (int)step, size);
		kfree(__atomic_exchange_n(&mail[x >> 57], p, __ATOMIC_ACQ_REL));
	}
}

TEST_NO_SWEEP(many_cpus_free_each_others_memory)
{
	in_parallel(TEST_CPUS, post, NULL);
	for (unsigned int i = 0; i < 128; i++)
		kfree(mail[i]);
}

/* ---- mistakes ---- */

TEST_DIES(memory_freed_twice, "ERROR: Ashlar: double-free")
{
	void *p = kmalloc(100, GFP_KERNEL);

	kfree(p);
	kfree(p);
	NOT_REACHED();
}

TEST_DIES(memory_freed_twice_with_others_between, "ERROR: Ashlar: double-free")
{
	void *p[3];

	for (int i = 0; i < 3; i++)
		p[i] = kmalloc(100, GFP_KERNEL);
	kfree(p[0]);
	kfree(p[1]);
	kfree(p[2]);
	kfree(p[0]);
	NOT_REACHED();
}

TEST_DIES(middle_of_memory_freed, "ERROR: Ashlar: bad-free")
{
	kfree((char *)kmalloc(200, GFP_KERNEL) + 32);
	NOT_REACHED();
}

TEST_DIES(middle_of_memory_freed_that_starts_no_granule,
	  "ERROR: Ashlar: bad-free")
{
	kfree((char *)kmalloc(200, GFP_KERNEL) + 8);
	NOT_REACHED();
}

TEST_DIES(middle_of_a_large_object_freed, "ERROR: Ashlar: bad-free")
{
	kfree((char *)kmalloc(KMALLOC_MAX_CACHE_SIZE, GFP_KERNEL) + PAGE_SIZE);
	NOT_REACHED();
}

/*
 * A frame inside a large object that another of its size could start at; on
 * a CPU that has a sheaf for this size, so that frees are fast.
 */
TEST_DIES(frame_inside_a_large_object_freed, "ERROR: Ashlar: bad-free")
{
	for (unsigned int i = 0; i < 64; i++) {
		char *p =
			kmalloc(SLAB_PACK_MAX + SLAB_PACK_MAX / 4, GFP_KERNEL);
		size_t size = ksize(p);

		for (size_t at = PAGE_SIZE; at < size; at += PAGE_SIZE)
			if (i > 40 && (uintptr_t)(p + at) % size == 0)
				kfree(p + at);
	}
	NOT_REACHED();
}

TEST_DIES(middle_of_a_page_block_freed, "ERROR: Ashlar: bad-free")
{
	kfree((char *)kmalloc(KMALLOC_MAX_CACHE_SIZE + 1, GFP_KERNEL) +
	      PAGE_SIZE);
	NOT_REACHED();
}

TEST_DIES(foreign_memory_freed, "ERROR: Ashlar: bad-free")
{
	int mine = 0;

	kfree(&mine);
}

TEST_DIES(page_block_freed_twice, "ERROR: Ashlar:")
{
	void *p = kmalloc(KMALLOC_MAX_CACHE_SIZE + 1, GFP_KERNEL);

	kfree(p);
	kfree(p);
}

TEST_DIES(pages_freed_as_memory, "ERROR: Ashlar: bad-free")
{
	kfree((void *)__get_free_pages(GFP_KERNEL, 1));
}

TEST(a_block_that_contains_the_mark_is_not_accused)
{
	void **p = take(64, GFP_KERNEL);

	*p = FREE_MARK;
	give(p);
}
