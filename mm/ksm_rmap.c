/* SPDX-License-Identifier: MIT */
/*
 * Where a merged page is mapped: its places.
 *
 *   page->mapping ─→ node ── places ─→ (anon_vma, index) ─→ (anon_vma, index)
 *                                            │                    │
 *                                      areas, in forks      areas of others
 *                                      and moved ones, too
 *
 * An ordinary anonymous page has one such pair, in its own descriptor; a merged
 * one has as many as pages were merged that were not related. Whoever maps it
 * anew makes sure first that the pair is there. A fork and an area that moves
 * need nothing: the pair leads to them as to those of any page.
 *
 * A place stays while the scanner has an item for it, and after that until no
 * entry is found by it; it pins its anon_vma. The page's lock is held by who
 * adds a place and by who takes one away, so what was found stays until the
 * entry is there.
 *
 * Invariant: page->_mapcount = entries that all places lead to
 *
 * Locks: the page's, then anon_vma_lock for the list.
 */
#include <ashlar/atomic.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/slab.h>
#include <mach/spinlock.h>
#include "ksm.h"
#include "rmap.h"
#include "slab.h"
#include "vma.h"

static struct kmem_cache *place_cachep;

/** ksm_rmap_init() - at boot */
void ksm_rmap_init(void)
{
	place_cachep = kmem_cache_create("ksm_place", sizeof(struct ksm_place),
					 0, SLAB_PANIC, NULL);
}

/** ksm_place_alloc() - for ksm_add_place(); may sleep. NULL: no memory. */
struct ksm_place *ksm_place_alloc(void)
{
	return kmem_cache_alloc(place_cachep, GFP_KERNEL);
}

/** ksm_place_free() - one that was not needed, or NULL */
void ksm_place_free(struct ksm_place *place)
{
	if (place)
		kmem_cache_free(place_cachep, place);
}

/**
 * __ksm_add_place() - see that a merged page is found through @av
 * @index: page within @av
 * @spare: from ksm_place_alloc(); NULL afterwards if it was needed
 *
 * Context: the page's lock and anon_vma_lock. Return: the place.
 */
struct ksm_place *__ksm_add_place(struct ksm_stable_node *node,
				  struct anon_vma *av, unsigned long index,
				  struct ksm_place **spare)
{
	struct ksm_place *place;

	lockdep_assert_held(&anon_vma_lock);
	list_for_each_entry(place, &node->places, list)
		if (place->av == av && place->index == index)
			return place;
	place = *spare;
	*spare = NULL;
	place->av = av;
	place->index = index;
	place->items = 0;
	av->pins++;
	list_add(&place->list, &node->places);
	node->orphans = true;
	return place;
}

/** ksm_add_place() - __ksm_add_place() for @addr in @vma; the page's lock. */
struct ksm_place *ksm_add_place(struct ksm_stable_node *node,
				struct vm_area_struct *vma, unsigned long addr,
				struct ksm_place **spare)
{
	struct ksm_place *place;

	spin_lock(&anon_vma_lock);
	place = __ksm_add_place(node, vma->anon_vma,
				linear_page_index(vma, addr), spare);
	spin_unlock(&anon_vma_lock);
	return place;
}

/* The place goes to @gone; its anon_vma, too, if it is not needed any more. */
static void take_place(struct ksm_place *place, struct list_head *gone)
{
	list_move(&place->list, gone);
	if (!__anon_vma_unpin(place->av))
		place->av = NULL;
}

static void free_places(struct list_head *gone)
{
	struct ksm_place *place, *next;

	list_for_each_entry_safe(place, next, gone, list) {
		if (place->av)
			anon_vma_free(place->av);
		ksm_place_free(place);
	}
}

/**
 * ksm_prune_places() - places that have no item and find no entry go
 * @page: of @node; locked
 *
 * Context: the scanner's.
 */
void ksm_prune_places(struct ksm_stable_node *node, struct page *page)
{
	struct ksm_place *place, *next;
	LIST_HEAD(gone);

	spin_lock(&anon_vma_lock);
	node->orphans = false;
	list_for_each_entry_safe(place, next, &node->places, list) {
		if (place->items)
			continue;
		if (anon_vma_maps(place->av, place->index, page))
			node->orphans = true;
		else
			take_place(place, &gone);
	}
	spin_unlock(&anon_vma_lock);
	free_places(&gone);
}

/**
 * ksm_drop_places() - the page of @node is a merged one no more
 * @page: locked; or NULL: it is gone
 * @owner: to which all who map the page belong, with its page @index; NULL if
 *	   no entry maps it
 *
 * Context: the scanner's.
 */
void ksm_drop_places(struct ksm_stable_node *node, struct page *page,
		     struct anon_vma *owner, unsigned long index)
{
	struct ksm_place *place, *next;
	LIST_HEAD(gone);

	spin_lock(&anon_vma_lock);
	if (page) {
		page->index = index;
		page->mapping =
			owner ? (unsigned long)owner | PAGE_MAPPING_ANON : 0;
	}
	list_for_each_entry_safe(place, next, &node->places, list)
		take_place(place, &gone);
	spin_unlock(&anon_vma_lock);
	free_places(&gone);
}

/* The same of what is known of a merged page. */
static bool add_swapin_place(struct page *page, struct vm_area_struct *vma,
			     unsigned long addr)
{
	struct ksm_place *spare;

	if (!(vma->vm_flags & VM_MERGEABLE))
		return false;
	spare = ksm_place_alloc();
	if (!spare)
		return false;
	ksm_add_place(page_stable_node(page), vma, addr, &spare);
	ksm_place_free(spare);
	return true;
}

/**
 * ksm_swapin_place() - may an entry at @addr map a page of the swap cache?
 * @page: locked; pages that were merged share its slot
 *
 * Context: mmap_lock; may sleep. Return: true, and a walk will find the entry;
 * false: it wants a copy.
 */
bool ksm_swapin_place(struct page *page, struct vm_area_struct *vma,
		      unsigned long addr)
{
	if (PageKsm(page))
		return add_swapin_place(page, vma, addr);
	return !atomic_read(&page->_mapcount) ||
	       (page->mapping ==
			((unsigned long)vma->anon_vma | PAGE_MAPPING_ANON) &&
		page->index == linear_page_index(vma, addr));
}
