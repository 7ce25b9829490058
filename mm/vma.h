/* SPDX-License-Identifier: MIT */
/*
 * What the files of the address space share with each other and with nobody
 * else. From low to high: swap_map.c (slots of swap areas), limits.c (what is
 * counted), rmap.c (who maps a page), pgtable.c (page tables), swap_state.c,
 * zap.c, vma.c (areas), stack.c, swap_fault.c, fault.c, gup.c; then
 * mmap.c and the other system calls; above all space.c (fork and exit).
 *
 * Locks, outermost first. The first sleeps; under the others nothing does, so
 * whoever slept looks again at what he saw before.
 *
 *   mm->mmap_lock            the areas, and which tables are there; for write
 *     │                      to change them or to give tables back
 *     mmlist_lock            mm_list; held alone
 *     m->i_mmap_lock         a file's areas: who is in the list, and where it
 *       │                    lies; i_mmap_writable
 *       anon_vma_lock        the same of all anonymous memory; vma->anon_vma
 *         page_table_lock    entries, directory, rss_*, hiwater_rss, nr_ptes
 *           │                of a space; fork: the child's, then the parent's
 *           i_pages.xa_lock  a file's cached pages, nrpages; ->mapping and
 *             │              ->index of those
 *             swap_lock      the swap areas that may be written to
 *               cache.xa_lock   an area's slots, and pages of the swap cache
 *                 lru_lock   pages by age: mm/swap.c
 *                 …          what allocates: mm/internal.h
 *
 * An area's borders are read by those who have any one of the first three for
 * it, so a change of them takes all three. A page's counts and flags have no
 * lock: they are atomic. PG_anon_exclusive means something only to who holds
 * the page_table_lock of the one entry there is.
 */
#ifndef ASHLAR_MM_VMA_H
#define ASHLAR_MM_VMA_H

#include <ashlar/compiler.h>
#include <ashlar/fault.h>
#include <ashlar/mmap.h>
#include <ashlar/tune.h>

#define VM_ACCESS_FLAGS (VM_READ | VM_WRITE | VM_EXEC)
#define VM_MAY_ACCESS (VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)
#define VM_DATA_DEFAULT_FLAGS (VM_READ | VM_WRITE | VM_MAY_ACCESS)
#define VM_STACK VM_GROWSDOWN
#define VM_SPECIAL (VM_IO | VM_DONTEXPAND | VM_PFNMAP)
#define VM_LOCKED_MASK (VM_LOCKED | VM_LOCKONFAULT)

static inline bool vma_is_anonymous(const struct vm_area_struct *vma)
{
	return !vma->vm_ops;
}

static inline unsigned long vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}

/* The page of the area's object (file, or address at birth) at @addr. */
static inline unsigned long linear_page_index(const struct vm_area_struct *vma,
					      unsigned long addr)
{
	return vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
}

static inline struct address_space *
vma_mapping(const struct vm_area_struct *vma)
{
	return vma->vm_file ? vma->vm_file->f_mapping : NULL;
}

/* Where a gap before @vma ends: a stack keeps some of it to itself. */
static inline unsigned long vm_start_gap(const struct vm_area_struct *vma)
{
	if (unlikely(vma->vm_flags & VM_GROWSDOWN))
		return vma->vm_start > STACK_GUARD_GAP ?
			       vma->vm_start - STACK_GUARD_GAP :
			       0;
	return vma->vm_start;
}

