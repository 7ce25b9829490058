/* SPDX-License-Identifier: MIT */
/*
 * Areas of kernel addresses with pages behind them.
 *
 *   VMALLOC_START                                          VMALLOC_END
 *   ┌───────┬─┐  gap   ┌─────────────┬─┐┌──────┬─┐   gap after the last
 *   │ area  │g│◄──────►│ area        │g││ area │g│ …
 *   └───────┴─┘        └─────────────┴─┘└──────┴─┘
 *    g: guard page, never mapped: running past the end is a fault
 *
 * Areas are in a tree by address. Each knows the gap before it, and in
 * subtree_gap the largest gap in its subtree, so the lowest place that is
 * large enough is found on one way down: low addresses are used again first,
 * for each new 4 MB of addresses cost a page table that stays.
 *
 *   subtree_gap = max(gap, children's subtree_gap)
 *   gap         = addr - end of the area before it (or VMALLOC_START)
 *
 * The page tables are the only record of which pages an area has: freeing
 * walks them. Pages may be high ones; they are reached through the area.
 *
 * Locks: vmap_lock for the tree; an area's entries are its owner's. Pages and
 * tables are allocated without it, so a table that somebody else was quicker
 * to add is given back.
 */
#include <ashlar/errno.h>
#include <ashlar/kmemleak.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/mmzone.h>
#include <ashlar/pgtable.h>
#include <ashlar/rbtree_balance.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/vmalloc.h>
#include <ashlar/vmstat.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "internal.h"
#include "slab.h"

void (*vmalloc_caller_name)(struct seq_file *m, const void *caller);

static struct rb_root areas = RB_ROOT;
static unsigned long areas_end; /* of the last area, with its guard; 0: none */
static spinlock_t vmap_lock = SPIN_LOCK_UNLOCKED;
static struct kmem_cache *vm_struct_cache;

#define CALLER __builtin_return_address(0)

/* ---- places ---- */

static struct vm_struct *area_of(struct rb_node *n)
{
	return n ? rb_entry(n, struct vm_struct, node) : NULL;
}

static unsigned long area_end(const struct vm_struct *area)
{
	return area->addr + area->size;
}

static void update_gap(struct rb_node *n)
{
	struct vm_struct *area = area_of(n);
	unsigned long most = area->gap;

	if (n->rb_left)
		most = max(most, area_of(n->rb_left)->subtree_gap);
	if (n->rb_right)
		most = max(most, area_of(n->rb_right)->subtree_gap);
	area->subtree_gap = most;
}

RB_DERIVED(gap_callbacks, update_gap)

static void set_gap(struct vm_struct *area, unsigned long end_before)
{
	area->gap = area->addr - end_before;
	gap_callbacks.propagate(&area->node, NULL);
}

/* The area before whose gap @size bytes have the lowest place, or NULL. */
static struct vm_struct *lowest_gap(unsigned long size)
{
	struct rb_node *n = areas.rb_node;

	if (!n || area_of(n)->subtree_gap < size)
		return NULL;
	for (;;) {
		if (n->rb_left && area_of(n->rb_left)->subtree_gap >= size)
			n = n->rb_left;
		else if (area_of(n)->gap >= size)
			return area_of(n);
		else
			n = n->rb_right;
	}
}

/* Hang @area in the tree, just before @next; NULL: as the last. */
static void link_before(struct vm_struct *area, struct vm_struct *next)
{
	struct rb_node **link = &areas.rb_node, *parent = NULL;

	if (next && !next->node.rb_left) {
		parent = &next->node;
		link = &parent->rb_left;
	} else {
		if (next)
			link = &next->node.rb_left;
		for (; *link; link = &parent->rb_right)
			parent = *link;
	}
	rb_link_node(&area->node, parent, link);
	gap_callbacks.propagate(&area->node, NULL);
	rb_balance_insert(&area->node, &areas, &gap_callbacks);
}

