/* SPDX-License-Identifier: MIT */
/*
 * Page tables: how what an area promises becomes true, page by page.
 *
 *   mm->pgd ──→ directory            table, 1024 entries
 *              ┌───────────┐        ┌──────────────────┐
 *      4 MB ── │     ──────┼──────→ │ none             │ never touched
 *              │ none      │        │ frame, read-only │ shared until written
 *              │    …      │        │ frame, writable  │ its owner's alone
 *              └───────────┘        │ special          │ no descriptor: zero
 *                                   └──────────────────┘ page, device frames
 *
 * A fault is one of
 *   first read of anonymous memory    the zero page, read-only
 *   first write                       a cleared frame
 *   first read, or any of shared      the file's pages around it that are
 *                                     cached; else the one page, read in
 *   first write of a private file     a copy of the file's page
 *   write to a read-only entry        a copy, or, where nobody else has the
 *                                     page, the same page made writable
 *
 * An anonymous page with PG_anon_exclusive belongs to one entry; fork takes
 * the flag away. Without it a write looks whether it holds the only reference
 * and, if so, puts the flag back instead of copying.
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
 * and of the counters above; see vma.h for the order. Under it nothing sleeps,
 * so a fault first gets what it needs (a table, a page, its contents), and
 * then looks again whether the entry is still as it was. Tables come with that
 * lock alone, but go only with mmap_lock for write: who has mmap_lock may read
 * an entry without the other lock, once.
 *
 * A file's page that is truncated leaves the cache first (->mapping = 0), and
 * is unmapped then. A fault that got it in between looks at ->mapping under
 * the lock: either the fault comes first and the page is unmapped again, or
 * it sees that the page is gone.
 *
 * Frames go back to the buddy system after the TLB has forgotten them, in
 * batches (mmu_gather).
 *
 * Simpler than Linux: two levels, no huge pages, no table shared or swapped;
 * one lock for all tables of a space.
 */
#include <ashlar/highmem.h>
#include <ashlar/shrinker.h>
#include <ashlar/string.h>
#include <ashlar/userfaultfd.h>
#include <mach/tlb.h>
#include "internal.h"
#include "vma.h"

#define FAULT_AROUND 16ul /* pages of a file mapped by one fault */
#define GATHER_PAGES 60

unsigned long zero_pfn;

/* ---- frames of user memory ---- */

/**
 * alloc_user_page - a frame for user memory, with one reference
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
	atomic_set(&page->_refcount, 1);
	if (gfp & __GFP_ZERO)
		clear_highpage(page);
	return page;
}

/* Does the entry's page belong to this entry alone? */
static inline bool is_exclusive(pte_t entry)
{
	const struct page *page = pte_page(entry);

	return !pte_special(entry) && PageAnon(page) &&
	       (page->pflags & PG_anon_exclusive);
}

/* One entry of a locked area more, or less, has the page. */
static void mlock_page(struct page *page)
{
	if (atomic_add_return(1, &page->_mlock_count) == 1)
		inc_node_page_state(NR_MLOCK);
}

static void munlock_page(struct page *page)
{
	if (atomic_dec_and_test(&page->_mlock_count))
		dec_node_page_state(NR_MLOCK);
}

/** __put_page - free a frame whose last reference went. */
void __put_page(struct page *page)
{
	page->mapping = 0;
	page->index = 0;
	page->pflags = 0;
	__free_page(page);
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

static struct page *pte_table_get(void)
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

static void pte_table_put(struct page *table)
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

/** memory_init - at boot: the zero page. */
void memory_init(void)
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

static pte_t *__pte_alloc(struct mm_struct *mm, pgd_t *pgd, unsigned long addr)
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
	if (unlikely(table)) /* somebody was faster */
		pte_table_put(table);
	return pte_offset(pgd, addr);
}

/*
 * The entry of @addr, in a new table if need be; NULL without memory. May
 * sleep; takes page_table_lock.
 */
static inline pte_t *pte_alloc(struct mm_struct *mm, unsigned long addr)
{
	pgd_t *pgd = pgd_offset(mm, addr);

	if (likely(!pgd_none(*pgd)))
		return pte_offset(pgd, addr);
	return __pte_alloc(mm, pgd, addr);
}

/* Take a table out of the directory; it may be used again after a flush. */
static struct page *pte_table_detach(struct mm_struct *mm, pgd_t *pgd)
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
 * free_pgtables - give back the tables that only [start, end) needed
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

/* ---- taking pages away ---- */

/* What is being unmapped: frames to free and counts to settle, in batches. */
struct mmu_gather {
	struct mm_struct *mm;
	unsigned long start, end; /* addresses to be flushed */
	bool cleared; /* an entry since the last flush */
	bool exiting; /* flushed once, at the end */
	bool keep_cows; /* leave private copies alone */
	long anon, file, shmem; /* entries that went, by kind */
	long anon_unmapped, file_unmapped; /* pages that nobody maps now */
	unsigned int nr;
	struct page *pages[GATHER_PAGES];
};

static void tlb_gather_mmu(struct mmu_gather *tlb, struct mm_struct *mm,
			   unsigned long start, unsigned long end)
{
	tlb->mm = mm;
	tlb->start = start;
	tlb->end = end;
	tlb->cleared = false;
	tlb->exiting = false;
	tlb->keep_cows = false;
	tlb->anon = tlb->file = tlb->shmem = 0;
	tlb->anon_unmapped = tlb->file_unmapped = 0;
	tlb->nr = 0;
}

