/* SPDX-License-Identifier: MIT */
/* An address space's life: empty, copied, ended; mm/space.c. */
#include "../../mm/internal.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/fault-inject.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

static bool is_listed(const struct mm_struct *mm)
{
	struct mm_struct *each;

	list_for_each_entry(each, &mm_list, mmlist)
		if (each == mm)
			return true;
	return false;
}

static unsigned int spaces(void)
{
	struct list_head *each;
	unsigned int n = 0;

	for (each = mm_list.next; each != &mm_list; each = each->next)
		n++;
	return n;
}

static void poke_pages(unsigned long addr, unsigned long nr)
{
	for (u32 i = 0; i < nr; i++)
		poke(addr + PAGES(i), i + 1);
}

/* ---- the start ---- */

TEST(a_new_space_is_empty)
{
	struct mm_struct *mm = take_mm();

	CHECK(is_listed(mm));
	CHECK_EQ(mm->map_count, 0);
	CHECK_EQ(mm->total_vm + mm->data_vm + mm->exec_vm + mm->stack_vm, 0);
	CHECK_EQ(get_mm_rss(mm) + mm->nr_ptes + mm->hiwater_rss, 0);
	CHECK_EQ(atomic_read(&mm->mm_users), 1);
	CHECK_EQ(mm->mmap_base, pick_mmap_base(RLIM_INFINITY));
	CHECK(mm->mmap == NULL && mm->exe_file == NULL);
	CHECK_EQ(try_read(AT), SIM_MAPERR);
	check_space(mm);
}

TEST_NO_SWEEP(without_memory_there_is_none)
{
	struct mm_struct *mm;
	unsigned int before = spaces();

	for (unsigned long k = 1;; k++) {
		fail_at(k);
		mm = mm_alloc();
		if (fail_nth(0))
			break;
		if (mm) /* a smaller slab did */
			mmput(mm);
		CHECK_EQ(spaces(), before);
	}
	NEED(mm);
	mmput(mm);
}

/* ---- a copy ---- */

TEST(a_copy_has_the_same_areas)
{
	struct mm_struct *mm = take_mm(), *child;
	struct vm_area_struct *a, *b;

	take_area(mm, AT, PAGES(3), RW);
	take_area(mm, AT + PAGES(8), PAGES(2), PROT_READ);
	take_area(mm, AT + PAGES(20), PAGES(1), PROT_NONE);
	mm->start_brk = mm->brk = 3 * AT;
	child = take_fork(mm);
	CHECK(is_listed(child));
	CHECK(child->mmap_base == mm->mmap_base && child->brk == mm->brk);
	CHECK_EQ(child->map_count, 3);
	CHECK_EQ(child->total_vm, mm->total_vm);
	CHECK_EQ(child->data_vm, mm->data_vm);
	for (a = mm->mmap, b = child->mmap; a; a = a->vm_next, b = b->vm_next) {
		CHECK_EQ(a->vm_start, b->vm_start);
		CHECK_EQ(a->vm_end, b->vm_end);
		CHECK_EQ(a->vm_flags, b->vm_flags);
	}
	check_space(mm);
	check_space(child);
}

/* Entries are read-only on both sides, and no TLB knows better. */
TEST(pages_are_shared_until_one_writes)
{
	struct mm_struct *mm = take_mm(), *child;
	unsigned long pages, faults;

	take_area(mm, AT, PAGES(4), RW);
	poke_pages(AT, 4);
	pages = global_node_page_state(NR_ANON_MAPPED);
	child = take_fork(mm);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), pages);
	CHECK_EQ(child->rss_anon, 4);
	for (int i = 0; i < 4; i++) {
		CHECK(!pte_write(*pte_lookup(mm, AT + PAGES(i))));
		CHECK(!pte_write(*pte_lookup(child, AT + PAGES(i))));
		CHECK_EQ(pte_pfn(*pte_lookup(mm, AT + PAGES(i))),
			 pte_pfn(*pte_lookup(child, AT + PAGES(i))));
	}
	sim_tlb_check();
	faults = sim.faults;
	poke(AT, 10);
	CHECK_EQ(sim.faults, faults + 1);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), pages + 1);
	sim_load_mm(child);
	CHECK_EQ(peek(AT), 1);
	check_space(mm);
	check_space(child);
}

