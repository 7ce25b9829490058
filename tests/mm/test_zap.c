/* SPDX-License-Identifier: MIT */
/* Entries cleared, then the TLB, then the frames: mm/zap.c. */
#include "../../mm/internal.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../space.h"

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)
#define BATCH 60 /* frames that wait for one flush */

static void zap(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	down_write(&mm->mmap_lock);
	zap_page_range(find_vma(mm, start), start, end);
	up_write(&mm->mmap_lock);
	sim_tlb_check();
}

static void poke_pages(unsigned long addr, unsigned long nr)
{
	for (u32 i = 0; i < nr; i++)
		poke(addr + PAGES(i), i + 1);
}

/* ---- one part of an area ---- */

TEST(pages_go_and_the_area_stays)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(6), RW);
	poke_pages(AT, 6);
	zap(mm, AT + PAGES(1), AT + PAGES(4));
	CHECK_EQ(mm->map_count, 1);
	CHECK_EQ(mm->rss_anon, 3);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 3);
	CHECK_EQ(mm->hiwater_rss, 6);
	CHECK_EQ(mm->nr_ptes, 1);
	CHECK_EQ(peek(AT), 1);
	CHECK_EQ(peek(AT + PAGES(1)), 0);
	CHECK_EQ(peek(AT + PAGES(4)), 5);
	check_space(mm);
}

/* What is not there costs nothing, and tables are not made for it. */
TEST(nothing_is_zapped_at_no_cost)
{
	struct mm_struct *mm = take_mm();
	unsigned long flushes = sim.tlb_flushes;

	take_area(mm, AT, 4 * PGDIR_SIZE, RW);
	zap(mm, AT, AT + 4 * PGDIR_SIZE);
	CHECK_EQ(sim.tlb_flushes, flushes);
	CHECK_EQ(mm->nr_ptes, 0);
	CHECK_EQ(mm->hiwater_rss, 0);
}

TEST(parts_reach_across_tables)
{
	struct mm_struct *mm = take_mm();
	unsigned long at = AT + PGDIR_SIZE - PAGES(3);

	take_area(mm, at, PAGES(6), RW);
	poke_pages(at, 6);
	zap(mm, at + PAGES(1), at + PAGES(5));
	CHECK_EQ(mm->nr_ptes, 2);
	CHECK_EQ(mm->rss_anon, 2);
	CHECK_EQ(peek(at + PAGES(5)), 6);
	CHECK_EQ(peek(at + PAGES(3)), 0);
	check_space(mm);
}

/* ---- batches ---- */

static unsigned long flushes_to_zap(unsigned long pages)
{
	struct mm_struct *mm = take_mm();
	unsigned long flushes;

	take_area(mm, AT, PAGES(pages), RW);
	poke_pages(AT, pages);
	flushes = sim.tlb_flushes;
	zap(mm, AT, AT + PAGES(pages));
	CHECK_EQ(mm->rss_anon, 0);
	flushes = sim.tlb_flushes - flushes;
	give_mm(mm);
	return flushes;
}

TEST(a_batch_is_flushed_once)
{
	CHECK_EQ(flushes_to_zap(1), 1);
	CHECK_EQ(flushes_to_zap(BATCH - 1), 1);
	CHECK_EQ(flushes_to_zap(BATCH), 1);
	CHECK_EQ(flushes_to_zap(BATCH + 1), 2);
	CHECK_EQ(flushes_to_zap(3 * BATCH), 3);
}

/* No task runs in a space that ends. */
TEST(the_end_is_flushed_once)
{
	struct mm_struct *mm = take_mm();
	unsigned long flushes;

	take_area(mm, AT, PAGES(3 * BATCH), RW);
	poke_pages(AT, 3 * BATCH);
	flushes = sim.tlb_flushes;
	give_mm(mm);
	CHECK_EQ(sim.tlb_flushes - flushes, 1);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 0);
	CHECK_EQ(global_node_page_state(NR_PAGETABLE), 0);
}

/* ---- kinds of entries ---- */

/* The page of zeroes has no owner: its entry goes, and that is all. */
TEST(zeroes_are_not_freed)
{
	struct mm_struct *mm = take_mm();
	const struct page *zero = pfn_to_page(zero_pfn);
	int refs = atomic_read(&zero->_refcount);
	unsigned long flushes;

	take_area(mm, AT, PAGES(3), RW);
	CHECK_EQ(peek(AT) + peek(AT + PAGES(1)), 0);
	flushes = sim.tlb_flushes;
	zap(mm, AT, AT + PAGES(3));
	CHECK_EQ(sim.tlb_flushes - flushes, 1);
	CHECK(pte_none(*pte_lookup(mm, AT)));
	CHECK_EQ(atomic_read(&zero->_refcount), refs);
	CHECK_EQ(mm->hiwater_rss, 0);
	check_space(mm);
}

/* A frame that is held is freed when its last reference goes. */
TEST(a_held_page_outlives_its_entry)
{
	struct mm_struct *mm = take_mm();
	struct page *page;

	take_area(mm, AT, PAGES(1), RW);
	poke(AT, 9);
	page = get_user_page(mm, AT, false, false);
	zap(mm, AT, AT + PAGES(1));
	CHECK_EQ(mm->rss_anon, 0);
	CHECK_EQ(atomic_read(&page->_refcount), 1);
	CHECK_EQ(atomic_read(&page->_mapcount), 0);
	put_page(page);
}

