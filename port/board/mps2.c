/* SPDX-License-Identifier: MIT */
/*
 * Arm's MPS2 board with a Cortex-M4 (AN386), which QEMU has: the file to be
 * written anew for another board.
 *
 *   0x00000000   4 MB   code, and data's first values
 *   0x20000000   4 MB   data, and the stack at its end
 *   0x21000000  16 MB   the core's
 *   0x40004000          a serial port, the console
 */
#include "board.h"

#define RAM ((void *)0x21000000)
#define RAM_BYTES (16u << 20)
#define CLOCK_HZ 25000000u

#define REGISTER(address) (*(volatile u32 *)(address))
#define UART_DATA REGISTER(0x40004000)
#define UART_STATE REGISTER(0x40004004) /* bit 0: no room */
#define UART_CTRL REGISTER(0x40004008) /* bit 0: it sends */
#define UART_BAUDDIV REGISTER(0x40004010)
#define SYST_CSR REGISTER(0xe000e010) /* 7: it counts, and interrupts */
#define SYST_RVR REGISTER(0xe000e014)

int main(void);

extern char stack_top[], data_start[], data_end[], data_first[], bss_start[],
	bss_end[]; /* mps2.ld */

static volatile unsigned long ticks;

static void tick(void)
{
	ticks++;
}

unsigned long board_ms(void)
{
	return ticks;
}

void board_putc(char c)
{
	while (UART_STATE & 1)
		;
	UART_DATA = (u32)c;
}

/* A request to the debugger, or to QEMU: SYS_EXIT_EXTENDED. */
void board_exit(int status)
{
	u32 why[2] = { 0x20026, (u32)status };
	register u32 call __asm__("r0") = 0x20;
	register u32 *block __asm__("r1") = why;

	__asm__ volatile("bkpt 0xab" ::"r"(call), "r"(block) : "memory");
	for (;;)
		;
}

static void fault(void)
{
	board_exit(2);
}

static void reset(void)
{
	char *to = data_start, *from = data_first;

	while (to < data_end)
		*to++ = *from++;
	for (to = bss_start; to < bss_end;)
		*to++ = 0;
	UART_BAUDDIV = 16;
	UART_CTRL = 1;
	SYST_RVR = CLOCK_HZ / 1000 - 1;
	SYST_CSR = 7;
	board_memory(RAM, RAM_BYTES);
	board_exit(main());
}

/* What the processor reads first: its stack, and where each exception goes. */
struct vectors {
	char *stack;
	void (*handler[15])(void);
};

static const struct vectors vectors
	__attribute__((__section__(".vectors"), __used__)) = {
		stack_top,
		{ reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault,
		  fault, 0, fault, tick }
	};
