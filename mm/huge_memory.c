/* SPDX-License-Identifier: MIT */
/*
 * Transparent huge pages: which areas get them, and when.
 *
 *   first write where there is no table yet, in 4 MB that lie in one area
 *     of anonymous memory ─→ a cleared block, mapped whole; without a block
 *                            of that size: a page, as ever
 *   fork                  ─→ both map the block, read-only
 *   write after fork      ─→ the block becomes writable, if nobody else has
 *                            it; else it is split, and the page copied
 *
 * Policy: /sys/kernel/mm/transparent_hugepage. As on Linux they are off where
 * there are less than 512 MB, since what a program does not use of a block is
 * lost, and 4 MB are much there.
 *
 * Locks: see mm/huge_page.c.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/highmem.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmzone.h>
#include <ashlar/string.h>
#include <ashlar/vmstat.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "huge_memory.h"
#include "huge_page.h"
#include "internal.h"
#include "lru.h"
#include "pgtable.h"
#include "rmap.h"
#include "vma.h"

#define THP_MIN_RAM (512ul << (20 - PAGE_SHIFT))

enum thp_mode thp_mode;
enum thp_defrag thp_defrag = THP_DEFRAG_MADVISE;
static bool mode_is_said; /* among the boot words */

/** setup_transparent_hugepage() - always, madvise or never; at boot */
bool setup_transparent_hugepage(const char *value)
{
	static const struct {
		const char *word;
		enum thp_mode mode;
	} modes[] = { { "always", THP_ALWAYS },
		      { "madvise", THP_MADVISE },
		      { "never", THP_NEVER } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		if (ashlar_strcmp(value, modes[i].word))
			continue;
		thp_mode = modes[i].mode;
		mode_is_said = true;
		return true;
	}
	return false;
}

/** hugepage_init() - at boot: transparent huge pages if there is much RAM. */
void hugepage_init(void)
{
	if (!mode_is_said && totalram_pages() >= THP_MIN_RAM)
		thp_mode = THP_ALWAYS;
}

/* ---- policy ---- */

/** huge_vma_fits() - can the area have huge pages, if it is asked for? */
bool huge_vma_fits(const struct vm_area_struct *vma)
{
	const u32 never = VM_NOHUGEPAGE | VM_SPECIAL | VM_UFFD_MISSING;
	unsigned long first = ALIGN(vma->vm_start, HPAGE_PMD_SIZE);

	if (!port_has_pse || vma->vm_mm->thp_disable)
		return false;
	return vma_is_anonymous(vma) && !(vma->vm_flags & never) &&
	       first >= vma->vm_start && first < vma->vm_end &&
	       vma->vm_end - first >= HPAGE_PMD_SIZE;
}

/** hugepage_vma_check() - may the area have huge pages, without being asked? */
bool hugepage_vma_check(const struct vm_area_struct *vma)
{
	if (thp_mode == THP_NEVER)
		return false;
	if (thp_mode == THP_MADVISE && !(vma->vm_flags & VM_HUGEPAGE))
		return false;
	return huge_vma_fits(vma);
}

/* True if the 4 MB around @addr lie in the area. */
static bool huge_range_fits(const struct vm_area_struct *vma,
			    unsigned long addr)
{
	unsigned long first = addr & HPAGE_PMD_MASK;

	return first >= vma->vm_start && first + HPAGE_PMD_SIZE <= vma->vm_end;
}

/* How hard a block is looked for. */
static gfp_t hugepage_gfp(const struct vm_area_struct *vma)
{
	const gfp_t light = (GFP_HIGHUSER_MOVABLE & ~__GFP_RECLAIM) |
			    __GFP_NOWARN;
	bool wanted = vma->vm_flags & VM_HUGEPAGE;

	switch (thp_defrag) {
	case THP_DEFRAG_ALWAYS:
		break;
	case THP_DEFRAG_MADVISE:
	case THP_DEFRAG_DEFER_MADVISE:
		if (wanted)
			break;
		return light;
	case THP_DEFRAG_NEVER:
	case THP_DEFRAG_DEFER:
		return light;
	}
	return light | __GFP_RECLAIM | (wanted ? 0 : __GFP_NORETRY);
}

