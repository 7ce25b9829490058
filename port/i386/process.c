/* SPDX-License-Identifier: MIT */
/*
 * What a task is to the processor: a kernel stack with its registers, three
 * TLS descriptors, FPU registers, permitted ports.
 *
 *   stack + 8 KB ┌─────────────────────────┐ sp0
 *                │ pt_regs                 │ how it entered the kernel
 *                │ …                       │
 *                │ ebx esi edi ebp, return │ thread.sp, while it waits
 *                │                         │
 *   stack        └─────────────────────────┘
 *   guard page, unmapped: running into it is a double fault
 *
 * Stacks come from the vmalloc area. A few that were freed are kept: mapping
 * one costs more than all the rest of a fork's first steps.
 */
#include <ashlar/errno.h>
#include <ashlar/kmemleak.h>
#include <ashlar/mmap.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <ashlar/vmstat.h>
#include <kernel/task/task.h>
#include <mach/page.h>
#include <mach/percpu.h>
#include <mach/pgtable.h>
#include <mach/tlb.h>
#include "local.h"

#define STACK_CACHE 4

_Static_assert(__builtin_offsetof(struct task_struct, tif) == 0,
	       "TASK_TIF in entry.S");
_Static_assert(__builtin_offsetof(struct task_struct, thread.sp) == 4,
	       "TASK_THREAD_SP in entry.S");

static void *stack_cache[STACK_CACHE];
static unsigned int stacks_cached;

/* ---- kernel stacks ---- */

/* What is in use of it is a root (roots.c), the rest is old. */
static void *new_stack(void)
{
	void *stack = vmalloc(THREAD_SIZE);

	if (stack)
		kmemleak_no_scan(stack);
	return stack;
}

/**
 * alloc_thread_stack() - a kernel stack of THREAD_SIZE bytes
 *
 * Context: may sleep. Return: its lowest byte, or NULL without memory.
 */
void *alloc_thread_stack(void)
{
	void *stack;

	stack = stacks_cached ? stack_cache[--stacks_cached] : new_stack();
	if (stack)
		mod_node_page_state(NR_KERNEL_STACK_KB, THREAD_SIZE / 1024);
	return stack;
}

/**
 * free_thread_stack() - give back a stack that no task runs on
 * @stack: from alloc_thread_stack()
 */
void free_thread_stack(void *stack)
{
	mod_node_page_state(NR_KERNEL_STACK_KB, -(long)(THREAD_SIZE / 1024));
	if (stacks_cached < STACK_CACHE)
		stack_cache[stacks_cached++] = stack;
	else
		vfree(stack);
}

/**
 * task_pt_regs() - how @t last entered the kernel
 * @t: a task that is or was a program
 */
struct pt_regs *task_pt_regs(struct task_struct *t)
{
	return (struct pt_regs *)((char *)t->stack + THREAD_SIZE) - 1;
}

/* ---- changing tasks ---- */

/**
 * load_mm() - @mm's tables are the processor's
 * @mm: a space; the kernel's part is the same in all
 */
void load_mm(struct mm_struct *mm)
{
	*this_cpu_ptr(loaded_mm) = mm;
	__asm__ volatile("movl %0, %%cr3" ::"r"(virt_to_phys(mm->pgd))
			 : "memory");
	load_ldt(mm->context.ldt, mm->context.ldt_entries);
}

struct task_struct *switch_finish(struct task_struct *prev,
				  struct task_struct *next);

/* Second half of switch_to(), on the stack of @next. */
struct task_struct *switch_finish(struct task_struct *prev,
				  struct task_struct *next)
{
	*this_cpu_ptr(current_task) = next;
	set_tss_stack(next->thread.sp0);
	if (!next->mm)
		return prev; /* a kernel thread uses none of the rest */
	if (next->active_mm != *this_cpu_ptr(loaded_mm))
		load_mm(next->active_mm);
	load_tls(&next->thread);
	load_io_bitmap(&next->thread);
	fpu_switch(next);
	if (unlikely(next->thread.traced | traced_loaded))
		switch_traced(&next->thread);
	return prev;
}

/**
 * switch_to() - @next runs
 * @prev: the running task
 * @next: another
 *
 * Context: interrupts off. Return, when @prev runs again: the task that ran
 * before it.
 */
struct task_struct *switch_to(struct task_struct *prev,
			      struct task_struct *next)
{
	return switch_stacks(prev, next);
}

/* ---- new tasks ---- */

struct switch_frame {
	u32 bx, si, di, bp, ip;
};

static int copy_fpu_and_ports(struct task_struct *p)
{
	const struct thread_struct *from = &current->thread;

	p->thread.fpu = NULL;
	p->thread.io_bitmap = NULL;
	if (!from->fpu)
		return 0;
	p->thread.fpu = alloc_fpu();
	if (!p->thread.fpu)
		return -ENOMEM;
	fpu_save(p->thread.fpu);
	if (!from->io_bitmap)
		return 0;
	p->thread.io_bitmap = kmalloc(IO_BITMAP_BYTES, GFP_KERNEL);
	if (!p->thread.io_bitmap) {
		thread_free(p);
		return -ENOMEM;
	}
	memcpy(p->thread.io_bitmap, from->io_bitmap, IO_BITMAP_BYTES);
	return 0;
}

