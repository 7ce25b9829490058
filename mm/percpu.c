/* SPDX-License-Identifier: MIT */
/*
 * The CPUs: their list, each one's own entry, and what those gone counted.
 *
 *   mm_cpus ─ mm_cpu ─ mm_cpu ─ …       mm_cpu_self: the running CPU's
 *
 * init.c adds and removes entries; every file of the core counts in its own.
 *
 * Lock: mm_cpu_mutex for the list.
 */
#include <ashlar/root.h>
#include "internal.h"

/* For readers outside; beside what is written at the start, too. */
struct ashlar_places ashlar_places;

struct list_head mm_cpus = LIST_HEAD_INIT(mm_cpus);
spinlock_t mm_cpu_mutex = SPIN_LOCK_UNLOCKED;
unsigned long vm_events_dead[NR_VM_EVENT_ITEMS];

DEFINE_PER_CPU(struct mm_cpu *, mm_cpu_self) = NULL;

void (*mm_cpu_drain_tables)(void);
