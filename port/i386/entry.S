/* SPDX-License-Identifier: MIT */
/*
 * The ways into the kernel and out of it.
 *
 * Every way in leaves a struct pt_regs on the kernel stack:
 *
 *   high   ss sp           pushed by the processor, from ring 3 only
 *          flags cs ip     pushed by the processor
 *          orig_ax         system call's number; -1 for everything else
 *          gs fs es ds
 *          ax bp di si dx cx bx
 *   low                    <- esp
 *
 * The kernel uses neither fs nor gs: they keep the program's values. ds and
 * es become flat segments; ss is one already.
 *
 * On the way out a selector that a program spoilt (through a signal frame, or
 * by taking its descriptor away) faults here, in the kernel: the table of
 * exceptions sends it to a place that loads 0 instead, or, for iret, to one
 * that makes it a SIGILL.
 */
#include <ashlar/errno.h>
#include <kernel/syscall_nr.h>

#define __KERNEL_DS 0x68
#define __USER_DS 0x7b

#define PT_BX 0
#define PT_CX 4
#define PT_DX 8
#define PT_SI 12
#define PT_DI 16
#define PT_BP 20
#define PT_AX 24
#define PT_GS 40
#define PT_ORIG_AX 44
#define PT_CS 52
#define PT_FLAGS 56
#define IF 0x200
#define VM 0x20000

#define TASK_TIF 0
#define TASK_THREAD_SP 4

.macro PUSH_REGS
	pushl	%fs
	pushl	%es
	pushl	%ds
	pushl	%eax
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
.endm

/* The general registers, which PUSH_REGS pushed last; selectors come next. */
.macro POP_REGS
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
	popl	%eax
.endm

.macro FLAT_SEGMENTS reg
	cld
	movl	$__USER_DS, \reg
	movl	\reg, %ds
	movl	\reg, %es
.endm

.macro EXCEPTION_GOES_TO from, to
	.pushsection __ex_table, "a"
	.long	\from, \to
	.popsection
.endm

/* Into the program, whose registers may be bad: see the head. */
.macro RESTORE_ALL
	POP_REGS
1:	popl	%ds
2:	popl	%es
3:	popl	%fs
4:	popl	%gs
	addl	$4, %esp
5:	iret
	EXCEPTION_GOES_TO 1b, bad_ds
	EXCEPTION_GOES_TO 2b, bad_es
	EXCEPTION_GOES_TO 3b, bad_fs
	EXCEPTION_GOES_TO 4b, bad_gs
	EXCEPTION_GOES_TO 5b, bad_iret
.endm

	.section .text.entry, "ax"

/* ---- system calls: eax the number, ebx ecx edx esi edi ebp arguments ---- */

	.globl	int80_entry
	.type	int80_entry, @function
	.balign	16
int80_entry:
	pushl	%eax
	pushl	%gs
	PUSH_REGS
	pushl	%ebp			/* arguments 6, 5, 4 */
	pushl	%edi
	pushl	%esi
	FLAT_SEGMENTS %esi
dispatch:
	incl	syscall_count
	cmpl	$NR_SYSCALLS, %eax
	jae	bad_number
	movl	%eax, %esi
	movl	%ebx, %eax		/* arguments 1, 2, 3 */
	xchgl	%ecx, %edx
	call	*sys_call_table(, %esi, 4)
syscall_return:
	addl	$12, %esp
	movl	%eax, PT_AX(%esp)
syscall_left:
	cli				/* so that tif stays as it is read */
	movl	current_task, %eax
	cmpl	$0, TASK_TIF(%eax)
	jne	syscall_work_first
	RESTORE_ALL

/* A traced program's door: the gate leads here while it runs (desc.c). */
	.globl	int80_traced
	.type	int80_traced, @function
int80_traced:
	pushl	%eax
	pushl	%gs
	PUSH_REGS
	FLAT_SEGMENTS %esi
	movl	%esp, %eax
	call	syscall_trace_enter	/* the number, or -1: do nothing */
	cmpl	$-1, %eax
	je	syscall_left
	movl	PT_BX(%esp), %ebx
	movl	PT_CX(%esp), %ecx
	movl	PT_DX(%esp), %edx
	pushl	PT_BP(%esp)
	pushl	PT_DI + 4(%esp)
	pushl	PT_SI + 8(%esp)
	jmp	dispatch

	.globl	resume_userspace
resume_userspace:
	cli
	movl	current_task, %eax
	cmpl	$0, TASK_TIF(%eax)
	jne	work_first
restore_all:
	RESTORE_ALL

/* Back into the kernel: fs and gs are not its own, and what is in them may
 * by now be a selector of nothing. */
restore_kernel:
	POP_REGS
	popl	%ds
	popl	%es
	addl	$12, %esp
	iret

bad_number:
	movl	$-ENOSYS, %eax
	jmp	syscall_return

syscall_work_first:
	movl	%esp, %eax
	call	syscall_exit_to_user_mode
	jmp	restore_all
work_first:
	movl	%esp, %eax
	call	exit_to_user_mode
	jmp	restore_all

/* The rest of RESTORE_ALL, with 0 for the selector that was spoilt. */
bad_ds:	movl	$0, (%esp)
	popl	%ds
restore_es:
	popl	%es
restore_fs:
	popl	%fs
restore_gs:
	popl	%gs
	addl	$4, %esp
restore_iret:
	iret
bad_es:	movl	$0, (%esp)
	jmp	restore_es
bad_fs:	movl	$0, (%esp)
	jmp	restore_fs
