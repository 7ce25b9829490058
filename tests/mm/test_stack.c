/* SPDX-License-Identifier: MIT */
/* Stacks that grow as they are touched: mm/stack.c. */
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/fault-inject.h>

#define TOP 0x40000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

/* A stack of so many pages below @top. */
static struct vm_area_struct *take_stack(struct mm_struct *mm,
					 unsigned long top, unsigned long pages)
{
	SPACE_OK(ksys_mmap(
		mm, NULL, top - PAGES(pages), PAGES(pages), RW,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, 0));
	return find_vma(mm, top - 1);
}

static int try_expand(struct vm_area_struct *vma, unsigned long addr)
{
	int err;

	down_write(&vma->vm_mm->mmap_lock);
	err = expand_stack(vma, addr);
	up_write(&vma->vm_mm->mmap_lock);
	return err;
}

TEST(a_touch_below_lets_it_grow)
{
	struct mm_struct *mm = take_mm();
	struct vm_area_struct *vma = take_stack(mm, TOP, 2);
	unsigned long pgoff = vma->vm_pgoff;

	poke(TOP - PAGES(5) + 12, 7);
	CHECK_EQ(vma->vm_start, TOP - PAGES(5));
	CHECK_EQ(vma->vm_pgoff, pgoff - 3);
	CHECK_EQ(mm->stack_vm, 5);
	CHECK_EQ(mm->total_vm, 5);
	CHECK_EQ(mm->rss_anon, 1);
	CHECK_EQ(peek(TOP - PAGES(5) + 12), 7);
	CHECK_EQ(vm_committed_as, 5);
	check_space(mm);
}

/* Whoever reads below it makes it grow, too. */
TEST(other_areas_do_not_grow)
{
	struct mm_struct *mm = take_mm();
	struct vm_area_struct *vma = take_stack(mm, TOP, 2);

	take_area(mm, TOP / 2, PAGES(2), RW);
	CHECK_EQ(try_read(TOP / 2 - 1), SIM_MAPERR);
	CHECK_EQ(try_read(TOP - PAGES(3)), SIM_OK);
	CHECK_EQ(vma->vm_start, TOP - PAGES(3));
	CHECK_EQ(mm->rss_anon, 0);
	check_space(mm);
}

/* ---- where it ends ---- */

TEST(the_limit_of_stacks_holds)
{
	struct mm_struct *mm = take_mm();
	struct vm_area_struct *vma = take_stack(mm, TOP, 2);

	sim.rlimit[RLIMIT_STACK] = PAGES(8);
	CHECK_EQ(try_write(TOP - PAGES(9)), SIM_MAPERR);
	CHECK_EQ(vma->vm_start, TOP - PAGES(2));
	CHECK_EQ(try_write(TOP - PAGES(8)), SIM_OK);
	CHECK_EQ(try_write(TOP - PAGES(8) - 1), SIM_MAPERR);
	CHECK_EQ(mm->total_vm, 8);
	check_space(mm);
}

TEST(a_gap_to_the_area_below_stays)
{
	struct mm_struct *mm = take_mm();
	struct vm_area_struct *vma = take_stack(mm, TOP, 1);
	unsigned long low = TOP - STACK_GUARD_GAP - PAGES(4);

	take_area(mm, low - PAGES(1), PAGES(1), PROT_READ);
	CHECK_EQ(try_expand(vma, TOP - PAGES(5)), -ENOMEM);
	CHECK_EQ(try_expand(vma, TOP - PAGES(4)), 0);
	CHECK_EQ(try_expand(vma, TOP - PAGES(4) - 1), -ENOMEM);
	CHECK_EQ(vma->vm_start - low, STACK_GUARD_GAP);
	check_space(mm);
}

/* Neither what cannot be accessed nor another stack is run into by mistake. */
TEST(some_neighbours_need_no_gap)
{
	struct mm_struct *mm = take_mm();
	struct vm_area_struct *vma = take_stack(mm, TOP, 1), *lower;

	take_area(mm, TOP - PAGES(8), PAGES(2), PROT_NONE);
	CHECK_EQ(try_expand(vma, TOP - PAGES(6)), 0);
	lower = take_stack(mm, TOP / 2, 1);
	vma = take_stack(mm, TOP / 2 + PAGES(4), 1);
	CHECK_EQ(try_expand(vma, TOP / 2), 0);
	CHECK_EQ(lower->vm_end, vma->vm_start);
	check_space(mm);
}

TEST(nothing_is_placed_into_the_gap)
{
	struct mm_struct *mm = take_mm();
	struct vm_area_struct *vma;
	unsigned long at;

	mm->mmap_base = TOP;
	vma = take_stack(mm, TOP, 1);
	at = take_area(mm, 0, PAGES(3), RW);
	CHECK_EQ(at + PAGES(3), vma->vm_start - STACK_GUARD_GAP);
	check_space(mm);
}

