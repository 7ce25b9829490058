/* SPDX-License-Identifier: MIT */
/*
 * Huge pages that are hardly used, when memory is short: what nothing was
 * written to goes back.
 *
 *   node_lruvec.huge ── one ── half of it zeroes? ── split ── pages of zeroes
 *          ▲             │ no                                  are unmapped
 *          └─────────────┘
 *
 * A program that finds such a page missing reads zeroes, as it did before. It
 * is looked at once more when its entry is gone and no processor remembers it.
 *
 * Locks: those of rmap_walk(); none is held while a huge page is looked at.
 */
#include <ashlar/atomic.h>
#include <ashlar/highmem.h>
#include <ashlar/huge_mm.h>
#include <ashlar/mm_types.h>
#include <ashlar/page_ref.h>
#include <ashlar/rmap.h>
#include <ashlar/shrinker.h>
#include <ashlar/vmstat.h>
#include <mach/pgtable.h>
#include <mach/tlb.h>
#include "huge_page.h"
#include "lru.h"
#include "pgtable.h"
#include "rmap.h"
#include "vma.h"

#define ENOUGH_ZEROES (HPAGE_PMD_NR / 2)

static bool is_zero_filled(const struct page *page)
{
	const unsigned long *word = kmap_local_page(page);
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / sizeof(*word) && !word[i]; i++)
		;
	kunmap_local(word);
	return i == PAGE_SIZE / sizeof(*word);
}

/* True if half of its frames are zeroes. */
static bool is_sparse(const struct page *head)
{
	unsigned long i, written = 0;

	for (i = 0; i < HPAGE_PMD_NR && written <= ENOUGH_ZEROES; i++)
		written += !is_zero_filled(head + i);
	return i == HPAGE_PMD_NR && written <= HPAGE_PMD_NR - ENOUGH_ZEROES;
}

/* One entry of a page of zeroes goes, if it is still one without it. */
static bool unmap_zeroes(struct page *page, struct vm_area_struct *vma,
			 unsigned long addr, void *unused)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t *pte = pte_lookup(mm, addr), entry = *pte;

	(void)unused;
	if (pte_huge(entry) || pte_mlocked(entry) ||
	    (vma->vm_flags & VM_UFFD_MISSING))
		return false;
	pte_clear(pte);
	flush_tlb_page(mm, addr);
	if (!is_zero_filled(page)) {
		set_pte(pte, entry);
		return false;
	}
	page_remove_rmap(mm, page);
	put_page(page);
	return true;
}

/* True if the page is anonymous, and only entries and the caller have it. */
static bool is_mapped_only(const struct page *page)
{
	return PageAnon(page) &&
	       !(page->pflags & (PG_locked | PG_swapcache | PG_huge)) &&
	       atomic_read(&page->_refcount) ==
		       atomic_read(&page->_mapcount) + 1;
}

/* A page that was a part of a huge one, and is maybe another by now. */
static void drop_if_zero(struct page *page)
{
	if (!atomic_inc_not_zero(&page->_refcount))
		return;
	if (is_mapped_only(page) && is_zero_filled(page))
		rmap_walk(page, unmap_zeroes, NULL);
	put_page(page);
}

/* Return: true if the huge page has been split. */
static bool shrink_huge_page(struct page *head)
{
	unsigned long i;

	if (atomic_read(&head->_mlock_count) || !is_sparse(head) ||
	    !split_huge_page(head))
		return false;
	for (i = 1; i < HPAGE_PMD_NR; i++)
		drop_if_zero(head + i);
	return true;
}

static unsigned long count_huge(struct shrinker *s, struct shrink_control *sc)
{
	(void)s;
	(void)sc;
	return global_node_page_state(NR_ANON_THPS);
}

static unsigned long scan_huge(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long split = 0, n;
	struct page *head;

	(void)s;
	for (n = 0; n < sc->nr_to_scan; n++) {
		head = lru_next_huge();
		if (!head)
			break;
		split += shrink_huge_page(head);
		put_page(head);
	}
	sc->nr_scanned = n;
	return split ? split : SHRINK_STOP;
}

static struct shrinker huge_shrinker = {
	.count_objects = count_huge,
	.scan_objects = scan_huge,
	.seeks = DEFAULT_SEEKS,
};

/** huge_shrink_init() - at boot */
void huge_shrink_init(void)
{
	register_shrinker(&huge_shrinker, "thp-sparse");
}
