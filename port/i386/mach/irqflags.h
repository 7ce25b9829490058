/* SPDX-License-Identifier: MIT */
/* The processor's interrupt flag: bit 9 of EFLAGS. */
#ifndef ASHLAR_MACH_IRQFLAGS_H
#define ASHLAR_MACH_IRQFLAGS_H

static inline void local_irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static inline void local_irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

/* What it was, for local_irq_restore(). */
static inline unsigned long local_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushfl; popl %0; cli" : "=r"(flags)::"memory");
	return flags;
}

static inline void local_irq_restore(unsigned long flags)
{
	if (flags & 0x200)
		local_irq_enable();
}

static inline int irqs_disabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushfl; popl %0" : "=r"(flags));
	return !(flags & 0x200);
}

#endif
