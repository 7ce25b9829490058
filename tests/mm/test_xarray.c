/* SPDX-License-Identifier: MIT */
/* Sparse arrays: few entries, far ones, and many beside a plain list. */
#include <ashlar/errno.h>
#include <ashlar/xarray.h>
#include "../harness.h"

static int things[512];

static void *thing(unsigned long i)
{
	return &things[i % ARRAY_SIZE(things)];
}

TEST(an_entry_at_0_needs_no_memory)
{
	struct xarray xa;
	unsigned long before = pages_in_use();

	xa_init(&xa);
	CHECK(!xa_load(&xa, 0));
	CHECK_EQ(xa_store(&xa, 0, thing(1), GFP_NOWAIT), 0);
	CHECK(xa_load(&xa, 0) == thing(1));
	CHECK(!xa_load(&xa, 1));
	CHECK(!xa_load(&xa, ~0ul));
	CHECK_EQ(xa_store(&xa, 0, thing(2), GFP_NOWAIT), 0);
	CHECK(xa_erase(&xa, 0) == thing(2));
	CHECK(!xa.xa_head);
	CHECK_EQ(pages_in_use(), before);
}

/* What is stored at the ends of every level is found, and nothing else is. */
TEST(far_indices)
{
	struct xarray xa;
	unsigned int shift;

	xa_init(&xa);
	for (shift = 0; shift < 8 * sizeof(long); shift += 6) {
		unsigned long i = 1ul << shift;

		if (xa_store(&xa, i, thing(shift), GFP_KERNEL))
			break;
		CHECK(xa_load(&xa, i) == thing(shift));
		CHECK(!xa_load(&xa, i - 1) || i == 1 || i == 2);
		CHECK(!xa_load(&xa, i + 1));
	}
	CHECK(sweeping() || shift >= 8 * sizeof(long));
	while (shift) {
		shift -= 6;
		CHECK(xa_erase(&xa, 1ul << shift) == thing(shift));
	}
	CHECK(!xa.xa_head);
}

TEST(insert_does_not_replace)
{
	struct xarray xa;

	xa_init(&xa);
	if (!xa_insert(&xa, 7, thing(1), GFP_KERNEL)) {
		CHECK_EQ(xa_insert(&xa, 7, thing(2), GFP_KERNEL), -EBUSY);
		CHECK(xa_load(&xa, 7) == thing(1));
		CHECK_EQ(xa_store(&xa, 7, thing(2), GFP_KERNEL), 0);
		CHECK(xa_load(&xa, 7) == thing(2));
	}
	xa_destroy(&xa);
}

TEST(a_failed_store_changes_nothing)
{
	struct xarray xa;
	bool failed;

	xa_init(&xa);
	if (xa_store(&xa, 3, thing(3), GFP_KERNEL))
		return;
	failed = xa_store(&xa, ~0ul, thing(4), GFP_KERNEL) != 0;
	CHECK(failed == !xa_load(&xa, ~0ul));
	CHECK(xa_load(&xa, 3) == thing(3));
	xa_erase(&xa, ~0ul);
	CHECK(xa_erase(&xa, 3) == thing(3));
	CHECK(!xa.xa_head);
}

TEST(slots_lie_side_by_side)
{
	struct xarray xa;
	unsigned int nr, i;
	void **slots;

	xa_init(&xa);
	for (i = 0; i < 100; i += 2)
		if (xa_store(&xa, 200 + i, thing(i), GFP_KERNEL))
			goto out;
	slots = xa_slots(&xa, 208, &nr);
	CHECK_EQ(nr, XA_CHUNK_SIZE - 208 % XA_CHUNK_SIZE);
	for (i = 0; i < nr; i++)
		CHECK(slots[i] == (i % 2 ? NULL : thing(8 + i)));
	CHECK(!xa_slots(&xa, 0, &nr));
	CHECK_EQ(nr, XA_CHUNK_SIZE);
	xa_clear_slots(&xa, 202, 6);
	CHECK(xa_load(&xa, 200) && !xa_load(&xa, 202) && !xa_load(&xa, 206));
	CHECK(xa_load(&xa, 208) == thing(8));
	xa_clear_slots(&xa, 192, XA_CHUNK_SIZE);
	CHECK(!xa_load(&xa, 200) && xa_load(&xa, 298));
	xa_clear_slots(&xa, 256, XA_CHUNK_SIZE);
	CHECK(!xa.xa_head);
out:
	xa_destroy(&xa);
}

/* A plain list does the same. */
static struct {
	unsigned long index;
	void *entry;
} model[200];
static unsigned int nr_model;

static void *model_find(unsigned long *index, unsigned long max)
{
	unsigned int i, best = nr_model;

	for (i = 0; i < nr_model; i++) {
		if (model[i].index >= *index && model[i].index <= max &&
		    (best == nr_model || model[i].index < model[best].index))
			best = i;
	}
	if (best == nr_model)
		return NULL;
	*index = model[best].index;
	return model[best].entry;
}

static void model_store(unsigned long index, void *entry)
{
	unsigned int i;

	for (i = 0; i < nr_model && model[i].index != index; i++)
		;
	if (i == nr_model && entry)
		model[nr_model++].index = index;
	if (entry)
		model[i].entry = entry;
	else if (i < nr_model)
		model[i] = model[--nr_model];
}

static unsigned long some_index(void)
{
	switch (rnd(4)) {
	case 0:
		return rnd(70);
	case 1:
		return 4000 + rnd(200);
	case 2:
		return ~0ul - rnd(130);
	}
	return rnd(2) << rnd(8 * sizeof(long));
}

TEST_NO_SWEEP(random_steps_agree_with_a_list)
{
	struct xarray xa;
	unsigned int step;

	xa_init(&xa);
	for (step = 0; step < 20000; step++) {
		unsigned long i = some_index(), k = i;
		unsigned long a = i, b = i, max = some_index();
		void *e = rnd(3) && nr_model < ARRAY_SIZE(model) ? thing(step) :
								   NULL;

		CHECK_EQ(xa_store(&xa, i, e, GFP_KERNEL), 0);
		model_store(i, e);
		CHECK(xa_load(&xa, i) == model_find(&k, i));
		CHECK(xa_find(&xa, &a, max) == model_find(&b, max));
		CHECK_EQ(a, b);
	}
	while (nr_model) {
		unsigned long i = model[0].index;

		CHECK(xa_erase(&xa, i) == model[0].entry);
		model_store(i, NULL);
	}
	CHECK(!xa.xa_head);
}