static void tlb_flush_mmu(struct mmu_gather *tlb)
{
	struct page **p = tlb->pages, **end = p + tlb->nr;

	if (tlb->cleared && !tlb->exiting)
		flush_tlb_range(tlb->mm, tlb->start, tlb->end);
	tlb->cleared = false;
	for (; p < end; p++)
		put_page(*p);
	tlb->nr = 0;
}

static void tlb_finish_mmu(struct mmu_gather *tlb)
{
	struct mm_struct *mm = tlb->mm;

	tlb_flush_mmu(tlb);
	if (!(tlb->anon | tlb->file | tlb->shmem))
		return;
	spin_lock(&mm->page_table_lock);
	mm->hiwater_rss = max(mm->hiwater_rss, get_mm_rss(mm));
	mm->rss_anon -= tlb->anon;
	mm->rss_file -= tlb->file;
	mm->rss_shmem -= tlb->shmem;
	spin_unlock(&mm->page_table_lock);
	mod_node_page_state(NR_ANON_MAPPED, -tlb->anon_unmapped);
	mod_node_page_state(NR_FILE_MAPPED, -tlb->file_unmapped);
}

static inline void zap_file_page(struct mmu_gather *tlb, struct page *page,
				 pte_t entry)
{
	if (pte_dirty(entry))
		set_page_flags(page, PG_dirty);
	if (page->pflags & PG_swapbacked)
		tlb->shmem++;
	else
		tlb->file++;
	if (atomic_dec_and_test(&page->_mapcount))
		tlb->file_unmapped++;
}

/* Until @last, or the batch is full: where it ended. page_table_lock. */
static pte_t *zap_ptes(struct mmu_gather *tlb, pte_t *pte, pte_t *last)
{
	struct page *page;
	pte_t entry;

	lockdep_assert_held(&tlb->mm->page_table_lock);
	for (; pte < last; pte++) {
		entry = *pte;
		if (pte_none(entry))
			continue;
		if (unlikely(pte_special(entry))) {
			pte_clear(pte);
			tlb->cleared = true;
			continue;
		}
		page = pte_page(entry);
		if (unlikely(tlb->keep_cows) && PageAnon(page))
			continue;
		entry = ptep_get_and_clear(pte);
		if (unlikely(pte_mlocked(entry)))
			munlock_page(page);
		if (PageAnon(page)) {
			tlb->anon++;
			if (atomic_dec_and_test(&page->_mapcount))
				tlb->anon_unmapped++;
		} else {
			zap_file_page(tlb, page, entry);
		}
		tlb->cleared = true;
		tlb->pages[tlb->nr++] = page;
		if (unlikely(tlb->nr == GATHER_PAGES))
			return pte + 1;
	}
	return pte;
}

static void zap_range(struct mmu_gather *tlb, unsigned long addr,
		      unsigned long end)
{
	struct mm_struct *mm = tlb->mm;
	unsigned long next;
	pte_t *pte, *past;

	for (; addr < end; addr = next) {
		pte = pte_range_lock(mm, addr, end, &next);
		if (!pte)
			continue;
		past = zap_ptes(tlb, pte, pte + ((next - addr) >> PAGE_SHIFT));
		spin_unlock(&mm->page_table_lock);
		next = addr + ((unsigned long)(past - pte) << PAGE_SHIFT);
		if (unlikely(tlb->nr == GATHER_PAGES))
			tlb_flush_mmu(tlb);
	}
}

/* What is there is locked now, or no longer. page_table_lock. */
static __cold_path void mlock_ptes(pte_t *pte, pte_t *last, bool lock)
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

/** mlock_vma_pages - pages that are there are locked now, or no longer. */
void mlock_vma_pages(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end, bool lock)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr, next;
	pte_t *pte;

	for (addr = start; addr < end; addr = next) {
		pte = pte_range_lock(mm, addr, end, &next);
		if (!pte)
			continue;
		mlock_ptes(pte, pte + ((next - addr) >> PAGE_SHIFT), lock);
		spin_unlock(&mm->page_table_lock);
	}
}

/**
 * zap_page_range - unmap the pages of a part of an area
 *
 * The area stays. Context: mmap_lock; does not sleep.
 */
void zap_page_range(struct vm_area_struct *vma, unsigned long start,
		    unsigned long end)
{
	struct mmu_gather tlb;

	tlb_gather_mmu(&tlb, vma->vm_mm, start, end);
	zap_range(&tlb, start, end);
	tlb_finish_mmu(&tlb);
}

/**
 * zap_address_space - unmap everything and give the tables back
 *
 * Nobody runs in the space any more, so the TLB need forget it only once, and
 * frames may be freed before.
 */
void zap_address_space(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	struct mmu_gather tlb;
	unsigned long addr = 0;

	tlb_gather_mmu(&tlb, mm, 0, TASK_SIZE);
	tlb.exiting = true;
	for (vma = mm->mmap; vma; vma = vma->vm_next)
		zap_range(&tlb, vma->vm_start, vma->vm_end);
	tlb_finish_mmu(&tlb);
	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		addr = max(addr, vma->vm_start & PGDIR_MASK);
		for (; addr < vma->vm_end; addr += PGDIR_SIZE)
			if (!pgd_none(*pgd_offset(mm, addr)))
				pte_table_put(pte_table_detach(
					mm, pgd_offset(mm, addr)));
	}
	flush_tlb_mm(mm);
}

