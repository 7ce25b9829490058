/* SPDX-License-Identifier: MIT */
/*
 * Free memory made whole: mm/compaction.c and kcompactd.c. Memory is filled
 * with pages of programs and given up at random; then large blocks are asked
 * for. A model says what each page of each space holds, and it holds it at any
 * moment, wherever it lies.
 */
#include "../../mm/internal.h"
#include "../../mm/compaction.h"
#include "../../mm/lru.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/compaction.h>
#include <ashlar/fault-inject.h>

#define AT 0x10000000ul
#define LARGEST (MAX_ORDER - 1)
#define RW (PROT_READ | PROT_WRITE)
#define GFP_TRY (GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

static u32 word_of(unsigned long page)
{
	return (u32)(page * 2654435761u) | 1;
}

/* Touch all the memory that a program can have: how many pages. */
static unsigned long fill(struct mm_struct *mm)
{
	unsigned long nr = pages_free(), i;
	u32 word;

	sim.refuse_ram = true;
	take_area(mm, AT, nr * PAGE_SIZE, RW);
	for (i = 0; i < nr; i++) {
		word = word_of(i);
		if (sim_write((u32)(AT + i * PAGE_SIZE), &word, 4) != SIM_OK)
			break;
	}
	return i;
}

static bool there(struct mm_struct *mm, unsigned long i)
{
	pte_t *pte = pte_lookup(mm, AT + i * PAGE_SIZE);

	return pte && pte_present(*pte) && !pte_special(*pte);
}

/* Give pages up at random; one in @keep stays. */
static void make_holes(struct mm_struct *mm, unsigned long nr,
		       unsigned long keep)
{
	for (unsigned long i = 0; i < nr; i++)
		if (rnd(keep))
			zap_page_range(find_vma(mm, AT), AT + i * PAGE_SIZE,
				       AT + (i + 1) * PAGE_SIZE);
}

static void check_all(struct mm_struct *mm, unsigned long nr)
{
	for (unsigned long i = 0; i < nr; i++)
		if (there(mm, i))
			CHECK_EQ(peek(AT + i * PAGE_SIZE), word_of(i));
	check_space(mm);
	mm_validate();
	lru_validate_frames();
}

static unsigned long blocks_of(unsigned int order)
{
	struct contig_page_info info;
	unsigned long n = 0;
	struct zone *z;

	for_each_populated_zone(z) {
		fill_contig_page_info(z, order, &info);
		n += info.free_blocks_suitable;
	}
	return n;
}

/* A block that is not there is made, and a program's data only moves. */
TEST_NO_SWEEP(a_block_of_each_order_is_made)
{
	struct mm_struct *mm = take_mm();
	unsigned long nr = fill(mm), succeeded = vm_events(COMPACTSUCCESS);

	make_holes(mm, nr, 2);
	for (unsigned int order = 1; order < MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_TRY, order);

		CHECK(page);
		__free_pages(page, order);
		check_all(mm, nr);
	}
	CHECK_OP(vm_events(COMPACTSUCCESS), >, succeeded);
	CHECK_OP(vm_events(PGMIGRATE_SUCCESS), >, 0);
}

TEST_NO_SWEEP(many_of_the_largest_blocks_come_of_half_of_memory)
{
	struct page *pages[64], *page;
	struct mm_struct *mm = take_mm();
	unsigned long nr = fill(mm), got = 0, most;

	make_holes(mm, nr, 4);
	most = pages_free() >> LARGEST;
	while (got < 64 &&
	       (page = alloc_pages(GFP_TRY | __GFP_HIGHMEM | __GFP_MOVABLE,
				   LARGEST)))
		pages[got++] = page;
	CHECK_OP(got, >=, min(most * 3 / 5, 64ul));
	check_all(mm, nr);
	while (got)
		__free_pages(pages[--got], LARGEST);
}

TEST_NO_SWEEP(all_there_is_to_gain_on_request)
{
	struct mm_struct *mm = take_mm();
	unsigned long nr = fill(mm), most;

	make_holes(mm, nr, 3);
	most = pages_free() >> LARGEST;
	compact_node();
	CHECK_OP(blocks_of(LARGEST), >=, most * 4 / 5);
	check_all(mm, nr);
	most = vm_events(PGMIGRATE_SUCCESS);
	compact_node();
	CHECK_OP(vm_events(PGMIGRATE_SUCCESS) - most, <, nr / 8);
}