/* Faults bring a file's pages back; only copies of them are copied. */
TEST(what_a_file_has_is_not_copied)
{
	struct mm_struct *mm = take_mm(), *child;
	struct file *file = take_file(4);
	int refs;

	take_file_area(mm, file, AT, PAGES(4), RW, MAP_SHARED, 0);
	take_file_area(mm, file, 2 * AT, PAGES(4), RW, MAP_PRIVATE, 0);
	poke_pages(AT, 4);
	poke(2 * AT + PAGES(1), 22);
	refs = atomic_read(&file->f_count);
	child = take_fork(mm);
	CHECK_EQ(atomic_read(&file->f_count), refs + 2);
	CHECK_EQ(child->nr_ptes, 1);
	CHECK_EQ(child->rss_anon, 1);
	CHECK_EQ(pte_lookup(child, AT), NULL);
	sim_load_mm(child);
	CHECK_EQ(peek(2 * AT + PAGES(1)), 22);
	CHECK_EQ(peek(AT + PAGES(2)), 3);
	poke(AT + PAGES(2), 33);
	sim_load_mm(mm);
	CHECK_EQ(peek(AT + PAGES(2)), 33);
	check_space(mm);
	check_space(child);
	give_mm(child);
	CHECK_EQ(atomic_read(&file->f_count), refs);
}

TEST(some_areas_are_kept_from_a_copy)
{
	struct mm_struct *mm = take_mm(), *child;

	take_area(mm, AT, PAGES(8), RW);
	poke_pages(AT, 8);
	SPACE_OK(mm_madvise(mm, AT, PAGES(2), MADV_DONTFORK));
	SPACE_OK(mm_madvise(mm, AT + PAGES(4), PAGES(2), MADV_WIPEONFORK));
	child = take_fork(mm);
	CHECK_EQ(child->total_vm, 6);
	CHECK_EQ(child->data_vm, 6);
	CHECK_EQ(child->rss_anon, 4);
	CHECK_EQ(vm_committed_as, 8 + 6);
	sim_load_mm(child);
	CHECK_EQ(try_read(AT), SIM_MAPERR);
	CHECK_EQ(peek(AT + PAGES(2)), 3);
	CHECK_EQ(peek(AT + PAGES(4)), 0);
	CHECK_EQ(peek(AT + PAGES(6)), 7);
	sim_load_mm(mm);
	CHECK_EQ(peek(AT), 1);
	CHECK_EQ(peek(AT + PAGES(4)), 5);
	check_space(mm);
	check_space(child);
}

TEST(locks_and_records_are_not_inherited)
{
	struct mm_struct *mm = take_mm(), *child;

	take_area(mm, AT, PAGES(4), RW);
	SPACE_OK(mm_mlock(mm, AT, PAGES(3), VM_LOCKED));
	mm->def_flags |= VM_LOCKED;
	mm->oom_victim = true;
	mm->owner = mm;
	SPACE_OK(vm_munmap(mm, AT + PAGES(3), PAGES(1)));
	child = take_fork(mm);
	CHECK_EQ(child->locked_vm, 0);
	CHECK_EQ(child->def_flags, 0);
	CHECK_EQ(child->mmap->vm_flags & VM_LOCKED_MASK, 0);
	CHECK_EQ(child->hiwater_vm, 3);
	CHECK_EQ(child->hiwater_rss, 0);
	CHECK(!child->oom_victim && !child->owner);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 3);
	give_mm(mm);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 0);
	CHECK_EQ(child->rss_anon, 3);
	check_space(child);
}

/* The program's file is held by each space that runs it. */
TEST(a_copy_holds_the_programs_file)
{
	struct mm_struct *mm = take_mm(), *child;
	struct file *file = take_file(1);
	int refs = atomic_read(&file->f_count);

	mm->exe_file = file;
	get_file(file);
	child = take_fork(mm);
	CHECK_EQ(atomic_read(&file->f_count), refs + 2);
	give_mm(child);
	give_mm(mm);
	CHECK_EQ(atomic_read(&file->f_count), refs);
}

TEST(a_copy_is_promised_what_it_may_write)
{
	struct mm_struct *mm = take_mm(), *child;

	take_area(mm, AT, PAGES(6), RW);
	take_area(mm, AT + PAGES(10), PAGES(3), PROT_READ);
	sysctl_overcommit_memory = OVERCOMMIT_NEVER;
	sysctl_overcommit_kbytes = 10 << (PAGE_SHIFT - 10);
	sysctl_admin_reserve_kbytes = sysctl_user_reserve_kbytes = 0;
	child = dup_mm(mm);
	CHECK(child == ERR_PTR(-ENOMEM));
	CHECK_EQ(vm_committed_as, 6);
	sysctl_overcommit_kbytes = 13 << (PAGE_SHIFT - 10);
	child = take_fork(mm);
	CHECK_EQ(vm_committed_as, 12);
	give_mm(child);
	CHECK_EQ(vm_committed_as, 6);
	check_space(mm);
}