/**
 * unmap_mapping_range - unmap a file's pages wherever they are mapped
 * @first: page of the file
 * @nr: pages; ~0ul: all from @first on
 * @even_cows: private copies as well
 *
 * Pages that leave the file have left its cache before: see above. Context:
 * takes i_mmap_lock; does not sleep.
 */
void unmap_mapping_range(struct address_space *m, unsigned long first,
			 unsigned long nr, bool even_cows)
{
	unsigned long past = first + nr < first ? ~0ul : first + nr;
	unsigned long from, to;
	struct vm_area_struct *vma;
	struct mmu_gather tlb;

	spin_lock(&m->i_mmap_lock);
	list_for_each_entry(vma, &m->i_mmap, shared_node) {
		from = max(first, vma->vm_pgoff);
		to = min(past, vma->vm_pgoff + vma_pages(vma));
		if (from >= to)
			continue;
		from = vma->vm_start + ((from - vma->vm_pgoff) << PAGE_SHIFT);
		to = vma->vm_start + ((to - vma->vm_pgoff) << PAGE_SHIFT);
		tlb_gather_mmu(&tlb, vma->vm_mm, from, to);
		tlb.keep_cows = !even_cows;
		zap_range(&tlb, from, to);
		tlb_finish_mmu(&tlb);
	}
	spin_unlock(&m->i_mmap_lock);
}

static void free_entry_lazily(pte_t *pte)
{
	struct page *page = pte_page(*pte);

	if (atomic_read(&page->_mapcount) != 1)
		return;
	clear_page_flags(page, PG_swapbacked);
	set_pte(pte, pte_mkold(pte_mkclean(ptep_get_and_clear(pte))));
	count_vm_event(PGLAZYFREE);
}

/**
 * free_lazily - MADV_FREE: pages may be taken when memory is short
 *
 * They look like pages that nobody wrote to, and have no place to go: whoever
 * reclaims memory may drop one until it is written to again.
 */
void free_lazily(struct vm_area_struct *vma, unsigned long start,
		 unsigned long end)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr, next;
	pte_t *pte;

	for (addr = start; addr < end; addr = next) {
		pte = pte_range_lock(mm, addr, end, &next);
		if (!pte)
			continue;
		for (; addr < next; addr += PAGE_SIZE, pte++)
			if (pte_present(*pte) && !pte_special(*pte))
				free_entry_lazily(pte);
		spin_unlock(&mm->page_table_lock);
	}
	flush_tlb_range(mm, start, end);
}

/* ---- putting pages in ---- */

/*
 * Is the entry still empty, and may it be filled? Not in a space whose pages
 * the OOM killer took: there a new page must not stand for a lost one.
 */
static inline bool pte_still_none(const struct vm_area_struct *vma,
				  const pte_t *pte)
{
	return pte_none(*pte) && likely(!vma->vm_mm->oom_reaped);
}

/* A new page, that nobody else knows yet. page_table_lock. */
static void map_anon_page(struct vm_area_struct *vma, unsigned long addr,
			  pte_t *pte, struct page *page)
{
	pte_t entry = pte_mkdirty(mk_pte(page, vma->vm_page_prot));

	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	if (likely(vma->vm_flags & VM_WRITE))
		entry = pte_mkwrite(entry);
	page->mapping = (unsigned long)vma->anon_vma | PAGE_MAPPING_ANON;
	page->index = linear_page_index(vma, addr);
	page->pflags = PG_uptodate | PG_swapbacked | PG_anon_exclusive;
	atomic_set(&page->_mapcount, 1);
	vma->vm_mm->rss_anon++;
	inc_node_page_state(NR_ANON_MAPPED);
	set_pte(pte, entry);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_ptes(pte, pte + 1, true);
}

/*
 * A page of the cache; takes over the caller's reference. If the area is locked
 * the caller locks the entry. page_table_lock.
 */
static void map_file_page(struct vm_area_struct *vma, pte_t *pte,
			  struct page *page)
{
	lockdep_assert_held(&vma->vm_mm->page_table_lock);
	if (page->pflags & PG_swapbacked)
		vma->vm_mm->rss_shmem++;
	else
		vma->vm_mm->rss_file++;
	if (atomic_add_return(1, &page->_mapcount) == 1)
		inc_node_page_state(NR_FILE_MAPPED);
	set_pte(pte, mk_pte(page, vma->vm_page_prot));
}

/**
 * set_pte_range - for ->map_pages: map what is cached and not yet mapped
 * @pages: slots of the page cache; a NULL is skipped
 * @first_pgoff: page of the file in pages[0]
 * @nr: slots
 *
 * Context: page_table_lock, as ->map_pages() is called, and the lock of the
 * page cache.
 */
