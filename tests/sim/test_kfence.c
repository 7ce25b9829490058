/* SPDX-License-Identifier: MIT */
/*
 * Guarded blocks on paper: where they lie, who is told what of them, and in
 * which order places are used again. What a processor stops is recorded here;
 * tests/user/test_guard.c has it stopped.
 */
#include <string.h>

#include "../../mm/kfence.h"
#include "../../port/sim/sim.h"
#include "../harness.h"
#include <ashlar/errno.h>
#include <mach/page.h>

static void *get(size_t size)
{
	const struct kfence_call call = { .asked = size,
					  .align = 1,
					  .kind = 1 };

	return kfence_alloc(&call);
}

static bool give_back(void *p)
{
	const struct kfence_call call = { .asked = ASKED_ANY, .name = "free" };

	return kfence_free(p, &call);
}

static bool is_in_a_page(const char *p, size_t n)
{
	return sim_is_open(p) && sim_is_open(p + n - 1);
}

static void guard(const char *where)
{
	CHECK_EQ(setup_guard(where), 0);
	CHECK(kfence_on && kfence_all);
}

TEST(options_are_understood_or_refused)
{
	CHECK_EQ(setup_sample("1/100"), 0);
	CHECK(kfence_on && !kfence_all);
	CHECK_EQ(setup_sample("0"), 0);
	CHECK(!kfence_on);
	CHECK_EQ(setup_sample("1"), 0);
	CHECK_EQ(setup_sample("1/"), -EINVAL);
	CHECK_EQ(setup_sample("1/x"), -EINVAL);
	CHECK_EQ(setup_sample("1/2/3"), -EINVAL);
	CHECK_EQ(setup_sample("-1"), -EINVAL);
	CHECK_EQ(setup_guard("middle"), -EINVAL);
	CHECK_EQ(setup_guard("1"), -EINVAL);
	CHECK(!kfence_all);
	guard("left");
	CHECK_EQ(setup_guard("0"), 0);
	CHECK(kfence_on && !kfence_all);
}

TEST(one_of_as_many_as_was_said_is_due)
{
	unsigned long i, due = 0;

	CHECK_EQ(setup_sample("1/100"), 0);
	for (i = 0; i < 100000; i++)
		due += kfence_due(1);
	CHECK_OP(due, >, 800);
	CHECK_OP(due, <, 1200);
	for (due = 0, i = 0; i < 10000; i++)
		due += kfence_due(10);
	CHECK_OP(due, >, 800);
	CHECK_OP(due, <, 1200);
	CHECK_EQ(setup_sample("0"), 0);
	CHECK(!kfence_due(1000));
}

TEST(a_block_ends_where_its_page_does)
{
	char *p;

	guard("right");
	p = get(112);
	CHECK(p && is_in_a_page(p, 112));
	CHECK_EQ((uintptr_t)(p + 112) % PAGE_SIZE, 0);
	CHECK(!sim_is_open(p + 112));
	CHECK(!sim_is_open(p + 112 - PAGE_SIZE - 1));
	memset(p, 1, 112);
	CHECK(give_back(p));
	CHECK(!sim_is_open(p));
	p = get(100);
	CHECK_EQ((uintptr_t)p % 16, 0);
	CHECK_EQ((uintptr_t)(p + 112) % PAGE_SIZE, 0);
	give_back(p);
}

TEST(or_begins_where_it_does)
{
	char *p;

	guard("left");
	p = get(100);
	CHECK_EQ((uintptr_t)p % PAGE_SIZE, 0);
	CHECK(!sim_is_open(p - 1));
	give_back(p);
}

TEST(or_is_no_more_aligned_than_its_size)
{
	const struct kfence_call call = { .asked = 100, .align = 64 };
	char *p;

	guard("tight");
	p = get(100);
	CHECK_EQ((uintptr_t)(p + 100) % PAGE_SIZE, 0);
	give_back(p);
	p = get(7);
	CHECK_EQ((uintptr_t)(p + 7) % PAGE_SIZE, 0);
	give_back(p);
	p = kfence_alloc(&call);
	CHECK_EQ((uintptr_t)p % 64, 0);
	CHECK_EQ((uintptr_t)(p + 128) % PAGE_SIZE, 0);
	give_back(p);
}

