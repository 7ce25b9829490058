/* SPDX-License-Identifier: MIT */
/*
 * The way back: from a page to the page table entries that map it.
 *
 *   page->mapping ─→ address_space ── i_mmap ──→ area ⇄ area ⇄ …   file page
 *                 └→ anon_vma (| 1) ── head ───→ area ⇄ area ⇄ …   anonymous
 *
 *   address in an area = vm_start + ((page->index - vm_pgoff) << PAGE_SHIFT)
 *
 * Nothing is kept per mapping: an area says where a page of its object would
 * be, and the page table whether it is there. Anonymous memory has an object,
 * too: the anon_vma, made when the first page of an area is, and handed to
 * what is cut from the area and to its copies in forks. It lives as long as
 * there are areas on its list; a page that is mapped is in one of them.
 *
 * Invariants:
 *   page->_mapcount = entries that rmap_walk() finds
 *   an area with an anonymous page has an anon_vma
 *
 * Simpler than Linux: a family of forks shares one list, so a walk may visit
 * areas of relatives that cannot have the page; no tree of intervals.
 */
#include "vma.h"

static struct kmem_cache *anon_vma_cachep;

/** rmap_init - at boot. */
void rmap_init(void)
{
	anon_vma_cachep = kmem_cache_create("anon_vma", sizeof(struct anon_vma),
					    0, SLAB_PANIC, NULL);
}

/** anon_vma_link - @vma, that has none yet, may map pages of @av. */
void anon_vma_link(struct vm_area_struct *vma, struct anon_vma *av)
{
	vma->anon_vma = av;
	list_add(&vma->anon_node, &av->head);
}

/** anon_vma_unlink - the area maps no anonymous page any more. */
void anon_vma_unlink(struct vm_area_struct *vma)
{
	struct anon_vma *av = vma->anon_vma;

	if (!av)
		return;
	list_del(&vma->anon_node);
	if (list_empty(&av->head))
		kmem_cache_free(anon_vma_cachep, av);
	vma->anon_vma = NULL;
}

/* Would the two be one area, but for their access rights? */
static bool nearly_mergeable(const struct vm_area_struct *low,
			     const struct vm_area_struct *high)
{
	const u32 may_change = VM_ACCESS_FLAGS;

	return low && high && low->vm_end == high->vm_start &&
	       low->vm_file == high->vm_file &&
	       !((low->vm_flags ^ high->vm_flags) & ~may_change) &&
	       linear_page_index(low, high->vm_start) == high->vm_pgoff;
}

/* Has the area an anon_vma that is not inherited? */
static bool is_own(const struct vm_area_struct *vma)
{
	return vma->anon_vma && vma->anon_vma->mm == vma->vm_mm;
}

/**
 * __anon_vma_prepare - the slow part of anon_vma_prepare()
 *
 * A neighbour's is taken where a later mprotect could join the two areas.
 */
int __anon_vma_prepare(struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma->vm_prev, *next = vma->vm_next;
	struct anon_vma *av;

	if (nearly_mergeable(vma, next) && is_own(next)) {
		anon_vma_link(vma, next->anon_vma);
		return 0;
	}
	if (nearly_mergeable(prev, vma) && is_own(prev)) {
		anon_vma_link(vma, prev->anon_vma);
		return 0;
	}
	av = kmem_cache_alloc(anon_vma_cachep, GFP_KERNEL);
	if (!av)
		return -ENOMEM;
	if (vma->anon_vma) { /* somebody was faster while this one slept */
		kmem_cache_free(anon_vma_cachep, av);
		return 0;
	}
	INIT_LIST_HEAD(&av->head);
	av->mm = vma->vm_mm;
	anon_vma_link(vma, av);
	return 0;
}

/* Where @vma would map @page, or 0. */
static unsigned long vma_address(const struct page *page,
				 const struct vm_area_struct *vma)
{
	unsigned long offset = page->index - vma->vm_pgoff;

	if (page->index < vma->vm_pgoff || offset >= vma_pages(vma))
		return 0;
	return vma->vm_start + (offset << PAGE_SHIFT);
}

/* Whether the entry that would map @page does; then @fn's answer. */
static bool rmap_one(struct page *page, struct vm_area_struct *vma,
		     bool (*fn)(struct page *page, struct vm_area_struct *vma,
				unsigned long addr, void *arg),
		     void *arg)
{
	unsigned long addr = vma_address(page, vma);
	pte_t *pte = addr ? pte_lookup(vma->vm_mm, addr) : NULL;

	if (!pte || !pte_present(*pte) || pte_special(*pte) ||
	    pte_page(*pte) != page)
		return true;
	return fn(page, vma, addr, arg);
}

/**
 * rmap_walk - visit every mapping of a page
 * @page: that somebody has a reference to
 * @fn: called for each area and address; false ends the walk
 * @arg: passed on
 *
 * @fn may change the entry; it may not sleep, nor change areas.
 */
void rmap_walk(struct page *page,
	       bool (*fn)(struct page *page, struct vm_area_struct *vma,
			  unsigned long addr, void *arg),
	       void *arg)
{
	struct address_space *mapping;
	struct anon_vma *av;
	struct vm_area_struct *vma;

	if (!atomic_read(&page->_mapcount))
		return; /* ->mapping may be of the past */
	if (PageAnon(page)) {
		av = (struct anon_vma *)(page->mapping - PAGE_MAPPING_ANON);
		list_for_each_entry(vma, &av->head, anon_node)
			if (!rmap_one(page, vma, fn, arg))
				return;
		return;
	}
	mapping = (struct address_space *)page->mapping;
	list_for_each_entry(vma, &mapping->i_mmap, shared_node)
		if (!rmap_one(page, vma, fn, arg))
			return;
}