void set_pte_range(struct vm_fault *vmf, struct page **pages,
		   unsigned long first_pgoff, unsigned int nr)
{
	struct vm_area_struct *vma = vmf->vma;
	pte_t *first = vmf->pte - (long)(vmf->pgoff - first_pgoff);
	pte_t *pte, *last = first + nr;
	struct page *page;

	for (pte = first; pte < last; pte++, pages++) {
		page = *pages;
		if (!page || !pte_none(*pte))
			continue;
		if ((page->pflags & (PG_uptodate | PG_locked)) != PG_uptodate)
			continue;
		get_page(page);
		map_file_page(vma, pte, page);
	}
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_ptes(first, last, true);
}

/**
 * remap_pfn_range - map frames that have no descriptors
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

/* ---- faults ---- */

static void map_zero_page(struct vm_area_struct *vma, pte_t *pte)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t entry = pte_mkspecial(pfn_pte(zero_pfn, vma->vm_page_prot));

	spin_lock(&mm->page_table_lock);
	if (likely(pte_still_none(vma, pte)))
		set_pte(pte, entry);
	spin_unlock(&mm->page_table_lock);
}

/* A first access to anonymous memory. */
static vm_fault_t do_anonymous_page(struct vm_area_struct *vma,
				    unsigned long addr, pte_t *pte,
				    unsigned int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	struct page *page;

	if (!(flags & FAULT_FLAG_WRITE)) {
		map_zero_page(vma, pte);
		return 0;
	}
	if (unlikely(anon_vma_prepare(vma)))
		return VM_FAULT_OOM;
	page = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	if (unlikely(!page))
		return VM_FAULT_OOM;
	clear_user_highpage(page, addr);
	spin_lock(&mm->page_table_lock);
	if (likely(pte_still_none(vma, pte))) {
		map_anon_page(vma, addr, pte, page);
		page = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	if (unlikely(page)) /* somebody was faster */
		put_page(page);
	return 0;
}

/**
 * insert_anon_page - put a page, or zeroes, where there is nothing
 * @vma: anonymous
 * @page: filled, with one reference, which is taken over; NULL: the zero page
 *
 * Context: mmap_lock; may sleep. Return: 0, -EEXIST or -ENOMEM.
 */
int insert_anon_page(struct vm_area_struct *vma, unsigned long addr,
		     struct page *page)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t *pte = pte_alloc(mm, addr);
	int err = -EEXIST;

	if (!pte || (page && anon_vma_prepare(vma)))
		return -ENOMEM;
	spin_lock(&mm->page_table_lock);
	if (pte_still_none(vma, pte)) {
		if (page)
			map_anon_page(vma, addr, pte, page);
		else
			set_pte(pte, pte_mkspecial(pfn_pte(zero_pfn,
							   vma->vm_page_prot)));
		err = 0;
	}
	spin_unlock(&mm->page_table_lock);
	return err;
}

/*
 * Map the cached pages of the file around the fault: is its own, too, or does
 * it look different now?
 */
static bool do_fault_around(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long index = pte_index(vmf->address);
	unsigned long before = min(vmf->pgoff % FAULT_AROUND, index);
	unsigned long after = min(FAULT_AROUND - vmf->pgoff % FAULT_AROUND,
				  PTRS_PER_PTE - index);
	bool done;

	before = min(before, vmf->pgoff - vma->vm_pgoff);
	after = min(after, vma->vm_pgoff + vma_pages(vma) - vmf->pgoff);
	spin_lock(&vma->vm_mm->page_table_lock);
	if (pte_still_none(vma, vmf->pte))
		vma->vm_ops->map_pages(vmf, vmf->pgoff - before,
				       vmf->pgoff + after);
	done = !pte_none(*vmf->pte);
	spin_unlock(&vma->vm_mm->page_table_lock);
	return done;
}

/*
 * What ->fault() found is to be mapped now: does nothing speak against it? If
 * something does, the access is tried again. page_table_lock.
 */
static inline bool fault_is_due(const struct vm_fault *vmf)
{
	return pte_still_none(vmf->vma, vmf->pte) &&
	       likely(READ_ONCE(vmf->page->mapping)); /* not truncated */
}

/* The file's page itself: any read, and a write to what is shared. */
static vm_fault_t do_file_page(struct vm_fault *vmf)
{
	struct mm_struct *mm = vmf->vma->vm_mm;
	vm_fault_t ret;
	bool due;

	if (vmf->vma->vm_ops->map_pages && do_fault_around(vmf))
		return 0;
	ret = vmf->vma->vm_ops->fault(vmf);
	if (unlikely(ret & VM_FAULT_ERROR))
		return ret;
	spin_lock(&mm->page_table_lock);
	due = fault_is_due(vmf);
	if (likely(due))
		map_file_page(vmf->vma, vmf->pte, vmf->page);
	if (unlikely(vmf->vma->vm_flags & VM_LOCKED))
		mlock_ptes(vmf->pte, vmf->pte + 1, true);
	spin_unlock(&mm->page_table_lock);
	if (unlikely(!due))
		put_page(vmf->page);
	return ret;
}

/* A copy of the file's page for a write to what is private. */
static vm_fault_t do_cow_page(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *copy;
	vm_fault_t ret;

	if (unlikely(anon_vma_prepare(vma)))
		return VM_FAULT_OOM;
	copy = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	if (unlikely(!copy))
		return VM_FAULT_OOM;
	ret = vma->vm_ops->fault(vmf);
	if (unlikely(ret & VM_FAULT_ERROR)) {
		put_page(copy);
		return ret;
	}
	copy_user_highpage(copy, vmf->page, vmf->address);
	spin_lock(&vma->vm_mm->page_table_lock);
	if (likely(fault_is_due(vmf))) {
		map_anon_page(vma, vmf->address, vmf->pte, copy);
		copy = NULL;
	}
	spin_unlock(&vma->vm_mm->page_table_lock);
	if (unlikely(copy))
		put_page(copy);
	put_page(vmf->page);
	return ret;
}

