/* SPDX-License-Identifier: MIT */
/* What swapon makes of what a disk says: mm/swapfile.c. */
#include "../swap.h"

#define VERSION 1024
#define LAST_PAGE 1028
#define NR_BAD 1032
#define BAD 1536

static long swapon_errno(struct swap_disk *d)
{
	struct swap_info_struct *si = swapon(d, 0);

	if (si == ERR_PTR(-ENOMEM))
		needed(__FILE__, __LINE__, "swapon");
	return IS_ERR(si) ? PTR_ERR(si) : 0;
}

TEST(an_area_is_as_long_as_its_header_says)
{
	struct swap_disk *d = take_swap_disk(50);
	struct swap_info_struct *si;
	unsigned long total, unused;

	set_swap_header(d, LAST_PAGE, 39);
	CHECK_EQ(swapon_errno(d), 0);
	si = swap_area_on(d);
	CHECK_EQ(si->pages, 39);
	CHECK_EQ(nr_swap_pages, 39);
	swap_totals(&total, &unused);
	CHECK_EQ(total, 39);
	CHECK_EQ(unused, 39);
	give_swap(si);
	CHECK_EQ(d->released, 1);
	CHECK(!swap_area_on(d));
	CHECK_EQ(total_swap_pages, 0);
}

TEST(what_is_no_area_is_refused)
{
	struct swap_disk *d = take_swap_disk(50);

	d->bytes[PAGE_SIZE - 1] = '1';
	CHECK_EQ(swapon_errno(d), -EINVAL);
	d->bytes[PAGE_SIZE - 1] = '2';
	set_swap_header(d, VERSION, 2);
	CHECK_EQ(swapon_errno(d), -EINVAL);
	set_swap_header(d, VERSION, 1);
	set_swap_header(d, LAST_PAGE, 0);
	CHECK_EQ(swapon_errno(d), -EINVAL);
	set_swap_header(d, LAST_PAGE, 50);
	CHECK_EQ(swapon_errno(d), -EINVAL);
	set_swap_header(d, LAST_PAGE, 0xffffffff);
	CHECK_EQ(swapon_errno(d), -EINVAL);
	set_swap_header(d, LAST_PAGE, 49);
	set_swap_header(d, NR_BAD, 638);
	CHECK_EQ(swapon_errno(d), -EINVAL);
	set_swap_header(d, NR_BAD, 2);
	set_swap_header(d, BAD, 3);
	set_swap_header(d, BAD + 4, 50);
	CHECK_EQ(swapon_errno(d), -EINVAL);
	set_swap_header(d, BAD + 4, 0);
	CHECK_EQ(swapon_errno(d), -EINVAL);
	set_swap_header(d, BAD + 4, 4);
	d->hole = 7;
	CHECK_EQ(swapon_errno(d), -EINVAL);
	d->hole = 0;
	CHECK_EQ(swapon_errno(d), 0);
	CHECK_EQ(d->released, 0);
	give_swap(swap_area_on(d));
}

TEST(another_order_of_bytes_is_understood)
{
	struct swap_disk *d = take_swap_disk(50);

	set_swap_header(d, VERSION, 0x01000000);
	set_swap_header(d, LAST_PAGE, 0x27000000);
	set_swap_header(d, NR_BAD, 0x01000000);
	set_swap_header(d, BAD, 0x05000000);
	CHECK_EQ(swapon_errno(d), 0);
	CHECK_EQ(swap_area_on(d)->pages, 38);
	CHECK_EQ(swap_area_on(d)->map[5], SWAP_MAP_BAD);
	give_swap(swap_area_on(d));
}

/* Bad pages, and those that do not lie in one piece, are never used. */
TEST(bad_pages_are_not_used)
{
	struct swap_disk *d = take_swap_disk(10);
	struct swap_info_struct *si;
	struct swap_report r;
	unsigned long seen = 0;
	swp_entry_t entry;

	set_swap_header(d, NR_BAD, 2);
	set_swap_header(d, BAD, 3);
	set_swap_header(d, BAD + 4, 3);
	d->odd = 6;
	CHECK_EQ(swapon_errno(d), 0);
	si = swap_area_on(d);
	CHECK_EQ(si->pages, 7);
	CHECK_EQ(si->nr_extents, 2);
	CHECK(!swap_report(swap_area_number(si), &r)); /* it has no file */
	while ((entry = get_swap_page()).val)
		seen |= 1ul << swp_offset(entry);
	CHECK_EQ(seen, 0x3b6);
	for (unsigned long i = 1; i < 10; i++) {
		if (!(seen & 1ul << i))
			continue;
		xa_lock(&si->cache);
		__swap_put(si, i, SWAP_HAS_CACHE);
		xa_unlock(&si->cache);
	}
	give_swap(si);
}

TEST(all_bad_is_empty)
{
	struct swap_disk *d = take_swap_disk(2);

	set_swap_header(d, NR_BAD, 1);
	set_swap_header(d, BAD, 1);
	CHECK_EQ(swapon_errno(d), -EINVAL);
}

TEST(priorities_are_given_or_fall)
{
	struct swap_info_struct *si;
	struct swap_disk *d[3];
	int prio[3];

	for (int i = 0; i < 3; i++) {
		d[i] = take_swap_disk(5);
		swapon(d[i], i == 1 ? SWAP_FLAG_PREFER | 17 : 0);
		if (!swap_area_on(d[i]))
			needed(__FILE__, __LINE__, "swapon");
		prio[i] = swap_area_on(d[i])->prio;
	}
	CHECK_EQ(prio[1], 17);
	CHECK_OP(prio[0], <, -1);
	CHECK_EQ(prio[2], prio[0] - 1);
	si = swap_area_on(d[1]);
	CHECK(swp_info(get_swap_page()) == si);
	xa_lock(&si->cache);
	__swap_put(si, 1, SWAP_HAS_CACHE);
	xa_unlock(&si->cache);
}

TEST_NO_SWEEP(there_are_only_so_many)
{
	struct swap_info_struct *si;
	struct swap_disk *d = take_swap_disk(5);

	for (unsigned int i = 0; i < NR_SWAP_AREAS; i++)
		CHECK(!IS_ERR(swapon(d, 0)));
	CHECK_EQ(swapon_errno(d), -EPERM);
	while ((si = swap_area_on(d)))
		give_swap(si);
	CHECK_EQ(swapon_errno(d), 0);
}

/* What may be promised grows by what can be swapped out. */
TEST(promises_count_areas)
{
	unsigned long limit = vm_commit_limit();
	struct swap_info_struct *si = take_swap(100, 0);

	CHECK_EQ(vm_commit_limit(), limit + 100);
	give_swap(si);
	CHECK_EQ(vm_commit_limit(), limit);
}
