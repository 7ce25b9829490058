/* SPDX-License-Identifier: MIT */
/* The space that goes when memory is used up: mm/oom_kill.c. */
#include "../../mm/internal.h"
#include "../space.h"
#include <ashlar/oom.h>
#include <ashlar/string.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)

static struct mm_struct *killed, *first;
static unsigned int kills;
static bool about_to_end;

static void kill(struct mm_struct *mm, const char *message)
{
	CHECK_EQ(strlen(message) > strlen("Out of memory"),
		 sysctl_oom_kill_allocating_task);
	killed = mm;
	kills++;
}

static unsigned int reports, reaps;

static void invoked(gfp_t gfp, unsigned int order)
{
	CHECK_EQ(gfp & ~__GFP_NOWARN, GFP_HIGHUSER);
	CHECK_EQ(order, 0);
	reports++;
}

static void report(struct mm_struct *victim, bool tasks)
{
	CHECK(tasks);
	CHECK(!victim || !victim->oom_reaped);
}

static void reaped(struct mm_struct *mm)
{
	CHECK(mm == killed && !mm->rss_anon);
	reaps++;
}

static bool dying(void)
{
	return about_to_end;
}

static bool spared(struct mm_struct *mm)
{
	return mm == first;
}

static struct mm_struct *asking;

static struct mm_struct *running(void)
{
	return asking;
}

static const struct oom_hooks hooks = { kill,  invoked, report, reaped,
					dying, spared,	running };

static struct mm_struct *space_of(unsigned long pages)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, pages << PAGE_SHIFT, RW);
	for (unsigned long i = 0; i < pages; i++)
		poke(AT + (i << PAGE_SHIFT), 1);
	return mm;
}

TEST(points_are_pages_and_tables)
{
	struct mm_struct *mm = space_of(20);

	CHECK_EQ(oom_badness(mm, 10000), 21);
	mm->oom_score_adj = 500;
	CHECK_EQ(oom_badness(mm, 10000), 21 + 5000);
	mm->oom_score_adj = -500;
	CHECK_EQ(oom_badness(mm, 10000), 1);
	mm->oom_score_adj = OOM_SCORE_ADJ_MIN;
	CHECK_EQ(oom_badness(mm, 10000), 0);
}

static void use_up(void)
{
	kills = reports = reaps = 0;
	killed = NULL;
	about_to_end = false;
	sim.refuse_ram = true;
	oom_killer_enable(&hooks);
}

#define MINE 0xdead

/* What hoard_one() took bears a mark. */
static void give_back_hoard(void)
{
	for (unsigned long pfn = 0; pfn < port_ram_pages; pfn++) {
		struct page *page = pfn_to_page(pfn);

		if (page->flags == PG_used && page->priv == MINE)
			__free_page(page);
	}
	page_alloc_oom = NULL;
}

static bool hoard_one(gfp_t gfp)
{
	struct page *page = alloc_pages(gfp | __GFP_NOWARN, 0);

	if (page)
		page->priv = MINE;
	return page;
}

TEST_NO_SWEEP(the_largest_goes)
{
	struct mm_struct *small = space_of(10), *large = space_of(100);

	first = NULL;
	use_up();
	while (!kills)
		CHECK(hoard_one(GFP_HIGHUSER));
	CHECK(killed == large && killed != small);
	CHECK_EQ(kills, 1);
	CHECK_EQ(reports, 1);
	CHECK_EQ(reaps, 1);
	CHECK_EQ(vm_events(OOM_KILL), 1);
	give_back_hoard();
}

TEST_NO_SWEEP(the_spared_is_not_asked)
{
	struct mm_struct *large = space_of(100), *small = space_of(10);

	first = large;
	use_up();
	while (!kills)
		CHECK(hoard_one(GFP_HIGHUSER));
	CHECK(killed == small);
	give_back_hoard();
}

/* vm.oom_kill_allocating_task: unless it is spared. */
TEST_NO_SWEEP(who_asks_goes)
{
	struct mm_struct *small = space_of(10), *large = space_of(100);

	sysctl_oom_kill_allocating_task = 1;
	asking = small;
	first = NULL;
	use_up();
	while (!kills)
		CHECK(hoard_one(GFP_HIGHUSER));
	CHECK(killed == small);
	give_back_hoard();
	first = asking = large;
	small->oom_reaped = true;
	use_up();
	while (hoard_one(GFP_HIGHUSER))
		;
	CHECK_EQ(kills, 0);
	give_back_hoard();
	sysctl_oom_kill_allocating_task = 0;
	asking = NULL;
}

TEST_NO_SWEEP(nobody_left_means_no_memory)
{
	first = space_of(10);
	use_up();
	while (hoard_one(GFP_HIGHUSER))
		;
	CHECK_EQ(kills, 0);
	give_back_hoard();
}

/* A caller that would rather fail is not worth a process. */
TEST_NO_SWEEP(some_requests_kill_nobody)
{
	space_of(10);
	first = NULL;
	use_up();
	while (hoard_one(GFP_HIGHUSER | __GFP_NORETRY))
		;
	CHECK(!alloc_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER - 1));
	CHECK_EQ(kills, 0);
	give_back_hoard();
}

/* Whoever is to end gets the last frames for it. */
TEST_NO_SWEEP(the_dying_have_the_reserve)
{
	unsigned long n = 0;

	first = space_of(10);
	use_up();
	while (hoard_one(GFP_HIGHUSER))
		;
	about_to_end = true;
	while (hoard_one(GFP_HIGHUSER))
		n++;
	CHECK_OP(n, >, 0);
	CHECK_EQ(zones[ZONE_NORMAL].free_pages, 0);
	give_back_hoard();
}
