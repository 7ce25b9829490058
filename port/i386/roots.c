/* SPDX-License-Identifier: MIT */
/*
 * The memory in which the kernel's pointers begin, for whoever looks for blocks
 * that none leads to.
 *
 *   init_stack … _edata   variables     __init_end … _end   zeroed ones
 *   of each task          sp … the end of its kernel stack
 *
 * A stack is looked at from where it is in use: what lies below is old.
 */
#include <kernel/task/process.h>
#include <kernel/task/task.h>
#include "local.h"

static void scan_stack(const struct task_struct *t,
		       void (*scan)(const void *start, const void *end))
{
	u32 sp = t == current ? (u32)__builtin_frame_address(0) : t->thread.sp;
	u32 stack = (u32)t->stack;

	if (sp - stack < THREAD_SIZE)
		scan((void *)sp, (void *)(stack + THREAD_SIZE));
}

/**
 * scan_kernel_roots() - all words that are in no block
 * @scan: called for each piece of memory
 * @stacks: tasks' stacks, too
 *
 * Context: any; nothing else runs meanwhile.
 */
void scan_kernel_roots(void (*scan)(const void *start, const void *end),
		       bool stacks)
{
	struct task_struct *p, *t;

	scan(init_stack_end, _edata);
	scan(__init_end, _end);
	if (!stacks)
		return;
	scan_stack(&init_task, scan);
	for_each_process(p)
		for_each_thread(p, t)
			scan_stack(t, scan);
}
