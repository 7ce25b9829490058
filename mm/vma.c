/* SPDX-License-Identifier: MIT */
/*
 * The areas (VMAs) of an address space: kept in order, found, cut and joined.
 *
 *   mm->mmap ─→ [text] ⇄ [data] ⇄ [heap] ⇄ … ⇄ [stack]     list, by address
 *   mm->mm_rb        red-black tree of the same, by address
 *   mm->vmacache     the area that was found last
 *
 *        gap          gap
 *     ◄───────►┌─────┐◄──►┌─────┐       each node has a bound on the gaps that
 *              │  a  │    │  b  │       end at areas of its subtree, so a free
 *              └─────┘    └─────┘       place is found in one descent
 *
 * The bounds are raised when a gap grows and left alone when one shrinks;
 * a search that was led astray by one lowers it. So the common case, an area
 * that comes and goes, touches two nodes and not the ways up from them.
 *
 * Invariants:
 *   a->vm_end <= a->vm_next->vm_start; start < end, both whole pages
 *   rb_subtree_gap >= own gap and its children's; map_count = number of areas
 *   two neighbours differ in something that mapping them as one would lose,
 *     or could not be joined when they came to be neighbours
 *
 * Joining never allocates, so it cannot fail: one area takes the range, and
 * those that lie there shrink or go. Cutting needs one new area.
 */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/rbtree_balance.h>
#include <ashlar/slab.h>
#include <ashlar/tune.h>
#include <mach/spinlock.h>
#include "huge_page.h"
#include "rmap.h"
#include "slab.h"
#include "vma.h"

static struct kmem_cache *vm_area_cachep;

/** vma_init() - at boot. */
void vma_init(void)
{
	vm_area_cachep = kmem_cache_create("vm_area_struct",
					   sizeof(struct vm_area_struct), 0,
					   SLAB_PANIC, NULL);
}

/* ---- one area ---- */

/**
 * vm_get_page_prot() - what page table entries of an area allow
 * @vm_flags: the area's
 *
 * A private page is writable only once it is a copy, so never from the start.
 */
pgprot_t vm_get_page_prot(u32 vm_flags)
{
	if (!(vm_flags & VM_ACCESS_FLAGS))
		return PAGE_NONE;
	if (!(vm_flags & VM_WRITE))
		return PAGE_READONLY;
	return vm_flags & VM_SHARED ? PAGE_SHARED : PAGE_COPY;
}

/**
 * vma_set_page_prot() - what entries allow follows from flags and object
 *
 * Where the object wants to know of stores, an entry allows one only after it
 * was asked.
 */
void vma_set_page_prot(struct vm_area_struct *vma)
{
	u32 vm_flags = vma->vm_flags;

	if (vma->vm_ops && vma->vm_ops->page_mkwrite)
		vm_flags &= ~VM_SHARED;
	vma->vm_page_prot = vm_get_page_prot(vm_flags);
}

/** vma_set_flags() - new flags, and the protection that follows from them. */
void vma_set_flags(struct vm_area_struct *vma, u32 vm_flags)
{
	vma->vm_flags = vm_flags;
	vma_set_page_prot(vma);
}

/**
 * vm_area_alloc() - a new area, anonymous and in no list
 * @pgoff: page of its file; for anonymous memory @start in pages
 *
 * Return: the area, or NULL without memory. Context: may sleep.
 */
struct vm_area_struct *vm_area_alloc(struct mm_struct *mm, unsigned long start,
				     unsigned long end, u32 vm_flags,
				     unsigned long pgoff)
{
	struct vm_area_struct *vma;

	vma = kmem_cache_alloc(vm_area_cachep, GFP_KERNEL);
	if (!vma)
		return NULL;
	vma->vm_start = start;
	vma->vm_end = end;
	vma->vm_mm = mm;
	vma->vm_ops = NULL;
	vma_set_flags(vma, vm_flags);
	vma->vm_policy = 0;
	vma->anon_vma = NULL;
	vma->vm_pgoff = pgoff;
	vma->vm_file = NULL;
	vma->vm_private_data = NULL;
	return vma;
}

/**
 * vm_area_dup() - a second area of the same kind, in no list
 *
 * Has a reference to the file; ->open() is the caller's to call once the area
 * is what it shall be. Return: the area, or NULL without memory.
 */
