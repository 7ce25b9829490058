/* SPDX-License-Identifier: MIT */
/*
 * mremap: an area becomes longer, shorter, or lies elsewhere. Its pages are
 * never copied: their page table entries move.
 */
#include <ashlar/commit.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/gup.h>
#include <ashlar/hugetlb.h>
#include <ashlar/mm_types.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "hugetlb.h"
#include "pgtable.h"
#include "rmap.h"
#include "vma.h"

struct mremap {
	struct mm_struct *mm;
	unsigned long addr, old_len; /* what there is; whole pages */
	unsigned long new_len;
	unsigned long new_addr; /* wish, or with MREMAP_FIXED demand */
	unsigned long flags; /* MREMAP_* */
};

/* True if the space may grow by @grow bytes; MREMAP_FIXED frees some first. */
static bool may_grow(const struct mremap *r, u32 vm_flags, unsigned long grow)
{
	if (r->flags & MREMAP_FIXED)
		return may_replace(r->mm, r->new_addr, r->new_addr + r->new_len,
				   vm_flags, grow >> PAGE_SHIFT);
	return may_expand_vm(r->mm, vm_flags, grow >> PAGE_SHIFT);
}

/* The area to be remapped, if the limits allow its new size; or ERR_PTR. */
static struct vm_area_struct *vma_to_resize(const struct mremap *r)
{
	struct vm_area_struct *vma;
	unsigned long grow = r->new_len - r->old_len;

	vma = find_vma_intersection(r->mm, r->addr, r->addr + 1);
	if (!vma)
		return ERR_PTR(-EFAULT);
	if (!r->old_len && !(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
		return ERR_PTR(-EINVAL);
	if ((r->flags & MREMAP_DONTUNMAP) &&
	    (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP)))
		return ERR_PTR(-EINVAL);
	if (r->old_len > vma->vm_end - r->addr)
		return ERR_PTR(-EFAULT);
	if (r->new_len <= r->old_len)
		return vma;
	if (linear_page_index(vma, r->addr) + (r->new_len >> PAGE_SHIFT) <
	    linear_page_index(vma, r->addr))
		return ERR_PTR(-EINVAL);
	if (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP))
		return ERR_PTR(-EFAULT);
	if (mlock_future_check(r->mm, vma->vm_flags, grow))
		return ERR_PTR(-EAGAIN);
	if (!may_grow(r, vma->vm_flags, grow))
		return ERR_PTR(-ENOMEM);
	return vma;
}

static void account_move(struct mm_struct *mm, u32 vm_flags, long pages)
{
	vm_stat_account(mm, vm_flags, pages);
	if (vm_flags & VM_LOCKED)
		mm->locked_vm += pages;
}

/* An area at @r->new_addr that is like @vma; NULL without memory. */
static struct vm_area_struct *copy_vma(struct vm_area_struct *vma,
				       const struct mremap *r)
{
	unsigned long pgoff = linear_page_index(vma, r->addr);
	u32 vm_flags = vma->vm_flags & ~VM_UFFD_MISSING;
	struct vm_area_struct *prev, *new;

	if (!vma->vm_file && !vma->anon_vma) /* no page that knows its index */
		pgoff = r->new_addr >> PAGE_SHIFT;
	find_vma_prev(r->mm, r->new_addr, &prev);
	new = vma_merge(r->mm, prev, r->new_addr, r->new_addr + r->new_len,
			vm_flags, vma->vm_policy, vma->anon_vma, vma->vm_file,
			pgoff);
	if (new)
		return new;
	new = vm_area_dup(vma);
	if (!new)
		return NULL;
	new->vm_flags = vm_flags;
	new->vm_start = r->new_addr;
	new->vm_end = r->new_addr + r->new_len;
	new->vm_pgoff = pgoff;
	if (vma->anon_vma)
		anon_vma_link(new, vma->anon_vma);
	if (new->vm_ops &&new->vm_ops->open)
		new->vm_ops->open(new);
	vma_link(new, prev);
	return new;
}

/* MREMAP_DONTUNMAP: the old area stays, empty and not locked. */
static void leave_behind(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	if (vma->vm_flags & VM_LOCKED)
		mm->locked_vm -= vma_pages(vma);
	vma->vm_flags &= ~VM_LOCKED_MASK;
}

static void move_ptes(pte_t *from, pte_t *to, unsigned long nr)
{
	for (; nr; nr--, from++, to++)
		set_pte(to, ptep_get_and_clear(from));
}

/* Move entries up to where a table of either side ends; 0 without memory. */
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
	if (!whole && unlikely(pgd_huge(*from)))
		split_huge_pgd(mm, old);
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

/*
 * Carry entries to another place in the space.
 *
 * @vma: the area at @new; that at @old has the same file and anon_vma
 * @len: bytes; the two ranges do not overlap, and nothing is mapped at @new
 *
 * A table that moves as a whole is one entry of the directory. The lists that
 * lead to both areas are locked meanwhile, lest somebody who looks for a page
 * passes the new place before it comes and the old one after it went. Context:
 * mmap_lock for write; may sleep. Return: 0; or -ENOMEM, with everything where
 * it was.
 */
