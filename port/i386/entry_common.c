/* SPDX-License-Identifier: MIT */
/* What is left to do before a program goes on. */
#include <kernel/sched/sched.h>
#include <kernel/signal/signal.h>
#include <mach/irqflags.h>
#include "local.h"

#define TIF_WORK (TIF_NEED_RESCHED | TIF_SIGPENDING | TIF_CPU_LIMIT)

/**
 * exit_to_user_mode() - reschedule and deliver signals as tif asks
 * @regs: the program's registers; a signal's handler changes them
 *
 * Context: interrupts off, also on return; on in between.
 */
void exit_to_user_mode(struct pt_regs *regs)
{
	while (READ_ONCE(current->tif) & TIF_WORK) {
		local_irq_enable();
		if (current->tif & TIF_NEED_RESCHED)
			schedule();
		if (current->tif & TIF_CPU_LIMIT)
			check_cpu_limit();
		if (current->tif & TIF_SIGPENDING)
			do_signal(regs);
		local_irq_disable();
	}
}