static vm_fault_t do_fault(struct vm_area_struct *vma, unsigned long addr,
			   pte_t *pte, unsigned int flags)
{
	struct vm_fault vmf = {
		.vma = vma,
		.address = addr,
		.pgoff = linear_page_index(vma, addr),
		.flags = flags,
		.pte = pte,
	};

	if ((flags & FAULT_FLAG_WRITE) && !(vma->vm_flags & VM_SHARED))
		return do_cow_page(&vmf);
	return do_file_page(&vmf);
}

/* @entry, for @page, has been replaced and flushed. page_table_lock. */
static void page_unmapped(struct mm_struct *mm, pte_t entry, struct page *page)
{
	bool last = atomic_dec_and_test(&page->_mapcount);

	if (unlikely(pte_mlocked(entry)))
		munlock_page(page);
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

/*
 * Put @copy where @entry is, if it still is there. Return: the page whose
 * reference is left over, or NULL.
 */
static struct page *replace_page(struct vm_area_struct *vma, unsigned long addr,
				 pte_t *pte, pte_t entry, struct page *old,
				 struct page *copy)
{
	struct mm_struct *mm = vma->vm_mm;

	spin_lock(&mm->page_table_lock);
	if (likely(pte_same(*pte, entry))) {
		pte_clear(pte); /* no CPU sees the old page beside the new */
		flush_tlb_page(mm, addr);
		map_anon_page(vma, addr, pte, copy);
		if (old)
			page_unmapped(mm, entry, old);
		copy = old;
	}
	spin_unlock(&mm->page_table_lock);
	return copy;
}

/*
 * A copy in place of a private page that others have, too, or of the zero
 * page (@old is NULL). Takes over a reference to @old.
 */
static vm_fault_t wp_page_copy(struct vm_area_struct *vma, unsigned long addr,
			       pte_t *pte, pte_t entry, struct page *old)
{
	vm_fault_t ret = VM_FAULT_OOM;
	struct page *copy;

	if (unlikely(anon_vma_prepare(vma)))
		goto out;
	copy = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	if (unlikely(!copy))
		goto out;
	if (old)
		copy_user_highpage(copy, old, addr);
	else
		clear_user_highpage(copy, addr);
	copy = replace_page(vma, addr, pte, entry, old, copy);
	if (copy)
		put_page(copy);
	ret = 0;
out:
	if (old)
		put_page(old);
	return ret;
}

/* May what the entry maps be written to as it is? page_table_lock. */
static inline bool wp_can_reuse(const struct vm_area_struct *vma, pte_t entry)
{
	struct page *page;

	if (vma->vm_flags & VM_SHARED)
		return true;
	if (pte_special(entry))
		return false;
	page = pte_page(entry);
	if (!PageAnon(page))
		return false;
	if (!(page->pflags & PG_anon_exclusive)) {
		if (atomic_read(&page->_refcount) != 1)
			return false;
		set_page_flags(page, PG_anon_exclusive);
	}
	count_vm_event(PGREUSE);
	return true;
}

/* Write to an entry that forbids it, in an area that allows it. */
static vm_fault_t do_wp_page(struct vm_area_struct *vma, unsigned long addr,
			     pte_t *pte, pte_t entry)
{
	struct mm_struct *mm = vma->vm_mm;
	struct page *old = NULL;

	spin_lock(&mm->page_table_lock);
	if (unlikely(!pte_same(*pte, entry))) { /* somebody was faster */
		spin_unlock(&mm->page_table_lock);
		return 0;
	}
	if (wp_can_reuse(vma, entry)) {
		entry = pte_mkdirty(pte_mkyoung(entry));
		if (likely(vma->vm_flags & VM_WRITE))
			entry = pte_mkwrite(entry);
		set_pte(pte, entry);
		flush_tlb_page(mm, addr);
		spin_unlock(&mm->page_table_lock);
		return 0;
	}
	if (!pte_special(entry)) {
		old = pte_page(entry);
		get_page(old);
	}
	spin_unlock(&mm->page_table_lock);
	return wp_page_copy(vma, addr, pte, entry, old);
}

/* A missing page that is not the kernel's to provide. */
static vm_fault_t do_foreign_page(struct vm_area_struct *vma,
				  unsigned long addr, unsigned int flags)
{
	if (vma->vm_flags & VM_PFNMAP || flags & FAULT_FLAG_NOWAIT)
		return VM_FAULT_SIGBUS;
	return vm_userfault(vma, addr, flags);
}

/**
 * handle_mm_fault - make an access possible that the area allows
 * @addr: rounded down to its page
 * @flags: FAULT_FLAG_*
 *
 * Context: mmap_lock; may sleep. Return: VM_FAULT_*; 0 may also mean that the
 * access should be tried again.
 */
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long addr,
			   unsigned int flags)
{
	pte_t *pte = pte_alloc(vma->vm_mm, addr);
	pte_t entry;

	if (unlikely(!pte))
		return VM_FAULT_OOM;
	entry = *pte;
	if (pte_none(entry)) {
		if (likely(vma_is_anonymous(vma))) {
			if (unlikely(vma->vm_flags &
				     (VM_PFNMAP | VM_UFFD_MISSING)))
				return do_foreign_page(vma, addr, flags);
			return do_anonymous_page(vma, addr, pte, flags);
		}
		return do_fault(vma, addr, pte, flags);
	}
	if ((flags & FAULT_FLAG_WRITE) && !pte_write(entry))
		return do_wp_page(vma, addr, pte, entry);
	flush_tlb_page(vma->vm_mm, addr); /* the TLB was behind */
	return 0;
}