bad_gs:	movl	$0, (%esp)
	jmp	restore_gs
	EXCEPTION_GOES_TO restore_es, bad_es
	EXCEPTION_GOES_TO restore_fs, bad_fs
	EXCEPTION_GOES_TO restore_gs, bad_gs
	EXCEPTION_GOES_TO restore_iret, bad_iret

/* The frame that iret could not use is the lower half of a new pt_regs. */
bad_iret:
	pushl	$-1
	pushl	%gs
	PUSH_REGS
	FLAT_SEGMENTS %edx
	movl	%esp, %eax
	call	do_bad_iret
	jmp	resume_userspace
	.size	int80_entry, . - int80_entry

/* ---- exceptions ---- */

/* The processor pushes an error code for those that have one: make it so for
 * all, then put the vector where gs belongs. */
.macro TRAP vector error
trap_\vector:
.if \error == 0
	pushl	$0
.endif
	pushl	$\vector
	jmp	trap_common
.endm

	TRAP 0 0
	TRAP 1 0
	TRAP 2 0
	TRAP 3 0
	TRAP 4 0
	TRAP 5 0
	TRAP 6 0
	TRAP 7 0
	TRAP 8 1
	TRAP 9 0
	TRAP 10 1
	TRAP 11 1
	TRAP 12 1
	TRAP 13 1
	TRAP 15 0
	TRAP 16 0
	TRAP 17 1
	TRAP 18 0
	TRAP 19 0
	TRAP 20 0
	TRAP 21 1
	TRAP 22 0
	TRAP 23 0
	TRAP 24 0
	TRAP 25 0
	TRAP 26 0
	TRAP 27 0
	TRAP 28 0
	TRAP 29 1
	TRAP 30 1
	TRAP 31 0

	.type	trap_common, @function
trap_common:
	PUSH_REGS
	FLAT_SEGMENTS %edx
	movl	PT_GS(%esp), %edx
	movl	PT_ORIG_AX(%esp), %ecx
	movl	%gs, %eax
	movl	%eax, PT_GS(%esp)
	movl	$-1, PT_ORIG_AX(%esp)
	movl	%esp, %eax
	call	do_trap
ret_from_exception:
	movl	PT_FLAGS(%esp), %eax
	movb	PT_CS(%esp), %al
	testl	$VM | 3, %eax
	jnz	resume_userspace
	jmp	restore_kernel
	.size	trap_common, . - trap_common

/* A page fault, the one exception that is in a hurry. Interrupts stay off
 * until its address is read. */
	.type	trap_14, @function
	.balign	16
trap_14:
	pushl	%gs
	PUSH_REGS
	FLAT_SEGMENTS %edx
	movl	PT_ORIG_AX(%esp), %edx
	movl	$-1, PT_ORIG_AX(%esp)
	movl	%cr2, %ecx
	movl	%esp, %eax
	testl	$IF, PT_FLAGS(%esp)
	jz	1f
	sti
1:	call	do_page_fault
	movl	PT_FLAGS(%esp), %eax
	movb	PT_CS(%esp), %al
	testl	$VM | 3, %eax
	jnz	resume_userspace
	jmp	restore_kernel
	.size	trap_14, . - trap_14

	.globl	double_fault_entry
	.type	double_fault_entry, @function
double_fault_entry:
	call	double_fault
1:	hlt
	jmp	1b
	.size	double_fault_entry, . - double_fault_entry

/* ---- interrupts ---- */

.macro IRQ line
irq_\line:
	pushl	$\line
	jmp	irq_common
.endm

	.irp	line, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	IRQ \line
	.endr

	.type	irq_common, @function
irq_common:
	pushl	%gs
	PUSH_REGS
	FLAT_SEGMENTS %edx
	movl	PT_ORIG_AX(%esp), %edx
	movl	$-1, PT_ORIG_AX(%esp)
	movl	%esp, %eax
	call	irq_enter
	jmp	ret_from_exception
	.size	irq_common, . - irq_common

/* ---- changing tasks ---- */

/*
 * struct task_struct *switch_stacks(prev, next): what prev needs again lies
 * on its stack; a new task's stack looks as if it had been here, too
 * (copy_thread). switch_finish(prev, next) does the rest, and returns to
 * where next left.
 */
	.globl	switch_stacks
	.type	switch_stacks, @function
switch_stacks:
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%ebx
	movl	%esp, TASK_THREAD_SP(%eax)
	movl	TASK_THREAD_SP(%edx), %esp
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	jmp	switch_finish
	.size	switch_stacks, . - switch_stacks

	.globl	ret_from_fork
	.type	ret_from_fork, @function
ret_from_fork:
	call	schedule_tail
	jmp	resume_userspace
	.size	ret_from_fork, . - ret_from_fork

/* void return_to_user(struct pt_regs *regs): a kernel thread became a program
 * whose registers lie at the top of this stack. */
	.globl	return_to_user
	.type	return_to_user, @function
return_to_user:
	movl	%eax, %esp
	jmp	resume_userspace
	.size	return_to_user, . - return_to_user

/* ebx the function, esi its argument. It returns when the task has become a
 * program. */
	.globl	ret_from_kernel_thread
	.type	ret_from_kernel_thread, @function
ret_from_kernel_thread:
	call	schedule_tail
	movl	%esi, %eax
	call	*%ebx
	jmp	resume_userspace
	.size	ret_from_kernel_thread, . - ret_from_kernel_thread

/* ---- where the vectors begin, for the IDT ---- */

	.section .init.data, "aw"
	.globl	trap_entries, irq_entries
	.balign	4
trap_entries:
	.irp	v, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.long	trap_\v
	.endr
	.irp	v, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.long	trap_\v
	.endr
irq_entries:
	.irp	line, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.long	irq_\line
	.endr