TEST(or_either_at_random)
{
	unsigned int i, left = 0;

	guard("both");
	for (i = 0; i < 100; i++) {
		char *p = get(64);

		left += (uintptr_t)p % PAGE_SIZE == 0;
		give_back(p);
	}
	CHECK_OP(left, >, 20);
	CHECK_OP(left, <, 80);
}

TEST(a_block_may_have_many_pages)
{
	size_t size = 3 * PAGE_SIZE + 32, got;
	char *p;

	guard("right");
	p = get(size);
	CHECK(p && is_in_a_page(p, size) && !sim_is_open(p + size));
	CHECK(kfence_holds(p, &got));
	CHECK_EQ(got, size);
	CHECK(!kfence_holds(p + 1, &got));
	give_back(p);
	CHECK(!sim_is_open(p) && !sim_is_open(p + size - 1));
	CHECK(!kfence_holds(p, &got));
}

TEST(a_sample_is_of_one_page)
{
	CHECK_EQ(setup_sample("1/2"), 0);
	CHECK(get(PAGE_SIZE + 1) == NULL);
	CHECK(give_back(get(PAGE_SIZE)));
}

TEST(no_bytes_have_a_place)
{
	char *p;

	guard("right");
	p = get(0);
	CHECK(p);
	give_back(p);
}

static unsigned int take_all(char **p, unsigned int most)
{
	unsigned int n = 0;

	while (n < most && (p[n] = get(16)))
		n++;
	return n;
}

TEST(who_was_freed_first_is_used_first)
{
	static char *p[KFENCE_SAMPLES + 1];
	unsigned int n;

	CHECK_EQ(setup_sample("1/2"), 0);
	n = take_all(p, KFENCE_SAMPLES + 1);
	CHECK_EQ(n, KFENCE_SAMPLES);
	give_back(p[2]);
	give_back(p[0]);
	CHECK_EQ((uintptr_t)get(16) / PAGE_SIZE, (uintptr_t)p[2] / PAGE_SIZE);
	CHECK_EQ((uintptr_t)get(16) / PAGE_SIZE, (uintptr_t)p[0] / PAGE_SIZE);
	CHECK(get(16) == NULL);
}

/* Once 48 wait, no further page is taken. */
TEST(enough_wait)
{
	static char *p[48];
	unsigned int i;

	CHECK_EQ(setup_sample("1/2"), 0);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = get(16);
		give_back(p[i]);
	}
	for (i = 0; i < 3; i++) {
		char *again = get(16);

		CHECK_EQ((uintptr_t)again / PAGE_SIZE,
			 (uintptr_t)p[i] / PAGE_SIZE);
		give_back(again);
	}
}

/* No time passes, then much: one of 5,000, of more and more, and of 5,000. */
TEST(fewer_are_due_where_blocks_come_and_go_fast)
{
	unsigned long i, due = 0;

	CHECK_EQ(setup_sample("1"), 0);
	for (i = 0; i < 200000; i++)
		due += kfence_due(1);
	CHECK_OP(due, >, 1);
	CHECK_OP(due, <, 10);
	for (due = 0, i = 0; i < 4000000; i++) {
		if (!kfence_due(1))
			continue;
		sim.time_ms += 100;
		due++;
	}
	CHECK_OP(due, >, 500);
	CHECK_OP(due, <, 1000);
	CHECK_EQ(setup_sample("0"), 0);
}

/* A rate that the option names is kept, however fast samples come. */
TEST(a_rate_that_was_asked_for_is_kept)
{
	unsigned long i, due = 0;

	CHECK_EQ(setup_sample("1/5000"), 0);
	for (i = 0; i < 2000000; i++)
		due += kfence_due(1);
	CHECK_OP(due, >, 300);
	CHECK_OP(due, <, 500);
	CHECK_EQ(setup_sample("0"), 0);
}

TEST(a_place_that_was_not_had_is_used_before_one_that_was)
{
	char *p, *other;

	CHECK_EQ(setup_sample("1/2"), 0);
	p = get(16);
	give_back(p);
	other = get(16);
	CHECK_OP((uintptr_t)p / PAGE_SIZE, !=, (uintptr_t)other / PAGE_SIZE);
	give_back(other);
}

