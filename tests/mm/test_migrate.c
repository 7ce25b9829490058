/* SPDX-License-Identifier: MIT */
/* Pages that move to other frames: mm/migrate.c. */
#include "../../mm/internal.h"
#include "../../mm/lru.h"
#include "../../mm/migrate.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/pagemap.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)

/* What maps @addr, with a reference. */
static struct page *page_at(struct mm_struct *mm, unsigned long addr)
{
	struct page *page;
	pte_t *pte;

	spin_lock(&mm->page_table_lock);
	pte = pte_lookup(mm, addr);
	CHECK(pte && pte_present(*pte) && !pte_special(*pte));
	page = pte_page(*pte);
	get_page(page);
	spin_unlock(&mm->page_table_lock);
	return page;
}

static pte_t entry_at(struct mm_struct *mm, unsigned long addr)
{
	return *pte_lookup(mm, addr);
}

/* Move @page, whose reference is given up; the result, and where it went. */
static int move(struct page *page, enum migrate_mode mode, struct page **to)
{
	struct page *newpage = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	int err;

	CHECK(isolate_lru_page(page));
	put_page(page);
	*to = newpage;
	if (!newpage) {
		putback_lru_page(page);
		needed(__FILE__, __LINE__, "a frame to move to");
	}
	err = migrate_page(page, newpage, mode);
	if (err) {
		put_page(newpage);
		putback_lru_page(page);
		return err;
	}
	CHECK_EQ(atomic_read(&page->_refcount), 1);
	put_page(page);
	putback_lru_page(newpage);
	return 0;
}

/* Move what is at @addr, which must succeed. */
static struct page *moved(struct mm_struct *mm, unsigned long addr)
{
	struct page *old = page_at(mm, addr), *to;

	CHECK_EQ(move(old, MIGRATE_ASYNC, &to), 0);
	CHECK(pte_page(entry_at(mm, addr)) == to);
	CHECK(to != old);
	CHECK(!PageLocked(to));
	return to;
}

TEST(a_program_does_not_notice)
{
	struct mm_struct *mm = take_mm();
	struct page *page;

	take_area(mm, AT, 4 * PAGE_SIZE, RW);
	for (u32 i = 0; i < 4; i++)
		poke(AT + i * PAGE_SIZE, 100 + i);
	page = moved(mm, AT + PAGE_SIZE);
	CHECK_EQ(atomic_read(&page->_refcount), 1);
	CHECK_EQ(atomic_read(&page->_mapcount), 1);
	for (u32 i = 0; i < 4; i++)
		CHECK_EQ(peek(AT + i * PAGE_SIZE), 100 + i);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 4);
	check_space(mm);
}

TEST(who_had_it_alone_writes_without_a_copy)
{
	struct mm_struct *mm = take_mm();
	unsigned long before;

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	moved(mm, AT);
	before = sim.faults;
	poke(AT, 2);
	CHECK_EQ(sim.faults, before);
	mm_mprotect(mm, AT, PAGE_SIZE, PROT_READ);
	CHECK(moved(mm, AT)->pflags & PG_anon_exclusive);
	CHECK_EQ(try_write(AT), SIM_ACCERR);
	mm_mprotect(mm, AT, PAGE_SIZE, RW);
	before = vm_events(PGALLOC);
	poke(AT, 3);
	CHECK_EQ(vm_events(PGALLOC), before);
	CHECK_EQ(peek(AT), 3);
}

TEST(what_a_fork_shares_stays_shared_and_is_copied_on_write)
{
	struct mm_struct *mm = take_mm(), *child;
	struct page *page;

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	child = take_fork(mm);
	page = moved(mm, AT);
	CHECK(pte_page(entry_at(child, AT)) == page);
	CHECK_EQ(atomic_read(&page->_mapcount), 2);
	poke(AT, 2);
	sim_load_mm(child);
	CHECK_EQ(peek(AT), 1);
	check_space(child);
	sim_load_mm(mm);
	CHECK_EQ(peek(AT), 2);
	check_space(mm);
}

