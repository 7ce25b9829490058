/* SPDX-License-Identifier: MIT */
/* Pages by age: which list a page is on, and that none is lost between them. */
#include "../../mm/lru.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/fs.h>
#include <ashlar/mmzone.h>
#include <ashlar/slab.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)

static unsigned long on(enum lru_list lru)
{
	return global_node_page_state(NR_LRU_BASE + lru);
}

/* What a test finds is what it put there: nothing else has user memory. */
#define CHECK_LISTS(inactive_anon, active_anon, inactive_file, active_file, \
		    unevictable)                                            \
	do {                                                                \
		CHECK_EQ(on(LRU_INACTIVE_ANON), inactive_anon);             \
		CHECK_EQ(on(LRU_ACTIVE_ANON), active_anon);                 \
		CHECK_EQ(on(LRU_INACTIVE_FILE), inactive_file);             \
		CHECK_EQ(on(LRU_ACTIVE_FILE), active_file);                 \
		CHECK_EQ(on(LRU_UNEVICTABLE), unevictable);                 \
	} while (0)

static void touch(unsigned long addr, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		poke(addr + (i << PAGE_SHIFT), 1);
}

static struct page *page_at(struct mm_struct *mm, unsigned long addr)
{
	return pte_page(*pte_lookup(mm, addr));
}

TEST(pages_join_when_they_are_touched_and_leave_when_they_go)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(8);

	take_area(mm, AT, 16 << PAGE_SHIFT, RW);
	take_file_area(mm, file, 2 * AT, 8 << PAGE_SHIFT, RW, MAP_SHARED, 0);
	CHECK_LISTS(0, 0, 0, 0, 0);
	touch(AT, 5);
	touch(2 * AT, 3);
	CHECK_LISTS(3, 5, 0, 0, 0);
	vm_munmap(mm, AT, 2 << PAGE_SHIFT);
	CHECK_LISTS(3, 3, 0, 0, 0);
	vm_munmap(mm, 2 * AT, 8 << PAGE_SHIFT);
	CHECK_LISTS(3, 3, 0, 0, 0);
	shmem_setsize(file->f_mapping, 0);
	CHECK_LISTS(0, 3, 0, 0, 0);
	give_mm(mm);
	CHECK_LISTS(0, 0, 0, 0, 0);
}

TEST(a_copy_of_a_page_is_a_page_more)
{
	struct mm_struct *mm = take_mm(), *child;

	take_area(mm, AT, 16 << PAGE_SHIFT, RW);
	touch(AT, 6);
	child = take_fork(mm);
	CHECK_LISTS(0, 6, 0, 0, 0);
	touch(AT, 2);
	CHECK_LISTS(0, 8, 0, 0, 0);
	give_mm(child);
	CHECK_LISTS(0, 6, 0, 0, 0);
}

TEST(locked_pages_are_on_a_list_of_their_own)
{
	struct mm_struct *mm = take_mm(), *child;

	sim.rlimit[RLIMIT_MEMLOCK] = ~0ul;
	take_area(mm, AT, 16 << PAGE_SHIFT, RW);
	touch(AT, 4);
	SPACE_OK(mm_mlock(mm, AT, 8 << PAGE_SHIFT, VM_LOCKED));
	CHECK_LISTS(0, 0, 0, 0, 8);
	child = take_fork(mm);
	SPACE_OK(mm_munlock(mm, AT, 2 << PAGE_SHIFT));
	CHECK_LISTS(2, 0, 0, 0, 6);
	give_mm(child);
	CHECK_LISTS(2, 0, 0, 0, 6);
	vm_munmap(mm, AT + (6 << PAGE_SHIFT), 10 << PAGE_SHIFT);
	CHECK_LISTS(2, 0, 0, 0, 4);
	SPACE_OK(mm_munlockall(mm));
	CHECK_LISTS(6, 0, 0, 0, 0);
}

TEST(a_locked_file_and_a_locked_entry_are_two_reasons)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(8);

	sim.rlimit[RLIMIT_MEMLOCK] = ~0ul;
	take_file_area(mm, file, AT, 8 << PAGE_SHIFT, RW, MAP_SHARED, 0);
	touch(AT, 4);
	shmem_lock(file->f_mapping, true);
	CHECK_LISTS(0, 0, 0, 0, 4);
	touch(AT, 6);
	CHECK_LISTS(0, 0, 0, 0, 6);
	SPACE_OK(mm_mlock(mm, AT, 3 << PAGE_SHIFT, VM_LOCKED));
	shmem_lock(file->f_mapping, false);
	CHECK_LISTS(3, 0, 0, 0, 3);
	shmem_lock(file->f_mapping, true);
	SPACE_OK(mm_munlock(mm, AT, 3 << PAGE_SHIFT));
	CHECK_LISTS(0, 0, 0, 0, 6);
	shmem_lock(file->f_mapping, false);
	CHECK_LISTS(6, 0, 0, 0, 0);
}