struct vm_area_struct *vm_area_dup(struct vm_area_struct *vma)
{
	struct vm_area_struct *new;

	new = kmem_cache_alloc(vm_area_cachep, GFP_KERNEL);
	if (!new)
		return NULL;
	*new = *vma;
	new->anon_vma = NULL;
	if (new->vm_file)
		get_file(new->vm_file);
	return new;
}

/** vm_area_free() - an area that is in no list of its space any more. */
void vm_area_free(struct vm_area_struct *vma)
{
	anon_vma_unlink(vma);
	if (vma->vm_file)
		fput(vma->vm_file);
	kmem_cache_free(vm_area_cachep, vma);
}

/* ---- order: list, tree, gaps ---- */

static unsigned long vma_gap(const struct vm_area_struct *vma)
{
	unsigned long start = vm_start_gap(vma);
	unsigned long prev_end = vma->vm_prev ? vma->vm_prev->vm_end : 0;

	return start > prev_end ? start - prev_end : 0;
}

static inline struct vm_area_struct *rb_vma(struct rb_node *n)
{
	return rb_entry(n, struct vm_area_struct, vm_rb);
}

static void vma_gap_update(struct rb_node *n)
{
	unsigned long gap = vma_gap(rb_vma(n));

	if (n->rb_left)
		gap = max(gap, rb_vma(n->rb_left)->rb_subtree_gap);
	if (n->rb_right)
		gap = max(gap, rb_vma(n->rb_right)->rb_subtree_gap);
	rb_vma(n)->rb_subtree_gap = gap;
}

/* Gaps are bounds: an area that goes leaves those above it as they are. */
static inline void vma_gap_propagate(struct rb_node *n, struct rb_node *stop)
{
	(void)n;
	(void)stop;
}

static inline void vma_gap_copy(struct rb_node *old, struct rb_node *heir)
{
	(void)old;
	vma_gap_update(heir);
}

static inline void vma_gap_rotate(struct rb_node *old, struct rb_node *riser)
{
	vma_gap_update(old);
	vma_gap_update(riser);
}

static rb_callbacks_t vma_gap_callbacks = { vma_gap_propagate, vma_gap_copy,
					    vma_gap_rotate };

/* The gap before @vma may have grown. */
static void vma_gap_grew(struct vm_area_struct *vma)
{
	unsigned long gap = vma_gap(vma);
	struct rb_node *n;

	for (n = &vma->vm_rb; n && rb_vma(n)->rb_subtree_gap < gap;
	     n = rb_parent(n))
		rb_vma(n)->rb_subtree_gap = gap;
}

/* True if the file may be written through the area, now or later. */
static bool may_write_file(const struct vm_area_struct *vma)
{
	const u32 both = VM_SHARED | VM_MAYWRITE;

	return (vma->vm_flags & both) == both;
}

static void vma_link_file(struct vm_area_struct *vma)
{
	struct address_space *mapping = vma_mapping(vma);

	if (!mapping)
		return;
	spin_lock(&mapping->i_mmap_lock);
	if (may_write_file(vma))
		mapping->i_mmap_writable++;
	list_add_tail(&vma->shared_node, &mapping->i_mmap);
	spin_unlock(&mapping->i_mmap_lock);
}

/** vma_unlink_file() - its file does not lead to @vma any more. */
void vma_unlink_file(struct vm_area_struct *vma)
{
	struct address_space *mapping = vma_mapping(vma);

	if (!mapping)
		return;
	spin_lock(&mapping->i_mmap_lock);
	if (may_write_file(vma))
		mapping->i_mmap_writable--;
	list_del(&vma->shared_node);
	spin_unlock(&mapping->i_mmap_lock);
}

/*
 * Hang @vma into the tree between its neighbours in the list: of two nodes
 * next to each other in order, one has room for a child on that side.
 */
static void vma_link_rb(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma->vm_prev, *next = vma->vm_next;

	if (prev && !prev->vm_rb.rb_right)
		rb_link_node(&vma->vm_rb, &prev->vm_rb, &prev->vm_rb.rb_right);
	else if (next)
		rb_link_node(&vma->vm_rb, &next->vm_rb, &next->vm_rb.rb_left);
	else
		rb_link_node(&vma->vm_rb, NULL, &mm->mm_rb.rb_node);
	vma->rb_subtree_gap = 0;
	vma_gap_grew(vma);
	rb_balance_insert(&vma->vm_rb, &mm->mm_rb, &vma_gap_callbacks);
}

