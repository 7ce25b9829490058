/* SPDX-License-Identifier: MIT */
/*
 * The heap profile: that chance is as it should be, that the tables keep what
 * they are told, and, where they are full, what is right on average; and split
 * sheaves, by which a slow path sees every so many allocations.
 */
#include "../../mm/profile.h"
#include "../../mm/sheaf_turn.h"
#include "../harness.h"

#define DRAWS 200000u
#define RATE (64ul << 10)
#define PER_MILLE(part, of) ((part)*1000 / (of))

static bool is_about(u64 n, u64 wanted, u64 off)
{
	return n + off >= wanted && n <= wanted + off;
}

/* ---- chance ---- */

TEST(samples_are_as_far_apart_as_asked)
{
	u64 state = 1, sum = 0;
	unsigned int i;

	for (i = 0; i < DRAWS; i++)
		sum += profile_distance(&state, RATE);
	/* The mean of so many is off by a fifth of a percent or so. */
	CHECK(is_about(PER_MILLE(sum / DRAWS, RATE), 1000, 8));
}

TEST(an_object_is_sampled_as_often_as_it_is_large)
{
	/* 1 - e^-(slot / rate), in thousandths */
	static const struct {
		unsigned long slot, wanted;
	} cases[] = { { RATE / 16, 60 },
		      { RATE / 4, 221 },
		      { RATE, 632 },
		      { 4 * RATE, 981 } };
	unsigned int c, i, n;
	u64 state = 2;

	for (c = 0; c < ARRAY_SIZE(cases); c++) {
		for (i = n = 0; i < DRAWS; i++)
			n += profile_distance(&state, RATE) < cases[c].slot;
		CHECK(is_about(PER_MILLE((u64)n, DRAWS), cases[c].wanted, 5));
	}
}

TEST(half_as_many_samples_are_those_of_twice_the_rate)
{
	/* 1 / (1 + e^-(slot / 2 rate)), in thousandths */
	static const struct {
		unsigned long slot, wanted;
	} cases[] = { { 16, 500 }, { RATE, 622 }, { 4 * RATE, 880 } };
	unsigned int c, i, n;
	u64 state = 3;

	for (c = 0; c < ARRAY_SIZE(cases); c++) {
		for (i = n = 0; i < DRAWS; i++)
			n += profile_keeps(&state, cases[c].slot, RATE);
		CHECK(is_about(PER_MILLE((u64)n, DRAWS), cases[c].wanted, 5));
	}
}

TEST(large_blocks_are_few_sizes)
{
	CHECK_EQ(profile_slot(131072), 131072);
	CHECK_EQ(profile_slot(131073), 131072 + 16384);
	CHECK_EQ(profile_slot(1000000), 1048576);
	CHECK_EQ(profile_slot(1), 2);
}

TEST(the_option_is_read)
{
	CHECK(!setup_profile("1"));
	CHECK(profile_on);
	CHECK_EQ(ashlar_profile.rate, 512 << 10);
	CHECK(!setup_profile("4K,seed=7"));
	CHECK_EQ(ashlar_profile.rate, 4096);
	CHECK(setup_profile("") != 0);
	CHECK(setup_profile("x") != 0);
	CHECK(setup_profile("4K,seed=") != 0);
	CHECK(setup_profile("4K,foot=7") != 0);
	CHECK(setup_profile("2G") != 0);
	CHECK_EQ(ashlar_profile.rate, 4096);
	CHECK(!setup_profile("0"));
	CHECK(!profile_on);
}

/* ---- the tables ---- */

static void add(unsigned long address, u32 stack, u64 slot)
{
	NEED(profile_lock_with_room() ? &profile_lock : NULL);
	profile_add(address, stack, slot, slot - 1);
	spin_unlock(&profile_lock);
}

static bool remove_at(unsigned long address)
{
	return profile_forget((void *)address);
}

struct sums {
	u64 live, freed, live_bytes, freed_bytes, sites;
};

static struct sums sum_up(void)
{
	const struct profile_site *s;
	struct sums sum = { 0 };

	for (s = ashlar_profile.sites;
	     s < ashlar_profile.sites + ashlar_profile.nr_slots; s++) {
		sum.sites += s->slot != 0;
		sum.live += s->live;
		sum.freed += s->freed;
		sum.live_bytes += s->live_bytes;
		sum.freed_bytes += s->freed_bytes;
	}
	return sum;
}

TEST(what_is_freed_is_known_by_its_address)
{
	struct sums sum;
	unsigned long i;

	CHECK(!remove_at(4096));
	for (i = 1; i <= 40; i++)
		add(i * 16, (u32)(i % 4 + 1), 64);
	for (i = 1; i <= 40; i += 2)
		CHECK(remove_at(i * 16));
	CHECK(!remove_at(16));
	CHECK(!remove_at(32 + 8));
	for (i = 2; i <= 40; i += 2)
		CHECK(remove_at(i * 16));
	sum = sum_up();
	CHECK_EQ(sum.sites, 4);
	CHECK_EQ(sum.live, 0);
	CHECK_EQ(sum.freed, 40);
	CHECK_EQ(sum.freed_bytes, 40 * 63);
	CHECK_EQ(sum.live_bytes, 0);
}

