/* SPDX-License-Identifier: MIT */
/*
 * A tracee's registers, as i386 Linux gives them to debuggers.
 *
 *   sets   NT_PRSTATUS   17 words, the order of struct pt_regs
 *          NT_PRFPREG    27 words, as fsave writes them
 *          NT_PRXFPREG  128 words, as fxsave does
 *          NT_386_TLS     3 descriptors
 *   PEEKUSR: one word of struct user, of which there are
 *            0 general registers ··· 252 debug registers ··· 284
 *
 * A tracee gets no more than user selectors and the flags that are a
 * program's own.
 *
 * A tracer that wants to see system calls changes the door by which the
 * tracee enters (int80_traced in entry.S), so that no one else pays for it.
 */
#include <ashlar/errno.h>
#include <ashlar/string.h>
#include <kernel/signal/signal.h>
#include <kernel/task/ptrace.h>
#include <mach/irqflags.h>
#include <mach/uaccess.h>
#include "local.h"

#define NT_PRSTATUS 1u
#define NT_PRFPREG 2u
#define NT_PRXFPREG 0x46e62b7fu
#define NT_386_TLS 0x200u
#define NT_X86_XSTATE 0x202u

#define USER_SIZE 284u
#define USER_DEBUGREG 252u
#define REGS_BYTES 68u
#define FSAVE_BYTES 108u
#define FXSAVE_BYTES 512u

_Static_assert(sizeof(struct pt_regs) == REGS_BYTES, "user_regs_struct");

/* AC RF OF DF TF SF ZF AF PF CF */
#define FLAG_MASK 0x50dd5u

/* ---- general registers, by their offset ---- */

static bool is_selector(u32 offset)
{
	return (offset >= __builtin_offsetof(struct pt_regs, ds) &&
		offset <= __builtin_offsetof(struct pt_regs, gs)) ||
	       offset == __builtin_offsetof(struct pt_regs, cs) ||
	       offset == __builtin_offsetof(struct pt_regs, ss);
}

static u32 get_reg(struct task_struct *t, u32 offset)
{
	const struct pt_regs *regs = task_pt_regs(t);
	u32 value = *(const u32 *)((const u8 *)regs + offset);

	if (is_selector(offset))
		return value & 0xffff;
	if (offset == __builtin_offsetof(struct pt_regs, flags) &&
	    t->tif & TIF_FORCED_TF)
		return value & ~X86_EFLAGS_TF;
	return value;
}

static void set_flags(struct task_struct *t, struct pt_regs *regs, u32 value)
{
	if (value & X86_EFLAGS_TF)
		t->tif &= ~TIF_FORCED_TF;
	else if (t->tif & TIF_FORCED_TF)
		value |= X86_EFLAGS_TF;
	regs->flags = (regs->flags & ~FLAG_MASK) | (value & FLAG_MASK);
}

/* 0, or -EIO for a selector that a program may not have. */
static int set_reg(struct task_struct *t, u32 offset, u32 value)
{
	struct pt_regs *regs = task_pt_regs(t);

	if (is_selector(offset)) {
		value &= 0xffff;
		if (value && (value & 3) != 3)
			return -EIO;
		if (!value && offset >= __builtin_offsetof(struct pt_regs, cs))
			return -EIO; /* nothing runs without cs and ss */
	}
	if (offset == __builtin_offsetof(struct pt_regs, flags))
		set_flags(t, regs, value);
	else
		*(u32 *)((u8 *)regs + offset) = value;
	return 0;
}

static int prstatus_get(struct task_struct *t, void *to)
{
	u32 i;

	for (i = 0; i < REGS_BYTES; i += 4)
		*(u32 *)((u8 *)to + i) = get_reg(t, i);
	return 0;
}

static int prstatus_set(struct task_struct *t, const void *from, u32 bytes)
{
	int err = 0;
	u32 i;

	for (i = 0; i < bytes && !err; i += 4)
		err = set_reg(t, i, *(const u32 *)((const u8 *)from + i));
	return err;
}

/* ---- the numeric processor ---- */

static int prfpreg_get(struct task_struct *t, void *to)
{
	u8 fx[FXSAVE_BYTES] __attribute__((__aligned__(4)));

	fpu_get(t, fx);
	fsave_from_fxsave(to, fx);
	return 0;
}