/* ---- a new one ---- */

/**
 * alloc_huge_page() - a block, with one reference; what is in it is unknown
 * @asked: the program waits for it
 *
 * Context: may sleep. Return: its first frame, or NULL.
 */
struct page *alloc_huge_page(const struct vm_area_struct *vma, bool asked)
{
	gfp_t gfp = hugepage_gfp(vma);
	struct page *head;
	unsigned long i;

	if (asked)
		gfp |= __GFP_RECLAIM;
	head = alloc_pages(gfp, HPAGE_PMD_ORDER);
	if (!head)
		return NULL;
	/* Slabs that lay here have left their bits. */
	for (i = 0; i < HPAGE_PMD_NR; i++)
		atomic_set(&head[i]._refcount, 0);
	head[1].lru.next = NULL; /* it is on no list of huge pages */
	head->mapping = 0;
	head->pflags = 0;
	atomic_set(&head->_mapcount, 0);
	atomic_set(&head->_mlock_count, 0);
	atomic_set(&head->_refcount, 1);
	return head;
}

static struct page *alloc_cleared_huge_page(struct vm_area_struct *vma,
					    unsigned long addr)
{
	struct page *head = alloc_huge_page(vma, false);
	unsigned long i;

	for (i = 0; head && i < HPAGE_PMD_NR; i++)
		clear_user_highpage(head + i, addr + (i << PAGE_SHIFT));
	return head;
}

/**
 * map_huge_page() - map a new block that only the caller knows
 * @table: to be put by
 *
 * Context: anon_vma_lock and page_table_lock.
 */
void map_huge_page(struct vm_area_struct *vma, unsigned long addr, pgd_t *pgd,
		   struct page *head, struct page *table)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t entry = pte_mkhuge(pte_mkdirty(mk_pte(head, vma->vm_page_prot)));

	lockdep_assert_held(&anon_vma_lock);
	lockdep_assert_held(&mm->page_table_lock);
	if (likely(vma->vm_flags & VM_WRITE))
		entry = pte_mkwrite(entry);
	head->mapping = (unsigned long)vma->anon_vma | PAGE_MAPPING_ANON;
	head->index = linear_page_index(vma, addr);
	head->pflags = PG_uptodate | PG_swapbacked | PG_anon_exclusive |
		       PG_huge;
	lru_add_huge(head);
	atomic_set(&head->_mapcount, 1);
	mm->rss_anon += (long)HPAGE_PMD_NR;
	mod_node_page_state(NR_ANON_MAPPED, (long)HPAGE_PMD_NR);
	inc_node_page_state(NR_ANON_THPS);
	pgtable_trans_huge_deposit(mm, table);
	set_pte((pte_t *)pgd, entry);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_ptes((pte_t *)pgd, (pte_t *)pgd + 1, true);
}

/**
 * do_huge_anonymous_page() - a first access where there is no table
 * @addr: of the access
 * @flags: FAULT_FLAG_*; for a read nothing is done
 *
 * Context: mmap_lock; may sleep. Return: true if there is a huge page now, or
 * another thread was faster; false: a page will have to do.
 */
