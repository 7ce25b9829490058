/* SPDX-License-Identifier: MIT */
/*
 * Page faults, from the processor's word to mm/fault.c and back.
 *
 *   entry.S ─▶ do_page_fault ─▶ handle_page_fault ─▶ done: run it again
 *                                   │
 *              a program's          │ it cannot be helped
 *                ─▶ SIGSEGV, SIGBUS ◀┤
 *              the kernel's, in an instruction for user memory
 *                ─▶ __ex_table      ◀┤
 *              the kernel's, beside a guarded object
 *                ─▶ told (kfence)   ◀┤
 *              the kernel's own      │
 *                ─▶ the end         ◀┘
 *
 * In kernel mode only an instruction that is in the table may fault at all:
 * whoever touches user memory in another way is found at once, and not when
 * the page happens to be missing.
 */
#include <ashlar/fault.h>
#include <ashlar/gfp.h>
#include <ashlar/kfence.h>
#include <ashlar/mm_types.h>
#include <ashlar/oom.h>
#include <ashlar/pgtable.h>
#include <i386.h>
#include <kernel/irq.h>
#include <kernel/panic.h>
#include <kernel/sched/sched.h>
#include <kernel/signal/signal.h>

#define PF_PROT 1u
#define PF_WRITE 2u
#define PF_USER 4u
#define PF_FETCH 16u

/* True if it was beside a guarded object, or in a freed one: it was told of. */
static bool guard_fault(const struct pt_regs *regs, u32 error_code, u32 address)
{
	const struct report_stack now = { .pc = { regs->ip },
					  .flags = REPORT_STACK_KNOWN };

	return kfence_fault(address,
			    error_code & PF_WRITE ? REPORT_WRITE : REPORT_READ,
			    &now);
}

static void __cold_path kernel_fault(struct pt_regs *regs, u32 error_code,
				     u32 address)
{
	u32 fixup;

	if (!(error_code & PF_PROT) && guard_fault(regs, error_code, address))
		return;
	fixup = search_exception_table(regs->ip);
	if (fixup) {
		regs->ip = fixup;
		return;
	}
	die(regs, "the kernel cannot %s %08x",
	    regs->ip == address	  ? "execute" :
	    error_code & PF_WRITE ? "write" :
				    "read",
	    address);
}

/*
 * A fault found no memory. Return: true if the access should be tried again,
 * because there is a frame by now, the failure was injected
 * (fail_page_alloc=), or a process is being ended; false if none can be.
 */
static bool worth_another_try(void)
{
	struct page *page = NULL;
	int i;

	for (i = 0; i < 3 && !page; i++) /* one may fail by chance, too */
		page = alloc_page(GFP_NOWAIT | __GFP_NOWARN);
	if (page)
		__free_page(page);
	return page || out_of_memory(GFP_KERNEL, 0);
}

/* No memory: the task tries again, or ends by SIGKILL. */
static void user_oom(void)
{
	if (!fatal_signal_pending(current) && !worth_another_try())
		force_sig(SIGKILL);
	cond_resched();
}

static void __cold_path user_fault(u32 error_code, u32 address, vm_fault_t why)
{
	struct thread_struct *t = &current->thread;

	if (why & VM_FAULT_OOM) {
		user_oom();
		return;
	}
	t->cr2 = address;
	t->trap_nr = 14;
	t->error_code = error_code | (address >= TASK_SIZE ? PF_PROT : 0);
	if (why & VM_FAULT_SIGBUS)
		force_sig_fault(SIGBUS, BUS_ADRERR, address);
	else
		force_sig_fault(SIGSEGV,
				why & VM_FAULT_ACCERR ? SEGV_ACCERR :
							SEGV_MAPERR,
				address);
}

static void __cold_path bad_fault(struct pt_regs *regs, u32 error_code,
				  u32 address, vm_fault_t why)
{
	if (user_mode(regs))
		user_fault(error_code, address, why);
	else if (why & VM_FAULT_OOM && search_exception_table(regs->ip) &&
		 !fatal_signal_pending(current) && worth_another_try())
		cond_resched();
	else
		kernel_fault(regs, error_code, address);
}

static inline unsigned int fault_flags(u32 error_code)
{
	unsigned int flags = 0;

	if (error_code & PF_WRITE)
		flags |= FAULT_FLAG_WRITE;
	if (error_code & PF_USER)
		flags |= FAULT_FLAG_USER;
	if (error_code & PF_FETCH)
		flags |= FAULT_FLAG_INSTRUCTION;
	return flags;
}

/**
 * do_page_fault() - the processor could not translate an address
 * @regs: where
 * @error_code: PF_*
 * @address: which
 *
 * Context: interrupts as they were where it happened.
 */
void do_page_fault(struct pt_regs *regs, u32 error_code, u32 address)
{
	struct task_struct *t = current;
	vm_fault_t fault = VM_FAULT_SIGSEGV;

	trap_stat[14]++;
	if (unlikely(address >= TASK_SIZE || !t->mm)) {
		bad_fault(regs, error_code, address, fault);
		return;
	}
	/* What a program's iret does for it is the program's own access. */
	if (unlikely(!(error_code & PF_USER)) && user_mode(regs))
		error_code |= PF_USER;
	if (unlikely(!(error_code & PF_USER)) &&
	    !search_exception_table(regs->ip)) {
		kernel_fault(regs, error_code, address);
		return;
	}
	fault = handle_page_fault(t->mm, address, fault_flags(error_code));
	if (unlikely(fault & VM_FAULT_ERROR))
		bad_fault(regs, error_code, address, fault);
	else if (fault & VM_FAULT_MAJOR)
		t->ru.maj_flt++;
	else
		t->ru.min_flt++;
}
