/* SPDX-License-Identifier: MIT */
/* Faults, copy on write and fork, rule by rule: mm/fault.c. */
#include "../../mm/internal.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/highmem.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)

static unsigned long user_pages(void)
{
	return global_node_page_state(NR_ANON_MAPPED) +
	       global_node_page_state(NR_FILE_PAGES);
}

TEST(nothing_is_there_before_it_is_touched)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 32ul << 20, RW);
	CHECK_EQ(mm->total_vm, (32ul << 20) >> PAGE_SHIFT);
	CHECK_EQ(get_mm_rss(mm), 0);
	CHECK_EQ(mm->nr_ptes, 0);
}

/* Reading costs no frame: all share one of zeroes. */
TEST(the_first_read_finds_zeroes)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 64 * PAGE_SIZE, RW);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(peek(AT + i * PAGE_SIZE), 0);
	CHECK_EQ(mm->rss_anon, 0);
	poke(AT, 1);
	CHECK_EQ(mm->rss_anon, 1);
	CHECK_EQ(peek(AT + PAGE_SIZE), 0);
	CHECK_EQ(peek(AT), 1);
}

TEST(what_was_written_is_read)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 1024 * PAGE_SIZE, RW);
	for (u32 i = 0; i < 1024; i += 7)
		poke(AT + i * PAGE_SIZE + 4 * i, i + 1);
	for (u32 i = 0; i < 1024; i += 7)
		CHECK_EQ(peek(AT + i * PAGE_SIZE + 4 * i), i + 1);
}

TEST(wrong_accesses_are_told_apart)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(1);

	CHECK_EQ(try_read(AT), SIM_MAPERR);
	take_area(mm, AT, PAGE_SIZE, PROT_READ);
	CHECK_EQ(try_read(AT), SIM_OK);
	CHECK_EQ(try_write(AT), SIM_ACCERR);
	take_area(mm, AT, PAGE_SIZE, PROT_NONE);
	CHECK_EQ(try_read(AT), SIM_ACCERR);
	take_file_area(mm, file, AT, 3 * PAGE_SIZE, RW, MAP_SHARED, 0);
	CHECK_EQ(try_write(AT), SIM_OK);
	CHECK_EQ(try_write(AT + PAGE_SIZE), SIM_BUS);
	CHECK_EQ(try_read(AT + 3 * PAGE_SIZE), SIM_MAPERR);
	CHECK_EQ(try_read(TASK_SIZE), SIM_MAPERR);
	CHECK_EQ(try_read(0), SIM_MAPERR);
}

TEST(segments_come_before_pages)
{
	struct mm_struct *mm = take_mm();
	struct sim_segment flat = sim.ds;
	u32 word = 7;

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 0);
	sim.ds = (struct sim_segment){ (u32)AT, 99, true, true };
	CHECK_EQ(sim_write(96, &word, 4), SIM_OK);
	CHECK_EQ(sim_write(97, &word, 4), SIM_GP);
	CHECK_EQ(sim_read(0xfffffffe, &word, 4), SIM_GP);
	sim.ds.writable = false;
	CHECK_EQ(sim_write(0, &word, 4), SIM_GP);
	sim.ds = flat;
	CHECK_EQ(peek(AT + 96), 7);
}

/* ---- fork ---- */

TEST(parent_and_child_see_their_own_writes)
{
	struct mm_struct *mm = take_mm(), *child;

	take_area(mm, AT, 4 * PAGE_SIZE, RW);
	poke(AT, 1);
	poke(AT + PAGE_SIZE, 2);
	child = take_fork(mm);
	CHECK_EQ(child->rss_anon, 2);
	poke(AT, 10);
	sim_load_mm(child);
	CHECK_EQ(peek(AT), 1);
	poke(AT + PAGE_SIZE, 20);
	sim_load_mm(mm);
	CHECK_EQ(peek(AT), 10);
	CHECK_EQ(peek(AT + PAGE_SIZE), 2);
}

/* The last one who has a page writes to it, and not to a copy. */
TEST(a_sole_copy_is_used_again)
{
	struct mm_struct *mm = take_mm(), *child;
	unsigned long before;

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	child = take_fork(mm);
	sim_load_mm(child);
	poke(AT, 2);
	give_mm(child);
	sim_load_mm(mm);
	before = vm_events(PGALLOC);
	poke(AT, 3);
	CHECK_EQ(vm_events(PGALLOC), before);
	CHECK_EQ(mm->rss_anon, 1);
}