/* A block whose release was not seen is freed when another lies there. */
TEST(an_address_has_one_block)
{
	struct sums sum;

	add(64, 1, 128);
	add(64, 2, 256);
	sum = sum_up();
	CHECK_EQ(sum.live, 1);
	CHECK_EQ(sum.live_bytes, 255);
	CHECK_EQ(sum.freed_bytes, 127);
}

/*
 * Four times as many live blocks as there is room for: the rate doubles twice,
 * or once more, and so many fewer samples stand for as much.
 */
TEST(full_tables_are_thinned)
{
	unsigned long i, n = PROFILE_LIVE * 3ul, left;
	struct sums sum;

	CHECK(!setup_profile("1M"));
	for (i = 1; i <= n; i++) {
		add(i * 16, (u32)(i % 8 + 1), 16);
		add(i * 16 + 8, 1, 16);
		CHECK(remove_at(i * 16 + 8) || ashlar_profile.rate > 1 << 20);
	}
	sum = sum_up();
	left = (n << 20) / ashlar_profile.rate;
	CHECK(ashlar_profile.rate >= 4ul << 20);
	CHECK_EQ(ashlar_profile.rate_first, 1ul << 20);
	/* What came last was not thinned, for it came at the new rate. */
	CHECK(sum.live >= left - left / 4 && sum.live < PROFILE_LIVE);
	CHECK_EQ(sum.live_bytes, sum.live * 15);
	CHECK(sum.freed_bytes <= sum.freed * 15);
	CHECK(sum.freed_bytes + 8 * 16 >= sum.freed * 15);
}

TEST(sites_that_lost_their_samples_make_room)
{
	unsigned long i;

	CHECK(!setup_profile("1M"));
	for (i = 1; i <= 4ul * PROFILE_SITES; i++) {
		add(i * 16, (u32)i, 16);
		remove_at(i * 16);
	}
	CHECK(sum_up().sites <= PROFILE_SITES);
	CHECK(ashlar_profile.rate > 1ul << 20);
	CHECK_EQ(ashlar_profile.changes % 2, 0);
}

/* ---- split sheaves ---- */

#define PAIRS 1000

/* malloc's way: from the sheaf, else from a slow path, which is counted. */
static void *pop_or(unsigned int index, size_t size, unsigned int *misses)
{
	void *obj = sheaf_pop(index);

	if (obj) {
		*object_mark(obj) = NULL;
		object_taken(cache_by_id[index], obj);
		return obj;
	}
	++*misses;
	return NEED(kmalloc(size, GFP_KERNEL));
}

static void take_and_give(size_t size)
{
	unsigned int index = kmalloc_index(size), misses = 0, i;

	for (i = 0; i < PAIRS; i++)
		kfree(pop_or(index, size, &misses));
	CHECK(misses >= PAIRS / SHEAF_OBJECTS);
	CHECK_EQ(cache_by_id[index]->free_id, SPLIT_ID(index));
}

TEST(a_pair_comes_to_the_slow_path_again_and_again)
{
	sheaves_split = true;
	take_and_give(500);
	take_and_give(700);
	take_and_give(1024);
	mm_validate();
}

/* Larger classes have one sheaf, as ever. */
TEST(few_classes_are_split)
{
	struct kmem_cache *own;
	void *p;

	sheaves_split = true;
	p = take(1025, GFP_KERNEL);
	CHECK_EQ(cache_by_id[kmalloc_index(1025)]->free_id,
		 kmalloc_index(1025));
	own = take_cache("own", 48, 0, 0, NULL);
	CHECK(own->id > SPLIT_ID(SPLIT_CLASSES));
	give_object(own, take_object(own, GFP_KERNEL));
	give_cache(own);
	give(p);
}

TEST_NO_SWEEP(a_sheaf_can_be_limited)
{
	unsigned int index = kmalloc_index(512), misses = 0, i;
	void *obj[PAIRS];
	u32 left;

	sheaves_split = true;
	for (i = 0; i < PAIRS; i++)
		obj[i] = take(512, GFP_KERNEL);
	for (i = 0; i < PAIRS; i++)
		give(obj[i]);
	obj[0] = NULL;
	for (i = 0; i < PAIRS && !(misses && sheaf_top(index)[-1]); i++)
		kfree(pop_or(index, 512, &misses));
	CHECK(sheaf_top(index)[-1] || SHEAF_BYTES < 4 * 512);
	left = sheaf_limit(cache_by_id[index], 2);
	CHECK(left <= 2);
	for (i = 0; i < left; i++) {
		misses = 0;
		kfree(pop_or(index, 512, &misses));
		CHECK_EQ(misses, 0);
	}
	CHECK(!sheaf_pop(index));
	CHECK_EQ(sheaf_limit(cache_by_id[index], 5), 0);
	mm_validate();
}

