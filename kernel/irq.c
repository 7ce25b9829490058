/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: a line has handlers, each with its device. The devices of a PCI
 * bus share a few lines, so all handlers of a line are asked, in the order in
 * which they came.
 *
 *   line 11 ──▶ action "ata_piix", dev ──▶ action "edu", dev
 *
 * A device whose interrupt no handler serves goes on asking, and no program
 * would ever run again: a line on which nearly all of 100,000 interrupts went
 * unserved is turned off, with a line in the log.
 *
 * Lock: interrupts off around a change of a list; there is one processor.
 */
#include <ashlar/errno.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <i386.h>
#include <kernel/drivers/random.h>
#include <kernel/init.h>
#include <kernel/irq.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/time/clock.h>
#include <mach/irqflags.h>

#define IRQ_TIMER 0
#define IRQ_KEYBOARD 1
#define IRQ_CASCADE 2
#define IRQ_SERIAL 4

#define WINDOW 100000u /* interrupts after which a line is judged */
#define UNHANDLED_MOST 99900u /* of them that no handler may serve */

struct irqaction {
	struct irqaction *next;
	irq_handler_t handler;
	void *dev;
	const char *name;
	unsigned int flags;
};

static struct irq_line {
	struct irqaction *actions;
	unsigned int seen, unhandled; /* since the line was judged last */
} lines[NR_IRQS];

unsigned long irq_stat[NR_IRQS];
unsigned long trap_stat[NR_TRAPS];
unsigned long syscall_count;

static void judge(struct irq_line *line, unsigned int irq)
{
	if (line->unhandled > UNHANDLED_MOST) {
		disable_irq(irq);
		printk(KERN_ERR "irq %u: nobody cared; the line is off\n", irq);
	}
	line->seen = 0;
	line->unhandled = 0;
}

/** do_IRQ() - a line asked for attention; interrupts are off */
void do_IRQ(struct pt_regs *regs, unsigned int irq)
{
	struct irq_line *line = &lines[irq];
	irqreturn_t handled = IRQ_NONE;
	struct irqaction *a;

	irq_stat[irq]++;
	add_interrupt_randomness(irq);
	if (irq == IRQ_TIMER) {
		timer_interrupt(regs);
		return;
	}
	for (a = line->actions; a; a = a->next)
		handled |= a->handler(irq, a->dev);
	line->unhandled += handled == IRQ_NONE;
	if (++line->seen == WINDOW)
		judge(line, irq);
}

/**
 * request_irq() - serve a line
 * @irq: the line, 1 … 15
 * @handler: called in the interrupt; says whether it was its device's
 * @flags: IRQF_SHARED if others may serve the line as well
 * @name: in /proc/interrupts; must stay
 * @dev: handed to @handler; tells handlers of one line apart
 *
 * Context: may sleep. Return: 0; -EINVAL for no such line, -EBUSY if it is
 * served and not shared by both, -ENOMEM.
 */
int request_irq(unsigned int irq, irq_handler_t handler, unsigned int flags,
		const char *name, void *dev)
{
	struct irqaction *a, **link;
	unsigned long saved;

	if (irq >= NR_IRQS || irq == IRQ_TIMER || irq == IRQ_CASCADE)
		return -EINVAL;
	a = kmalloc(sizeof(*a), GFP_KERNEL);
	if (!a)
		return -ENOMEM;
	*a = (struct irqaction){ NULL, handler, dev, name, flags };
	saved = local_irq_save();
	for (link = &lines[irq].actions; *link; link = &(*link)->next)
		if (!((*link)->flags & flags & IRQF_SHARED)) {
			local_irq_restore(saved);
			kfree(a);
			return -EBUSY;
		}
	*link = a;
	if (link == &lines[irq].actions)
		enable_irq(irq);
	local_irq_restore(saved);
	return 0;
}

/**
 * free_irq() - serve a line no longer
 * @irq: the line
 * @dev: as it was requested with
 *
 * The device must have been told not to interrupt. Context: may sleep.
 */
void free_irq(unsigned int irq, void *dev)
{
	unsigned long saved = local_irq_save();
	struct irqaction **link = &lines[irq].actions, *a;

	while (*link && (*link)->dev != dev)
		link = &(*link)->next;
	a = *link;
	if (a)
		*link = a->next;
	if (!lines[irq].actions)
		disable_irq(irq);
	local_irq_restore(saved);
	kfree(a);
}

static irqreturn_t console_interrupt(unsigned int irq, void *dev)
{
	(void)dev;
	console_irq(irq);
	return IRQ_HANDLED;
}

/** irq_init() - listen to the console's lines; the timer starts its own */
void irq_init(void)
{
	if (request_irq(IRQ_KEYBOARD, console_interrupt, 0, "i8042", NULL) ||
	    request_irq(IRQ_SERIAL, console_interrupt, 0, "ttyS0", NULL))
		panic("no memory for the console's interrupts");
}

static unsigned long count_traps(void)
{
	unsigned long sum = 0, i;

	for (i = 0; i < NR_TRAPS; i++)
		sum += i == 14 ? 0 : trap_stat[i];
	return sum;
}

static void show_line(struct seq_file *m, unsigned int irq, const char *name)
{
	const struct irqaction *a = lines[irq].actions;

	seq_printf(m, "%3u: %10lu    XT-PIC      %s", irq, irq_stat[irq], name);
	for (; a; a = a->next)
		seq_printf(m, "%s%s", a->name, a->next ? ", " : "");
	seq_puts(m, "\n");
}

/** show_interrupts() - lines, then the other two ways in */
void show_interrupts(struct seq_file *m)
{
	unsigned int i;

	seq_printf(m, "           CPU0       \n");
	show_line(m, IRQ_TIMER, "timer");
	for (i = 1; i < NR_IRQS; i++)
		if (i == IRQ_CASCADE)
			show_line(m, i, "cascade");
		else if (lines[i].actions)
			show_line(m, i, "");
	seq_printf(m, "NMI: %10lu   Non-maskable interrupts\n", trap_stat[2]);
	seq_printf(m, "SYS: %10lu   System calls\n", syscall_count);
	seq_printf(m, "EXC: %10lu   Exceptions but page faults\n",
		   count_traps());
	seq_printf(m, "PGF: %10lu   Page faults\n", trap_stat[14]);
	seq_printf(m, "ERR: %10lu\nMIS: %10u\n", irq_spurious, 0);
}