/* A frame that somebody reads or writes is no one's to move. */
TEST_NO_SWEEP(pages_that_are_held_stay_where_they_are)
{
	struct mm_struct *mm = take_mm();
	unsigned long nr = fill(mm), step = 1ul << LARGEST, held = 0;
	struct page **pages = NEED(kmalloc(nr * sizeof(*pages), GFP_KERNEL));

	make_holes(mm, nr, 2);
	for (unsigned long i = 0; i < nr; i++) {
		struct page *page;

		if (!there(mm, i))
			continue;
		page = pte_page(*pte_lookup(mm, AT + i * PAGE_SIZE));
		if (held && page_to_pfn(page) / step ==
				    page_to_pfn(pages[held - 1]) / step)
			continue;
		get_page(page);
		pages[held++] = page;
	}
	CHECK(!alloc_pages(GFP_TRY, LARGEST));
	check_all(mm, nr);
	for (unsigned long i = 0; i < held; i++)
		CHECK_OP(atomic_read(&pages[i]->_refcount), >=, 2);
	while (held)
		put_page(pages[--held]);
	kfree(pages);
}

TEST_NO_SWEEP(after_failures_a_zone_is_left_alone_for_a_while)
{
	struct mm_struct *mm = take_mm();
	unsigned long nr = fill(mm), scanned[2];
	struct page *page;

	make_holes(mm, nr, 2);
	for (unsigned long i = 0; i < nr; i++)
		if (there(mm, i))
			get_page(pte_page(*pte_lookup(mm, AT + i * PAGE_SIZE)));
	for (int round = 0; round < 2; round++) {
		scanned[round] = vm_events(COMPACTMIGRATE_SCANNED);
		for (int i = 0; i < 20; i++)
			CHECK(!alloc_pages(GFP_TRY, LARGEST));
		scanned[round] =
			vm_events(COMPACTMIGRATE_SCANNED) - scanned[round];
	}
	CHECK_OP(scanned[1], <, scanned[0]);
	for (unsigned long i = 0; i < nr; i++)
		if (there(mm, i))
			put_page(pte_page(*pte_lookup(mm, AT + i * PAGE_SIZE)));
	for (int i = 0; i < 200; i++) {
		page = alloc_pages(GFP_TRY, LARGEST);
		if (page)
			break;
	}
	CHECK(page);
	__free_pages(page, LARGEST);
	check_all(mm, nr);
}

/* ---- who may not wait, and who has not asked ---- */

static unsigned int woken;

static void wake(void)
{
	woken++;
}

TEST_NO_SWEEP(who_may_not_wait_has_it_done_for_the_next)
{
	struct mm_struct *mm = take_mm();
	unsigned long nr = fill(mm);
	struct page *page;

	compaction_init(wake);
	make_holes(mm, nr, 2);
	CHECK(!alloc_pages(GFP_NOWAIT | __GFP_NOWARN, LARGEST));
	CHECK_EQ(woken, 1);
	while (kcompactd_work())
		;
	page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, LARGEST);
	CHECK(page);
	__free_pages(page, LARGEST);
	CHECK_OP(vm_events(KCOMPACTD_MIGRATE_SCANNED), >, 0);
	check_all(mm, nr);
	compaction_init(NULL);
}

TEST_NO_SWEEP(memory_in_pieces_is_mended_before_anyone_asks)
{
	struct mm_struct *mm = take_mm();
	unsigned long nr = fill(mm), before;
	int steps = 0;

	make_holes(mm, nr, 2);
	before = blocks_of(LARGEST);
	sysctl_compaction_proactiveness = 0;
	CHECK(!compact_proactively());
	sysctl_compaction_proactiveness = 60;
	while (compact_proactively())
		steps++;
	CHECK_OP(steps, >, 0);
	CHECK_OP(blocks_of(LARGEST), >, before);
	sysctl_compaction_proactiveness = 20;
	check_all(mm, nr);
}

/* ---- at every step, beside others, and without memory ---- */

#define SPACES 3
#define PAGES (LARGEST > 5 ? 600ul : 60ul)
#define STEPS 3000

static struct mm_struct *spaces[SPACES];
static u32 model[SPACES][600];
static unsigned long moved_beside;

static bool idle(int s)
{
	return !spaces[s]->mmap_lock.count;
}

static bool is_moving(int s, unsigned long page)
{
	pte_t *pte = pte_lookup(spaces[s], AT + page * PAGE_SIZE);

	return pte && is_swap_pte(*pte);
}

static void write_word(int s, unsigned long page, u32 word)
{
	struct mm_struct *before = sim_loaded_mm();

	sim_load_mm(spaces[s]);
	if (sim_write((u32)(AT + page * PAGE_SIZE), &word, 4) == SIM_OK)
		model[s][page] = word;
	sim_load_mm(before);
}