TEST(generations_share_until_they_write)
{
	struct mm_struct *mm = take_mm(), *mms[6];

	take_area(mm, AT, 8 * PAGE_SIZE, RW);
	for (u32 i = 0; i < 8; i++)
		poke(AT + i * PAGE_SIZE, 100 + i);
	mms[0] = mm;
	for (int g = 1; g < 6; g++) {
		mms[g] = take_fork(mms[g - 1]);
		sim_load_mm(mms[g]);
		poke(AT + g * PAGE_SIZE, (u32)g);
	}
	for (int g = 0; g < 6; g++) {
		sim_load_mm(mms[g]);
		for (int i = 0; i < 8; i++)
			CHECK_EQ(peek(AT + i * PAGE_SIZE),
				 i >= 1 && i <= g ? i : 100 + i);
	}
	/* The first eight, and a copy for each write. */
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 8 + 5);
}

TEST(shared_memory_stays_shared_in_a_fork)
{
	struct mm_struct *mm = take_mm(), *child;
	unsigned long at;

	at = SPACE_OK(ksys_mmap(mm, NULL, 0, 2 * PAGE_SIZE, RW,
				MAP_SHARED | MAP_ANONYMOUS, 0));
	poke(at, 1);
	child = take_fork(mm);
	poke(at, 2);
	sim_load_mm(child);
	CHECK_EQ(peek(at), 2);
	poke(at + PAGE_SIZE, 3);
	sim_load_mm(mm);
	CHECK_EQ(peek(at + PAGE_SIZE), 3);
}

/* ---- files ---- */

TEST(one_file_in_two_places_is_one_memory)
{
	struct mm_struct *mm = take_mm(), *other;
	struct file *file = take_file(8);

	take_file_area(mm, file, AT, 8 * PAGE_SIZE, RW, MAP_SHARED, 0);
	other = take_mm();
	take_file_area(other, file, 2 * AT, 4 * PAGE_SIZE, RW, MAP_SHARED, 4);
	poke(2 * AT, 44);
	sim_load_mm(mm);
	CHECK_EQ(peek(AT + 4 * PAGE_SIZE), 44);
	poke(AT + 7 * PAGE_SIZE, 77);
	sim_load_mm(other);
	CHECK_EQ(peek(2 * AT + 3 * PAGE_SIZE), 77);
}

TEST(private_writes_do_not_reach_the_file)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(4);

	take_file_area(mm, file, AT, 4 * PAGE_SIZE, RW, MAP_SHARED, 0);
	take_file_area(mm, file, 2 * AT, 4 * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	poke(AT, 1);
	CHECK_EQ(peek(2 * AT), 1);
	poke(2 * AT, 2);
	CHECK_EQ(peek(AT), 1);
	poke(AT + 4, 3);
	CHECK_EQ(peek(2 * AT + 4), 0);
	CHECK_EQ(mm->rss_anon, 1);
}

/* Pages that are cached are mapped around a fault, and count as mapped. */
TEST(one_fault_maps_what_is_cached_around_it)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(16);
	unsigned long before;

	take_file_area(mm, file, AT, 16 * PAGE_SIZE, RW, MAP_SHARED, 0);
	for (u32 i = 0; i < 16; i++)
		poke(AT + i * PAGE_SIZE, i);
	take_file_area(mm, file, 2 * AT, 16 * PAGE_SIZE, PROT_READ, MAP_SHARED,
		       0);
	before = sim.faults;
	for (u32 i = 0; i < 16; i++)
		CHECK_EQ(peek(2 * AT + i * PAGE_SIZE), i);
	CHECK_EQ(sim.faults - before, 1);
	CHECK_EQ(mm->rss_shmem, 32);
	CHECK_EQ(global_node_page_state(NR_FILE_MAPPED), 16);
}