static inline bool access_error(u32 vm_flags, unsigned int flags)
{
	if (flags & FAULT_FLAG_WRITE)
		return !(vm_flags & VM_WRITE);
	return !(vm_flags & VM_ACCESS_FLAGS);
}

/* A stack below which a fault was: let it grow; mmap_lock as before. */
static struct vm_area_struct *grow_stack_to(struct mm_struct *mm,
					    unsigned long addr)
{
	struct vm_area_struct *vma;

	up_read(&mm->mmap_lock);
	down_write(&mm->mmap_lock);
	vma = find_vma(mm, addr); /* it may be another one by now */
	if (vma && vma->vm_start > addr &&
	    (!(vma->vm_flags & VM_GROWSDOWN) || expand_stack(vma, addr)))
		vma = NULL;
	downgrade_write(&mm->mmap_lock);
	return vma;
}

/*
 * Take mmap_lock for read and find the area of a fault: the one at @addr, or
 * a stack that grows to it. NULL: there is none; the lock is taken.
 */
static inline struct vm_area_struct *lock_vma_at_fault(struct mm_struct *mm,
						       unsigned long addr)
{
	struct vm_area_struct *vma;

	down_read(&mm->mmap_lock);
	vma = find_vma(mm, addr);
	if (likely(vma && vma->vm_start <= addr))
		return vma;
	if (vma && (vma->vm_flags & VM_GROWSDOWN))
		return grow_stack_to(mm, addr);
	return NULL;
}

/**
 * handle_page_fault - a fault of a program, or of a copy on its behalf
 * @mm: its address space
 * @addr: any byte of it, below TASK_SIZE
 * @flags: FAULT_FLAG_*
 *
 * Context: takes mmap_lock for read; may sleep. Return: 0: try the access
 * again; VM_FAULT_SIGSEGV or _ACCERR: the program's mistake; VM_FAULT_SIGBUS:
 * past the end of a file; VM_FAULT_OOM.
 */
vm_fault_t handle_page_fault(struct mm_struct *mm, unsigned long addr,
			     unsigned int flags)
{
	struct vm_area_struct *vma;
	vm_fault_t ret;

	count_vm_event(PGFAULT);
	vma = lock_vma_at_fault(mm, addr);
	if (unlikely(!vma))
		ret = VM_FAULT_SIGSEGV;
	else if (unlikely(access_error(vma->vm_flags, flags)))
		ret = VM_FAULT_ACCERR;
	else
		ret = handle_mm_fault(vma, addr & PAGE_MASK, flags);
	up_read(&mm->mmap_lock);
	if (unlikely(ret & VM_FAULT_MAJOR))
		count_vm_event(PGMAJFAULT);
	return ret;
}

static int fault_errno(vm_fault_t ret)
{
	if (ret & VM_FAULT_RETRY)
		return -EAGAIN;
	if (ret & VM_FAULT_OOM)
		return -ENOMEM;
	return ret & VM_FAULT_ERROR ? -EFAULT : 0;
}

/* ---- pages for the kernel ---- */

/** gup_allowed - may the kernel have pages of such an area? */
bool gup_allowed(u32 vm_flags, bool write, bool force)
{
	if (vm_flags & (VM_IO | VM_PFNMAP))
		return false;
	if (!write)
		return vm_flags & (force ? VM_READ | VM_MAYREAD : VM_READ);
	return (vm_flags & VM_WRITE) || (force && is_cow_mapping(vm_flags));
}

/* Does the entry give what is wanted? A forced write needs a private copy. */
static bool gup_ready(pte_t entry, bool write)
{
	if (!pte_present(entry))
		return false;
	if (!write || pte_write(entry))
		return true;
	return is_exclusive(entry);
}

/* The page at @addr with a reference, if it is there as wanted; or NULL. */
static struct page *follow_page(struct mm_struct *mm, unsigned long addr,
				bool write)
{
	struct page *page = NULL;
	pte_t *pte;

	spin_lock(&mm->page_table_lock);
	pte = pte_lookup(mm, addr);
	if (pte && gup_ready(*pte, write)) {
		page = pte_page(*pte);
		get_page(page);
	}
	spin_unlock(&mm->page_table_lock);
	return page;
}

/*
 * The page at @addr with a reference, faulted in if need be; or ERR_PTR, that
 * of -EAGAIN without FAULT_FLAG_NOWAIT only: the area may be gone.
 */