/* Whichever step fails, the parent has what it had, and nothing is kept. */
TEST_NO_SWEEP(a_copy_that_fails_leaves_no_trace)
{
	struct mm_struct *mm = take_mm(), *child;
	struct file *file = take_file(2);
	unsigned int before = spaces();
	long promised;
	int refs;

	take_area(mm, AT, PAGES(3), RW);
	take_file_area(mm, file, 2 * AT, PAGES(2), RW, MAP_PRIVATE, 0);
	take_area(mm, AT + 5 * PGDIR_SIZE, PAGES(2), RW);
	poke_pages(AT, 3);
	poke_pages(2 * AT, 2);
	poke_pages(AT + 5 * PGDIR_SIZE, 2);
	refs = atomic_read(&file->f_count);
	promised = vm_committed_as;
	for (unsigned long k = 1;; k++) {
		fail_at(k);
		child = dup_mm(mm);
		if (!IS_ERR(child))
			break;
		fail_nth(0);
		CHECK_EQ(PTR_ERR(child), -ENOMEM);
		CHECK_EQ(spaces(), before);
		CHECK_EQ(atomic_read(&file->f_count), refs);
		CHECK_EQ(vm_committed_as, promised);
		CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 7);
		CHECK_EQ(global_node_page_state(NR_PAGETABLE), mm->nr_ptes);
		CHECK_EQ(mm->rss_anon, 7);
		check_space(mm);
		poke(AT, 1); /* it is the parent's alone again */
	}
	CHECK_OP(fail_nth(0), >, 0);
	mmput(child);
	CHECK_EQ(peek(AT + PAGES(2)), 3);
	CHECK_EQ(peek(2 * AT + PAGES(1)), 2);
	check_space(mm);
}

/* ---- the end ---- */

TEST(nothing_is_left_of_a_space)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(2);

	take_area(mm, AT, 3 * PGDIR_SIZE, RW);
	take_file_area(mm, file, 4 * AT, PAGES(2), RW, MAP_SHARED, 0);
	for (int i = 0; i < 3; i++)
		poke(AT + i * PGDIR_SIZE, 1);
	poke_pages(4 * AT, 2);
	CHECK_EQ(mm->nr_ptes, 4);
	give_mm(mm);
	CHECK(!is_listed(mm));
	CHECK_EQ(vm_committed_as, 2);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 0);
	CHECK_EQ(global_node_page_state(NR_FILE_MAPPED), 0);
	CHECK_EQ(global_node_page_state(NR_PAGETABLE), 0);
	give_file(file);
	CHECK_EQ(vm_committed_as, 0);
}

/* Areas go with the last user; the space itself with who borrows it last. */
TEST(a_borrowed_space_is_empty_but_there)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(2), RW);
	poke_pages(AT, 2);
	mmget(mm);
	mmgrab(mm);
	mmput(mm);
	CHECK_EQ(peek(AT + PAGES(1)), 2);
	give_mm(mm);
	CHECK(!mmget_not_zero(mm));
	CHECK(!is_listed(mm));
	CHECK_EQ(mm->map_count + mm->total_vm + get_mm_rss(mm), 0);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 0);
	CHECK(find_vma(mm, AT) == NULL);
	mmdrop(mm);
}

/* Each has what it wrote, whatever ends first. */
TEST(generations_end_in_any_order)
{
	struct mm_struct *mms[5] = { take_mm() };

	take_area(mms[0], AT, PAGES(5), RW);
	poke_pages(AT, 5);
	for (int g = 1; g < 5; g++) {
		mms[g] = take_fork(mms[g - 1]);
		sim_load_mm(mms[g]);
		poke(AT + PAGES(g), 50 + (u32)g);
	}
	give_mm(mms[2]);
	give_mm(mms[0]);
	sim_load_mm(mms[3]);
	for (u32 i = 0; i < 5; i++)
		CHECK_EQ(peek(AT + PAGES(i)), i && i < 4 ? 50 + i : 1 + i);
	check_space(mms[1]);
	check_space(mms[4]);
	give_mm(mms[4]);
	give_mm(mms[1]);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), mms[3]->rss_anon);
	check_space(mms[3]);
}
