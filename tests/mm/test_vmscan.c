/* SPDX-License-Identifier: MIT */
/*
 * Reclaim: what goes when memory is short, what stays, and that what a program
 * reads is what it should be, whatever went in between.
 */
#include "../../mm/internal.h"
#include "../../mm/lru.h"
#include "../../mm/page_alloc.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../../mm/vmscan.h"
#include "../disk.h"
#include "../swap.h"
#include <ashlar/highmem.h>
#include <ashlar/pagemap.h>
#include <ashlar/shrinker.h>
#include <ashlar/string.h>
#include <ashlar/swap.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)

/* ---- memory that is short ---- */

#define MOST_LEFT 512u

static struct page *hogs; /* linked through ->priv */

static void unhog_one(void)
{
	struct page *page = hogs;

	hogs = (struct page *)page->priv;
	__free_pages(page, page->order);
}

static bool take_block(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(gfp | __GFP_NOWARN, order);

	if (!page)
		return false;
	page->priv = (unsigned long)hogs;
	hogs = page;
	return true;
}

/* The last frames are taken singly, so that they can be given back so. */
static void hog(void)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_HIGHMEM | __GFP_MOVABLE;
	unsigned long freed = 0;
	int order;

	sim.refuse_ram = true;
	while (shrink_slab(GFP_KERNEL, 0))
		;
	for (order = MAX_ORDER - 1; order >= 0; order--)
		while (take_block(gfp, (unsigned int)order))
			;
	while (freed < MOST_LEFT) {
		freed += 1ul << hogs->order;
		unhog_one();
	}
	while (take_block(gfp, 0))
		;
}

/* Nothing is left above the min watermarks but @nr single frames. */
static void leave(unsigned int nr)
{
	hog();
	while (nr--)
		unhog_one();
}

static void unhog(void)
{
	while (hogs)
		unhog_one();
	sim.refuse_ram = false;
}

static u8 bytes[DISK_PAGES * PAGE_SIZE];

/* Read pages of the disk's file and compare. */
static void read_pages(struct file *f, unsigned long first, unsigned long nr)
{
	loff_t pos = (loff_t)first << PAGE_SHIFT;
	size_t n = nr << PAGE_SHIFT;
	ssize_t got = disk_read(f, pos, bytes, n);

	if (got == -ENOMEM)
		needed(__FILE__, __LINE__, "a page to read into");
	CHECK_EQ(got, n);
	CHECK(!memcmp(bytes, disk.data + pos, n));
}

/* ---- what goes ---- */

TEST_NO_SWEEP(a_file_larger_than_memory_can_be_read)
{
	struct file *f = take_disk_file(DISK_PAGES);

	leave(12);
	for (int i = 0; i < 3; i++)
		read_pages(f, 0, DISK_PAGES);
	CHECK_OP(disk.reads, >, 2 * DISK_PAGES);
	CHECK_OP(disk.reads, >, 2 * DISK_PAGES);
	CHECK_OP(f->f_mapping->nrpages, <=, 14);
	CHECK_OP(vm_events(PGSTEAL_DIRECT), >, DISK_PAGES);
	lru_validate_frames();
	unhog();
}

/* ---- a large file, whose pages say their number ---- */

static unsigned long numbers_read;

static int numbers_read_folio(struct address_space *m, struct page *page)
{
	u32 word = (u32)page->index;

	memcpy_to_page(page, 0, &word, sizeof(word));
	numbers_read++;
	end_page_read(page, 0);
	return 0;
}

static const struct address_space_operations numbers_aops = {
	.read_folio = numbers_read_folio,
};

static struct file *take_numbers(unsigned long pages)
{
	struct file *f = take_disk_file(0);

	f->f_mapping->a_ops = &numbers_aops;
	mapping_set_size(f->f_mapping, (loff_t)(pages << PAGE_SHIFT));
	numbers_read = 0;
	return f;
}

static void read_number(struct file *f, unsigned long index)
{
	u32 word = ~0u;
	ssize_t got = disk_read(f, (loff_t)index << PAGE_SHIFT, &word, 4);

	if (got == -ENOMEM)
		needed(__FILE__, __LINE__, "a page to read into");
	CHECK_EQ(got, 4);
	CHECK_EQ(word, index);
}