/* Find a place and take it. */
static bool insert_area(struct vm_struct *area)
{
	struct vm_struct *next;

	spin_lock(&vmap_lock);
	next = lowest_gap(area->size);
	if (next)
		area->addr = next->addr - next->gap;
	else
		area->addr = areas_end ? areas_end : VMALLOC_START;
	if (!next && area->size > VMALLOC_END - area->addr) {
		spin_unlock(&vmap_lock);
		return false;
	}
	area->gap = 0;
	link_before(area, next);
	if (next)
		set_gap(next, area_end(area));
	else
		areas_end = area_end(area);
	spin_unlock(&vmap_lock);
	return true;
}

static void remove_area(struct vm_struct *area)
{
	unsigned long before = area->addr - area->gap;
	struct vm_struct *next;

	spin_lock(&vmap_lock);
	next = area_of(rb_next(&area->node));
	rb_balance_erase(&area->node, &areas, &gap_callbacks);
	if (next)
		set_gap(next, before);
	else
		areas_end = before;
	spin_unlock(&vmap_lock);
}

/**
 * find_vm_area() - the area that begins at an address
 * @addr: any value at all
 *
 * Context: the caller owns the area. Return: it, or NULL.
 */
struct vm_struct *find_vm_area(const void *addr)
{
	struct vm_struct *area;
	struct rb_node *n;

	spin_lock(&vmap_lock);
	for (n = areas.rb_node; n;) {
		area = area_of(n);
		if (area->addr == (uintptr_t)addr)
			break;
		n = (uintptr_t)addr < area->addr ? n->rb_left : n->rb_right;
	}
	spin_unlock(&vmap_lock);
	return n ? area : NULL;
}

/* ---- page tables ---- */

/* Make sure that there is a page table for @addr; false without memory. */
static bool have_table(unsigned long addr)
{
	struct page *table;

	if (likely(!pgd_none(*pgd_offset(&init_mm, addr))))
		return true;
	table = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!table)
		return false;
	if (pgd_none(*pgd_offset(&init_mm, addr)))
		pgd_populate_kernel(addr, table);
	else
		__free_page(table);
	return true;
}

static pte_t *kernel_pte(unsigned long addr)
{
	return pte_offset(pgd_offset(&init_mm, addr), addr);
}

static int map_entry(unsigned long addr, pte_t pte)
{
	if (!have_table(addr))
		return -ENOMEM;
	set_pte(kernel_pte(addr), pte);
	return 0;
}

/* Clear the area's entries, and free the pages that are its own. */
static void unmap_area(struct vm_struct *area)
{
	unsigned long addr, end = area->addr;
	bool owned = area->flags & VM_ALLOC;
	pte_t pte;

	end += (unsigned long)area->nr_pages << PAGE_SHIFT;
	/* They are freed after the flush: no CPU reaches a free page. */
	for (addr = area->addr; addr < end; addr += PAGE_SIZE) {
		pte = *kernel_pte(addr);
		set_pte(kernel_pte(addr), __pte(pte_val(pte) & ~_PAGE_PRESENT));
	}
	flush_tlb_kernel_range(area->addr, end);
	for (addr = area->addr; addr < end; addr += PAGE_SIZE) {
		pte = ptep_get_and_clear(kernel_pte(addr));
		if (!owned)
			continue;
		pte_page(pte)->index = 0;
		__free_page(pte_page(pte));
	}
	if (owned)
		mod_node_page_state(NR_VMALLOC, -(long)area->nr_pages);
	area->nr_pages = 0;
}

/**
 * vmalloc_to_page() - the page behind an address
 * @addr: within a mapped area
 *
 * Return: its page, or NULL where nothing is mapped.
 */
struct page *vmalloc_to_page(const void *addr)
{
	unsigned long a = (uintptr_t)addr;
	pte_t pte;

	if (!is_vmalloc_addr(addr) || pgd_none(*pgd_offset(&init_mm, a)))
		return NULL;
	pte = *kernel_pte(a);
	return pte_none(pte) ? NULL : pte_page(pte);
}

/* ---- areas ---- */

static struct vm_struct *new_area(unsigned long size, u32 flags,
				  const void *caller)
{
	struct vm_struct *area;

	size = PAGE_ALIGN(size);
	if (!size || size >= VMALLOC_END - VMALLOC_START)
		return NULL;
	area = kmem_cache_zalloc(vm_struct_cache, GFP_KERNEL);
	if (!area)
		return NULL;
	area->size = size + PAGE_SIZE;
	area->flags = flags;
	area->caller = caller;
	if (insert_area(area))
		return area;
	kmem_cache_free(vm_struct_cache, area);
	mm_log("vmap allocation for size %lu failed: use vmalloc=<size> to "
	       "increase size",
	       size + PAGE_SIZE);
	return NULL;
}