static bool can_turn(unsigned int index)
{
	sheaf_t freed = sheaf_top(SPLIT_ID(index));

	return freed[-1] &&
	       (sheaf_full(freed) ||
		sheaf_length(freed) >= cache_by_id[index]->sheaf_min / 2);
}

TEST_NO_SWEEP(a_turn_brings_what_was_released)
{
	unsigned int index = kmalloc_index(600), misses = 0, i, n, held;
	struct mm_cpu *cpu = mm_this_cpu();
	void *obj[PAIRS], *one;

	sheaves_split = true;
	for (i = 0; i < PAIRS; i++)
		obj[i] = take(600, GFP_KERNEL);
	for (held = PAIRS; held > SHEAF_OBJECTS; held--)
		give(obj[held - 1]);
	while (sheaf_top(index)[-1])
		kfree(pop_or(index, 600, &misses));
	CHECK_EQ(misses, 0);
	while (held && !can_turn(index))
		give(obj[--held]);
	CHECK(can_turn(index));
	n = sheaf_length(sheaf_top(SPLIT_ID(index)));
	cpu->kfence_left = n; /* a sample is due before they are gone */
	CHECK(!sheaf_turn(index));
	cpu->kfence_left = n + 1;
	one = NEED(sheaf_turn(index));
	CHECK(*object_mark(one) != FREE_MARK);
	CHECK_EQ(cpu->kfence_left, 1);
	object_taken(cache_by_id[index], one);
	kfree(one);
	for (i = 1; i < n; i++)
		kfree(pop_or(index, 600, &misses));
	CHECK_EQ(misses, 0);
	CHECK(!sheaf_top(index)[-1]);
	while (held)
		give(obj[--held]);
	mm_validate();
}

TEST_NO_SWEEP(no_turn_where_nothing_was_released)
{
	unsigned int index = kmalloc_index(400);
	struct mm_cpu *cpu = mm_this_cpu();
	void *obj;

	sheaves_split = true;
	cpu->kfence_left = 1000;
	CHECK(!sheaf_turn(0));
	CHECK(!sheaf_turn(index)); /* there is no such cache */
	CHECK(!sheaf_turn(SPLIT_CLASSES + 1));
	obj = take(400, GFP_KERNEL);
	CHECK(!sheaf_turn(index));
	CHECK_EQ(cpu->kfence_left, 1000);
	give(obj);
}

/* What is at hand is nearer to a sample, which is left to be asked for. */
TEST_NO_SWEEP(what_comes_to_hand_counts)
{
	unsigned int index = kmalloc_index(32), i, n;
	struct mm_cpu *cpu = mm_this_cpu();
	void *obj[8];

	sheaves_split = true;
	cpu->kfence_left = 1000;
	sheaf_note(index);
	CHECK_EQ(cpu->kfence_left, 1000);
	for (i = 0; i < ARRAY_SIZE(obj); i++)
		obj[i] = take(32, GFP_KERNEL);
	n = sheaf_top(index)[-1] ? sheaf_length(sheaf_top(index)) : 0;
	sheaf_note(index);
	CHECK_EQ(cpu->kfence_left, 1000 - n);
	cpu->kfence_left = 2;
	CHECK(sheaf_passes());
	CHECK(!sheaf_passes());
	sheaf_note(index);
	CHECK_EQ(cpu->kfence_left, 1);
	for (i = 0; i < ARRAY_SIZE(obj); i++)
		give(obj[i]);
}

static void give_all(void *arg)
{
	void **obj = arg;
	int i;

	for (i = 0; i < PAIRS; i++)
		kfree(obj[i]);
}

TEST_NO_SWEEP(others_release_what_one_took)
{
	static void *obj[PAIRS];
	int i, round;

	sheaves_split = true;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < PAIRS; i++)
			obj[i] = NEED(kmalloc(800, GFP_KERNEL));
		on_cpu(1 + round % 2, give_all, obj);
	}
	mm_validate();
	stop_all_cpus();
	mm_validate();
}

TEST_DIES(a_second_release_is_noticed_in_split_sheaves, "double-free")
{
	void *obj[3]; /* the first and the last keep the slab where it is */
	int i;

	sheaves_split = true;
	take_and_give(900);
	for (i = 0; i < 3; i++)
		obj[i] = NEED(kmalloc(900, GFP_KERNEL));
	kfree(obj[1]);
	kfree(obj[1]);
	NOT_REACHED();
}
