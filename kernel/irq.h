/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: who serves a line, and the ways into the kernel, counted for
 * /proc/interrupts and /proc/stat. Code: kernel/irq.c.
 */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#define NR_IRQS 16
#define NR_TRAPS 32

struct seq_file;

typedef enum { IRQ_NONE, IRQ_HANDLED } irqreturn_t;
/* Runs in the interrupt, interrupts off. IRQ_NONE: it was not this device. */
typedef irqreturn_t (*irq_handler_t)(unsigned int irq, void *dev);

#define IRQF_SHARED 0x80u

int request_irq(unsigned int irq, irq_handler_t handler, unsigned int flags,
		const char *name, void *dev);
void free_irq(unsigned int irq, void *dev);

extern unsigned long irq_stat[NR_IRQS]; /* interrupts, by line */
extern unsigned long trap_stat[NR_TRAPS]; /* exceptions, by vector */
extern unsigned long syscall_count; /* by entry.S */
extern unsigned long irq_spurious; /* by the port */
void show_interrupts(struct seq_file *m);

#endif
