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
 * A merged page has several such objects: mm/ksm_rmap.c.
 *
 * An area that is cut, joined, or copied by a fork is in the list before
 * entries are its own, and each list is walked in the order in which areas
 * joined it: a fork's or mremap's new area is passed after the old one. So a
 * walk finds every entry, some maybe twice while areas are being joined.
 *
 * With that, who reclaims asks whether a page was used (page_referenced), and
 * takes it from all who map it (pageout.c).
 *
 * Invariants:
 *   page->_mapcount = entries that rmap_walk() finds
 *   an area with an anonymous page has an anon_vma
 *
 * Locks: i_mmap_lock for a file's list; anon_vma_lock for the others, and for
 * vma->anon_vma, which is set once while faults go on. Both outside of
 * page_table_lock; see vma.h. Whoever sees under anon_vma_lock that an
 * anonymous page is mapped knows that its anon_vma is there.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rmap.h>
#include <ashlar/slab.h>
#include <ashlar/swapops.h>
#include <ashlar/vmstat.h>
#include <mach/spinlock.h>
#include "ksm.h"
#include "migrate.h"
#include "pgtable.h"
#include "rmap.h"
#include "slab.h"
#include "vma.h"

spinlock_t anon_vma_lock = SPIN_LOCK_UNLOCKED;

static struct kmem_cache *anon_vma_cachep;

/** rmap_init() - at boot. */
void rmap_init(void)
{
	anon_vma_cachep = kmem_cache_create("anon_vma", sizeof(struct anon_vma),
					    0, SLAB_PANIC, NULL);
}

static void __anon_vma_link(struct vm_area_struct *vma, struct anon_vma *av)
{
	lockdep_assert_held(&anon_vma_lock);
	list_add_tail(&vma->anon_node, &av->head);
	WRITE_ONCE(vma->anon_vma, av);
}

/**
 * anon_vma_link() - @vma, that has none yet, may map pages of @av
 *
 * Context: mmap_lock for write; @av is that of another area, which stays.
 */
void anon_vma_link(struct vm_area_struct *vma, struct anon_vma *av)
{
	spin_lock(&anon_vma_lock);
	__anon_vma_link(vma, av);
	spin_unlock(&anon_vma_lock);
}

/** anon_vma_unlink() - the area maps no anonymous page any more. */
void anon_vma_unlink(struct vm_area_struct *vma)
{
	struct anon_vma *av = vma->anon_vma;
	bool last;

	if (!av)
		return;
	spin_lock(&anon_vma_lock);
	list_del(&vma->anon_node);
	last = list_empty(&av->head) && !av->pins;
	vma->anon_vma = NULL;
	spin_unlock(&anon_vma_lock);
	if (last)
		kmem_cache_free(anon_vma_cachep, av);
}

/**
 * anon_vma_pin() - the areas that may map @page are to be looked for again
 *
 * Meanwhile the last of them may go. Return: for anon_vma_unpin(), or NULL if
 * no entry maps the page.
 */
struct anon_vma *anon_vma_pin(const struct page *page)
{
	struct anon_vma *av = NULL;

	spin_lock(&anon_vma_lock);
	if (atomic_read(&page->_mapcount)) {
		av = (struct anon_vma *)(page->mapping - PAGE_MAPPING_ANON);
		av->pins++;
	}
	spin_unlock(&anon_vma_lock);
	return av;
}

/**
 * __anon_vma_unpin() - one pin less; anon_vma_lock
 *
 * Return: true: it is the caller's to free, without the lock.
 */
bool __anon_vma_unpin(struct anon_vma *av)
{
	lockdep_assert_held(&anon_vma_lock);
	return !--av->pins && list_empty(&av->head);
}

/** anon_vma_free() - without areas and pins */
void anon_vma_free(struct anon_vma *av)
{
	kmem_cache_free(anon_vma_cachep, av);
}

/** anon_vma_unpin() - the end of what anon_vma_pin() began; takes its lock. */
void anon_vma_unpin(struct anon_vma *av)
{
	bool last;

	spin_lock(&anon_vma_lock);
	last = __anon_vma_unpin(av);
	spin_unlock(&anon_vma_lock);
	if (last)
		anon_vma_free(av);
}

/* True if the two would be one area, but for their access rights. */
static bool nearly_mergeable(const struct vm_area_struct *low,
			     const struct vm_area_struct *high)
{
	const u32 may_change = VM_ACCESS_FLAGS;

	return low && high && low->vm_end == high->vm_start &&
	       low->vm_file == high->vm_file &&
	       !((low->vm_flags ^ high->vm_flags) & ~may_change) &&
	       linear_page_index(low, high->vm_start) == high->vm_pgoff;
}