TEST(truncation_takes_pages_out_of_all_spaces)
{
	struct mm_struct *mm = take_mm(), *child;
	struct file *file = take_file(4);

	take_file_area(mm, file, AT, 4 * PAGE_SIZE, RW, MAP_SHARED, 0);
	take_file_area(mm, file, 2 * AT, 4 * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	for (u32 i = 0; i < 4; i++) {
		poke(AT + i * PAGE_SIZE, i + 1);
		poke(2 * AT + i * PAGE_SIZE, i + 11);
	}
	child = take_fork(mm);
	CHECK_EQ(shmem_setsize(file->f_mapping, PAGE_SIZE + 4), 0);
	sim_tlb_check();
	sim_load_mm(child);
	CHECK_EQ(peek(AT), 1);
	CHECK_EQ(peek(AT + PAGE_SIZE), 2);
	CHECK_EQ(peek(AT + PAGE_SIZE + 4), 0);
	CHECK_EQ(try_read(AT + 2 * PAGE_SIZE), SIM_BUS);
	CHECK_EQ(try_read(2 * AT + 3 * PAGE_SIZE), SIM_BUS);
	CHECK_EQ(shmem_setsize(file->f_mapping, 4 * PAGE_SIZE), 0);
	CHECK_EQ(peek(AT + 2 * PAGE_SIZE), 0);
}

/* ---- tables ---- */

TEST(tables_go_with_the_last_area_they_serve)
{
	struct mm_struct *mm = take_mm();
	unsigned long low = AT + PGDIR_SIZE - PAGE_SIZE;

	take_area(mm, low, 2 * PAGE_SIZE, RW);
	poke(low, 1);
	poke(low + PAGE_SIZE, 2);
	CHECK_EQ(mm->nr_ptes, 2);
	SPACE_OK(vm_munmap(mm, low, PAGE_SIZE));
	CHECK_EQ(mm->nr_ptes, 1);
	CHECK_EQ(peek(low + PAGE_SIZE), 2);
	SPACE_OK(vm_munmap(mm, low + PAGE_SIZE, PAGE_SIZE));
	CHECK_EQ(mm->nr_ptes, 0);
	CHECK_EQ(global_node_page_state(NR_PAGETABLE), 0);
}

/* ---- the kernel's accesses ---- */

TEST(copies_fault_like_programs)
{
	struct mm_struct *mm = take_mm();
	char out[64] = "from the kernel", in[64] = "";
	char *user = (char *)(AT + PAGE_SIZE - 8);

	take_area(mm, AT, 2 * PAGE_SIZE, RW);
	if (copy_to_user(user, out, 64))
		needed(__FILE__, __LINE__, "pages");
	CHECK_EQ(copy_from_user(in, user, 64), 0);
	CHECK(!memcmp(in, out, 64));
	CHECK_EQ(strnlen_user(user, 64), 16);
	CHECK_EQ(strncpy_from_user(in, user, 64), 15);
	CHECK_EQ(clear_user(user, 10), 0);
	CHECK_EQ(copy_from_user(in, user, 12), 0);
	CHECK(!memcmp(in, "\0\0\0\0\0\0\0\0\0\0er", 12));
}

TEST(a_copy_ends_where_memory_ends)
{
	struct mm_struct *mm = take_mm();
	char buf[64];

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	CHECK_EQ(copy_from_user(buf, (char *)(AT + PAGE_SIZE - 10), 64), 54);
	CHECK_EQ(copy_to_user((char *)(AT + PAGE_SIZE - 10), buf, 64), 54);
	CHECK_EQ(copy_from_user(buf, (char *)TASK_SIZE - 4, 8), 8);
	CHECK_EQ(copy_from_user(buf, (char *)~0ul - 3, 8), 8);
	CHECK_EQ(strncpy_from_user(buf, (char *)2, 8), -EFAULT);
}

TEST(user_pages_are_what_the_counters_say)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(8);

	take_area(mm, AT, 8 * PAGE_SIZE, RW);
	take_file_area(mm, file, 2 * AT, 8 * PAGE_SIZE, RW, MAP_SHARED, 0);
	for (u32 i = 0; i < 5; i++) {
		poke(AT + i * PAGE_SIZE, i);
		poke(2 * AT + i * PAGE_SIZE, i);
	}
	CHECK_EQ(user_pages(), 10);
	CHECK_EQ(global_node_page_state(NR_SHMEM), 5);
	give_mm(mm);
	CHECK_EQ(user_pages(), 5);
	give_file(file);
	CHECK_EQ(user_pages(), 0);
}

/* ---- locked pages ---- */

