/* SPDX-License-Identifier: MIT */
/* Spaces with areas to be merged, to mm/ksm.c. Picture: mm/ksm_slot.c. */
#ifndef ASHLAR_MM_KSM_SLOT_H
#define ASHLAR_MM_KSM_SLOT_H

#include <ashlar/list.h>
#include <mach/spinlock.h>

struct mm_struct;
struct ksm_rmap_item;

struct ksm_mm_slot {
	struct list_head list; /* ksm_slots (ksm_mmlist_lock) */
	struct mm_struct *mm; /* with a reference to its structure */
	struct ksm_rmap_item *items; /* by address (ksm_lock) */
};

extern struct list_head ksm_slots;
extern spinlock_t ksm_mmlist_lock;
extern struct ksm_mm_slot *ksm_scan_slot;

void ksm_unlink_slot(struct ksm_mm_slot *slot);
void ksm_slot_free(struct ksm_mm_slot *slot);

#endif
