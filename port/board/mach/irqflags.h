/* SPDX-License-Identifier: MIT */
/* Interrupts off and on again: PRIMASK of a Cortex-M. */
#ifndef ASHLAR_MACH_IRQFLAGS_H
#define ASHLAR_MACH_IRQFLAGS_H

/* What it was, for local_irq_restore(). */
static inline unsigned long local_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(flags)::"memory");
	return flags;
}

static inline void local_irq_restore(unsigned long flags)
{
	__asm__ volatile("msr primask, %0" ::"r"(flags) : "memory");
}

#endif
