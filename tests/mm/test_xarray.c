/* SPDX-License-Identifier: MIT */
/* Sparse arrays: few entries, far ones, and many beside a plain list. */
#include <ashlar/errno.h>
#include <ashlar/xa_slots.h>
#include "../harness.h"

static int things[512];

static void *thing(unsigned long i)
{
	return &things[i % ARRAY_SIZE(things)];
}

/* 0, or -ENOMEM. */
static int store(struct xarray *xa, unsigned long index, void *entry, gfp_t gfp)
{
	return xa_err(xa_store(xa, index, entry, gfp));
}

TEST(an_entry_at_0_needs_no_memory)
{
	struct xarray xa;
	unsigned long before = pages_in_use();

	xa_init(&xa);
	CHECK(!xa_load(&xa, 0));
	CHECK_EQ(store(&xa, 0, thing(1), GFP_NOWAIT), 0);
	CHECK(xa_load(&xa, 0) == thing(1));
	CHECK(!xa_load(&xa, 1));
	CHECK(!xa_load(&xa, ~0ul));
	CHECK_EQ(store(&xa, 0, thing(2), GFP_NOWAIT), 0);
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

		if (store(&xa, i, thing(shift), GFP_KERNEL))
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
		CHECK_EQ(store(&xa, 7, thing(2), GFP_KERNEL), 0);
		CHECK(xa_load(&xa, 7) == thing(2));
	}
	xa_destroy(&xa);
}