TEST_NO_SWEEP(pages_that_are_used_often_stay_beside_a_stream)
{
	struct file *f = take_numbers(3000);
	struct mm_struct *mm = take_mm();
	unsigned long i, before;

	take_file_area(mm, f, AT, 20 << PAGE_SHIFT, PROT_READ, MAP_SHARED, 0);
	for (i = 0; i < 20; i++)
		peek(AT + (i << PAGE_SHIFT));
	leave(400);
	for (i = 20; i < 3000; i++) {
		read_number(f, i);
		if (i % 10 == 0) { /* the TLB forgets: each use is noted */
			sim_load_mm(NULL);
			sim_load_mm(mm);
		}
		CHECK_EQ(peek(AT + ((i % 20) << PAGE_SHIFT)), i % 20);
	}
	before = numbers_read;
	for (i = 0; i < 20; i++)
		peek(AT + (i << PAGE_SHIFT));
	CHECK_EQ(before, 3000);
	CHECK_EQ(numbers_read, before);
	unhog();
}

/* ---- pages that come back ---- */

static unsigned long refaults(void)
{
	return global_node_page_state(WORKINGSET_REFAULT_FILE);
}

static unsigned long activated(void)
{
	return global_node_page_state(WORKINGSET_ACTIVATE_FILE);
}

static bool is_cached(struct file *f, unsigned long index, u32 flags)
{
	struct page *page = find_get_page(f->f_mapping, index);
	bool has = page && (page->pflags & flags) == flags;

	if (page)
		put_page(page);
	return has;
}

static void use_twice(struct file *f, unsigned long index)
{
	struct page *page;

	read_number(f, index);
	page = find_get_page(f->f_mapping, index);
	mark_page_accessed(page);
	mark_page_accessed(page);
	put_page(page);
}

TEST_NO_SWEEP(a_page_that_comes_back_soon_is_active_and_a_late_one_is_not)
{
	struct file *f = take_numbers(6000);
	unsigned long i, before = activated();

	leave(400);
	for (i = 0; i < 150; i++)
		use_twice(f, i);
	for (i = 1000; i < 1400; i++)
		read_number(f, i);
	CHECK_EQ(refaults(), 0);
	for (i = 1000; !is_cached(f, i, 0); i++)
		;
	CHECK_OP(i, >, 1001);
	read_number(f, i - 1); /* it went last */
	CHECK_EQ(refaults(), 1);
	CHECK_EQ(activated(), before + 1);
	CHECK(is_cached(f, i - 1, PG_active));
	for (i = 2000; i < 5000; i++)
		read_number(f, i);
	before = activated();
	read_number(f, 1000);
	CHECK_EQ(refaults(), 2);
	CHECK_EQ(activated(), before);
	CHECK(is_cached(f, 1000, 0) && !is_cached(f, 1000, PG_active));
	unhog();
}

TEST_NO_SWEEP(shadows_go_with_their_file_and_when_there_are_too_many)
{
	unsigned long i, pages = totalram_pages() * 5 / 4;
	struct file *f = take_numbers(pages);
	struct address_space *m = f->f_mapping;

	leave(300);
	for (i = 0; i < pages; i++)
		read_number(f, i);
	unhog();
	CHECK_OP(m->nrpages + m->nrshadows, <, pages);
	CHECK_OP(m->nrshadows, >, totalram_pages() * 3 / 4);
	CHECK_OP(m->nrshadows, <, totalram_pages() + 2000);
	CHECK_OP(global_node_page_state(WORKINGSET_NODERECLAIM), >, 10);
	for (i = 0; i < 2000; i++)
		read_number(f, i);
	mapping_set_size(m, (loff_t)(pages / 2) << PAGE_SHIFT);
	truncate_inode_pages_range(m, m->i_size, MAX_LFS_FILESIZE);
	truncate_inode_pages_range(m, 0, MAX_LFS_FILESIZE);
	CHECK_EQ(m->nrpages + m->nrshadows, 0);
	CHECK(!m->i_pages.xa_head);
}

