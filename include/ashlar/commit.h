/* SPDX-License-Identifier: MIT */
/* Memory that has been promised. Code and rules: mm/commit.c. */
#ifndef ASHLAR_COMMIT_H
#define ASHLAR_COMMIT_H

#include <ashlar/types.h>

struct mm_struct;

#define OVERCOMMIT_GUESS 0
#define OVERCOMMIT_ALWAYS 1
#define OVERCOMMIT_NEVER 2
extern int sysctl_overcommit_memory; /* OVERCOMMIT_* */
extern int sysctl_overcommit_ratio; /* per cent of RAM, OVERCOMMIT_NEVER */
extern unsigned long sysctl_overcommit_kbytes; /* instead, if not 0 */
extern unsigned long sysctl_admin_reserve_kbytes;
extern unsigned long sysctl_user_reserve_kbytes;
extern long vm_committed_as; /* pages */
/* True if the running task has CAP_SYS_ADMIN. The kernel's; NULL: false. */
extern bool (*vm_commit_privileged)(void);

void init_reserves(void); /* defaults of the two, once RAM is known */
unsigned long vm_commit_limit(void); /* pages */
/* 0 and counted, or -ENOMEM. @mm: who grows, or NULL. */
int security_vm_enough_memory_mm(struct mm_struct *mm, long pages);

static inline int security_vm_enough_memory(long pages)
{
	return security_vm_enough_memory_mm(NULL, pages);
}

static inline void vm_acct_memory(long pages)
{
	__atomic_fetch_add(&vm_committed_as, pages, __ATOMIC_RELAXED);
}

static inline void vm_unacct_memory(long pages)
{
	vm_acct_memory(-pages);
}

#endif
