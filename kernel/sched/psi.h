/* SPDX-License-Identifier: MIT */
/* Tasks that do not get on. Code: kernel/sched/psi.c, psi_trigger.c. */
#ifndef KERNEL_PSI_H
#define KERNEL_PSI_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

struct poll_table;
struct psi_trigger;
struct seq_file;
struct task_struct;

enum psi_res { PSI_IO, PSI_MEM, PSI_CPU, NR_PSI_RES };

extern unsigned int psi_watched;

void psi_init(void);
void psi_task_change(const struct task_struct *t, bool runs);
void psi_cpu_tick(void);
void psi_iowait(bool begins);
unsigned long nr_iowait(void);
u64 psi_total(enum psi_res res, bool full);
void psi_show(struct seq_file *m, enum psi_res res);

/* psi_trigger.c */
struct psi_trigger *psi_trigger_create(enum psi_res res, const char *text,
				       bool privileged);
void psi_trigger_destroy(struct psi_trigger *t);
u32 psi_trigger_poll(struct psi_trigger *t, struct poll_table *pt);

/* To the scheduler: @t begins to run, or ends. Interrupts are off. */
static inline void psi_sched(const struct task_struct *t, bool runs)
{
	if (unlikely(psi_watched))
		psi_task_change(t, runs);
}

#endif
