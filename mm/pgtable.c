/* SPDX-License-Identifier: MIT */
/*
 * Page tables: where a space's pages are, page by page.
 *
 *   mm->pgd ──→ directory            table, 1024 entries
 *              ┌───────────┐        ┌──────────────────┐
 *      4 MB ── │     ──────┼──────→ │ none             │ never touched
 *              │ none      │        │ frame, read-only │ shared until written
 *              │    …      │        │ frame, writable  │ its owner's alone
 *              └───────────┘        │ special          │ no descriptor: zero
 *                                   └──────────────────┘ page, device frames
 *
 * Invariants:
 *   page->_refcount = entries that map it + cache and other holders
 *   rss_* = entries with a descriptor, by kind; nr_ptes = tables
 *   page->_mlock_count = entries with _PAGE_MLOCKED, which are those of locked
 *     areas, but for a moment when an area is being locked or no longer
 *   every table serves at least one area; it is all zeroes when freed, so
 *     tables go round through a short list without being cleared
 *
 * Locks: mm->page_table_lock around every change of an entry, of the directory
 * and of the counters above; see vma.h for the order. Under it nothing sleeps.
 * Tables come with that lock alone, but go only with mmap_lock for write: who
 * has mmap_lock may read an entry without the other lock, once.
 *
 * Entries are filled by fault.c, emptied by zap.c, copied by space.c (fork),
 * changed by mprotect.c and moved by mremap.c.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/gfp.h>
#include <ashlar/highmem.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pgtable.h>
#include <ashlar/shrinker.h>
#include <ashlar/vmstat.h>
#include <mach/page.h>
#include <mach/percpu.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "internal.h"
#include "lru.h"
#include "pgtable.h"
#include "vma.h"

unsigned long zero_pfn;

/* ---- frames of user memory ---- */

/**
 * alloc_user_page() - a frame for user memory, with one reference
 * @gfp: GFP_HIGHUSER_MOVABLE, or with __GFP_ZERO
 *
 * Context: may sleep. Return: the page, its contents unknown without
 * __GFP_ZERO; or NULL.
 */
struct page *alloc_user_page(gfp_t gfp)
{
	struct page *page = alloc_page(gfp & ~__GFP_ZERO);

	if (unlikely(!page))
		return NULL;
	/* A slab that lay here has left its bits. */
	page->mapping = 0;
	page->pflags = 0;
	atomic_set(&page->_mapcount, 0);
	atomic_set(&page->_mlock_count, 0);
	atomic_set(&page->_refcount, 1);
	if (gfp & __GFP_ZERO)
		clear_highpage(page);
	return page;
}

/* ---- tables ---- */

/* One CPU's tables that are all zeroes, linked through ->priv. */
struct pte_quicklist {
	struct page *first;
	unsigned long nr;
};

#define PTE_QUICKLIST_MAX 16

static DEFINE_PER_CPU(struct pte_quicklist, pte_quicklist);

static struct page *quicklist_pop(struct pte_quicklist *q)
{
	struct page *table = q->first;

	q->first = (struct page *)table->priv;
	q->nr--;
	table->priv = 0;
	return table;
}

/** pte_table_get() - a table of zeroes, or NULL. Context: may sleep. */
struct page *pte_table_get(void)
{
	struct pte_quicklist *q = this_cpu_ptr(pte_quicklist);
	struct page *table;

	might_sleep();
	if (likely(q->nr))
		return quicklist_pop(q);
	table = alloc_page(GFP_KERNEL);
	if (table)
		clear_page(page_address(table));
	return table;
}

/** pte_table_put() - @table, all zeroes, is used no more. */
void pte_table_put(struct page *table)
{
	struct pte_quicklist *q = this_cpu_ptr(pte_quicklist);

	if (q->nr >= PTE_QUICKLIST_MAX) {
		__free_page(table);
		return;
	}
	table->priv = (unsigned long)q->first;
	q->first = table;
	q->nr++;
}

static unsigned long quicklist_count(struct shrinker *s,
				     struct shrink_control *sc)
{
	(void)s;
	(void)sc;
	return this_cpu_ptr(pte_quicklist)->nr;
}

static unsigned long quicklist_free(unsigned long most)
{
	struct pte_quicklist *q = this_cpu_ptr(pte_quicklist);
	unsigned long freed = 0;

	for (; q->nr && freed < most; freed++)
		__free_page(quicklist_pop(q));
	return freed;
}

static unsigned long quicklist_scan(struct shrinker *s,
				    struct shrink_control *sc)
{
	(void)s;
	return quicklist_free(sc->nr_to_scan);
}

static void quicklist_drain(void)
{
	quicklist_free(PTE_QUICKLIST_MAX);
}

static struct shrinker pte_quicklist_shrinker = {
	.count_objects = quicklist_count,
	.scan_objects = quicklist_scan,
	.seeks = DEFAULT_SEEKS,
};

/** pgtable_init() - at boot: the zero page. */
void pgtable_init(void)
{
	struct page *zero = alloc_page(GFP_KERNEL);

	if (!zero)
		mm_panic("no memory for the zero page");
	clear_page(page_address(zero));
	atomic_set(&zero->_refcount, 1);
	zero->pflags = PG_uptodate;
	zero_pfn = page_to_pfn(zero);
	register_shrinker(&pte_quicklist_shrinker, "pte-quicklist");
	mm_cpu_drain_tables = quicklist_drain;
}