bool do_huge_anonymous_page(struct vm_area_struct *vma, unsigned long addr,
			    unsigned int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	pgd_t *pgd = pgd_offset(mm, addr);
	struct page *head, *table;

	if (!(flags & FAULT_FLAG_WRITE) || !hugepage_vma_check(vma) ||
	    !huge_range_fits(vma, addr) || anon_vma_prepare(vma))
		return false;
	addr &= HPAGE_PMD_MASK;
	head = alloc_cleared_huge_page(vma, addr);
	table = head ? pte_table_get() : NULL;
	if (!table) {
		if (head)
			put_page(head);
		count_vm_event(THP_FAULT_FALLBACK);
		return false;
	}
	spin_lock(&anon_vma_lock);
	spin_lock(&mm->page_table_lock);
	if (likely(pgd_none(*pgd) && !mm->oom_reaped)) {
		map_huge_page(vma, addr, pgd, head, table);
		head = NULL;
		count_vm_event(THP_FAULT_ALLOC);
	}
	spin_unlock(&mm->page_table_lock);
	spin_unlock(&anon_vma_lock);
	if (unlikely(head)) { /* another thread was faster */
		put_page(head);
		pte_table_put(table);
	}
	return true;
}

/* ---- writes to what is read-only ---- */

/**
 * do_huge_wp_page() - a write to a huge page whose entry forbids it
 *
 * If nobody else has the page the entry becomes writable; else it is split, and
 * the access finds a page. Context: mmap_lock; does not sleep.
 */
void do_huge_wp_page(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	pte_t *pte = (pte_t *)pgd_offset(mm, addr);
	struct page *head;
	bool reuse = false;

	spin_lock(&anon_vma_lock);
	spin_lock(&mm->page_table_lock);
	if (likely(pte_huge(*pte))) {
		head = pte_page(*pte);
		if (atomic_read(&head->_refcount) == 1)
			set_page_flags(head, PG_anon_exclusive);
		reuse = head->pflags & PG_anon_exclusive;
	}
	if (reuse) {
		set_pte(pte, pte_mkdirty(pte_mkyoung(*pte)));
		if (likely(vma->vm_flags & VM_WRITE))
			set_pte(pte, pte_mkwrite(*pte));
		flush_tlb_range(mm, addr & HPAGE_PMD_MASK,
				(addr & HPAGE_PMD_MASK) + HPAGE_PMD_SIZE);
		count_vm_event(PGREUSE);
	}
	spin_unlock(&mm->page_table_lock);
	spin_unlock(&anon_vma_lock);
	if (!reuse)
		split_huge_pgd(mm, addr);
}

/* ---- fork ---- */

/* With all locks: the child maps what the parent does, both read-only. */
static void share_huge_page(struct mm_struct *dst, pte_t *to, pte_t *from,
			    struct page *table)
{
	struct page *head = pte_page(*from);

	ptep_set_wrprotect(from);
	set_pte(to, pte_clear_mlocked(pte_mkold(*from)));
	atomic_inc(&head->_refcount);
	atomic_inc(&head->_mapcount);
	clear_page_flags(head, PG_anon_exclusive);
	dst->rss_anon += (long)HPAGE_PMD_NR;
	pgtable_trans_huge_deposit(dst, table);
}

/**
 * copy_huge_pgd() - fork: the child's entry for a huge page of the parent's
 * @dst: the child's area
 * @src: the parent's, which has a huge page at @addr
 *
 * Context: mmap_lock of @src for write; may sleep. Return: 0; -EAGAIN: it was
 * split meanwhile; or -ENOMEM.
 */
int copy_huge_pgd(struct vm_area_struct *dst, struct vm_area_struct *src,
		  unsigned long addr)
{
	pte_t *from = (pte_t *)pgd_offset(src->vm_mm, addr);
	pte_t *to = (pte_t *)pgd_offset(dst->vm_mm, addr);
	struct page *table = pte_table_get();
	int err = -EAGAIN;

	if (!table)
		return -ENOMEM;
	spin_lock(&anon_vma_lock);
	spin_lock(&dst->vm_mm->page_table_lock);
	spin_lock(&src->vm_mm->page_table_lock);
	if (likely(pte_huge(*from))) {
		share_huge_page(dst->vm_mm, to, from, table);
		err = 0;
	}
	spin_unlock(&src->vm_mm->page_table_lock);
	spin_unlock(&dst->vm_mm->page_table_lock);
	spin_unlock(&anon_vma_lock);
	if (unlikely(err))
		pte_table_put(table);
	return err;
}
