/* SPDX-License-Identifier: MIT */
/*
 * What devices reach: mm/dma_mapping.c. A device here is a mask; what it reads
 * and writes is done by hand, at the address that it was told.
 */
#include "../../mm/page_alloc.h"
#include "../../port/sim/sim.h"
#include "../harness.h"
#include <ashlar/dma-transfer.h>
#include <ashlar/errno.h>
#include <ashlar/highmem.h>
#include <string.h>

static u64 end_of(enum zone_type zone)
{
	const struct zone *z = &zones[zone];

	return (u64)(z->start_pfn + z->spanned_pages) << PAGE_SHIFT;
}

/* Reaches the lowest zone, as ISA's devices do. */
static struct device isa(void)
{
	return (struct device){ .name = "isa",
				.dma_mask = end_of(ZONE_DMA) - 1,
				.coherent_dma_mask = end_of(ZONE_DMA) - 1 };
}

static struct device pci(void)
{
	return (struct device){ .name = "pci",
				.dma_mask = DMA_BIT_MASK(32),
				.coherent_dma_mask = DMA_BIT_MASK(32) };
}

/* The byte that the device has at @addr. */
static char *device_sees(dma_addr_t addr)
{
	return (char *)pfn_to_virt(addr >> PAGE_SHIFT) +
	       (addr & (PAGE_SIZE - 1));
}

static bool is_low(dma_addr_t addr, size_t size)
{
	return addr + size <= end_of(ZONE_DMA);
}

TEST(masks_that_no_memory_fits)
{
	struct device dev = pci();

	CHECK_EQ(dma_set_mask(&dev, end_of(ZONE_DMA) - 2), -EIO);
	CHECK_EQ(dev.dma_mask, DMA_BIT_MASK(32));
	CHECK_EQ(dma_set_mask_and_coherent(&dev, end_of(ZONE_DMA) - 1), 0);
	CHECK_EQ(dev.dma_mask, end_of(ZONE_DMA) - 1);
	CHECK_EQ(dev.coherent_dma_mask, end_of(ZONE_DMA) - 1);
	CHECK_EQ(dma_set_coherent_mask(&dev, 0), -EIO);
	CHECK_EQ(dma_set_mask(&dev, DMA_BIT_MASK(64)), 0);
	CHECK_EQ(dma_set_seg_boundary(&dev, 0xffff), 0);
	CHECK_EQ(dma_set_seg_boundary(&dev, 0xfffe), -EINVAL);
	CHECK_EQ(dma_set_seg_boundary(&dev, 7), -EINVAL);
}

TEST(coherent_memory_is_within_reach_and_zeroed)
{
	struct device dev = isa();
	dma_addr_t handle = 1;
	char *p = NEED((char *)dma_alloc_coherent(&dev, 3 * PAGE_SIZE, &handle,
						  GFP_KERNEL));

	CHECK(is_low(handle, 3 * PAGE_SIZE));
	CHECK_EQ(handle % (4 * PAGE_SIZE), 0);
	CHECK(device_sees(handle) == p);
	for (size_t i = 0; i < 3 * PAGE_SIZE; i++)
		CHECK_EQ(p[i], 0);
	memset(p, 'x', 3 * PAGE_SIZE);
	dma_free_coherent(&dev, 3 * PAGE_SIZE, p, handle);
	dma_free_coherent(&dev, PAGE_SIZE, NULL, 0);
}

TEST_NO_SWEEP(a_middle_mask_is_kept_to_when_lower_memory_is_all_there_is)
{
	struct device dev = pci();
	dma_addr_t handle;
	char *p;

	/* All but the lowest frames of the normal zone lie beyond it. */
	dev.coherent_dma_mask = end_of(ZONE_DMA) + PAGE_SIZE - 1;
	for (int i = 0; i < 20; i++) {
		p = NEED((char *)dma_alloc_coherent(&dev, PAGE_SIZE, &handle,
						    GFP_KERNEL));
		CHECK(handle + PAGE_SIZE - 1 <= dev.coherent_dma_mask);
		dma_free_coherent(&dev, PAGE_SIZE, p, handle);
	}
}

