/* SPDX-License-Identifier: MIT */
/* The heap, and memory at a fixed place: mm/brk.c. */
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/fault-inject.h>

#define HEAP 0x10000800ul /* in the middle of a page, as after a bss */
#define FIRST PAGE_ALIGN(HEAP)
#define AT 0x20000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

static struct mm_struct *take_heap(void)
{
	struct mm_struct *mm = take_mm();

	mm->start_brk = mm->brk = HEAP;
	return mm;
}

/* The heap ends at @brk now; memory running out ends the test in a sweep. */
static void move_to(struct mm_struct *mm, unsigned long brk)
{
	unsigned long now = mm_brk(mm, brk, 0);

	if (now != brk && sweeping())
		needed(__FILE__, __LINE__, "a larger heap");
	CHECK_EQ(now, brk);
	CHECK_EQ(mm->brk, brk);
}

/* ---- brk ---- */

TEST(it_tells_where_it_is)
{
	struct mm_struct *mm = take_heap();

	CHECK_EQ(mm_brk(mm, 0, 0), HEAP);
	CHECK_EQ(mm_brk(mm, HEAP - 1, 0), HEAP);
	CHECK_EQ(mm_brk(mm, TASK_SIZE + 1, 0), HEAP);
	CHECK_EQ(mm_brk(mm, ~0ul, 0), HEAP);
	CHECK_EQ(mm->map_count, 0);
}

TEST(it_grows_and_shrinks_by_pages)
{
	struct mm_struct *mm = take_heap();

	move_to(mm, FIRST); /* the page's rest, which another area has */
	CHECK_EQ(mm->map_count, 0);
	move_to(mm, FIRST + 1);
	CHECK_EQ(mm->total_vm, 1);
	move_to(mm, FIRST + PAGES(1));
	CHECK_EQ(mm->total_vm, 1);
	move_to(mm, FIRST + PAGES(9) + 5);
	CHECK_EQ(mm->total_vm, 10);
	CHECK_EQ(mm->map_count, 1);
	CHECK_EQ(mm->mmap->vm_start, FIRST);
	poke(FIRST + PAGES(9), 3);
	move_to(mm, FIRST + PAGES(4));
	CHECK_EQ(mm->total_vm, 4);
	CHECK_EQ(mm->rss_anon, 0);
	CHECK_EQ(try_read(FIRST + PAGES(4)), SIM_MAPERR);
	CHECK_EQ(vm_committed_as, 4);
	move_to(mm, HEAP);
	CHECK_EQ(mm->map_count, 0);
	CHECK_EQ(mm->nr_ptes, 0);
	check_space(mm);
}

TEST(what_comes_again_is_zero)
{
	struct mm_struct *mm = take_heap();

	move_to(mm, FIRST + PAGES(2));
	poke(FIRST, 1);
	poke(FIRST + PAGES(1), 2);
	move_to(mm, FIRST + PAGES(1));
	move_to(mm, FIRST + PAGES(2));
	CHECK_EQ(peek(FIRST), 1);
	CHECK_EQ(peek(FIRST + PAGES(1)), 0);
	check_space(mm);
}

/* A page stays free between it and what lies above; before a stack, a gap. */
TEST(it_stops_below_another_area)
{
	struct mm_struct *mm = take_heap();

	take_area(mm, FIRST + PAGES(6), PAGES(1), RW);
	CHECK_EQ(mm_brk(mm, FIRST + PAGES(6), 0), HEAP);
	move_to(mm, FIRST + PAGES(5));
	CHECK_EQ(mm_brk(mm, FIRST + PAGES(5) + 1, 0), FIRST + PAGES(5));
	CHECK_EQ(mm->total_vm, 6);
	SPACE_OK(vm_munmap(mm, FIRST + PAGES(6), PAGES(1)));
	SPACE_OK(ksys_mmap(
		mm, NULL, FIRST + STACK_GUARD_GAP + PAGES(8), PAGES(1), RW,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, 0));
	CHECK_EQ(mm_brk(mm, FIRST + PAGES(8), 0), FIRST + PAGES(5));
	move_to(mm, FIRST + PAGES(7));
	check_space(mm);
}

