/* SPDX-License-Identifier: MIT */
/*
 * The PC's DMA controller: the driver that the bare machine has
 * (port/i386/dma8237.c) on the paper machine's chips (port/sim/dma8237.c). What
 * the wires did is printed as a timing diagram.
 */
#include "../../port/i386/dma8237.h"
#include "../../port/sim/dma8237.h"
#include "../harness.h"
#include <ashlar/errno.h>
#include <ashlar/seq_file.h>
#include <stdio.h>
#include <string.h>

/* A disk with bytes to give, or to take. */
static struct disk {
	struct sim_dma_device dev; /* first */
	unsigned int left; /* transfers that it asks for */
	u16 next; /* the value that it gives, or gets */
	u16 step;
	unsigned int wrong, ends;
} disk;

static bool disk_dreq(struct sim_dma_device *dev)
{
	return ((struct disk *)dev)->left != 0;
}

static u16 disk_read(struct sim_dma_device *dev)
{
	struct disk *d = (struct disk *)dev;
	u16 v = d->next;

	d->left--;
	d->next = (u16)(d->next + d->step);
	return v;
}

static void disk_write(struct sim_dma_device *dev, u16 v)
{
	struct disk *d = (struct disk *)dev;

	d->left--;
	d->wrong += v != d->next;
	d->next = (u16)(d->next + d->step);
}

static void disk_end(struct sim_dma_device *dev)
{
	struct disk *d = (struct disk *)dev;

	d->ends++;
	dev->irq = true;
}

/* Power on, with a disk on @channel that asks @transfers times. */
static void begin(unsigned int channel, unsigned int transfers)
{
	disk = (struct disk){ .dev = { disk_dreq, disk_read, disk_write,
				       disk_end, false },
			      .left = transfers,
			      .step = 1 };
	sim_dma_power_on();
	dma8237_init();
	CHECK_EQ(request_dma(channel, "disk"), 0);
	sim_dma_attach(channel, &disk.dev);
	sim_dma_watch(channel);
}

static u8 *memory(u32 phys)
{
	return (u8 *)pfn_to_virt(phys >> PAGE_SHIFT) + phys % PAGE_SIZE;
}

static void show(const char *what)
{
	static char text[8000];
	char *line, *rest = text;

	sim_dma_diagram(text, sizeof(text));
	printf("# %s, a column a clock:\n", what);
	while ((line = strsep(&rest, "\n")) && *line)
		printf("#   %s\n", line);
}

static void expect_edges(const char *want)
{
	static char edges[4000];

	sim_dma_edges(edges, sizeof(edges));
	if (strcmp(edges, want))
		check_failed(__FILE__, __LINE__, "the wires did: %s", edges);
}

/* A page of memory below 16 MB that no one else has. */
static u32 take_phys(void)
{
	struct page *page = take_pages(GFP_KERNEL | GFP_DMA, 0);

	memset(page_address(page), 0xee, PAGE_SIZE);
	return (u32)page_to_pfn(page) << PAGE_SHIFT;
}

/* One transfer a grant: the bus goes back to the processor in between. */
TEST_NO_SWEEP(the_wires_of_two_bytes_from_a_device)
{
	u32 phys = take_phys();

	begin(2, 2);
	disk.next = 'A';
	CHECK_EQ(dma_start(2, DMA_MODE_READ, phys + 3, 2), 0);
	CHECK(sim_dma_run(100) < 100);
	show("two bytes from a device, one for each grant");
	expect_edges("HRQ+ HLDA+ DACK+ IOR+ MEMW+ "
		     "HRQ- DACK- IOR- MEMW- HLDA- "
		     "HRQ+ HLDA+ DACK+ DREQ- IOR+ MEMW+ TC+ IRQ+ "
		     "HRQ- DACK- IOR- MEMW- TC- HLDA-");
	CHECK_EQ(memory(phys)[2], 0xee);
	CHECK_EQ(memory(phys)[3], 'A');
	CHECK_EQ(memory(phys)[4], 'B');
	CHECK_EQ(memory(phys)[5], 0xee);
	CHECK_EQ(disk.ends, 1);
	CHECK_EQ(get_dma_residue(2), 0);
	free_dma(2);
}

/* The bus is kept as long as the device asks. */
TEST_NO_SWEEP(the_wires_of_three_bytes_to_a_device_on_demand)
{
	u32 phys = take_phys();

	begin(1, 3);
	memcpy(memory(phys), "xyz", 3);
	disk.next = 'x';
	CHECK_EQ(dma_start(1, DMA_MODE_WRITE & ~DMA_DEMAND, phys, 3), 0);
	CHECK(sim_dma_run(100) < 100);
	show("three bytes to a device, on demand");
	expect_edges("HRQ+ HLDA+ DACK+ MEMR+ IOW+ MEMR- IOW- "
		     "MEMR+ IOW+ MEMR- IOW- "
		     "MEMR+ DREQ- IOW+ TC+ IRQ+ "
		     "HRQ- DACK- MEMR- IOW- TC- HLDA-");
	CHECK_EQ(disk.wrong, 0);
	CHECK_EQ(disk.ends, 1);
	free_dma(1);
}

