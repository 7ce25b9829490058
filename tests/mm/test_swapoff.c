/* SPDX-License-Identifier: MIT */
/* Pages that reclaim sends to swap areas (mm/pageout.c), and swapoff. */
#include "../../mm/internal.h"
#include "../../mm/pgtable.h"
#include "../swap.h"
#include <ashlar/pagemap.h>
#include <ashlar/shrinker.h>
#include <ashlar/swap.h>

#define AT 0x10000000ul
#define SHARED 0x20000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

/* ---- memory that is short ---- */

static struct page *hogs; /* linked through ->priv */

static void unhog(unsigned int nr)
{
	struct page *page;

	for (; nr && hogs; nr--) {
		page = hogs;
		hogs = (struct page *)page->priv;
		page->priv = 0;
		__free_page(page);
	}
}

/* Nothing is left above the min watermarks but @nr frames. */
static void leave(unsigned int nr)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN | __GFP_HIGHMEM |
			  __GFP_MOVABLE;
	struct page *page;

	sim.refuse_ram = true;
	while (shrink_slab(GFP_KERNEL, 0))
		;
	while ((page = alloc_page(gfp))) {
		page->priv = (unsigned long)hogs;
		hogs = page;
	}
	unhog(nr);
}

static void leave_all(void)
{
	unhog(~0u);
	sim.refuse_ram = false;
}

TEST_NO_SWEEP(a_swapoff_without_room_is_refused)
{
	struct swap_info_struct *si = take_swap(60, 0);
	struct mm_struct *mm = take_mm();
	unsigned long i, inuse;

	take_area(mm, AT, PAGES(60), RW);
	peek(AT);
	leave(20);
	for (i = 0; i < 60; i++)
		poke(AT + PAGES(i), (u32)i);
	inuse = si->inuse;
	CHECK_OP(inuse, >, 30);
	CHECK_EQ(swapoff(si), -ENOMEM);
	/* What there was room for, and what caches gave, may have come in. */
	CHECK_OP(si->inuse, >=, inuse - 24);
	CHECK_EQ(total_swap_pages, 60);
	for (i = 0; i < 60; i++)
		CHECK_EQ(peek(AT + PAGES(i)), i);
	leave_all();
	CHECK_EQ(swapoff(si), 0);
	CHECK_EQ(mm->rss_anon, 60);
}

#define PROGRAMS 3
#define AREA 40ul
#define ROOM 40u /* frames: a quarter of what the programs use */
#define STEPS 12000

static struct mm_struct *mms[PROGRAMS];
static u32 words[PROGRAMS][AREA], shared_words[AREA];

static void use_one(void)
{
	unsigned long i = rnd(PROGRAMS), page = rnd(AREA);
	bool shared = !rnd(4);
	unsigned long at = (shared ? SHARED : AT) + PAGES(page);
	u32 *word = shared ? &shared_words[page] : &words[i][page];

	sim_load_mm(mms[i]);
	if (rnd(2)) {
		CHECK_EQ(peek(at), *word);
		return;
	}
	*word = (u32)rnd(1u << 30);
	poke(at, *word);
}

/* A program ends, and another's child takes its place. */
static void fork_one(void)
{
	unsigned long from = rnd(PROGRAMS), to = rnd(PROGRAMS);

	if (from == to)
		return;
	sim_load_mm(mms[from]);
	give_mm(mms[to]);
	mms[to] = take_fork(mms[from]);
	for (unsigned long i = 0; i < AREA; i++)
		words[to][i] = words[from][i];
}

static void drop_one(struct file *file)
{
	unsigned long i = rnd(PROGRAMS), page = rnd(AREA);

	if (rnd(2)) {
		SPACE_OK(mm_madvise(mms[i], AT + PAGES(page), PAGES(1),
				    MADV_DONTNEED));
		words[i][page] = 0;
	} else {
		CHECK_EQ(shmem_fallocate(file->f_mapping,
					 FALLOC_FL_PUNCH_HOLE |
						 FALLOC_FL_KEEP_SIZE,
					 (loff_t)PAGES(page), PAGE_SIZE),
			 0);
		shared_words[page] = 0;
	}
}

static void run(bool slow)
{
	struct swap_info_struct *si = take_swap(8 * AREA, 0);
	struct file *file = take_file(AREA);

	for (unsigned long i = 0; i < AREA; i++) {
		shared_words[i] = 0;
		for (int p = 0; p < PROGRAMS; p++)
			words[p][i] = 0;
	}
	for (int p = 0; p < PROGRAMS; p++) {
		mms[p] = take_mm();
		take_area(mms[p], AT, PAGES(AREA), RW);
		take_file_area(mms[p], file, SHARED, PAGES(AREA), RW,
			       MAP_SHARED, 0);
		peek(AT);
		peek(SHARED);
	}
	swap_disk_of(si)->slow = slow;
	leave(ROOM);
	for (int i = 0; i < STEPS; i++) {
		if (!rnd(300))
			fork_one();
		else if (!rnd(40))
			drop_one(file);
		else if (!rnd(100))
			balance_pgdat();
		else
			use_one();
		if (i % 1000 == 0) {
			for (int p = 0; p < PROGRAMS; p++)
				check_space(mms[p]);
			check_swap(si);
		}
	}
	CHECK_OP(swap_disk_of(si)->reads, >, STEPS / 20);
	leave_all();
	while (swap_disk_of(si)->queued)
		sim.on_wait(NULL);
	CHECK_EQ(swapoff(si), 0);
	CHECK_EQ(file->f_mapping->nrswapped, 0);
	for (unsigned long i = 0; i < AREA; i++)
		for (int p = 0; p < PROGRAMS; p++) {
			sim_load_mm(mms[p]);
			CHECK_EQ(peek(AT + PAGES(i)), words[p][i]);
			CHECK_EQ(peek(SHARED + PAGES(i)), shared_words[i]);
		}
}

TEST_NO_SWEEP(programs_four_times_as_large_as_memory_lose_nothing)
{
	run(false);
}

TEST_NO_SWEEP(programs_lose_nothing_while_the_disk_is_slow)
{
	run(true);
}
