/* SPDX-License-Identifier: MIT */
/*
 * The first serial line, a 16550 at port 3F8. Output waits for room, 16 bytes
 * at a time; input comes by interrupt.
 */
#include <mach/io.h>
#include "local.h"

#define UART 0x3f8
#define UART_IER (UART + 1)
#define UART_FCR (UART + 2)
#define UART_LCR (UART + 3)
#define UART_MCR (UART + 4)
#define UART_LSR (UART + 5)
#define UART_SCRATCH (UART + 7)
#define LSR_DATA 0x01
#define LSR_ROOM 0x20
#define FIFO_BYTES 16
#define PATIENCE 100000 /* readings until a line counts as stuck */

static bool present;
static bool throttled; /* what comes stays in the FIFO and the sender */

void __init serial_init(void)
{
	outb(0x5a, UART_SCRATCH);
	present = inb(UART_SCRATCH) == 0x5a;
	if (!present)
		return;
	outb(0, UART_IER);
	outb(0x83, UART_LCR); /* 8 bits, no parity; divisor next */
	outb(1, UART); /* 115200 */
	outb(0, UART_IER);
	outb(0x03, UART_LCR);
	outb(0x07, UART_FCR); /* FIFOs on and empty, interrupt at 1 byte */
	outb(0x0b, UART_MCR); /* DTR, RTS, interrupt line on */
	outb(0x01, UART_IER); /* on data */
}

static void wait_for_room(void)
{
	unsigned int i;

	for (i = 0; i < PATIENCE && !(inb(UART_LSR) & LSR_ROOM); i++)
		;
}

/**
 * serial_write() - bytes to the serial line, as they are
 * @s: the bytes
 * @n: how many
 */
void serial_write(const char *s, size_t n)
{
	size_t i;

	if (!present)
		return;
	for (i = 0; i < n; i++) {
		if (i % FIFO_BYTES == 0)
			wait_for_room();
		outb((u8)s[i], UART);
	}
}

/**
 * serial_throttle() - take no bytes, or take them again
 * @on: no bytes: the receiver is full
 */
void serial_throttle(bool on)
{
	throttled = on;
	if (present)
		outb(!on, UART_IER);
}

void serial_irq(void)
{
	while (present && !throttled && inb(UART_LSR) & LSR_DATA) {
		u8 c = inb(UART);

		if (console_input)
			console_input(0, c);
	}
}
