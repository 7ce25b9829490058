/* SPDX-License-Identifier: MIT */
/*
 * A driver's use of RAM that mem= held back: port/i386/ioremap.c. The machine
 * has twice the RAM that the command line tells the kernel.
 */
#include "../harness.h"
#include <ashlar/errno.h>
#include <ashlar/vmalloc.h>
#include <i386.h>
#include <mach/io.h>
#include "string.h"

#define BACK ((u32)max_pfn << PAGE_SHIFT) /* held back from here on */
#define BYTES (64u << 10)

static char *held_back(u32 offset)
{
	return NEED((char *)ioremap(BACK + offset, BYTES));
}

static bool listed(void (*show)(struct seq_file *m), const char *what)
{
	static char text[8192];
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };

	show(&m);
	text[m.count] = '\0';
	return strstr(text, what);
}

TEST_NO_SWEEP(held_back_ram_is_mapped)
{
	char *p = held_back(0);

	for (u32 i = 0; i < BYTES; i++)
		p[i] = (char)(i * 3);
	iounmap(p);
	p = held_back(PAGE_SIZE + 5);
	for (u32 i = 0; i < BYTES - PAGE_SIZE - 5; i++)
		CHECK_EQ(p[i], (char)((i + PAGE_SIZE + 5) * 3));
	CHECK(listed(show_vmallocinfo, "ioremap"));
	iounmap(p);
	CHECK(!listed(show_vmallocinfo, "ioremap"));
}

TEST_NO_SWEEP(a_region_has_one_owner)
{
	CHECK_EQ(request_mem_region(BACK, BYTES, "held-back"), 0);
	CHECK(listed(show_iomem, "held-back"));
	CHECK_EQ(request_mem_region(BACK + PAGE_SIZE, PAGE_SIZE, "other"),
		 -EBUSY);
	release_mem_region(BACK, BYTES);
	CHECK(!listed(show_iomem, "held-back"));
	CHECK_EQ(request_mem_region(BACK, 0, "none"), -EINVAL);
	CHECK_EQ(request_mem_region(4u << 20, PAGE_SIZE, "ram"), -EBUSY);
}

TEST_NO_SWEEP(what_is_not_mapped)
{
	CHECK(!ioremap(4u << 20, PAGE_SIZE));
	CHECK(!ioremap(BACK, 0));
	CHECK(!ioremap(~0u - 100, PAGE_SIZE));
	CHECK(!ioremap(BACK - PAGE_SIZE, 2 * PAGE_SIZE));
	iounmap(NULL);
}

/* The text screen: what is written there is on it. */
TEST_NO_SWEEP(a_device_is_mapped)
{
	volatile u16 *screen = NEED((u16 *)ioremap(0xb8000, 4000));
	u16 was = screen[1999];

	screen[1999] = 0x0741;
	CHECK_EQ(screen[1999], 0x0741);
	screen[1999] = was;
	iounmap((void *)screen);
}
