/* SPDX-License-Identifier: MIT */
/*
 * Locks that check their users. One CPU runs at a time, so a lock that is
 * taken is a deadlock, whoever holds it (unless CPUs go on side by side: then
 * the holder may):
 *
 *   - taking a lock that is held, by this CPU or another;
 *   - releasing one that this CPU does not hold;
 *   - taking B inside A, when some time A was taken inside B, directly or
 *     through others (an inversion: two CPUs could wait for each other);
 *   - doing without a lock what wants it (lockdep_assert_held);
 *   - doing with one what may sleep, be it this time or not (might_sleep);
 *   - enabling interrupts that an outer section had disabled.
 *
 * Order is kept between kinds: all locks initialised by one function are of
 * one kind, a lock initialised statically is a kind of its own. Two of one
 * kind may be nested (fork takes them all) and are then ordered as objects.
 *
 *   after[a][b]  B was taken while A was held
 *
 * The idea of checking every order once, on one CPU, is that of Linux's
 * lockdep (I. Molnar, A. van de Ven, 2006).
 */
#include <ashlar/compiler.h>
#include <ashlar/mmzone.h>
#include <ashlar/string.h>
#include <mach/irqflags.h>
#include <mach/spinlock.h>
#include "sim.h"

#define KINDS 64
#define HELD 512
#define PAIRS 4096

struct kind {
	const void *key; /* spinlock_t::kind, or the lock itself */
	bool after[KINDS];
};

static struct kind kinds[KINDS];
static unsigned int nr_kinds;

/* Locks held, in the order they were taken, by all CPUs. */
static struct held {
	spinlock_t *lock;
	unsigned int kind;
	const char *where;
} held[HELD];
static unsigned int nr_held;

/* Of one kind: @second was taken inside @first. */
static struct pair {
	const spinlock_t *first, *second;
} pairs[PAIRS];
static unsigned int nr_pairs;

static bool irqs_off[SIM_CPUS];
static bool stepping;

static unsigned int kind_of(const spinlock_t *l)
{
	const void *key = l->kind ? (const void *)l->kind : (const void *)l;
	unsigned int k;

	for (k = 0; k < nr_kinds; k++)
		if (kinds[k].key == key)
			return k;
	if (nr_kinds == KINDS)
		sim_fail("more than %u kinds of locks", KINDS);
	kinds[nr_kinds].key = key;
	return nr_kinds++;
}

static const char *kind_name(unsigned int kind, const spinlock_t *l)
{
	return l->kind ? l->kind : kinds[kind].key == l ? "(static)" : "?";
}

/* True if @to was ever taken after @from, at any distance. */
static bool reaches(unsigned int from, unsigned int to, bool *seen)
{
	if (from == to)
		return true;
	seen[from] = true;
	for (unsigned int k = 0; k < nr_kinds; k++)
		if (kinds[from].after[k] && !seen[k] && reaches(k, to, seen))
			return true;
	return false;
}

static void order_kinds(const struct held *outer, unsigned int kind,
			const spinlock_t *l, const char *where)
{
	bool seen[KINDS] = { false };

	if (kinds[outer->kind].after[kind])
		return;
	if (reaches(kind, outer->kind, seen))
		sim_fail("lock order: %s takes a %s lock inside a %s lock of "
			 "%s, the reverse has been seen",
			 where, kind_name(kind, l),
			 kind_name(outer->kind, outer->lock), outer->where);
	kinds[outer->kind].after[kind] = true;
}

static void order_objects(const struct held *outer, const spinlock_t *l,
			  const char *where)
{
	for (unsigned int i = 0; i < nr_pairs; i++) {
		if (pairs[i].first == outer->lock && pairs[i].second == l)
			return;
		if (pairs[i].first == l && pairs[i].second == outer->lock)
			sim_fail("lock order: %s takes two locks of one kind "
				 "in both orders",
				 where);
	}
	if (nr_pairs == PAIRS)
		sim_fail("more than %u nested pairs of locks", PAIRS);
	pairs[nr_pairs++] = (struct pair){ outer->lock, l };
}

static void take(spinlock_t *l, const char *where)
{
	unsigned int kind = kind_of(l);

	for (unsigned int i = 0; i < nr_held; i++) {
		if (held[i].lock->holder != sim_cpu() + 1)
			continue;
		if (held[i].kind == kind)
			order_objects(&held[i], l, where);
		else
			order_kinds(&held[i], kind, l, where);
	}
	if (nr_held == HELD)
		sim_fail("more than %u locks held", HELD);
	held[nr_held++] = (struct held){ l, kind, where };
	l->holder = sim_cpu() + 1;
}

/* Where in held[] @l is; nr_held: nowhere. */
static unsigned int find_held(const spinlock_t *l)
{
	unsigned int i = 0;

	while (i < nr_held && held[i].lock != l)
		i++;
	return i;
}

