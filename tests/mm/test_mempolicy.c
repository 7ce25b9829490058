/* SPDX-License-Identifier: MIT */
/* Policies of areas, and where pages lie: mm/mempolicy.c. */
#include "../space.h"
#include <ashlar/mempolicy.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

/* A policy that must be right. */
static u32 policy_of(unsigned int mode, u32 flags, u32 nodes)
{
	u32 policy = 0;

	CHECK_EQ(mpol_new(mode, flags, nodes, &policy), 0);
	return policy;
}

static u32 policy_at(struct mm_struct *mm, unsigned long addr)
{
	u32 policy = ~0u;

	CHECK_EQ(mm_vma_policy(mm, addr, &policy), 0);
	return policy;
}

TEST(a_policy_is_what_was_said)
{
	u32 policy;

	CHECK_EQ(mpol_nodes(policy_of(MPOL_BIND, 0, 0xff)), 1);
	CHECK_EQ(mpol_nodes(policy_of(MPOL_BIND, MPOL_F_STATIC_NODES, 5)), 5);
	CHECK_EQ(mpol_nodes(policy_of(MPOL_LOCAL, 0, 0)), 0);
	CHECK_EQ(policy_of(MPOL_PREFERRED, 0, 0), policy_of(MPOL_LOCAL, 0, 0));
	CHECK_EQ(policy_of(MPOL_DEFAULT, 0, 0), 0);
	CHECK_EQ(mpol_new(MPOL_BIND, 0, 2, &policy), -EINVAL);
	CHECK_EQ(mpol_new(MPOL_BIND, MPOL_F_RELATIVE_NODES, 2, &policy), 0);
	CHECK_EQ(mpol_new(MPOL_BIND, MPOL_F_RELATIVE_NODES, 0, &policy),
		 -EINVAL);
	CHECK_EQ(mpol_new(MPOL_DEFAULT, 0, 1, &policy), -EINVAL);
}

TEST(areas_are_cut_and_joined_by_policy)
{
	struct mm_struct *mm = take_mm(), *child;
	u32 policy = policy_of(MPOL_BIND, 0, 1);

	take_area(mm, AT, PAGES(4), RW);
	SPACE_OK(mm_mbind(mm, AT + PAGES(1), PAGES(2), policy, 1, 0));
	CHECK_EQ(mm->map_count, 3);
	CHECK_EQ(policy_at(mm, AT), 0);
	CHECK_EQ(policy_at(mm, AT + PAGES(2)), policy);
	child = take_fork(mm);
	CHECK_EQ(policy_at(child, AT + PAGES(2)), policy);
	SPACE_OK(mm_mbind(mm, AT, PAGES(4), policy, 1, 0));
	CHECK_EQ(mm->map_count, 1);
	check_space(child);
	check_space(mm);
}

TEST(a_range_with_a_hole_is_left_as_it_is)
{
	struct mm_struct *mm = take_mm();
	u32 policy = policy_of(MPOL_INTERLEAVE, 0, 1);

	take_area(mm, AT, PAGES(1), RW);
	take_area(mm, AT + PAGES(2), PAGES(1), RW);
	CHECK_EQ(mm_mbind(mm, AT, PAGES(3), policy, 1, 0), -EFAULT);
	CHECK_EQ(mm_mbind(mm, AT - PAGES(1), PAGES(2), policy, 1, 0), -EFAULT);
	CHECK_EQ(mm_mbind(mm, AT + PAGES(2), PAGES(2), policy, 1, 0), -EFAULT);
	CHECK_EQ(policy_at(mm, AT), 0);
	CHECK_EQ(policy_at(mm, AT + PAGES(2)), 0);
	CHECK_EQ(mm_mbind(mm, AT, PAGES(3), 0, 0, 0), 0);
	check_space(mm);
}

TEST(strict_looks_at_pages)
{
	struct mm_struct *mm = take_mm();
	u32 policy = policy_of(MPOL_BIND, MPOL_F_RELATIVE_NODES, 2);

	take_area(mm, AT, PAGES(2), RW);
	poke(AT, 1);
	CHECK_EQ(mm_mbind(mm, AT, PAGES(2), policy, 2, MPOL_MF_STRICT), -EIO);
	CHECK_EQ(policy_at(mm, AT), 0);
	SPACE_OK(mm_mbind(mm, AT + PAGES(1), PAGES(1), policy, 2,
			  MPOL_MF_STRICT));
	CHECK_EQ(policy_at(mm, AT + PAGES(1)), policy);
	check_space(mm);
}

TEST(a_home_is_part_of_a_policy)
{
	struct mm_struct *mm = take_mm();
	u32 policy = policy_of(MPOL_BIND, 0, 1);

	take_area(mm, AT, PAGES(4), RW);
	CHECK_EQ(mm_set_home_node(mm, AT, PAGES(4), 0), -ENOENT);
	SPACE_OK(mm_mbind(mm, AT, PAGES(2), policy, 1, 0));
	SPACE_OK(mm_set_home_node(mm, AT + PAGES(1), PAGES(3), 0));
	CHECK_EQ(policy_at(mm, AT), policy);
	CHECK_EQ(policy_at(mm, AT + PAGES(1)), policy | 1u << MPOL_HOME_SHIFT);
	CHECK_EQ(policy_at(mm, AT + PAGES(3)), 0);
	check_space(mm);
}

TEST(a_page_lies_on_the_node_or_nowhere)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(2);

	take_area(mm, AT, PAGES(3), RW);
	take_file_area(mm, file, AT + PAGES(4), PAGES(2), RW, MAP_SHARED, 0);
	poke(AT, 1);
	CHECK_EQ(peek(AT + PAGES(1)), 0);
	CHECK_EQ(mm_page_node(mm, AT, false), 0);
	CHECK_EQ(mm_page_node(mm, AT + PAGES(1), true), -EFAULT);
	CHECK_EQ(mm_page_node(mm, AT + PAGES(2), true), -EFAULT);
	CHECK_EQ(mm_page_node(mm, AT + PAGES(3), true), -EFAULT);
	CHECK_EQ(mm_page_node(mm, AT + PAGES(5), true), -ENOENT);
	check_space(mm);
}
