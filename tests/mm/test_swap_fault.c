/* SPDX-License-Identifier: MIT */
/* Pages that come back at a fault: mm/swap_fault.c, page_io.c, swapoff.c. */
#include "../../mm/lru.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../swap.h"
#include <ashlar/mmzone.h>
#include <ashlar/pagemap.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

static struct mm_struct *filled(unsigned long pages)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(pages), RW);
	for (u32 i = 0; i < pages; i++)
		poke(AT + PAGES(i), i + 1);
	return mm;
}

static void away(struct mm_struct *mm, unsigned long page)
{
	if (!swap_away(mm, AT + PAGES(page)))
		needed(__FILE__, __LINE__, "swap_away");
}

static struct page *page_at(struct mm_struct *mm, unsigned long addr)
{
	pte_t *pte = pte_lookup(mm, addr);

	CHECK(pte && pte_present(*pte));
	return pte_page(*pte);
}

static bool writable_at(struct mm_struct *mm, unsigned long addr)
{
	pte_t *pte = pte_lookup(mm, addr);

	return pte && pte_present(*pte) && pte_write(*pte);
}

/* ---- there and back ---- */

TEST(a_page_comes_back_as_it_went)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(3);

	sysctl_page_cluster = 0;
	away(mm, 1);
	CHECK_EQ(mm->rss_anon, 2);
	CHECK_EQ(mm->swap_ents, 1);
	CHECK_EQ(swap_disk_of(si)->writes, 1);
	CHECK_EQ(global_node_page_state(NR_SWAPCACHE), 0);
	check_space(mm);
	CHECK_EQ(peek(AT + PAGES(1)), 2);
	CHECK_EQ(swap_disk_of(si)->reads, 1);
	CHECK_EQ(mm->rss_anon, 3);
	CHECK_EQ(mm->swap_ents, 0);
	CHECK(writable_at(mm, AT + PAGES(1)));
	check_space(mm);
	check_swap(si);
	sysctl_page_cluster = 3;
	give_mm(mm);
	give_swap(si);
}

/* A page that was only read goes out again without a transfer. */
TEST(a_clean_page_keeps_its_copy)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(1);
	swp_entry_t slot;

	away(mm, 0);
	slot = slot_at(mm, AT);
	CHECK_EQ(peek(AT), 1);
	CHECK_EQ(si->inuse, 1);
	away(mm, 0);
	CHECK_EQ(slot_at(mm, AT).val, slot.val);
	CHECK_EQ(swap_disk_of(si)->writes, 1);
	poke(AT, 5);
	away(mm, 0);
	CHECK_EQ(swap_disk_of(si)->writes, 2);
	CHECK_EQ(peek(AT), 5);
	give_mm(mm);
	give_swap(si);
}

/* The access that faulted is a use until a few more pages have come back. */
TEST(a_use_that_faulted_is_forgotten_and_a_later_one_is_not)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(SWAPPED_IN + 1);

	sysctl_page_cluster = 0;
	for (unsigned long i = 0; i <= SWAPPED_IN; i++)
		away(mm, i);
	for (u32 i = 0; i <= SWAPPED_IN; i++) {
		CHECK_EQ(peek(AT + PAGES(i)), i + 1);
		CHECK(pte_young(*pte_lookup(mm, AT)) == (i < SWAPPED_IN));
	}
	CHECK(pte_young(*pte_lookup(mm, AT + PAGES(1))));
	CHECK_EQ(peek(AT), 1);
	CHECK(pte_young(*pte_lookup(mm, AT)));
	sysctl_page_cluster = 3;
	give_mm(mm);
	give_swap(si);
}

TEST(slots_are_given_up_when_half_are_in_use)
{
	struct swap_info_struct *si = take_swap(4, 0);
	struct mm_struct *mm = filled(3);

	for (unsigned long i = 0; i < 3; i++)
		away(mm, i);
	CHECK_EQ(peek(AT), 1);
	CHECK_EQ(si->inuse, 2);
	CHECK(!PageSwapCache(page_at(mm, AT)));
	away(mm, 0); /* so it is written again */
	CHECK_EQ(swap_disk_of(si)->writes, 4);
	CHECK_EQ(peek(AT), 1);
	give_mm(mm);
	give_swap(si);
}

