/* SPDX-License-Identifier: MIT */
/* Areas that go, or lose an end: mm/munmap.c. */
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/fault-inject.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

/* @nr pages at AT, each with its number. */
static struct mm_struct *take_numbered(unsigned long nr)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(nr), RW);
	for (u32 i = 0; i < nr; i++)
		poke(AT + PAGES(i), 100 + i);
	return mm;
}

/* Of @nr pages, those whose bit is set in @there are, with their number. */
static void check_there(struct mm_struct *mm, unsigned int nr, u32 there)
{
	for (u32 i = 0; i < nr; i++) {
		if (there >> i & 1)
			CHECK_EQ(peek(AT + PAGES(i)), 100 + i);
		else
			CHECK_EQ(try_read(AT + PAGES(i)), SIM_MAPERR);
	}
	CHECK_EQ(mm->rss_anon, __builtin_popcount(there));
	CHECK_EQ(mm->total_vm, __builtin_popcount(there));
	CHECK_EQ(vm_committed_as, __builtin_popcount(there));
	check_space(mm);
}

/* ---- which part goes ---- */

TEST(an_area_goes_whole)
{
	struct mm_struct *mm = take_numbered(4);

	SPACE_OK(vm_munmap(mm, AT, PAGES(4)));
	CHECK_EQ(mm->map_count, 0);
	CHECK_EQ(mm->nr_ptes, 0);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 0);
	check_there(mm, 4, 0);
}

TEST(an_area_loses_its_start)
{
	struct mm_struct *mm = take_numbered(5);

	SPACE_OK(vm_munmap(mm, AT - PAGES(3), PAGES(5)));
	CHECK_EQ(mm->map_count, 1);
	check_there(mm, 5, 0x1c);
}

TEST(an_area_loses_its_end)
{
	struct mm_struct *mm = take_numbered(5);

	SPACE_OK(vm_munmap(mm, AT + PAGES(2), PAGES(100)));
	CHECK_EQ(mm->map_count, 1);
	check_there(mm, 5, 0x3);
}

TEST(a_hole_makes_two_areas)
{
	struct mm_struct *mm = take_numbered(6);

	SPACE_OK(vm_munmap(mm, AT + PAGES(2), PAGES(3)));
	CHECK_EQ(mm->map_count, 2);
	check_there(mm, 6, 0x23);
}

TEST(one_call_takes_many_areas)
{
	struct mm_struct *mm = take_numbered(8);

	SPACE_OK(mm_mprotect(mm, AT + PAGES(2), PAGES(1), PROT_READ));
	SPACE_OK(mm_mprotect(mm, AT + PAGES(4), PAGES(2), PROT_READ));
	SPACE_OK(vm_munmap(mm, AT + PAGES(3), PAGES(1)));
	CHECK_EQ(mm->map_count, 4);
	SPACE_OK(vm_munmap(mm, AT + PAGES(1), PAGES(4)));
	CHECK_EQ(mm->map_count, 3);
	CHECK_EQ(try_write(AT + PAGES(5)), SIM_ACCERR);
	check_there(mm, 8, 0xe1);
}

/* What is left of a file's area shows what it did. */
TEST(a_file_keeps_its_place)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(6);
	int refs = atomic_read(&file->f_count);

	take_file_area(mm, file, AT, PAGES(6), RW, MAP_SHARED, 0);
	for (u32 i = 0; i < 6; i++)
		poke(AT + PAGES(i), i + 1);
	SPACE_OK(vm_munmap(mm, AT + PAGES(2), PAGES(2)));
	CHECK_EQ(atomic_read(&file->f_count), refs + 2);
	SPACE_OK(vm_munmap(mm, AT, PAGES(1)));
	CHECK_EQ(peek(AT + PAGES(1)), 2);
	CHECK_EQ(peek(AT + PAGES(5)), 6);
	CHECK_EQ(mm->mmap->vm_pgoff, 1);
	CHECK_EQ(mm->mmap->vm_next->vm_pgoff, 4);
	check_space(mm);
	SPACE_OK(vm_munmap(mm, AT, PAGES(6)));
	CHECK_EQ(atomic_read(&file->f_count), refs);
}

TEST(locks_go_with_the_pages)
{
	struct mm_struct *mm = take_numbered(4);

	SPACE_OK(mm_mlock(mm, AT, PAGES(4), VM_LOCKED));
	SPACE_OK(vm_munmap(mm, AT + PAGES(1), PAGES(1)));
	CHECK_EQ(mm->locked_vm, 3);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 3);
	check_there(mm, 4, 0xd);
}

