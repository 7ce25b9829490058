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
#include <mach/local_lock.h>
#include "internal.h"

/* For readers outside; beside what is written at the start, too. */
struct ashlar_places ashlar_places;

struct list_head mm_cpus = LIST_HEAD_INIT(mm_cpus);
spinlock_t mm_cpu_mutex = SPIN_LOCK_UNLOCKED;
unsigned long vm_events_dead[NR_VM_EVENT_ITEMS];

DEFINE_PER_CPU(struct mm_cpu *, mm_cpu_self) = NULL;

/*
 * The caches at each place of the CPUs' tables. Changes under slab_mutex; a
 * general cache is there for ever.
 */
struct kmem_cache *cache_by_id[NR_CPU_CACHES];

void (*mm_cpu_drain_tables)(void);

/* As many as a C library has at a thread's end: glibc keeps 40 MB of stacks of
 * ended threads, 2,560 of the smallest. Who releases more comes online. */
#define RELEASES_ALONE 4096u

DEFINE_PER_CPU(struct releases, mm_releases) = { 0, false };

/* True if the running thread, which is no CPU, is to remain none for now. */
__cold_path bool release_begins_alone(void)
{
	struct releases *r = this_cpu_ptr(mm_releases);

	if (r->going_on || r->nr == RELEASES_ALONE)
		return false;
	r->nr++;
	r->going_on = true;
	return true;
}

/* mm_cpu_to_release - mm_this_cpu() of a thread without one that releases */
__cold_path struct mm_cpu *mm_cpu_to_release(void)
{
	bool alone = release_begins();
	struct mm_cpu *cpu = mm_this_cpu();

	release_ends(alone);
	return cpu;
}

u32 nr_cpus_ever;

/*
 * ---- all of them stand still ----
 *
 * The code that looks at what CPUs have to themselves may have interrupted one:
 * so it waits for nobody for long.
 */

#define WAIT_MS 200
#define WAIT_TRIES 10000000ul

static bool got(void *lock)
{
	return spin_trylock(lock);
}

static bool seen_free(void *lock)
{
	return local_lock_try_await(lock);
}

/* True if @try gets @lock, or its holder is through, within WAIT_MS. */
static bool patiently(bool (*try)(void *), void *lock)
{
	unsigned long start = port_time_ms(), tries = WAIT_TRIES;

	while (!try(lock))
		if (!--tries || port_time_ms() - start > WAIT_MS)
			return false;
	return true;
}

/* True if @l was got, for who may have interrupted its holder. */
bool lock_patiently(spinlock_t *l)
{
	return patiently(got, l);
}

/* What holds the CPUs before @end, or for &mm_cpus all, holds them no more. */
static void release_before(const struct list_head *end)
{
	struct mm_cpu *cpu;

	list_for_each_entry(cpu, &mm_cpus, list) {
		if (&cpu->list == end)
			break;
		local_lock_release(&cpu->lock);
	}
	local_locks_go();
	spin_unlock(&mm_cpu_mutex);
}

/**
 * hands_stop() - let no CPU touch what it has at hand
 *
 * Context: any; those that wait for it must not be waited for. Return: false,
 * if a CPU does not come out of it, which may be the running one.
 */
bool hands_stop(void)
{
	struct mm_cpu *cpu;

	if (!patiently(got, &mm_cpu_mutex))
		return false;
	local_locks_stop();
	list_for_each_entry(cpu, &mm_cpus, list) {
		if (patiently(seen_free, &cpu->lock))
			continue;
		release_before(&cpu->list);
		return false;
	}
	return true;
}

/* hands_go() - the end of what hands_stop() began */
void hands_go(void)
{
	release_before(&mm_cpus);
}