TEST(a_full_area_takes_no_more)
{
	struct swap_info_struct *si = take_swap(2, 0);
	struct mm_struct *mm = filled(3);

	away(mm, 0);
	away(mm, 1);
	CHECK(!swap_out(mm, AT + PAGES(2)));
	CHECK_EQ(mm->rss_anon, 1);
	CHECK_EQ(peek(AT + PAGES(2)), 3);
	check_space(mm);
	give_mm(mm);
	give_swap(si);
}

/* ---- who shares it ---- */

TEST(shared_pages_are_read_once_and_stay_shared)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(1), *child = take_fork(mm);
	swp_entry_t slot;

	away(mm, 0);
	slot = slot_at(child, AT);
	CHECK_EQ(swp_swapcount(slot), 2);
	CHECK_EQ(peek(AT), 1);
	CHECK(!writable_at(mm, AT));
	CHECK_EQ(swp_swapcount(slot), 1);
	sim_load_mm(child);
	CHECK_EQ(peek(AT), 1);
	CHECK(page_at(mm, AT) == page_at(child, AT));
	CHECK_EQ(swap_disk_of(si)->reads, 1);
	poke(AT, 7);
	CHECK(page_at(mm, AT) != page_at(child, AT));
	sim_load_mm(mm);
	CHECK_EQ(peek(AT), 1);
	poke(AT, 8); /* it is the only one now, and is not copied */
	CHECK_EQ(mm->rss_anon, 1);
	sim_load_mm(child);
	CHECK_EQ(peek(AT), 7);
	check_space(mm);
	check_space(child);
	check_swap(si);
	give_mm(child);
	give_mm(mm);
	give_swap(si);
}

/* A write through an entry whose page was shared leaves the other's alone. */
TEST(a_write_fault_copies_what_another_slot_owner_has)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(1), *child = take_fork(mm);

	away(mm, 0);
	poke(AT, 9);
	sim_load_mm(child);
	CHECK_EQ(peek(AT), 1);
	poke(AT, 3);
	sim_load_mm(mm);
	CHECK_EQ(peek(AT), 9);
	check_space(mm);
	check_space(child);
	give_mm(child);
	CHECK_EQ(si->inuse, PageSwapCache(page_at(mm, AT)));
	give_mm(mm);
	give_swap(si);
}

TEST(a_fork_while_it_is_out_shares_it)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(2), *child;

	away(mm, 0);
	child = take_fork(mm);
	CHECK_EQ(peek(AT), 1);
	CHECK(!writable_at(mm, AT));
	poke(AT, 6);
	sim_load_mm(child);
	CHECK_EQ(peek(AT), 1);
	give_mm(child);
	give_mm(mm);
	give_swap(si);
}

/* ---- others who need it ---- */

TEST(the_kernel_gets_it_back)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(2);
	u32 word = 0;

	away(mm, 0);
	away(mm, 1);
	if (access_process_vm(mm, AT, &word, 4, false) != 4)
		needed(__FILE__, __LINE__, "access_process_vm");
	CHECK_EQ(word, 1);
	SPACE_OK(mm_mlock(mm, AT, PAGES(2), VM_LOCKED));
	CHECK_EQ(mm->rss_anon, 2);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 2);
	CHECK_EQ(si->inuse, 1); /* that came back before */
	CHECK(!swap_out(mm, AT)); /* it is locked */
	CHECK_EQ(peek(AT + PAGES(1)), 2);
	give_mm(mm);
	give_swap(si);
}

TEST(it_moves_and_changes_rights_while_it_is_out)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(4);

	for (unsigned long i = 0; i < 4; i++)
		away(mm, i);
	SPACE_OK(mm_mremap(mm, AT, PAGES(4), PAGES(4),
			   MREMAP_MAYMOVE | MREMAP_FIXED, 2 * AT));
	SPACE_OK(mm_mprotect(mm, 2 * AT, PAGES(2), PROT_READ));
	CHECK_EQ(peek(2 * AT), 1);
	CHECK_EQ(try_write(2 * AT + PAGES(1)), SIM_ACCERR);
	CHECK_EQ(peek(2 * AT + PAGES(1)), 2);
	poke(2 * AT + PAGES(2), 9);
	CHECK_EQ(peek(2 * AT + PAGES(3)), 4);
	check_space(mm);
	give_mm(mm);
	give_swap(si);
}

/* ---- disks that fail, or take their time ---- */

TEST(what_cannot_be_read_is_a_bus_error)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(2);

	away(mm, 0);
	swap_disk_of(si)->fail_reads = true;
	CHECK_EQ(try_read(AT), SIM_BUS);
	CHECK_EQ(try_write(AT), SIM_BUS);
	CHECK_EQ(mm->swap_ents, 1);
	swap_disk_of(si)->fail_reads = false;
	CHECK(swap_drop(slot_at(mm, AT)));
	CHECK_EQ(peek(AT), 1);
	give_mm(mm);
	give_swap(si);
}

