/* SPDX-License-Identifier: MIT */
/* Indices that arrays give out, against a byte for each index. */
#include <ashlar/errno.h>
#include <ashlar/xarray.h>
#include "../harness.h"

#define IDS 9000u /* three levels of nodes */

static bool taken[IDS];

static unsigned int model_free(unsigned int from)
{
	while (from < IDS && taken[from])
		from++;
	return from;
}

/* The lowest free index of each part, and of none that is full. */
static void random_step(struct xarray *xa, unsigned int least, unsigned int ids)
{
	unsigned int i = (unsigned int)rnd(ids), from = max(i, least), id = ~0u;
	unsigned int expected = model_free(from);
	struct xa_limit limit = XA_LIMIT(i, ids - 1);
	int err;

	if (rnd(3) == 0 || taken[i]) {
		CHECK_EQ(xa_erase(xa, i) != NULL, taken[i]);
		taken[i] = false;
		return;
	}
	err = xa_alloc(xa, &id, xa_mk_value(i), limit, GFP_KERNEL);
	CHECK_EQ(err, expected < ids ? 0 : -EBUSY);
	if (err)
		return;
	CHECK_EQ(id, expected);
	CHECK(xa_load(xa, id) == xa_mk_value(i));
	taken[id] = true;
}

static void random_steps(unsigned int flags, unsigned int ids)
{
	unsigned int least = flags == XA_FLAGS_ALLOC1, step;
	unsigned long index = 0;
	struct xarray xa;
	void *entry;

	xa_init_flags(&xa, flags);
	for (step = 0; step < 20000; step++)
		random_step(&xa, least, ids);
	xa_for_each(&xa, index, entry) {
		CHECK(taken[index]);
		taken[index] = false;
	}
	CHECK_EQ(model_free(0), 0);
	xa_destroy(&xa);
}

TEST_NO_SWEEP(random_indices_agree_with_a_map)
{
	random_steps(XA_FLAGS_ALLOC, 70);
	random_steps(XA_FLAGS_ALLOC1, 5000);
	random_steps(XA_FLAGS_ALLOC, IDS);
}

/* Whatever its nodes were, a full array is full, and one hole is found. */
TEST_NO_SWEEP(the_only_hole_is_found)
{
	struct xa_limit all = XA_LIMIT(0, IDS - 1);
	unsigned int i, id;
	struct xarray xa;

	xa_init_flags(&xa, XA_FLAGS_ALLOC);
	for (i = 0; i < IDS; i++) {
		CHECK_EQ(xa_alloc(&xa, &id, xa_mk_value(i), all, GFP_KERNEL),
			 0);
		CHECK_EQ(id, i);
	}
	CHECK_EQ(xa_alloc(&xa, &id, xa_mk_value(0), all, GFP_KERNEL), -EBUSY);
	for (i = 0; i < IDS; i += 61) {
		CHECK(xa_erase(&xa, i) == xa_mk_value(i));
		CHECK_EQ(xa_alloc(&xa, &id, xa_mk_value(i), all, GFP_KERNEL),
			 0);
		CHECK_EQ(id, i);
	}
	/* Entries that come by their index are no free ones either. */
	CHECK(xa_erase(&xa, 100) != NULL);
	CHECK(!xa_store(&xa, 100, xa_mk_value(1), GFP_KERNEL));
	CHECK_EQ(xa_alloc(&xa, &id, xa_mk_value(0), all, GFP_KERNEL), -EBUSY);
	xa_destroy(&xa);
}

TEST_NO_SWEEP(indices_go_round)
{
	struct xa_limit few = XA_LIMIT(10, 12);
	unsigned int id, next = 11;
	struct xarray xa;

	xa_init_flags(&xa, XA_FLAGS_ALLOC);
	CHECK_EQ(xa_alloc_cyclic(&xa, &id, &xa, few, &next, GFP_KERNEL), 0);
	CHECK_EQ(id, 11);
	CHECK_EQ(xa_alloc_cyclic(&xa, &id, &xa, few, &next, GFP_KERNEL), 0);
	CHECK_EQ(id, 12);
	CHECK_EQ(xa_alloc_cyclic(&xa, &id, &xa, few, &next, GFP_KERNEL), 1);
	CHECK_EQ(id, 10);
	CHECK_EQ(next, 11);
	CHECK_EQ(xa_alloc_cyclic(&xa, &id, &xa, few, &next, GFP_KERNEL),
		 -EBUSY);
	xa_erase(&xa, 12);
	CHECK_EQ(xa_alloc_cyclic(&xa, &id, &xa, few, &next, GFP_KERNEL), 0);
	CHECK_EQ(id, 12);
	xa_destroy(&xa);

	/* Past the last number of all. */
	next = ~0u;
	CHECK_EQ(xa_alloc_cyclic(&xa, &id, &xa, xa_limit_32b, &next,
				 GFP_KERNEL),
		 0);
	CHECK_EQ(id, ~0u);
	CHECK_EQ(xa_alloc_cyclic(&xa, &id, &xa, xa_limit_32b, &next,
				 GFP_KERNEL),
		 1);
	CHECK_EQ(id, 0);
	CHECK_EQ(xa_alloc_cyclic(&xa, &id, &xa, xa_limit_32b, &next,
				 GFP_KERNEL),
		 0);
	CHECK_EQ(id, 1);
	xa_destroy(&xa);
}

TEST(an_index_is_given_or_nothing_changes)
{
	unsigned int id = 7;
	struct xarray xa;
	int err;

	xa_init_flags(&xa, XA_FLAGS_ALLOC1);
	err = xa_alloc(&xa, &id, &xa, xa_limit_16b, GFP_KERNEL);
	CHECK_EQ(err, id == 7 ? -ENOMEM : 0);
	CHECK(err || id == 1);
	xa_set_mark(&xa, 1, XA_MARK_0); /* there is none */
	CHECK(!xa_get_mark(&xa, 1, XA_MARK_0));
	CHECK_EQ(xa_alloc(&xa, &id, NULL, xa_limit_16b, GFP_KERNEL), -EINVAL);
	xa_destroy(&xa);
	xa_init(&xa);
	CHECK_EQ(xa_alloc(&xa, &id, &xa, xa_limit_16b, GFP_KERNEL), -EINVAL);
	CHECK(xa_empty(&xa));
}

static struct xarray shared;
static unsigned int given[TEST_CPUS * 500];
static int nr_given;

static void take_indices(void *arg)
{
	unsigned int i, id;

	kfree(kmalloc(8, GFP_KERNEL)); /* the CPU comes online: may wait */
	for (i = 0; i < 500; i++) {
		CHECK_EQ(xa_alloc(&shared, &id, &shared, xa_limit_32b,
				  GFP_KERNEL),
			 0);
		CHECK_OP(id, <, ARRAY_SIZE(given));
		__atomic_add_fetch(&given[id], 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&nr_given, 1, __ATOMIC_RELAXED);
	}
	(void)arg;
}

TEST_NO_SWEEP(no_index_is_given_twice)
{
	unsigned int i;

	xa_init_flags(&shared, XA_FLAGS_ALLOC);
	in_parallel(TEST_CPUS, take_indices, NULL);
	CHECK_EQ(nr_given, ARRAY_SIZE(given));
	for (i = 0; i < ARRAY_SIZE(given); i++)
		CHECK_EQ(given[i], 1);
	xa_destroy(&shared);
}
