/* SPDX-License-Identifier: MIT */
/*
 * From the loader's word to a running core: what RAM there is, how it is
 * divided, and the descriptors of its frames.
 *
 *   physical  0     640K  1M        16M             888M at most      max_pfn
 *             │ RAM │hole │ image …  │               │                 │
 *             ├─────┴─────┴──────────┼───────────────┼─────────────────┤
 *             │ DMA                  │ Normal        │ HighMem         │
 *                                         mem_map ──▶│ (top of low memory)
 *
 * Order: memory map → memblock → what is taken (page 0, the image, the
 * initrd, the loader's strings are copied) → mem= → zones → mem_map → buddy.
 */
#include <ashlar/cmdline.h>
#include <ashlar/highmem.h>
#include <ashlar/memblock.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include <ashlar/port.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/task/task.h>
#include <mach/page.h>
#include "local.h"
#include "multiboot.h"

#define LOW_MAX (888ul << 20) /* bytes of direct map; head.S, pgtable.c */
#define DMA_END (16ul << 20)
#define COMMAND_LINE_SIZE 2048
#define MEM_MIN (2ul << 20) /* of RAM above 1 MB: less cannot work */

u32 multiboot_magic __initdata = 1, multiboot_info __initdata = 1;

char boot_command_line[COMMAND_LINE_SIZE];
u32 initrd_start, initrd_end;
unsigned long max_pfn, max_low_pfn;
struct page *port_mem_map;
struct page *port_high_pages;
u8 *port_slab_ids;
u32 cpu_features;
bool cpu_has_fxsr, cpu_has_sse;

/* ---- the command line ---- */

/* QEMU puts the image's own path first; other loaders do not. */
static const char *__init skip_path(const struct multiboot_info *mb,
				    const char *s)
{
	const char *loader = phys_to_virt(mb->boot_loader_name);

	if (!(mb->flags & MULTIBOOT_LOADER) ||
	    ashlar_strncmp(loader, "qemu", 4))
		return s;
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	return s;
}

static void __init copy_command_line(const struct multiboot_info *mb)
{
	if (mb->flags & MULTIBOOT_CMDLINE)
		ashlar_strscpy(boot_command_line,
			       skip_path(mb, phys_to_virt(mb->cmdline)),
			       sizeof(boot_command_line));
}

/* The value of the last @name= on the command line, or NULL. */
static const char *__init find_option(const char *name)
{
	size_t len = strlen(name);
	const char *s = boot_command_line, *found = NULL;

	while (*s) {
		while (*s == ' ')
			s++;
		if (!ashlar_strncmp(s, "-- ", 3))
			break;
		if (!ashlar_strncmp(s, name, len))
			found = s + len;
		while (*s && *s != ' ')
			s++;
	}
	return found;
}

/* yield=N[:SEED]: before code becomes read-only. */
static void __init read_yield(void)
{
	const char *value = find_option("yield=");

	if (value && !sleep_sites_init(value))
		printk("yield=: not N or N:SEED, ignored\n");
}

/* ---- what RAM there is ---- */

static void __init add_ram(u64 base, u64 size, const char *name)
{
	u64 end = base + size;

	if (end > 1ull << 32)
		end = 1ull << 32; /* without PAE nothing else has a number */
	if (base >= end)
		return;
	add_iomem((u32)base, (u32)(end - 1), name);
	if (!ashlar_strcmp(name, IOMEM_RAM))
		memblock_add(base, end - base);
}

static const char *__init region_name(u32 type)
{
	switch (type) {
	case 1:
		return IOMEM_RAM;
	case 3:
		return "ACPI Tables";
	case 4:
		return "ACPI Non-volatile Storage";
	default:
		return "Reserved";
	}
}

static void __init read_memory_map(const struct multiboot_info *mb)
{
	u32 at = mb->mmap_addr, end = mb->mmap_addr + mb->mmap_length;

	while (at + sizeof(struct multiboot_mmap_entry) <= end) {
		const struct multiboot_mmap_entry *e = phys_to_virt(at);

		add_ram(e->addr, e->len, region_name(e->type));
		at += e->size + sizeof(e->size);
	}
}

static void __init find_memory(const struct multiboot_info *mb)
{
	if (mb->flags & MULTIBOOT_MMAP && mb->mmap_length) {
		read_memory_map(mb);
	} else if (mb->flags & MULTIBOOT_MEMORY) {
		add_ram(0, (u64)mb->mem_lower << 10, IOMEM_RAM);
		add_ram(1 << 20, (u64)mb->mem_upper << 10, IOMEM_RAM);
	}
	if (!memblock_end_of_DRAM())
		panic("The loader says nothing of any memory.");
}

/* mem=SIZE: what lies beyond is held back, for whoever asks for it by name. */
static void __init limit_memory(void)
{
	const char *s = find_option("mem=");
	unsigned long limit;

	if (!s)
		return;
	if (!cmdline_number(&s, &limit) || limit < (1 << 20) + MEM_MIN) {
		printk("mem=: not a size this machine can work with, "
		       "ignored\n");
		return;
	}
	memblock_remove(limit, (1ull << 32) - limit);
	limit_iomem_ram((u32)limit);
}

/* ---- what is taken ---- */

