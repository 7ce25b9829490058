/* SPDX-License-Identifier: MIT */
/* Limits of a process, and what it used. Code: resource.c, fork.c. */
#ifndef KERNEL_TASK_RESOURCE_H
#define KERNEL_TASK_RESOURCE_H

#include <ashlar/types.h>
#include <kernel/time/time.h>
#include <mach/uaccess.h>

struct task_struct;

struct rlimit {
	unsigned long cur, max; /* soft and hard; RLIM_INFINITY */
};

struct rusage_counts {
	u64 utime, stime; /* ns */
	u64 exec; /* ns on the processor, exact; utime + stime count ticks */
	u64 rchar, wchar; /* bytes read and written, of whatever kind */
	unsigned long syscr, syscw; /* in how many calls */
	u64 read_bytes; /* that disks were asked for */
	u64 write_bytes; /* that became dirty, or went past the page cache */
	u64 cancelled_write_bytes; /* dirty ones that need not be written */
	unsigned long min_flt, maj_flt, nvcsw, nivcsw, maxrss; /* maxrss: KB */
};

void check_cpu_limit(void); /* RLIMIT_CPU of current */

void task_cputime(struct task_struct *t, u64 *utime, u64 *stime); /* ns */
/* Of all threads of a process, ended ones too. */
void thread_group_cputime(struct task_struct *t, u64 *utime, u64 *stime);
void thread_group_rusage(struct task_struct *t, struct rusage_counts *sum);
void add_rusage(struct rusage_counts *to, const struct rusage_counts *from);

struct rusage32 {
	struct timeval32 ru_utime, ru_stime;
	s32 ru_maxrss, ru_ixrss, ru_idrss, ru_isrss; /* KB */
	s32 ru_minflt, ru_majflt, ru_nswap;
	s32 ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv, ru_nsignals;
	s32 ru_nvcsw, ru_nivcsw;
};

int put_rusage(const struct rusage_counts *ru, struct rusage32 __user *to);

#endif
