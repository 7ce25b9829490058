/* SPDX-License-Identifier: MIT */
/* Pages of files in memory that swap areas have: mm/shmem_swap.c. */
#include "../../mm/pgtable.h"
#include "../../mm/shmem.h"
#include "../../mm/vma.h"
#include "../swap.h"
#include <ashlar/pagemap.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)

static struct mm_struct *mapped(struct file *file, unsigned long pages)
{
	struct mm_struct *mm = take_mm();

	take_file_area(mm, file, AT, PAGES(pages), RW, MAP_SHARED, 0);
	for (u32 i = 0; i < pages; i++)
		poke(AT + PAGES(i), i + 1);
	return mm;
}

/* A page of the file is on the disk alone. */
static void away(struct mm_struct *mm, struct file *file, unsigned long page)
{
	void *entry;

	if (!swap_out(mm, AT + PAGES(page)))
		needed(__FILE__, __LINE__, "swap_out");
	entry = xa_load(&file->f_mapping->i_pages, page);
	CHECK(xa_is_value(entry));
	CHECK(swap_drop(xa_value_to_swp(entry)));
}

static u32 word_of(struct file *f, unsigned long page)
{
	struct iov_iter to;
	loff_t pos = (loff_t)PAGES(page);
	u32 word = 0;
	ssize_t n;

	iov_iter_kernel(&to, &word, 4);
	n = generic_file_read_iter(f, &to, &pos);
	if (n == -ENOMEM)
		needed(__FILE__, __LINE__, "read");
	CHECK_EQ(n, 4);
	return word;
}

static void set_word(struct file *f, unsigned long page, u32 word)
{
	struct iov_iter from;
	loff_t pos = (loff_t)PAGES(page);
	ssize_t n;

	iov_iter_kernel(&from, &word, 4);
	n = generic_file_write_iter(f, &from, &pos);
	if (n == -ENOMEM)
		needed(__FILE__, __LINE__, "write");
	CHECK_EQ(n, 4);
}

TEST(a_file_gets_its_pages_back)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct file *file = take_file(6);
	struct address_space *m = file->f_mapping;
	struct mm_struct *mm = mapped(file, 4);

	for (unsigned long i = 0; i < 4; i++)
		away(mm, file, i);
	CHECK_EQ(m->nrpages, 0);
	CHECK_EQ(m->nrswapped, 4);
	CHECK_EQ(mm->rss_shmem, 0);
	CHECK_EQ(global_node_page_state(NR_SHMEM), 0);
	CHECK_EQ(word_of(file, 0), 1);
	CHECK_EQ(peek(AT + PAGES(1)), 2);
	set_word(file, 2, 30);
	CHECK_EQ(peek(AT + PAGES(2)), 30);
	poke(AT + PAGES(3), 40);
	CHECK_EQ(word_of(file, 3), 40);
	CHECK_EQ(m->nrpages, 4);
	CHECK_EQ(m->nrswapped, 0);
	CHECK_EQ(word_of(file, 5), 0); /* a hole is still one */
	CHECK_EQ(m->nrpages, 4);
	check_space(mm);
	give_mm(mm);
	give_file(file);
	give_swap(si);
}

TEST_NO_SWEEP(what_will_be_needed_of_a_file_is_read_before)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct file *file = take_file(6);
	struct mm_struct *mm = mapped(file, 4);
	unsigned long i;

	for (i = 0; i < 4; i++)
		away(mm, file, i);
	CHECK_EQ(mm_madvise(mm, AT, PAGES(2), MADV_WILLNEED), 0);
	CHECK_EQ(swap_disk_of(si)->reads, 2);
	CHECK_EQ(mm_madvise(mm, AT, PAGES(4), MADV_WILLNEED), 0);
	CHECK_EQ(swap_disk_of(si)->reads, 4);
	for (i = 0; i < 4; i++)
		CHECK_EQ(word_of(file, i), i + 1);
	CHECK_EQ(swap_disk_of(si)->reads, 4);
	check_space(mm);
	give_mm(mm);
	give_file(file);
	give_swap(si);
}

TEST(what_is_cut_gives_its_slots_back)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct file *file = take_file(6);
	struct address_space *m = file->f_mapping;
	struct mm_struct *mm = mapped(file, 6);
	long promised = vm_committed_as;

	for (unsigned long i = 0; i < 6; i++)
		away(mm, file, i);
	SPACE_OK(shmem_setsize(m, (loff_t)PAGES(4)));
	CHECK_EQ(m->nrswapped, 4);
	CHECK_EQ(si->inuse, 4);
	CHECK_EQ(vm_committed_as, promised - 2);
	CHECK_EQ(shmem_fallocate(m, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 (loff_t)PAGE_SIZE, PAGE_SIZE),
		 0);
	CHECK_EQ(si->inuse, 3);
	CHECK_EQ(peek(AT + PAGES(1)), 0);
	CHECK_EQ(shmem_seek_hole_data(m, 0, SEEK_DATA), 0);
	CHECK_EQ(peek(AT), 1);
	SPACE_OK(shmem_setsize(m, (loff_t)PAGES(2) + 4));
	SPACE_OK(shmem_setsize(m, (loff_t)PAGES(6)));
	CHECK_EQ(peek(AT + PAGES(2)), 3);
	CHECK_EQ(peek(AT + PAGES(3)), 0);
	give_mm(mm);
	give_file(file);
	give_swap(si);
}

