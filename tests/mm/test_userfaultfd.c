/* SPDX-License-Identifier: MIT */
/* Areas whose missing pages a program provides: mm/userfaultfd.c. */
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/highmem.h>
#include <ashlar/userfaultfd.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)

static int watcher; /* only its address counts */
static int faults; /* calls of provide() */

/* A page that begins with its own number. */
static vm_fault_t provide(struct vm_area_struct *vma, unsigned long addr,
			  unsigned int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	struct page *page;
	u32 word;

	CHECK(vma->vm_private_data == &watcher);
	CHECK(userfault_is_due(mm, addr));
	faults++;
	word = (u32)(addr >> PAGE_SHIFT);
	up_read(&mm->mmap_lock);
	page = alloc_user_page(GFP_HIGHUSER_MOVABLE | __GFP_ZERO);
	NEED(page);
	memcpy_to_page(page, 0, (const char *)&word, sizeof(word));
	SPACE_OK(mfill_page(mm, addr, page));
	down_read(&mm->mmap_lock);
	return VM_FAULT_RETRY;
}

static struct mm_struct *take_watched(int pages)
{
	struct mm_struct *mm = take_mm();

	vm_userfault = provide;
	faults = 0;
	take_area(mm, AT, (unsigned long)pages * PAGE_SIZE, RW);
	SPACE_OK(userfaultfd_watch(
		mm, AT, AT + (unsigned long)pages * PAGE_SIZE, &watcher));
	return mm;
}

TEST(a_missing_page_is_asked_for_once)
{
	struct mm_struct *mm = take_watched(4);

	CHECK_EQ(peek(AT + PAGE_SIZE), (AT >> PAGE_SHIFT) + 1);
	poke(AT + PAGE_SIZE + 4, 7);
	CHECK_EQ(peek(AT + PAGE_SIZE), (AT >> PAGE_SHIFT) + 1);
	CHECK_EQ(faults, 1);
	CHECK_EQ(mm->rss_anon, 1);
	zap_page_range(find_vma(mm, AT), AT, AT + 2 * PAGE_SIZE);
	CHECK_EQ(peek(AT + PAGE_SIZE), (AT >> PAGE_SHIFT) + 1);
	CHECK_EQ(faults, 2);
}

TEST(the_kernel_asks_and_who_cannot_wait_fails)
{
	struct mm_struct *mm = take_watched(4);
	u32 word = 0;

	SPACE_OK(access_process_vm(mm, AT, &word, sizeof(word), false) ==
				 sizeof(word) ?
			 0 :
			 -ENOMEM);
	CHECK_EQ(word, AT >> PAGE_SHIFT);
	CHECK_EQ(faults, 1);
	down_read(&mm->mmap_lock);
	CHECK_EQ(populate_vma_range(find_vma(mm, AT), AT, AT + 2 * PAGE_SIZE,
				    true),
		 -EFAULT);
	up_read(&mm->mmap_lock);
	CHECK_EQ(faults, 1);
}

TEST(what_is_there_is_not_replaced)
{
	struct mm_struct *mm = take_watched(4);
	struct page *page;

	poke(AT, 1);
	page = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	NEED(page);
	CHECK_EQ(mfill_page(mm, AT, page), -EEXIST);
	CHECK_EQ(mfill_page(mm, AT, NULL), -EEXIST);
	CHECK_EQ(mfill_page(mm, AT + 4 * PAGE_SIZE, NULL), -ENOENT);
	CHECK_EQ(userfaultfd_covers(mm, AT, 4 * PAGE_SIZE), 0);
	CHECK_EQ(userfaultfd_covers(mm, AT, 5 * PAGE_SIZE), -ENOENT);
	CHECK_EQ(peek(AT), 1);
}

TEST(what_comes_of_an_area_is_not_watched)
{
	struct mm_struct *mm = take_watched(4), *child = take_fork(mm);
	unsigned long to = AT + 16 * PAGE_SIZE;

	sim_load_mm(child);
	CHECK_EQ(peek(AT), 0);
	sim_load_mm(mm);
	SPACE_OK(mm_mremap(mm, AT, PAGE_SIZE, PAGE_SIZE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, to));
	CHECK_EQ(peek(to), 0);
	CHECK_EQ(faults, 0);
	CHECK_EQ(peek(AT + PAGE_SIZE), (AT >> PAGE_SHIFT) + 1);
	userfaultfd_forget(mm, &watcher);
	CHECK_EQ(peek(AT + 2 * PAGE_SIZE), 0);
	CHECK_EQ(faults, 1);
}

TEST(who_may_watch_what)
{
	struct mm_struct *mm = take_watched(4);
	struct file *file = take_file(1);

	CHECK_EQ(userfaultfd_watch(mm, AT, AT + PAGE_SIZE, &faults), -EBUSY);
	CHECK_EQ(userfaultfd_watch(mm, 0, PAGE_SIZE, &faults), -EINVAL);
	take_file_area(mm, file, AT + 4 * PAGE_SIZE, PAGE_SIZE, RW, MAP_SHARED,
		       0);
	CHECK_EQ(userfaultfd_watch(mm, AT, AT + 5 * PAGE_SIZE, &watcher),
		 -EINVAL);
	SPACE_OK(userfaultfd_watch(mm, AT + PAGE_SIZE, AT + 2 * PAGE_SIZE,
				   NULL));
	CHECK_EQ(mm->map_count, 4);
	CHECK_EQ(peek(AT + PAGE_SIZE), 0);
	SPACE_OK(userfaultfd_watch(mm, AT, AT + 4 * PAGE_SIZE, NULL));
	CHECK_EQ(mm->map_count, 2);
}
