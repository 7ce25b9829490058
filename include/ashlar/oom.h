/* SPDX-License-Identifier: MIT */
/* Out of memory: whose process is ended. Code: mm/oom_kill.c. */
#ifndef ASHLAR_OOM_H
#define ASHLAR_OOM_H

#include <ashlar/types.h>

struct mm_struct;

#define OOM_SCORE_ADJ_MIN (-1000) /* never */
#define OOM_SCORE_ADJ_MAX 1000

/* What the kernel knows of tasks. */
struct oom_hooks {
	/* End every task that uses @mm, with lines in the log that begin with
	 * @message. */
	void (*kill)(struct mm_struct *mm, const char *message);
	/* For the log: the running task asks for memory. */
	void (*invoked)(gfp_t gfp, unsigned int order);
	/* For the log: all tasks, with @victim's, or NULL, at the end. */
	void (*report)(struct mm_struct *victim, bool tasks);
	/* For the log: @mm's pages have been taken. */
	void (*reaped)(struct mm_struct *mm);
	/* True if the running task is on its way to its end. */
	bool (*dying)(void);
	/* True if @mm's tasks may not be ended, whatever they use. */
	bool (*spared)(struct mm_struct *mm);
	/* The running task's space, or NULL. */
	struct mm_struct *(*running)(void);
};
extern int sysctl_panic_on_oom, sysctl_oom_kill_allocating_task,
	sysctl_oom_dump_tasks;

/* From now on memory that runs out costs a process. */
void oom_killer_enable(const struct oom_hooks *hooks);
/* End a process for a request. False if there is none to be ended. */
bool out_of_memory(gfp_t gfp, unsigned int order);
/* Take the private pages of a space whose tasks are all ending; false if
 * its areas are being changed just now. */
bool oom_reap(struct mm_struct *mm);
bool oom_is_spared(struct mm_struct *mm);
/* How much would come free, weighted; the same, at least 1, or 0: spared. */
long oom_points(struct mm_struct *mm, unsigned long totalpages);
unsigned long oom_badness(struct mm_struct *mm, unsigned long totalpages);
/* What the weight is a part of: RAM and swap areas. */
unsigned long oom_total_pages(void);

#endif