TEST(a_files_page_moves_for_all_who_map_it)
{
	struct file *file = take_file(3);
	struct mm_struct *mm = take_mm(), *other;
	struct page *page, *cached;

	take_file_area(mm, file, AT, 3 * PAGE_SIZE, RW, MAP_SHARED, 0);
	poke(AT + PAGE_SIZE, 1);
	poke(AT + 2 * PAGE_SIZE, 2);
	other = take_mm();
	take_file_area(other, file, AT, PAGE_SIZE, RW, MAP_SHARED, 1);
	CHECK_EQ(peek(AT), 1);
	page = moved(other, AT);
	cached = find_get_page(file->f_mapping, 1);
	CHECK(cached == page);
	put_page(cached);
	CHECK(pte_page(entry_at(mm, AT + PAGE_SIZE)) == page);
	CHECK(page->pflags & PG_dirty);
	poke(AT, 3);
	sim_load_mm(mm);
	CHECK_EQ(peek(AT + PAGE_SIZE), 3);
	CHECK_EQ(peek(AT + 2 * PAGE_SIZE), 2);
	CHECK_EQ(global_node_page_state(NR_FILE_MAPPED), 2);
	check_space(mm);
	check_space(other);
}

TEST(a_page_that_is_only_cached_moves)
{
	struct file *file = take_file(2);
	struct mm_struct *mm = take_mm();
	struct page *page, *to;

	take_file_area(mm, file, AT, 2 * PAGE_SIZE, RW, MAP_SHARED, 0);
	poke(AT, 7);
	SPACE_OK(vm_munmap(mm, AT, PAGE_SIZE));
	page = find_get_page(file->f_mapping, 0);
	CHECK_EQ(move(page, MIGRATE_ASYNC, &to), 0);
	page = find_get_page(file->f_mapping, 0);
	CHECK(page == to);
	CHECK_EQ(atomic_read(&page->_refcount), 2);
	put_page(page);
	take_file_area(mm, file, AT, PAGE_SIZE, RW, MAP_SHARED, 0);
	CHECK_EQ(peek(AT), 7);
}

/* Someone writes to it by its frame. */
TEST_NO_SWEEP(a_page_that_is_held_stays)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(1);
	struct page *held, *to;

	take_area(mm, AT, PAGE_SIZE, RW);
	take_file_area(mm, file, 2 * AT, PAGE_SIZE, RW, MAP_SHARED, 0);
	poke(AT, 1);
	poke(2 * AT, 2);
	for (unsigned long at = AT; at <= 2 * AT; at += AT) {
		held = page_at(mm, at);
		CHECK_EQ(move(page_at(mm, at), MIGRATE_SYNC, &to), -EAGAIN);
		CHECK(pte_page(entry_at(mm, at)) == held);
		CHECK(pte_write(entry_at(mm, at)));
		CHECK(!PageLocked(held));
		put_page(held);
	}
	CHECK_EQ(peek(AT), 1);
	CHECK_EQ(peek(2 * AT), 2);
	moved(mm, AT);
	moved(mm, 2 * AT);
}

TEST_NO_SWEEP(a_locked_page_stays_unless_it_is_waited_for)
{
	struct mm_struct *mm = take_mm();
	struct page *page, *to;

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	page = page_at(mm, AT);
	lock_page(page);
	get_page(page);
	CHECK_EQ(move(page, MIGRATE_ASYNC, &to), -EAGAIN);
	unlock_page(page);
	set_page_writeback(page);
	CHECK_EQ(move(page, MIGRATE_ASYNC, &to), -EAGAIN);
	end_page_writeback(page_at(mm, AT));
	put_page(page);
	moved(mm, AT);
}

TEST(an_mlocked_page_is_counted_once)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 2 * PAGE_SIZE, RW);
	SPACE_OK(mm_mlock(mm, AT, 2 * PAGE_SIZE, VM_LOCKED));
	moved(mm, AT);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 2);
	CHECK(pte_mlocked(entry_at(mm, AT)));
	mm_munlock(mm, AT, 2 * PAGE_SIZE);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 0);
	moved(mm, AT);
	CHECK(!pte_mlocked(entry_at(mm, AT)));
	CHECK_EQ(global_node_page_state(NR_MLOCK), 0);
}

TEST(what_nobody_may_touch_moves_too)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 5);
	mm_mprotect(mm, AT, PAGE_SIZE, PROT_NONE);
	moved(mm, AT);
	CHECK_EQ(try_read(AT), SIM_ACCERR);
	mm_mprotect(mm, AT, PAGE_SIZE, RW);
	CHECK_EQ(peek(AT), 5);
}

TEST(what_was_given_up_may_still_be_dropped)
{
	struct mm_struct *mm = take_mm();
	struct page *page;

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 5);
	SPACE_OK(mm_madvise(mm, AT, PAGE_SIZE, MADV_FREE));
	page = moved(mm, AT);
	CHECK(!pte_dirty(entry_at(mm, AT)));
	CHECK(!(page->pflags & (PG_dirty | PG_swapbacked)));
	poke(AT, 6);
	page = moved(mm, AT);
	CHECK(page->pflags & PG_dirty);
	CHECK_EQ(peek(AT), 6);
}

