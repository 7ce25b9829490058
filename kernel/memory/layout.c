/* SPDX-License-Identifier: MIT */
/* What the boot log says of memory: the kernel's areas, zones, what is free. */
#include <ashlar/mmzone.h>
#include <ashlar/tune.h>
#include <i386.h>
#include <kernel/init.h>
#include <kernel/printk.h>
#include <kernel/version.h>

#define MAX_AREAS 16

static void print_area(const struct kernel_area *a)
{
	unsigned long kb = (a->end - a->start + 1023) >> 10;
	bool mb = kb >= 10240;

	printk("    %8s : 0x%08lx - 0x%08lx   (%4lu %s)\n", a->name, a->start,
	       a->end, mb ? kb >> 10 : kb, mb ? "MB" : "kB");
}

static void print_zones(void)
{
	struct zone *z;

	printk("Zone ranges:\n");
	for_each_populated_zone(z)
		printk("  %-8s [mem 0x%08lx-0x%08lx]  %lu pages\n", z->name,
		       z->start_pfn << PAGE_SHIFT,
		       ((z->start_pfn + z->spanned_pages) << PAGE_SHIFT) - 1,
		       z->managed_pages);
}

static void print_memory(void)
{
	unsigned long free = 0, managed = 0, high = 0;
	struct zone *z;

	for_each_populated_zone(z) {
		free += z->free_pages;
		managed += z->managed_pages;
		if (z->index == ZONE_HIGHMEM)
			high = z->managed_pages;
	}
	printk("Memory: %luK/%luK available (%luK highmem)\n",
	       free << (PAGE_SHIFT - 10), managed << (PAGE_SHIFT - 10),
	       high << (PAGE_SHIFT - 10));
}

/** mm_boot_report() - the kernel's address space as a table, and its RAM */
void mm_boot_report(void)
{
	struct kernel_area areas[MAX_AREAS];
	unsigned int nr = kernel_areas(areas, MAX_AREAS), i;

	printk(UTS_SYSNAME " version " UTS_RELEASE " (" UTS_COMPILER
			   ") " UTS_VERSION "\n");
	printk("Command line: %s\n", saved_command_line);
	printk("virtual kernel memory layout:\n");
	for (i = 0; i < nr; i++)
		print_area(&areas[i]);
	print_zones();
	print_memory();
}

/** free_initmem() - what only booting needed becomes free memory */
void free_initmem(void)
{
	printk("Freeing unused kernel memory: %luK\n",
	       free_init_sections() >> 10);
}