TEST_NO_SWEEP(mapped_pages_go_when_nothing_uses_them)
{
	struct file *f = take_disk_file(DISK_PAGES);
	struct mm_struct *mm = take_mm(), *child;
	unsigned long i;

	take_file_area(mm, f, AT, 8 << PAGE_SHIFT, PROT_READ, MAP_SHARED, 0);
	for (i = 0; i < 8; i++)
		peek(AT + (i << PAGE_SHIFT));
	child = take_fork(mm);
	leave(2);
	for (i = 0; i < 4; i++)
		read_pages(f, 8, DISK_PAGES - 8);
	CHECK_EQ(global_node_page_state(NR_FILE_MAPPED), 0);
	CHECK_EQ(get_mm_rss(mm), 0);
	unhog();
	for (i = 0; i < 8; i++)
		CHECK_EQ(peek(AT + (i << PAGE_SHIFT)),
			 *(u32 *)(disk.data + (i << PAGE_SHIFT)));
	check_space(mm);
	check_space(child);
}

TEST_NO_SWEEP(locked_pages_stay)
{
	struct file *f = take_disk_file(DISK_PAGES);
	struct mm_struct *mm = take_mm();
	unsigned long i, before;

	take_file_area(mm, f, AT, 8 << PAGE_SHIFT, PROT_READ, MAP_SHARED, 0);
	SPACE_OK(mm_mlock(mm, AT, 8 << PAGE_SHIFT, VM_LOCKED));
	leave(4);
	for (i = 0; i < 3; i++)
		read_pages(f, 8, DISK_PAGES - 8);
	drop_pagecache();
	before = disk.reads;
	for (i = 0; i < 8; i++)
		peek(AT + (i << PAGE_SHIFT));
	CHECK_EQ(disk.reads, before);
	CHECK_EQ(global_node_page_state(NR_UNEVICTABLE), 8);
	CHECK_EQ(get_mm_rss(mm), 8);
	unhog();
}

TEST_NO_SWEEP(memory_that_was_given_up_goes_unless_it_was_written_to)
{
	struct file *f = take_disk_file(DISK_PAGES);
	struct mm_struct *mm = take_mm();
	unsigned long i;

	take_area(mm, AT, 8 << PAGE_SHIFT, RW);
	for (i = 0; i < 8; i++)
		poke(AT + (i << PAGE_SHIFT), 0x1000 + (u32)i);
	SPACE_OK(mm_madvise(mm, AT, 8 << PAGE_SHIFT, MADV_FREE));
	poke(AT, 0x2000);
	poke(AT + PAGE_SIZE, 0x2001);
	leave(4);
	for (i = 0; i < 3; i++)
		read_pages(f, 0, DISK_PAGES);
	unhog();
	CHECK_EQ(peek(AT), 0x2000);
	CHECK_EQ(peek(AT + PAGE_SIZE), 0x2001);
	for (i = 2; i < 8; i++)
		CHECK_EQ(peek(AT + (i << PAGE_SHIFT)), 0);
	CHECK_EQ(vm_events(PGLAZYFREED), 6);
	check_space(mm);
}

TEST_NO_SWEEP(memory_that_was_given_up_and_that_the_kernel_wrote_to_stays)
{
	struct mm_struct *mm = take_mm();
	u32 word = 0x3000;
	struct page *page;

	take_swap(50, 0);
	take_area(mm, AT, 2 << PAGE_SHIFT, RW);
	poke(AT, 0x1000);
	poke(AT + PAGE_SIZE, 0x1001);
	SPACE_OK(mm_madvise(mm, AT, 2 << PAGE_SHIFT, MADV_FREE));
	CHECK_EQ(access_process_vm(mm, AT, &word, 4, true), 4);
	page = pte_page(*pte_lookup(mm, AT + PAGE_SIZE));
	get_page(page); /* whoever has it is about to write */
	SPACE_OK(mm_madvise(mm, AT, 2 << PAGE_SHIFT, MADV_PAGEOUT));
	memcpy_to_page(page, 0, &word, 4);
	set_page_flags(page, PG_dirty);
	put_page(page);
	CHECK_EQ(peek(AT), 0x3000);
	CHECK_EQ(peek(AT + PAGE_SIZE), 0x3000);
	check_space(mm);
}

/* ---- the reserve ---- */

static unsigned long free_of_normal(void)
{
	return zones[ZONE_NORMAL].free_pages;
}

