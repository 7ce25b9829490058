/* SPDX-License-Identifier: MIT */
/*
 * Robust lists: the C library keeps the locks that a thread holds in a list
 * of its own memory, and the thread dies with some of them.
 *
 *   robust_list ─► head: first ─► entry ─► entry ─► … ─► head
 *                  offset: from an entry to its futex
 *                  pending: one that is being locked or let go
 *
 * Each word that still names the thread gets FUTEX_OWNER_DIED instead, and one
 * of those that wait for it is woken. Nothing of the list is trusted: it may
 * end anywhere, and has ROBUST_LIST_LIMIT entries at most.
 */
#include <kernel/sched/futex.h>
#include <kernel/sched/sched.h>
#include <kernel/syscall.h>
#include <kernel/task/pid.h>
#include <kernel/task/ptrace.h>
#include "internal.h"

#define ROBUST_LIST_LIMIT 2048

static int handle_futex_death(u32 uaddr, bool pi, bool pending)
{
	struct page *page;
	u32 val, *word;

	if (uaddr & 3 || get_user(val, (u32 __user *)uaddr))
		return -EFAULT;
	if (pending && !pi && !val) { /* unlocked, and none woken yet */
		futex_wake_address(uaddr, 1);
		return 0;
	}
	if ((val & FUTEX_TID_MASK) != (u32)current->pid)
		return 0;
	word = futex_map_word(current->mm, uaddr, &page);
	if (!word)
		return -EFAULT;
	val = *word & FUTEX_WAITERS; /* as it is now */
	*word = val | FUTEX_OWNER_DIED;
	futex_unmap_word(word, page);
	if (!pi && val)
		futex_wake_address(uaddr, 1);
	return 0;
}

/**
 * exit_robust_list() - mark the locks a thread dies with
 * @t: current
 */
void exit_robust_list(struct task_struct *t)
{
	const u32 __user *head = (u32 __user *)t->robust_list;
	u32 entry, next, offset, pending;
	int limit;

	if (!t->mm || get_user(entry, head) || get_user(offset, head + 1) ||
	    get_user(pending, head + 2))
		return;
	for (limit = ROBUST_LIST_LIMIT; limit > 0; limit--) {
		if ((entry & ~1u) == (u32)head)
			break;
		if (get_user(next, (u32 __user *)(entry & ~1u)))
			return;
		if ((entry & ~1u) != (pending & ~1u) &&
		    handle_futex_death((entry & ~1u) + offset, entry & 1,
				       false))
			return;
		entry = next;
	}
	if (pending & ~1u)
		handle_futex_death((pending & ~1u) + offset, pending & 1, true);
}

SYSCALL_DEFINE(set_robust_list, u32 head, u32 len)
{
	if (len != 12)
		return -EINVAL;
	current->robust_list = head;
	return 0;
}

SYSCALL_DEFINE(get_robust_list, pid_t pid, u32 __user *head, u32 __user *len)
{
	struct task_struct *t = pid ? find_task_by_pid(pid) : current;
	u32 list;

	if (!t)
		return -ESRCH;
	if (!ptrace_may_access(t, PTRACE_MODE_READ_REALCREDS))
		return -EPERM;
	list = t->robust_list;
	return put_user(12u, len) || put_user(list, head) ? -EFAULT : 0;
}
