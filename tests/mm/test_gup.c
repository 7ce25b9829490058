/* SPDX-License-Identifier: MIT */
/* A program's pages for the kernel: mm/gup.c. */
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/fault-inject.h>
#include <ashlar/highmem.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

/* The page, or what it cannot be had for. */
static long try_page(struct mm_struct *mm, unsigned long addr, bool write,
		     bool force)
{
	struct page *page = get_user_page(mm, addr, write, force);

	if (page == ERR_PTR(-ENOMEM))
		needed(__FILE__, __LINE__, "a page");
	if (IS_ERR(page))
		return PTR_ERR(page);
	put_page(page);
	return 0;
}

static struct page *page_at(struct mm_struct *mm, unsigned long addr)
{
	return pte_page(*pte_lookup(mm, addr));
}

static u32 word_of(struct page *page)
{
	u32 word;

	memcpy_from_page((char *)&word, page, 0, 4);
	return word;
}

/* ---- one page ---- */

TEST(a_page_is_held_by_a_reference)
{
	struct mm_struct *mm = take_mm();
	struct page *page;

	take_area(mm, AT, PAGES(2), RW);
	poke(AT + PAGES(1), 5);
	page = get_user_page(mm, AT + PAGES(1) + 77, false, false);
	CHECK(page == page_at(mm, AT + PAGES(1)));
	CHECK_EQ(atomic_read(&page->_refcount), 2);
	SPACE_OK(vm_munmap(mm, AT, PAGES(2)));
	CHECK_EQ(word_of(page), 5);
	CHECK_EQ(atomic_read(&page->_refcount), 1);
	put_page(page);
	check_space(mm);
}

TEST(it_is_faulted_in_as_the_program_would)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(4), RW);
	CHECK_EQ(try_page(mm, AT, false, false), 0);
	CHECK_EQ(mm->rss_anon, 0); /* zeroes that all share */
	CHECK(pte_special(*pte_lookup(mm, AT)));
	CHECK_EQ(try_page(mm, AT, true, false), 0);
	CHECK_EQ(mm->rss_anon, 1);
	CHECK(page_at(mm, AT)->pflags & PG_dirty);
	CHECK_EQ(peek(AT), 0);
	check_space(mm);
}

TEST(a_page_to_be_written_is_shared_no_more)
{
	struct mm_struct *mm = take_mm(), *child;
	struct page *page;
	u32 word = 2;

	take_area(mm, AT, PAGES(1), RW);
	poke(AT, 1);
	child = take_fork(mm);
	page = get_user_page(child, AT, true, false);
	if (IS_ERR(page))
		needed(__FILE__, __LINE__, "a copy");
	memcpy_to_page(page, 0, (char *)&word, 4);
	put_page(page);
	CHECK(page_at(mm, AT) != page_at(child, AT));
	CHECK_EQ(peek(AT), 1);
	sim_load_mm(child);
	CHECK_EQ(peek(AT), 2);
	check_space(child);
}

/* ---- where there is none to be had ---- */

TEST(no_area_no_page)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(1);

	CHECK_EQ(try_page(mm, AT, false, false), -EFAULT);
	CHECK_EQ(try_page(mm, TASK_SIZE, false, true), -EFAULT);
	CHECK_EQ(try_page(mm, ~0ul, true, true), -EFAULT);
	take_file_area(mm, file, AT, PAGES(2), RW, MAP_SHARED, 0);
	CHECK_EQ(try_page(mm, AT, true, false), 0);
	CHECK_EQ(try_page(mm, AT + PAGES(1), false, false), -EFAULT);
	CHECK_EQ(try_page(mm, AT + PAGES(2), false, false), -EFAULT);
	check_space(mm);
}

