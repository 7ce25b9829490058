/* SPDX-License-Identifier: MIT */
/*
 * Same-page merging: by hand, and against a model that is a word a page.
 *
 * Pages hold one of a few values, so that many are equal. Whatever is merged,
 * written, forked, swapped, moved or given up: a program's reads end as in the
 * model, a walk over a page finds all that map it, and the counters are those
 * of the entries.
 */
#include "../../mm/internal.h"
#include "../../mm/ksm.h"
#include "../../mm/lru.h"
#include "../../mm/migrate.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../swap.h"
#include <ashlar/fault-inject.h>
#include <ashlar/highmem.h>
#include <ashlar/huge_mm.h>
#include <ashlar/ksm.h>
#include <ashlar/pagemap.h>

#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)
#define AT 0x10000000ul

/* So many rounds, with all that is to be looked at in them. */
static void scan_rounds(unsigned int rounds)
{
	unsigned long until = ksm_counts.full_scans + rounds;
	unsigned int tries = 0;

	CHECK_EQ(ksm_set_run(KSM_RUN_MERGE), 0);
	while (ksm_counts.full_scans < until && ++tries < 1000)
		ksm_do_scan(1u << 20);
	CHECK(tries < 1000 || sweeping());
}

static struct page *page_at(struct mm_struct *mm, unsigned long addr)
{
	pte_t *pte = pte_lookup(mm, addr);

	return pte && pte_present(*pte) && !pte_special(*pte) ? pte_page(*pte) :
								NULL;
}

static bool is_merged(struct mm_struct *mm, unsigned long addr)
{
	struct page *page = page_at(mm, addr);

	return page && PageKsm(page);
}

/* An area of so many pages that all hold @value, and may be merged. */
static struct mm_struct *take_mergeable(unsigned long pages, u32 value)
{
	struct mm_struct *mm = take_mm();
	unsigned long i;

	take_area(mm, AT, PAGES(pages), RW);
	SPACE_OK(mm_madvise(mm, AT, PAGES(pages), MADV_MERGEABLE));
	for (i = 0; i < pages; i++)
		poke(AT + PAGES(i) + 8, value);
	return mm;
}

static bool count_entry(struct page *page, struct vm_area_struct *vma,
			unsigned long addr, void *arg)
{
	(void)page;
	(void)vma;
	(void)addr;
	++*(int *)arg;
	return true;
}

/* A walk finds as many entries as there are. */
static void check_walk(struct page *page)
{
	int found = 0;

	rmap_walk(page, count_entry, &found);
	CHECK_EQ(found, atomic_read(&page->_mapcount));
}

/* The page at @addr moves to another frame. */
static bool move_page(struct mm_struct *mm, unsigned long addr)
{
	struct page *page = page_at(mm, addr), *to;
	int err;

	if (!page || !isolate_lru_page(page))
		return false;
	to = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	if (!to) {
		putback_lru_page(page);
		return false;
	}
	err = migrate_page(page, to, MIGRATE_ASYNC);
	if (err) {
		put_page(to);
		putback_lru_page(page);
		return false;
	}
	put_page(page);
	putback_lru_page(to);
	return true;
}

/* ---- one at a time ---- */

TEST(equal_pages_become_one_and_a_write_takes_one_back)
{
	struct mm_struct *mm = take_mergeable(4, 7);

	scan_rounds(3);
	if (!sweeping()) {
		CHECK_EQ(ksm_counts.shared, 1);
		CHECK_EQ(ksm_counts.sharing, 3);
		CHECK_EQ(mm->ksm_merging_pages, 4);
		CHECK_EQ(mm->ksm_rmap_items, 4);
		CHECK_EQ(mm->rss_anon, 4);
		CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 1);
		check_walk(page_at(mm, AT));
	}
	poke(AT + PAGES(1) + 8, 9);
	CHECK(!is_merged(mm, AT + PAGES(1)));
	CHECK_EQ(peek(AT + 8), 7);
	CHECK_EQ(peek(AT + PAGES(1) + 8), 9);
	CHECK_EQ(peek(AT + PAGES(3) + 8), 7);
	if (!sweeping())
		CHECK_EQ(vm_events(COW_KSM), 1);
	scan_rounds(1);
	if (!sweeping())
		CHECK_EQ(ksm_counts.sharing, 2);
	check_space(mm);
}