/* ---- beside a migration ---- */

static struct mm_struct *beside_mm;
static void (*beside)(void);

/* Another CPU steps in while there is a migration entry. */
static void step_in(void)
{
	unsigned int before = sim_cpu();
	void (*fn)(void) = beside;

	if (!fn || !is_migration_pte(entry_at(beside_mm, AT)) ||
	    sim_locks_held_beside("mm_cpu_online", "pcp_init"))
		return;
	beside = NULL;
	sim_run_on(1);
	mm_this_cpu();
	fn();
	sim_run_on(before);
}

/* Try to move the page at AT, and have @fn called in the middle. */
static int try_beside(struct mm_struct *mm, void (*fn)(void))
{
	struct page *page = page_at(mm, AT), *to;
	int err;

	beside_mm = mm;
	beside = fn;
	sim.on_unlock = step_in;
	err = move(page, MIGRATE_ASYNC, &to);
	sim.on_unlock = NULL;
	CHECK(!beside);
	return err;
}

static void move_beside(struct mm_struct *mm, void (*fn)(void))
{
	CHECK_EQ(try_beside(mm, fn), 0);
}

static struct mm_struct *forked;

static void fork_it(void)
{
	forked = take_fork(beside_mm);
}

TEST_NO_SWEEP(a_fork_in_the_middle_shares_the_page)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	move_beside(mm, fork_it);
	CHECK_EQ(atomic_read(&pte_page(entry_at(mm, AT))->_mapcount), 2);
	poke(AT, 2);
	sim_load_mm(forked);
	CHECK_EQ(peek(AT), 1);
	check_space(forked);
	check_space(mm);
	stop_cpu(1);
}

static struct page *held;

static void fork_and_hold(void)
{
	fork_it();
	held = migration_entry_to_page(
		pte_to_swp_entry(entry_at(beside_mm, AT)));
	get_page(held);
}

/* It was one space's alone when it was to move, and stays as that of two. */
TEST_NO_SWEEP(a_page_that_is_held_in_the_middle_stays_and_is_shared)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	CHECK_EQ(try_beside(mm, fork_and_hold), -EAGAIN);
	CHECK(pte_page(entry_at(mm, AT)) == held);
	CHECK(!(held->pflags & PG_anon_exclusive));
	put_page(held);
	poke(AT, 2);
	sim_load_mm(forked);
	CHECK_EQ(peek(AT), 1);
	check_space(forked);
	check_space(mm);
	stop_cpu(1);
}

static struct file *cached;

static void find_it(void)
{
	held = find_get_page(cached->f_mapping, 0);
}

TEST_NO_SWEEP(a_files_page_that_is_found_in_the_middle_stays)
{
	struct mm_struct *mm = take_mm();

	cached = take_file(1);
	take_file_area(mm, cached, AT, PAGE_SIZE, RW, MAP_SHARED, 0);
	poke(AT, 1);
	CHECK_EQ(try_beside(mm, find_it), -EAGAIN);
	CHECK(pte_page(entry_at(mm, AT)) == held);
	put_page(held);
	find_it();
	CHECK(pte_page(entry_at(mm, AT)) == held);
	put_page(held);
	CHECK_EQ(peek(AT), 1);
	moved(mm, AT);
	CHECK_EQ(peek(AT), 1);
	stop_cpu(1);
}

static void unmap_it(void)
{
	SPACE_OK(vm_munmap(beside_mm, AT, PAGE_SIZE));
}

TEST_NO_SWEEP(the_last_area_may_go_in_the_middle)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	move_beside(mm, unmap_it);
	CHECK_EQ(get_mm_rss(mm), 0);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 0);
	check_space(mm);
	stop_cpu(1);
}

static void protect_it(void)
{
	SPACE_OK(mm_mprotect(beside_mm, AT, PAGE_SIZE, PROT_READ));
}

TEST_NO_SWEEP(a_right_that_goes_in_the_middle_is_gone)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	move_beside(mm, protect_it);
	CHECK_EQ(try_write(AT), SIM_ACCERR);
	CHECK_EQ(peek(AT), 1);
	stop_cpu(1);
}

static void lock_it(void)
{
	SPACE_OK(
		mm_mlock(beside_mm, AT, PAGE_SIZE, VM_LOCKED | VM_LOCKONFAULT));
}

TEST_NO_SWEEP(what_is_mlocked_in_the_middle_is_counted)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGE_SIZE, RW);
	poke(AT, 1);
	move_beside(mm, lock_it);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 1);
	CHECK(pte_mlocked(entry_at(mm, AT)));
	stop_cpu(1);
}