TEST(what_cannot_be_written_stays)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(2);

	swap_disk_of(si)->fail_writes = true;
	if (!swap_out(mm, AT))
		needed(__FILE__, __LINE__, "swap_out");
	CHECK(!swap_drop(slot_at(mm, AT)));
	CHECK_EQ(peek(AT), 1);
	swap_disk_of(si)->fail_writes = false;
	away(mm, 0);
	CHECK_EQ(peek(AT), 1);
	CHECK_EQ(swap_disk_of(si)->reads, 1);
	give_mm(mm);
	give_swap(si);
}

TEST(a_fault_waits_for_a_slow_disk)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(3);

	swap_disk_of(si)->slow = true;
	if (!swap_out(mm, AT) || !swap_out(mm, AT + PAGES(1)))
		needed(__FILE__, __LINE__, "swap_out");
	CHECK(!swap_drop(slot_at(mm, AT))); /* it is being written */
	poke(AT, 4); /* back from the cache, at once */
	CHECK_EQ(swap_disk_of(si)->reads, 0);
	lock_page(page_at(mm, AT));
	wait_on_page_writeback(page_at(mm, AT));
	unlock_page(page_at(mm, AT));
	if (!swap_out(mm, AT))
		needed(__FILE__, __LINE__, "swap_out");
	while (!swap_drop(slot_at(mm, AT)) ||
	       !swap_drop(slot_at(mm, AT + PAGES(1))))
		sim.on_wait(NULL);
	CHECK_EQ(peek(AT), 4);
	CHECK_EQ(peek(AT + PAGES(1)), 2);
	give_mm(mm);
	while (swap_disk_of(si)->queued)
		sim.on_wait(NULL);
	CHECK_EQ(swapoff(si), 0);
}

/* ---- readahead ---- */

TEST(neighbours_are_read_along)
{
	struct swap_info_struct *si = take_swap(40, 0);
	struct mm_struct *mm = filled(16);
	unsigned long i;

	for (i = 0; i < 16; i++)
		away(mm, i);
	for (i = 0; i < 16; i++)
		CHECK_EQ(peek(AT + PAGES(i)), i + 1);
	CHECK_EQ(swap_disk_of(si)->reads, 16);
	CHECK_EQ(mm->rss_anon, 16);
	check_space(mm);
	check_swap(si);
	give_mm(mm);
	give_swap(si);
}

TEST_NO_SWEEP(what_will_be_needed_is_read_before)
{
	struct swap_info_struct *si = take_swap(60, 0);
	struct mm_struct *mm = filled(40);
	unsigned long i;

	for (i = 0; i < 40; i += 2)
		away(mm, i);
	CHECK_EQ(swap_disk_of(si)->reads, 0);
	CHECK_EQ(mm_madvise(mm, AT, PAGES(40), MADV_WILLNEED), 0);
	CHECK_EQ(swap_disk_of(si)->reads, 20);
	for (i = 0; i < 40; i++)
		CHECK_EQ(peek(AT + PAGES(i)), i + 1);
	CHECK_EQ(swap_disk_of(si)->reads, 20);
	check_space(mm);
	check_swap(si);
	give_mm(mm);
	give_swap(si);
}

/* ---- swapoff ---- */

TEST(everything_comes_back_at_swapoff)
{
	struct swap_info_struct *si = take_swap(40, 0);
	struct mm_struct *mm = filled(12), *child;
	unsigned long i;
	long err;

	for (i = 0; i < 4; i++)
		away(mm, i);
	child = take_fork(mm);
	for (i = 2; i < 8; i++)
		swap_away(mm, AT + PAGES(i));
	if (!swap_out(mm, AT + PAGES(9)))
		needed(__FILE__, __LINE__, "swap_out");
	err = swapoff(si);
	if (err == -ENOMEM)
		needed(__FILE__, __LINE__, "swapoff");
	CHECK_EQ(err, 0);
	CHECK_EQ(mm->swap_ents + child->swap_ents, 0);
	CHECK_EQ(global_node_page_state(NR_SWAPCACHE), 0);
	CHECK_EQ(total_swap_pages, 0);
	for (i = 0; i < 12; i++)
		CHECK_EQ(peek(AT + PAGES(i)), i + 1);
	sim_load_mm(child);
	for (i = 0; i < 12; i++)
		CHECK_EQ(peek(AT + PAGES(i)), i + 1);
	check_space(mm);
	check_space(child);
}