/**
 * vma_link() - make @vma one of the areas of its space
 * @prev: the area before it, or NULL
 *
 * Nothing may lie in its range.
 */
void vma_link(struct vm_area_struct *vma, struct vm_area_struct *prev)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *next = prev ? prev->vm_next : mm->mmap;

	vma->vm_prev = prev;
	vma->vm_next = next;
	if (prev)
		prev->vm_next = vma;
	else
		mm->mmap = vma;
	if (next)
		next->vm_prev = vma;
	else
		mm->highest_vm_end = vma->vm_end;
	vma_link_rb(mm, vma);
	mm->map_count++;
	vma_link_file(vma);
}

/** vma_unlink() - the opposite of vma_link(); the area itself stays. */
void vma_unlink(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *prev = vma->vm_prev, *next = vma->vm_next;

	vma_unlink_file(vma);
	rb_balance_erase(&vma->vm_rb, &mm->mm_rb, &vma_gap_callbacks);
	if (prev)
		prev->vm_next = next;
	else
		mm->mmap = next;
	if (next) {
		next->vm_prev = prev;
		vma_gap_grew(next);
	} else {
		mm->highest_vm_end = prev ? prev->vm_end : 0;
	}
	if (mm->vmacache == vma)
		mm->vmacache = NULL;
	mm->map_count--;
}

/**
 * vma_resize() - move an area's borders
 *
 * Each page of the area keeps its place in the object. What else lies there
 * makes room, or made it, before mmap_lock is released.
 */
void vma_resize(struct vm_area_struct *vma, unsigned long start,
		unsigned long end)
{
	long up = (long)(start - vma->vm_start) >> PAGE_SHIFT;
	bool end_moves = end != vma->vm_end;

	split_huge_at(vma->vm_mm, start);
	split_huge_at(vma->vm_mm, end);
	rmap_lock(vma);
	vma->vm_pgoff += (unsigned long)up;
	vma->vm_start = start;
	vma->vm_end = end;
	rmap_unlock(vma);
	if (up)
		vma_gap_grew(vma);
	if (!end_moves)
		return;
	if (vma->vm_next)
		vma_gap_grew(vma->vm_next);
	else
		vma->vm_mm->highest_vm_end = end;
}

/* ---- finding ---- */

/**
 * find_vma() - the first area that ends after @addr, or NULL
 *
 * Context: mmap_lock.
 */
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma = mm->vmacache, *best = NULL;
	struct rb_node *n;

	if (likely(vma && vma->vm_start <= addr && addr < vma->vm_end))
		return vma;
	for (n = mm->mm_rb.rb_node; n;) {
		vma = rb_vma(n);
		if (addr >= vma->vm_end) {
			n = n->rb_right;
			continue;
		}
		best = vma;
		if (addr >= vma->vm_start)
			break;
		n = n->rb_left;
	}
	if (best)
		mm->vmacache = best;
	return best;
}

/** find_vma_prev() - find_vma(), and the area before it. Context: mmap_lock. */
struct vm_area_struct *find_vma_prev(struct mm_struct *mm, unsigned long addr,
				     struct vm_area_struct **prev)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	struct rb_node *last;

	if (vma) {
		*prev = vma->vm_prev;
	} else {
		last = rb_last(&mm->mm_rb);
		*prev = last ? rb_vma(last) : NULL;
	}
	return vma;
}

/** find_vma_intersection() - the first area in [start, end), or NULL. */
struct vm_area_struct *find_vma_intersection(struct mm_struct *mm,
					     unsigned long start,
					     unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	return vma && vma->vm_start < end ? vma : NULL;
}

/*
 * The highest place up to @limit for @len bytes in the gaps of a subtree, or
 * 0; then its bound was too high, or what there is lies too high.
 */
static unsigned long highest_gap(struct rb_node *n, unsigned long len,
				 unsigned long limit)
{
	unsigned long start, end, found = 0;
	struct vm_area_struct *vma;

	if (!n || rb_vma(n)->rb_subtree_gap < len)
		return 0;
	vma = rb_vma(n);
	start = vma->vm_prev ? vma->vm_prev->vm_end : 0;
	if (start <= limit) { /* else all to the right is too high as well */
		found = highest_gap(n->rb_right, len, limit);
		end = vm_start_gap(vma);
		if (!found && end > start && end - start >= len)
			found = min(end - len, limit);
	}
	if (!found)
		found = highest_gap(n->rb_left, len, limit);
	if (!found)
		vma_gap_update(n);
	return found;
}

