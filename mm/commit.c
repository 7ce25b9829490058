/* SPDX-License-Identifier: MIT */
/*
 * Commit accounting: how much memory programs have been promised, and whether
 * another promise may be made. Linux's rules (vm.overcommit_memory):
 *
 *   0 guess    yes, unless one request is larger than all of RAM and swap
 *   1 always   yes
 *   2 never    while Committed_AS stays below
 *
 *                CommitLimit = RAM but for the pool of huge pages *
 *                              overcommit_ratio / 100, or
 *                              overcommit_kbytes
 *                + all swap areas
 *                - admin_reserve     but for CAP_SYS_ADMIN: a shell to log in
 *                - min(user_reserve, size of the asking process / 32)
 *
 * What counts are private writable mappings, shared memory and stacks, from
 * when they are mapped to when they go.
 *
 * And what pages are used for: vm_node_stat, a count for each use, which
 * every file counts in and the reports read.
 */
#include <ashlar/commit.h>
#include <ashlar/errno.h>
#include <ashlar/mmap.h>
#include <ashlar/mmzone.h>
#include <ashlar/swapfile.h>
#include <ashlar/tune.h>
#include <ashlar/vmstat.h>

#define ADMIN_RESERVE_MAX_KB (8ul << 10)
#define USER_RESERVE_MAX_KB (128ul << 10)
#define RESERVE_FRACTION 32
#define PAGES_TO_KB(n) ((n) << (PAGE_SHIFT - 10))
#define KB_TO_PAGES(n) ((n) >> (PAGE_SHIFT - 10))

int sysctl_overcommit_memory = OVERCOMMIT_GUESS;
int sysctl_overcommit_ratio = 50;
unsigned long sysctl_overcommit_kbytes;
unsigned long sysctl_admin_reserve_kbytes = ADMIN_RESERVE_MAX_KB;
unsigned long sysctl_user_reserve_kbytes = USER_RESERVE_MAX_KB;
long vm_committed_as;
long total_swap_pages;
bool (*vm_commit_privileged)(void);
long vm_node_stat[NR_NODE_STAT_ITEMS];

/**
 * init_reserves() - the reserves' defaults: 3 % of the free memory each, capped
 *
 * Context: once, at boot, when all memory is online.
 */
void init_reserves(void)
{
	unsigned long free_kb = 0;
	struct zone *z;

	for_each_populated_zone(z)
		free_kb += PAGES_TO_KB(z->free_pages);
	sysctl_admin_reserve_kbytes =
		min(free_kb / RESERVE_FRACTION, ADMIN_RESERVE_MAX_KB);
	sysctl_user_reserve_kbytes =
		min(free_kb / RESERVE_FRACTION, USER_RESERVE_MAX_KB);
}

static unsigned long less(unsigned long a, unsigned long b)
{
	return a > b ? a - b : 0;
}

/** vm_commit_limit() - most pages that may be promised in mode 2 */
unsigned long vm_commit_limit(void)
{
	unsigned long swap = (unsigned long)READ_ONCE(total_swap_pages), ram;

	if (sysctl_overcommit_kbytes)
		return KB_TO_PAGES(sysctl_overcommit_kbytes) + swap;
	ram = less(totalram_pages(), global_node_page_state(NR_HUGETLB));
	return (unsigned long)((u64)ram *
			       (unsigned int)sysctl_overcommit_ratio / 100) +
	       swap;
}

/* What is promised by now, @pages included, is within the limit. */
static bool within_limit(const struct mm_struct *mm)
{
	unsigned long allowed = vm_commit_limit();

	if (!vm_commit_privileged || !vm_commit_privileged())
		allowed =
			less(allowed, KB_TO_PAGES(sysctl_admin_reserve_kbytes));
	if (mm)
		allowed = less(allowed,
			       min(mm->total_vm / RESERVE_FRACTION,
				   KB_TO_PAGES(sysctl_user_reserve_kbytes)));
	return vm_committed_as < (long)allowed;
}

/**
 * security_vm_enough_memory_mm() - promise pages, if that is allowed
 * @mm: the space that grows, or NULL
 * @pages: how many; negative ones give back
 *
 * Return: 0, and they are counted; -ENOMEM, and they are not.
 */
int security_vm_enough_memory_mm(struct mm_struct *mm, long pages)
{
	bool enough;

	vm_acct_memory(pages);
	switch (sysctl_overcommit_memory) {
	case OVERCOMMIT_ALWAYS:
		return 0;
	case OVERCOMMIT_GUESS:
		enough = pages <=
			 (long)totalram_pages() + READ_ONCE(total_swap_pages);
		break;
	default:
		enough = within_limit(mm);
		break;
	}
	if (enough)
		return 0;
	vm_unacct_memory(pages);
	return -ENOMEM;
}
