/* SPDX-License-Identifier: MIT */
/* Futexes, to the rest of kernel/. Code: futex.c, pi.c, robust.c. */
#ifndef KERNEL_SCHED_FUTEX_H
#define KERNEL_SCHED_FUTEX_H

#include <ashlar/types.h>

struct task_struct;

void futex_init(void);
void exit_robust_list(struct task_struct *t);
void exit_pi_state(struct task_struct *t);
long futex_wake_address(u32 uaddr, int nr); /* of current's, private */

#endif
