/* SPDX-License-Identifier: MIT */
/*
 * Memory policies where there is one node: kept, cut and joined with their
 * areas, shown, and checked as where there are several. All memory comes from
 * node 0 whatever they say, so a page lies right if its policy allows that
 * node, and there is no other place to move it to.
 *
 * A range that gets a policy is looked at first as a whole: a hole in it, or
 * with MPOL_MF_STRICT a page that lies wrong, changes nothing.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/mempolicy.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <mach/spinlock.h>
#include "pgtable.h"
#include "vma.h"

/**
 * mpol_new() - the word for what a program says
 * @mode: MPOL_*
 * @flags: those of MPOL_MODE_FLAGS
 * @nodes: a bit for each node
 * @policy: it; 0 for MPOL_DEFAULT
 *
 * Return: 0; -EINVAL: nodes that the mode does not take, or none that is
 * there. Relative nodes are counted round those that are, so any will do.
 */
int mpol_new(unsigned int mode, u32 flags, u32 nodes, u32 *policy)
{
	u32 how = flags & (MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES);

	*policy = 0;
	if (mode == MPOL_DEFAULT)
		return nodes ? -EINVAL : 0;
	if (mode == MPOL_PREFERRED && !nodes && !how)
		mode = MPOL_LOCAL;
	if (mode == MPOL_LOCAL) {
		if (nodes || how)
			return -EINVAL;
	} else if (!(flags & MPOL_F_RELATIVE_NODES ? nodes : nodes & 1)) {
		return -EINVAL;
	}
	*policy = mode | flags;
	if (flags)
		*policy |= nodes << MPOL_NODES_SHIFT;
	return 0;
}

/** mpol_nodes() - the nodes of a policy as get_mempolicy() tells them. */
u32 mpol_nodes(u32 policy)
{
	unsigned int mode = policy & MPOL_MODE;

	if (policy & MPOL_MODE_FLAGS)
		return policy >> MPOL_NODES_SHIFT;
	return mode != MPOL_DEFAULT && mode != MPOL_LOCAL;
}

/* True if a page of a node is mapped in [start, end) of @vma. */
static bool has_pages(struct vm_area_struct *vma, unsigned long start,
		      unsigned long end)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr, next, nr;
	bool found = false;
	pte_t *pte;

	if (vma->vm_flags & (VM_IO | VM_PFNMAP))
		return false;
	for (addr = start; addr < end && !found; addr = next) {
		pte = pte_span_lock(mm, addr, end, &next, &nr);
		if (!pte)
			continue;
		for (; nr && !found; nr--, pte++)
			found = pte_present(*pte) && !pte_special(*pte);
		spin_unlock(&mm->page_table_lock);
	}
	return found;
}

/*
 * What speaks against a policy for [start, end)? @holes: gaps between areas
 * do not. @strict: pages do.
 */
static int check_range(struct mm_struct *mm, unsigned long start,
		       unsigned long end, bool holes, bool strict)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end);

	if (!vma || (!holes && vma->vm_start > start))
		return -EFAULT;
	for (; vma && vma->vm_start < end; vma = vma->vm_next) {
		if (!holes && vma->vm_end < end &&
		    (!vma->vm_next || vma->vm_next->vm_start > vma->vm_end))
			return -EFAULT;
		if (strict && has_pages(vma, max(start, vma->vm_start),
					min(end, vma->vm_end)))
			return -EIO;
	}
	return 0;
}

/* Give the areas of [start, end) a policy. */
static int mbind_areas(struct mm_struct *mm, unsigned long start,
		       unsigned long end, u32 policy)
{
	struct vm_area_struct *vma;

	while ((vma = find_vma_intersection(mm, start, end))) {
		start = max(start, vma->vm_start);
		if (vma->vm_policy != policy)
			vma = vma_change(vma, start, min(end, vma->vm_end),
					 vma->vm_flags, policy);
		if (IS_ERR(vma))
			return (int)PTR_ERR(vma);
		start = vma->vm_end;
	}
	return 0;
}

