/* SPDX-License-Identifier: MIT */
/* Commit accounting: mm/commit.c. */
#include "../space.h"

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)

static bool yes(void)
{
	return true;
}

/* Mode 2 with a limit of @pages, no reserves. */
static void limit_to(unsigned long pages)
{
	sysctl_overcommit_memory = OVERCOMMIT_NEVER;
	sysctl_overcommit_kbytes = pages << (PAGE_SHIFT - 10);
	sysctl_admin_reserve_kbytes = 0;
	sysctl_user_reserve_kbytes = 0;
}

static void as_at_boot(void)
{
	sysctl_overcommit_memory = OVERCOMMIT_GUESS;
	sysctl_overcommit_kbytes = 0;
	vm_commit_privileged = NULL;
	init_reserves();
}

TEST(guessing_refuses_only_the_impossible)
{
	long ram = (long)totalram_pages();

	CHECK_EQ(security_vm_enough_memory(ram), 0);
	CHECK_EQ(security_vm_enough_memory(ram), 0);
	CHECK_EQ(security_vm_enough_memory(ram + 1), -ENOMEM);
	CHECK_EQ(vm_committed_as, 2 * ram);
	vm_unacct_memory(2 * ram);
}

TEST(always_is_always)
{
	long many = 1l << 20;

	sysctl_overcommit_memory = OVERCOMMIT_ALWAYS;
	CHECK_EQ(security_vm_enough_memory(many), 0);
	vm_unacct_memory(many);
	as_at_boot();
}

TEST(never_keeps_below_the_limit)
{
	limit_to(100);
	CHECK_EQ(vm_commit_limit(), 100);
	CHECK_EQ(security_vm_enough_memory(99), 0);
	CHECK_EQ(security_vm_enough_memory(1), -ENOMEM);
	vm_unacct_memory(99);
	CHECK_EQ(vm_committed_as, 0);
	as_at_boot();
}

TEST(the_limit_is_a_part_of_memory)
{
	sysctl_overcommit_ratio = 25;
	CHECK_EQ(vm_commit_limit(), totalram_pages() / 4);
	sysctl_overcommit_ratio = 50;
	CHECK_EQ(vm_commit_limit(), totalram_pages() / 2);
}

TEST(the_last_of_it_is_the_administrators)
{
	limit_to(100);
	sysctl_admin_reserve_kbytes = 40;
	CHECK_EQ(security_vm_enough_memory(90), -ENOMEM);
	vm_commit_privileged = yes;
	CHECK_EQ(security_vm_enough_memory(90), 0);
	vm_unacct_memory(90);
	as_at_boot();
}

TEST(a_large_process_leaves_something_to_others)
{
	struct mm_struct mm = { .total_vm = 320 };

	limit_to(100);
	sysctl_user_reserve_kbytes = 1024;
	CHECK_EQ(security_vm_enough_memory_mm(&mm, 95), -ENOMEM);
	CHECK_EQ(security_vm_enough_memory_mm(&mm, 89), 0);
	vm_unacct_memory(89);
	as_at_boot();
}

TEST(reserves_grow_with_memory)
{
	init_reserves();
	CHECK_OP(sysctl_admin_reserve_kbytes, >, 0);
	CHECK_OP(sysctl_admin_reserve_kbytes, <=, 8 << 10);
	CHECK_OP(sysctl_user_reserve_kbytes, <=, 128 << 10);
}

/* What is promised: private memory that may be written, shared memory. */
TEST(areas_are_promises)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 10 * PAGE_SIZE, RW);
	CHECK_EQ(vm_committed_as, 10);
	take_area(mm, 2 * AT, 10 * PAGE_SIZE, PROT_READ);
	CHECK_EQ(vm_committed_as, 10);
	SPACE_OK(mm_mprotect(mm, 2 * AT, 4 * PAGE_SIZE, RW));
	CHECK_EQ(vm_committed_as, 14);
	SPACE_OK(ksys_mmap(mm, NULL, 3 * AT, 5 * PAGE_SIZE, RW,
			   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, 0));
	CHECK_EQ(vm_committed_as, 19);
	SPACE_OK(vm_munmap(mm, AT, 8 * PAGE_SIZE));
	CHECK_EQ(vm_committed_as, 11);
	give_mm(mm);
	CHECK_EQ(vm_committed_as, 0);
}

TEST(a_fork_doubles_them)
{
	struct mm_struct *mm = take_mm(), *child;

	take_area(mm, AT, 60 * PAGE_SIZE, RW);
	child = take_fork(mm);
	CHECK_EQ(vm_committed_as, 120);
	give_mm(child);
	limit_to(100);
	CHECK_EQ(PTR_ERR(dup_mm(mm)), -ENOMEM);
	CHECK_EQ(vm_committed_as, 60);
	as_at_boot();
}

TEST(what_is_not_reserved_is_not_promised)
{
	struct mm_struct *mm = take_mm();

	SPACE_OK(ksys_mmap(mm, NULL, AT, 50 * PAGE_SIZE, RW,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0));
	CHECK_EQ(vm_committed_as, 0);
	/* Mode 2 does not listen. */
	limit_to(100);
	CHECK_EQ(ksys_mmap(mm, NULL, 0, 200 * PAGE_SIZE, RW,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0),
		 -ENOMEM);
	as_at_boot();
}
