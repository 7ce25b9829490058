/* SPDX-License-Identifier: MIT */
/* Work that an interrupt leaves to a kernel thread. */
#ifndef KERNEL_WORKQUEUE_H
#define KERNEL_WORKQUEUE_H

#include <ashlar/list.h>
#include <ashlar/types.h>

struct work_struct {
	struct list_head entry; /* empty: not waiting */
	void (*func)(struct work_struct *work);
};

#define WORK_INIT(name, fn)                      \
	{                                        \
		LIST_HEAD_INIT((name).entry), fn \
	}

static inline void INIT_WORK(struct work_struct *work,
			     void (*func)(struct work_struct *))
{
	INIT_LIST_HEAD(&work->entry);
	work->func = func;
}

void schedule_work(struct work_struct *work); /* any context */
void cancel_work(struct work_struct *work); /* any context */
void workqueue_start(void); /* when process 1 exists */

#endif