/* True if the area has an anon_vma that is not inherited. */
static bool is_own(const struct vm_area_struct *vma)
{
	return vma->anon_vma && vma->anon_vma->mm == vma->vm_mm;
}

/* The anon_vma of a neighbour that a later mprotect could join, or NULL. */
static struct anon_vma *reusable_anon_vma(const struct vm_area_struct *vma)
{
	const struct vm_area_struct *prev = vma->vm_prev, *next = vma->vm_next;

	if (nearly_mergeable(vma, next) && is_own(next))
		return next->anon_vma;
	if (nearly_mergeable(prev, vma) && is_own(prev))
		return prev->anon_vma;
	return NULL;
}

/* Give @vma a neighbour's anon_vma, or *@new. Return: true if it has one. */
static bool anon_vma_assign(struct vm_area_struct *vma, struct anon_vma **new)
{
	struct anon_vma *av;

	spin_lock(&anon_vma_lock);
	if (likely(!vma->anon_vma)) { /* no other thread was faster */
		av = reusable_anon_vma(vma);
		if (!av) {
			av = *new;
			*new = NULL;
		}
		if (av)
			__anon_vma_link(vma, av);
	}
	spin_unlock(&anon_vma_lock);
	return vma->anon_vma;
}

/**
 * __anon_vma_prepare() - the slow part of anon_vma_prepare()
 *
 * A neighbour's is taken where a later mprotect could join the two areas.
 * Context: mmap_lock, for read will do; may sleep.
 */
int __anon_vma_prepare(struct vm_area_struct *vma)
{
	struct anon_vma *av = NULL;

	if (anon_vma_assign(vma, &av))
		return 0;
	av = kmem_cache_alloc(anon_vma_cachep, GFP_KERNEL);
	if (!av)
		return -ENOMEM;
	INIT_LIST_HEAD(&av->head);
	av->mm = vma->vm_mm;
	av->pins = 0;
	anon_vma_assign(vma, &av);
	if (unlikely(av))
		kmem_cache_free(anon_vma_cachep, av);
	return 0;
}

/* Where @vma would map page @index of its object, or 0. */
static inline unsigned long index_address(unsigned long index,
					  const struct vm_area_struct *vma)
{
	unsigned long offset = index - vma->vm_pgoff;

	if (index < vma->vm_pgoff || offset >= vma_pages(vma))
		return 0;
	return vma->vm_start + (offset << PAGE_SHIFT);
}

/** vma_address() - where @vma would map @page, or 0 */
unsigned long vma_address(const struct page *page,
			  const struct vm_area_struct *vma)
{
	return index_address(page->index, vma);
}

/* What a walk is looking for. */
struct rmap_walk {
	struct page *page;
	bool moving; /* migration entries, and else what maps the page */
	rmap_fn *fn;
	void *arg;
};

/* True if that is an entry the walk looks for. */
static inline bool is_looked_for(const struct rmap_walk *w, pte_t entry)
{
	if (unlikely(w->moving))
		return is_migration_pte(entry) &&
		       migration_entry_to_page(pte_to_swp_entry(entry)) ==
			       w->page;
	return pte_present(entry) && !pte_special(entry) &&
	       pte_page(entry) == w->page;
}

/* Call the walk's function if @vma maps the page. False ends the walk. */
static bool rmap_one(const struct rmap_walk *w, struct vm_area_struct *vma,
		     unsigned long index)
{
	unsigned long addr = index_address(index, vma);
	struct mm_struct *mm = vma->vm_mm;
	bool more = true;
	pte_t *pte;

	if (!addr)
		return true;
	spin_lock(&mm->page_table_lock);
	pte = pte_lookup(mm, addr);
	if (pte && is_looked_for(w, *pte))
		more = w->fn(w->page, vma, addr, w->arg);
	spin_unlock(&mm->page_table_lock);
	return more;
}

/* All areas of @av. False ends the walk. anon_vma_lock. */
static bool rmap_walk_areas(const struct rmap_walk *w, struct anon_vma *av,
			    unsigned long index)
{
	struct vm_area_struct *vma;

	list_for_each_entry(vma, &av->head, anon_node)
		if (!rmap_one(w, vma, index))
			return false;
	return true;
}

static void rmap_walk_ksm(const struct rmap_walk *w)
{
	const struct ksm_stable_node *node = page_stable_node(w->page);
	const struct ksm_place *place;

	list_for_each_entry(place, &node->places, list)
		if (!rmap_walk_areas(w, place->av, place->index))
			break;
}

