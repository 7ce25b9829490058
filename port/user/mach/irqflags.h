/* SPDX-License-Identifier: MIT */
/* A process has no interrupts; signal handlers do not allocate (POSIX). */
#ifndef ASHLAR_MACH_IRQFLAGS_H
#define ASHLAR_MACH_IRQFLAGS_H

static inline unsigned long local_irq_save(void)
{
	return 0;
}

static inline void local_irq_restore(unsigned long flags)
{
	(void)flags;
}

#endif