TEST(a_stack_grows_for_the_kernel_too)
{
	struct mm_struct *mm = take_mm();

	SPACE_OK(ksys_mmap(
		mm, NULL, AT, PAGES(1), RW,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, 0));
	CHECK_EQ(try_page(mm, AT - PAGES(3), true, false), 0);
	CHECK_EQ(mm->total_vm, 4);
	CHECK_EQ(mm->rss_anon, 1);
	check_space(mm);
}

TEST_NO_SWEEP(without_memory_it_says_so)
{
	struct mm_struct *mm = take_mm();
	struct page *page;

	take_area(mm, AT, PAGES(1), RW);
	for (unsigned long k = 1;; k++) {
		fail_at(k);
		page = get_user_page(mm, AT, true, false);
		if (!IS_ERR(page))
			break;
		fail_nth(0);
		CHECK_EQ(PTR_ERR(page), -ENOMEM);
		CHECK_EQ(mm->rss_anon, 0);
		check_space(mm);
	}
	CHECK_OP(fail_nth(0), >, 0);
	put_page(page);
	check_space(mm);
}

/* ---- protection ---- */

TEST(protection_holds_unless_forced)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(1), PROT_READ);
	take_area(mm, AT + PAGES(1), PAGES(1), PROT_NONE);
	CHECK_EQ(try_page(mm, AT, false, false), 0);
	CHECK_EQ(try_page(mm, AT, true, false), -EFAULT);
	CHECK_EQ(try_page(mm, AT, true, true), 0);
	CHECK_EQ(try_page(mm, AT + PAGES(1), false, false), -EFAULT);
	CHECK_EQ(try_page(mm, AT + PAGES(1), false, true), 0);
	CHECK_EQ(try_page(mm, AT + PAGES(1), true, true), 0);
	/* The program still may not. */
	CHECK_EQ(try_write(AT), SIM_ACCERR);
	CHECK_EQ(try_read(AT + PAGES(1)), SIM_ACCERR);
	check_space(mm);
}

/* A debugger's breakpoint goes to a copy, and never into the file. */
TEST(force_writes_to_copies_only)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(1);
	u32 word = 9;

	take_file_area(mm, file, AT, PAGES(1), RW, MAP_SHARED, 0);
	poke(AT, 1);
	take_file_area(mm, file, 2 * AT, PAGES(1), PROT_READ, MAP_PRIVATE, 0);
	take_file_area(mm, file, 3 * AT, PAGES(1), PROT_READ, MAP_SHARED, 0);
	CHECK_EQ(try_page(mm, 3 * AT, true, true), -EFAULT);
	CHECK_EQ(access_process_vm(mm, 3 * AT, &word, 4, true), 0);
	if (access_process_vm(mm, 2 * AT, &word, 4, true) != 4)
		needed(__FILE__, __LINE__, "a copy");
	CHECK_EQ(peek(2 * AT), 9);
	CHECK_EQ(peek(AT), 1);
	CHECK_EQ(mm->rss_anon, 1);
	check_space(mm);
}

TEST(devices_are_never_had)
{
	CHECK(!gup_allowed(VM_READ | VM_WRITE | VM_IO, false, true));
	CHECK(!gup_allowed(VM_READ | VM_WRITE | VM_PFNMAP, true, true));
	CHECK(gup_allowed(VM_READ, false, false));
	CHECK(!gup_allowed(VM_MAYREAD, false, false));
	CHECK(gup_allowed(VM_MAYREAD, false, true));
	CHECK(!gup_allowed(VM_EXEC, false, true));
	CHECK(!gup_allowed(VM_READ | VM_MAYWRITE, true, false));
	CHECK(gup_allowed(VM_READ | VM_MAYWRITE, true, true));
	CHECK(!gup_allowed(VM_READ | VM_SHARED | VM_MAYWRITE, true, true));
	CHECK(gup_allowed(VM_WRITE | VM_SHARED, true, false));
}

/* ---- bytes of another space ---- */