/* ---- tables ---- */

/* A table goes when neither what went nor its neighbours use it. */
TEST(tables_wait_for_their_last_area)
{
	struct mm_struct *mm = take_mm();
	unsigned long border = AT + PGDIR_SIZE;

	take_area(mm, border - PAGES(2), PAGES(4), RW);
	take_area(mm, border + 3 * PGDIR_SIZE, PAGES(1), RW);
	poke(border - PAGES(2), 1);
	poke(border, 2);
	poke(border + 3 * PGDIR_SIZE, 3);
	CHECK_EQ(mm->nr_ptes, 3);
	SPACE_OK(vm_munmap(mm, border - PAGES(2), PAGES(3)));
	CHECK_EQ(mm->nr_ptes, 2);
	CHECK_EQ(try_read(border), SIM_MAPERR);
	SPACE_OK(vm_munmap(mm, border + PAGES(1), 4 * PGDIR_SIZE));
	CHECK_EQ(mm->nr_ptes, 0);
	CHECK_EQ(global_node_page_state(NR_PAGETABLE), 0);
}

/* ---- arguments ---- */

TEST(a_range_is_whole_pages)
{
	struct mm_struct *mm = take_numbered(3);

	CHECK_EQ(vm_munmap(mm, AT + 1, PAGES(1)), -EINVAL);
	CHECK_EQ(vm_munmap(mm, AT, 0), -EINVAL);
	check_there(mm, 3, 0x7);
	SPACE_OK(vm_munmap(mm, AT, 1));
	check_there(mm, 3, 0x6);
	SPACE_OK(vm_munmap(mm, AT, PAGES(1) + 1));
	check_there(mm, 3, 0x4);
}

TEST(a_range_lies_in_the_space)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, TASK_SIZE - PAGES(1), PAGES(1), RW);
	CHECK_EQ(vm_munmap(mm, TASK_SIZE + PAGES(1), PAGES(1)), -EINVAL);
	CHECK_EQ(vm_munmap(mm, TASK_SIZE - PAGES(1), PAGES(2)), -EINVAL);
	CHECK_EQ(vm_munmap(mm, AT, ~0ul), -EINVAL);
	CHECK_EQ(vm_munmap(mm, TASK_SIZE, PAGES(1)), -EINVAL);
	CHECK_EQ(mm->map_count, 1);
	CHECK_EQ(vm_munmap(mm, AT, PAGES(7)), 0); /* nothing is there */
	CHECK_EQ(vm_munmap(mm, 0, TASK_SIZE), 0);
	CHECK_EQ(mm->map_count, 0);
}

/* ---- a hole costs an area ---- */

TEST(a_full_space_can_lose_but_not_be_cut)
{
	struct mm_struct *mm = take_numbered(5);
	int most = sysctl_max_map_count;

	sysctl_max_map_count = mm->map_count;
	CHECK_EQ(vm_munmap(mm, AT + PAGES(1), PAGES(1)), -ENOMEM);
	check_there(mm, 5, 0x1f);
	SPACE_OK(vm_munmap(mm, AT, PAGES(1)));
	SPACE_OK(vm_munmap(mm, AT + PAGES(4), PAGES(1)));
	sysctl_max_map_count = most;
	check_there(mm, 5, 0xe);
	SPACE_OK(vm_munmap(mm, AT + PAGES(2), PAGES(1)));
	check_there(mm, 5, 0xa);
}

TEST_NO_SWEEP(without_memory_a_hole_changes_nothing)
{
	struct mm_struct *mm = take_numbered(5);

	for (unsigned long k = 1;; k++) {
		fail_at(k);
		if (!vm_munmap(mm, AT + PAGES(1), PAGES(2)))
			break;
		fail_nth(0);
		CHECK_EQ(mm->map_count, 1);
		check_there(mm, 5, 0x1f);
	}
	CHECK_OP(fail_nth(0), >, 0);
	check_there(mm, 5, 0x19);
}

/* Only a hole needs memory. */
TEST_NO_SWEEP(ends_go_without_memory)
{
	struct mm_struct *mm = take_numbered(6);

	fail_at(1);
	CHECK_EQ(vm_munmap(mm, AT, PAGES(1)), 0);
	CHECK_EQ(vm_munmap(mm, AT + PAGES(4), PAGES(2)), 0);
	CHECK_EQ(vm_munmap(mm, AT, PAGES(6)), 0);
	CHECK_EQ(fail_nth(0), 1);
	check_there(mm, 6, 0);
}