TEST(the_lowest_addresses_are_no_stack)
{
	struct mm_struct *mm = take_mm();
	struct vm_area_struct *vma =
		take_stack(mm, MMAP_MIN_ADDR + PAGES(2), 1);

	CHECK_EQ(try_expand(vma, MMAP_MIN_ADDR), 0);
	CHECK_EQ(try_expand(vma, MMAP_MIN_ADDR - 1), -EPERM);
	CHECK_EQ(try_write(MMAP_MIN_ADDR - 1), SIM_MAPERR);
	CHECK_EQ(vma->vm_start, MMAP_MIN_ADDR);
}

/* Its pages are counted from address 0 of where it was made. */
TEST(a_moved_stack_grows_as_far_as_it_could)
{
	struct mm_struct *mm = take_mm();
	unsigned long born = MMAP_MIN_ADDR + PAGES(2),
		      pages = born >> PAGE_SHIFT;
	struct vm_area_struct *vma = take_stack(mm, born + PAGES(1), 1);

	poke(born, 5);
	SPACE_OK(mm_mremap(mm, born, PAGES(1), PAGES(1),
			   MREMAP_MAYMOVE | MREMAP_FIXED, TOP - PAGES(1)));
	vma = find_vma(mm, TOP - 1);
	CHECK_EQ(vma->vm_pgoff, pages);
	CHECK_EQ(try_expand(vma, TOP - PAGES(2) - PAGES(pages)), -ENOMEM);
	CHECK_EQ(try_expand(vma, TOP - PAGES(1) - PAGES(pages)), 0);
	CHECK_EQ(vma->vm_pgoff, 0);
	CHECK_EQ(peek(TOP - PAGES(1)), 5);
	check_space(mm);
}

/* ---- what else may refuse ---- */

TEST(other_limits_hold_for_stacks)
{
	struct mm_struct *mm = take_mm();
	struct vm_area_struct *vma = take_stack(mm, TOP, 2);

	sim.rlimit[RLIMIT_AS] = PAGES(6);
	CHECK_EQ(try_expand(vma, TOP - PAGES(7)), -ENOMEM);
	CHECK_EQ(try_expand(vma, TOP - PAGES(6)), 0);
	sim.rlimit[RLIMIT_AS] = 0;
	SPACE_OK(mm_mlock(mm, TOP - PAGES(6), PAGES(6), VM_LOCKED));
	sim.rlimit[RLIMIT_MEMLOCK] = PAGES(7);
	CHECK_EQ(try_expand(vma, TOP - PAGES(8)), -ENOMEM);
	CHECK_EQ(try_expand(vma, TOP - PAGES(7)), 0);
	CHECK_EQ(mm->locked_vm, 7);
	check_space(mm);
}

TEST(growth_is_promised_or_not_made)
{
	struct mm_struct *mm = take_mm();
	struct vm_area_struct *vma = take_stack(mm, TOP, 2);

	sysctl_overcommit_memory = OVERCOMMIT_NEVER;
	sysctl_overcommit_kbytes = 4 << (PAGE_SHIFT - 10);
	sysctl_admin_reserve_kbytes = sysctl_user_reserve_kbytes = 0;
	CHECK_EQ(try_expand(vma, TOP - PAGES(6)), -ENOMEM);
	CHECK_EQ(vm_committed_as, 2);
	CHECK_EQ(try_expand(vma, TOP - PAGES(3)), 0);
	CHECK_EQ(vm_committed_as, 3);
	CHECK_EQ(mm->stack_vm, 3);
}

/* The area is there before the page is: it has only grown. */
TEST_NO_SWEEP(a_page_that_cannot_be_had_leaves_a_larger_stack)
{
	struct mm_struct *mm = take_mm();
	u32 word = 1;

	take_stack(mm, TOP, 2);
	for (unsigned long k = 1;; k++) {
		fail_at(k);
		if (sim_write((u32)(TOP - PAGES(4)), &word, 4) == SIM_OK)
			break;
		fail_nth(0);
		CHECK_EQ(mm->total_vm, 4);
		CHECK_EQ(mm->rss_anon, 0);
		CHECK_EQ(vm_committed_as, 4);
		check_space(mm);
	}
	CHECK_OP(fail_nth(0), >, 0);
	check_space(mm);
}

/* ---- what is placed below ---- */

TEST(the_base_is_below_the_stack)
{
	const unsigned long least = 128ul << 20, most = TASK_SIZE / 6 * 5;

	CHECK_EQ(pick_mmap_base(0), TASK_SIZE - least);
	CHECK_EQ(pick_mmap_base(8ul << 20), TASK_SIZE - least);
	CHECK_EQ(pick_mmap_base(least), TASK_SIZE - least - STACK_GUARD_GAP);
	CHECK_EQ(pick_mmap_base((512ul << 20) + 1),
		 TASK_SIZE - (512ul << 20) - STACK_GUARD_GAP);
	CHECK_EQ(pick_mmap_base(RLIM_INFINITY), PAGE_ALIGN(TASK_SIZE - most));
	CHECK_EQ(pick_mmap_base(most), PAGE_ALIGN(TASK_SIZE - most));
}