static int move_page_tables(struct vm_area_struct *vma, unsigned long old,
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

/*
 * Carry [addr, addr + old_len) of @vma to new_addr, where nothing is. Until
 * the entries have moved, both places are counted, so that either can be
 * removed like any other. Return: new_addr or -ENOMEM.
 */
static unsigned long move_vma(struct vm_area_struct *vma,
			      const struct mremap *r)
{
	bool keep = r->flags & MREMAP_DONTUNMAP;
	unsigned long end = r->addr + r->old_len;
	long promise = r->new_len >> PAGE_SHIFT;
	struct mm_struct *mm = r->mm;
	unsigned long hiwater = mm->hiwater_vm;
	u32 vm_flags = vma->vm_flags;
	struct vm_area_struct *new;

	if (mm->map_count >= sysctl_max_map_count - 3)
		return -ENOMEM;
	if (!keep)
		promise -= r->old_len >> PAGE_SHIFT;
	if (!keep && r->old_len && vma->vm_start < r->addr &&
	    end < vma->vm_end && !split_vma(vma, end))
		return -ENOMEM;
	if ((vm_flags & VM_ACCOUNT) &&
	    security_vm_enough_memory_mm(mm, promise))
		return -ENOMEM;
	new = copy_vma(vma, r); /* which may have joined @vma to it */
	if (!new) {
		if (vm_flags & VM_ACCOUNT)
			vm_unacct_memory(promise);
		return -ENOMEM;
	}
	if ((vm_flags & VM_ACCOUNT) && !keep)
		vm_acct_memory(r->old_len >> PAGE_SHIFT);
	account_move(mm, vm_flags, r->new_len >> PAGE_SHIFT);
	if (move_page_tables(new, r->addr, r->new_addr,
			     min(r->old_len, r->new_len))) {
		do_munmap(mm, r->new_addr, r->new_len);
		return -ENOMEM;
	}
	if (is_vm_hugetlb_page(new))
		clear_vma_resv_huge_pages(find_vma(mm, r->addr));
	if (keep)
		leave_behind(mm, r->addr);
	else if (r->old_len)
		do_munmap(mm, r->addr, r->old_len);
	mm->hiwater_vm = max(hiwater, mm->total_vm);
	return r->new_addr;
}

/*
 * All that can refuse a move to a place that is taken, before the place is
 * cleared. The promise is only tried: move_vma() makes it. 0 or -errno.
 */
static int mremap_to_allowed(const struct mremap *r)
{
	struct mremap smaller = *r;
	struct vm_area_struct *vma;
	unsigned long more;
	int err;

	smaller.old_len = min(r->old_len, r->new_len);
	vma = vma_to_resize(&smaller);
	if (IS_ERR(vma))
		return (int)PTR_ERR(vma);
	more = r->new_len;
	if (!(r->flags & MREMAP_DONTUNMAP))
		more -= smaller.old_len;
	else if (!may_grow(r, vma->vm_flags, r->old_len))
		return -ENOMEM;
	if (!(vma->vm_flags & VM_ACCOUNT))
		return 0;
	err = charge_replacement(r->mm, r->new_addr, r->new_addr + r->new_len,
				 (long)(more >> PAGE_SHIFT));
	if (!err)
		vm_unacct_memory((long)(more >> PAGE_SHIFT));
	return err;
}

/* MREMAP_FIXED or _DONTUNMAP. */
static unsigned long mremap_to(struct mremap *r)
{
	struct vm_area_struct *vma;
	unsigned long addr;
	int err;

	if ((r->new_addr & ~PAGE_MASK) || r->new_len > TASK_SIZE ||
	    r->new_addr > TASK_SIZE - r->new_len)
		return -EINVAL;
	if (r->addr + r->old_len > r->new_addr &&
	    r->new_addr + r->new_len > r->addr)
		return -EINVAL;
	if (r->mm->map_count + 2 >= sysctl_max_map_count - 3)
		return -ENOMEM;
	if (r->flags & MREMAP_FIXED) {
		addr = get_unmapped_area(r->mm, NULL, r->new_addr, r->new_len,
					 MAP_FIXED);
		if (IS_ERR_VALUE(addr))
			return addr;
		err = mremap_to_allowed(r);
		if (err)
			return err;
		err = do_munmap(r->mm, r->new_addr, r->new_len);
		if (err)
			return err;
	}
	if (r->old_len > r->new_len) {
		err = do_munmap(r->mm, r->addr + r->new_len,
				r->old_len - r->new_len);
		if (err)
			return err;
		r->old_len = r->new_len;
	}
	vma = vma_to_resize(r);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if ((r->flags & MREMAP_DONTUNMAP) &&
	    !may_expand_vm(r->mm, vma->vm_flags, r->old_len >> PAGE_SHIFT))
		return -ENOMEM;
	if (!(r->flags & MREMAP_FIXED)) {
		r->new_addr = get_unmapped_area(r->mm, NULL, r->new_addr,
						r->new_len, 0);
		if (IS_ERR_VALUE(r->new_addr))
			return r->new_addr;
	}
	return move_vma(vma, r);
}

/* True if there is room right after the area. */
static bool vma_expandable(const struct vm_area_struct *vma, unsigned long grow)
{
	unsigned long limit = vma->vm_next ? vma->vm_next->vm_start : TASK_SIZE;

	return limit - vma->vm_end >= grow;
}

/* Let an area have what follows it; 0 or -ENOMEM. */
static int expand_vma(struct vm_area_struct *vma, unsigned long grow)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long end = vma->vm_end;
	u32 vm_flags = vma->vm_flags;

	if ((vm_flags & VM_ACCOUNT) &&
	    security_vm_enough_memory_mm(mm, grow >> PAGE_SHIFT))
		return -ENOMEM;
	if (!vma_merge(mm, vma, end, end + grow, vm_flags, vma->vm_policy,
		       vma->anon_vma, vma->vm_file,
		       linear_page_index(vma, end)))
		vma_resize(vma, vma->vm_start, end + grow);
	account_move(mm, vm_flags, grow >> PAGE_SHIFT);
	return 0;
}

