/* SPDX-License-Identifier: MIT */
/*
 * Two 8259 interrupt controllers, the second on line 2 of the first: sixteen
 * lines, vectors 32 … 47. A line is acknowledged when its handlers have run,
 * with interrupts off: a device of the PCI bus holds its line until it was
 * served, and would be heard again at once if it were acknowledged before.
 */
#include <kernel/irq.h>
#include <mach/io.h>
#include "local.h"

#define PIC1 0x20 /* command; data at + 1 */
#define PIC2 0xa0
#define EOI 0x20
#define READ_ISR 0x0b
#define CASCADE 2

static u16 irq_mask = 0xffff & ~(1u << CASCADE);
unsigned long irq_spurious;

static void write_mask(unsigned int irq)
{
	if (irq < 8)
		outb((u8)irq_mask, PIC1 + 1);
	else
		outb((u8)(irq_mask >> 8), PIC2 + 1);
}

void __init pic_init(void)
{
	outb(0x11, PIC1); /* edge triggered, cascaded, four words */
	outb(0x11, PIC2);
	outb(32, PIC1 + 1); /* first vector */
	outb(40, PIC2 + 1);
	outb(1u << CASCADE, PIC1 + 1);
	outb(CASCADE, PIC2 + 1);
	outb(1, PIC1 + 1); /* 8086 mode */
	outb(1, PIC2 + 1);
	write_mask(0);
	write_mask(8);
}

/** enable_irq() - let a line interrupt */
void enable_irq(unsigned int irq)
{
	irq_mask &= (u16) ~(1u << irq);
	write_mask(irq);
}

/** disable_irq() - a line may not interrupt */
void disable_irq(unsigned int irq)
{
	irq_mask |= (u16)(1u << irq);
	write_mask(irq);
}

/* Lines 7 and 15 also fire when a request went away too soon: the controller
 * then has nothing in service. */
static bool is_spurious(unsigned int irq)
{
	u16 pic = irq < 8 ? PIC1 : PIC2;

	if ((irq & 7) != 7)
		return false;
	outb(READ_ISR, pic);
	if (inb(pic) & 0x80)
		return false;
	if (irq == 15)
		outb(EOI, PIC1);
	irq_spurious++;
	return true;
}

void irq_enter(struct pt_regs *regs, unsigned int irq);

/* From entry.S, interrupts off. */
void irq_enter(struct pt_regs *regs, unsigned int irq)
{
	if (is_spurious(irq))
		return;
	do_IRQ(regs, irq);
	if (irq >= 8)
		outb(EOI, PIC2);
	outb(EOI, PIC1);
}