TEST(without_advice_or_a_run_nothing_is_merged)
{
	struct mm_struct *mm = take_mergeable(2, 7);

	take_area(mm, AT + PAGES(8), PAGES(2), RW);
	poke(AT + PAGES(8) + 8, 7);
	poke(AT + PAGES(9) + 8, 7);
	ksm_set_run(KSM_RUN_STOP);
	CHECK(!ksm_has_work());
	CHECK(!ksm_do_scan(100));
	CHECK(!is_merged(mm, AT));
	scan_rounds(3);
	CHECK(is_merged(mm, AT) || sweeping());
	CHECK(!is_merged(mm, AT + PAGES(8)));
	check_space(mm);
}

TEST_NO_SWEEP(a_page_has_to_stay_as_it_is_for_a_round)
{
	struct mm_struct *mm = take_mergeable(3, 7);

	for (u32 round = 0; round < 4; round++) {
		poke(AT + 12, round);
		poke(AT + PAGES(1) + 12, round);
		scan_rounds(1);
		CHECK(!is_merged(mm, AT));
	}
	CHECK_EQ(ksm_pages_volatile(), 2);
	CHECK_EQ(ksm_counts.unshared, 1);
	scan_rounds(2);
	CHECK(is_merged(mm, AT));
}

TEST(two_spaces_share_and_each_may_end_first)
{
	struct mm_struct *mm = take_mergeable(2, 7), *other;
	struct page *page;

	other = take_mergeable(3, 7);
	scan_rounds(3);
	page = page_at(mm, AT);
	CHECK(page == page_at(other, AT) || sweeping());
	give_mm(mm);
	CHECK_EQ(peek(AT + 8), 7);
	CHECK_EQ(peek(AT + PAGES(2) + 8), 7);
	if (!sweeping()) {
		CHECK_EQ(atomic_read(&page->_mapcount), 3);
		check_walk(page);
	}
	check_space(other);
	scan_rounds(1);
	if (!sweeping())
		CHECK_EQ(ksm_counts.sharing, 2);
	give_mm(other);
	scan_rounds(1);
	CHECK_EQ(ksm_counts.items, 0);
	CHECK_EQ(ksm_counts.shared, 0);
}

TEST(a_fork_is_found_by_walks_before_and_after_its_parent_ends)
{
	struct mm_struct *mm = take_mergeable(2, 7), *child;
	struct page *page;

	scan_rounds(3);
	child = take_fork(mm);
	page = page_at(child, AT);
	check_walk(page);
	give_mm(mm);
	scan_rounds(0);
	check_walk(page);
	sim_load_mm(child);
	scan_rounds(1);
	check_walk(page);
	if (!sweeping()) {
		CHECK(PageKsm(page));
		CHECK_EQ(ksm_counts.shared + ksm_counts.sharing, 2);
	}
	poke(AT + 8, 8);
	CHECK_EQ(peek(AT + PAGES(1) + 8), 7);
	check_space(child);
}

TEST(an_area_that_moved_is_found)
{
	struct mm_struct *mm = take_mergeable(4, 7);
	struct page *page;

	scan_rounds(3);
	SPACE_OK(mm_mremap(mm, AT, PAGES(2), PAGES(2),
			   MREMAP_MAYMOVE | MREMAP_FIXED, AT + PAGES(100)));
	page = page_at(mm, AT + PAGES(100));
	check_walk(page);
	scan_rounds(2);
	check_walk(page);
	CHECK_EQ(peek(AT + PAGES(101) + 8), 7);
	CHECK_EQ(try_read(AT), SIM_MAPERR);
	if (!sweeping())
		CHECK_EQ(ksm_counts.sharing, 3);
	check_space(mm);
}