static unsigned long mremap_grow(struct mremap *r)
{
	struct vm_area_struct *vma = vma_to_resize(r);
	unsigned long grow = r->new_len - r->old_len;
	int err;

	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (r->old_len == vma->vm_end - r->addr && vma_expandable(vma, grow)) {
		err = expand_vma(vma, grow);
		return err ? (unsigned long)err : r->addr;
	}
	if (!(r->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	r->new_addr = get_unmapped_area(r->mm, NULL, 0, r->new_len, 0);
	if (IS_ERR_VALUE(r->new_addr))
		return r->new_addr;
	return move_vma(vma, r);
}

/*
 * An area of huge pages keeps its size, or loses some: whole pages. What moves
 * is an area by itself then, so that what it was promised moves along. Return:
 * 0 or -errno.
 */
static int prepare_hugetlb(struct mremap *r)
{
	r->old_len = hugetlb_align(r->old_len);
	r->new_len = hugetlb_align(r->new_len);
	if (((r->addr | r->new_addr) & ~HPAGE_PMD_MASK) ||
	    r->new_len > r->old_len)
		return -EINVAL;
	if (!(r->flags & MREMAP_FIXED))
		return 0;
	return split_hugetlb(r->mm, r->addr, r->addr + r->old_len);
}

static unsigned long do_mremap(struct mremap *r)
{
	struct vm_area_struct *vma;
	int err;

	vma = find_vma_intersection(r->mm, r->addr, r->addr + 1);
	if (!vma)
		return -EFAULT;
	if (unlikely(is_vm_hugetlb_page(vma))) {
		err = prepare_hugetlb(r);
		if (err)
			return err;
	}
	if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return mremap_to(r);
	if (r->new_len > r->old_len)
		return mremap_grow(r);
	if (r->new_len < r->old_len) {
		err = do_munmap(r->mm, r->addr + r->new_len,
				r->old_len - r->new_len);
		if (err)
			return err;
	}
	return r->addr;
}

static bool flags_agree(unsigned long flags, unsigned long old_len,
			unsigned long new_len)
{
	if (flags &
	    ~(unsigned long)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return false;
	if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) &&
	    !(flags & MREMAP_MAYMOVE))
		return false;
	return !(flags & MREMAP_DONTUNMAP) || old_len == new_len;
}

/**
 * mm_mremap() - change the size or the place of an area, or a part of one
 * @old_len: 0: leave a shared area where it is, and map it a second time
 * @flags: MREMAP_*
 * @new_addr: for MREMAP_FIXED; a wish for MREMAP_DONTUNMAP
 *
 * Return: where it is now, or -errno as mremap(2). Context: takes mmap_lock.
 */
unsigned long mm_mremap(struct mm_struct *mm, unsigned long addr,
			unsigned long old_len, unsigned long new_len,
			unsigned long flags, unsigned long new_addr)
{
	struct mremap r = {
		mm,	  addr, PAGE_ALIGN(old_len), PAGE_ALIGN(new_len),
		new_addr, flags
	};
	struct vm_area_struct *vma;
	unsigned long ret;
	bool locked = false;

	if (!flags_agree(flags, old_len, new_len) || (addr & ~PAGE_MASK) ||
	    !r.new_len)
		return -EINVAL;
	if (addr >= TASK_SIZE)
		return -EFAULT;
	down_write(&mm->mmap_lock);
	ret = do_mremap(&r);
	if (!IS_ERR_VALUE(ret)) {
		vma = find_vma(mm, ret);
		locked = vma && (vma->vm_flags & VM_LOCKED);
	}
	up_write(&mm->mmap_lock);
	if (locked && r.new_len > r.old_len)
		mm_populate(mm, ret + r.old_len, r.new_len - r.old_len);
	return ret;
}