TEST(a_place_of_another_size_is_left_for_good)
{
	static char *p[KFENCE_BLOCKS];
	unsigned int i;
	char *large;

	guard("right");
	sim.time_ms = 1;
	for (i = 0; i < KFENCE_BLOCKS && (p[i] = get(16)); i++)
		;
	CHECK(i > 3 && !get(16));
	CHECK(strstr(sim.last_log, "as many as may be"));
	give_back(p[3]);
	large = get(2 * PAGE_SIZE);
	CHECK(large && is_in_a_page(large, 2 * PAGE_SIZE));
	CHECK(!sim_is_open(p[3]));
	give_back(large);
	CHECK(give_back(get(2 * PAGE_SIZE)));
}

TEST(without_addresses_nothing_is_guarded)
{
	guard("right");
	sim.refuse_guards = true;
	CHECK(get(16) == NULL);
	CHECK(strstr(sim.last_log, "no addresses for guarded blocks"));
	sim.refuse_guards = false;
	CHECK(get(16) == NULL);
	CHECK(!give_back((void *)&sim));
}

TEST(without_mappings_a_block_is_not_guarded)
{
	char *p;

	guard("right");
	give_back(get(16));
	sim.refuse_guards = true;
	CHECK(get(16) == NULL);
	sim.refuse_guards = false;
	p = get(16);
	CHECK(p);
	give_back(p);
}

/* ---- wrong uses ---- */

TEST_DIES(a_byte_behind_is_found_by_free, "write of 1 byte just past a block "
					  "of 100 (redzone), found by free")
{
	char *p;

	guard("right");
	p = get(100);
	p[100] = 0;
	give_back(p);
	NOT_REACHED();
}

TEST_DIES(bytes_before_are_found_by_free, "write of 2 bytes 8 bytes before a "
					  "block of 64")
{
	char *p;

	guard("right");
	p = get(64);
	memset(p - 8, 0, 2);
	give_back(p);
	NOT_REACHED();
}

TEST_DIES(a_second_free, "double-free free of a block of 24")
{
	char *p;

	guard("right");
	p = get(24);
	give_back(p);
	give_back(p);
	NOT_REACHED();
}

TEST_DIES(a_free_inside, "bad-free free of an address 8 bytes into a block")
{
	char *p;

	guard("right");
	p = get(24);
	give_back(p + 8);
	NOT_REACHED();
}

TEST_DIES(a_free_of_another_kind, "alloc-dealloc-mismatch delete")
{
	const struct kfence_call call = { ASKED_ANY, 1, 2, "delete", 0, NULL };

	guard("right");
	kfence_free(get(24), &call);
	NOT_REACHED();
}

TEST_DIES(a_free_of_another_size, "new-delete-type-mismatch delete of 16 bytes")
{
	const struct kfence_call call = { 16, 1, 1, "delete", 0, NULL };

	guard("right");
	kfence_free(get(24), &call);
	NOT_REACHED();
}

/* ---- large blocks, where all is checked ---- */

static char *get_large(size_t size, enum kfence_side side)
{
	const struct kfence_call call = { size, 16, 1, NULL, (u8)side, NULL };

	kfence_large = true;
	return NEED(kfence_alloc(&call));
}

TEST_NO_SWEEP(large_blocks_have_their_own_side)
{
	char *right = get_large(3 * PAGE_SIZE + 8, KFENCE_RIGHT);
	char *left = get_large(3 * PAGE_SIZE + 8, KFENCE_LEFT);
	size_t room;

	CHECK_EQ((uintptr_t)(right + 3 * PAGE_SIZE + 16) % PAGE_SIZE, 0);
	CHECK_EQ((uintptr_t)left % PAGE_SIZE, 0);
	CHECK(kfence_room(right, &room));
	CHECK_EQ(room, 3 * PAGE_SIZE + 8);
	CHECK(kfence_room(right + PAGE_SIZE, &room));
	CHECK_EQ(room, 2 * PAGE_SIZE + 8);
	CHECK(kfence_room(right + 3 * PAGE_SIZE + 8, &room));
	CHECK_EQ(room, 0);
	CHECK(!kfence_room(&room, &room));
	CHECK_EQ(kfence_look(), 0);
	give_back(right);
	CHECK(kfence_room(right, &room));
	CHECK_EQ(room, 0);
	give_back(left);
	kfence_large = false;
}

