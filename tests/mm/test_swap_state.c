/* SPDX-License-Identifier: MIT */
/*
 * Pages that are in a swap area, in the swap cache, or on the move, and all who
 * walk page tables: mm/swap_state.c, and what zap.c, space.c, mprotect.c … do
 * with entries that are not present.
 */
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../swap.h"
#include <ashlar/oom.h>
#include <ashlar/pagemap.h>
#include <mach/tlb.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

static pte_t entry_at(struct mm_struct *mm, unsigned long addr)
{
	pte_t *pte = pte_lookup(mm, addr);

	return pte ? *pte : __pte(0);
}

/* ---- entries made by hand ---- */

/* One entry of a page that is being moved. */
static bool to_migration(struct page *page, struct vm_area_struct *vma,
			 unsigned long addr, void *arg)
{
	pte_t *pte = pte_lookup(vma->vm_mm, addr);
	pte_t old = *pte;

	set_pte(pte,
		swp_entry_to_pte(make_migration_entry(page, pte_write(old))));
	flush_tlb_page(vma->vm_mm, addr);
	if (atomic_dec_and_test(&page->_mapcount))
		dec_node_page_state(NR_ANON_MAPPED);
	put_page(page);
	return true;
}

/* The page at @addr, with a reference and locked. */
static struct page *lock_at(struct mm_struct *mm, unsigned long addr)
{
	struct page *page = pte_page(entry_at(mm, addr));

	get_page(page);
	lock_page(page);
	return page;
}

/* Every entry of the page at @addr leads to a slot; the page stays cached. */
static struct page *unmap_to_cache(struct mm_struct *mm, unsigned long addr)
{
	struct page *page = pte_page(entry_at(mm, addr));

	if (!swap_out(mm, addr))
		needed(__FILE__, __LINE__, "swap_out");
	return page;
}

/* The same, and memory forgets the page. */
static swp_entry_t push_out(struct mm_struct *mm, unsigned long addr)
{
	swp_entry_t entry;

	unmap_to_cache(mm, addr);
	entry = slot_at(mm, addr);
	CHECK(swap_drop(entry));
	return entry;
}

static struct mm_struct *filled(unsigned long pages)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, PAGES(pages), RW);
	for (u32 i = 0; i < pages; i++)
		poke(AT + PAGES(i), i + 1);
	return mm;
}

/* ---- the cache ---- */

TEST(a_cached_page_keeps_its_slot_until_it_leaves)
{
	struct swap_info_struct *si = take_swap(10, 0);
	struct mm_struct *mm = filled(2);
	struct page *page = unmap_to_cache(mm, AT), *found;
	swp_entry_t entry = slot_at(mm, AT);

	CHECK_EQ(global_node_page_state(NR_SWAPCACHE), 1);
	CHECK_EQ(atomic_read(&page->_refcount), 1);
	found = lookup_swap_cache(entry);
	CHECK(found == page);
	CHECK_EQ(page_swap_entry(page).val, entry.val);
	lock_page(page);
	CHECK(!try_to_free_swap(page)); /* an entry leads there */
	delete_from_swap_cache(page);
	CHECK(!try_to_free_swap(page)); /* it is not cached */
	unlock_page(page);
	put_page(page);
	CHECK(!lookup_swap_cache(entry));
	CHECK_EQ(swp_swapcount(entry), 1);
	CHECK_EQ(global_node_page_state(NR_SWAPCACHE), 0);
	check_space(mm);
	give_mm(mm);
	give_swap(si);
}

TEST(the_last_owner_takes_the_cached_page_along)
{
	struct swap_info_struct *si = take_swap(10, 0);
	struct mm_struct *mm = filled(3);

	unmap_to_cache(mm, AT);
	push_out(mm, AT + PAGES(1));
	CHECK_EQ(si->inuse, 2);
	CHECK_EQ(mm->swap_ents, 2);
	SPACE_OK(vm_munmap(mm, AT, PAGES(2)));
	CHECK_EQ(mm->swap_ents, 0);
	CHECK_EQ(global_node_page_state(NR_SWAPCACHE), 0);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 1);
	check_space(mm);
	give_swap(si);
}