static unsigned int asked;

static bool after_two(void)
{
	return ++asked > 2;
}

TEST_NO_SWEEP(a_swapoff_that_fails_changes_nothing)
{
	struct swap_info_struct *si = take_swap(40, 0);
	struct mm_struct *mm = filled(6);
	unsigned long i;

	for (i = 0; i < 6; i++)
		away(mm, i);
	swap_disk_of(si)->fail_reads = true;
	CHECK_EQ(swapoff(si), -EIO);
	swap_disk_of(si)->fail_reads = false;
	for (i = 0; i < 6; i++)
		swap_drop(slot_at(mm, AT + PAGES(i)));
	asked = 0;
	CHECK_EQ(mm_swapoff(si, after_two), -EINTR);
	CHECK_EQ(mm->swap_ents, 4);
	CHECK_EQ(total_swap_pages, 40);
	away(mm, 0);
	for (i = 0; i < 6; i++)
		CHECK_EQ(peek(AT + PAGES(i)), i + 1);
	give_mm(mm);
	give_swap(si);
}

/* ---- random programs ---- */

#define AREA 48ul /* pages of a program */
#define ROOM 24ul /* of all programs together in memory */
#define PROGRAMS 3
#define STEPS 6000

/* What each page of a program reads as; 0 where nothing is mapped. */
static struct program {
	struct mm_struct *mm;
	bool mapped[AREA], readonly[AREA];
	u32 word[AREA];
} programs[PROGRAMS];

static unsigned long resident(void)
{
	unsigned long n = 0;

	for (int i = 0; i < PROGRAMS; i++)
		n += programs[i].mm ? programs[i].mm->rss_anon : 0;
	return n;
}

static struct program *some_program(void)
{
	struct program *p;

	do
		p = &programs[rnd(PROGRAMS)];
	while (!p->mm);
	return p;
}

/* As reclaim would, until no more is in memory than there is room for. */
static void make_room(void)
{
	struct program *p;
	unsigned long at;

	for (int tries = 0; resident() > ROOM && tries < 500; tries++) {
		p = some_program();
		at = AT + PAGES(rnd(AREA));
		if (swap_out(p->mm, at) && rnd(4))
			swap_drop(slot_at(p->mm, at));
	}
}

static void fork_one(struct program *p)
{
	struct program *q = programs;

	while (q < programs + PROGRAMS && q->mm)
		q++;
	if (q == programs + PROGRAMS) {
		q = some_program();
		if (q == p)
			return;
		if (sim_loaded_mm() == q->mm)
			sim_load_mm(p->mm);
		give_mm(q->mm);
		q->mm = NULL;
		return;
	}
	*q = *p;
	q->mm = take_fork(p->mm);
}

static void set_range(struct program *p, unsigned long first, unsigned long nr,
		      bool mapped, bool readonly, bool zero)
{
	for (; nr; nr--, first++) {
		p->mapped[first] = mapped;
		p->readonly[first] = readonly;
		if (zero)
			p->word[first] = 0;
	}
}

static void change_one(struct program *p)
{
	unsigned long first = rnd(AREA), nr = 1 + rnd(min(AREA - first, 8ul));
	unsigned long at = AT + PAGES(first), len = PAGES(nr);
	bool all = true;

	for (unsigned long i = first; i < first + nr; i++)
		all = all && p->mapped[i];
	switch (rnd(5)) {
	case 0:
		SPACE_OK(vm_munmap(p->mm, at, len));
		set_range(p, first, nr, false, false, true);
		break;
	case 1:
		take_area(p->mm, at, len, RW);
		set_range(p, first, nr, true, false, true);
		break;
	case 2:
		if (!all)
			break;
		SPACE_OK(mm_mprotect(p->mm, at, len, PROT_READ));
		set_range(p, first, nr, true, true, false);
		break;
	case 3:
		if (!all)
			break;
		SPACE_OK(mm_mprotect(p->mm, at, len, RW));
		set_range(p, first, nr, true, false, false);
		break;
	default:
		if (!all)
			break;
		if (mm_mremap(p->mm, at, len, len,
			      MREMAP_MAYMOVE | MREMAP_FIXED, 3 * AT) != 3 * AT)
			break; /* of more than one area */
		SPACE_OK(mm_mremap(p->mm, 3 * AT, len, len,
				   MREMAP_MAYMOVE | MREMAP_FIXED, at));
	}
}