TEST(a_page_that_is_used_twice_is_active)
{
	struct mm_struct *mm = take_mm();
	struct page *page;

	take_area(mm, AT, 4 << PAGE_SHIFT, RW);
	touch(AT, 4);
	for (unsigned long i = 0; i < 4; i++)
		deactivate_page(page_at(mm, AT + (i << PAGE_SHIFT)));
	page = page_at(mm, AT);
	mark_page_accessed(page);
	CHECK_LISTS(4, 0, 0, 0, 0);
	CHECK(page->pflags & PG_referenced);
	mark_page_accessed(page);
	CHECK_LISTS(3, 1, 0, 0, 0);
	CHECK(!(page->pflags & PG_referenced));
	mark_page_accessed(page);
	mark_page_accessed(page);
	CHECK_LISTS(3, 1, 0, 0, 0);
	CHECK(page->pflags & PG_referenced);
	deactivate_page(page);
	CHECK_LISTS(4, 0, 0, 0, 0);
	CHECK(!(page->pflags & PG_referenced));
	activate_page(page);
	activate_page(page);
	CHECK_LISTS(3, 1, 0, 0, 0);
}

TEST(an_isolated_page_is_on_no_list_and_stays)
{
	struct mm_struct *mm = take_mm();
	struct page *page;

	take_area(mm, AT, 4 << PAGE_SHIFT, RW);
	touch(AT, 4);
	page = page_at(mm, AT);
	CHECK(isolate_lru_page(page));
	CHECK(!isolate_lru_page(page));
	CHECK_LISTS(0, 3, 0, 0, 0);
	CHECK_EQ(global_node_page_state(NR_ISOLATED_ANON), 1);
	CHECK_EQ(atomic_read(&page->_refcount), 2);
	activate_page(page);
	lru_validate_frames();
	lru_set_unevictable(page);
	putback_lru_page(page);
	CHECK_LISTS(0, 3, 0, 0, 1);
	lru_set_evictable(page);
	CHECK_LISTS(1, 3, 0, 0, 0);
	CHECK(isolate_lru_page(page));
	vm_munmap(mm, AT, 4 << PAGE_SHIFT);
	CHECK_LISTS(0, 0, 0, 0, 0);
	putback_lru_page(page);
	CHECK_LISTS(0, 0, 0, 0, 0);
	CHECK_EQ(global_node_page_state(NR_ISOLATED_ANON), 0);
}

TEST(pages_given_up_lie_beside_those_of_files)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 8 << PAGE_SHIFT, RW);
	touch(AT, 8);
	deactivate_page(page_at(mm, AT));
	SPACE_OK(mm_madvise(mm, AT, 3 << PAGE_SHIFT, MADV_FREE));
	CHECK_LISTS(0, 5, 3, 0, 0);
	SPACE_OK(mm_madvise(mm, AT, 3 << PAGE_SHIFT, MADV_FREE));
	CHECK_LISTS(0, 5, 3, 0, 0);
	vm_munmap(mm, AT, 2 << PAGE_SHIFT);
	CHECK_LISTS(0, 5, 1, 0, 0);
}

TEST(a_page_that_was_written_on_its_way_out_is_next)
{
	struct mm_struct *mm = take_mm();
	struct page *page;

	take_area(mm, AT, 4 << PAGE_SHIFT, RW);
	touch(AT, 4);
	page = page_at(mm, AT + PAGE_SIZE);
	rotate_reclaimable_page(page);
	CHECK(list_last_entry(&node_lruvec.lists[LRU_INACTIVE_ANON],
			      struct page, lru) == page);
	CHECK_LISTS(1, 3, 0, 0, 0);
}

TEST_DIES(a_page_on_the_wrong_list_is_seen, "on list")
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 4 << PAGE_SHIFT, RW);
	touch(AT, 4);
	clear_page_flags(page_at(mm, AT), PG_active);
	mm_validate();
}

TEST_DIES(a_page_on_no_list_is_seen, "should be listed")
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 4 << PAGE_SHIFT, RW);
	touch(AT, 4);
	clear_page_flags(page_at(mm, AT), PG_lru);
	list_del(&page_at(mm, AT)->lru);
	lru_count(LRU_ACTIVE_ANON, -1);
	mm_validate();
	lru_validate_frames();
}

/* Whoever gets a frame for user memory counts from 0 on it. */
TEST(a_frame_that_was_a_slab_s_is_as_new)
{
	struct kmem_cache *s =
		NEED(kmem_cache_create("test_frames", 48, 0, 0, NULL));
	void *objects[300];
	struct page *page;
	unsigned long pfn;
	struct zone *z;

	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		objects[i] = kmem_cache_alloc(s, GFP_KERNEL);
	for (unsigned int i = 0; i < ARRAY_SIZE(objects); i++)
		kmem_cache_free(s, objects[i]);
	kmem_cache_destroy(s);
	for_each_populated_zone(z)
		for (pfn = z->start_pfn; pfn < z->start_pfn + z->spanned_pages;
		     pfn++) {
			page = pfn_to_page(pfn);
			if (page->flags & (PG_used | PG_slab))
				continue;
			CHECK(!page->mapping && !page->pflags);
			CHECK(!atomic_read(&page->_mapcount));
		}
}