TEST(coherent_memory_of_a_wrong_handle)
{
	struct device dev = isa();
	unsigned long before = sim.reports;
	dma_addr_t handle;
	char *p = NEED((char *)dma_alloc_coherent(&dev, PAGE_SIZE, &handle,
						  GFP_KERNEL));

	sim.tolerate_reports = true;
	dma_free_coherent(&dev, PAGE_SIZE, p, handle + PAGE_SIZE);
	CHECK_EQ(sim.reports, before + 1);
	dma_free_coherent(&dev, PAGE_SIZE, p, handle);
	CHECK_EQ(sim.reports, before + 1);
}

TEST(sizes_that_cannot_be)
{
	struct device dev = isa();
	dma_addr_t handle;

	CHECK(!dma_alloc_coherent(&dev, 0, &handle, GFP_KERNEL));
	CHECK(!dma_alloc_coherent(&dev, ~(size_t)0, &handle, GFP_KERNEL));
	CHECK(!dma_alloc_coherent(&dev,
				  (MAX_ORDER_FRAMES << PAGE_SHIFT) + PAGE_SIZE,
				  &handle, GFP_KERNEL));
}

TEST(what_the_device_reaches_is_mapped_by_arithmetic)
{
	struct device dev = pci();
	char *p = take(5000, GFP_KERNEL);
	unsigned long pages = pages_in_use();
	dma_addr_t addr = dma_map_single(&dev, p, 5000, DMA_TO_DEVICE);

	CHECK_EQ(dma_mapping_error(&dev, addr), 0);
	CHECK(device_sees(addr) == p);
	CHECK_EQ(pages_in_use(), pages);
	dma_unmap_single(&dev, addr, 5000, DMA_TO_DEVICE);
}

TEST(mappings_that_cannot_be)
{
	struct device dev = pci();
	char *p = take(64, GFP_KERNEL);

	CHECK_EQ(dma_map_single(&dev, p, 0, DMA_TO_DEVICE), DMA_MAPPING_ERROR);
	CHECK_EQ(dma_map_single(&dev, p, 8, DMA_NONE), DMA_MAPPING_ERROR);
	CHECK_EQ(dma_map_single(&dev, (void *)8, 8, DMA_TO_DEVICE),
		 DMA_MAPPING_ERROR);
	CHECK_EQ(dma_mapping_error(&dev, DMA_MAPPING_ERROR), -ENOMEM);
	dev.dma_mask = 0;
	CHECK_EQ(dma_map_single(&dev, p, 8, DMA_TO_DEVICE), DMA_MAPPING_ERROR);
}

/* A page beyond the direct map, filled with @with. */
static struct page *high_page(char with)
{
	struct page *page = take_pages(GFP_HIGHUSER, 0);
	char *p = kmap_local_page(page);

	CHECK(PageHighMem(page));
	memset(p, with, PAGE_SIZE);
	kunmap_local(p);
	return page;
}

static char byte_of(const struct page *page, size_t at)
{
	char c;

	memcpy_from_page(&c, page, at, 1);
	return c;
}

static dma_addr_t need_map(struct device *dev, struct page *page, size_t offset,
			   size_t size, enum dma_data_direction dir)
{
	dma_addr_t addr = dma_map_page(dev, page, offset, size, dir);

	NEED(dma_mapping_error(dev, addr) ? NULL : page);
	return addr;
}

TEST(what_it_does_not_reach_is_copied_there_and_back)
{
	struct device dev = isa();
	struct page *page = high_page('a');
	dma_addr_t addr = need_map(&dev, page, 100, 1000, DMA_BIDIRECTIONAL);

	CHECK(is_low(addr, 1000));
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(device_sees(addr)[i], 'a');
	memset(device_sees(addr), 'd', 1000);
	CHECK_EQ(byte_of(page, 100), 'a');
	dma_unmap_page(&dev, addr, 1000, DMA_BIDIRECTIONAL);
	CHECK_EQ(byte_of(page, 99), 'a');
	CHECK_EQ(byte_of(page, 100), 'd');
	CHECK_EQ(byte_of(page, 1099), 'd');
	CHECK_EQ(byte_of(page, 1100), 'a');
}