/* Writes go to copies: private, and may be written, be it by a debugger. */
static inline bool is_cow_mapping(u32 vm_flags)
{
	return (vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

/* Its pages are promised when the area is made, not at the first touch. */
static inline bool accountable_mapping(u32 vm_flags)
{
	return (vm_flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}

/* ---- zap.c ---- */

void zap_page_range(struct vm_area_struct *vma, unsigned long start,
		    unsigned long end);
void zap_address_space(struct mm_struct *mm);

/* ---- swap_fault.c ---- */

vm_fault_t do_swap_page(struct vm_area_struct *vma, unsigned long addr,
			pte_t *pte, pte_t entry, bool write);
void migration_entry_wait(struct mm_struct *mm, pte_t *pte);

/* ---- fault.c ---- */

vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long addr,
			   unsigned int flags);
struct vm_area_struct *grow_stack_to(struct mm_struct *mm, unsigned long addr);
int insert_anon_page(struct vm_area_struct *vma, unsigned long addr,
		     struct page *page);

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

/* ---- gup.c ---- */

int populate_vma_range(struct vm_area_struct *vma, unsigned long start,
		       unsigned long end, bool write);
bool gup_allowed(u32 vm_flags, bool write, bool force);

/* ---- vma.c ---- */

void vma_init(void);
struct vm_area_struct *vm_area_alloc(struct mm_struct *mm, unsigned long start,
				     unsigned long end, u32 vm_flags,
				     unsigned long pgoff);
struct vm_area_struct *vm_area_dup(struct vm_area_struct *vma);
void vm_area_free(struct vm_area_struct *vma);
pgprot_t vm_get_page_prot(u32 vm_flags);
void vma_set_page_prot(struct vm_area_struct *vma);
void vma_set_flags(struct vm_area_struct *vma, u32 vm_flags);
void vma_link(struct vm_area_struct *vma, struct vm_area_struct *prev);
void vma_unlink(struct vm_area_struct *vma);
void vma_unlink_file(struct vm_area_struct *vma);
void vma_resize(struct vm_area_struct *vma, unsigned long start,
		unsigned long end);
/* True if the area may be cut in two at @addr. */
static inline bool vma_may_split(const struct vm_area_struct *vma,
				 unsigned long addr)
{
	return likely(!(vma->vm_flags & VM_HUGETLB)) || !(addr & ~PGDIR_MASK);
}

struct vm_area_struct *split_vma(struct vm_area_struct *vma,
				 unsigned long addr);
struct vm_area_struct *
vma_merge(struct mm_struct *mm, struct vm_area_struct *prev,
	  unsigned long start, unsigned long end, u32 vm_flags, u32 policy,
	  struct anon_vma *anon_vma, struct file *file, unsigned long pgoff);
struct vm_area_struct *vma_change(struct vm_area_struct *vma,
				  unsigned long start, unsigned long end,
				  u32 vm_flags, u32 policy);

/* The same where only flags change. */
static inline struct vm_area_struct *
vma_change_flags(struct vm_area_struct *vma, unsigned long start,
		 unsigned long end, u32 vm_flags)
{
	return vma_change(vma, start, end, vm_flags, vma->vm_policy);
}

struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr,
				     struct vm_area_struct **prev);
unsigned long vm_unmapped_area(struct mm_struct *mm, unsigned long len,
			       unsigned long align);

/* ---- limits.c ---- */

bool may_expand_vm(const struct mm_struct *mm, u32 vm_flags, unsigned long n);
bool may_replace(struct mm_struct *mm, unsigned long start, unsigned long end,
		 u32 vm_flags, unsigned long n);
int charge_replacement(struct mm_struct *mm, unsigned long start,
		       unsigned long end, long pages);
void vm_stat_account(struct mm_struct *mm, u32 vm_flags, long pages);
bool can_do_mlock(void);
int mlock_future_check(const struct mm_struct *mm, u32 vm_flags,
		       unsigned long len);
void account_area(struct mm_struct *mm, u32 vm_flags, unsigned long len);
void unaccount_area(struct mm_struct *mm, u32 vm_flags, unsigned long len);

/* ---- stack.c ---- */

int expand_stack(struct vm_area_struct *vma, unsigned long addr);
unsigned long pick_mmap_base(unsigned long stack_limit);

/* ---- madvise_age.c ---- */

void madvise_cold(struct vm_area_struct *vma, unsigned long start,
		  unsigned long end);
void madvise_pageout(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end);
void madvise_free(struct vm_area_struct *vma, unsigned long start,
		  unsigned long end);
void madvise_willneed(struct vm_area_struct *vma, unsigned long start,
		      unsigned long end);

/* ---- munmap.c ---- */

void remove_vma(struct vm_area_struct *vma);
int split_hugetlb(struct mm_struct *mm, unsigned long start, unsigned long end);

/* ---- mmap.c ---- */

unsigned long get_unmapped_area(struct mm_struct *mm, struct file *file,
				unsigned long addr, unsigned long len,
				unsigned long flags);
int mmap_region(struct mm_struct *mm, struct file *file, unsigned long addr,
		unsigned long len, u32 vm_flags, unsigned long pgoff);

#endif
