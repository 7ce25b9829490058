/* SPDX-License-Identifier: MIT */
/* Stacks that are kept once: found again, in bounds, whoever adds them. */
#include <stdlib.h>
#include <string.h>

#include <ashlar/stackdepot.h>
#include "../harness.h"

static unsigned int chunks, most_chunks;

static void *more(size_t bytes)
{
	void *p;

	if (__atomic_fetch_add(&chunks, 1, __ATOMIC_RELAXED) < most_chunks) {
		p = malloc(bytes);
		if (p)
			return memset(p, 0xee, bytes);
	}
	__atomic_fetch_sub(&chunks, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void give_chunk(void *p, size_t bytes)
{
	(void)bytes;
	free(p);
	__atomic_fetch_sub(&chunks, 1, __ATOMIC_RELAXED);
}

static struct stack_depot depot = { .more = more, .give = give_chunk };

static void begin(unsigned int most)
{
	chunks = 0;
	most_chunks = most;
}

static void end(void)
{
	for (unsigned int i = 0; i < DEPOT_CHUNKS && depot.chunk[i]; i++) {
		give_chunk(depot.chunk[i], DEPOT_CHUNK_BYTES);
		depot.chunk[i] = NULL;
	}
	depot.end = 0;
	CHECK_EQ(chunks, 0);
}

/* The stack number @i: as many addresses as its own number says. */
static unsigned int make(unsigned long *pc, unsigned long i)
{
	unsigned int nr = 1 + i % DEPOT_DEPTH, k;

	for (k = 0; k < nr; k++)
		pc[k] = i * 1000 + k;
	return nr;
}

static u32 save(unsigned long i)
{
	unsigned long pc[DEPOT_DEPTH];
	unsigned int nr = make(pc, i);

	return stack_depot_save(&depot, pc, nr);
}

static bool holds(u32 handle, unsigned long i)
{
	unsigned long pc[DEPOT_DEPTH];
	const unsigned long *found;
	unsigned int nr = make(pc, i);

	return stack_depot_fetch(&depot, handle, &found) == nr &&
	       !memcmp(found, pc, nr * sizeof(*pc));
}

#define STACKS 150u

TEST(stacks_are_kept_once)
{
	static u32 handle[STACKS];

	begin(DEPOT_CHUNKS);
	for (unsigned int i = 0; i < STACKS; i++)
		handle[i] = save(i);
	for (unsigned int i = 0; i < STACKS; i++) {
		CHECK(handle[i] || DEPOT_CHUNKS < 1024);
		if (!handle[i])
			continue;
		CHECK(holds(handle[i], i));
		CHECK_EQ(save(i), handle[i]);
		for (unsigned int k = 0; k < i; k++)
			CHECK(handle[k] != handle[i]);
	}
	end();
}

TEST(an_empty_stack_has_no_number)
{
	unsigned long pc = 1;
	const unsigned long *found;

	begin(2);
	CHECK_EQ(stack_depot_save(&depot, &pc, 0), 0);
	CHECK_EQ(stack_depot_fetch(&depot, 0, &found), 0);
	end();
}

TEST(a_stack_too_deep_is_cut)
{
	unsigned long pc[DEPOT_DEPTH + 8];
	const unsigned long *found;
	u32 handle;

	begin(2);
	for (unsigned int i = 0; i < ARRAY_SIZE(pc); i++)
		pc[i] = i;
	handle = stack_depot_save(&depot, pc, ARRAY_SIZE(pc));
	CHECK_EQ(stack_depot_fetch(&depot, handle, &found), DEPOT_DEPTH);
	CHECK_EQ(found[DEPOT_DEPTH - 1], DEPOT_DEPTH - 1);
	end();
}

TEST(without_memory_there_is_no_number)
{
	u32 first;
	unsigned int i = 0;

	begin(0);
	CHECK_EQ(save(1), 0);
	begin(2); /* the table, and a chunk of stacks */
	first = save(0);
	CHECK(first);
	while (save(++i))
		;
	CHECK_OP(i, >, DEPOT_CHUNK_BYTES / sizeof(long) / 40);
	CHECK_EQ(save(i), 0);
	CHECK(holds(first, 0));
	CHECK_EQ(save(0), first);
	end();
}

/* What a program wrote over a handle must not lead out of the chunks. */
TEST(any_number_may_be_asked_for)
{
	const unsigned long *found;

	begin(2);
	for (unsigned int i = 0; i < 20; i++)
		save(i);
	for (u32 handle = 0; handle < 4 * DEPOT_CHUNK_BYTES / 8; handle++)
		CHECK_OP(stack_depot_fetch(&depot, handle, &found), <=,
			 DEPOT_DEPTH);
	CHECK_EQ(stack_depot_fetch(&depot, ~0u, &found), 0);
	end();
}

static u32 by_cpu[TEST_CPUS][STACKS];

static void save_all(void *arg)
{
	static unsigned int next;
	u32 *handle = by_cpu[__atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)];

	(void)arg;
	for (unsigned int i = 0; i < STACKS; i++)
		handle[i] = save(i);
}

TEST_NO_SWEEP(many_cpus_add_the_same_stacks)
{
	begin(DEPOT_CHUNKS);
	in_parallel(TEST_CPUS, save_all, NULL);
	for (unsigned int i = 0; i < STACKS; i++)
		for (unsigned int k = 0; k < TEST_CPUS; k++) {
			CHECK_EQ(by_cpu[k][i], by_cpu[0][i]);
			CHECK(!by_cpu[k][i] || holds(by_cpu[k][i], i));
		}
	end();
}