static int prfpreg_set(struct task_struct *t, const void *from, u32 bytes)
{
	u8 fx[FXSAVE_BYTES] __attribute__((__aligned__(4)));
	u8 fsave[FSAVE_BYTES] __attribute__((__aligned__(4)));

	fpu_get(t, fx);
	fsave_from_fxsave(fsave, fx);
	memcpy(fsave, from, bytes);
	merge_fsave(fx, (const void *)fsave);
	return fpu_set(t, fx);
}

static int prxfpreg_get(struct task_struct *t, void *to)
{
	fpu_get(t, to);
	return 0;
}

static int prxfpreg_set(struct task_struct *t, const void *from, u32 bytes)
{
	return bytes == FXSAVE_BYTES ? fpu_set(t, from) : -EINVAL;
}

/* ---- thread-local storage ---- */

static int tls_get(struct task_struct *t, void *to)
{
	struct user_desc *d = to;
	u32 i;

	for (i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++)
		d[i] = read_ldt_desc(&t->thread.tls_array[i],
				     GDT_ENTRY_TLS_MIN + i);
	return 0;
}

static int tls_set(struct task_struct *t, const void *from, u32 bytes)
{
	const struct user_desc *d = from;
	struct user_desc one;
	int err = 0;
	u32 i;

	for (i = 0; i < bytes / sizeof(one) && !err; i++) {
		one = d[i];
		one.entry_number = GDT_ENTRY_TLS_MIN + i;
		err = do_set_thread_area(t, &one, false);
	}
	return err;
}

static long get_thread_area(struct task_struct *t, u32 entry, void __user *to)
{
	u32 i = entry - GDT_ENTRY_TLS_MIN;
	struct user_desc d;

	if (i >= GDT_ENTRY_TLS_ENTRIES)
		return (s32)entry < 0 ? -EIO : -EINVAL;
	d = read_ldt_desc(&t->thread.tls_array[i], entry);
	return copy_to_user(to, &d, sizeof(d)) ? -EFAULT : 0;
}

static long set_thread_area(struct task_struct *t, u32 entry,
			    const void __user *from)
{
	struct user_desc d;

	if ((s32)entry < 0)
		return -EIO;
	if (copy_from_user(&d, from, sizeof(d)))
		return -EFAULT;
	d.entry_number = entry;
	return do_set_thread_area(t, &d, false);
}

/* ---- sets of registers ---- */

static const struct regset {
	u32 note, bytes, unit;
	int (*get)(struct task_struct *t, void *to);
	int (*set)(struct task_struct *t, const void *from, u32 bytes);
} regsets[] = {
	{ NT_PRSTATUS, REGS_BYTES, 4, prstatus_get, prstatus_set },
	{ NT_PRFPREG, FSAVE_BYTES, 4, prfpreg_get, prfpreg_set },
	{ NT_PRXFPREG, FXSAVE_BYTES, 4, prxfpreg_get, prxfpreg_set },
	{ NT_386_TLS, GDT_ENTRY_TLS_ENTRIES * sizeof(struct user_desc),
	  sizeof(struct user_desc), tls_get, tls_set },
};

static const struct regset *find_regset(u32 note)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(regsets); i++) {
		if (regsets[i].note == note)
			return &regsets[i];
	}
	return NULL;
}

static long copy_regset(struct task_struct *t, const struct regset *set,
			void __user *user, u32 bytes, bool write)
{
	u8 buf[FXSAVE_BYTES] __attribute__((__aligned__(4)));
	int err;

	if (write)
		return copy_from_user(buf, user, bytes) ?
			       -EFAULT :
			       set->set(t, buf, bytes);
	err = set->get(t, buf);
	if (err)
		return err;
	return copy_to_user(user, buf, bytes) ? -EFAULT : 0;
}

static long whole_regset(struct task_struct *t, u32 note, void __user *user,
			 bool write)
{
	const struct regset *set = find_regset(note);

	return copy_regset(t, set, user, set->bytes, write);
}

/* A part of a set, from its beginning; the length comes back. */
static long part_of_regset(struct task_struct *t, u32 note, u32 __user *iov,
			   bool write)
{
	const struct regset *set = find_regset(note);
	u32 base, len;
	long err;

	if (get_user(base, iov) || get_user(len, iov + 1))
		return -EFAULT;
	if (note == NT_X86_XSTATE)
		return -ENODEV; /* needs xsave */
	if (!set || len % set->unit)
		return -EINVAL;
	len = min(len, set->bytes);
	err = copy_regset(t, set, (void __user *)base, len, write);
	if (!err && put_user(len, iov + 1))
		err = -EFAULT;
	return err;
}

