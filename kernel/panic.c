/* SPDX-License-Identifier: MIT */
/*
 * The end. What is known is printed, most important first: the sentence, the
 * registers, a trace, the state of memory. A second panic on the way (memory
 * may be what is broken) ends the printing, not the machine's obedience to
 * panic= on the command line.
 */
#include <ashlar/mm.h>
#include <ashlar/printf.h>
#include <ashlar/seq_file.h>
#include <ashlar/vmstat.h>
#include <i386.h>
#include <kernel/init.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <mach/irqflags.h>

#define LINE_BYTES 256
#define REPORT_BYTES 3072

static int depth; /* panics so far */

static void wait_seconds(int seconds)
{
	u64 end = port_time_ns() + (u64)seconds * 1000000000ull;

	while (port_time_ns() < end)
		__asm__ volatile("pause");
}

static void __attribute__((noreturn)) last_action(void)
{
	int timeout = boot_options.panic_timeout;

	if (timeout > 0) {
		printk(KERN_EMERG "Rebooting in %d seconds..\n", timeout);
		wait_seconds(timeout);
	}
	if (timeout)
		machine_restart();
	printk(KERN_EMERG "---[ end Kernel panic ]---\n");
	machine_halt();
}

static void print_report(void (*show)(struct seq_file *m))
{
	static char text[REPORT_BYTES];
	struct seq_file m = { .buf = text, .size = sizeof(text) };
	size_t start = 0, i;

	show(&m);
	for (i = 0; i < m.count; i++) {
		if (text[i] != '\n')
			continue;
		printk(KERN_EMERG "%.*s\n", (int)(i - start), text + start);
		start = i + 1;
	}
}

static void __attribute__((noreturn))
stop(const char *line, const struct pt_regs *regs, u32 sp)
{
	local_irq_disable();
	console_loglevel = 8;
	if (depth++) {
		if (depth > 3)
			machine_halt(); /* not even printing works */
		if (depth == 2)
			printk(KERN_EMERG "... and then: %s\n", line);
		last_action();
	}
	printk(KERN_EMERG "Kernel panic - not syncing: %s\n", line);
	if (regs)
		show_regs(regs, sp);
	if (!regs || !user_mode(regs))
		dump_stack(sp);
	show_mem();
	print_report(show_buddyinfo);
	last_action();
}

/**
 * panic() - this cannot go on
 * @fmt: why, without a newline
 */
void panic(const char *fmt, ...)
{
	char line[LINE_BYTES];
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	ashlar_vsnprintf(line, sizeof(line), fmt, args);
	__builtin_va_end(args);
	stop(line, NULL, (u32)line);
}

/**
 * die_at() - the kernel's own code did something that cannot be
 * @regs: where
 * @sp: its stack pointer then
 * @fmt: what
 */
void die_at(const struct pt_regs *regs, u32 sp, const char *fmt, ...)
{
	char line[LINE_BYTES];
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	ashlar_vsnprintf(line, sizeof(line), fmt, args);
	__builtin_va_end(args);
	stop(line, regs, sp);
}
