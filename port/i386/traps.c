/* SPDX-License-Identifier: MIT */
/*
 * Exceptions. A program's become the signal that Linux sends, with its code
 * and address; the kernel's own are looked up in the table of instructions
 * that may fault (a program's bad selector, say), or are the end.
 */
#include <ashlar/mm_types.h>
#include <kernel/irq.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/signal/signal.h>
#include <kernel/task/task.h>
#include <mach/irqflags.h>
#include <mach/uaccess.h>
#include "local.h"

#define TRAP_DEBUG 1
#define TRAP_NMI 2
#define TRAP_PROTECTION 13
#define TRAP_FPU 16
#define TRAP_SIMD 19

/* Where si_addr comes from. */
enum { ADDR_NONE, ADDR_IP };

static const struct trap {
	const char *name;
	u8 sig;
	u8 code; /* SI_KERNEL: no address */
	u8 addr;
} traps[NR_TRAPS] = {
	[0] = { "divide error", SIGFPE, FPE_INTDIV, ADDR_IP },
	[TRAP_DEBUG] = { "debug", SIGTRAP, TRAP_TRACE, ADDR_IP },
	[TRAP_NMI] = { "NMI", 0, 0, 0 },
	[3] = { "int3", SIGTRAP, SI_KERNEL, ADDR_NONE },
	[4] = { "overflow", SIGSEGV, SI_KERNEL, ADDR_NONE },
	[5] = { "bounds", SIGSEGV, SI_KERNEL, ADDR_NONE },
	[6] = { "invalid opcode", SIGILL, ILL_ILLOPN, ADDR_IP },
	[7] = { "device not available", SIGSEGV, SI_KERNEL, ADDR_NONE },
	[8] = { "double fault", 0, 0, 0 },
	[9] = { "coprocessor segment overrun", SIGFPE, SI_KERNEL, ADDR_NONE },
	[10] = { "invalid TSS", SIGSEGV, SI_KERNEL, ADDR_NONE },
	[11] = { "segment not present", SIGBUS, SI_KERNEL, ADDR_NONE },
	[12] = { "stack segment", SIGBUS, SI_KERNEL, ADDR_NONE },
	[TRAP_PROTECTION] = { "general protection fault", SIGSEGV, SI_KERNEL,
			      ADDR_NONE },
	[15] = { "spurious interrupt", SIGSEGV, SI_KERNEL, ADDR_NONE },
	[TRAP_FPU] = { "FPU exception", SIGFPE, 0, ADDR_IP },
	[17] = { "alignment check", SIGBUS, BUS_ADRALN, ADDR_NONE },
	[18] = { "machine check", 0, 0, 0 },
	[TRAP_SIMD] = { "SIMD exception", SIGFPE, 0, ADDR_IP },
};

/* The most serious of the raised exceptions, as a si_code. */
static int fpu_code(u32 raised)
{
	if (raised & 1)
		return FPE_FLTINV;
	if (raised & 4)
		return FPE_FLTDIV;
	if (raised & 8)
		return FPE_FLTOVF;
	if (raised & (2 | 16))
		return FPE_FLTUND;
	return raised & 32 ? FPE_FLTRES : 0;
}

/*
 * cli or sti of a program that has iopl(3). Those of older days stopped
 * interrupts with it; here they do nothing, and the program goes on.
 */
static bool skip_cli_sti(struct pt_regs *regs)
{
	u8 insn;

	if (current->thread.iopl != 3 || regs->cs != __USER_CS ||
	    get_user(insn, (const u8 __user *)regs->ip))
		return false;
	if (insn != 0xfa && insn != 0xfb)
		return false;
	regs->ip++;
	return true;
}

/* @code: of exception 1, which it has if it is none of ours: 0. */
static void user_trap(struct pt_regs *regs, u32 vector, u32 error_code,
		      int debug_code)
{
	const struct trap *t = &traps[vector];
	int code = vector == TRAP_DEBUG ? debug_code : t->code;

	if (vector == TRAP_PROTECTION && skip_cli_sti(regs))
		return;

	current->thread.trap_nr = vector;
	current->thread.error_code = error_code;
	if (vector == TRAP_FPU || vector == TRAP_SIMD)
		code = fpu_code(fpu_exceptions(vector == TRAP_SIMD));
	if (!code)
		return; /* whoever raised it has cleared it */
	if (code == SI_KERNEL)
		force_sig(t->sig);
	else
		force_sig_fault(t->sig, code,
				t->addr == ADDR_IP ? regs->ip : 0);
}

static void kernel_trap(struct pt_regs *regs, u32 vector, u32 error_code)
{
	u32 fixup = search_exception_table(regs->ip);

	if (fixup) {
		regs->ip = fixup;
		return;
	}
	if (vector == TRAP_DEBUG) {
		kernel_debug_trap(regs);
		return;
	}
	die(regs, "%s in the kernel: %04x",
	    traps[vector].name ? traps[vector].name : "exception",
	    error_code & 0xffff);
}

/**
 * do_trap() - an exception, but a page fault
 * @regs: where it happened
 * @vector: 0 … 31
 * @error_code: the processor's, or 0
 *
 * Context: interrupts off.
 */
void do_trap(struct pt_regs *regs, u32 vector, u32 error_code)
{
	int debug_code = 0;

	trap_stat[vector]++;
	if (vector == TRAP_NMI) {
		printk(KERN_EMERG "NMI received for unknown reason.\n");
		return;
	}
	if (!user_mode(regs)) {
		kernel_trap(regs, vector, error_code);
		return;
	}
	if (!traps[vector].sig)
		die(regs, "%s",
		    traps[vector].name ? traps[vector].name : "exception");
	if (vector == TRAP_DEBUG)
		debug_code = user_debug_trap(regs);
	local_irq_enable();
	user_trap(regs, vector, error_code, debug_code);
}

/**
 * do_double_fault() - an exception could not even be delivered
 * @regs: from the task that was interrupted
 */
void do_double_fault(struct pt_regs *regs)
{
	u32 stack = (u32)current->stack;

	trap_stat[8]++;
	if (regs->sp - (stack - PAGE_SIZE) < PAGE_SIZE + 64)
		printk(KERN_EMERG "kernel stack overflow (%08x is below "
				  "%08x-%08x)\n",
		       regs->sp, stack, stack + (u32)THREAD_SIZE);
	die_at(regs, regs->sp, "double fault");
}

/**
 * do_bad_iret() - a program's cs, ss or ip cannot be loaded
 * @regs: what it wanted to go on with
 *
 * The vector is Linux's for it, one past the processor's.
 */
void do_bad_iret(struct pt_regs *regs)
{
	local_irq_enable();
	current->thread.trap_nr = 32;
	current->thread.error_code = 0;
	force_sig_fault(SIGILL, ILL_BADSTK, 0);
}
