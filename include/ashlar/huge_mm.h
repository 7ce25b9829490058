/* SPDX-License-Identifier: MIT */
/*
 * Huge pages: 4 MB that one entry of the page directory maps, one block of the
 * buddy system. Picture: mm/huge_page.c.
 */
#ifndef ASHLAR_HUGE_MM_H
#define ASHLAR_HUGE_MM_H

#include <ashlar/mm_types.h>
#include <mach/page.h>
#include <mach/pgtable.h>

#define HPAGE_PMD_ORDER (PGDIR_SHIFT - PAGE_SHIFT)
#define HPAGE_PMD_NR (1ul << HPAGE_PMD_ORDER)
#define HPAGE_PMD_SIZE PGDIR_SIZE
#define HPAGE_PMD_MASK PGDIR_MASK

/* True if it is the first frame of a huge page; the others have no flags. */
static inline bool PageTransHuge(const struct page *page)
{
	return page->pflags & PG_huge;
}

/* Frames that one entry maps with this first one. */
static inline long thp_nr_pages(const struct page *page)
{
	return PageTransHuge(page) ? (long)HPAGE_PMD_NR : 1;
}

/*
 * The page that a frame of user memory belongs to: itself, or the first frame
 * of its huge page. (Of a block that is in use only the first has PG_used.)
 */
static inline struct page *compound_head(struct page *page)
{
	if (likely(page->flags & PG_used))
		return page;
	return pfn_to_page(page_to_pfn(page) & ~(HPAGE_PMD_NR - 1));
}

/* ---- policy: mm/huge_memory.c ---- */

enum thp_mode { THP_NEVER, THP_MADVISE, THP_ALWAYS };
enum thp_defrag {
	THP_DEFRAG_NEVER,
	THP_DEFRAG_MADVISE, /* wait for memory where MADV_HUGEPAGE was said */
	THP_DEFRAG_DEFER, /* leave it to kcompactd */
	THP_DEFRAG_DEFER_MADVISE,
	THP_DEFRAG_ALWAYS
};
extern enum thp_mode thp_mode;
extern enum thp_defrag thp_defrag;

struct vm_area_struct;
struct mm_struct;

void hugepage_init(void);
/* transparent_hugepage= among the boot words; false: no such word. */
bool setup_transparent_hugepage(const char *value);
/* True if the area may have huge pages somewhere. */
bool hugepage_vma_check(const struct vm_area_struct *vma);
/* Make a huge page 1,024 pages. True if it is one no more. */
bool split_huge_page(struct page *page);

#endif