/* What is being written, or looked at, is left to whoever does it. */
TEST(a_busy_page_stays_cached)
{
	struct swap_info_struct *si = take_swap(10, 0);
	struct mm_struct *mm = filled(1);
	struct page *page = unmap_to_cache(mm, AT);

	get_page(page);
	lock_page(page);
	SPACE_OK(vm_munmap(mm, AT, PAGES(1)));
	CHECK(PageSwapCache(page));
	set_page_writeback(page);
	CHECK(!try_to_free_swap(page));
	end_page_writeback(page);
	CHECK(try_to_free_swap(page));
	CHECK(PageDirty(page));
	unlock_page(page);
	put_page(page);
	give_swap(si);
}

/* ---- fork ---- */

TEST(a_fork_is_another_owner)
{
	struct swap_info_struct *si = take_swap(10, 0);
	struct mm_struct *mm = filled(3), *child;
	swp_entry_t entry = push_out(mm, AT + PAGES(1));

	CHECK(pte_swp_exclusive(entry_at(mm, AT + PAGES(1))));
	child = take_fork(mm);
	CHECK_EQ(swp_swapcount(entry), 2);
	CHECK(!pte_swp_exclusive(entry_at(mm, AT + PAGES(1))));
	CHECK(!pte_swp_exclusive(entry_at(child, AT + PAGES(1))));
	CHECK_EQ(child->swap_ents, 1);
	check_space(mm);
	check_space(child);
	give_mm(child);
	CHECK_EQ(swp_swapcount(entry), 1);
	give_mm(mm);
	give_swap(si);
}

TEST(a_fork_fails_where_owners_cannot_be_counted)
{
	struct swap_info_struct *si = take_swap(10, 0);
	struct mm_struct *mm = filled(3);
	swp_entry_t entry = push_out(mm, AT + PAGES(1));
	unsigned long more = 0;

	while (!swap_duplicate(entry))
		more++;
	CHECK(dup_mm(mm) == ERR_PTR(-ENOMEM));
	CHECK_EQ(swp_swapcount(entry), SWAP_MAP_MAX);
	while (more--)
		swap_free(entry);
	check_space(mm);
	give_mm(mm);
	give_swap(si);
}

/* ---- the others ---- */

TEST(rights_and_places_change_around_a_slot)
{
	struct swap_info_struct *si = take_swap(10, 0);
	struct mm_struct *mm = filled(3);
	swp_entry_t entry = push_out(mm, AT + PAGES(1));
	pte_t before = entry_at(mm, AT + PAGES(1));

	SPACE_OK(mm_mprotect(mm, AT, PAGES(3), PROT_READ));
	SPACE_OK(mm_mprotect(mm, AT, PAGES(3), PROT_NONE));
	SPACE_OK(mm_mprotect(mm, AT, PAGES(3), RW));
	CHECK(pte_same(entry_at(mm, AT + PAGES(1)), before));
	SPACE_OK(mm_mremap(mm, AT, PAGES(3), PAGES(3),
			   MREMAP_MAYMOVE | MREMAP_FIXED, 2 * AT));
	CHECK(pte_same(entry_at(mm, 2 * AT + PAGES(1)), before));
	CHECK_EQ(swp_swapcount(entry), 1);
	check_space(mm);
	SPACE_OK(mm_madvise(mm, 2 * AT, PAGES(3), MADV_FREE));
	CHECK_EQ(swp_swapcount(entry), 0);
	CHECK_EQ(mm->swap_ents, 0);
	CHECK_EQ(peek(2 * AT + PAGES(1)), 0);
	check_space(mm);
	give_swap(si);
}

TEST(reports_tell_of_slots)
{
	struct swap_info_struct *si = take_swap(10, 0);
	struct mm_struct *mm = filled(3);
	swp_entry_t entry = push_out(mm, AT + PAGES(1));
	u64 word = pagemap_entry(mm, AT + PAGES(1));
	u8 there[4];

	CHECK_EQ(word >> 61, 2); /* swapped, not present, no file */
	CHECK_EQ(word & 31, swp_type(entry));
	CHECK_EQ(word >> 5 & 0xfffff, swp_offset(entry));
	unmap_to_cache(mm, AT);
	CHECK_EQ(mm_mincore(mm, AT, 3, there), 0);
	CHECK_EQ(there[0] | there[1] << 1 | there[2] << 2, 5);
	CHECK_EQ(oom_badness(mm, 1), 1 + 2 + 1); /* a page, slots, a table */
	give_mm(mm);
	give_swap(si);
}