/* ---- one word of struct user ---- */

static long peek_user(struct task_struct *t, u32 addr, u32 __user *to)
{
	u32 value = 0;

	if (addr & 3 || addr >= USER_SIZE)
		return -EIO;
	if (addr < REGS_BYTES)
		value = get_reg(t, addr);
	else if (addr >= USER_DEBUGREG)
		value = get_debug_register(t, (addr - USER_DEBUGREG) / 4);
	return put_user(value, to) ? -EFAULT : 0;
}

static long poke_user(struct task_struct *t, u32 addr, u32 value)
{
	if (addr & 3 || addr >= USER_SIZE)
		return -EIO;
	if (addr < REGS_BYTES)
		return set_reg(t, addr, value);
	if (addr >= USER_DEBUGREG)
		return set_debug_register(t, (addr - USER_DEBUGREG) / 4, value);
	return -EIO;
}

/**
 * arch_ptrace() - requests about registers
 * @t: a tracee that is stopped
 * @request: PTRACE_*
 * @addr: where, which
 * @data: what, or where to
 *
 * Return: 0 or -errno; -EIO for an unknown request.
 */
long arch_ptrace(struct task_struct *t, u32 request, u32 addr, u32 data)
{
	void __user *user = (void __user *)data;

	switch (request) {
	case PTRACE_PEEKUSR:
		return peek_user(t, addr, user);
	case PTRACE_POKEUSR:
		return poke_user(t, addr, data);
	case PTRACE_GETREGS:
	case PTRACE_SETREGS:
		return whole_regset(t, NT_PRSTATUS, user,
				    request == PTRACE_SETREGS);
	case PTRACE_GETFPREGS:
	case PTRACE_SETFPREGS:
		return whole_regset(t, NT_PRFPREG, user,
				    request == PTRACE_SETFPREGS);
	case PTRACE_GETFPXREGS:
	case PTRACE_SETFPXREGS:
		return whole_regset(t, NT_PRXFPREG, user,
				    request == PTRACE_SETFPXREGS) ?
			       -EIO :
			       0;
	case PTRACE_GETREGSET:
	case PTRACE_SETREGSET:
		return part_of_regset(t, addr, user,
				      request == PTRACE_SETREGSET);
	case PTRACE_GET_THREAD_AREA:
		return get_thread_area(t, addr, user);
	case PTRACE_SET_THREAD_AREA:
		return set_thread_area(t, addr, user);
	}
	return -EIO;
}

/* ---- system calls of a tracee ---- */

/**
 * set_syscall_trace() - by which door a task enters system calls
 * @t: a task that does not run
 * @tif: TIF_SYSCALL_TRACE, TIF_SYSCALL_EMU, or 0: the usual one
 */
void set_syscall_trace(struct task_struct *t, u32 tif)
{
	t->tif = (t->tif & ~(TIF_SYSCALL_TRACE | TIF_SYSCALL_EMU)) | tif;
	if (tif)
		t->thread.traced |= TRACED_SYSCALLS;
	else
		t->thread.traced &= ~TRACED_SYSCALLS;
}

/**
 * syscall_trace_enter() - a traced program calls
 * @regs: its registers
 *
 * Return: the call's number, which the tracer may have changed; -1 if nothing
 * is to be done.
 */
u32 syscall_trace_enter(struct pt_regs *regs)
{
	bool emulated = current->tif & TIF_SYSCALL_EMU;

	regs->ax = (u32)-ENOSYS;
	if (ptrace_report_syscall(PTRACE_EVENTMSG_SYSCALL_ENTRY) || emulated)
		return ~0u;
	return regs->orig_ax;
}

/**
 * syscall_exit_to_user_mode() - the tracer sees the result first
 * @regs: the program's registers
 *
 * Context: as exit_to_user_mode().
 */
void syscall_exit_to_user_mode(struct pt_regs *regs)
{
	u32 tif = current->tif;
	bool step = tif & TIF_SINGLESTEP && !(tif & TIF_SYSCALL_EMU);

	if (unlikely(step || tif & TIF_SYSCALL_TRACE)) {
		local_irq_enable();
		if (step) {
			current->thread.trap_nr = 1;
			current->thread.error_code = 0;
			force_sig_fault(SIGTRAP, TRAP_BRKPT, regs->ip);
		} else {
			ptrace_report_syscall(PTRACE_EVENTMSG_SYSCALL_EXIT);
		}
		local_irq_disable();
	}
	exit_to_user_mode(regs);
}