TEST(a_part_of_a_page_is_cut_wherever_it_is)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct file *file = take_file(2);
	struct mm_struct *mm = mapped(file, 2);

	poke(AT + 8, 77);
	away(mm, file, 0);
	SPACE_OK(shmem_setsize(file->f_mapping, 4));
	SPACE_OK(shmem_setsize(file->f_mapping, (loff_t)PAGES(2)));
	if (peek(AT + 8)) /* it could not be brought back for that */
		needed(__FILE__, __LINE__, "a page to cut");
	CHECK_EQ(peek(AT), 1);
	give_mm(mm);
	give_file(file);
	give_swap(si);
}

TEST(a_file_that_ends_gives_all_back)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct file *file = take_file(5);
	struct mm_struct *mm = mapped(file, 5);

	for (unsigned long i = 0; i < 5; i++)
		away(mm, file, i);
	give_mm(mm);
	give_file(file);
	CHECK_EQ(si->inuse, 0);
	give_swap(si);
}

TEST(reports_tell_of_files_slots)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct file *file = take_file(4);
	struct mm_struct *mm = mapped(file, 4);
	u8 there[4];

	away(mm, file, 0);
	away(mm, file, 2);
	swap_disk_of(si)->slow = true;
	if (!swap_out(mm, AT + PAGES(3)))
		needed(__FILE__, __LINE__, "swap_out");
	sim.on_wait(NULL);
	CHECK_EQ(shmem_swap_usage(file->f_mapping, 0, 4), 3);
	CHECK_EQ(shmem_swap_usage(file->f_mapping, 1, 2), 1);
	CHECK_EQ(mm_mincore(mm, AT, 4, there), 0);
	CHECK_EQ(there[0] | there[1] << 1 | there[2] << 2 | there[3] << 3, 10);
	CHECK_EQ(shmem_seek_hole_data(file->f_mapping, 0, SEEK_HOLE), PAGES(4));
	SPACE_OK(shmem_fallocate(file->f_mapping, 0, 0, (loff_t)PAGES(4)));
	CHECK_EQ(file->f_mapping->nrswapped, 0);
	CHECK_EQ(peek(AT), 1);
	give_mm(mm);
	give_file(file);
	give_swap(si);
}

TEST(what_cannot_be_read_is_the_readers_error)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct file *file = take_file(2);
	struct mm_struct *mm = mapped(file, 2);
	struct iov_iter to;
	loff_t pos = 0;
	u32 word;

	away(mm, file, 0);
	swap_disk_of(si)->fail_reads = true;
	CHECK_EQ(try_read(AT), SIM_BUS);
	iov_iter_kernel(&to, &word, 4);
	CHECK_EQ(generic_file_read_iter(file, &to, &pos), -EIO);
	CHECK_EQ(swapoff(si), -EIO);
	swap_disk_of(si)->fail_reads = false;
	CHECK(swap_drop(
		xa_value_to_swp(xa_load(&file->f_mapping->i_pages, 0))));
	CHECK_EQ(peek(AT), 1);
	give_mm(mm);
	give_file(file);
	give_swap(si);
}

TEST_NO_SWEEP(swapoff_brings_files_pages_back)
{
	struct swap_info_struct *si = take_swap(40, 0);
	struct file *file[3];
	struct mm_struct *mm;

	for (int f = 0; f < 3; f++) {
		file[f] = take_file(4);
		mm = mapped(file[f], 4);
		for (unsigned long i = 0; i < 4; i++)
			away(mm, file[f], i);
		give_mm(mm);
	}
	give_file(file[1]);
	CHECK_EQ(si->inuse, 8);
	CHECK_EQ(swapoff(si), 0);
	for (unsigned long i = 0; i < 4; i++) {
		CHECK_EQ(word_of(file[0], i), i + 1);
		CHECK_EQ(word_of(file[2], i), i + 1);
	}
}

/* SHM_LOCK: what came back stays. */
TEST(a_locked_file_stays_once_it_is_back)
{
	struct swap_info_struct *si = take_swap(20, 0);
	struct file *file = take_file(2);
	struct mm_struct *mm = mapped(file, 2);

	away(mm, file, 0);
	shmem_lock(file->f_mapping, true);
	CHECK_EQ(peek(AT), 1);
	CHECK(!swap_out(mm, AT));
	CHECK(!swap_out(mm, AT + PAGES(1)));
	shmem_lock(file->f_mapping, false);
	give_mm(mm);
	give_file(file);
	give_swap(si);
}
