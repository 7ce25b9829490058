/* SPDX-License-Identifier: MIT */
/*
 * The life of an address space: empty at execve, a copy at fork, and its end.
 *
 *   mm_alloc, dup_mm ─→ mm_users (tasks) ─ 0 ─→ areas, pages, tables go
 *                       mm_count (+ who borrows it) ─ 0 ─→ freed
 *
 * fork copies areas and entries; a page is shared until one side writes.
 */
#include <ashlar/atomic.h>
#include <ashlar/commit.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/ksm.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pgtable.h>
#include <ashlar/port.h>
#include <ashlar/rbtree.h>
#include <ashlar/resource.h>
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <ashlar/swapops.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "huge_memory.h"
#include "hugetlb.h"
#include "lru.h"
#include "pgtable.h"
#include "rmap.h"
#include "slab.h"
#include "swapfile.h"
#include "vma.h"

LIST_HEAD(mm_list);

spinlock_t mmlist_lock = SPIN_LOCK_UNLOCKED;

static struct kmem_cache *mm_cachep;

/** mmap_init() - at boot, before the first address space. */
void mmap_init(void)
{
	mm_cachep = kmem_cache_create("mm_struct", sizeof(struct mm_struct), 0,
				      SLAB_PANIC, NULL);
	vma_init();
	lru_init();
	rmap_init();
	pgtable_init();
	hugetlb_init();
	hugepage_init();
	huge_shrink_init();
	ksm_slot_init();
}

/* What is new in every space, be it a copy of another or not. 0 or -ENOMEM. */
static int mm_init_one(struct mm_struct *mm, struct mm_struct *old)
{
	mm->mmap = NULL;
	mm->mm_rb = RB_ROOT;
	mm->vmacache = NULL;
	mm->map_count = 0;
	mm->highest_vm_end = 0;
	mm->locked_vm = 0;
	mm->rss_file = mm->rss_anon = mm->rss_shmem = mm->swap_ents = 0;
	mm->hiwater_rss = 0;
	mm->hiwater_vm = mm->total_vm;
	mm->nr_ptes = mm->nr_huge = 0;
	mm->hugetlb_usage = 0;
	mm->huge_tables = NULL;
	mm->def_flags = 0;
	mm->oom_victim = mm->oom_reaped = false;
	mm->ksm_slot = NULL;
	mm->ksm_merging_pages = mm->ksm_rmap_items = 0;
	mm->owner = NULL;
	atomic_set(&mm->mm_users, 1);
	atomic_set(&mm->mm_count, 1);
	init_rwsem(&mm->mmap_lock);
	spin_lock_init(&mm->page_table_lock);
	mm->pgd = pgd_alloc(mm);
	if (!mm->pgd)
		return -ENOMEM;
	if (init_new_context(old, mm)) {
		pgd_free(mm, mm->pgd);
		return -ENOMEM;
	}
	if (mm->exe_file)
		get_file(mm->exe_file);
	spin_lock(&mmlist_lock);
	list_add_tail(&mm->mmlist, &mm_list);
	spin_unlock(&mmlist_lock);
	return 0;
}

/** mm_alloc() - an empty space with one user; NULL without memory. */
struct mm_struct *mm_alloc(void)
{
	struct mm_struct *mm = kmem_cache_zalloc(mm_cachep, GFP_KERNEL);

	if (!mm)
		return NULL;
	mm->mmap_base = pick_mmap_base(port_rlimit(RLIMIT_STACK));
	if (mm_init_one(mm, NULL)) {
		kmem_cache_free(mm_cachep, mm);
		return NULL;
	}
	return mm;
}

/* ---- fork ---- */

static void count_rss(struct mm_struct *mm, const struct page *page)
{
	if (PageAnon(page))
		mm->rss_anon++;
	else if (page->pflags & PG_swapbacked)
		mm->rss_shmem++;
	else
		mm->rss_file++;
}

/*
 * The child has what the parent's entry tells of, too. Return: false if its
 * slot has as many owners as can be counted. With the locks of both spaces.
 */