TEST(what_only_the_device_reads_does_not_come_back)
{
	struct device dev = isa();
	struct page *page = high_page('a');
	dma_addr_t addr = need_map(&dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE);

	memset(device_sees(addr), 'd', PAGE_SIZE);
	dma_unmap_page(&dev, addr, PAGE_SIZE, DMA_TO_DEVICE);
	CHECK_EQ(byte_of(page, 0), 'a');
}

/* A device that wrote half of what it might have leaves the other half. */
TEST(what_the_device_did_not_write_is_as_before)
{
	struct device dev = isa();
	struct page *page = high_page('a');
	dma_addr_t addr = need_map(&dev, page, 0, PAGE_SIZE, DMA_FROM_DEVICE);

	memset(device_sees(addr), 'd', 10);
	dma_unmap_page(&dev, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	CHECK_EQ(byte_of(page, 9), 'd');
	CHECK_EQ(byte_of(page, 10), 'a');
}

TEST(pages_that_follow_one_another_are_one_mapping)
{
	struct device dev = isa();
	struct page *page = take_pages(GFP_HIGHUSER, 2);
	dma_addr_t addr;

	for (unsigned int i = 0; i < 4; i++) {
		char *p = kmap_local_page(page + i);

		memset(p, (char)('a' + i), PAGE_SIZE);
		kunmap_local(p);
	}
	addr = need_map(&dev, page, PAGE_SIZE + 7, 2 * PAGE_SIZE,
			DMA_BIDIRECTIONAL);
	CHECK_EQ(device_sees(addr)[0], 'b');
	CHECK_EQ(device_sees(addr)[PAGE_SIZE - 8], 'b');
	CHECK_EQ(device_sees(addr)[PAGE_SIZE - 7], 'c');
	CHECK_EQ(device_sees(addr)[2 * PAGE_SIZE - 1], 'd');
	memset(device_sees(addr), 'z', 2 * PAGE_SIZE);
	dma_unmap_page(&dev, addr, 2 * PAGE_SIZE, DMA_BIDIRECTIONAL);
	CHECK_EQ(byte_of(page + 1, 6), 'b');
	CHECK_EQ(byte_of(page + 1, 7), 'z');
	CHECK_EQ(byte_of(page + 3, 6), 'z');
	CHECK_EQ(byte_of(page + 3, 7), 'd');
}

TEST(a_boundary_is_not_crossed)
{
	struct device dev = pci();
	struct page *page = take_pages(GFP_KERNEL, 5);
	unsigned long first = page_to_pfn(page);
	size_t to = (0x10000 - (first << PAGE_SHIFT) % 0x10000) % 0x10000;
	dma_addr_t addr;

	to = to ? to : 0x10000;
	CHECK_EQ(dma_set_seg_boundary(&dev, 0xffff), 0);
	addr = need_map(&dev, page, to - 50, 100, DMA_TO_DEVICE);
	CHECK_EQ(addr / 0x10000, (addr + 99) / 0x10000);
	CHECK(addr != (first << PAGE_SHIFT) + to - 50);
	dma_unmap_page(&dev, addr, 100, DMA_TO_DEVICE);
	/* Up to the boundary there is nothing to copy. */
	addr = need_map(&dev, page, to - 50, 50, DMA_TO_DEVICE);
	CHECK_EQ(addr, (first << PAGE_SHIFT) + to - 50);
	dma_unmap_page(&dev, addr, 50, DMA_TO_DEVICE);
	CHECK_EQ(dma_map_page(&dev, page, 0, 0x10001, DMA_TO_DEVICE),
		 DMA_MAPPING_ERROR);
}

TEST(two_transfers_with_one_mapping)
{
	struct device dev = isa();
	struct page *page = high_page('a');
	dma_addr_t addr = need_map(&dev, page, 0, PAGE_SIZE, DMA_BIDIRECTIONAL);

	memset(device_sees(addr) + 100, 'd', 100);
	dma_sync_single_for_cpu(&dev, addr + 100, 50, DMA_BIDIRECTIONAL);
	CHECK_EQ(byte_of(page, 149), 'd');
	CHECK_EQ(byte_of(page, 150), 'a');
	memcpy_to_page(page, 120, "hello", 5);
	dma_sync_single_for_device(&dev, addr + 100, 50, DMA_BIDIRECTIONAL);
	CHECK(!memcmp(device_sees(addr) + 120, "hello", 5));
	/* Past the mapping's end nothing is touched. */
	dma_sync_single_for_cpu(&dev, addr + PAGE_SIZE - 4, 100,
				DMA_BIDIRECTIONAL);
	dma_unmap_page(&dev, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
}

TEST(a_mapping_of_another_size_is_told)
{
	struct device dev = isa();
	struct page *page = high_page('a');
	unsigned long before = sim.reports;
	dma_addr_t addr = need_map(&dev, page, 0, 512, DMA_FROM_DEVICE);

	sim.tolerate_reports = true;
	dma_unmap_page(&dev, addr, 1024, DMA_FROM_DEVICE);
	CHECK_EQ(sim.reports, before + 1);
	CHECK_EQ(byte_of(page, 600), 'a');
}

#define PIECES 40u

TEST(pieces_are_mapped_all_or_none)
{
	struct device dev = isa();
	struct scatterlist *sg = take(PIECES * sizeof(*sg), GFP_KERNEL), *s;
	unsigned int i, pieces = 0;

	sg_init_table(sg, PIECES);
	for (i = 0; i < PIECES; i++)
		sg_set_page(&sg[i], high_page((char)('A' + i)), 512, 64);
	NEED(dma_map_sg(&dev, sg, PIECES, DMA_BIDIRECTIONAL) ? sg : NULL);
	for_each_sg(sg, s, PIECES, i)
	{
		CHECK(is_low(sg_dma_address(s), sg_dma_len(s)));
		CHECK_EQ(device_sees(sg_dma_address(s))[511], 'A' + (int)i);
		device_sees(sg_dma_address(s))[511] = '!';
	}
	dma_unmap_sg(&dev, sg, PIECES, DMA_BIDIRECTIONAL);
	for (s = sg; s; s = sg_next(s), pieces++) {
		CHECK_EQ(byte_of(s->page, 64 + 511), '!');
		CHECK_EQ(byte_of(s->page, 64 + 510), 'A' + (int)pieces);
	}
	CHECK_EQ(pieces, PIECES);
}

/* All of the lowest zone, in a chain through the owner's word. */
static struct page *take_all_low(void)
{
	struct page *all = NULL, *page;
	unsigned int order = MAX_ORDER;

	while (order--)
		while ((page = alloc_pages(GFP_ATOMIC | GFP_DMA | __GFP_NOWARN,
					   order))) {
			page->priv = (unsigned long)all;
			all = page;
		}
	return all;
}

TEST_NO_SWEEP(no_room_for_a_buffer)
{
	struct device dev = isa();
	struct page *page = high_page('a'), *all = take_all_low(), *next;
	unsigned long before = 0;

	for (int i = 0; i < 200; i++) {
		CHECK_EQ(dma_map_page(&dev, page, 0, PAGE_SIZE, DMA_TO_DEVICE),
			 DMA_MAPPING_ERROR);
		/* The first ones may have made a slab and a sheaf. */
		if (i == 99)
			before = pages_in_use();
	}
	CHECK_EQ(pages_in_use(), before);
	for (; all; all = next) {
		next = (struct page *)all->priv;
		__free_pages(all, all->order);
	}
}
