/* SPDX-License-Identifier: MIT */
/* The paper machine notices what it is there to notice. */
#include <sanitizer/asan_interface.h>

#include <mach/irqflags.h>
#include <mach/sanitize.h>
#include <mach/spinlock.h>
#include <mach/percpu.h>

#include "../../mm/internal.h"
#include "../../port/sim/sim.h"
#include "../harness.h"

static spinlock_t a = SPIN_LOCK_UNLOCKED, b = SPIN_LOCK_UNLOCKED;
static spinlock_t c = SPIN_LOCK_UNLOCKED;
static spinlock_t twin[2];

static void nested(spinlock_t *outer, spinlock_t *inner)
{
	spin_lock(outer);
	spin_lock(inner);
	spin_unlock(inner);
	spin_unlock(outer);
}

static void init_twins(void)
{
	for (int i = 0; i < 2; i++)
		spin_lock_init(&twin[i]);
}

TEST_DIES(a_lock_taken_twice, "deadlock")
{
	nested(&a, &a);
}

static void lock_a(void *arg)
{
	spin_lock(&a);
	(void)arg;
}

TEST_DIES(a_lock_that_another_cpu_holds, "deadlock")
{
	on_cpu(1, lock_a, NULL);
	spin_lock(&a);
}

TEST_DIES(a_lock_released_by_another_cpu, "releases a lock of CPU 1")
{
	on_cpu(1, lock_a, NULL);
	spin_unlock(&a);
}

TEST_DIES(a_lock_released_twice, "nobody holds")
{
	spin_lock(&a);
	spin_unlock(&a);
	spin_unlock(&a);
}

TEST_DIES(two_locks_in_both_orders, "lock order")
{
	nested(&a, &b);
	nested(&b, &a);
}

TEST_DIES(three_locks_in_a_circle, "lock order")
{
	nested(&a, &b);
	nested(&b, &c);
	nested(&c, &a);
}

TEST_DIES(two_locks_of_one_kind_in_both_orders, "lock order")
{
	init_twins();
	nested(&twin[0], &twin[1]);
	nested(&twin[1], &twin[0]);
}

TEST_DIES(a_lock_initialised_while_held, "initialises a lock")
{
	init_twins();
	spin_lock(&twin[0]);
	init_twins();
}

TEST_DIES(a_wait_with_a_lock_held, "waiting with 1 locks held")
{
	spin_lock(&a);
	port_wait(&a);
}

TEST_DIES(interrupts_restored_out_of_turn, "were not saved")
{
	local_irq_restore(0);
}

TEST(locks_that_are_used_well)
{
	unsigned long flags = local_irq_save();

	init_twins();
	nested(&a, &b);
	nested(&a, &b);
	nested(&twin[0], &twin[1]);
	CHECK(spin_trylock(&a));
	CHECK(!spin_trylock(&a));
	spin_unlock(&a);
	CHECK_EQ(sim_locks_held(), 0);
	local_irq_restore(flags);
}

DEFINE_PER_CPU(int, number) = 42;

static void count_up(void *arg)
{
	CHECK_EQ(*this_cpu_ptr(number), *(int *)arg);
	++*this_cpu_ptr(number);
}

TEST(each_cpu_has_variables_of_its_own)
{
	int start = 42, next = 43;

	on_cpu(1, count_up, &start);
	on_cpu(2, count_up, &start);
	on_cpu(1, count_up, &next);
	stop_cpu(1);
	on_cpu(1, count_up, &start);
	on_cpu(2, count_up, &next);
}

#ifdef SIM_ASAN
/* What AddressSanitizer is told, where the program is built with it. */
TEST(free_memory_is_poisoned)
{
	struct page *page = take_pages(GFP_KERNEL, 0);
	char *p = page_address(page);

	CHECK(!__asan_address_is_poisoned(p));
	give_pages(page, 0);
	CHECK(__asan_address_is_poisoned(p));
	p = take(100, GFP_KERNEL);
	CHECK(!__asan_address_is_poisoned(p + 99));
	give(p);
	CHECK(__asan_address_is_poisoned(p + 64));
}
#endif
