/* SPDX-License-Identifier: MIT */
/*
 * The search for tables that should be huge pages: through all spaces, some
 * pages at a time, for ever.
 *
 *   mm_list   space ── area ── 4 MB ── 4 MB ─ … ── area …
 *               │                 ▲
 *               └──── cursor ─────┘ collapse_if_dense(), and on
 *
 * When it has passed the last space a scan is full, and the next begins.
 *
 * Locks: mmap_lock of the one space that is looked at, for write. The cursor
 * is its one caller's; it holds the space's structure, but not its areas.
 */
#include <ashlar/huge_mm.h>
#include <ashlar/khugepaged.h>
#include <ashlar/list.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/rwsem.h>
#include <mach/spinlock.h>
#include "vma.h"

unsigned int khugepaged_pages_to_scan = 8 * HPAGE_PMD_NR;
unsigned long khugepaged_pages_collapsed, khugepaged_full_scans;

/* Where the next look begins; with a reference to the space. */
static struct {
	struct mm_struct *mm;
	unsigned long addr;
} cursor;

/* From @addr on, in one area: where to go on. *@budget: pages to look at. */
static unsigned long scan_area(struct vm_area_struct *vma, unsigned long addr,
			       long *budget)
{
	addr = ALIGN(max(addr, vma->vm_start), HPAGE_PMD_SIZE);
	for (; addr && addr + HPAGE_PMD_SIZE <= vma->vm_end && *budget > 0;
	     addr += HPAGE_PMD_SIZE, *budget -= (long)HPAGE_PMD_NR)
		if (collapse_if_dense(vma, addr))
			khugepaged_pages_collapsed++;
	return addr;
}

/* Scan a space from the cursor on; false: it has been looked through. */
static bool scan_mm(struct mm_struct *mm, long *budget)
{
	struct vm_area_struct *vma;
	bool more = false;

	down_write(&mm->mmap_lock);
	vma = mm->oom_reaped ? NULL : find_vma(mm, cursor.addr);
	for (; vma; vma = vma->vm_next) {
		--*budget;
		if (hugepage_vma_check(vma))
			cursor.addr = scan_area(vma, cursor.addr, budget);
		more = *budget <= 0;
		if (more)
			break;
	}
	up_write(&mm->mmap_lock);
	return more;
}

/*
 * The space of the cursor, or the one after it, or the first, with one user
 * more; NULL: there is none after the last.
 */
static struct mm_struct *cursor_mm(bool next)
{
	struct mm_struct *mm, *found = NULL;
	bool passed = !cursor.mm;

	spin_lock(&mmlist_lock);
	list_for_each_entry(mm, &mm_list, mmlist) {
		if ((passed || (mm == cursor.mm && !next)) &&
		    mmget_not_zero(mm)) {
			found = mm;
			break;
		}
		passed = passed || mm == cursor.mm;
	}
	spin_unlock(&mmlist_lock);
	return found;
}

static void set_cursor(struct mm_struct *mm)
{
	if (mm)
		mmgrab(mm);
	if (cursor.mm)
		mmdrop(cursor.mm);
	cursor.mm = mm;
	cursor.addr = 0;
}

/**
 * khugepaged_do_scan() - look at so many pages as are to be at once
 *
 * Context: one caller at a time; may sleep.
 */
void khugepaged_do_scan(void)
{
	long budget = (long)khugepaged_pages_to_scan;
	struct mm_struct *mm = cursor_mm(false);

	while (budget > 0) {
		if (!mm) {
			set_cursor(NULL);
			khugepaged_full_scans++;
			return;
		}
		if (mm != cursor.mm)
			set_cursor(mm);
		if (scan_mm(mm, &budget)) {
			mmput(mm);
			return;
		}
		mmput(mm);
		mm = cursor_mm(true);
	}
	if (mm) {
		set_cursor(mm);
		mmput(mm);
	}
}

/** khugepaged_forget() - the next look begins with the first space */
void khugepaged_forget(void)
{
	set_cursor(NULL);
}