TEST(a_failed_store_changes_nothing)
{
	struct xarray xa;
	bool failed;

	xa_init(&xa);
	if (store(&xa, 3, thing(3), GFP_KERNEL))
		return;
	failed = store(&xa, ~0ul, thing(4), GFP_KERNEL) != 0;
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
		if (store(&xa, 200 + i, thing(i), GFP_KERNEL))
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

TEST(values_are_entries)
{
	struct xarray xa;
	unsigned long i = 0;

	xa_init(&xa);
	CHECK_EQ(store(&xa, 0, xa_mk_value(3), GFP_NOWAIT), 0);
	CHECK(xa_is_value(xa_load(&xa, 0)) && !xa_is_value(thing(1)));
	CHECK_EQ(xa_to_value(xa_load(&xa, 0)), 3);
	CHECK(xa_find(&xa, &i, ~0ul, XA_PRESENT) == xa_mk_value(3));
	CHECK_EQ(xa_insert(&xa, 0, thing(1), GFP_NOWAIT), -EBUSY);
	if (!store(&xa, 9, xa_mk_value(~0ul >> 1), GFP_KERNEL)) {
		CHECK_EQ(xa_to_value(xa_load(&xa, 9)), ~0ul >> 1);
		CHECK(xa_erase(&xa, 9) == xa_mk_value(~0ul >> 1));
	}
	CHECK(xa_erase(&xa, 0) == xa_mk_value(3));
	CHECK(!xa.xa_head);
}

TEST(an_entry_is_replaced_by_whoever_knows_it)
{
	struct xarray xa;

	xa_init(&xa);
	CHECK(!__xa_replace(&xa, 0, thing(1), thing(2)));
	CHECK_EQ(store(&xa, 0, thing(1), GFP_NOWAIT), 0);
	__xa_set_mark(&xa, 0, XA_MARK_DIRTY);
	CHECK(__xa_replace(&xa, 0, thing(2), thing(3)) == thing(1));
	CHECK(__xa_get_mark(&xa, 0, XA_MARK_DIRTY));
	CHECK(__xa_replace(&xa, 0, thing(1), thing(3)) == thing(1));
	CHECK(!xa_marked(&xa, XA_MARK_DIRTY));
	if (!store(&xa, 70, thing(4), GFP_KERNEL)) {
		__xa_set_mark(&xa, 70, XA_MARK_DIRTY);
		CHECK(__xa_replace(&xa, 70, thing(4), thing(5)) == thing(4));
		CHECK(!xa_marked(&xa, XA_MARK_DIRTY));
		CHECK(xa_erase(&xa, 70) == thing(5));
	}
	CHECK(xa_erase(&xa, 0) == thing(3));
}

/* A mark needs an entry, survives growth, and goes with the entry. */
TEST(marks_go_where_the_entry_goes)
{
	struct xarray xa;
	unsigned long i = 0;

	xa_init(&xa);
	__xa_set_mark(&xa, 0, XA_MARK_DIRTY);
	CHECK(!xa_marked(&xa, XA_MARK_DIRTY));
	CHECK_EQ(store(&xa, 0, thing(1), GFP_NOWAIT), 0);
	__xa_set_mark(&xa, 0, XA_MARK_DIRTY);
	if (store(&xa, ~0ul, thing(2), GFP_KERNEL))
		goto out;
	CHECK(__xa_get_mark(&xa, 0, XA_MARK_DIRTY));
	CHECK(!__xa_get_mark(&xa, ~0ul, XA_MARK_DIRTY));
	CHECK(!__xa_get_mark(&xa, 0, XA_MARK_WRITEBACK));
	__xa_set_mark(&xa, ~0ul, XA_MARK_DIRTY);
	__xa_clear_mark(&xa, 0, XA_MARK_DIRTY);
	CHECK(__xa_find_marked(&xa, &i, ~0ul, XA_MARK_DIRTY) == thing(2));
	CHECK_EQ(i, ~0ul);
	__xa_set_mark(&xa, 0, XA_MARK_DIRTY);
	CHECK(xa_erase(&xa, ~0ul) == thing(2));
	CHECK(__xa_get_mark(&xa, 0, XA_MARK_DIRTY));
out:
	CHECK(xa_erase(&xa, 0) == thing(1));
	CHECK(!xa_marked(&xa, XA_MARK_DIRTY) && !xa.xa_head);
}

/* A plain list does the same. */
static struct {
	unsigned long index;
	void *entry;
	u32 marks;
} model[200];
static unsigned int nr_model;

/* The first entry that has all of @marks. */
static void *model_find_marked(unsigned long *index, unsigned long max,
			       u32 marks)
{
	unsigned int i, best = nr_model;

	for (i = 0; i < nr_model; i++) {
		if (model[i].index >= *index && model[i].index <= max &&
		    (model[i].marks & marks) == marks &&
		    (best == nr_model || model[i].index < model[best].index))
			best = i;
	}
	if (best == nr_model)
		return NULL;
	*index = model[best].index;
	return model[best].entry;
}

static void *model_find(unsigned long *index, unsigned long max)
{
	return model_find_marked(index, max, 0);
}

static void model_mark(unsigned long index, u32 mark, bool set)
{
	unsigned int i;

	for (i = 0; i < nr_model; i++)
		if (model[i].index == index)
			model[i].marks = (model[i].marks & ~mark) |
					 (set ? mark : 0);
}

static void model_store(unsigned long index, void *entry)
{
	unsigned int i;

	for (i = 0; i < nr_model && model[i].index != index; i++)
		;
	if (i == nr_model && entry) {
		model[nr_model].marks = 0;
		model[nr_model++].index = index;
	}
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

/* An entry gets or loses a mark; a whole run of slots is cleared. */
static void random_marks(struct xarray *xa)
{
	unsigned long i = some_index(), a = i, b = i, max = some_index();
	xa_mark_t mark = rnd(XA_MAX_MARKS);
	unsigned int nr;
	bool set = rnd(2);

	if (rnd(20) == 0) {
		xa_slots(xa, i, &nr);
		nr = (unsigned int)rnd(nr) + 1;
		xa_clear_slots(xa, i, nr);
		for (; nr; nr--)
			model_store(i + nr - 1, NULL);
	} else if (set) {
		__xa_set_mark(xa, i, mark);
	} else {
		__xa_clear_mark(xa, i, mark);
	}
	model_mark(i, 1u << mark, set);
	CHECK(__xa_find_marked(xa, &a, max, mark) ==
	      model_find_marked(&b, max, 1u << mark));
	CHECK_EQ(a, b);
	a = i;
	b = i;
	CHECK_EQ(__xa_get_mark(xa, i, mark),
		 model_find_marked(&b, i, 1u << mark) != NULL);
	b = 0;
	CHECK_EQ(xa_marked(xa, mark),
		 model_find_marked(&b, ~0ul, 1u << mark) != NULL);
}

TEST_NO_SWEEP(random_steps_agree_with_a_list)
{
	struct xarray xa;
	unsigned int step;

	xa_init(&xa);
	for (step = 0; step < 20000; step++) {
		unsigned long i = some_index(), k = i;
		unsigned long a = i, b = i, max = some_index();
		void *e = rnd(2) ? thing(step) : xa_mk_value(step);

		if (!rnd(3) || nr_model == ARRAY_SIZE(model))
			e = NULL;

		CHECK_EQ(store(&xa, i, e, GFP_KERNEL), 0);
		model_store(i, e);
		CHECK(xa_load(&xa, i) == model_find(&k, i));
		CHECK(xa_find(&xa, &a, max, XA_PRESENT) == model_find(&b, max));
		CHECK_EQ(a, b);
		random_marks(&xa);
	}
	while (nr_model) {
		unsigned long i = model[0].index;

		CHECK(xa_erase(&xa, i) == model[0].entry);
		model_store(i, NULL);
	}
	CHECK(!xa.xa_head);
}

TEST(a_store_returns_what_was_there)
{
	struct xarray xa;

	xa_init(&xa);
	CHECK(!xa_store(&xa, 0, thing(1), GFP_NOWAIT));
	CHECK(xa_store(&xa, 0, thing(2), GFP_NOWAIT) == thing(1));
	CHECK(xa_store(&xa, 0, NULL, GFP_NOWAIT) == thing(2));
	if (!store(&xa, 500, thing(3), GFP_KERNEL))
		CHECK(xa_store(&xa, 500, xa_mk_value(1), GFP_KERNEL) ==
		      thing(3));
	CHECK_EQ(xa_err(xa_mk_err(-ENOMEM)), -ENOMEM);
	CHECK(!xa_err(thing(1)) && !xa_err(xa_mk_value(~0ul)) && !xa_err(NULL));
	xa_destroy(&xa);
}

/* Stored where @old is, and nowhere else. */
TEST(an_entry_comes_for_another)
{
	struct xarray xa;
	void *was;

	xa_init(&xa);
	was = xa_cmpxchg(&xa, 70, NULL, thing(1), GFP_KERNEL);
	CHECK(!was || xa_err(was) == -ENOMEM);
	if (!was) {
		CHECK(xa_cmpxchg(&xa, 70, NULL, thing(2), 0) == thing(1));
		CHECK(xa_cmpxchg(&xa, 70, thing(3), thing(2), 0) == thing(1));
		xa_set_mark(&xa, 70, XA_MARK_1);
		CHECK(xa_cmpxchg(&xa, 70, thing(1), thing(2), 0) == thing(1));
		CHECK(xa_get_mark(&xa, 70, XA_MARK_1));
		CHECK(xa_load(&xa, 70) == thing(2));
		CHECK(!xa_cmpxchg(&xa, 71, thing(1), thing(2), 0));
		CHECK(!xa_load(&xa, 71));
		CHECK(xa_cmpxchg(&xa, 70, thing(2), NULL, 0) == thing(2));
	}
	CHECK(xa_empty(&xa) && !xa_marked(&xa, XA_MARK_1));
}

/* Each entry once and in order, also while the body takes them out. */
TEST(entries_one_by_one_and_many_at_once)
{
	static const unsigned long at[] = { 0, 3, 64, 5000, ~0ul };
	unsigned long index;
	unsigned int i, n = 0;
	void *entry, *got[8];
	struct xarray xa;

	xa_init(&xa);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		if (store(&xa, at[i], xa_mk_value(i), GFP_KERNEL))
			goto out;
		if (i % 2)
			xa_set_mark(&xa, at[i], XA_MARK_2);
	}
	xa_for_each(&xa, index, entry) {
		CHECK_EQ(index, at[n]);
		CHECK_EQ(xa_to_value(entry), n++);
	}
	CHECK_EQ(n, ARRAY_SIZE(at));
	xa_for_each_range(&xa, index, entry, 1, 64)
		n += (unsigned int)xa_to_value(entry);
	CHECK_EQ(n, 5 + 1 + 2);
	xa_for_each_marked(&xa, index, entry, XA_MARK_2)
		n += (unsigned int)xa_to_value(entry);
	CHECK_EQ(n, 8 + 1 + 3);
	CHECK_EQ(xa_extract(&xa, got, 0, ~0ul, 8, XA_PRESENT), 5);
	CHECK_EQ(xa_to_value(got[4]), 4);
	CHECK_EQ(xa_extract(&xa, got, 1, 5000, 8, XA_MARK_2), 2);
	CHECK_EQ(xa_extract(&xa, got, 0, ~0ul, 3, XA_PRESENT), 3);
	xa_for_each(&xa, index, entry)
		CHECK(xa_erase(&xa, index) == entry);
	CHECK(xa_empty(&xa));
out:
	xa_destroy(&xa);
}

/* Under one lock; what lacks memory is tried again with it, or left undone. */
TEST(several_steps_at_a_place)
{
	struct xarray xa;
	unsigned int n = 0;
	void *entry;
	XA_STATE(xas, &xa, 70);

	xa_init(&xa);
	do {
		xas_lock(&xas);
		xas_store(&xas, thing(1));
		if (!xas_error(&xas))
			xas_set_mark(&xas, XA_MARK_1);
		xas_unlock(&xas);
	} while (xas_nomem(&xas, GFP_KERNEL));
	if (xas_error(&xas)) {
		CHECK(sweeping());
		CHECK(xa_empty(&xa));
		return;
	}
	xas_lock(&xas);
	CHECK(xas_load(&xas) == thing(1) && xas_get_mark(&xas, XA_MARK_1));
	xas_set(&xas, 71);
	CHECK(!xas_store(&xas, thing(2)));
	xas_set(&xas, 0);
	xas_for_each(&xas, entry, ~0ul) CHECK(entry == thing(++n));
	CHECK_EQ(n, 2);
	xas_set(&xas, 0);
	CHECK(xas_find_marked(&xas, ~0ul, XA_MARK_1) == thing(1));
	CHECK(!xas_find_marked(&xas, ~0ul, XA_MARK_1));
	xas_clear_mark(&xas, XA_MARK_1);
	CHECK(!xas_get_mark(&xas, XA_MARK_1));
	CHECK(xas_store(&xas, NULL) == thing(1));
	xas_set(&xas, 71);
	CHECK(xas_store(&xas, NULL) == thing(2));
	xas_unlock(&xas);
	CHECK(!xas_nomem(&xas, GFP_KERNEL));
	CHECK(xa_empty(&xa));
}

/* A place that needs many nodes gets them, or nothing is left behind. */
TEST(a_far_place_in_steps)
{
	struct xarray xa;
	XA_STATE(xas, &xa, ~0ul);

	xa_init(&xa);
	do {
		xas_lock(&xas);
		xas_store(&xas, thing(1));
		xas_unlock(&xas);
	} while (xas_nomem(&xas, GFP_KERNEL));
	CHECK(!xas_error(&xas) || sweeping());
	CHECK_EQ(xa_load(&xa, ~0ul) == thing(1), !xas_error(&xas));
	xa_erase(&xa, ~0ul);
	CHECK(xa_empty(&xa));
}
