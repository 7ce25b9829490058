/* SPDX-License-Identifier: MIT */
/*
 * How the core starts, how CPUs come and go, and what happens at a fork.
 *
 *   the first thread to miss its (empty) lists
 *     port_cpu_start ─ mm_init ─ zones, first caches, reclaim
 *                    └ mm_cpu_online ─ struct mm_cpu, on mm_cpus
 *   every later thread
 *     port_cpu_start ─ mm_cpu_online
 *   a thread that ends
 *     mm_cpu_offline ─ sheaves to slabs, frames to zones, counts kept
 *
 * Nothing is initialised before it is used: the per-CPU tables start out
 * valid and empty, so the first allocation arrives in a slow path by itself.
 */
#include <ashlar/shrinker.h>
#include <ashlar/string.h>
#include "internal.h"
#include "kfence.h"
#include "layout.h"
#include "profile.h"
#include "slab_debug.h"

static struct mm_cpu boot_cpu;
static struct kmem_cache *cpu_cache;
static u32 online;

const struct ashlar_root ashlar_root = {
	.magic = ASHLAR_ROOT_MAGIC,
	.layout_size = sizeof(mm_layout),
	.layout = mm_layout,
	.zones = zones,
	.slab_caches = &slab_caches,
	.mm_cpus = &mm_cpus,
	.vm_events_dead = vm_events_dead,
	.mem_map = &port_mem_map,
	.large_bytes = &large_bytes,
	.large_count = &large_count,
	.large_cached_bytes = &large_cached_bytes,
	.online = &online,
	.places = &ashlar_places,
	.snapshot = &ashlar_snapshot,
	.stacks = &slab_stacks,
	.profile = &ashlar_profile,
	.free_mark = port_free_mark_place,
};

struct ashlar_snapshot ashlar_snapshot;

/* What machines with address spaces have validated as well, or NULL. */
void (*mm_validate_pages)(void);

/* Direct mappings are the port's; it keeps these for the reports. */
unsigned long large_bytes, large_count, large_cached_bytes;

#define RECLAIM_PRIORITY 12

/* Ever harder rounds through the shrinkers; returns what the last freed. */
static unsigned long reclaim(gfp_t gfp, unsigned int order)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	unsigned long freed = 0;
	int priority;

	(void)order;
	for (priority = RECLAIM_PRIORITY; priority >= 0 && !freed;
	     priority -= 4)
		freed = shrink_slab(gfp, priority);
	if (cpu)
		pcp_drain(&cpu->pcp);
	return freed;
}

/** mm_init() - set up the core; once, before anything else. */
void mm_init(void)
{
	buddy_init();
	slab_common_init();
	kmalloc_classes_init();
	page_alloc_reclaim = reclaim;
	if (kfence_all)
		slab_without_sheaves(true);
	WRITE_ONCE(online, 1);
}

/* ---- CPUs ---- */

static struct mm_cpu *new_cpu(void)
{
	if (!nr_cpus_ever)
		return &boot_cpu;
	if (!cpu_cache)
		kmem_cache_new(&cpu_cache, "mm_cpu", sizeof(struct mm_cpu), 64,
			       SLAB_NO_SHEAVES | SLAB_OWN, NULL, 0);
	return cpu_cache ?
		       kmem_cache_zalloc(cpu_cache, GFP_KERNEL | __GFP_NOWARN) :
		       NULL;
}

/**
 * mm_cpu_online() - the running thread becomes a CPU
 *
 * Context: the port serialises calls. Return: the CPU, or NULL without
 * memory for it; the thread then works without CPU lists until next time.
 */
struct mm_cpu *mm_cpu_online(void)
{
	struct mm_cpu *cpu = new_cpu();

	if (!cpu)
		return NULL;
	local_lock_init(&cpu->lock);
	cpu->tops = this_cpu_ptr(sheaf_tops);
	pcp_init(&cpu->pcp);
	spin_lock(&mm_cpu_mutex);
	cpu->nr = nr_cpus_ever;
	WRITE_ONCE(nr_cpus_ever, nr_cpus_ever + 1);
	list_add_tail(&cpu->list, &mm_cpus);
	spin_unlock(&mm_cpu_mutex);
	*this_cpu_ptr(mm_cpu_self) = cpu;
	return cpu;
}

static void keep_counts(const struct mm_cpu *cpu)
{
	int e;

	for (e = 0; e < NR_VM_EVENT_ITEMS; e++)
		if (cpu->events[e])
			__atomic_fetch_add(&vm_events_dead[e], cpu->events[e],
					   __ATOMIC_RELAXED);
}

static void free_cpu(struct mm_cpu *cpu)
{
	profile_cpu_gone(cpu);
	if (cpu != &boot_cpu)
		kmem_cache_free(cpu_cache, cpu);
}

/**
 * mm_cpu_offline() - the CPU of an ending thread gives everything back
 * @cpu: the running thread's; it works without CPU lists afterwards
 */