/** __pte_alloc() - pte_alloc() where there is no table yet. */
pte_t *__pte_alloc(struct mm_struct *mm, pgd_t *pgd, unsigned long addr)
{
	struct page *table = pte_table_get();

	if (!table)
		return NULL;
	spin_lock(&mm->page_table_lock);
	if (likely(pgd_none(*pgd))) {
		pgd_populate(pgd, table);
		mm->nr_ptes++;
		inc_node_page_state(NR_PAGETABLE);
		table = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	if (unlikely(table)) /* another thread was faster */
		pte_table_put(table);
	return pte_entry(pgd, addr);
}

/**
 * pte_table_detach() - take a table out; it may be used again after a flush.
 */
struct page *pte_table_detach(struct mm_struct *mm, pgd_t *pgd)
{
	struct page *table;

	spin_lock(&mm->page_table_lock);
	table = pgd_page(*pgd);
	pgd_clear(pgd);
	mm->nr_ptes--;
	spin_unlock(&mm->page_table_lock);
	dec_node_page_state(NR_PAGETABLE);
	return table;
}

/**
 * free_pgtables() - give back the tables that only [start, end) needed
 * @floor: end of the area before, or 0
 * @ceiling: start of the area after, or TASK_SIZE
 *
 * The range has been zapped and is no longer of any area. Context: mmap_lock
 * for write.
 */
void free_pgtables(struct mm_struct *mm, unsigned long start, unsigned long end,
		   unsigned long floor, unsigned long ceiling)
{
	unsigned long addr = start & PGDIR_MASK;
	struct page *table;
	pgd_t *pgd;

	if (addr < floor)
		addr += PGDIR_SIZE;
	for (; addr < end && ceiling - addr >= PGDIR_SIZE; addr += PGDIR_SIZE) {
		pgd = pgd_offset(mm, addr);
		if (pgd_none(*pgd))
			continue;
		table = pte_table_detach(mm, pgd);
		flush_tlb_page(mm, addr);
		pte_table_put(table);
	}
}

/* ---- locked pages ---- */

/* An entry of a locked area more maps the page. */
static void mlock_page(struct page *page)
{
	if (atomic_add_return(1, &page->_mlock_count) != 1)
		return;
	mod_node_page_state(NR_MLOCK, thp_nr_pages(page));
	count_vm_event(UNEVICTABLE_PGMLOCKED);
	lru_set_unevictable(page);
}

/** __munlock_page() - the last entry of a locked area maps the page no more. */
__cold_path void __munlock_page(struct page *page)
{
	mod_node_page_state(NR_MLOCK, -thp_nr_pages(page));
	count_vm_event(UNEVICTABLE_PGMUNLOCKED);
	lru_set_evictable(page);
}

/**
 * mlock_ptes() - what entries map is locked now, or no longer
 *
 * Context: page_table_lock.
 */
__cold_path void mlock_ptes(pte_t *pte, pte_t *last, bool lock)
{
	pte_t entry;

	for (; pte < last; pte++) {
		entry = *pte;
		if (!pte_present(entry) || pte_special(entry) ||
		    pte_mlocked(entry) == lock)
			continue;
		if (lock) {
			mlock_page(pte_page(entry));
			ptep_modify(pte, entry, pte_mkmlocked(entry));
		} else {
			munlock_page(pte_page(entry));
			ptep_modify(pte, entry, pte_clear_mlocked(entry));
		}
	}
}

/* The same of a huge page, if the range has all of it. */
static bool mlock_huge_page(struct mm_struct *mm, unsigned long addr,
			    unsigned long end, bool lock)
{
	pgd_t *pgd = pgd_offset(mm, addr);
	bool done;

	if (likely(!pgd_huge(*pgd)) || end - addr != HPAGE_PMD_SIZE)
		return false;
	spin_lock(&anon_vma_lock); /* it is not being split */
	spin_lock(&mm->page_table_lock);
	done = pgd_huge(*pgd);
	if (done)
		mlock_ptes((pte_t *)pgd, (pte_t *)pgd + 1, lock);
	spin_unlock(&mm->page_table_lock);
	spin_unlock(&anon_vma_lock);
	return done;
}

/** mlock_vma_pages() - pages that are there are locked now, or no longer. */
void mlock_vma_pages(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end, bool lock)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr, next;
	pte_t *pte;

	for (addr = start; addr < end; addr = next) {
		next = pgd_addr_end(addr, end);
		if (mlock_huge_page(mm, addr, next, lock))
			continue;
		pte = pte_range_lock(mm, addr, end, &next);
		if (!pte)
			continue;
		mlock_ptes(pte, pte + ((next - addr) >> PAGE_SHIFT), lock);
		spin_unlock(&mm->page_table_lock);
	}
}

/* ---- device frames ---- */

/**
 * remap_pfn_range() - map frames that have no descriptors
 * @addr: in an area that a file's ->mmap() is setting up
 * @size: bytes, whole pages
 *
 * Return: 0; -EINVAL for a private area that may be written, since there is
 * no copying of such frames; or -ENOMEM.
 */
int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr,
		    unsigned long pfn, unsigned long size)
{
	unsigned long end = addr + PAGE_ALIGN(size);
	struct mm_struct *mm = vma->vm_mm;
	pte_t *pte;

	if (is_cow_mapping(vma->vm_flags) && (vma->vm_flags & VM_WRITE))
		return -EINVAL;
	vma->vm_flags |= VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
	for (; addr < end; addr += PAGE_SIZE, pfn++) {
		pte = pte_alloc(mm, addr);
		if (!pte)
			return -ENOMEM;
		spin_lock(&mm->page_table_lock);
		set_pte(pte, pte_mkspecial(pfn_pte(pfn, vma->vm_page_prot)));
		spin_unlock(&mm->page_table_lock);
	}
	return 0;
}
