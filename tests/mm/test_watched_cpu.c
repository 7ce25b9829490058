/* SPDX-License-Identifier: MIT */
/*
 * What CPUs have of watched objects at hand: that it is found, looked at once
 * and given back, and that CPUs may release each other's objects, be looked at
 * and end at any time.
 */
#include <string.h>

#include "../../mm/watched_cpu.h"
#include "../harness.h"
#include <ashlar/check.h>

#define SIZE 100u

static void begin(const char *quarantine)
{
	CHECK_EQ(setup_check("1"), 0);
	CHECK_EQ(setup_quarantine(quarantine), 0);
}

static void end(void)
{
	quarantine_flush();
	CHECK_EQ(setup_quarantine("0"), 0);
	CHECK_EQ(setup_check("0"), 0);
	mm_validate();
}

static struct kmem_cache *cache(void)
{
	return kmalloc_cache(kmalloc_index(SIZE));
}

TEST_NO_SWEEP(some_come_to_hand_at_once_and_all_go_back)
{
	unsigned long came;
	void *p;

	begin("0");
	p = take(SIZE, GFP_KERNEL);
	CHECK(cache()->hand && cache()->by_lines);
	came = cache()->inuse;
	CHECK_OP(came, >, 1);
	CHECK_OP(came, <=, cache()->hand_most / 2);
	give(p);
	CHECK_EQ(cache()->inuse, came);
	quarantine_flush();
	CHECK_EQ(cache()->inuse, 0);
	end();
}

/* How many of @n allocations lie just behind the one before. */
static unsigned int in_a_row(void **p, unsigned int n)
{
	unsigned int i, row = 0;

	for (i = 0; i < n; i++)
		p[i] = take(SIZE, GFP_KERNEL);
	for (i = 1; i < n; i++)
		row += p[i] > p[i - 1] &&
		       (char *)p[i] - (char *)p[i - 1] <= (long)cache()->size;
	for (i = 0; i < n; i++)
		give(p[i]);
	return row;
}

/* With harden=1 what is allocated next does not follow from what was last. */
TEST_NO_SWEEP(hardened_slots_come_in_no_order)
{
	static void *p[200];
	unsigned int row;

	CHECK_EQ(setup_harden("1"), 0);
	CHECK_EQ(setup_quarantine("0"), 0);
	row = in_a_row(p, ARRAY_SIZE(p));
	CHECK_OP(row, <, ARRAY_SIZE(p) / 2);
	quarantine_flush();
	CHECK_EQ(setup_harden("0"), 0);
	mm_validate();
}

TEST_NO_SWEEP(a_hand_holds_no_more_than_it_may)
{
	static void *p[200];
	unsigned int i;

	begin("0");
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = take(SIZE, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		give(p[i]);
	CHECK_OP(cache()->inuse, <=, cache()->hand_most);
	end();
}

/* Objects that have a slab each stay in no CPU's hand. */
TEST_NO_SWEEP(large_objects_are_not_kept_at_hand)
{
	const size_t size = 2 * SLAB_PACK_MAX;
	struct kmem_cache *s;

	begin("0");
	give(take(size, GFP_KERNEL));
	s = kmalloc_cache(kmalloc_index(size));
	CHECK(s->hand);
	CHECK_EQ(s->inuse, 0);
	end();
}

/* ---- many CPUs ---- */

#define PLACES 64

static void *places[PLACES];

/* What one puts there, another one releases. */
static void pass_around(void *arg)
{
	unsigned char *p;
	unsigned int i;

	(void)arg;
	for (i = 0; i < 3000; i++) {
		p = kmalloc(1 + i % 200, GFP_KERNEL);
		if (p)
			memset(p, 1, 1 + i % 200);
		kfree(__atomic_exchange_n(&places[i % PLACES], p,
					  __ATOMIC_ACQ_REL));
	}
}

static void empty_places(void)
{
	for (unsigned int i = 0; i < PLACES; i++) {
		kfree(places[i]);
		places[i] = NULL;
	}
}

TEST_NO_SWEEP(cpus_release_each_others_objects)
{
	begin("20000");
	in_parallel(TEST_CPUS, pass_around, NULL);
	empty_places();
	end();
}

static void pass_around_or_look(void *arg)
{
	static u32 turn;

	if (__atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED)) {
		pass_around(arg);
		return;
	}
	for (unsigned int i = 0; i < 30; i++)
		CHECK_EQ(slab_look(), 0);
}

/* A slot in which a CPU writes is not taken for one written over. */
TEST_NO_SWEEP(cpus_are_looked_at_while_they_work)
{
	begin("20000");
	in_parallel(TEST_CPUS, pass_around_or_look, NULL);
	empty_places();
	end();
}

TEST_NO_SWEEP(cpus_are_stopped_and_go_on)
{
	begin("20000");
	CHECK(hands_stop());
	hands_go();
	give(take(SIZE, GFP_KERNEL));
	end();
}

/* ---- each slot is looked at ---- */

TEST_DIES(a_late_write_is_found_when_the_slot_is_had_again,
	  "3 bytes into a freed block of 100")
{
	unsigned char *p;

	begin("0");
	p = kmalloc(SIZE, GFP_KERNEL);
	kfree(p);
	p[3] = 1;
	kmalloc(SIZE, GFP_KERNEL);
	NOT_REACHED();
}

TEST_DIES(a_late_write_is_found_when_its_cpu_is_drained,
	  "99 bytes into a freed block of 100")
{
	unsigned char *p;

	begin("0");
	p = kmalloc(SIZE, GFP_KERNEL);
	kfree(p);
	p[99] = 1;
	quarantine_flush();
	NOT_REACHED();
}

TEST_DIES(a_release_of_what_is_at_hand, "ERROR: Ashlar: double-free")
{
	void *p;

	begin("0");
	p = kmalloc(SIZE, GFP_KERNEL);
	kfree(p);
	kfree(p);
	NOT_REACHED();
}

TEST_DIES(a_record_that_was_written_over, "what was known of it is lost")
{
	unsigned char *p;

	begin("0");
	p = kmalloc(SIZE, GFP_KERNEL);
	memset(p, 1, cache()->size - cache()->red_left);
	kfree(p);
	NOT_REACHED();
}