/* The lowest place for @len bytes from @low on. */
static unsigned long lowest_gap(struct mm_struct *mm, unsigned long len,
				unsigned long low)
{
	struct vm_area_struct *vma;
	unsigned long end;

	for (vma = find_vma(mm, low); vma; vma = vma->vm_next) {
		end = vm_start_gap(vma);
		if (end > low && end - low >= len)
			return low;
		low = max(low, vma->vm_end);
	}
	return low <= TASK_SIZE - len ? low : -ENOMEM;
}

/**
 * vm_unmapped_area() - a place for @len bytes (whole pages)
 * @align: of which power of two it is a multiple, in bytes
 *
 * The highest one below mmap_base; if there is none, the lowest one above.
 * Return: the address, or -ENOMEM.
 */
unsigned long vm_unmapped_area(struct mm_struct *mm, unsigned long len,
			       unsigned long align)
{
	unsigned long found = 0, limit, slack = align - PAGE_SIZE;

	if (len > TASK_SIZE - slack)
		return -ENOMEM;
	len += slack;
	if (len > TASK_SIZE - MMAP_MIN_ADDR)
		return -ENOMEM;
	if (len < mm->mmap_base) {
		limit = mm->mmap_base - len;
		found = mm->highest_vm_end <= limit ?
				limit :
				highest_gap(mm->mm_rb.rb_node, len, limit);
	}
	if (found >= MMAP_MIN_ADDR)
		return (found + slack) & ~(align - 1);
	found = lowest_gap(mm, len, mm->mmap_base);
	return IS_ERR_VALUE(found) ? found : ALIGN(found, align);
}

/* ---- cutting and joining ---- */

/**
 * split_vma() - cut an area in two at @addr, which lies inside
 *
 * Return: the upper part, a new area, @vma being the lower; or NULL without
 * memory. Context: mmap_lock for write; may sleep.
 */
struct vm_area_struct *split_vma(struct vm_area_struct *vma, unsigned long addr)
{
	struct vm_area_struct *new = vm_area_dup(vma);

	if (!new)
		return NULL;
	new->vm_start = addr;
	new->vm_pgoff = linear_page_index(vma, addr);
	if (vma->anon_vma)
		anon_vma_link(new, vma->anon_vma);
	if (new->vm_ops &&new->vm_ops->open)
		new->vm_ops->open(new);
	split_huge_at(vma->vm_mm, addr);
	vma_link(new, vma);
	rmap_lock(vma);
	vma->vm_end = addr;
	rmap_unlock(vma);
	return new;
}

/* @vma takes over pages of @n: it needs the same anon_vma. */
static void share_anon_vma(struct vm_area_struct *vma,
			   const struct vm_area_struct *n)
{
	if (!vma->anon_vma && n->anon_vma)
		anon_vma_link(vma, n->anon_vma);
}

/*
 * Give @vma the range [start, end), which includes its own. Areas that lie
 * there shrink or go, but only after it grew (see rmap.c); their pages, if
 * any, are @vma's from now on.
 */
static void vma_take(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end)
{
	struct vm_area_struct *n;

	for (n = vma->vm_next; n && n->vm_start < end; n = n->vm_next)
		share_anon_vma(vma, n);
	for (n = vma->vm_prev; n && n->vm_end > start; n = n->vm_prev)
		share_anon_vma(vma, n);
	vma_resize(vma, start, end);
	while ((n = vma->vm_next) && n->vm_start < end) {
		if (n->vm_end > end) {
			vma_resize(n, end, n->vm_end);
			break;
		}
		vma_unlink(n);
		vm_area_free(n);
	}
	while ((n = vma->vm_prev) && n->vm_end > start) {
		if (n->vm_start < start) {
			vma_resize(n, n->vm_start, start);
			break;
		}
		vma_unlink(n);
		vm_area_free(n);
	}
}

/* True if one area of @mm can have the pages of both. */
static bool same_anon_vma(const struct mm_struct *mm, const struct anon_vma *a,
			  const struct anon_vma *b)
{
	if (a == b)
		return true;
	if (a && b)
		return false;
	return (a ? a : b)->mm == mm; /* not inherited: keep families small */
}

