/* SPDX-License-Identifier: MIT */
/* Tasks that do not get on for lack of memory. Code: kernel/sched/psi.c. */
#ifndef KERNEL_PSI_H
#define KERNEL_PSI_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

struct seq_file;
struct task_struct;

extern unsigned int psi_stalled;

void psi_init(void);
void psi_task_change(const struct task_struct *t, bool runs);
int psi_show(struct seq_file *m, void *unused);

/* To the scheduler: @t begins to run, or ends. Interrupts are off. */
static inline void psi_sched(const struct task_struct *t, bool runs)
{
	if (unlikely(psi_stalled))
		psi_task_change(t, runs);
}

#endif