TEST(pages_are_unmerged_where_it_is_asked_for)
{
	struct mm_struct *mm = take_mergeable(4, 7);

	scan_rounds(3);
	SPACE_OK(mm_mprotect(mm, AT, PAGES(1), PROT_READ));
	SPACE_OK(mm_madvise(mm, AT, PAGES(2), MADV_UNMERGEABLE));
	CHECK(!is_merged(mm, AT));
	CHECK(!is_merged(mm, AT + PAGES(1)));
	CHECK_EQ(try_write(AT), SIM_ACCERR);
	if (!sweeping())
		CHECK(is_merged(mm, AT + PAGES(2)));
	SPACE_OK(ksm_set_run(KSM_RUN_UNMERGE));
	CHECK(!is_merged(mm, AT + PAGES(2)));
	CHECK_EQ(ksm_counts.items, 0);
	CHECK_EQ(ksm_counts.shared, 0);
	CHECK_EQ(ksm_counts.full_scans, 0);
	for (unsigned long i = 0; i < 4; i++)
		CHECK_EQ(peek(AT + PAGES(i) + 8), 7);
	CHECK_EQ(ksm_set_run(3), -EINVAL);
	check_space(mm);
}

TEST(it_is_swapped_and_comes_back_as_one)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct mm_struct *mm = take_mergeable(3, 7), *other;

	(void)si;
	other = take_mergeable(2, 7);
	scan_rounds(3);
	if (!is_merged(mm, AT) || !is_merged(other, AT))
		return;
	if (!swap_out(mm, AT))
		return;
	CHECK(!page_at(mm, AT + PAGES(1)));
	CHECK(!page_at(other, AT));
	CHECK_EQ(swp_swapcount(slot_at(mm, AT)), 5);
	CHECK_EQ(peek(AT + 8), 7);
	CHECK(is_merged(other, AT) || sweeping());
	check_walk(page_at(other, AT));
	sim_load_mm(mm);
	CHECK_EQ(peek(AT + 8), 7);
	poke(AT + PAGES(1) + 8, 8);
	CHECK(is_merged(mm, AT) || sweeping());
	CHECK(!is_merged(mm, AT + PAGES(1)));
	check_walk(page_at(mm, AT));
	check_space(mm);
	check_space(other);
}

TEST(from_the_disk_it_comes_back_as_several)
{
	struct mm_struct *mm = take_mergeable(2, 7), *other;

	take_swap(20, 0);
	other = take_mergeable(2, 7);
	scan_rounds(3);
	if (!is_merged(mm, AT) || !is_merged(other, AT) || !swap_away(mm, AT))
		return;
	for (u32 i = 0; i < 2; i++)
		CHECK_EQ(peek(AT + PAGES(i) + 8), 7);
	poke(AT + 8, 9);
	sim_load_mm(mm);
	for (u32 i = 0; i < 2; i++)
		CHECK_EQ(peek(AT + PAGES(i) + 8), 7);
	CHECK_OP(vm_events(KSM_SWPIN_COPY), >, 0);
	scan_rounds(3);
	CHECK_EQ(mm->swap_ents, 0);
	check_walk(page_at(mm, AT));
	check_space(mm);
	check_space(other);
}

TEST(it_moves_with_all_who_have_it)
{
	struct mm_struct *mm = take_mergeable(3, 7), *other;

	other = take_mergeable(2, 7);
	scan_rounds(3);
	if (!is_merged(mm, AT) || !is_merged(other, AT) || !move_page(mm, AT))
		return;
	CHECK(page_at(mm, AT) == page_at(other, AT + PAGES(1)));
	check_walk(page_at(mm, AT));
	CHECK_EQ(peek(AT + 8), 7);
	poke(AT + 8, 8);
	poke(AT + PAGES(1) + 8, 8);
	sim_load_mm(mm);
	CHECK_EQ(peek(AT + PAGES(2) + 8), 7);
	scan_rounds(3);
	check_space(mm);
	check_space(other);
}

