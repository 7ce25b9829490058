/* SPDX-License-Identifier: MIT */
/*
 * What stops a traced program between two of its instructions.
 *
 * Single step: the trap flag in its registers. A system call runs with the
 * flag off and would be left with the next instruction done, too, so its end
 * is looked at by itself (TIF_SINGLESTEP). A program may set the flag for
 * reasons of its own: TIF_FORCED_TF says that it is ours, and is to be hidden.
 *
 * Debug registers: four addresses, and a control word that says which of them
 * count, for what (execute, write, read or write) and how many bytes.
 *
 *   control  31 … 28    19 18   17 16    7 … 2   1      0
 *            slots 3…1  length  kind     …       global local of slot 0
 *
 * They are loaded with the task (thread_struct::traced); what the kernel
 * touches for it never counts.
 */
#include <ashlar/errno.h>
#include <ashlar/gup.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/string.h>
#include <kernel/signal/signal.h>
#include <kernel/task/task.h>
#include "local.h"

#define SLOTS 4
#define DR6_FIXED 0xffff0ff0u /* bits that always read so */
#define DR6_SLOTS 0xfu
#define DR6_STEP 0x4000u
#define DR7_FIXED 0x400u
#define DR7_RESERVED 0xfc00u
enum { KIND_EXECUTE, KIND_WRITE, KIND_IO, KIND_ACCESS };

u32 traced_loaded;

/* ---- single step ---- */

static bool is_prefix(u8 byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64 ... 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	}
	return false;
}

/* The instruction at @regs sets the trap flag by itself: popf or iret. */
static bool sets_trap_flag(struct task_struct *t, const struct pt_regs *regs)
{
	struct mm_struct *mm = get_task_mm(t);
	u8 code[15];
	size_t n = 0, i;

	if (mm) {
		n = access_process_vm(mm, regs->ip, code, sizeof(code), false);
		mmput(mm);
	}
	for (i = 0; i < n; i++) {
		if (!is_prefix(code[i]))
			return code[i] == 0x9d || code[i] == 0xcf;
	}
	return false;
}

/**
 * user_enable_single_step() - trap after @t's next instruction
 * @t: a tracee that is stopped
 */
void user_enable_single_step(struct task_struct *t)
{
	struct pt_regs *regs = task_pt_regs(t);
	bool was_set = regs->flags & X86_EFLAGS_TF;

	t->tif |= TIF_SINGLESTEP;
	regs->flags |= X86_EFLAGS_TF;
	if (sets_trap_flag(t, regs))
		t->tif &= ~TIF_FORCED_TF;
	else if (!was_set)
		t->tif |= TIF_FORCED_TF;
}

/**
 * user_disable_single_step() - let @t run
 * @t: a tracee that is stopped, or current
 */
void user_disable_single_step(struct task_struct *t)
{
	if (t->tif & TIF_FORCED_TF)
		task_pt_regs(t)->flags &= ~X86_EFLAGS_TF;
	t->tif &= ~(TIF_SINGLESTEP | TIF_FORCED_TF);
}

/* ---- debug registers ---- */

static bool slot_enabled(u32 control, unsigned int slot)
{
	return control >> slot * 2 & 3;
}

static u32 slot_kind(u32 control, unsigned int slot)
{
	return control >> (16 + slot * 4) & 3;
}

/* In bytes; 0 for what this processor has not. */
static u32 slot_length(u32 control, unsigned int slot)
{
	static const u8 lengths[] = { 1, 2, 0, 4 };

	return lengths[control >> (18 + slot * 4) & 3];
}

static bool slot_valid(u32 control, unsigned int slot, u32 addr)
{
	u32 len = slot_length(control, slot), kind = slot_kind(control, slot);

	if (!len || addr >= TASK_SIZE || addr & (len - 1))
		return false;
	return kind == KIND_EXECUTE ? len == 1 : kind != KIND_IO;
}

/**
 * get_debug_register() - what the tracer wrote, and what happened
 * @t: a tracee
 * @nr: 0 … 3 addresses, 6 status, 7 control; the others are 0
 */
u32 get_debug_register(const struct task_struct *t, unsigned int nr)
{
	if (nr < SLOTS)
		return t->thread.debug[nr];
	if (nr == 6)
		return t->thread.debug_status ^ DR6_FIXED;
	return nr == 7 ? t->thread.debug_control : 0;
}