static void rmap_walk_anon(const struct rmap_walk *w)
{
	const struct page *page = w->page;
	struct anon_vma *av;

	spin_lock(&anon_vma_lock);
	/* Without entries ->mapping is of the past, but where it is pinned. */
	if (w->moving || atomic_read(&page->_mapcount)) {
		av = (struct anon_vma *)(page->mapping - PAGE_MAPPING_ANON);
		if (unlikely(PageKsm(page)))
			rmap_walk_ksm(w);
		else
			rmap_walk_areas(w, av, page->index);
	}
	spin_unlock(&anon_vma_lock);
}

static void rmap_walk_file(const struct rmap_walk *w,
			   struct address_space *mapping)
{
	struct vm_area_struct *vma;

	spin_lock(&mapping->i_mmap_lock);
	list_for_each_entry(vma, &mapping->i_mmap, shared_node)
		if (!rmap_one(w, vma, w->page->index))
			break;
	spin_unlock(&mapping->i_mmap_lock);
}

static void __rmap_walk(const struct rmap_walk *w)
{
	unsigned long mapping = READ_ONCE(w->page->mapping);

	if (mapping & PAGE_MAPPING_ANON)
		rmap_walk_anon(w);
	else if (mapping)
		rmap_walk_file(w, (struct address_space *)mapping);
}

static bool end_walk(struct page *page, struct vm_area_struct *vma,
		     unsigned long addr, void *found)
{
	(void)page;
	(void)vma;
	(void)addr;
	*(bool *)found = true;
	return false;
}

/**
 * anon_vma_maps() - is @page mapped as page @index of the areas of @av?
 *
 * Context: anon_vma_lock.
 */
bool anon_vma_maps(struct anon_vma *av, unsigned long index, struct page *page)
{
	bool found = false;
	const struct rmap_walk w = { page, false, end_walk, &found };

	rmap_walk_areas(&w, av, index);
	return found;
}

/**
 * rmap_walk() - visit every mapping of a page
 * @page: that somebody has a reference to; if a file's, to the file as well
 * @fn: called for each area and address; false ends the walk
 * @arg: passed on
 *
 * @fn has the space's page_table_lock and may change the entry, but may not
 * take that of a huge page away; it may not sleep, nor change areas. A page
 * that has been truncated has no mappings but those that are on their way out,
 * and is not looked for. Context: takes i_mmap_lock or anon_vma_lock; does not
 * sleep.
 */
void rmap_walk(struct page *page, rmap_fn *fn, void *arg)
{
	const struct rmap_walk w = { page, false, fn, arg };

	__rmap_walk(&w);
}

/**
 * rmap_walk_moving() - visit every migration entry of a page
 * @page: locked, and its anon_vma pinned
 * @fn: as of rmap_walk()
 * @arg: passed on
 *
 * Context: takes i_mmap_lock or anon_vma_lock; does not sleep.
 */
void rmap_walk_moving(struct page *page, rmap_fn *fn, void *arg)
{
	const struct rmap_walk w = { page, true, fn, arg };

	__rmap_walk(&w);
}

/**
 * page_remove_rmap() - an entry of @mm maps the page no more
 *
 * Context: page_table_lock; the entry has been replaced and flushed.
 */
void page_remove_rmap(struct mm_struct *mm, struct page *page)
{
	bool last = atomic_dec_and_test(&page->_mapcount);

	if (PageAnon(page)) {
		mm->rss_anon--;
		if (last)
			dec_node_page_state(NR_ANON_MAPPED);
		return;
	}
	if (page->pflags & PG_swapbacked)
		mm->rss_shmem--;
	else
		mm->rss_file--;
	if (last)
		dec_node_page_state(NR_FILE_MAPPED);
}

/* ---- for who reclaims ---- */

static bool clear_young(struct page *page, struct vm_area_struct *vma,
			unsigned long addr, void *arg)
{
	pte_t *pte = pte_lookup(vma->vm_mm, addr);
	struct references *r = arg;
	pte_t entry = *pte;

	(void)page;
	r->dirty |= pte_dirty(entry);
	if (!pte_young(entry))
		return true;
	ptep_modify(pte, entry, pte_mkold(entry));
	if (vma->vm_flags & VM_SEQ_READ) /* it will not come back */
		return true;
	r->nr++;
	r->vm_flags |= vma->vm_flags;
	return true;
}

/**
 * page_referenced() - whether a page was used, by those who map it
 * @page: that the caller has a reference to; a file's is locked
 * @r: receives what is known
 *
 * Each is asked since it was asked last: what a processor still remembers of
 * an entry it does not note again, so a use may be missed. Context: as
 * rmap_walk().
 */
void page_referenced(struct page *page, struct references *r)
{
	*r = (struct references){ 0 };
	if (atomic_read(&page->_mapcount))
		rmap_walk(page, clear_young, r);
}