static void use_one(struct program *p)
{
	unsigned long page = rnd(AREA), at = AT + PAGES(page);
	u32 word = (u32)rnd(1000000) + 1;

	sim_load_mm(p->mm);
	if (!p->mapped[page]) {
		CHECK_EQ(try_read(at), SIM_MAPERR);
	} else if (rnd(2)) {
		CHECK_EQ(peek(at), p->word[page]);
	} else if (p->readonly[page]) {
		CHECK_EQ(try_write(at), SIM_ACCERR);
	} else {
		poke(at, word);
		p->word[page] = word;
	}
}

static void check_all(struct swap_info_struct *si)
{
	struct program *p;

	for (p = programs; p < programs + PROGRAMS; p++) {
		if (!p->mm)
			continue;
		check_space(p->mm);
		for (unsigned long i = 0; i < AREA; i++) {
			sim_load_mm(p->mm);
			if (p->mapped[i])
				CHECK_EQ(peek(AT + PAGES(i)), p->word[i]);
			make_room();
		}
	}
	if (si)
		check_swap(si);
}

static void run_programs(bool slow)
{
	struct swap_info_struct *si = take_swap(3 * AREA, 0);
	unsigned long swapped = 0;

	for (int i = 0; i < PROGRAMS; i++)
		programs[i].mm = NULL;
	programs[0] = (struct program){ .mm = take_mm() };
	swap_disk_of(si)->slow = slow;
	for (int step = 0; step < STEPS; step++) {
		struct program *p = some_program();

		if (!rnd(60))
			fork_one(p);
		else if (!rnd(6))
			change_one(p);
		else
			use_one(p);
		make_room();
		swapped += si->inuse;
		if (step % 300 == 0)
			check_all(si);
		if (step % 1500 == 1499) {
			while (swap_disk_of(si)->queued)
				sim.on_wait(NULL);
			CHECK_EQ(swapoff(si), 0);
			check_all(NULL);
			si = take_swap(3 * AREA, 0);
			swap_disk_of(si)->slow = slow;
		}
	}
	CHECK_OP(swapped, >, STEPS);
	for (int i = 0; i < PROGRAMS; i++)
		if (programs[i].mm)
			give_mm(programs[i].mm);
	while (swap_disk_of(si)->queued)
		sim.on_wait(NULL);
	CHECK_EQ(swapoff(si), 0);
}

TEST_NO_SWEEP(programs_larger_than_memory_lose_nothing)
{
	run_programs(false);
}

TEST_NO_SWEEP(nor_do_they_with_a_slow_disk)
{
	run_programs(true);
}

/* Each slot by itself on the device, the last one first: all are found. */
TEST(slots_lie_anywhere)
{
	struct swap_disk *d = take_swap_disk(60);
	struct swap_info_struct *si;
	struct mm_struct *mm;
	u32 i;

	d->apart = true;
	si = swapon(d, 0);
	if (si == ERR_PTR(-ENOMEM))
		needed(__FILE__, __LINE__, "swapon");
	CHECK_EQ(si->nr_extents, 59);
	CHECK_EQ(swap_span(si), 59);
	mm = filled(20);
	for (i = 0; i < 20; i++)
		away(mm, i * 7 % 20);
	for (i = 0; i < 20; i++)
		CHECK_EQ(peek(AT + PAGES(i)), i + 1);
	give_mm(mm);
	give_swap(si);
}

/* What comes back after many others went is on trial, and inactive. */
TEST_NO_SWEEP(a_page_that_comes_back_soon_is_active)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = filled(3);

	CHECK(page_at(mm, AT + PAGES(1))->pflags & PG_active);
	away(mm, 1);
	CHECK_EQ(peek(AT + PAGES(1)), 2);
	CHECK(page_at(mm, AT + PAGES(1))->pflags & PG_active);
	away(mm, 1);
	lru_age(totalram_pages() + (1ul << SWAP_AGE_SHIFT));
	CHECK_EQ(peek(AT + PAGES(1)), 2);
	CHECK(!(page_at(mm, AT + PAGES(1))->pflags & PG_active));
	CHECK_EQ(global_node_page_state(WORKINGSET_REFAULT_ANON), 2);
	CHECK_EQ(global_node_page_state(WORKINGSET_ACTIVATE_ANON), 1);
	give_mm(mm);
	give_swap(si);
}