/**
 * set_debug_register() - watch an address
 * @t: a tracee that is stopped
 * @nr: 0 … 3, 6, 7
 * @value: what Linux takes
 *
 * Return: 0, -EINVAL for what cannot be watched, -EIO for another register.
 */
int set_debug_register(struct task_struct *t, unsigned int nr, u32 value)
{
	struct thread_struct *th = &t->thread;
	unsigned int i;

	if (nr < SLOTS) {
		if (value >= TASK_SIZE ||
		    (slot_enabled(th->debug_control, nr) &&
		     !slot_valid(th->debug_control, nr, value)))
			return -EINVAL;
		th->debug[nr] = value;
		return 0;
	}
	if (nr == 6) {
		th->debug_status = value ^ DR6_FIXED;
		return 0;
	}
	if (nr != 7)
		return -EIO;
	value &= ~DR7_RESERVED;
	for (i = 0; i < SLOTS; i++) {
		if (slot_enabled(value, i) &&
		    !slot_valid(value, i, th->debug[i]))
			return -EINVAL;
	}
	th->debug_control = value;
	if (value & 0xff)
		th->traced |= TRACED_DEBUG;
	else
		th->traced &= ~TRACED_DEBUG;
	return 0;
}

/**
 * flush_debug_registers() - a new task, or a new program, watches nothing
 * @th: its thread_struct
 */
void flush_debug_registers(struct thread_struct *th)
{
	memset(th->debug, 0, sizeof(th->debug));
	th->debug_status = 0;
	th->debug_control = 0;
	th->traced &= ~TRACED_DEBUG;
}

static void load_debug_registers(const struct thread_struct *th)
{
	u32 control = th->traced & TRACED_DEBUG ?
			      th->debug_control | DR7_FIXED :
			      DR7_FIXED;

	__asm__ volatile("movl %0, %%db7" ::"r"(DR7_FIXED));
	__asm__ volatile("movl %0, %%db0; movl %1, %%db1; movl %2, %%db2;"
			 "movl %3, %%db3; movl %4, %%db7" ::"r"(th->debug[0]),
			 "r"(th->debug[1]), "r"(th->debug[2]),
			 "r"(th->debug[3]), "r"(control));
}

/**
 * switch_traced() - what is special about a task that is traced
 * @th: of the task that runs now
 *
 * Called where this task or the last one has something special.
 */
void switch_traced(const struct thread_struct *th)
{
	if ((th->traced ^ traced_loaded) & TRACED_SYSCALLS)
		set_syscall_door(th->traced & TRACED_SYSCALLS);
	if ((th->traced | traced_loaded) & TRACED_DEBUG)
		load_debug_registers(th);
	traced_loaded = th->traced;
}

/*
 * Which slots were hit, and whether it was a step. The processor forgets it,
 * and an emulated one all that it kept of the slots.
 */
static u32 take_debug_status(void)
{
	u32 status;

	__asm__ volatile("movl %%db6, %0" : "=r"(status));
	__asm__ volatile("movl %0, %%db6" ::"r"(DR6_FIXED));
	if (current->thread.traced & TRACED_DEBUG)
		load_debug_registers(&current->thread);
	return status ^ DR6_FIXED;
}

/**
 * user_debug_trap() - exception 1 in a program
 * @regs: the program's
 *
 * Context: interrupts off. Return: the si_code of the SIGTRAP it is sent, or 0.
 */
int user_debug_trap(struct pt_regs *regs)
{
	struct thread_struct *th = &current->thread;
	u32 status = take_debug_status(), hit = 0;
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		if (!(status & 1u << i) || !slot_enabled(th->debug_control, i))
			continue;
		hit |= 1u << i;
		if (slot_kind(th->debug_control, i) == KIND_EXECUTE)
			regs->flags |= X86_EFLAGS_RF; /* once is enough */
	}
	th->debug_status = (status & DR6_STEP) | hit;
	if (status & DR6_STEP)
		return TRAP_TRACE;
	if (hit)
		return TRAP_HWBKPT;
	return status & DR6_SLOTS ? 0 : TRAP_BRKPT; /* int1 */
}

/**
 * kernel_debug_trap() - exception 1 in the kernel
 * @regs: the kernel's
 *
 * A program's trap flag leaked in, or the kernel touched what is watched.
 */
void kernel_debug_trap(struct pt_regs *regs)
{
	take_debug_status();
	regs->flags &= ~X86_EFLAGS_TF;
}