TEST_NO_SWEEP(the_reserve_is_for_who_may_not_wait_and_for_who_says_so)
{
	unsigned long min = zones[ZONE_NORMAL].watermark[WMARK_MIN];

	hog();
	while (take_block(GFP_NOWAIT, 0))
		;
	CHECK_OP(min, >, 1);
	CHECK_EQ(free_of_normal(), min);
	while (take_block(GFP_ATOMIC, 0))
		;
	CHECK_EQ(free_of_normal(), min / 2);
	while (take_block(GFP_NOWAIT | __GFP_MEMALLOC, 0))
		;
	CHECK_EQ(free_of_normal(), 0);
	unhog();
}

/* ---- who reclaims ---- */

TEST_NO_SWEEP(kswapd_works_until_a_zone_is_above_its_high_watermark)
{
	struct file *f = take_disk_file(DISK_PAGES);
	unsigned long freed;
	struct zone *z;
	bool enough = false;

	read_pages(f, 0, DISK_PAGES);
	leave(0);
	CHECK(kswapd_is_due());
	freed = balance_pgdat();
	CHECK_OP(freed, >, 0);
	CHECK_EQ(vm_events(PGSTEAL_KSWAPD), DISK_PAGES - f->f_mapping->nrpages);
	for_each_populated_zone(z)
		enough |= z->free_pages >= z->watermark[WMARK_HIGH];
	CHECK(enough || !f->f_mapping->nrpages);
	CHECK_EQ(vm_events(PAGEOUTRUN), 1);
	unhog();
	CHECK(!kswapd_is_due());
}

static unsigned int woken;

static void note_wakeup(void)
{
	woken++;
}

TEST_NO_SWEEP(kswapd_is_woken_below_low_and_rests_when_nothing_helps)
{
	woken = 0;
	wakeup_kswapd = note_wakeup;
	hog();
	CHECK_OP(woken, >, 0);
	for (int i = 0; i < 20; i++)
		balance_pgdat();
	CHECK(!kswapd_is_due());
	wakeup_kswapd = NULL;
	unhog();
	balance_pgdat();
}

/* A shrinker that allocates while it is asked to free. */
static struct page *got_inside;

static unsigned long greedy_count(struct shrinker *s, struct shrink_control *sc)
{
	return 10;
}

static unsigned long greedy_scan(struct shrinker *s, struct shrink_control *sc)
{
	if (!got_inside)
		got_inside = alloc_page(GFP_KERNEL);
	return 0;
}

TEST(who_reclaims_gets_the_reserve_and_does_not_reclaim_again)
{
	static struct shrinker greedy = {
		.count_objects = greedy_count,
		.scan_objects = greedy_scan,
		.seeks = DEFAULT_SEEKS,
	};
	struct page *page;

	got_inside = NULL;
	register_shrinker(&greedy, "greedy");
	leave(0);
	page = alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	unregister_shrinker(&greedy);
	if (page)
		__free_page(page);
	unhog();
	if (!got_inside)
		needed(__FILE__, __LINE__, "a page of the reserve");
	__free_page(got_inside);
	CHECK(!*port_reclaiming());
}

/* ---- anonymous pages ---- */

/* What an allocation does that cannot be served. */
static void press(void)
{
	struct page *page =
		alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN | __GFP_NORETRY);

	if (!page)
		return;
	page->priv = (unsigned long)hogs;
	hogs = page;
}

TEST_NO_SWEEP(a_program_larger_than_memory_runs_with_swap)
{
	struct swap_info_struct *si = take_swap(200, 0);
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 100 << PAGE_SHIFT, RW);
	peek(AT);
	leave(30);
	for (u32 round = 0; round < 3; round++)
		for (u32 i = 0; i < 100; i++) {
			if (round)
				CHECK_EQ(peek(AT + (i << PAGE_SHIFT)),
					 i + 1000 * round);
			poke(AT + (i << PAGE_SHIFT), i + 1000 * (round + 1));
		}
	CHECK_OP(vm_events(PSWPOUT), >, 200);
	CHECK_OP(vm_events(PSWPIN), >, 100);
	check_space(mm);
	check_swap(si);
	unhog();
}

