/* SPDX-License-Identifier: MIT */
/*
 * Kernel memory that is contiguous in addresses, not in frames. An area of
 * pages of its own with a guard page after it; code in mm/vmalloc.c.
 */
#ifndef ASHLAR_VMALLOC_H
#define ASHLAR_VMALLOC_H

#include <ashlar/gfp.h>
#include <ashlar/rbtree.h>
#include <ashlar/slab.h>
#include <ashlar/types.h>
#include <mach/pgtable.h>

/* vm_struct::flags, Linux's values. */
#define VM_IOREMAP 0x1u
#define VM_ALLOC 0x2u /* the pages belong to the area */
#define VM_MAP 0x4u /* the pages are the caller's */

struct seq_file;

struct vm_struct {
	struct rb_node node; /* all areas, by address */
	unsigned long addr;
	unsigned long size; /* bytes, guard page included */
	unsigned long subtree_gap; /* largest gap before an area below */
	unsigned long gap; /* bytes between it and the area before */
	u32 flags;
	u32 nr_pages; /* mapped now */
	u64 phys_addr; /* VM_IOREMAP */
	const void *caller; /* who asked */
};

void vmalloc_init(void);
void *vmalloc(unsigned long size);
void *vzalloc(unsigned long size);
void *__vmalloc(unsigned long size, gfp_t gfp);
void vfree(const void *addr);
void *vmap(struct page **pages, unsigned int count, unsigned long flags,
	   pgprot_t prot);
void vunmap(const void *addr);
struct page *vmalloc_to_page(const void *addr);

/* For ioremap(): an area without pages, and frames of devices in it. */
struct vm_struct *get_vm_area(unsigned long size, u32 flags);
int ioremap_page_range(unsigned long addr, unsigned long end, u64 phys,
		       pgprot_t prot);
struct vm_struct *find_vm_area(const void *addr); /* that begins there */
void free_vm_area(struct vm_struct *area);

/* /proc/vmallocinfo. The kernel knows the names of callers; NULL: none. */
void show_vmallocinfo(struct seq_file *m);
extern void (*vmalloc_caller_name)(struct seq_file *m, const void *caller);

static inline bool is_vmalloc_addr(const void *addr)
{
	return (uintptr_t)addr - VMALLOC_START < VMALLOC_END - VMALLOC_START;
}

#endif
