/* SPDX-License-Identifier: MIT */
/* Slots of swap areas: given out, counted, given back: mm/swap_map.c. */
#include "../swap.h"

#define CLUSTER SWAPFILE_CLUSTER

static swp_entry_t get_one(void)
{
	swp_entry_t entry = get_swap_page();

	CHECK(entry.val);
	return entry;
}

/* The slot that get_one() took is an entry's now, and in no cache. */
static void own(swp_entry_t entry)
{
	struct swap_info_struct *si = swp_info(entry);

	CHECK_EQ(swap_duplicate(entry), 0);
	xa_lock(&si->cache);
	__swap_put(si, swp_offset(entry), SWAP_HAS_CACHE);
	xa_unlock(&si->cache);
}

static swp_entry_t take_slot(void)
{
	swp_entry_t entry = get_one();

	own(entry);
	return entry;
}

TEST(without_an_area_there_is_no_slot)
{
	CHECK_EQ(get_swap_page().val, 0);
	CHECK_EQ(nr_swap_pages, 0);
	CHECK_EQ(total_swap_pages, 0);
}

TEST(slots_are_given_out_in_a_row)
{
	struct swap_info_struct *si = take_swap(10, 0);

	CHECK_EQ(nr_swap_pages, 10);
	for (unsigned long i = 1; i <= 10; i++)
		CHECK_EQ(swp_offset(take_slot()), i);
	CHECK_EQ(nr_swap_pages, 0);
	CHECK_EQ(total_swap_pages, 10);
	CHECK_EQ(get_swap_page().val, 0);
	check_swap(si);
	swap_free(swp_entry(swp_info_type(si), 4));
	CHECK_EQ(nr_swap_pages, 1);
	CHECK_EQ(swp_offset(take_slot()), 4);
	for (unsigned long i = 1; i <= 10; i++)
		CHECK_EQ(swap_free(swp_entry(swp_info_type(si), i)), 0);
	give_swap(si);
	CHECK_EQ(nr_swap_pages, 0);
}

TEST(a_slot_is_free_when_its_last_owner_goes)
{
	struct swap_info_struct *si = take_swap(4, 0);
	swp_entry_t entry = get_one();

	CHECK_EQ(swp_swapcount(entry), 0);
	CHECK_EQ(swap_duplicate(entry), 0);
	CHECK_EQ(swap_duplicate(entry), 0);
	CHECK_EQ(swp_swapcount(entry), 2);
	CHECK_EQ(swap_free(entry), SWAP_HAS_CACHE + 1);
	xa_lock(&si->cache);
	__swap_put(si, swp_offset(entry), SWAP_HAS_CACHE);
	xa_unlock(&si->cache);
	CHECK_EQ(nr_swap_pages, 3);
	CHECK_EQ(swap_free(entry), 0);
	CHECK_EQ(nr_swap_pages, 4);
	give_swap(si);
	CHECK_EQ(swp_swapcount(entry), 0);
}

TEST(no_more_owners_than_can_be_counted)
{
	struct swap_info_struct *si = take_swap(4, 0);
	swp_entry_t entry = take_slot();
	unsigned long n = 1;

	while (!swap_duplicate(entry))
		n++;
	CHECK_EQ(n, SWAP_MAP_MAX);
	CHECK_EQ(si->map[swp_offset(entry)], SWAP_MAP_MAX);
	while (n--)
		swap_free(entry);
	give_swap(si);
}

TEST_DIES(a_free_slot_has_no_owner_to_lose, "is not in use")
{
	struct swap_info_struct *si = take_swap(4, 0);

	swap_free(swp_entry(swp_info_type(si), 2));
}

TEST_DIES(a_bad_slot_has_no_owner_to_lose, "is not in use")
{
	struct swap_info_struct *si = take_swap(4, 0);

	swap_free(swp_entry(swp_info_type(si), 5));
}

