/* SPDX-License-Identifier: MIT */
/* Ways into the kernel, counted; for /proc/interrupts and /proc/stat. */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#define NR_IRQS 16
#define NR_TRAPS 32

struct seq_file;

extern unsigned long irq_stat[NR_IRQS]; /* interrupts, by line */
extern unsigned long trap_stat[NR_TRAPS]; /* exceptions, by vector */
extern unsigned long syscall_count; /* by entry.S */
extern unsigned long irq_spurious; /* by the port */
void show_interrupts(struct seq_file *m);

#endif