TEST_NO_SWEEP(a_whole_page_by_bytes)
{
	u32 phys = take_phys();

	begin(3, PAGE_SIZE);
	CHECK_EQ(dma_start(3, DMA_MODE_READ, phys, PAGE_SIZE), 0);
	CHECK_EQ(get_dma_residue(3), PAGE_SIZE & 0xffff);
	sim_dma_run(9 * 100);
	CHECK_EQ(get_dma_residue(3), PAGE_SIZE - (PAGE_SIZE - disk.left));
	sim_dma_run(~0u);
	for (unsigned int i = 0; i < PAGE_SIZE; i++)
		CHECK_EQ(memory(phys)[i], (u8)i);
	CHECK_EQ(disk.ends, 1);
	CHECK_EQ(get_dma_residue(3), 0);
	free_dma(3);
}

/* The second controller counts words, and its page has a bit less. */
TEST_NO_SWEEP(words_of_the_second_controller)
{
	u32 phys = take_phys();
	u16 v;

	begin(5, 100);
	disk.next = 0x1234;
	disk.step = 0x101;
	CHECK_EQ(dma_start(5, DMA_MODE_READ, phys + 10, 200), 0);
	CHECK(sim_dma_run(2000) < 2000);
	for (unsigned int i = 0; i < 100; i++) {
		memcpy(&v, memory(phys + 10 + 2 * i), 2);
		CHECK_EQ(v, (u16)(0x1234 + i * 0x101));
	}
	CHECK_EQ(memory(phys)[9], 0xee);
	CHECK_EQ(memory(phys)[210], 0xee);
	CHECK_EQ(dma_start(5, DMA_MODE_READ, phys + 1, 2), -EINVAL);
	CHECK_EQ(dma_start(5, DMA_MODE_READ, phys, 3), -EINVAL);
	free_dma(5);
}

/* A device that asks for more than was agreed is not heard after the last. */
TEST_NO_SWEEP(the_count_ends_a_transfer)
{
	u32 phys = take_phys();

	begin(0, 10);
	CHECK_EQ(dma_start(0, DMA_MODE_READ, phys, 4), 0);
	CHECK(sim_dma_run(1000) < 1000);
	CHECK_EQ(disk.left, 6);
	CHECK_EQ(disk.ends, 1);
	CHECK_EQ(memory(phys)[4], 0xee);
	free_dma(0);
}

TEST_NO_SWEEP(a_channel_may_begin_anew_by_itself)
{
	u32 phys = take_phys();

	begin(0, 10);
	CHECK_EQ(dma_start(0, DMA_MODE_READ | DMA_AUTOINIT, phys, 4), 0);
	CHECK(sim_dma_run(1000) < 1000);
	CHECK_EQ(disk.ends, 2);
	CHECK_EQ(memory(phys)[0], 8);
	CHECK_EQ(memory(phys)[1], 9);
	CHECK_EQ(memory(phys)[2], 6);
	free_dma(0);
}

TEST_NO_SWEEP(what_does_not_listen_is_not_served)
{
	u32 phys = take_phys();

	begin(2, 5);
	CHECK_EQ(dma_start(2, DMA_MODE_READ, phys, 5), 0);
	disable_dma(2);
	CHECK_EQ(sim_dma_run(100), 0);
	enable_dma(2);
	disable_dma(DMA_CASCADE_CHANNEL);
	CHECK_EQ(sim_dma_run(100), 0);
	enable_dma(DMA_CASCADE_CHANNEL);
	CHECK(sim_dma_run(1000) < 1000);
	CHECK_EQ(disk.ends, 1);
	free_dma(2);
}

TEST_NO_SWEEP(what_a_channel_cannot_count)
{
	begin(2, 0);
	CHECK_EQ(dma_start(2, DMA_MODE_READ, 0x1fff0, 0x10), 0);
	CHECK_EQ(dma_start(2, DMA_MODE_READ, 0x1fff0, 0x11), -EINVAL);
	CHECK_EQ(dma_start(2, DMA_MODE_READ, 0x10000, 0x10000), 0);
	CHECK_EQ(dma_start(2, DMA_MODE_READ, 0x10000, 0x10001), -EINVAL);
	CHECK_EQ(dma_start(2, DMA_MODE_READ, 0x10000, 0), -EINVAL);
	CHECK_EQ(dma_start(2, DMA_MODE_READ, 16 << 20, 1), -EINVAL);
	CHECK_EQ(dma_start(2, DMA_MODE_READ, (16 << 20) - 1, 1), 0);
	CHECK_EQ(dma_start(2, DMA_MODE_READ, ~0u, 2), -EINVAL);
	CHECK_EQ(dma_start(7, DMA_MODE_READ, 0x20000, 0x20000), 0);
	CHECK_EQ(dma_start(7, DMA_MODE_READ, 0x30000, 0x20000), -EINVAL);
	CHECK_EQ(dma_start(4, DMA_MODE_READ, 0x10000, 2), -EINVAL);
	CHECK_EQ(dma_start(8, DMA_MODE_READ, 0x10000, 2), -EINVAL);
	free_dma(2);
}

TEST_NO_SWEEP(channels_have_owners)
{
	char text[100] = "";
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };

	begin(2, 0);
	CHECK_EQ(request_dma(2, "other"), -EBUSY);
	CHECK_EQ(request_dma(8, "other"), -EINVAL);
	CHECK_EQ(request_dma(4, "other"), -EBUSY);
	show_dma(&m);
	text[m.count] = '\0';
	CHECK(!strcmp(text, " 2: disk\n 4: cascade\n"));
	free_dma(2);
	CHECK_EQ(request_dma(2, "other"), 0);
	free_dma(2);
}
