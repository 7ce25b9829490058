/* SPDX-License-Identifier: MIT */
/* The running CPU's interrupt flag; code in port/sim/lock.c. */
#ifndef ASHLAR_MACH_IRQFLAGS_H
#define ASHLAR_MACH_IRQFLAGS_H

unsigned long local_irq_save(void);
void local_irq_restore(unsigned long flags);

#endif