TEST(what_is_held_or_locked_in_memory)
{
	struct mm_struct *mm = take_mergeable(3, 7);
	struct page *held = get_user_page(mm, AT, true, false);

	if (IS_ERR(held))
		needed(__FILE__, __LINE__, "a page");
	mm_mlock(mm, AT + PAGES(1), PAGES(2), VM_LOCKED);
	scan_rounds(3);
	CHECK(!is_merged(mm, AT));
	if (is_merged(mm, AT + PAGES(1))) {
		CHECK_EQ(global_node_page_state(NR_MLOCK), 1);
		CHECK(page_at(mm, AT + PAGES(1))->pflags & PG_unevictable);
	}
	put_page(held);
	mm_munlock(mm, AT, PAGES(3));
	CHECK_EQ(global_node_page_state(NR_MLOCK), 0);
	scan_rounds(2);
	CHECK(is_merged(mm, AT) || sweeping());
	check_space(mm);
}

TEST_NO_SWEEP(a_huge_page_is_split_where_it_has_an_equal)
{
	struct mm_struct *mm = take_mm();

	thp_mode = THP_ALWAYS;
	take_area(mm, AT, HPAGE_PMD_SIZE, RW);
	SPACE_OK(mm_madvise(mm, AT, HPAGE_PMD_SIZE, MADV_MERGEABLE));
	for (u32 i = 0; i < HPAGE_PMD_NR; i++)
		poke(AT + PAGES(i), 100 + i);
	scan_rounds(2);
	CHECK(pgd_huge(*pgd_offset(mm, AT)) || sweeping());
	poke(AT + PAGES(5), 106);
	scan_rounds(3);
	if (!sweeping()) {
		CHECK(!pgd_huge(*pgd_offset(mm, AT)));
		CHECK(page_at(mm, AT + PAGES(5)) == page_at(mm, AT + PAGES(6)));
	}
	CHECK_EQ(peek(AT + PAGES(5)), 106);
	CHECK_EQ(peek(AT + PAGES(7)), 107);
	check_space(mm);
}

TEST(one_stands_for_so_many_at_most)
{
	struct mm_struct *mm;

	CHECK_EQ(ksm_set_max_page_sharing(1), -EINVAL);
	SPACE_OK(ksm_set_max_page_sharing(3));
	mm = take_mergeable(10, 7);
	scan_rounds(6);
	if (!sweeping()) {
		CHECK_EQ(ksm_counts.shared + ksm_counts.sharing, 10 - 1);
		CHECK_EQ(ksm_counts.shared, 3);
		CHECK_EQ(ksm_counts.chains, 1);
		CHECK_EQ(ksm_counts.dups, 3);
		CHECK_EQ(ksm_set_max_page_sharing(4), -EBUSY);
		CHECK_EQ(ksm_set_merge_across_nodes(false), -EBUSY);
	}
	for (unsigned long i = 0; i < 10; i++)
		if (is_merged(mm, AT + PAGES(i)))
			CHECK_OP(
				atomic_read(
					&page_at(mm, AT + PAGES(i))->_mapcount),
				<=, 3);
	check_space(mm);
	SPACE_OK(vm_munmap(mm, AT, PAGES(10)));
	scan_rounds(1);
	CHECK_EQ(ksm_counts.dups, 0);
	SPACE_OK(ksm_set_max_page_sharing(256));
}

TEST(zeroes_are_everyones_if_that_is_wanted)
{
	struct mm_struct *mm = take_mergeable(2, 0);

	ksm_use_zero_pages = true;
	scan_rounds(3);
	ksm_use_zero_pages = false;
	if (!sweeping()) {
		CHECK_EQ(mm->rss_anon, 0);
		CHECK(pte_special(*pte_lookup(mm, AT)));
	}
	CHECK_EQ(peek(AT + 8), 0);
	poke(AT + 8, 1);
	CHECK_EQ(peek(AT + PAGES(1) + 8), 0);
	check_space(mm);
}