static __cold_path bool copy_swap_pte(struct mm_struct *dst, pte_t *to,
				      pte_t *from, bool cow)
{
	pte_t entry = pte_swp_clear_exclusive(*from);
	swp_entry_t swp = pte_to_swp_entry(entry);

	if (is_migration_entry(swp)) {
		if (cow)
			entry = pte_migration_wrprotect(entry);
		count_rss(dst, migration_entry_to_page(swp));
	} else {
		if (swap_duplicate(swp))
			return false;
		dst->swap_ents++;
	}
	set_pte(from, entry);
	set_pte(to, entry);
	return true;
}

/*
 * With the locks of both spaces. The copies are old: the child has used
 * nothing yet. Return: false if an entry cannot be copied.
 */
static bool copy_ptes(struct mm_struct *dst, pte_t *to, pte_t *from,
		      pte_t *last, bool cow)
{
	struct page *page;
	pte_t entry, *next;

	for (; from < last; from++, to++) {
		entry = *from;
		if (!pte_present(entry)) {
			next = from;
			if (pte_none(entry))
				next = pte_skip_none(from, last);
			else if (!copy_swap_pte(dst, to, from, cow))
				return false;
			to += next - from;
			from = next;
			continue;
		}
		if (cow && pte_write(entry)) {
			ptep_set_wrprotect(from);
			entry = pte_wrprotect(entry);
		}
		set_pte(to, pte_mkold(entry));
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
	return true;
}

/* Copies of locked entries are not locked themselves. */
static void clear_mlocked_ptes(pte_t *pte, unsigned long nr)
{
	for (; nr; nr--, pte++)
		if (pte_present(*pte))
			set_pte(pte, pte_clear_mlocked(*pte));
}

/*
 * The child's entries of an area.
 * @dst: the child's area
 * @src: the parent's; its private pages become read-only
 *
 * What a fault can bring back from a file is left to faults. The parent's TLB
 * is the caller's to flush. Context: @src's mmap_lock for write; may sleep.
 * Return: 0 or -ENOMEM, with some entries copied.
 */
static int copy_page_range(struct vm_area_struct *dst,
			   struct vm_area_struct *src)
{
	bool cow = is_cow_mapping(src->vm_flags);
	unsigned long addr, next, nr;
	pte_t *from, *to;
	bool copied;
	int err;

	if (unlikely(is_vm_hugetlb_page(src))) {
		hugetlb_copy_range(dst, src);
		return 0;
	}
	if (!src->anon_vma && !(src->vm_flags & VM_PFNMAP))
		return 0;
	for (addr = src->vm_start; addr < src->vm_end; addr = next) {
		next = pgd_addr_end(addr, src->vm_end);
		if (unlikely(pgd_huge(*pgd_offset(src->vm_mm, addr)))) {
			err = copy_huge_pgd(dst, src, addr);
			if (err == -ENOMEM)
				return err;
			if (!err)
				continue;
		}
		from = pte_lookup(src->vm_mm, addr);
		if (!from)
			continue;
		to = pte_alloc(dst->vm_mm, addr);
		if (!to)
			return -ENOMEM;
		spin_lock(&dst->vm_mm->page_table_lock);
		spin_lock(&src->vm_mm->page_table_lock);
		nr = (next - addr) >> PAGE_SHIFT;
		copied = copy_ptes(dst->vm_mm, to, from, from + nr, cow);
		if (unlikely(src->vm_flags & VM_LOCKED))
			clear_mlocked_ptes(to, nr);
		spin_unlock(&src->vm_mm->page_table_lock);
		spin_unlock(&dst->vm_mm->page_table_lock);
		if (unlikely(!copied))
			return -ENOMEM;
	}
	return 0;
}

/*
 * The child's copy of one area, with its pages. @last: the area before it,
 * then itself. Return: 0 or -ENOMEM.
 */
static int dup_area(struct mm_struct *mm, struct vm_area_struct *old,
		    struct vm_area_struct **last)
{
	bool promised = old->vm_flags & VM_ACCOUNT;
	struct vm_area_struct *vma;

	if (promised && security_vm_enough_memory_mm(mm, vma_pages(old)))
		return -ENOMEM;
	vma = vm_area_dup(old);
	if (!vma) {
		if (promised)
			vm_unacct_memory(vma_pages(old));
		return -ENOMEM;
	}
	vma->vm_mm = mm;
	vma->vm_flags &= ~(VM_LOCKED_MASK | VM_UFFD_MISSING);
	if (old->anon_vma && !(old->vm_flags & VM_WIPEONFORK))
		anon_vma_link(vma, old->anon_vma);
	vma_link(vma, *last);
	*last = vma;
	if (unlikely(is_vm_hugetlb_page(vma)))
		hugetlb_dup_vma_private(vma);
	if (vma->vm_ops && vma->vm_ops->open)
		vma->vm_ops->open(vma);
	if (old->vm_flags & VM_WIPEONFORK)
		return 0;
	return copy_page_range(vma, old);
}

static int dup_areas(struct mm_struct *mm, struct mm_struct *old)
{
	struct vm_area_struct *vma, *last = NULL;
	int err = 0;

	for (vma = old->mmap; vma && !err; vma = vma->vm_next) {
		if (vma->vm_flags & VM_DONTCOPY)
			vm_stat_account(mm, vma->vm_flags,
					-(long)vma_pages(vma));
		else
			err = dup_area(mm, vma, &last);
	}
	flush_tlb_mm(old); /* writable entries are so no more */
	return err;
}

/**
 * dup_mm() - the space of a forked process
 * @old: the parent's
 *
 * Private pages are shared until one of the two writes. Context: takes
 * @old's mmap_lock; may sleep. Return: a space with one user, or
 * ERR_PTR(-ENOMEM).
 */
struct mm_struct *dup_mm(struct mm_struct *old)
{
	struct mm_struct *mm = kmem_cache_alloc(mm_cachep, GFP_KERNEL);
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	down_write(&old->mmap_lock);
	*mm = *old;
	err = mm_init_one(mm, old);
	if (err) {
		up_write(&old->mmap_lock);
		kmem_cache_free(mm_cachep, mm);
		return ERR_PTR(err);
	}
	err = old->ksm_slot ? __ksm_fork(mm) : 0;
	if (!err)
		err = dup_areas(mm, old);
	up_write(&old->mmap_lock);
	if (err) {
		mmput(mm);
		return ERR_PTR(err);
	}
	return mm;
}

/* ---- the end ---- */

/*
 * Every area, page and table goes. There is no user left; mmap_lock keeps the
 * OOM killer away.
 */
static void exit_mmap(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *next;
	long promised = 0;

	down_write(&mm->mmap_lock);
	mm->oom_reaped = true;
	zap_address_space(mm);
	for (vma = mm->mmap; vma; vma = next) {
		next = vma->vm_next;
		if (vma->vm_flags & VM_ACCOUNT)
			promised += vma_pages(vma);
		vma_unlink_file(vma);
		remove_vma(vma);
	}
	vm_unacct_memory(promised);
	mm->mmap = NULL;
	mm->mm_rb = RB_ROOT;
	mm->vmacache = NULL;
	mm->map_count = 0;
	mm->highest_vm_end = 0;
	mm->total_vm = mm->locked_vm = 0;
	up_write(&mm->mmap_lock);
}

/** mmput() - one user less; the last one's areas go. Context: may sleep. */
void mmput(struct mm_struct *mm)
{
	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	if (unlikely(mm->ksm_slot) && __ksm_exit(mm))
		mmdrop(mm);
	exit_mmap(mm);
	spin_lock(&mmlist_lock);
	list_del(&mm->mmlist);
	spin_unlock(&mmlist_lock);
	if (mm->exe_file)
		fput(mm->exe_file);
	mm->exe_file = NULL;
	mmdrop(mm);
}

/** __mmdrop() - free a space that no task refers to or has loaded */
void __mmdrop(struct mm_struct *mm)
{
	destroy_context(mm);
	pgd_free(mm, mm->pgd);
	kmem_cache_free(mm_cachep, mm);
}
