/* SPDX-License-Identifier: MIT */
/* Owners that come and go, and one who stops them all, as a fork does. */
#include <mach/local_lock.h>

#include "../harness.h"

enum { OWNERS = 3, STOPS = 3000 };

static struct owner {
	local_lock_t lock;
	unsigned long begun, done;
} __aligned_to(64) owners[OWNERS];

static unsigned int arrived, stops, torn, moved;

/*
 * Lines that all owners write to: a processor that has to fetch them keeps what
 * it writes afterwards to itself for a while.
 */
static struct line {
	unsigned int word;
} __aligned_to(64) lines[16];

static void delay_writes(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++)
		__atomic_store_n(&lines[i].word, 1, __ATOMIC_RELAXED);
}

/* What is begun gets done before anybody else looks. */
static void own(struct owner *o)
{
	while (__atomic_load_n(&stops, __ATOMIC_RELAXED) < STOPS) {
		delay_writes();
		local_lock(&o->lock);
		o->begun++;
		barrier();
		o->done++;
		local_unlock(&o->lock);
	}
}

static void stop_all(void)
{
	unsigned long begun[OWNERS];
	struct owner *o;

	local_locks_stop();
	for (o = owners; o < owners + OWNERS; o++) {
		local_lock_await(&o->lock);
		begun[o - owners] = o->begun;
		torn += o->begun != o->done;
	}
	for (o = owners; o < owners + OWNERS; o++) {
		moved += o->begun != begun[o - owners];
		local_lock_release(&o->lock);
	}
	local_locks_go();
}

static void take_part(void *arg)
{
	unsigned int me = __atomic_fetch_add(&arrived, 1, __ATOMIC_RELAXED);

	(void)arg;
	if (me < OWNERS) {
		own(&owners[me]);
		return;
	}
	while (stops < STOPS) {
		stop_all();
		__atomic_fetch_add(&stops, 1, __ATOMIC_RELAXED);
	}
}

static void stop_owners(void)
{
	arrived = stops = torn = moved = 0;
	for (unsigned int i = 0; i < OWNERS; i++)
		local_lock_init(&owners[i].lock);
	in_parallel(OWNERS + 1, take_part, NULL);
	CHECK_EQ(torn, 0);
	CHECK_EQ(moved, 0);
	for (unsigned int i = 0; i < OWNERS; i++)
		CHECK_EQ(owners[i].begun, owners[i].done);
}

TEST_NO_SWEEP(owners_who_are_stopped_stay_out)
{
	CHECK_EQ(local_locks_state, 0);
	stop_owners();
	CHECK_EQ(local_locks_state, 0);
}

TEST_NO_SWEEP(owners_need_no_kernel_for_it)
{
	local_locks_state = LOCAL_LOCKS_FENCED;
	stop_owners();
	CHECK_EQ(local_locks_state, LOCAL_LOCKS_FENCED);
	local_locks_state = 0;
}