/**
 * free_vm_area() - unmap an area and give its addresses back
 * @area: from get_vm_area(); its pages are freed if they are its own
 *
 * Context: may not be an interrupt.
 */
void free_vm_area(struct vm_struct *area)
{
	unmap_area(area);
	remove_area(area);
	kmem_cache_free(vm_struct_cache, area);
}

/**
 * get_vm_area() - addresses without pages
 * @size: bytes, rounded up to pages; a guard page follows
 * @flags: VM_IOREMAP or VM_MAP
 *
 * Context: may sleep. Return: the area, or NULL.
 */
struct vm_struct *get_vm_area(unsigned long size, u32 flags)
{
	return new_area(size, flags, CALLER);
}

/**
 * ioremap_page_range() - put frames of a device into an area
 * @addr: where; within an area without pages
 * @end: past the last byte; both page-aligned
 * @phys: the first frame's address
 * @prot: PAGE_KERNEL_NOCACHE, mostly
 *
 * The area's nr_pages grows, so that free_vm_area() unmaps them. Context:
 * may sleep. Return: 0 or -ENOMEM, -EINVAL if @addr begins no area.
 */
int ioremap_page_range(unsigned long addr, unsigned long end, u64 phys,
		       pgprot_t prot)
{
	struct vm_struct *area = find_vm_area((void *)addr);
	unsigned long a, pfn = (unsigned long)(phys >> PAGE_SHIFT);

	if (!area || end > area_end(area) - PAGE_SIZE)
		return -EINVAL;
	area->phys_addr = phys;
	for (a = addr; a < end; a += PAGE_SIZE, pfn++) {
		if (map_entry(a, pte_mkspecial(pfn_pte(pfn, prot))))
			return -ENOMEM;
		area->nr_pages++;
	}
	flush_cache_vmap(addr, end);
	return 0;
}

/* Pages for all of the area but its guard. */
static bool fill_area(struct vm_struct *area, gfp_t gfp)
{
	unsigned long addr, end = area_end(area) - PAGE_SIZE;
	struct page *page;

	for (addr = area->addr; addr < end; addr += PAGE_SIZE) {
		page = alloc_page(gfp | __GFP_HIGHMEM);
		if (!page)
			break;
		if (map_entry(addr, mk_pte(page, PAGE_KERNEL))) {
			__free_page(page);
			break;
		}
		area->nr_pages++;
	}
	mod_node_page_state(NR_VMALLOC, (long)area->nr_pages);
	flush_cache_vmap(area->addr, addr);
	return addr == end;
}

static void *vmalloc_from(unsigned long size, gfp_t gfp, const void *caller)
{
	struct vm_struct *area;

	might_sleep();
	if (size > totalram_pages() << PAGE_SHIFT)
		return NULL;
	area = new_area(size, VM_ALLOC, caller);
	if (!area)
		return NULL;
	if (fill_area(area, gfp)) {
		vmalloc_to_page((char *)area->addr + size - 1)->index =
			size & ~PAGE_MASK;
		kmemleak_alloc((void *)area->addr, size, 1, gfp);
		return (void *)area->addr;
	}
	free_vm_area(area);
	return NULL;
}

/**
 * __vmalloc() - memory that is contiguous in addresses
 * @size: bytes, rounded up to pages
 * @gfp: GFP_* flags of its pages
 *
 * Context: may sleep. Return: the first byte, for vfree(); NULL: no memory
 * or no addresses.
 */
void *__vmalloc(unsigned long size, gfp_t gfp)
{
	return vmalloc_from(size, gfp, CALLER);
}

/** vmalloc() - __vmalloc(@size, GFP_KERNEL) */
void *vmalloc(unsigned long size)
{
	return vmalloc_from(size, GFP_KERNEL, CALLER);
}