void mm_cpu_offline(struct mm_cpu *cpu)
{
	LIST_HEAD(reaped);

	if (mm_cpu_drain_tables)
		mm_cpu_drain_tables();
	*this_cpu_ptr(mm_cpu_self) = NULL;
	watched_cpu_drain(cpu);
	slab_cpu_drain(cpu, &reaped);
	pcp_drain(&cpu->pcp);
	spin_lock(&mm_cpu_mutex);
	list_del(&cpu->list);
	keep_counts(cpu);
	spin_unlock(&mm_cpu_mutex);
	slab_release_list(&reaped);
	free_cpu(cpu);
	page_report_balance_all();
}

/* ---- fork ---- */

/*
 * Every lock in order, so that the child's copy of memory is one that no
 * thread was changing. What belongs to a CPU alone is not taken: each is asked
 * to stay out of it (<mach/local_lock.h>). Order: see internal.h. They are
 * released in the reverse: a thread that gets mm_cpu_mutex may take its CPU off
 * the list.
 */
static void for_zones(void (*op)(spinlock_t *))
{
	struct zone *z;

	for (z = zones; z < zones + MAX_NR_ZONES; z++)
		op(&z->lock);
}

static void for_caches(void (*op)(spinlock_t *))
{
	struct kmem_cache *s;
	struct barn *b;

	list_for_each_entry(s, &slab_caches, list)
		op(&s->lock);
	list_for_each_entry(s, &slab_caches, list)
		for (b = s->barns; b < s->barns + NR_CPU_GROUPS; b++)
			op(&b->lock);
}

/* All but the running CPU, which is here and not in the middle of something. */
static void for_cpus_and_caches(void (*op_local)(local_lock_t *),
				void (*op)(spinlock_t *))
{
	const struct mm_cpu *self = *this_cpu_ptr(mm_cpu_self);
	struct mm_cpu *cpu;

	list_for_each_entry(cpu, &mm_cpus, list)
		if (cpu != self)
			op_local(&cpu->lock);
	for_caches(op);
	list_for_each_entry(cpu, &mm_cpus, list)
		if (cpu != self)
			op_local(&cpu->pcp.lock);
}

static void op_lock(spinlock_t *l)
{
	spin_lock(l);
}

static void op_unlock(spinlock_t *l)
{
	spin_unlock(l);
}

static void op_init(spinlock_t *l)
{
	spin_lock_init(l);
}

static void op_await(local_lock_t *l)
{
	local_lock_await(l);
}

static void op_release(local_lock_t *l)
{
	local_lock_release(l);
}

static void op_abandon(local_lock_t *l)
{
	local_lock_abandon(l);
}

static void for_chains(void (*op)(spinlock_t *))
{
	op(&mm_cpu_mutex);
	op(&slab_mutex);
	op(&shrinker_lock);
	op(&quarantine_lock);
}

/** mm_fork_prepare() - quiesce the core; see the lock order in internal.h. */
void mm_fork_prepare(void)
{
	spin_lock(&quarantine_lock);
	spin_lock(&shrinker_lock);
	spin_lock(&slab_mutex);
	spin_lock(&mm_cpu_mutex);
	local_locks_stop();
	for_cpus_and_caches(op_await, op_lock);
	for_zones(op_lock);
	spin_lock(&kfence_lock);
	spin_lock(&profile_lock);
}

/** mm_fork_parent() - go on after the fork. */
void mm_fork_parent(void)
{
	spin_unlock(&profile_lock);
	spin_unlock(&kfence_lock);
	for_zones(op_unlock);
	for_cpus_and_caches(op_release, op_unlock);
	local_locks_go();
	for_chains(op_unlock);
}

static void init_locks(void)
{
	spin_lock_init(&profile_lock);
	spin_lock_init(&kfence_lock);
	for_zones(op_init);
	for_cpus_and_caches(op_abandon, op_init);
	local_locks_go();
	for_chains(op_init);
}

/**
 * mm_fork_child() - the forked child goes on alone
 * @self: the CPU of the thread that forked, or NULL
 *
 * The other CPUs' threads do not exist here; what their lists held comes
 * back. Nothing is written that is theirs: it would be a page to copy for each
 * of a thousand threads, in a child that may call execve next.
 */
void mm_fork_child(struct mm_cpu *self)
{
	struct mm_cpu *cpu, *next;
	LIST_HEAD(reaped);

	init_locks();
	shrinker_fork_child();
	slab_fork_child();
	if (self)
		self->who_left = 0; /* its pid is another */
	page_report_fork_child();
	list_for_each_entry_safe(cpu, next, &mm_cpus, list) {
		if (cpu == self)
			continue;
		watched_cpu_drain(cpu);
		slab_cpu_gone(cpu, &reaped);
		pcp_drain_gone(&cpu->pcp);
		keep_counts(cpu);
		free_cpu(cpu);
	}
	INIT_LIST_HEAD(&mm_cpus);
	if (self)
		list_add(&self->list, &mm_cpus);
	slab_release_list(&reaped);
}

/**
 * mm_validate() - re-derive every invariant of the core
 *
 * Return: 0; a broken invariant panics with its values. Context: no lock
 * held; on several CPUs each is checked as its lock is got.
 */
int mm_validate(void)
{
	buddy_validate();
	spin_lock(&slab_mutex);
	slab_validate();
	spin_unlock(&slab_mutex);
	if (mm_validate_pages)
		mm_validate_pages();
	return 0;
}