/**
 * copy_thread() - prepare a new task's first step
 * @p: the task; its stack is there
 * @regs: a program's registers for its return, or NULL
 * @sp: its stack pointer there, 0: that of @regs
 * @fn: without @regs, what it calls
 * @arg: with which argument
 *
 * Context: the parent runs. Return: 0 or -ENOMEM.
 */
int copy_thread(struct task_struct *p, const struct pt_regs *regs, u32 sp,
		int (*fn)(void *), void *arg)
{
	struct pt_regs *child = task_pt_regs(p);
	struct switch_frame *f = (struct switch_frame *)child - 1;

	p->thread.sp0 = (u32)(child + 1);
	p->thread.sp = (u32)f;
	p->thread.iopl = current->thread.iopl;
	p->thread.traced = 0;
	flush_debug_registers(&p->thread);
	memcpy(p->thread.tls_array, current->thread.tls_array,
	       sizeof(p->thread.tls_array));
	memset(f, 0, sizeof(*f));
	if (!regs) {
		memset(child, 0, sizeof(*child));
		p->thread.fpu = NULL;
		p->thread.io_bitmap = NULL;
		f->ip = (u32)ret_from_kernel_thread;
		f->bx = (u32)fn;
		f->si = (u32)arg;
		return 0;
	}
	*child = *regs;
	child->ax = 0;
	if (current->tif & TIF_FORCED_TF)
		child->flags &= ~X86_EFLAGS_TF;
	if (sp)
		child->sp = sp;
	f->ip = (u32)ret_from_fork;
	return copy_fpu_and_ports(p);
}

/**
 * thread_free() - the processor's part of a task that is gone
 * @p: the task; also one that copy_thread() did not finish
 */
void thread_free(struct task_struct *p)
{
	free_fpu(p);
	kfree(p->thread.io_bitmap);
	p->thread.io_bitmap = NULL;
}

/** flush_thread() - execve: registers as a new program expects them; the
 * ports it may use stay */
void flush_thread(void)
{
	struct thread_struct *t = &current->thread;

	memset(t->tls_array, 0, sizeof(t->tls_array));
	load_tls(t);
	if (unlikely(t->traced & TRACED_DEBUG)) {
		flush_debug_registers(t);
		switch_traced(t);
	}
	fpu_flush();
}

/**
 * start_thread() - the program's first instruction
 * @regs: task_pt_regs(current)
 * @ip: its address
 * @sp: the program's stack
 */
void start_thread(struct pt_regs *regs, u32 ip, u32 sp)
{
	u32 nr = regs->orig_ax; /* a tracer that sees execve return wants it */

	memset(regs, 0, sizeof(*regs));
	regs->ds = regs->es = regs->ss = __USER_DS;
	regs->cs = __USER_CS;
	regs->orig_ax = nr;
	regs->ip = ip;
	regs->sp = sp;
	regs->flags = X86_EFLAGS_IF;
}

/* ---- thread-local storage ---- */

/* No segment: what Linux's manual says, or all zeros, as programs think. */
static bool tls_desc_empty(const struct user_desc *d)
{
	return !d->base_addr && !d->limit && !d->contents && !d->seg_32bit &&
	       !d->limit_in_pages && !d->useable &&
	       d->read_exec_only == d->seg_not_present;
}

/* Nothing but a 32-bit data segment of ring 3 goes into the GDT. */
static bool tls_desc_okay(const struct user_desc *d)
{
	return tls_desc_empty(d) ||
	       (d->seg_32bit && d->contents <= 1 && !d->seg_not_present);
}

/**
 * do_set_thread_area() - give a thread a TLS segment
 * @t: the thread
 * @d: what it wants; an entry_number of -1 is replaced by a free one
 * @can_allocate: whether -1 is allowed
 *
 * Return: 0; -EINVAL for a wrong number or kind of segment, -ESRCH when no
 * entry is free.
 */
int do_set_thread_area(struct task_struct *t, struct user_desc *d,
		       bool can_allocate)
{
	u32 i = d->entry_number - GDT_ENTRY_TLS_MIN;
	struct desc_struct *tls = t->thread.tls_array;

	if (!tls_desc_okay(d))
		return -EINVAL;
	if (d->entry_number == ~0u && can_allocate) {
		for (i = 0; i < GDT_ENTRY_TLS_ENTRIES && tls[i].b; i++)
			;
		if (i == GDT_ENTRY_TLS_ENTRIES)
			return -ESRCH;
		d->entry_number = i + GDT_ENTRY_TLS_MIN;
	}
	if (i >= GDT_ENTRY_TLS_ENTRIES)
		return -EINVAL;
	if (tls_desc_empty(d))
		tls[i] = (struct desc_struct){ 0, 0 };
	else
		tls[i] = fill_ldt_desc(d);
	if (t == current)
		load_tls(&t->thread);
	return 0;
}