/* However urgent it is, no more is written than is wanted, and waited for. */
TEST_NO_SWEEP(an_attempt_does_not_write_a_whole_list)
{
	struct swap_info_struct *si = take_swap(1000, 0);
	struct mm_struct *mm = take_mm();
	struct swap_disk *d = swap_disk_of(si);
	unsigned long i, freed;

	take_area(mm, AT, 600ul << PAGE_SHIFT, RW);
	for (i = 0; i < 600; i++)
		poke(AT + (i << PAGE_SHIFT), (u32)i);
	d->slow = true;
	for (i = 0; i < 4; i++) {
		unsigned long before = d->writes + d->queued;

		freed = page_alloc_reclaim(GFP_HIGHUSER, 0);
		CHECK_OP(freed, >=, SWAP_CLUSTER_MAX);
		CHECK_OP(d->writes + d->queued - before, <=,
			 4 * SWAP_CLUSTER_MAX);
	}
	for (i = 0; i < 600; i++)
		CHECK_EQ(peek(AT + (i << PAGE_SHIFT)), i);
	give_mm(mm);
}

/* The oldest pages are dirty, the others came back and were only read. */
TEST_NO_SWEEP(clean_pages_go_before_those_that_would_be_written)
{
	struct swap_info_struct *si = take_swap(200, 0);
	struct mm_struct *mm = take_mm();
	unsigned long before, rounds = 0;

	take_area(mm, AT, 64 << PAGE_SHIFT, RW);
	for (u32 i = 0; i < 64; i++)
		poke(AT + (i << PAGE_SHIFT), i);
	SPACE_OK(mm_madvise(mm, AT, 64 << PAGE_SHIFT, MADV_PAGEOUT));
	for (u32 i = 0; i < 64; i++)
		CHECK_EQ(peek(AT + (i << PAGE_SHIFT)), i);
	for (u32 i = 0; i < 32; i++)
		poke(AT + (i << PAGE_SHIFT), i + 1000);
	SPACE_OK(mm_madvise(mm, AT, 64 << PAGE_SHIFT, MADV_COLD));
	before = vm_events(PSWPOUT);
	CHECK_OP(page_alloc_reclaim(GFP_HIGHUSER, 0), >=, SWAP_CLUSTER_MAX);
	CHECK_OP(vm_events(PSWPOUT) - before, <, SWAP_CLUSTER_MAX / 2);
	lru_validate_frames();
	while (page_alloc_reclaim(GFP_HIGHUSER, 0) && rounds++ < 10)
		;
	CHECK_EQ(get_mm_rss(mm), 0);
	CHECK_EQ(vm_events(PSWPOUT) - before, 32);
	for (u32 i = 0; i < 64; i++)
		CHECK_EQ(peek(AT + (i << PAGE_SHIFT)), i < 32 ? i + 1000 : i);
	check_space(mm);
	check_swap(si);
}

TEST_NO_SWEEP(a_page_that_is_shared_goes_once_and_comes_back_once)
{
	struct swap_info_struct *si = take_swap(50, 0);
	struct mm_struct *mm = take_mm(), *child;
	unsigned long before;

	take_area(mm, AT, 4 << PAGE_SHIFT, RW);
	for (u32 i = 0; i < 4; i++)
		poke(AT + (i << PAGE_SHIFT), i + 1);
	child = take_fork(mm);
	before = vm_events(PSWPOUT);
	hog();
	for (int i = 0; i < 20 && get_mm_rss(mm); i++)
		press();
	unhog();
	CHECK_EQ(get_mm_rss(mm) + get_mm_rss(child), 0);
	CHECK_EQ(vm_events(PSWPOUT) - before, 4);
	CHECK_EQ(si->inuse, 4);
	sim_load_mm(child);
	for (u32 i = 0; i < 4; i++)
		CHECK_EQ(peek(AT + (i << PAGE_SHIFT)), i + 1);
	poke(AT, 9);
	sim_load_mm(mm);
	for (u32 i = 0; i < 4; i++)
		CHECK_EQ(peek(AT + (i << PAGE_SHIFT)), i + 1);
	check_space(mm);
	check_space(child);
	check_swap(si);
}

TEST(a_page_that_cannot_be_written_stays)
{
	struct swap_info_struct *si = take_swap(50, 0);
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 8 << PAGE_SHIFT, RW);
	for (u32 i = 0; i < 8; i++)
		poke(AT + (i << PAGE_SHIFT), i + 1);
	swap_disk_of(si)->fail_writes = true;
	leave(0);
	for (int i = 0; i < 5; i++)
		balance_pgdat();
	swap_disk_of(si)->fail_writes = false;
	unhog();
	for (u32 i = 0; i < 8; i++)
		CHECK_EQ(peek(AT + (i << PAGE_SHIFT)), i + 1);
	CHECK_EQ(vm_events(PSWPIN), 0);
	check_space(mm);
}

