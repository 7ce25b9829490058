/* SPDX-License-Identifier: MIT */
/* The end of tasks. Code: kernel/task/exit.c. */
#ifndef KERNEL_TASK_EXIT_H
#define KERNEL_TASK_EXIT_H

struct task_struct;

void do_exit(long code) __attribute__((noreturn));
void do_group_exit(long code) __attribute__((noreturn));
void release_task(struct task_struct *t);

/* A task leaves @mm: vfork's parent goes on, clear_child_tid is cleared,
 * robust futexes are let go. @t is current. kernel/task/exit.c */
void mm_release(struct task_struct *t);
/* The thread is off all lists and hashes. kernel/task/exit.c */
void unhash_process(struct task_struct *t);

#endif
