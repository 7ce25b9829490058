/* SPDX-License-Identifier: MIT */
/* What areas count for: mm/limits.c. */
#include "../../mm/vma.h"
#include "../space.h"

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

/* An area of so many pages, or what mmap says against it. */
static long try_area(struct mm_struct *mm, unsigned long addr,
		     unsigned long pages, unsigned long prot)
{
	return (long)ksys_mmap(
		mm, NULL, addr, PAGES(pages), prot,
		MAP_PRIVATE | MAP_ANONYMOUS | (addr ? MAP_FIXED : 0), 0);
}

/* ---- counts by kind ---- */

TEST(an_area_counts_once_by_its_kind)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(1), PROT_READ);
	CHECK_EQ(mm->data_vm + mm->exec_vm + mm->stack_vm, 0);
	take_area(mm, AT + PAGES(10), PAGES(2), RW);
	take_area(mm, AT + PAGES(20), PAGES(4), PROT_READ | PROT_EXEC);
	take_area(mm, AT + PAGES(30), PAGES(8), RW | PROT_EXEC);
	SPACE_OK(ksys_mmap(mm, NULL, 0, PAGES(16), RW,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, 0));
	SPACE_OK(ksys_mmap(mm, NULL, 0, PAGES(32), RW,
			   MAP_SHARED | MAP_ANONYMOUS, 0));
	CHECK_EQ(mm->total_vm, 1 + 2 + 4 + 8 + 16 + 32);
	CHECK_EQ(mm->data_vm, 2 + 8);
	CHECK_EQ(mm->exec_vm, 4);
	CHECK_EQ(mm->stack_vm, 16);
	check_space(mm);
}

TEST(a_change_of_protection_changes_the_kind)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(6), PROT_READ);
	SPACE_OK(mm_mprotect(mm, AT, PAGES(2), RW));
	SPACE_OK(mm_mprotect(mm, AT + PAGES(2), PAGES(3),
			     PROT_READ | PROT_EXEC));
	CHECK_EQ(mm->data_vm, 2);
	CHECK_EQ(mm->exec_vm, 3);
	CHECK_EQ(mm->total_vm, 6);
	SPACE_OK(vm_munmap(mm, AT, PAGES(6)));
	CHECK_EQ(mm->total_vm + mm->data_vm + mm->exec_vm, 0);
}

TEST(the_highest_total_is_kept)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(9), RW);
	SPACE_OK(vm_munmap(mm, AT, PAGES(7)));
	take_area(mm, AT, PAGES(3), RW);
	CHECK_EQ(mm->total_vm, 5);
	CHECK_EQ(mm->hiwater_vm, 9);
}

TEST(what_goes_gives_back_locks_and_promises)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(8), RW);
	SPACE_OK(mm_mlock(mm, AT, PAGES(4), VM_LOCKED));
	CHECK_EQ(mm->locked_vm, 4);
	CHECK_EQ(vm_committed_as, 8);
	SPACE_OK(vm_munmap(mm, AT + PAGES(2), PAGES(4)));
	CHECK_EQ(mm->locked_vm, 2);
	CHECK_EQ(vm_committed_as, 4);
	check_space(mm);
}

/* ---- RLIMIT_AS ---- */

TEST(all_pages_count_for_the_space)
{
	struct mm_struct *mm = take_mm();

	sim.rlimit[RLIMIT_AS] = PAGES(10) + 1; /* bytes of a page: none */
	take_area(mm, AT, PAGES(6), PROT_NONE);
	CHECK_EQ(try_area(mm, 0, 5, RW), -ENOMEM);
	SPACE_OK(try_area(mm, AT + PAGES(20), 4, RW));
	CHECK_EQ(try_area(mm, 0, 1, PROT_NONE), -ENOMEM);
	CHECK_EQ(mm->total_vm, 10);
	CHECK_EQ(mm->map_count, 2);
	check_space(mm);
}

/* What it replaces does not count against a new area. */
TEST(a_full_space_can_be_mapped_over)
{
	struct mm_struct *mm = take_mm();

	sim.rlimit[RLIMIT_AS] = PAGES(8);
	take_area(mm, AT, PAGES(8), RW);
	SPACE_OK(try_area(mm, AT, 8, PROT_READ));
	CHECK_EQ(try_area(mm, AT - PAGES(2), 4, PROT_NONE), -ENOMEM);
	CHECK_EQ(mm->total_vm, 8);
	check_space(mm);
}

/* ---- RLIMIT_DATA ---- */

TEST(private_writable_pages_are_data)
{
	struct mm_struct *mm = take_mm();

	sim.rlimit[RLIMIT_DATA] = PAGES(4);
	take_area(mm, AT, PAGES(4), RW);
	CHECK_EQ(try_area(mm, 0, 1, RW), -ENOMEM);
	SPACE_OK(try_area(mm, AT + PAGES(10), 9, PROT_READ));
	SPACE_OK(ksys_mmap(mm, NULL, 0, PAGES(9), RW,
			   MAP_SHARED | MAP_ANONYMOUS, 0));
	SPACE_OK(ksys_mmap(mm, NULL, 0, PAGES(9), RW,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, 0));
	CHECK_EQ(mm_mprotect(mm, AT + PAGES(10), PAGES(1), RW), -ENOMEM);
	CHECK_EQ(mm->data_vm, 4);
	check_space(mm);
}

/* ---- RLIMIT_MEMLOCK ---- */

TEST(locked_pages_have_a_limit)
{
	struct mm_struct *mm = take_mm();

	CHECK(can_do_mlock());
	sim.rlimit[RLIMIT_MEMLOCK] = PAGES(5);
	CHECK(can_do_mlock());
	CHECK_EQ(mlock_future_check(mm, 0, PAGES(1000)), 0);
	CHECK_EQ(mlock_future_check(mm, VM_LOCKED, PAGES(5)), 0);
	CHECK_EQ(mlock_future_check(mm, VM_LOCKED, PAGES(6)), -EAGAIN);
	take_area(mm, AT, PAGES(8), RW);
	SPACE_OK(mm_mlock(mm, AT, PAGES(4), VM_LOCKED));
	CHECK_EQ(mlock_future_check(mm, VM_LOCKED, PAGES(1)), 0);
	CHECK_EQ(mlock_future_check(mm, VM_LOCKED, PAGES(2)), -EAGAIN);
	CHECK_EQ(mm_mlock(mm, AT + PAGES(4), PAGES(2), VM_LOCKED), -ENOMEM);
	CHECK_EQ(mm->locked_vm, 4);
	check_space(mm);
}

TEST(a_space_that_locks_all_can_have_no_more)
{
	struct mm_struct *mm = take_mm();

	sim.rlimit[RLIMIT_MEMLOCK] = PAGES(3);
	mm->def_flags |= VM_LOCKED;
	SPACE_OK(try_area(mm, AT, 3, RW));
	CHECK_EQ(ksys_mmap(mm, NULL, 0, PAGES(1), RW,
			   MAP_PRIVATE | MAP_ANONYMOUS, 0),
		 (unsigned long)-EAGAIN);
	CHECK_EQ(mm->locked_vm, 3);
	CHECK_EQ(mm->map_count, 1);
}