TEST(pages_of_files_are_counted_apart)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(4);
	struct page *page;

	take_file_area(mm, file, AT, PAGES(4), RW, MAP_SHARED, 0);
	poke_pages(AT, 4);
	page = pte_page(*pte_lookup(mm, AT));
	clear_page_flags(page, PG_dirty);
	CHECK_EQ(mm->rss_shmem, 4);
	zap(mm, AT, AT + PAGES(3));
	CHECK_EQ(mm->rss_shmem, 1);
	CHECK_EQ(global_node_page_state(NR_FILE_MAPPED), 1);
	CHECK_EQ(global_node_page_state(NR_SHMEM), 4);
	CHECK(page->pflags & PG_dirty); /* the entry was */
	CHECK_EQ(peek(AT), 1);
	check_space(mm);
}

TEST(locked_entries_unlock_their_pages)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(3), RW);
	SPACE_OK(mm_mlock(mm, AT, PAGES(3), VM_LOCKED));
	CHECK_EQ(global_node_page_state(NR_MLOCK), 3);
	zap(mm, AT, AT + PAGES(2));
	CHECK_EQ(global_node_page_state(NR_MLOCK), 1);
	CHECK_EQ(mm->locked_vm, 3);
}

/* A page that two spaces map is mapped until both let go. */
TEST(a_shared_page_is_unmapped_last)
{
	struct mm_struct *mm = take_mm(), *child;

	take_area(mm, AT, PAGES(2), RW);
	poke_pages(AT, 2);
	child = take_fork(mm);
	zap(mm, AT, AT + PAGES(2));
	CHECK_EQ(mm->rss_anon, 0);
	CHECK_EQ(child->rss_anon, 2);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 2);
	sim_load_mm(child);
	CHECK_EQ(peek(AT + PAGES(1)), 2);
	zap(child, AT, AT + PAGES(1));
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 1);
	check_space(mm);
	check_space(child);
}

/* ---- a file's pages, wherever they are ---- */

/* Pages 0 … 7 are shared at AT; at 2 * AT private, and copied in part. */
static struct mm_struct *map_twice(struct file *file)
{
	struct mm_struct *mm = take_mm();

	take_file_area(mm, file, AT, PAGES(8), RW, MAP_SHARED, 0);
	take_file_area(mm, file, 2 * AT, PAGES(6), RW, MAP_PRIVATE, 2);
	poke_pages(AT, 8);
	for (u32 i = 0; i < 3; i++)
		poke(2 * AT + PAGES(i), 30 + i);
	CHECK_EQ(peek(2 * AT + PAGES(3)), 6);
	return mm;
}

TEST(copies_stay_unless_they_are_to_go)
{
	struct file *file = take_file(8);
	struct mm_struct *mm = map_twice(file);

	unmap_mapping_range(file->f_mapping, 3, 4, false);
	sim_tlb_check();
	CHECK_EQ(mm->rss_anon, 3);
	CHECK_EQ(pte_none(*pte_lookup(mm, AT + PAGES(2))), false);
	CHECK(pte_none(*pte_lookup(mm, AT + PAGES(3))));
	CHECK(pte_none(*pte_lookup(mm, AT + PAGES(6))));
	CHECK_EQ(pte_none(*pte_lookup(mm, AT + PAGES(7))), false);
	CHECK(pte_none(*pte_lookup(mm, 2 * AT + PAGES(3))));
	check_space(mm);
	CHECK_EQ(peek(2 * AT + PAGES(1)), 31);
	unmap_mapping_range(file->f_mapping, 3, 1, true);
	CHECK_EQ(mm->rss_anon, 2);
	CHECK_EQ(peek(2 * AT), 30);
	CHECK_EQ(peek(2 * AT + PAGES(1)), 4);
	check_space(mm);
}

TEST(a_range_without_an_end_is_the_rest)
{
	struct file *file = take_file(8);
	struct mm_struct *mm = map_twice(file);

	unmap_mapping_range(file->f_mapping, 9, ~0ul, true);
	unmap_mapping_range(file->f_mapping, 3, 0, true);
	CHECK_EQ(mm->rss_anon, 3);
	unmap_mapping_range(file->f_mapping, 3, ~0ul, true);
	CHECK_EQ(mm->rss_anon, 1);
	CHECK_EQ(mm->rss_shmem, 3);
	unmap_mapping_range(file->f_mapping, 0, ~0ul, true);
	CHECK_EQ(get_mm_rss(mm), 0);
	CHECK_EQ(global_node_page_state(NR_FILE_MAPPED), 0);
	check_space(mm);
}

TEST(every_space_loses_them)
{
	struct file *file = take_file(8);
	struct mm_struct *mm = map_twice(file), *child = take_fork(mm);

	sim_load_mm(child);
	poke(AT + PAGES(1), 77);
	unmap_mapping_range(file->f_mapping, 0, 8, true);
	CHECK_EQ(get_mm_rss(mm) + get_mm_rss(child), 0);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 0);
	CHECK_EQ(peek(AT + PAGES(1)), 77);
	check_space(mm);
	check_space(child);
}
