/* SPDX-License-Identifier: MIT */
/*
 * Spaces with areas whose pages are to be merged: a slot for each.
 *
 *   MADV_MERGEABLE ─→ slot ⇄ slot ⇄ slot ⇄ …        ksm.c scans them in turn
 *   fork           ─→        ▲ cursor
 *   exit: with items the slot comes next, without any it goes
 *
 * A slot is the space's as long as it has mergeable areas, and longer: it keeps
 * the structure of a space that has ended until its items are gone.
 *
 * Locks: ksm_mmlist_lock for the list, the cursor, and mm->ksm_slot, which is
 * set with mmap_lock for write, and cleared with it for read or at the end.
 */
#include <ashlar/compiler.h>
#include <ashlar/errno.h>
#include <ashlar/ksm.h>
#include <ashlar/list.h>
#include <ashlar/mmap.h>
#include <ashlar/slab.h>
#include <mach/spinlock.h>
#include "ksm.h"
#include "ksm_slot.h"
#include "slab.h"

LIST_HEAD(ksm_slots);
spinlock_t ksm_mmlist_lock = SPIN_LOCK_UNLOCKED; /* held alone */
struct ksm_mm_slot *ksm_scan_slot; /* NULL: a new scan begins */
void (*wakeup_ksmd)(void);

static struct kmem_cache *slot_cachep;

/** ksm_slot_init() - at boot */
void ksm_slot_init(void)
{
	slot_cachep = kmem_cache_create(
		"ksm_mm_slot", sizeof(struct ksm_mm_slot), 0, SLAB_PANIC, NULL);
}

/* The space is to be scanned. Return: 0 or -ENOMEM. */
static int ksm_enter(struct mm_struct *mm)
{
	struct ksm_mm_slot *slot = kmem_cache_alloc(slot_cachep, GFP_KERNEL);
	bool first;

	if (!slot)
		return -ENOMEM;
	slot->mm = mm;
	slot->items = NULL;
	mmgrab(mm);
	spin_lock(&ksm_mmlist_lock);
	first = list_empty(&ksm_slots);
	/* It is the last of this round: maybe the program execs soon. */
	list_add_tail(&slot->list,
		      ksm_scan_slot ? &ksm_scan_slot->list : &ksm_slots);
	mm->ksm_slot = slot;
	spin_unlock(&ksm_mmlist_lock);
	if (first && wakeup_ksmd)
		wakeup_ksmd();
	return 0;
}

/** __ksm_fork() - a child of a space that is scanned. Return: 0 or -ENOMEM. */
int __ksm_fork(struct mm_struct *mm)
{
	return ksm_enter(mm);
}

/** ksm_unlink_slot() - a slot without items is not listed. ksm_mmlist_lock. */
void ksm_unlink_slot(struct ksm_mm_slot *slot)
{
	lockdep_assert_held(&ksm_mmlist_lock);
	list_del(&slot->list);
	slot->mm->ksm_slot = NULL;
}

/** ksm_slot_free() - the reference to the space is the caller's */
void ksm_slot_free(struct ksm_mm_slot *slot)
{
	kmem_cache_free(slot_cachep, slot);
}

/**
 * __ksm_exit() - a space ends
 *
 * Without items it is forgotten; with some it is the next to be looked at.
 * Return: true if the reference to its structure is the caller's now.
 */
bool __ksm_exit(struct mm_struct *mm)
{
	struct ksm_mm_slot *slot;
	bool gone = false;

	spin_lock(&ksm_mmlist_lock);
	slot = mm->ksm_slot;
	if (slot && slot != ksm_scan_slot) {
		gone = !slot->items;
		if (gone)
			ksm_unlink_slot(slot);
		else if (ksm_scan_slot)
			list_move(&slot->list, &ksm_scan_slot->list);
	}
	spin_unlock(&ksm_mmlist_lock);
	if (gone)
		ksm_slot_free(slot);
	return gone;
}

/**
 * ksm_madvise() - pages of an area are to be merged, or not any more
 * @vma: is to get VM_MERGEABLE, or to lose it
 * @start: of the part of it
 * @end: where that ends
 *
 * Context: mmap_lock for write; may sleep. Return: 0 or -ENOMEM.
 */
int ksm_madvise(struct vm_area_struct *vma, unsigned long start,
		unsigned long end, bool merge)
{
	struct mm_struct *mm = vma->vm_mm;

	if (merge)
		return mm->ksm_slot ? 0 : ksm_enter(mm);
	return vma->anon_vma ? unmerge_ksm_pages(vma, start, end) : 0;
}