TEST_NO_SWEEP(swappiness_0_leaves_programs_alone_while_there_are_files)
{
	struct file *f = take_numbers(3000);
	struct mm_struct *mm = take_mm();
	unsigned long before = vm_events(PSWPOUT);

	take_swap(100, 0);
	take_area(mm, AT, 50 << PAGE_SHIFT, RW);
	for (u32 i = 0; i < 50; i++)
		poke(AT + (i << PAGE_SHIFT), i + 1);
	vm_swappiness = 0;
	leave(400);
	for (unsigned long i = 0; i < 3000; i++)
		read_number(f, i);
	vm_swappiness = 60;
	unhog();
	CHECK_EQ(vm_events(PSWPOUT), before);
	CHECK_EQ(get_mm_rss(mm), 50);
}

/* ---- advice ---- */

TEST(pageout_sends_pages_away_and_cold_ones_are_inactive)
{
	struct swap_info_struct *si = take_swap(50, 0);
	struct file *f = take_disk_file(8);
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 40 << PAGE_SHIFT, RW);
	take_file_area(mm, f, 2 * AT, 8 << PAGE_SHIFT, RW, MAP_PRIVATE, 0);
	for (u32 i = 0; i < 40; i++)
		poke(AT + (i << PAGE_SHIFT), i + 1);
	for (u32 i = 0; i < 8; i++)
		peek(2 * AT + (i << PAGE_SHIFT));
	CHECK_EQ(global_node_page_state(NR_ACTIVE_ANON), 40);
	SPACE_OK(mm_madvise(mm, AT, 8 << PAGE_SHIFT, MADV_COLD));
	CHECK_EQ(global_node_page_state(NR_ACTIVE_ANON), 32);
	CHECK_EQ(get_mm_rss(mm), 48);
	SPACE_OK(mm_madvise(mm, AT, 36 << PAGE_SHIFT, MADV_PAGEOUT));
	SPACE_OK(mm_madvise(mm, 2 * AT, 5 << PAGE_SHIFT, MADV_PAGEOUT));
	lru_validate_frames();
	CHECK_EQ(get_mm_rss(mm), 4 + 3);
	CHECK_EQ(si->inuse, 36);
	for (u32 i = 0; i < 40; i++)
		CHECK_EQ(peek(AT + (i << PAGE_SHIFT)), i + 1);
	for (u32 i = 0; i < 8; i++)
		CHECK_EQ(peek(2 * AT + (i << PAGE_SHIFT)),
			 *(u32 *)(disk.data + (i << PAGE_SHIFT)));
	check_space(mm);
}

TEST(memory_given_up_after_it_came_back_does_not_return_as_it_was_before)
{
	struct swap_info_struct *si = take_swap(50, 0);
	struct mm_struct *mm = take_mm();
	u32 word;

	take_area(mm, AT, 4 << PAGE_SHIFT, RW);
	poke(AT, 1);
	SPACE_OK(mm_madvise(mm, AT, PAGE_SIZE, MADV_PAGEOUT));
	CHECK_EQ(peek(AT), 1); /* in the swap cache, and clean */
	poke(AT, 2);
	SPACE_OK(mm_madvise(mm, AT, PAGE_SIZE, MADV_FREE));
	SPACE_OK(mm_madvise(mm, AT, PAGE_SIZE, MADV_PAGEOUT));
	word = peek(AT);
	CHECK(word == 0 || word == 2);
	check_space(mm);
	check_swap(si);
}

/* ---- drop_caches ---- */

TEST_NO_SWEEP(drop_caches_takes_what_is_clean_and_not_mapped)
{
	struct file *f = take_disk_file(DISK_PAGES);
	struct mm_struct *mm = take_mm();
	struct file *ram = take_file(4);
	struct page *page;

	take_file_area(mm, ram, 2 * AT, 4 << PAGE_SHIFT, RW, MAP_SHARED, 0);
	poke(2 * AT, 1);
	take_file_area(mm, f, AT, 2 << PAGE_SHIFT, PROT_READ, MAP_SHARED, 0);
	read_pages(f, 0, DISK_PAGES);
	peek(AT);
	page = find_get_page(f->f_mapping, 20);
	put_page(page);
	set_page_flags(page, PG_dirty);
	drop_pagecache();
	CHECK(find_get_page(f->f_mapping, 20) == page);
	put_page(page);
	CHECK_OP(f->f_mapping->nrpages, <=, 3); /* of the area, and the dirty */
	CHECK_EQ(ram->f_mapping->nrpages, 1);
	clear_page_flags(page, PG_dirty);
	vm_munmap(mm, AT, 2 << PAGE_SHIFT);
	drop_pagecache();
	CHECK_EQ(f->f_mapping->nrpages, 0);
	CHECK_EQ(ram->f_mapping->nrpages, 1);
	read_pages(f, 0, DISK_PAGES);
}