TEST(what_was_given_up_is_not_merged)
{
	struct mm_struct *mm = take_mergeable(3, 7);

	SPACE_OK(mm_madvise(mm, AT, PAGES(1), MADV_FREE));
	scan_rounds(3);
	CHECK(!is_merged(mm, AT));
	SPACE_OK(mm_madvise(mm, AT, PAGES(3), MADV_FREE));
	CHECK_EQ(peek(AT + PAGES(1) + 8), 7);
	check_space(mm);
}

TEST(shared_memory_and_devices_ignore_the_advice)
{
	struct mm_struct *mm = take_mm();

	SPACE_OK(ksys_mmap(mm, NULL, AT, PAGES(2), RW,
			   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, 0));
	CHECK_EQ(mm_madvise(mm, AT, PAGES(2), MADV_MERGEABLE), 0);
	CHECK(!(mm->mmap->vm_flags & VM_MERGEABLE));
	CHECK(!mm->ksm_slot);
	CHECK_EQ(mm_madvise(mm, AT, PAGES(4), MADV_UNMERGEABLE), -ENOMEM);
}

/* ---- the model ---- */

#define WINDOW 24ul
#define SPACES 4
#define VALUES 3u

struct model_page {
	bool mapped;
	u32 value;
};

static struct space {
	struct mm_struct *mm;
	struct model_page pages[WINDOW];
} spaces[SPACES];

static unsigned long merged_seen, merged_swapped, merged_moved;

static unsigned long address(unsigned long page)
{
	return AT + PAGES(page);
}

static void load(struct space *s)
{
	if (sim_loaded_mm() != s->mm)
		sim_load_mm(s->mm);
}

static void check_read(struct space *s, unsigned long page)
{
	u32 word = 0;

	CHECK_EQ(sim_read((u32)address(page) + 8, &word, 4),
		 s->pages[page].mapped ? SIM_OK : SIM_MAPERR);
	CHECK_EQ(word, s->pages[page].value);
}

static void op_write(struct space *s, unsigned long page)
{
	u32 value = 1 + (u32)rnd(VALUES);

	if (!s->pages[page].mapped)
		return;
	CHECK_EQ(sim_write((u32)address(page) + 8, &value, 4), SIM_OK);
	s->pages[page].value = value;
}

static void op_mmap(struct space *s, unsigned long page)
{
	unsigned long nr = min(1 + rnd(8), WINDOW - page);

	CHECK_EQ(ksys_mmap(s->mm, NULL, address(page), PAGES(nr), RW,
			   MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, 0),
		 address(page));
	if (rnd(8))
		CHECK_EQ(mm_madvise(s->mm, address(page), PAGES(nr),
				    MADV_MERGEABLE),
			 0);
	for (; nr; nr--, page++)
		s->pages[page] = (struct model_page){ true, 0 };
}

static void op_munmap(struct space *s, unsigned long page)
{
	CHECK_EQ(vm_munmap(s->mm, address(page), PAGES(1)), 0);
	s->pages[page] = (struct model_page){ 0 };
}

static void op_advise(struct space *s, unsigned long page)
{
	static const int advices[] = { MADV_MERGEABLE, MADV_UNMERGEABLE,
				       MADV_MERGEABLE, MADV_COLD };

	mm_madvise(s->mm, address(page), PAGES(min(4ul, WINDOW - page)),
		   advices[rnd(4)]);
}

static void op_mremap(struct space *s, unsigned long page)
{
	unsigned long to = rnd(WINDOW);

	if (!s->pages[page].mapped || to == page)
		return;
	CHECK_EQ(mm_mremap(s->mm, address(page), PAGES(1), PAGES(1),
			   MREMAP_MAYMOVE | MREMAP_FIXED, address(to)),
		 address(to));
	s->pages[to] = s->pages[page];
	s->pages[page] = (struct model_page){ 0 };
}

