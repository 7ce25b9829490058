/* SPDX-License-Identifier: MIT */
/*
 * Faults at entries that say where a page is (include/ashlar/swapops.h).
 *
 *   a page that is being moved   wait until whoever moves it unlocks it, and
 *                                try the access again
 *
 * Locks: mmap_lock is held; the entry is looked at again under page_table_lock.
 */
#include <ashlar/fault.h>
#include <ashlar/mmap.h>
#include <ashlar/pagemap.h>
#include <ashlar/port.h>
#include <ashlar/swapops.h>
#include <mach/spinlock.h>
#include "pgtable.h"

/**
 * migration_entry_wait() - until a page that is being moved may have arrived
 * @pte: its entry
 *
 * The wait takes no reference, which would keep the page from being moved. It
 * may end early. Context: mmap_lock; may sleep.
 */
void migration_entry_wait(struct mm_struct *mm, pte_t *pte)
{
	const struct page *page = NULL;
	swp_entry_t entry;

	might_sleep();
	spin_lock(&mm->page_table_lock);
	entry = pte_to_swp_entry(*pte);
	if (is_swap_pte(*pte) && is_migration_entry(entry))
		page = migration_entry_to_page(entry);
	if (page && !PageLocked(page))
		page = NULL;
	spin_unlock(&mm->page_table_lock);
	if (page)
		port_wait(page);
}

/**
 * do_swap_page() - a fault at an entry that is not present
 * @entry: as it was found
 *
 * Context: mmap_lock; may sleep. Return: as handle_mm_fault().
 */
vm_fault_t do_swap_page(struct vm_area_struct *vma, pte_t *pte, pte_t entry)
{
	if (!is_migration_entry(pte_to_swp_entry(entry)))
		return VM_FAULT_SIGBUS;
	migration_entry_wait(vma->vm_mm, pte);
	return 0;
}
