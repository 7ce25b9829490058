/* SPDX-License-Identifier: MIT */
/*
 * A device's addresses, mapped past the cache into the vmalloc area:
 *
 *   physical   …│ page │ page │ page │…         need not begin with a page
 *                  ▲ phys        size
 *   virtual      │ page │ page │ page │ guard │
 *                  ▲ what is returned
 *
 * RAM that the kernel uses is refused: it has an address already, and two
 * mappings of one frame must not disagree about the cache. RAM that mem= held
 * back is like a device's.
 */
#include <ashlar/mm_types.h>
#include <ashlar/pgtable.h>
#include <ashlar/vmalloc.h>
#include <mach/io.h>
#include "local.h"

/**
 * ioremap() - map physical addresses
 * @phys: the first
 * @size: bytes
 *
 * Context: may sleep. Return: where @phys is, for iounmap(); NULL for an empty
 * range, RAM in use, or without memory.
 */
void *ioremap(u32 phys, u32 size)
{
	u32 offset = phys & ~(u32)PAGE_MASK, last = phys + size - 1;
	struct vm_struct *area;
	unsigned long bytes;

	if (!size || last < phys || iomem_has_ram(phys, last))
		return NULL;
	bytes = PAGE_ALIGN(offset + size);
	area = bytes >= size ? get_vm_area(bytes, VM_IOREMAP) : NULL;
	if (!area)
		return NULL;
	if (ioremap_page_range(area->addr, area->addr + bytes, phys - offset,
			       PAGE_KERNEL_NOCACHE)) {
		free_vm_area(area);
		return NULL;
	}
	return (char *)area->addr + offset;
}

/**
 * iounmap() - end ioremap()
 * @addr: what it returned; NULL is ignored
 */
void iounmap(void *addr)
{
	struct vm_struct *area;

	if (!addr)
		return;
	area = find_vm_area((void *)((u32)addr & PAGE_MASK));
	if (area && (area->flags & VM_IOREMAP))
		free_vm_area(area);
}