static void drop_held(unsigned int i)
{
	for (nr_held--; i < nr_held; i++)
		held[i] = held[i + 1];
}

static void step_in(void)
{
	if (!sim.on_unlock || (stepping && !sim.pick))
		return;
	stepping = true;
	sim.on_unlock();
	stepping = false;
}

/* A lock that lives again in memory used before has no history. */
void sim_lock_init(spinlock_t *l, const char *kind)
{
	unsigned int kept = 0, i = find_held(l);

	if (i < nr_held) {
		if (!sim.forked)
			sim_fail("%s initialises a lock that %s holds", kind,
				 held[i].where);
		drop_held(i);
		kind = l->kind;
	}
	for (i = 0; i < nr_pairs; i++)
		if (pairs[i].first != l && pairs[i].second != l)
			pairs[kept++] = pairs[i];
	nr_pairs = kept;
	l->holder = 0;
	l->kind = kind;
}

void sim_lock(spinlock_t *l, const char *where)
{
	unsigned int i;

	if (sim.pick && !sim.one_processor) /* another may be the first */
		step_in();
	while (sim.pick && l->holder && l->holder != sim_cpu() + 1)
		sim_fiber_yield();
	i = find_held(l);
	if (i < nr_held)
		sim_fail("deadlock: %s takes a lock that CPU %u holds since "
			 "%s",
			 where, l->holder - 1, held[i].where);
	if (l->holder)
		sim_fail("%s takes a lock that was never initialised", where);
	take(l, where);
}

/* True if the lock was free. Nobody waits, so it is no part of a deadlock. */
bool sim_trylock(spinlock_t *l, const char *where)
{
	if (l->holder)
		return false;
	if (nr_held == HELD)
		sim_fail("more than %u locks held", HELD);
	held[nr_held++] = (struct held){ l, kind_of(l), where };
	l->holder = sim_cpu() + 1;
	return true;
}

void sim_unlock(spinlock_t *l, const char *where)
{
	unsigned int i = find_held(l);

	if (i == nr_held)
		sim_fail("%s releases a lock that nobody holds", where);
	if (l->holder != sim_cpu() + 1)
		sim_fail("%s on CPU %u releases a lock of CPU %u", where,
			 sim_cpu(), l->holder - 1);
	drop_held(i);
	l->holder = 0;
	if (!sim.one_processor)
		step_in();
}

void sim_assert_held(const spinlock_t *l, const char *where)
{
	if (l->holder != sim_cpu() + 1)
		sim_fail("%s without its lock", where);
}

void sim_might_sleep(const char *where)
{
	for (unsigned int i = 0; i < nr_held; i++)
		if (held[i].lock->holder == sim_cpu() + 1)
			sim_fail("%s may sleep, with a lock held since %s",
				 where, held[i].where);
	step_in();
}

/*
 * Nothing asks the machine for RAM, or gives it frames, with a lock of the
 * allocator held: other CPUs, and a fork, would wait for the machine.
 */
void sim_no_core_locks(const char *what)
{
	static const char *const core[] = { "mm_cpu_online", "kmem_cache_setup",
					    "pcp_init", "barns_init" };
	const spinlock_t *l;
	bool bad;

	for (unsigned int i = 0; i < nr_held; i++) {
		l = held[i].lock;
		bad = l == sim.outer_locks[0] || l == sim.outer_locks[1];
		for (unsigned int z = 0; z < MAX_NR_ZONES; z++)
			bad |= l == &zones[z].lock;
		for (unsigned int k = 0; l->kind && k < ARRAY_SIZE(core); k++)
			bad |= !ashlar_strcmp(l->kind, core[k]);
		if (bad && l->holder == sim_cpu() + 1)
			sim_fail("%s with a lock held since %s", what,
				 held[i].where);
	}
	if (!nr_held)
		step_in();
}

/* Locks held now, by all CPUs together. */
unsigned int sim_locks_held(void)
{
	return nr_held;
}

/* Those of the running CPU. */
unsigned int sim_own_locks_held(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr_held; i++)
		n += held[i].lock->holder == sim_cpu() + 1;
	return n;
}

/* As above, but of all, and for locks of two kinds. */
unsigned int sim_locks_held_beside(const char *kind, const char *or_kind)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr_held; i++) {
		const char *k = held[i].lock->kind;

		n += !k ||
		     (ashlar_strcmp(k, kind) && ashlar_strcmp(k, or_kind));
	}
	return n;
}

unsigned long local_irq_save(void)
{
	unsigned long before = irqs_off[sim_cpu()];

	irqs_off[sim_cpu()] = true;
	return before;
}

void local_irq_restore(unsigned long flags)
{
	if (!irqs_off[sim_cpu()])
		sim_fail("interrupts are restored, but were not saved");
	irqs_off[sim_cpu()] = flags != 0;
}
