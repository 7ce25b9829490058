/* SPDX-License-Identifier: MIT */
/*
 * mprotect: other rights for what is mapped. An area may be given what its
 * VM_MAY* flags say, four bits above the rights themselves.
 */
#include <ashlar/commit.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/mm_types.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <ashlar/swapops.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "pgtable.h"
#include "vma.h"

/* True if the change promises memory that was not promised before. */
static bool newly_accountable(u32 old_flags, u32 new_flags)
{
	return (new_flags & VM_WRITE) &&
	       !(old_flags & (VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE |
			      VM_HUGETLB));
}

/* An entry that is not present: where it allows writes, it does no more. */
static __cold_path void protect_swap_pte(pte_t *pte, pte_t old)
{
	if (is_migration_entry(pte_to_swp_entry(old)))
		set_pte(pte, pte_migration_wrprotect(old));
}

/*
 * @reuse: what is one entry's alone may be written to. Return: true if an
 * entry changed.
 */
static __always_inline bool protect_ptes(pte_t *pte, pte_t *last, pgprot_t prot,
					 bool reuse)
{
	bool changed = false;
	pte_t old, entry;

	for (; pte < last; pte++) {
		old = *pte;
		if (!pte_present(old)) {
			if (!pte_none(old))
				protect_swap_pte(pte, old);
			continue;
		}
		entry = pte_modify(old, prot);
		if (reuse && is_exclusive(entry))
			entry = pte_mkwrite(entry);
		ptep_modify(pte, old, entry);
		changed = true;
	}
	return changed;
}

/*
 * What is mapped gets the area's (new) protection.
 *
 * Pages that are one entry's alone become writable without a fault. Context:
 * mmap_lock for write.
 */
static void change_protection(struct vm_area_struct *vma, unsigned long start,
			      unsigned long end)
{
	bool reuse = (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
	pgprot_t prot = vma->vm_page_prot;
	struct mm_struct *mm = vma->vm_mm;
	bool changed = false;
	unsigned long addr, next, nr;
	pte_t *pte, *last;

	for (addr = start; addr < end; addr = next) {
		pte = pte_span_lock(mm, addr, end, &next, &nr);
		if (!pte)
			continue;
		last = pte + nr;
		changed |= reuse ? protect_ptes(pte, last, prot, true) :
				   protect_ptes(pte, last, prot, false);
		spin_unlock(&mm->page_table_lock);
	}
	if (changed)
		flush_tlb_range(mm, start, end);
}

/*
 * New flags for a part of an area. Return: the area that has the part now, or
 * ERR_PTR(-ENOMEM).
 */
static struct vm_area_struct *mprotect_fixup(struct vm_area_struct *vma,
					     unsigned long start,
					     unsigned long end, u32 new_flags)
{
	struct mm_struct *mm = vma->vm_mm;
	u32 old_flags = vma->vm_flags;
	long pages = (long)((end - start) >> PAGE_SHIFT);
	bool promise = newly_accountable(old_flags, new_flags);

	if (new_flags == old_flags)
		return vma;
	if ((new_flags & VM_WRITE) && !may_expand_vm(mm, new_flags, pages) &&
	    may_expand_vm(mm, old_flags, pages))
		return ERR_PTR(-ENOMEM);
	if (promise) {
		if (security_vm_enough_memory_mm(mm, pages))
			return ERR_PTR(-ENOMEM);
		new_flags |= VM_ACCOUNT;
	}
	vma = vma_change_flags(vma, start, end, new_flags);
	if (IS_ERR(vma)) {
		if (promise)
			vm_unacct_memory(pages);
		return vma;
	}
	change_protection(vma, start, end);
	if ((old_flags & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED &&
	    (new_flags & VM_WRITE))
		populate_vma_range(vma, start, end, true);
	vm_stat_account(mm, old_flags, -pages);
	vm_stat_account(mm, new_flags, pages);
	return vma;
}

/* PROT_GROWSDOWN: from the start of a stack on. 0 or -errno. */
static int stack_start(struct vm_area_struct *vma, unsigned long *start,
		       unsigned long end)
{
	if (vma->vm_start >= end)
		return -ENOMEM;
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return -EINVAL;
	*start = vma->vm_start;
	return 0;
}

/* Areas one after the other, until a gap or one that may not. */
static int protect_areas(struct vm_area_struct *vma, unsigned long start,
			 unsigned long end, u32 rights, bool exec)
{
	u32 new_flags;

	while (vma && vma->vm_start <= start) {
		new_flags = rights | (vma->vm_flags & ~VM_ACCESS_FLAGS);
		if (exec && (vma->vm_flags & VM_MAYEXEC))
			new_flags |= VM_EXEC;
		if (rights & ~(new_flags >> 4))
			return -EACCES;
		vma = mprotect_fixup(vma, start, min(end, vma->vm_end),
				     new_flags);
		if (IS_ERR(vma))
			return (int)PTR_ERR(vma);
		start = vma->vm_end;
		if (start >= end)
			return 0;
		vma = vma->vm_next;
	}
	return -ENOMEM;
}

/**
 * mm_mprotect() - give [start, start + len) other access rights
 * @start: start of a page
 * @len: bytes
 * @prot: PROT_*
 *
 * Return: 0; -EINVAL; -EACCES: more than the file or its mount allows;
 * -ENOMEM: a gap, or no memory; what lies before the cause of an error is
 * changed.
 * Context: takes mmap_lock.
 */
int mm_mprotect(struct mm_struct *mm, unsigned long start, size_t len,
		unsigned long prot)
{
	unsigned long grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	unsigned long end = start + PAGE_ALIGN(len);
	bool exec = prot & PROT_EXEC_IF_MAY;
	struct vm_area_struct *vma;
	int err = 0;

	prot &= ~(grows | PROT_EXEC_IF_MAY);
	if (grows & PROT_GROWSUP || (start & ~PAGE_MASK))
		return -EINVAL;
	if (!len)
		return 0;
	if (end <= start || len > TASK_SIZE)
		return -ENOMEM;
	if (prot & ~(unsigned long)(VM_ACCESS_FLAGS | PROT_SEM))
		return -EINVAL;
	down_write(&mm->mmap_lock);
	vma = find_vma(mm, start);
	if (!vma)
		err = -ENOMEM;
	else if (grows)
		err = stack_start(vma, &start, end);
	if (!err)
		err = protect_areas(vma, start, end, prot & VM_ACCESS_FLAGS,
				    exec);
	up_write(&mm->mmap_lock);
	return err;
}