TEST_DIES(a_look_finds_what_lies_beside, "write of 1 byte 3 bytes before")
{
	get_large(2 * PAGE_SIZE - 64, KFENCE_RIGHT)[-3] = 1;
	kfence_look();
	NOT_REACHED();
}

static const char *told(const char *p, enum report_access access)
{
	CHECK(kfence_fault((uintptr_t)p, access, NULL));
	CHECK(sim_is_open(p));
	return sim.last_report;
}

TEST(a_refused_access_is_told_of)
{
	char *p, *q;

	sim.tolerate_reports = true;
	guard("right");
	p = get(112);
	CHECK(!strcmp(told(p + 115, REPORT_READ),
		      "heap-buffer-overflow read 3 bytes past a block of 112"));
	CHECK(strstr(told(p + 112 - PAGE_SIZE - 1, REPORT_WRITE),
		     "heap-buffer-overflow write"));
	give_back(p);
	CHECK(!strcmp(told(p + 12, REPORT_WRITE),
		      "heap-use-after-free write 12 bytes into a freed block "
		      "of 112"));
	q = get(32);
	CHECK(!strcmp(told(q + 32, REPORT_NO_ACCESS),
		      "heap-buffer-overflow access just past a block of 32"));
	CHECK(!kfence_fault((uintptr_t)&sim, REPORT_READ, NULL));
	give_back(q);
}

TEST(a_guard_let_through_is_one_again_later)
{
	char *p, *q;

	sim.tolerate_reports = true;
	guard("right");
	p = get(128);
	q = get(128);
	told(p + 128, REPORT_READ);
	CHECK(!sim_is_open(q + 128));
	give_back(q);
	CHECK(sim_is_open(p + 128));
	give_back(p);
	CHECK(!sim_is_open(p + 128));
}

TEST(what_was_written_after_a_release_is_gone)
{
	char *p[KFENCE_SAMPLES], *late;
	unsigned int n = 0;

	sim.tolerate_reports = true;
	CHECK_EQ(setup_sample("1/10"), 0);
	late = get(32);
	give_back(late);
	told(late, REPORT_WRITE);
	memset(late, 1, 32);
	do
		p[n] = get(32);
	while (ALIGN_DOWN((uintptr_t)p[n++], PAGE_SIZE) !=
	       ALIGN_DOWN((uintptr_t)late, PAGE_SIZE));
	CHECK(!memchr(p[n - 1], 1, 32));
	while (n)
		give_back(p[--n]);
}

TEST(a_range_is_looked_at_first)
{
	size_t room;
	char *p;

	sim.tolerate_reports = true;
	guard("right");
	p = get(112);
	CHECK(kfence_room(p + 12, &room));
	CHECK_EQ(room, 100);
	CHECK(kfence_room(p + 112, &room));
	CHECK_EQ(room, 0);
	CHECK(!kfence_room(&sim, &room));
	CHECK(!kfence_refuse(&sim, 1, REPORT_READ, "memcpy"));
	CHECK(kfence_refuse(p + 12, 120, REPORT_READ, "memcpy"));
	CHECK(!strcmp(sim.last_report,
		      "heap-buffer-overflow read of 120 bytes by memcpy, of "
		      "which 20 lie past a block of 112"));
	CHECK(sim_is_open(p + 131)); /* the call goes on */
	give_back(p);
	CHECK(kfence_room(p, &room));
	CHECK_EQ(room, 0);
	kfence_refuse(p + 2, 4, REPORT_WRITE, "memset");
	CHECK(!strcmp(sim.last_report,
		      "heap-use-after-free write of 4 bytes by memset, 2 bytes "
		      "into a freed block of 112"));
}

TEST(between_two_blocks_the_nearer_one_is_meant)
{
	char *p, *q;

	sim.tolerate_reports = true;
	guard("left");
	p = get(PAGE_SIZE - 16);
	q = get(48);
	CHECK_OP(q - p, ==, 2 * (long)PAGE_SIZE);
	CHECK(strstr(told(q - 4, REPORT_READ), "4 bytes before a block of 48"));
	CHECK(strstr(told(p + PAGE_SIZE, REPORT_READ),
		     "16 bytes past a block"));
	give_back(p);
	give_back(q);
}
