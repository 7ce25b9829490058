/* SPDX-License-Identifier: MIT */
/* Pages that become huge pages. Code: mm/collapse.c, mm/khugepaged.c. */
#ifndef ASHLAR_KHUGEPAGED_H
#define ASHLAR_KHUGEPAGED_H

#include <ashlar/types.h>

/* /sys/kernel/mm/transparent_hugepage/khugepaged; of a table's entries. */
extern unsigned int khugepaged_max_ptes_none;
extern unsigned int khugepaged_max_ptes_shared;
extern unsigned int khugepaged_pages_to_scan; /* before the next pause */
extern unsigned long khugepaged_pages_collapsed, khugepaged_full_scans;

struct vm_area_struct;

void khugepaged_do_scan(void);
void khugepaged_forget(void);
bool collapse_if_dense(struct vm_area_struct *vma, unsigned long addr);
int madvise_collapse(struct vm_area_struct *vma, unsigned long start,
		     unsigned long end);

#endif