static struct page *faultin_page(struct vm_area_struct *vma, unsigned long addr,
				 unsigned int flags)
{
	bool write = flags & FAULT_FLAG_WRITE;
	struct page *page;
	int err;

	while (!(page = follow_page(vma->vm_mm, addr, write))) {
		err = fault_errno(handle_mm_fault(vma, addr, flags));
		if (err)
			return ERR_PTR(err);
	}
	return page;
}

/**
 * get_user_page - the page at a user address, with a reference
 * @mm: whose address
 * @addr: any byte of the page
 * @write: it is going to be written: no copy of it is shared any more
 * @force: past the protection, as debuggers may
 *
 * Context: takes mmap_lock for read; may sleep. Return: the page, or ERR_PTR
 * of -EFAULT or -ENOMEM.
 */
struct page *get_user_page(struct mm_struct *mm, unsigned long addr, bool write,
			   bool force)
{
	struct vm_area_struct *vma;
	struct page *page;

	if (addr >= TASK_SIZE)
		return ERR_PTR(-EFAULT);
	addr &= PAGE_MASK;
	do {
		page = ERR_PTR(-EFAULT);
		vma = lock_vma_at_fault(mm, addr);
		if (vma && gup_allowed(vma->vm_flags, write, force))
			page = faultin_page(vma, addr,
					    write ? FAULT_FLAG_WRITE : 0);
		up_read(&mm->mmap_lock);
	} while (page == ERR_PTR(-EAGAIN));
	if (write && !IS_ERR(page))
		set_page_flags(page, PG_dirty);
	return page;
}

/**
 * access_process_vm - copy bytes of another address space, as debuggers may
 * @buf: kernel memory
 * @write: from @buf into the space
 *
 * Return: bytes copied, up to the first page that cannot be had.
 */
size_t access_process_vm(struct mm_struct *mm, unsigned long addr, void *buf,
			 size_t len, bool write)
{
	struct page *page;
	size_t done, n;

	for (done = 0; done < len; done += n, addr += n) {
		n = min(len - done, (size_t)(PAGE_SIZE - addr % PAGE_SIZE));
		page = get_user_page(mm, addr, write, true);
		if (IS_ERR(page))
			break;
		if (write)
			memcpy_to_page(page, addr % PAGE_SIZE,
				       (char *)buf + done, n);
		else
			memcpy_from_page((char *)buf + done, page,
					 addr % PAGE_SIZE, n);
		put_page(page);
	}
	return done;
}

/**
 * populate_vma_range - fault in what is not there yet
 * @write: break copy on write as well
 *
 * Context: mmap_lock; may sleep. Return: 0, -EFAULT or -ENOMEM.
 */
int populate_vma_range(struct vm_area_struct *vma, unsigned long start,
		       unsigned long end, bool write)
{
	unsigned int flags = FAULT_FLAG_NOWAIT | (write ? FAULT_FLAG_WRITE : 0);
	unsigned long addr;
	struct page *page;

	if (!gup_allowed(vma->vm_flags, write, false) &&
	    (write || !(vma->vm_flags & VM_ACCESS_FLAGS)))
		return -EFAULT;
	for (addr = start; addr < end; addr += PAGE_SIZE) {
		page = faultin_page(vma, addr, flags);
		if (IS_ERR(page))
			return (int)PTR_ERR(page);
		put_page(page);
	}
	return 0;
}

/**
 * mm_populate - fault in a range: MAP_POPULATE, and locked areas
 *
 * Private areas that may be written get pages of their own at once. Context:
 * takes mmap_lock for read. Return: 0, or the first -EFAULT or -ENOMEM, after
 * which the other areas are still done.
 */
int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	unsigned long end = start + len;
	struct vm_area_struct *vma;
	int first_err = 0, err;
	u32 f;

	down_read(&mm->mmap_lock);
	for (vma = find_vma(mm, start); vma && vma->vm_start < end;
	     vma = vma->vm_next) {
		f = vma->vm_flags;
		if (f & (VM_IO | VM_PFNMAP | VM_LOCKONFAULT))
			continue;
		err = populate_vma_range(
			vma, max(start, vma->vm_start), min(end, vma->vm_end),
			(f & (VM_WRITE | VM_SHARED)) == VM_WRITE);
		if (!first_err)
			first_err = err;
	}
	up_read(&mm->mmap_lock);
	return first_err;
}

/* ---- fork, mprotect, mremap: whole tables at a time ---- */

/* With the locks of both spaces. */
static void copy_ptes(struct mm_struct *dst, pte_t *to, pte_t *from,
		      pte_t *last, bool cow)
{
	struct page *page;
	pte_t entry;

	for (; from < last; from++, to++) {
		entry = *from;
		if (pte_none(entry))
			continue;
		if (cow && pte_write(entry)) {
			ptep_set_wrprotect(from);
			entry = pte_wrprotect(entry);
		}
		set_pte(to, entry);
		if (pte_special(entry))
			continue;
		page = pte_page(entry);
		atomic_inc(&page->_refcount);
		atomic_inc(&page->_mapcount);
		if (likely(PageAnon(page))) {
			clear_page_flags(page, PG_anon_exclusive);
			dst->rss_anon++;
		} else if (page->pflags & PG_swapbacked) {
			dst->rss_shmem++;
		} else {
			dst->rss_file++;
		}
	}
}

/* The copies of locked entries are not. */
static void clear_mlocked_ptes(pte_t *pte, unsigned long nr)
{
	for (; nr; nr--, pte++)
		set_pte(pte, pte_clear_mlocked(*pte));
}