/* ---- random programs in a memory that is too small ---- */

#define SPACES 3
#define STEPS 3000
#define MAPPED 24ul /* pages of each area, of the file's first ones */
#define PRIVATE (2 * AT)
#define ANON (3 * AT)
#define ANON_PAGES 20ul

static struct mm_struct *spaces[SPACES];
/* What a space wrote into a page, or 0. */
static u8 private_word[SPACES][MAPPED], anon_word[SPACES][ANON_PAGES];

static void check_word(unsigned int i, unsigned long page)
{
	u32 word = peek(PRIVATE + (page << PAGE_SHIFT));
	u32 file = *(u32 *)(disk.data + (page << PAGE_SHIFT));

	CHECK_EQ(word, private_word[i][page] ? private_word[i][page] : file);
}

static void one_access(struct file *f)
{
	unsigned int i = (unsigned int)rnd(SPACES);
	unsigned long page = rnd(MAPPED), at = page << PAGE_SHIFT;

	sim_load_mm(spaces[i]);
	switch (rnd(8)) {
	case 0:
		private_word[i][page] = (u8)(1 + rnd(255));
		poke(PRIVATE + (page << PAGE_SHIFT), private_word[i][page]);
		break;
	case 1:
		check_word(i, page);
		break;
	case 2:
		page %= ANON_PAGES;
		anon_word[i][page] = (u8)(1 + rnd(255));
		poke(ANON + (page << PAGE_SHIFT), anon_word[i][page]);
		break;
	case 3:
		page %= ANON_PAGES;
		CHECK_EQ(peek(ANON + (page << PAGE_SHIFT)), anon_word[i][page]);
		break;
	case 4:
		read_pages(f, rnd(DISK_PAGES), 1);
		break;
	case 5:
		read_pages(f, 0, DISK_PAGES);
		break;
	case 6:
		if (!rnd(10))
			drop_pagecache();
		else
			balance_pgdat();
		break;
	default:
		CHECK_EQ(peek(AT + at), *(u32 *)(disk.data + at));
	}
}

static void run_programs(bool slow)
{
	struct file *f = take_disk_file(DISK_PAGES);
	struct swap_info_struct *si = take_swap(300, 0);

	memset(private_word, 0, sizeof(private_word));
	memset(anon_word, 0, sizeof(anon_word));
	for (int i = 0; i < SPACES; i++) {
		spaces[i] = take_mm();
		take_file_area(spaces[i], f, AT, MAPPED << PAGE_SHIFT,
			       PROT_READ, MAP_SHARED, 0);
		take_file_area(spaces[i], f, PRIVATE, MAPPED << PAGE_SHIFT, RW,
			       MAP_PRIVATE, 0);
		take_area(spaces[i], ANON, ANON_PAGES << PAGE_SHIFT, RW);
		for (unsigned long a = AT; a <= ANON; a += AT)
			peek(a); /* page tables */
	}
	swap_disk_of(si)->slow = disk.at_once = slow;
	leave(40);
	for (int step = 0; step < STEPS; step++) {
		one_access(f);
		if (step % 100 == 0) {
			mm_validate();
			lru_validate_frames();
			for (int i = 0; i < SPACES; i++)
				check_space(spaces[i]);
			check_swap(si);
		}
	}
	CHECK_OP(disk.reads, >, 10 * DISK_PAGES);
	CHECK_OP(vm_events(PSWPIN), >, 100);
	unhog();
}

TEST_NO_SWEEP(programs_in_a_small_memory_read_what_they_should)
{
	run_programs(false);
}

TEST_NO_SWEEP(programs_with_a_slow_disk_read_what_they_should)
{
	run_programs(true);
}