static void check_word(int s, unsigned long page)
{
	struct mm_struct *before = sim_loaded_mm();
	u32 word = 0;

	sim_load_mm(spaces[s]);
	if (sim_read((u32)(AT + page * PAGE_SIZE), &word, 4) == SIM_OK)
		CHECK_EQ(word, model[s][page]);
	sim_load_mm(before);
}

/* What is locked in memory stays, and madvise() says so. */
static void drop_pages(int s, unsigned long page)
{
	unsigned long past = min(page + 1 + rnd(8), PAGES);

	for (; page < past; page++)
		if (!mm_madvise(spaces[s], AT + page * PAGE_SIZE, PAGE_SIZE,
				MADV_DONTNEED))
			model[s][page] = 0;
}

static void fork_over(int s)
{
	int from = (int)rnd(SPACES);
	struct mm_struct *mm = spaces[s], *child;

	if (from == s || !idle(from))
		return;
	child = dup_mm(spaces[from]);
	if (IS_ERR(child))
		return;
	spaces[s] = child;
	memcpy(model[s], model[from], sizeof(model[s]));
	mmput(mm);
}

static void protect(int s, unsigned long page)
{
	unsigned long at = AT + page * PAGE_SIZE;

	mm_mprotect(spaces[s], at, PAGE_SIZE, PROT_READ);
	mm_mprotect(spaces[s], at, PAGE_SIZE, RW);
}

static void one_operation(void)
{
	int s = (int)rnd(SPACES);
	unsigned long page = rnd(PAGES);

	if (!idle(s))
		return;
	switch (rnd(12)) {
	case 0:
		fork_over(s);
		break;
	case 1:
		protect(s, page);
		break;
	case 2:
	case 3:
		drop_pages(s, page);
		break;
	case 4:
		mm_mlock(spaces[s], AT + page * PAGE_SIZE, PAGE_SIZE,
			 VM_LOCKED | VM_LOCKONFAULT);
		break;
	case 5:
		mm_munlock(spaces[s], AT, PAGES * PAGE_SIZE);
		break;
	case 6:
	case 7:
		if (!is_moving(s, page))
			check_word(s, page);
		break;
	default:
		if (!is_moving(s, page))
			write_word(s, page, (u32)rnd(1u << 30) + 1);
	}
}

static void compact_somewhere(void)
{
	struct compact_control cc = {
		.zone = &zones[rnd(MAX_NR_ZONES)],
		.order = 1 + (unsigned int)rnd(LARGEST),
		.any_type = rnd(2),
	};

	if (cc.zone->managed_pages)
		compact_zone(&cc);
}

/* What another CPU does, from beginning to end, when it steps in. */
static void (*beside)(void);

static void step_in(void)
{
	unsigned int before = sim_cpu();

	if (sim_locks_held_beside("mm_cpu_online", "pcp_init") || rnd(24) ||
	    sim_tlb_is_behind())
		return;
	sim.on_unlock = NULL;
	moved_beside++;
	sim_run_on(1 + (unsigned int)rnd(3));
	mm_this_cpu();
	beside();
	sim_run_on(before);
	sim.on_unlock = step_in;
}

/* @fn, while others do @other. */
static void do_beside(void (*fn)(void), void (*other)(void))
{
	beside = other;
	sim.on_unlock = step_in;
	fn();
	sim.on_unlock = NULL;
}

static void check_spaces(void)
{
	for (int s = 0; s < SPACES; s++) {
		for (unsigned long page = 0; page < PAGES; page++)
			check_word(s, page);
		check_space(spaces[s]);
	}
	mm_validate();
}

TEST_NO_SWEEP(no_word_is_lost_whoever_steps_in)
{
	sim_load_mm(NULL);
	for (int s = 0; s < SPACES; s++) {
		spaces[s] = NEED(mm_alloc());
		take_area(spaces[s], AT, PAGES * PAGE_SIZE, RW);
	}
	for (unsigned long step = 0; step < STEPS; step++) {
		do_beside(one_operation, compact_somewhere);
		if (!rnd(4))
			fail_nth(1 + rnd(3));
		do_beside(compact_somewhere, one_operation);
		fail_nth(0);
		if (step % 100 == 0)
			check_spaces();
	}
	check_spaces();
	lru_validate_frames();
	CHECK_OP(moved_beside, >, STEPS / 2);
	CHECK_OP(vm_events(PGMIGRATE_SUCCESS), >, STEPS);
	for (int s = 0; s < SPACES; s++)
		mmput(spaces[s]);
	for (unsigned int cpu = 1; cpu < 4; cpu++)
		stop_cpu(cpu);
}