static void op_exit(struct space *s, unsigned long unused)
{
	(void)unused;
	sim_load_mm(NULL);
	mmput(s->mm);
	*s = (struct space){ 0 };
}

static void op_fork(struct space *s, unsigned long unused)
{
	struct space *child = &spaces[rnd(SPACES)];

	if (child == s)
		return;
	if (child->mm)
		op_exit(child, unused);
	load(s);
	*child = *s;
	child->mm = dup_mm(s->mm);
	CHECK(!IS_ERR(child->mm));
}

static void op_swap(struct space *s, unsigned long page)
{
	bool merged = is_merged(s->mm, address(page));

	if (rnd(2))
		merged = swap_out(s->mm, address(page)) && merged;
	else
		merged = swap_away(s->mm, address(page)) && merged;
	merged_swapped += merged;
}

static void op_move(struct space *s, unsigned long page)
{
	bool merged = is_merged(s->mm, address(page));

	merged_moved += move_page(s->mm, address(page)) && merged;
}

static void op_scan(struct space *s, unsigned long page)
{
	(void)s;
	ksm_use_zero_pages = !rnd(3);
	ksm_set_run(rnd(60) ? KSM_RUN_MERGE : KSM_RUN_UNMERGE);
	ksm_do_scan((unsigned int)(4 * page));
}

static void op_lock(struct space *s, unsigned long page)
{
	if (rnd(2))
		mm_mlock(s->mm, address(page), PAGES(1), VM_LOCKED);
	else
		mm_munlock(s->mm, address(page), PAGES(1));
}

static const struct {
	void (*fn)(struct space *s, unsigned long page);
	unsigned int weight;
} ops[] = {
	{ op_write, 40 }, { op_mmap, 4 },  { op_munmap, 3 }, { op_advise, 3 },
	{ op_mremap, 4 }, { op_fork, 2 },  { op_exit, 1 },   { op_swap, 8 },
	{ op_move, 6 },	  { op_scan, 30 }, { op_lock, 3 },
};

static void random_op(struct space *s)
{
	unsigned int total = 0, pick, i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		total += ops[i].weight;
	pick = (unsigned int)rnd(total);
	for (i = 0; pick >= ops[i].weight; i++)
		pick -= ops[i].weight;
	ops[i].fn(s, rnd(WINDOW));
}

/* Every page that is there is found by a walk as often as it is mapped. */
static void check_spaces(void)
{
	struct page *page;
	struct space *s;

	for (s = spaces; s < spaces + SPACES; s++) {
		if (!s->mm)
			continue;
		load(s);
		for (unsigned long p = 0; p < WINDOW; p++) {
			page = page_at(s->mm, address(p));
			if (page)
				check_walk(page);
			merged_seen += page && PageKsm(page);
			if (!rnd(4))
				check_read(s, p);
		}
		check_space(s->mm);
	}
	CHECK_OP(ksm_counts.shared + ksm_counts.sharing + ksm_counts.unshared,
		 <=, ksm_counts.items);
	sim_tlb_check();
}

TEST_NO_SWEEP(random_programs_keep_what_they_wrote)
{
	struct swap_info_struct *si = take_swap(300, 0);

	for (unsigned long n = 0; n < 12000; n++) {
		struct space *s = &spaces[rnd(SPACES)];

		if (!s->mm)
			s->mm = NEED(mm_alloc());
		load(s);
		random_op(s);
		if (n % 20 == 0)
			check_spaces();
	}
	check_spaces();
	ksm_use_zero_pages = false;
	for (int i = 0; i < SPACES; i++)
		if (spaces[i].mm)
			op_exit(&spaces[i], 0);
	CHECK_OP(merged_seen, >, 1000);
	CHECK_OP(merged_swapped, >, 30);
	CHECK_OP(merged_moved, >, 30);
	CHECK_OP(vm_events(COW_KSM), >, 50);
	scan_rounds(1);
	CHECK_EQ(ksm_counts.items, 0);
	CHECK_EQ(ksm_counts.shared + ksm_counts.sharing, 0);
	check_swap(si);
}