static void __init find_initrd(const struct multiboot_info *mb)
{
	const struct multiboot_module *mod = phys_to_virt(mb->mods_addr);

	if (!(mb->flags & MULTIBOOT_MODS) || !mb->mods_count)
		return;
	if (mod->start >= mod->end)
		return;
	if (mod->end > memblock_end_of_DRAM() || mod->end > LOW_MAX) {
		printk("initrd at 0x%x-0x%x is beyond usable memory, ignored\n",
		       mod->start, mod->end - 1);
		return;
	}
	initrd_start = (u32)phys_to_virt(mod->start);
	initrd_end = (u32)phys_to_virt(mod->end);
	memblock_reserve(mod->start, mod->end - mod->start);
}

static void __init reserve_image(void)
{
	memblock_reserve(0, PAGE_SIZE); /* the BIOS's vectors and data */
	memblock_reserve(virt_to_phys(_text), (u32)_end - (u32)_text);
	add_iomem(0xa0000, 0xbffff, "Video RAM area");
	add_iomem(0xf0000, 0xfffff, "System ROM");
	add_iomem(virt_to_phys(_text), virt_to_phys(_etext) - 1, "Kernel code");
	add_iomem(virt_to_phys(_etext), virt_to_phys(__end_rodata) - 1,
		  "Kernel rodata");
	add_iomem(virt_to_phys(__end_rodata), virt_to_phys(_edata) - 1,
		  "Kernel data");
	add_iomem(virt_to_phys(__init_end), virt_to_phys(_end) - 1,
		  "Kernel bss");
}

/* ---- zones and descriptors ---- */

static void __init set_limits(void)
{
	unsigned long zone_end[MAX_NR_ZONES];

	max_pfn = (unsigned long)(memblock_end_of_DRAM() >> PAGE_SHIFT);
	max_low_pfn = min(max_pfn, LOW_MAX >> PAGE_SHIFT);
	zone_end[ZONE_DMA] = min(max_low_pfn, DMA_END >> PAGE_SHIFT);
	zone_end[ZONE_NORMAL] = max_low_pfn;
	zone_end[ZONE_HIGHMEM] = max_pfn;
	free_area_init(zone_end);
}

static void __init alloc_mem_map(void)
{
	port_mem_map = memblock_alloc(max_pfn * sizeof(struct page), 64);
	port_slab_ids = memblock_alloc(CLASS_BYTES + max_low_pfn, 64);
	if (!port_mem_map || !port_slab_ids)
		panic("No memory for the descriptors of %lu frames.", max_pfn);
	port_slab_ids += CLASS_BYTES;
	port_high_pages = port_mem_map + max_low_pfn;
}

static void __init online_memory(void)
{
	const struct multiboot_info *mb = phys_to_virt(multiboot_info);

	find_memory(mb);
	limit_memory();
	reserve_image();
	find_initrd(mb);
	set_limits();
	direct_map_init();
	alloc_mem_map();
	fixed_maps_init();
	mm_init();
	mm_cpu_online();
	highmem_init();
	memblock_free_all();
	vmalloc_init();
}

/* ---- the first C function ---- */

static void __init identify_cpu(void)
{
	u32 a, b, c;

	cpuid(1, &a, &b, &c, &cpu_features);
	cpu_has_fxsr = cpu_features & X86_FEATURE_FXSR;
	cpu_has_sse = cpu_has_fxsr && cpu_features & X86_FEATURE_SSE;
}

void i386_start(void);

/** i386_start() - everything up to start_kernel(); interrupts are off */
void __init i386_start(void)
{
	const struct multiboot_info *mb = phys_to_virt(multiboot_info);

	desc_init();
	sort_exception_table();
	identify_cpu();
	fpu_init();
	pic_init();
	if (multiboot_magic == MULTIBOOT_LOADED)
		copy_command_line(mb);
	console_early(boot_command_line);
	if (multiboot_magic != MULTIBOOT_LOADED)
		panic("Started by something that is no multiboot loader.");
	tsc_init();
	read_yield();
	online_memory();
	init_task.stack = init_stack;
	start_kernel();
}

/* Whole frames of [start, end) join the buddy system. */
static void online_frames(u32 start, u32 end)
{
	unsigned long pfn = virt_to_pfn((void *)ALIGN(start, PAGE_SIZE));
	unsigned long stop = virt_to_pfn((void *)(end & (u32)PAGE_MASK));
	unsigned long dma = min(stop, DMA_END >> PAGE_SHIFT);

	if (pfn < dma)
		mm_online_pages(ZONE_DMA, pfn, dma - pfn, false);
	pfn = max(pfn, dma);
	if (pfn < stop)
		mm_online_pages(ZONE_NORMAL, pfn, stop - pfn, false);
}

/**
 * free_initrd_until() - give back what was read of the image so far
 * @addr: the first byte that is still needed
 */
void free_initrd_until(u32 addr)
{
	addr &= (u32)PAGE_MASK;
	if (addr <= initrd_start)
		return;
	online_frames(initrd_start, addr);
	initrd_start = addr;
}

/** free_initrd() - the image was unpacked; its frames become free memory */
void free_initrd(void)
{
	if (initrd_start)
		online_frames(initrd_start, initrd_end);
	initrd_start = initrd_end = 0;
}

/**
 * free_init_sections() - what was used once becomes free memory
 *
 * Return: bytes.
 */
unsigned long free_init_sections(void)
{
	online_frames((u32)__init_begin, (u32)__init_end);
	return (u32)__init_end - (u32)__init_begin;
}
