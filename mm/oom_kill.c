/* SPDX-License-Identifier: MIT */
/*
 * When there is no memory and nothing to reclaim, a process must go: the one
 * whose end frees most, as its owner has weighted it.
 *
 *   points = pages it has in RAM and in swap areas + its page tables
 *            + oom_score_adj / 1000 of all memory
 *
 * The allocator asks (page_alloc_oom) when a request that may wait has found
 * nothing. What it is told:
 *
 *   OOM_MYSELF    the asking task is being ended: it gets the reserve, so as
 *                 to arrive at its end
 *   OOM_FREED     somebody else is, and left memory already: look again
 *   OOM_ANOTHER   somebody else is: wait a moment and look again
 *   OOM_NOBODY    nobody is left who may be ended: the request fails
 *
 * A victim's private pages are taken from it at once, unless it is just
 * changing its areas: it never sees its program again, and its areas forbid
 * every access, so a system call that it is in cannot find them empty. Where
 * they could not be taken, one victim at a time: until its space is gone, or
 * VICTIM_MS have passed (it may be waiting for something), nobody else is
 * chosen.
 *
 * Locks: mmlist_lock around the walks over mm_list and the choice, so there
 * is one victim for all who ask at once; oom_badness() and the hook spared()
 * run under it. The victim is held by mm_count while it is ended. Its pages
 * are taken with mmap_lock for read, which is not waited for; oom_reaped is set
 * before, so that a fault that is under way then fills nothing again.
 */
#include <ashlar/list.h>
#include <ashlar/mmap.h>
#include <ashlar/mmzone.h>
#include <ashlar/oom.h>
#include <ashlar/port.h>
#include <ashlar/rwsem.h>
#include <ashlar/swapfile.h>
#include <ashlar/vmstat.h>
#include <mach/spinlock.h>
#include "internal.h"
#include "vma.h"

#define VICTIM_MS 2000ul

int sysctl_panic_on_oom; /* not 0: the machine stops instead */
int sysctl_oom_kill_allocating_task; /* whoever asks goes, if he may */
int sysctl_oom_dump_tasks = 1; /* the log has all tasks */

static const struct oom_hooks *hooks;
static unsigned long last_kill; /* port_time_ms() (mmlist_lock) */

/* Reports that may follow each other, as Linux has it. */
#define REPORTS 10u
#define REPORTS_MS 5000ul

/** oom_is_spared() - True if a space's tasks are never ended for memory */
bool oom_is_spared(struct mm_struct *mm)
{
	return mm->oom_score_adj == OOM_SCORE_ADJ_MIN ||
	       (hooks && hooks->spared(mm));
}

/**
 * oom_points() - how much memory the end of a space's tasks would free
 * @mm: the space
 * @totalpages: all there is, for the weight
 *
 * Return: pages, as the owner has weighted them: maybe below 0. Context: any.
 */
long oom_points(struct mm_struct *mm, unsigned long totalpages)
{
	return (long)(get_mm_rss(mm) + mm->nr_ptes + mm->swap_ents) +
	       mm->oom_score_adj * (long)(totalpages / OOM_SCORE_ADJ_MAX);
}

/**
 * oom_badness() - oom_points() of a space that may be chosen
 *
 * Return: points, at least 1; or 0 if its tasks are spared. Context: any.
 */
unsigned long oom_badness(struct mm_struct *mm, unsigned long totalpages)
{
	return oom_is_spared(mm) ?
		       0 :
		       (unsigned long)max(oom_points(mm, totalpages), 1l);
}

/** oom_total_pages() - RAM and swap areas together, of which points are told */
unsigned long oom_total_pages(void)
{
	return totalram_pages() + (unsigned long)READ_ONCE(total_swap_pages);
}

/* True if a victim chosen before is still there. mmlist_lock. */
static bool victim_is_leaving(void)
{
	struct mm_struct *mm;

	if (port_time_ms() - last_kill > VICTIM_MS)
		return false;
	list_for_each_entry(mm, &mm_list, mmlist)
		if (mm->oom_victim)
			return true;
	return false;
}

/* Pick the victim and mark it; NULL if there is none. mmlist_lock. */
static struct mm_struct *select_victim(void)
{
	unsigned long total = oom_total_pages(), points, most = 0;
	struct mm_struct *mm, *worst = NULL;

