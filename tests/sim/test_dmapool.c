/* SPDX-License-Identifier: MIT */
/* Small blocks for a device: mm/dmapool.c. */
#include "../../mm/internal.h"
#include "../../port/sim/sim.h"
#include "../harness.h"
#include <ashlar/dmapool.h>
#include <string.h>

#define BLOCKS 500

static struct device dev = { .name = "dev",
			     .dma_mask = DMA_BIT_MASK(32),
			     .coherent_dma_mask = DMA_BIT_MASK(32) };

static struct block {
	char *p;
	dma_addr_t dma;
} blocks[BLOCKS];

/* @n blocks, each full of its number; fewer if memory runs out. */
static unsigned int fill(struct dma_pool *pool, unsigned int n, size_t size)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		blocks[i].p = dma_pool_alloc(pool, GFP_KERNEL, &blocks[i].dma);
		if (!blocks[i].p)
			break;
		memset(blocks[i].p, (char)i, size);
	}
	return i;
}

static void empty(struct dma_pool *pool, unsigned int n, size_t size)
{
	for (unsigned int i = 0; i < n; i++) {
		for (size_t k = 0; k < size; k++)
			CHECK_EQ(blocks[i].p[k], (char)i);
		dma_pool_free(pool, blocks[i].p, blocks[i].dma);
	}
}

static void check_places(unsigned int n, size_t size, size_t align,
			 size_t boundary)
{
	for (unsigned int i = 0; i < n; i++) {
		CHECK_EQ(blocks[i].dma % align, 0);
		if (boundary)
			CHECK_EQ(blocks[i].dma / boundary,
				 (blocks[i].dma + size - 1) / boundary);
		CHECK_EQ(virt_to_pfn(blocks[i].p), blocks[i].dma >> PAGE_SHIFT);
	}
}

static void use_pool(size_t size, size_t align, size_t boundary)
{
	struct dma_pool *pool =
		NEED(dma_pool_create("test", &dev, size, align, boundary));
	unsigned int n = fill(pool, BLOCKS, size);

	check_places(n, size, align ? align : 1, boundary);
	empty(pool, n, size);
	/* What was freed serves again, and no page is added. */
	if (n == BLOCKS) {
		unsigned long pages = pages_in_use();

		CHECK_EQ(fill(pool, BLOCKS, size), BLOCKS);
		CHECK_EQ(pages_in_use(), pages);
		empty(pool, BLOCKS, size);
	}
	dma_pool_destroy(pool);
	CHECK(n == BLOCKS || sweeping());
}

TEST(blocks_of_a_descriptor)
{
	use_pool(16, 16, 4096);
}

TEST(blocks_that_leave_gaps_before_a_boundary)
{
	use_pool(48, 16, 128);
}

TEST(blocks_of_no_alignment)
{
	use_pool(7, 0, 0);
}

TEST(blocks_larger_than_a_page)
{
	use_pool(PAGE_SIZE + 100, 64, 4 * PAGE_SIZE);
}

TEST(numbers_that_contradict_each_other)
{
	CHECK(!dma_pool_create("test", &dev, 0, 8, 0));
	CHECK(!dma_pool_create("test", &dev, 8, 24, 0));
	CHECK(!dma_pool_create("test", &dev, 8, 2 * PAGE_SIZE, 0));
	CHECK(!dma_pool_create("test", &dev, 100, 8, 64));
	CHECK(!dma_pool_create("test", &dev, 100, 8, 1000));
	CHECK(!dma_pool_create("test", &dev, ~(size_t)0, 8, 0));
	dma_pool_destroy(NULL);
}

TEST(a_block_may_be_zeroed)
{
	struct dma_pool *pool = NEED(dma_pool_create("test", &dev, 64, 64, 0));
	dma_addr_t dma;
	unsigned int n = fill(pool, 1, 64);
	char *p;

	if (n) {
		dma_pool_free(pool, blocks[0].p, blocks[0].dma);
		blocks[0].p[0] = 'x';
		p = dma_pool_zalloc(pool, GFP_KERNEL, &dma);
		CHECK_EQ(p[0], 0);
		dma_pool_free(pool, p, dma);
	}
	dma_pool_destroy(pool);
}

TEST_NO_SWEEP(what_is_no_block_in_use_is_told)
{
	struct dma_pool *pool =
		NEED(dma_pool_create("test", &dev, 48, 16, 128));
	unsigned long before = sim.reports;

	CHECK_EQ(fill(pool, 2, 48), 2);
	sim.tolerate_reports = true;
	dma_pool_free(pool, blocks[0].p + 1, blocks[0].dma + 1);
	dma_pool_free(pool, blocks[0].p, blocks[0].dma + 48);
	/* The gap before a boundary. */
	dma_pool_free(pool, blocks[0].p + 96, blocks[0].dma + 96);
	dma_pool_free(pool, (void *)8, 8);
	CHECK_EQ(sim.reports, before + 4);
	empty(pool, 2, 48);
	dma_pool_free(pool, blocks[0].p, blocks[0].dma);
	CHECK_EQ(sim.reports, before + 5);
	dma_pool_destroy(pool);
	CHECK_EQ(sim.reports, before + 5);
}
