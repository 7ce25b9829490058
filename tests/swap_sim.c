/* SPDX-License-Identifier: MIT */
/* Swap areas for tests; see swap.h. */
#include "swap.h"

struct swap_info_struct *take_swap(unsigned long pages, int prio)
{
	struct swap_info_struct *si = swap_info;

	while (si->used)
		si++;
	if (swap_map_init(si, pages + 1))
		needed(__FILE__, __LINE__, "swap_map_init");
	si->used = true;
	swap_enable(si, prio);
	return si;
}

void give_swap(struct swap_info_struct *si)
{
	check_swap(si);
	CHECK_EQ(si->inuse, 0);
	swap_disable(si);
	swap_map_free(si);
	si->used = false;
}

void check_swap(struct swap_info_struct *si)
{
	unsigned long used = 0, bad = 0, cached = 0, index = 0, i;
	unsigned long in_cluster = 0;
	struct page *page;

	for (i = 0; i < si->max; i++) {
		bad += si->map[i] == SWAP_MAP_BAD;
		used += si->map[i] && si->map[i] != SWAP_MAP_BAD;
		in_cluster += si->map[i] != 0;
		if (i + 1 == si->max)
			in_cluster +=
				SWAPFILE_CLUSTER - 1 - i % SWAPFILE_CLUSTER;
		if ((i + 1) % SWAPFILE_CLUSTER && i + 1 < si->max)
			continue;
		CHECK_EQ(si->cluster_used[i / SWAPFILE_CLUSTER], in_cluster);
		in_cluster = 0;
	}
	CHECK_EQ(used, si->inuse);
	CHECK_EQ(si->pages, si->max - bad);
	xa_for_each_range(&si->cache, index, page, 0, si->max)
	{
		CHECK(page->pflags & PG_swapcache);
		CHECK_EQ(swp_offset(page_swap_entry(page)), index);
		CHECK(si->map[index] & SWAP_HAS_CACHE);
		cached++;
	}
	for (i = 0; i < si->max; i++)
		cached -= si->map[i] & SWAP_HAS_CACHE ? 1 : 0;
	CHECK_EQ(cached, 0);
}

void swap_settle(void)
{
	struct swap_info_struct *si;

	for (si = swap_info; si < swap_info + MAX_SWAPFILES; si++) {
		if (!si->used)
			continue;
		swap_disable(si);
		swap_map_free(si);
		si->used = false;
	}
}
