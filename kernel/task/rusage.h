/* SPDX-License-Identifier: MIT */
/* struct rusage as i386 programs see it. Code: kernel/task/resource.c. */
#ifndef KERNEL_RUSAGE_H
#define KERNEL_RUSAGE_H

#include <kernel/sched.h>
#include <kernel/syscall.h>

struct rusage32 {
	struct timeval32 ru_utime, ru_stime;
	s32 ru_maxrss, ru_ixrss, ru_idrss, ru_isrss; /* KB */
	s32 ru_minflt, ru_majflt, ru_nswap;
	s32 ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals;
	s32 ru_nvcsw, ru_nivcsw;
};

int put_rusage(const struct rusage_counts *ru, struct rusage32 __user *to);

#endif
