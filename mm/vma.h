/* SPDX-License-Identifier: MIT */
/*
 * What the files of the address space share with each other and with nobody
 * else. From low to high: rmap.c (who maps a page), memory.c (page tables),
 * vma.c (areas), mmap.c and the other system calls.
 *
 * Locks: mm->mmap_lock, for write around a change of areas. Page tables, the
 * counters of a space and the lists of reverse mapping change in stretches
 * that never sleep, and the kernel is not preempted: whoever slept looks
 * again at what he saw before.
 */
#ifndef ASHLAR_MM_VMA_H
#define ASHLAR_MM_VMA_H

#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/mm.h>
#include <ashlar/mmap.h>
#include <ashlar/port.h>
#include <ashlar/resource.h>
#include <ashlar/slab.h>
#include <ashlar/vmstat.h>

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

/* ---- rmap.c ---- */

/* The areas that may map an anonymous page: its first one, and forks of it. */
struct anon_vma {
	struct list_head head; /* vm_area_struct::anon_node */
	const struct mm_struct *mm; /* where it was made; maybe gone */
};

static inline bool PageAnon(const struct page *page)
{
	return page->mapping & PAGE_MAPPING_ANON;
}

void rmap_init(void);
int __anon_vma_prepare(struct vm_area_struct *vma);
void anon_vma_link(struct vm_area_struct *vma, struct anon_vma *av);
void anon_vma_unlink(struct vm_area_struct *vma);

/* Before the first anonymous page; 0 or -ENOMEM. May sleep. */
static inline int anon_vma_prepare(struct vm_area_struct *vma)
{
	return likely(vma->anon_vma) ? 0 : __anon_vma_prepare(vma);
}

/* ---- memory.c ---- */

void memory_init(void);
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long addr,
			   unsigned int flags);
int copy_page_range(struct vm_area_struct *dst, struct vm_area_struct *src);
void zap_page_range(struct vm_area_struct *vma, unsigned long start,
		    unsigned long end);
void zap_address_space(struct mm_struct *mm);
void free_pgtables(struct mm_struct *mm, unsigned long start, unsigned long end,
		   unsigned long floor, unsigned long ceiling);
void change_protection(struct vm_area_struct *vma, unsigned long start,
		       unsigned long end);
int move_page_tables(struct mm_struct *mm, unsigned long old, unsigned long new,
		     unsigned long len);
int populate_vma_range(struct vm_area_struct *vma, unsigned long start,
		       unsigned long end, bool write);
void mlock_vma_pages(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end, bool lock);
bool gup_allowed(u32 vm_flags, bool write, bool force);
void free_lazily(struct vm_area_struct *vma, unsigned long start,
		 unsigned long end);
pte_t *pte_lookup(struct mm_struct *mm, unsigned long addr);
extern unsigned long zero_pfn; /* frame that first reads share */

/* ---- vma.c ---- */

void vma_init(void);
struct vm_area_struct *vm_area_alloc(struct mm_struct *mm, unsigned long start,
				     unsigned long end, u32 vm_flags,
				     unsigned long pgoff);
struct vm_area_struct *vm_area_dup(struct vm_area_struct *vma);
void vm_area_free(struct vm_area_struct *vma);
pgprot_t vm_get_page_prot(u32 vm_flags);
void vma_set_flags(struct vm_area_struct *vma, u32 vm_flags);
void vma_link(struct vm_area_struct *vma, struct vm_area_struct *prev);
void vma_unlink(struct vm_area_struct *vma);
void vma_unlink_file(struct vm_area_struct *vma);
void vma_resize(struct vm_area_struct *vma, unsigned long start,
		unsigned long end);
struct vm_area_struct *split_vma(struct vm_area_struct *vma,
				 unsigned long addr);
struct vm_area_struct *vma_merge(struct mm_struct *mm,
				 struct vm_area_struct *prev,
				 unsigned long start, unsigned long end,
				 u32 vm_flags, struct anon_vma *anon_vma,
				 struct file *file, unsigned long pgoff);
struct vm_area_struct *vma_change_flags(struct vm_area_struct *vma,
					unsigned long start, unsigned long end,
					u32 vm_flags);
struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr,
				     struct vm_area_struct **prev);
unsigned long vm_unmapped_area(struct mm_struct *mm, unsigned long len);

/* ---- mmap.c ---- */

bool may_expand_vm(const struct mm_struct *mm, u32 vm_flags, unsigned long n);
void vm_stat_account(struct mm_struct *mm, u32 vm_flags, long pages);
unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long addr,
				unsigned long len, unsigned long flags);
int mlock_future_check(const struct mm_struct *mm, u32 vm_flags,
		       unsigned long len);
int expand_stack(struct vm_area_struct *vma, unsigned long addr);
bool can_do_mlock(void);

#endif