TEST(data_and_heap_have_one_limit)
{
	struct mm_struct *mm = take_heap();

	mm->start_data = HEAP - PAGES(2) - 100;
	mm->end_data = HEAP - 100;
	sim.rlimit[RLIMIT_DATA] = PAGES(8);
	CHECK_EQ(mm_brk(mm, HEAP + PAGES(6) + 1, 0), HEAP);
	move_to(mm, HEAP + PAGES(6));
	sim.rlimit[RLIMIT_DATA] = PAGES(3);
	CHECK_EQ(mm_brk(mm, HEAP + PAGES(2), 0), HEAP + PAGES(6));
	move_to(mm, HEAP + PAGES(1));
	check_space(mm);
}

TEST(other_limits_leave_it_where_it_was)
{
	struct mm_struct *mm = take_heap();
	int most = sysctl_max_map_count;

	sim.rlimit[RLIMIT_AS] = PAGES(3);
	CHECK_EQ(mm_brk(mm, FIRST + PAGES(4), 0), HEAP);
	move_to(mm, FIRST + PAGES(3));
	sim.rlimit[RLIMIT_AS] = 0;
	sysctl_max_map_count = 0;
	CHECK_EQ(mm_brk(mm, FIRST + PAGES(4), 0), FIRST + PAGES(3));
	sysctl_max_map_count = most;
	mm->def_flags |= VM_LOCKED;
	sim.rlimit[RLIMIT_MEMLOCK] = PAGES(2);
	CHECK_EQ(mm_brk(mm, FIRST + PAGES(6), 0), FIRST + PAGES(3));
	CHECK_EQ(vm_committed_as, 3);
	check_space(mm);
}

TEST(a_locked_heap_is_there_at_once)
{
	struct mm_struct *mm = take_heap();

	mm->def_flags |= VM_LOCKED;
	move_to(mm, FIRST + PAGES(3));
	CHECK_EQ(mm->locked_vm, 3);
	if (mm->rss_anon != 3)
		needed(__FILE__, __LINE__, "locked pages");
	CHECK_EQ(global_node_page_state(NR_MLOCK), 3);
	check_space(mm);
}

/* Without memory it stays; a second try finds all as it was. */
TEST_NO_SWEEP(a_failed_move_changes_nothing)
{
	struct mm_struct *mm = take_heap();
	unsigned long end = FIRST + PAGES(3);

	for (unsigned long k = 1;; k++) {
		fail_at(k);
		if (mm_brk(mm, end, 0) == end)
			break;
		fail_nth(0);
		CHECK_EQ(mm->brk, HEAP);
		CHECK_EQ(mm->map_count, 0);
		CHECK_EQ(mm->total_vm, 0);
		CHECK_EQ(vm_committed_as, 0);
	}
	CHECK_OP(fail_nth(0), >, 0);
	CHECK_EQ(mm->total_vm, 3);
	check_space(mm);
}

/* ---- memory at a fixed place ---- */

TEST(a_bss_is_whole_pages)
{
	struct mm_struct *mm = take_mm();

	SPACE_OK(vm_brk_flags(mm, AT, PAGES(2) + 1, VM_EXEC));
	CHECK_EQ(mm->total_vm, 3);
	CHECK_EQ(mm->mmap->vm_flags & VM_ACCESS_FLAGS, VM_ACCESS_FLAGS);
	CHECK_EQ(mm->rss_anon, 0);
	CHECK_EQ(peek(AT + PAGES(2)), 0);
	CHECK_EQ(vm_committed_as, 3);
	check_space(mm);
}

TEST(a_bss_must_lie_somewhere)
{
	struct mm_struct *mm = take_mm();

	CHECK_EQ(vm_brk_flags(mm, AT + 1, 0, 0), 0);
	CHECK_EQ(vm_brk_flags(mm, AT + 1, 1, 0), -EINVAL);
	CHECK_EQ(vm_brk_flags(mm, TASK_SIZE - PAGES(1), PAGES(1) + 1, 0),
		 -ENOMEM);
	CHECK_EQ(vm_brk_flags(mm, 0, TASK_SIZE + 1, 0), -ENOMEM);
	CHECK_EQ(vm_brk_flags(mm, AT, ~0ul, 0), -ENOMEM);
	CHECK_EQ(mm->map_count, 0);
	SPACE_OK(vm_brk_flags(mm, TASK_SIZE - PAGES(1), PAGES(1), 0));
	check_space(mm);
}