/** vzalloc() - vmalloc() of zeroes */
void *vzalloc(unsigned long size)
{
	return vmalloc_from(size, GFP_KERNEL | __GFP_ZERO, CALLER);
}

/**
 * vmap() - show pages side by side
 * @pages: they stay the caller's
 * @count: how many
 * @flags: VM_MAP
 * @prot: PAGE_KERNEL, mostly
 *
 * Context: may sleep. Return: the first byte, for vunmap(), or NULL.
 */
void *vmap(struct page **pages, unsigned int count, unsigned long flags,
	   pgprot_t prot)
{
	struct vm_struct *area;
	unsigned long addr;

	if (count > totalram_pages())
		return NULL;
	area = new_area((unsigned long)count << PAGE_SHIFT,
			(u32)flags & ~VM_ALLOC, CALLER);
	if (!area)
		return NULL;
	for (addr = area->addr; area->nr_pages < count; addr += PAGE_SIZE) {
		if (map_entry(addr, mk_pte(pages[area->nr_pages], prot))) {
			free_vm_area(area);
			return NULL;
		}
		area->nr_pages++;
	}
	flush_cache_vmap(area->addr, addr);
	return (void *)area->addr;
}

static void free_area_at(const void *addr, bool owned)
{
	struct vm_struct *area;

	if (!addr)
		return;
	area = find_vm_area(addr);
	if (!area || !(area->flags & VM_ALLOC) == owned) {
		mm_report("bad-free", "%p does not begin a %s area", addr,
			  owned ? "vmalloc" : "vmap");
		return;
	}
	if (owned)
		kmemleak_free(addr);
	free_vm_area(area);
}

/**
 * vfree() - free vmalloc() memory; NULL is ignored. Context: not interrupts.
 */
void vfree(const void *addr)
{
	free_area_at(addr, true);
}

/** vunmap() - end vmap(); the pages are left alone. Context: as vfree(). */
void vunmap(const void *addr)
{
	free_area_at(addr, false);
}

/**
 * kvmalloc() - memory of any size, contiguous in frames only if that is easy
 * @size: bytes
 * @gfp: GFP_* flags
 *
 * Context: may sleep. Return: the first byte, for kvfree(), or NULL.
 */
void *kvmalloc(size_t size, gfp_t gfp)
{
	void *p;

	if (size <= PAGE_SIZE)
		return kmalloc(size, gfp);
	p = kmalloc(size, gfp | __GFP_NOWARN | __GFP_NORETRY);
	return p ? p : vmalloc_from(size, gfp, CALLER);
}

/** kvfree() - free what kvmalloc() returned; NULL is ignored. */
void kvfree(const void *addr)
{
	if (is_vmalloc_addr(addr))
		vfree(addr);
	else
		kfree((void *)addr);
}

/** vmalloc_init() - once, at boot, before the first area */
void vmalloc_init(void)
{
	vm_struct_cache =
		kmem_cache_create("vmap_area", sizeof(struct vm_struct), 0,
				  SLAB_PANIC | SLAB_NOLEAKTRACE, NULL);
}

/* ---- report ---- */

static void show_area(struct seq_file *m, const struct vm_struct *area)
{
	seq_printf(m, "0x%08lx-0x%08lx %7lu", area->addr, area_end(area),
		   area->size);
	if (area->caller && vmalloc_caller_name) {
		seq_putc(m, ' ');
		vmalloc_caller_name(m, area->caller);
	}
	if (area->flags & VM_IOREMAP)
		seq_printf(m, " phys=0x%08llx ioremap",
			   (unsigned long long)area->phys_addr);
	else if (area->nr_pages)
		seq_printf(m, " pages=%u", area->nr_pages);
	if (area->flags & VM_ALLOC)
		seq_puts(m, " vmalloc");
	if (area->flags & VM_MAP)
		seq_puts(m, " vmap");
	seq_putc(m, '\n');
}

/** show_vmallocinfo() - one line an area, by address, as Linux's */
void show_vmallocinfo(struct seq_file *m)
{
	struct rb_node *n;

	spin_lock(&vmap_lock);
	for (n = rb_first(&areas); n; n = rb_next(n))
		show_area(m, area_of(n));
	spin_unlock(&vmap_lock);
}