/**
 * copy_page_range - fork: the child's entries of an area
 * @dst: the child's area
 * @src: the parent's; its private pages become read-only
 *
 * What a fault can bring back from a file is left to faults. The parent's TLB
 * is the caller's to flush. Context: @src's mmap_lock for write; may sleep.
 * Return: 0 or -ENOMEM, with some entries copied.
 */
int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src)
{
	bool cow = is_cow_mapping(src->vm_flags);
	unsigned long addr, next, nr;
	pte_t *from, *to;

	if (!src->anon_vma && !(src->vm_flags & VM_PFNMAP))
		return 0;
	for (addr = src->vm_start; addr < src->vm_end; addr = next) {
		next = pgd_addr_end(addr, src->vm_end);
		from = pte_lookup(src->vm_mm, addr);
		if (!from)
			continue;
		to = pte_alloc(dst->vm_mm, addr);
		if (!to)
			return -ENOMEM;
		spin_lock(&dst->vm_mm->page_table_lock);
		spin_lock(&src->vm_mm->page_table_lock);
		nr = (next - addr) >> PAGE_SHIFT;
		copy_ptes(dst->vm_mm, to, from, from + nr, cow);
		if (unlikely(src->vm_flags & VM_LOCKED))
			clear_mlocked_ptes(to, nr);
		spin_unlock(&src->vm_mm->page_table_lock);
		spin_unlock(&dst->vm_mm->page_table_lock);
	}
	return 0;
}

/* @reuse: what is one entry's alone may be written to. Whether one changed. */
static __always_inline bool protect_ptes(pte_t *pte, pte_t *last, pgprot_t prot,
					 bool reuse)
{
	bool changed = false;
	pte_t old, entry;

	for (; pte < last; pte++) {
		old = *pte;
		if (pte_none(old))
			continue;
		entry = pte_modify(old, prot);
		if (reuse && is_exclusive(entry))
			entry = pte_mkwrite(entry);
		ptep_modify(pte, old, entry);
		changed = true;
	}
	return changed;
}

/**
 * change_protection - what is mapped gets the area's (new) protection
 *
 * Pages that are one entry's alone become writable without a fault. Context:
 * mmap_lock for write.
 */
void change_protection(struct vm_area_struct *vma, unsigned long start,
		       unsigned long end)
{
	bool reuse = (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
	pgprot_t prot = vma->vm_page_prot;
	struct mm_struct *mm = vma->vm_mm;
	bool changed = false;
	unsigned long addr, next;
	pte_t *pte, *last;

	for (addr = start; addr < end; addr = next) {
		pte = pte_range_lock(mm, addr, end, &next);
		if (!pte)
			continue;
		last = pte + ((next - addr) >> PAGE_SHIFT);
		changed |= reuse ? protect_ptes(pte, last, prot, true) :
				   protect_ptes(pte, last, prot, false);
		spin_unlock(&mm->page_table_lock);
	}
	if (changed)
		flush_tlb_range(mm, start, end);
}

static void move_ptes(pte_t *from, pte_t *to, unsigned long nr)
{
	for (; nr; nr--, from++, to++)
		set_pte(to, ptep_get_and_clear(from));
}

/* Up to the next end of a table on either side; 0: no memory. */
static unsigned long move_one_table(struct vm_area_struct *vma,
				    unsigned long old, unsigned long new,
				    unsigned long len)
{
	unsigned long n = min(pgd_addr_end(old, old + len) - old,
			      pgd_addr_end(new, new + len) - new);
	struct mm_struct *mm = vma->vm_mm;
	pgd_t *from = pgd_offset(mm, old), *to = pgd_offset(mm, new);
	bool whole = n == PGDIR_SIZE && pgd_none(*to);

	if (pgd_none(*from))
		return n;
	if (!whole && !pte_alloc(mm, new))
		return 0;
	rmap_lock(vma);
	spin_lock(&mm->page_table_lock);
	if (whole) {
		*to = *from;
		pgd_clear(from);
	} else {
		move_ptes(pte_offset(from, old), pte_offset(to, new),
			  n >> PAGE_SHIFT);
	}
	flush_tlb_range(mm, old, old + n);
	spin_unlock(&mm->page_table_lock);
	rmap_unlock(vma);
	return n;
}

/**
 * move_page_tables - mremap: carry entries to another place in the space
 * @vma: the area at @new; that at @old has the same file and anon_vma
 * @len: bytes; the two ranges do not overlap, and nothing is mapped at @new
 *
 * A table that moves as a whole is one entry of the directory. The lists that
 * lead to both areas are locked meanwhile, lest somebody who looks for a page
 * passes the new place before it comes and the old one after it went. Context:
 * mmap_lock for write; may sleep. Return: 0; or -ENOMEM, with everything where
 * it was.
 */
int move_page_tables(struct vm_area_struct *vma, unsigned long old,
		     unsigned long new, unsigned long len)
{
	unsigned long done, n;

	for (done = 0; done < len; done += n) {
		n = move_one_table(vma, old + done, new + done, len - done);
		if (!n)
			break;
	}
	if (done == len)
		return 0;
	move_page_tables(vma, new, old, done); /* its tables are there */
	return -ENOMEM;
}