/**
 * mm_mbind() - a policy for the areas of [start, start + len)
 * @start: start of a page
 * @len: bytes
 * @policy: from mpol_new(); 0: the task's
 * @nodes: those that were said: where they leave out node 0, all pages lie
 *	   wrong
 * @flags: MPOL_MF_*
 *
 * Return: 0; -EINVAL: no such range; -EFAULT: a hole, or, where the policy is
 * taken away, nothing else; -EIO: a page that lies wrong, and MPOL_MF_STRICT
 * alone; -ENOMEM. Context: takes mmap_lock.
 */
int mm_mbind(struct mm_struct *mm, unsigned long start, unsigned long len,
	     u32 policy, u32 nodes, unsigned int flags)
{
	unsigned long end = start + PAGE_ALIGN(len);
	bool strict = policy && flags == MPOL_MF_STRICT && !(nodes & 1);
	int err;

	if ((start & ~PAGE_MASK) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	down_write(&mm->mmap_lock);
	err = check_range(mm, start, end, !policy, strict);
	if (!err)
		err = mbind_areas(mm, start, end, policy);
	up_write(&mm->mmap_lock);
	return err;
}

/**
 * mm_set_home_node() - the node that is tried first, for areas with a policy
 *
 * Return: 0; -EINVAL: no such range; -ENOENT: no area in it has a policy;
 * -EOPNOTSUPP: one of another mode, those before it have the node; -ENOMEM.
 * Context: takes mmap_lock.
 */
int mm_set_home_node(struct mm_struct *mm, unsigned long start,
		     unsigned long len, unsigned int node)
{
	unsigned long end = start + PAGE_ALIGN(len), next;
	struct vm_area_struct *vma;
	int err = -ENOENT;
	u32 policy, mode;

	if ((start & ~PAGE_MASK) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	down_write(&mm->mmap_lock);
	for (; start < end; start = next) {
		vma = find_vma_intersection(mm, start, end);
		if (!vma)
			break;
		next = min(end, vma->vm_end);
		policy = vma->vm_policy;
		mode = policy & MPOL_MODE;
		if (!policy)
			continue;
		if (mode != MPOL_BIND && mode != MPOL_PREFERRED_MANY) {
			err = -EOPNOTSUPP;
			break;
		}
		policy = (policy & ~MPOL_HOME) | (node + 1) << MPOL_HOME_SHIFT;
		err = mbind_areas(mm, max(start, vma->vm_start), next, policy);
		if (err)
			break;
	}
	up_write(&mm->mmap_lock);
	return err;
}

/**
 * mm_vma_policy() - the policy of the area at @addr
 *
 * Return: 0 or -EFAULT. Context: takes mmap_lock for read.
 */
int mm_vma_policy(struct mm_struct *mm, unsigned long addr, u32 *policy)
{
	struct vm_area_struct *vma;
	int err = -EFAULT;

	down_read(&mm->mmap_lock);
	vma = find_vma_intersection(mm, addr, addr + 1);
	if (vma) {
		*policy = vma->vm_policy;
		err = 0;
	}
	up_read(&mm->mmap_lock);
	return err;
}

/* The node of what an entry maps; an anonymous area would have zeroes there. */
static int node_of_entry(const struct vm_area_struct *vma, const pte_t *pte)
{
	if (!pte || pte_none(*pte))
		return vma_is_anonymous(vma) || !vma->vm_ops->fault ? -EFAULT :
								      -ENOENT;
	if (!pte_present(*pte))
		return -ENOENT;
	return pte_special(*pte) ? -EFAULT : 0;
}

/**
 * mm_page_node() - on which node the page at @addr lies
 * @move: it shall be on node 0 afterwards
 *
 * Return: 0, the node; -ENOENT: not in memory, or its file's alone; -EFAULT:
 * no area, no page yet or the page of zeroes; to be moved, an area whose pages
 * never are. Context: takes mmap_lock for read.
 */
int mm_page_node(struct mm_struct *mm, unsigned long addr, bool move)
{
	const u32 fixed = VM_IO | VM_PFNMAP | VM_HUGETLB;
	struct vm_area_struct *vma;
	int node = -EFAULT;

	down_read(&mm->mmap_lock);
	vma = find_vma_intersection(mm, addr, addr + 1);
	if (vma && !(move && (vma->vm_flags & fixed))) {
		spin_lock(&mm->page_table_lock);
		node = node_of_entry(vma, pte_lookup(mm, addr));
		spin_unlock(&mm->page_table_lock);
	}
	up_read(&mm->mmap_lock);
	return node;
}