/* What is written together lies together: whole clusters come first. */
TEST(free_clusters_come_before_gaps)
{
	struct swap_info_struct *si = take_swap(4 * CLUSTER - 1, 0);
	unsigned int type = swp_info_type(si);
	unsigned long i;

	for (i = 1; i < CLUSTER + 10; i++)
		CHECK_EQ(swp_offset(take_slot()), i);
	for (i = 1; i < CLUSTER; i += 2)
		swap_free(swp_entry(type, i));
	for (i = CLUSTER + 10; i < 4 * CLUSTER; i++)
		CHECK_EQ(swp_offset(take_slot()), i);
	check_swap(si);
	for (i = 1; i < CLUSTER; i += 2)
		CHECK_EQ(swp_offset(take_slot()), i);
	CHECK_EQ(get_swap_page().val, 0);
	for (i = 1; i < 4 * CLUSTER; i++)
		swap_free(swp_entry(type, i));
	give_swap(si);
}

TEST(areas_are_filled_by_priority_and_in_turn)
{
	struct swap_info_struct *low = take_swap(200, 1);
	struct swap_info_struct *a = take_swap(CLUSTER, 5);
	struct swap_info_struct *b = take_swap(CLUSTER, 5);
	unsigned long i;

	for (i = 0; i < CLUSTER; i++)
		take_slot();
	CHECK_OP(a->inuse, >=, CLUSTER / 2 - 1);
	CHECK_OP(b->inuse, >=, CLUSTER / 2 - 1);
	CHECK_EQ(low->inuse, 0);
	for (i = 0; i < CLUSTER; i++)
		take_slot();
	CHECK_EQ(a->inuse + b->inuse, 2 * CLUSTER);
	CHECK_EQ(low->inuse, 0);
	CHECK_EQ(swp_info(take_slot()), low);
	swap_disable(low);
	CHECK_EQ(nr_swap_pages, 0);
	CHECK_EQ(get_swap_page().val, 0);
	swap_free(swp_entry(swp_info_type(low), 1));
	CHECK_EQ(nr_swap_pages, 0);
	swap_enable(low, 7);
	CHECK_EQ(nr_swap_pages, 200);
	for (i = 1; i <= CLUSTER; i++) {
		swap_free(swp_entry(swp_info_type(a), i));
		swap_free(swp_entry(swp_info_type(b), i));
	}
	CHECK_EQ(swp_info(take_slot()), low);
	swap_free(swp_entry(swp_info_type(low), 2));
	give_swap(low);
	give_swap(a);
	give_swap(b);
}

TEST(random_owners_are_counted)
{
	struct swap_info_struct *si = take_swap(3 * CLUSTER + 7, 1);
	unsigned int type = swp_info_type(si), owners[3 * CLUSTER + 8] = { 0 };
	unsigned long total = 0, used = 0;

	for (int step = 0; step < 20000; step++) {
		unsigned long i = 1 + rnd(3 * CLUSTER + 7);
		swp_entry_t entry;

		if (rnd(3) == 0) {
			entry = get_swap_page();
			if (!entry.val) {
				CHECK_EQ(used, si->pages);
				continue;
			}
			own(entry);
			i = swp_offset(entry);
			CHECK_EQ(owners[i], 0);
			used++;
			owners[i]++;
		} else if (owners[i] && rnd(4) == 0) {
			CHECK_EQ(swap_duplicate(swp_entry(type, i)), 0);
			owners[i]++;
		} else if (owners[i]) {
			CHECK_EQ(swap_free(swp_entry(type, i)), --owners[i]);
			used -= !owners[i];
		}
		CHECK_EQ(si->inuse, used);
		CHECK_EQ(nr_swap_pages, si->pages - used);
		if (step % 500 == 0)
			check_swap(si);
	}
	for (unsigned long i = 1; i < si->max; i++) {
		total += owners[i];
		while (owners[i]--)
			swap_free(swp_entry(type, i));
	}
	CHECK_OP(total, >, 100);
	give_swap(si);
}
