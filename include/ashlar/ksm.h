/* SPDX-License-Identifier: MIT */
/* Anonymous pages of equal contents become one. Code: mm/ksm.c. */
#ifndef ASHLAR_KSM_H
#define ASHLAR_KSM_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

enum ksm_run { KSM_RUN_STOP, KSM_RUN_MERGE, KSM_RUN_UNMERGE };

/* /sys/kernel/mm/ksm: what is set; the functions below check the others. */
extern enum ksm_run ksm_run;
extern unsigned int ksm_max_page_sharing;
extern unsigned int ksm_chains_prune_millisecs;
extern bool ksm_use_zero_pages, ksm_merge_across_nodes;

/* … and what is told. All are changed by the one who scans. */
struct ksm_counts {
	unsigned long full_scans;
	unsigned long items; /* pages that have been looked at, and are there */
	unsigned long shared; /* of those, the first to map a merged page */
	unsigned long sharing; /* … and further ones */
	unsigned long unshared; /* … and those without an equal */
	unsigned long chains; /* contents of which there are several pages */
	unsigned long dups; /* those pages */
};
extern struct ksm_counts ksm_counts;

/* Pages that change too fast to be placed in a tree. */
static inline unsigned long ksm_pages_volatile(void)
{
	unsigned long placed =
		ksm_counts.shared + ksm_counts.sharing + ksm_counts.unshared;

	return ksm_counts.items > placed ? ksm_counts.items - placed : 0;
}

struct mm_struct;
struct vm_area_struct;

/* Called when there is a first space to be scanned. NULL: none is. */
extern void (*wakeup_ksmd)(void);

void ksm_slot_init(void);
void ksm_init(void);
bool ksm_has_work(void);
bool ksm_do_scan(unsigned int pages);
int ksm_set_run(unsigned int run);
int ksm_set_max_page_sharing(unsigned int most);
int ksm_set_merge_across_nodes(bool across);

int ksm_madvise(struct vm_area_struct *vma, unsigned long start,
		unsigned long end, bool merge);
int __ksm_fork(struct mm_struct *mm);
bool __ksm_exit(struct mm_struct *mm);

#endif