/* True if @vma, if its pages start at @pgoff, is like the area described. */
static bool can_vma_merge(const struct vm_area_struct *vma, u32 vm_flags,
			  u32 policy, const struct anon_vma *anon_vma,
			  const struct file *file)
{
	return vma->vm_flags == vm_flags && vma->vm_file == file &&
	       vma->vm_policy == policy &&
	       same_anon_vma(vma->vm_mm, vma->anon_vma, anon_vma) &&
	       !(vma->vm_ops && vma->vm_ops->close) &&
	       !(vm_flags & (VM_SPECIAL | VM_UFFD_MISSING));
}

/**
 * vma_merge() - make [start, end) part of a neighbour of the same kind
 * @prev: the area before @start that does not change, or NULL
 * @vm_flags: what the range shall have, as do @policy, @anon_vma, @file and
 *	      @pgoff
 *
 * The range is empty, or lies within an area that shall have these flags in
 * it. Return: the area that has it now, or NULL: neither neighbour fits.
 * Context: mmap_lock for write; allocates nothing.
 */
struct vm_area_struct *
vma_merge(struct mm_struct *mm, struct vm_area_struct *prev,
	  unsigned long start, unsigned long end, u32 vm_flags, u32 policy,
	  struct anon_vma *anon_vma, struct file *file, unsigned long pgoff)
{
	struct vm_area_struct *next = prev ? prev->vm_next : mm->mmap;
	bool with_prev, with_next;

	if (next && next->vm_end == end && next->vm_start < end)
		next = next->vm_next;
	with_prev = prev && prev->vm_end == start &&
		    can_vma_merge(prev, vm_flags, policy, anon_vma, file) &&
		    linear_page_index(prev, start) == pgoff;
	with_next = next && next->vm_start == end &&
		    can_vma_merge(next, vm_flags, policy, anon_vma, file) &&
		    next->vm_pgoff == pgoff + ((end - start) >> PAGE_SHIFT);
	if (with_prev && with_next &&
	    same_anon_vma(mm, prev->anon_vma, next->anon_vma)) {
		vma_take(prev, prev->vm_start, next->vm_end);
		return prev;
	}
	if (with_prev) {
		vma_take(prev, prev->vm_start, end);
		return prev;
	}
	if (with_next) {
		vma_take(next, start, next->vm_end);
		return next;
	}
	return NULL;
}

/**
 * vma_change() - give part of an area other flags, or another policy
 * @start: not before the area's start
 * @end: not past its end
 *
 * The part is joined with a neighbour or cut out of @vma. Only these change;
 * page tables and accounts are the caller's. Return: the area that has
 * [start, end), maybe larger than that; ERR_PTR(-ENOMEM); or ERR_PTR(-EINVAL)
 * where such an area is not cut: nothing changed, but @vma may have been cut if
 * areas of its kind are not joined.
 */
struct vm_area_struct *vma_change(struct vm_area_struct *vma,
				  unsigned long start, unsigned long end,
				  u32 vm_flags, u32 policy)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *prev, *merged;

	prev = start == vma->vm_start ? vma->vm_prev : vma;
	merged = vma_merge(mm, prev, start, end, vm_flags, policy,
			   vma->anon_vma, vma->vm_file,
			   linear_page_index(vma, start));
	if (merged)
		return merged;
	if (!vma_may_split(vma, start) || !vma_may_split(vma, end))
		return ERR_PTR(-EINVAL);
	if ((start > vma->vm_start || end < vma->vm_end) &&
	    mm->map_count >= sysctl_max_map_count)
		return ERR_PTR(-ENOMEM);
	if (start > vma->vm_start) {
		vma = split_vma(vma, start);
		if (!vma)
			return ERR_PTR(-ENOMEM);
	}
	if (end < vma->vm_end && !split_vma(vma, end)) {
		if (prev && prev->vm_end == vma->vm_start)
			vma_merge(mm, prev, start, vma->vm_end, vma->vm_flags,
				  vma->vm_policy, vma->anon_vma, vma->vm_file,
				  vma->vm_pgoff);
		return ERR_PTR(-ENOMEM);
	}
	vma_set_flags(vma, vm_flags);
	vma->vm_policy = policy;
	return vma;
}