/* A page that two spaces lock is locked until both let go. */
TEST(locked_pages_are_counted_until_nobody_locks_them)
{
	struct mm_struct *mm = take_mm(), *other;
	struct file *file = take_file(2);

	take_file_area(mm, file, AT, 2 * PAGE_SIZE, RW, MAP_SHARED, 0);
	SPACE_OK(mm_mlock(mm, AT, 2 * PAGE_SIZE, VM_LOCKED));
	other = take_mm();
	take_file_area(other, file, AT, 2 * PAGE_SIZE, RW, MAP_SHARED, 0);
	SPACE_OK(mm_mlock(other, AT, 2 * PAGE_SIZE, VM_LOCKED));
	CHECK_EQ(global_node_page_state(NR_MLOCK), 2);
	SPACE_OK(mm_munlock(other, AT, PAGE_SIZE));
	CHECK_EQ(global_node_page_state(NR_MLOCK), 2);
	SPACE_OK(mm_munlock(mm, AT, PAGE_SIZE));
	CHECK_EQ(global_node_page_state(NR_MLOCK), 1);
	give_mm(other);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 1);
	CHECK_EQ(shmem_setsize(file->f_mapping, PAGE_SIZE), 0);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 0);
}

/* A copy takes the place of what it is a copy of. */
TEST(a_copy_in_a_locked_area_is_locked_instead)
{
	struct mm_struct *mm = take_mm(), *child;

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	SPACE_OK(mm_mlock(mm, AT, PAGE_SIZE, VM_LOCKED));
	child = take_fork(mm);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 1);
	poke(AT, 2);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 1);
	sim_load_mm(child);
	CHECK_EQ(peek(AT), 1);
	SPACE_OK(vm_munmap(mm, AT, PAGE_SIZE));
	CHECK_EQ(global_node_page_state(NR_MLOCK), 0);
}

/* ---- locks ---- */

static struct page *cached_page(struct file *file)
{
	struct page *page = read_mapping_page(file->f_mapping, 0);

	if (IS_ERR(page))
		needed(__FILE__, __LINE__, "a page");
	put_page(page);
	return page;
}

TEST_DIES(an_entry_changed_without_the_lock, "without its lock")
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(1);
	struct page *page = cached_page(file);
	struct vm_fault vmf = { .address = AT };

	take_file_area(mm, file, AT, PAGE_SIZE, RW, MAP_SHARED, 0);
	take_area(mm, AT + PAGE_SIZE, PAGE_SIZE, RW);
	poke(AT + PAGE_SIZE, 1); /* makes the table */
	vmf.vma = find_vma(mm, AT);
	vmf.pte = pte_lookup(mm, AT);
	set_pte_range(&vmf, &page, 0, 1);
	NOT_REACHED();
}

static bool fault_once_more(struct page *page, struct vm_area_struct *vma,
			    unsigned long addr, void *arg)
{
	handle_page_fault(vma->vm_mm, addr + PAGE_SIZE, 0);
	return false;
}

TEST_DIES(a_fault_while_a_page_is_looked_for, "may sleep")
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 2 * PAGE_SIZE, RW);
	poke(AT, 1);
	rmap_walk(pte_page(*pte_lookup(mm, AT)), fault_once_more, NULL);
	NOT_REACHED();
}

TEST_DIES(memory_asked_for_with_a_table_locked, "may sleep")
{
	struct mm_struct *mm = take_mm();

	spin_lock(&mm->page_table_lock);
	alloc_user_page(GFP_HIGHUSER_MOVABLE);
	NOT_REACHED();
}

/* What the file's list is locked for is done inside, never around it. */
TEST_DIES(a_file_looked_up_with_a_table_locked, "lock order")
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(1);

	take_file_area(mm, file, AT, PAGE_SIZE, RW, MAP_SHARED, 0);
	poke(AT, 1);
	shmem_setsize(file->f_mapping, 0);
	spin_lock(&mm->page_table_lock);
	spin_lock(&file->f_mapping->i_mmap_lock);
	NOT_REACHED();
}

/* ---- several CPUs ---- */

static void use_tables(void *arg)
{
	struct mm_struct *mm = arg;

	take_area(mm, AT, 4 * PGDIR_SIZE, RW);
	for (int i = 0; i < 4; i++)
		poke(AT + i * PGDIR_SIZE, 1);
	SPACE_OK(vm_munmap(mm, AT, 4 * PGDIR_SIZE));
}

/* The tables that it kept for another time come back. */
TEST(a_cpu_that_goes_leaves_no_table)
{
	struct mm_struct *mm = take_mm();

	on_cpu(1, use_tables, mm);
	CHECK_EQ(global_node_page_state(NR_PAGETABLE), 0);
	stop_cpu(1);
}
