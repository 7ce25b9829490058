/* SPDX-License-Identifier: MIT */
/* Interrupts: each line has one owner, known when the kernel is written. */
#include <ashlar/seq_file.h>
#include <i386.h>
#include <kernel/drivers/random.h>
#include <kernel/init.h>
#include <kernel/irq.h>
#include <kernel/time/clock.h>

#define IRQ_TIMER 0
#define IRQ_KEYBOARD 1
#define IRQ_SERIAL 4

unsigned long irq_stat[NR_IRQS];
unsigned long trap_stat[NR_TRAPS];
unsigned long syscall_count;

static const char *const irq_names[NR_IRQS] = {
	[IRQ_TIMER] = "timer",
	[IRQ_KEYBOARD] = "i8042",
	[2] = "cascade",
	[IRQ_SERIAL] = "ttyS0",
};

/** do_IRQ() - a line asked for attention; interrupts are off */
void do_IRQ(struct pt_regs *regs, unsigned int irq)
{
	irq_stat[irq]++;
	add_interrupt_randomness(irq);
	if (irq == IRQ_TIMER)
		timer_interrupt(regs);
	else if (irq == IRQ_KEYBOARD || irq == IRQ_SERIAL)
		console_irq(irq);
}

/** irq_init() - listen to the console's lines; the timer starts its own */
void irq_init(void)
{
	enable_irq(IRQ_KEYBOARD);
	enable_irq(IRQ_SERIAL);
}

static unsigned long count_traps(void)
{
	unsigned long sum = 0, i;

	for (i = 0; i < NR_TRAPS; i++)
		sum += i == 14 ? 0 : trap_stat[i];
	return sum;
}

/** show_interrupts() - lines, then the other two ways in */
void show_interrupts(struct seq_file *m)
{
	unsigned int i;

	seq_printf(m, "           CPU0       \n");
	for (i = 0; i < NR_IRQS; i++)
		if (irq_names[i])
			seq_printf(m, "%3u: %10lu    XT-PIC      %s\n", i,
				   irq_stat[i], irq_names[i]);
	seq_printf(m, "NMI: %10lu   Non-maskable interrupts\n", trap_stat[2]);
	seq_printf(m, "SYS: %10lu   System calls\n", syscall_count);
	seq_printf(m, "EXC: %10lu   Exceptions but page faults\n",
		   count_traps());
	seq_printf(m, "PGF: %10lu   Page faults\n", trap_stat[14]);
	seq_printf(m, "ERR: %10lu\nMIS: %10u\n", irq_spurious, 0);
}