/* Private copies of a file's pages survive a hole, not a truncation. */
TEST(copies_in_slots_go_with_their_file)
{
	struct swap_info_struct *si = take_swap(10, 0);
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(4);

	take_file_area(mm, file, AT, PAGES(4), RW, MAP_PRIVATE, 0);
	poke(AT, 1);
	poke(AT + PAGES(1), 2);
	push_out(mm, AT);
	push_out(mm, AT + PAGES(1));
	unmap_mapping_range(file->f_mapping, 0, 1, false);
	CHECK_EQ(mm->swap_ents, 2);
	unmap_mapping_range(file->f_mapping, 0, 1, true);
	CHECK_EQ(mm->swap_ents, 1);
	CHECK_EQ(peek(AT), 0);
	check_space(mm);
	give_mm(mm);
	give_swap(si);
}

/* ---- pages on the move ---- */

/* What remains of the move: the page arrives where it was. */
static bool arrive(struct mm_struct *mm, unsigned long addr, struct page *page)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	pte_t *pte = pte_lookup(mm, addr);

	if (!pte || !is_swap_pte(*pte))
		return false;
	get_page(page);
	if (atomic_add_return(1, &page->_mapcount) == 1)
		inc_node_page_state(NR_ANON_MAPPED);
	set_pte(pte, pte_mkdirty(mk_pte(page, vma->vm_page_prot)));
	return true;
}

TEST_NO_SWEEP(a_page_on_the_move_is_counted_like_a_page)
{
	struct mm_struct *mm = filled(3), *child;
	struct page *page = lock_at(mm, AT);
	u8 there = 0;

	rmap_walk(page, to_migration, NULL);
	CHECK(is_writable_migration_entry(slot_at(mm, AT)));
	CHECK_EQ(mm->rss_anon, 3);
	CHECK_EQ(mm_mincore(mm, AT, 1, &there), 0);
	CHECK_EQ(there, 1);
	CHECK_EQ(pagemap_entry(mm, AT) >> 61, 2);
	child = take_fork(mm);
	CHECK(!is_writable_migration_entry(slot_at(mm, AT)));
	CHECK(!is_writable_migration_entry(slot_at(child, AT)));
	CHECK_EQ(child->rss_anon, 3);
	check_space(child);
	SPACE_OK(vm_munmap(child, AT, PAGES(1)));
	CHECK_EQ(child->rss_anon, 2);
	CHECK(arrive(mm, AT, page));
	unlock_page(page);
	put_page(page);
	sim_load_mm(mm);
	CHECK_EQ(peek(AT), 1);
	poke(AT, 4);
	check_space(mm);
	give_mm(child);
}

TEST(rights_are_taken_from_a_page_on_the_move)
{
	struct mm_struct *mm = filled(1);
	struct page *page = lock_at(mm, AT);

	rmap_walk(page, to_migration, NULL);
	SPACE_OK(mm_mprotect(mm, AT, PAGES(1), PROT_READ));
	CHECK(!is_writable_migration_entry(slot_at(mm, AT)));
	SPACE_OK(mm_madvise(mm, AT, PAGES(1), MADV_FREE));
	CHECK(is_migration_entry(slot_at(mm, AT)));
	SPACE_OK(vm_munmap(mm, AT, PAGES(1)));
	CHECK_EQ(mm->rss_anon, 0);
	CHECK(!arrive(mm, AT, page));
	unlock_page(page);
	put_page(page);
}

static struct page *moving;
static struct mm_struct *moving_in;
static unsigned int waits;

static bool arrive_after_a_while(const void *key)
{
	CHECK(key == moving);
	if (++waits < 3)
		return true;
	CHECK(arrive(moving_in, AT, moving));
	unlock_page(moving);
	put_page(moving);
	sim.on_wait = NULL;
	return true;
}

TEST(a_fault_waits_for_a_page_on_the_move)
{
	struct mm_struct *mm = filled(1);

	moving = lock_at(mm, AT);
	moving_in = mm;
	waits = 0;
	rmap_walk(moving, to_migration, NULL);
	sim.on_wait = arrive_after_a_while;
	CHECK_EQ(peek(AT), 1);
	CHECK_EQ(waits, 3);
	check_space(mm);
}