TEST(another_space_is_read_and_written)
{
	struct mm_struct *mm = take_mm(), *child;
	char word[8] = "seven";

	take_area(mm, AT, PAGES(2), RW);
	poke(AT, 1);
	child = take_fork(mm);
	if (access_process_vm(child, AT + PAGES(1) - 4, word, 8, true) != 8)
		needed(__FILE__, __LINE__, "pages");
	memset(word, 0, 8);
	CHECK_EQ(access_process_vm(child, AT + PAGES(1) - 4, word, 8, false),
		 8);
	CHECK(!memcmp(word, "seven", 6));
	CHECK_EQ(peek(AT + PAGES(1) - 4), 0);
	CHECK_EQ(access_process_vm(child, AT + PAGES(2) - 3, word, 8, false),
		 3);
}

/* Bytes are done up to the first page that cannot be had. */
TEST(copies_end_where_the_space_does)
{
	struct mm_struct *mm = take_mm();
	char buf[16] = "0123456789abcde";

	take_area(mm, AT, PAGES(1), RW);
	poke(AT, 0);
	CHECK_EQ(access_process_vm(mm, AT - 4, buf, 16, true), 0);
	CHECK_EQ(access_process_vm(mm, AT + PAGES(1) - 5, buf, 16, true), 5);
	CHECK_EQ(access_process_vm(mm, AT + PAGES(1) - 5, buf, 0, false), 0);
	memset(buf, 0, sizeof(buf));
	CHECK_EQ(access_process_vm(mm, AT + PAGES(1) - 5, buf, 16, false), 5);
	CHECK(!memcmp(buf, "01234", 6));
}

/* ---- ahead of time ---- */

TEST(populated_pages_need_no_fault)
{
	struct mm_struct *mm = take_mm();
	unsigned long faults;

	take_area(mm, AT, PAGES(4), RW);
	take_area(mm, AT + PAGES(4), PAGES(4), PROT_READ);
	SPACE_OK(mm_populate(mm, AT + PAGES(1), PAGES(6)));
	/* Own pages where it may write, zeroes where it may not. */
	CHECK_EQ(mm->rss_anon, 3);
	faults = sim.faults;
	poke(AT + PAGES(1), 1);
	CHECK_EQ(peek(AT + PAGES(6)), 0);
	CHECK_EQ(sim.faults, faults);
	CHECK_EQ(peek(AT) + peek(AT + PAGES(7)), 0);
	CHECK_EQ(sim.faults, faults + 2);
	check_space(mm);
}

/* The first error is told; what follows is done all the same. */
TEST(an_area_that_cannot_be_is_passed_over)
{
	struct mm_struct *mm = take_mm();
	int err;

	take_area(mm, AT, PAGES(1), RW);
	take_area(mm, AT + PAGES(2), PAGES(1), PROT_NONE);
	take_area(mm, AT + PAGES(4), PAGES(2), RW);
	err = mm_populate(mm, AT, PAGES(8));
	if (err == -ENOMEM)
		needed(__FILE__, __LINE__, "pages");
	CHECK_EQ(err, -EFAULT);
	if (mm->rss_anon != 3)
		needed(__FILE__, __LINE__, "pages after the error");
	check_space(mm);
}

TEST(some_areas_wait_for_their_faults)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(2), RW);
	SPACE_OK(mm_mlock(mm, AT, PAGES(2), VM_LOCKED | VM_LOCKONFAULT));
	SPACE_OK(mm_populate(mm, AT, PAGES(2)));
	CHECK_EQ(mm->rss_anon, 0);
	poke(AT, 1);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 1);
	check_space(mm);
}

TEST(a_file_is_populated_to_its_end)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(3);
	int err;

	take_file_area(mm, file, AT, PAGES(5), RW, MAP_SHARED, 0);
	err = mm_populate(mm, AT, PAGES(5));
	if (err == -ENOMEM)
		needed(__FILE__, __LINE__, "pages");
	CHECK_EQ(err, -EFAULT);
	CHECK_EQ(mm->rss_shmem, 3);
	check_space(mm);
}