	if (sysctl_oom_kill_allocating_task) {
		mm = hooks->running();
		if (mm && !mm->oom_victim && !mm->oom_reaped)
			most = oom_badness(mm, total);
		if (most) {
			worst = mm;
			goto found;
		}
	}
	list_for_each_entry(mm, &mm_list, mmlist) {
		if (mm->oom_victim || mm->oom_reaped)
			continue;
		points = oom_badness(mm, total);
		if (points > most) {
			most = points;
			worst = mm;
		}
	}
found:
	if (worst) {
		mmgrab(worst);
		worst->oom_victim = true;
		last_kill = port_time_ms();
	}
	return worst;
}

/**
 * oom_reap() - take a space's private pages
 * @mm: of tasks that all end
 *
 * Return: true if they are gone, false if mmap_lock is busy.
 */
bool oom_reap(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	if (!down_read_trylock(&mm->mmap_lock))
		return false;
	mm->oom_reaped = true;
	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		if (vma->vm_flags & (VM_SHARED | VM_PFNMAP | VM_HUGETLB))
			continue;
		vma->vm_flags &= ~VM_ACCESS_FLAGS;
		zap_page_range(vma, vma->vm_start, vma->vm_end);
	}
	mm->oom_victim = false;
	up_read(&mm->mmap_lock);
	return true;
}

/* True if the log has not been told of this too often just now. */
static bool may_report(void)
{
	static unsigned long begin;
	static unsigned int reports;
	unsigned long now = port_time_ms();
	bool may;

	spin_lock(&mmlist_lock);
	if (now - begin > REPORTS_MS) {
		begin = now;
		reports = 0;
	}
	may = reports++ < REPORTS;
	spin_unlock(&mmlist_lock);
	return may;
}

/* It names the task that asked, what memory is used for, and all tasks. */
static void report(struct mm_struct *victim, gfp_t gfp, unsigned int order)
{
	if (!may_report())
		return;
	hooks->invoked(gfp, order);
	show_mem();
	hooks->report(victim, sysctl_oom_dump_tasks);
}

static enum oom_verdict end_victim(struct mm_struct *victim)
{
	count_vm_event(OOM_KILL);
	hooks->kill(victim, sysctl_oom_kill_allocating_task ?
				    "Out of memory (oom_kill_allocating_task)" :
				    "Out of memory");
	if (hooks->dying())
		return OOM_MYSELF;
	if (!oom_reap(victim))
		return OOM_ANOTHER;
	hooks->reaped(victim);
	return OOM_FREED;
}

static enum oom_verdict end_somebody(gfp_t gfp, unsigned int order)
{
	struct mm_struct *victim = NULL;
	enum oom_verdict verdict;
	bool leaving;

	if (hooks->dying())
		return OOM_MYSELF;
	spin_lock(&mmlist_lock);
	leaving = victim_is_leaving();
	if (!leaving)
		victim = select_victim();
	spin_unlock(&mmlist_lock);
	if (leaving)
		return OOM_ANOTHER;
	report(sysctl_panic_on_oom ? NULL : victim, gfp, order);
	if (sysctl_panic_on_oom)
		mm_panic("Out of memory: %s panic_on_oom is enabled",
			 sysctl_panic_on_oom == 2 ? "compulsory" :
						    "system-wide");
	if (!victim) {
		mm_log("Out of memory and no killable processes...");
		return OOM_NOBODY;
	}
	verdict = end_victim(victim);
	mmdrop(victim);
	return verdict;
}

/**
 * out_of_memory() - end a process for a request that failed in the end
 * @gfp: GFP_* flags of the request
 * @order: its order
 *
 * Return: true if it is worth trying again. Context: does not sleep.
 */
bool out_of_memory(gfp_t gfp, unsigned int order)
{
	return hooks && end_somebody(gfp, order) != OOM_NOBODY;
}

/**
 * oom_killer_enable() - from now on memory that runs out costs a process
 * @with: what the kernel knows of tasks; kept
 *
 * Context: once, at boot.
 */
void oom_killer_enable(const struct oom_hooks *with)
{
	hooks = with;
	page_alloc_oom = end_somebody;
}
