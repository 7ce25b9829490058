/* SPDX-License-Identifier: MIT */
/* What is read before it is asked for, and what is not. */
#include <ashlar/mman.h>
#include <ashlar/pagemap.h>
#include <ashlar/readahead.h>
#include <ashlar/writeback.h>
#include "../disk.h"

#define AREA 0x200000ul

static struct file *f;
static u8 byte;

static void start(void)
{
	f = take_disk_file(DISK_PAGES);
	file_ra_state_init(&f->f_ra);
	f->f_ra.ra_pages = 8;
}

static void read_byte(unsigned long index)
{
	CHECK_EQ(disk_read(f, (loff_t)(index * PAGE_SIZE), &byte, 1), 1);
	CHECK_EQ(byte, disk.data[index * PAGE_SIZE]);
}

/* A reader that goes on finds each page there, or on its way. */
TEST_NO_SWEEP(a_sequential_reader_never_asks_itself)
{
	unsigned long i, ahead;

	start();
	read_byte(0);
	ahead = f->f_mapping->nrpages;
	CHECK_OP(ahead, >, 1);
	for (i = 1; i < DISK_PAGES; i++) {
		CHECK_OP(f->f_mapping->nrpages, >, i);
		CHECK_OP(f->f_mapping->nrpages, <=, i + 1 + 2 * 8);
		read_byte(i);
	}
	disk_run();
	CHECK_EQ(disk.reads, DISK_PAGES);
	give_file(f);
}

TEST_NO_SWEEP(windows_grow)
{
	unsigned long i, size = 0;

	start();
	f->f_ra.ra_pages = 16;
	for (i = 0; i < DISK_PAGES; i++) {
		read_byte(i);
		CHECK_OP(f->f_ra.size, >=, size);
		size = f->f_ra.size;
	}
	CHECK_EQ(size, 16);
	give_file(f);
}

TEST_NO_SWEEP(a_random_reader_gets_what_it_asks_for)
{
	static u8 bytes[3 * PAGE_SIZE];

	start();
	read_byte(20);
	CHECK_EQ(f->f_mapping->nrpages, 1);
	read_byte(9);
	read_byte(35);
	CHECK_EQ(f->f_mapping->nrpages, 3);
	/* What one call asks for is asked of the disk at once. */
	CHECK_EQ(disk_read(f, 12 * PAGE_SIZE, bytes, 1), 1);
	CHECK_EQ(disk_read(f, 25 * PAGE_SIZE, bytes, sizeof(bytes)),
		 sizeof(bytes));
	disk_run();
	CHECK_EQ(disk.reads, 7);
	give_file(f);
}

TEST_NO_SWEEP(advice_is_taken)
{
	unsigned long i;

	start();
	CHECK_EQ(generic_fadvise(f, 0, MAX_LFS_FILESIZE, POSIX_FADV_RANDOM), 0);
	for (i = 0; i < 10; i++)
		read_byte(i);
	CHECK_EQ(disk.reads, 10);
	CHECK_EQ(f->f_mapping->nrpages, 10);
	CHECK_EQ(generic_fadvise(f, 20 * PAGE_SIZE, 22 * PAGE_SIZE - 1,
				 POSIX_FADV_WILLNEED),
		 0);
	CHECK_EQ(disk.nr, 2);
	disk_run();
	read_byte(20);
	read_byte(21);
	CHECK_EQ(disk.reads, 12);
	CHECK_EQ(filemap_ready_bytes(f->f_mapping, 20 * PAGE_SIZE + 1,
				     10 * PAGE_SIZE),
		 2 * PAGE_SIZE - 1);
	CHECK_EQ(filemap_ready_bytes(f->f_mapping, 20 * PAGE_SIZE, 5), 5);
	CHECK_EQ(filemap_ready_bytes(f->f_mapping, 19 * PAGE_SIZE, 5), 0);
	/* Whole pages of what is not needed go. */
	CHECK_EQ(generic_fadvise(f, 1, 4 * PAGE_SIZE, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(f->f_mapping->nrpages, 9);
	CHECK(find_get_next_page(f->f_mapping, &(unsigned long){ 1 }, 3) ==
	      NULL);
	CHECK_EQ(generic_fadvise(f, 0, 99, POSIX_FADV_DONTNEED), 0);
	CHECK_EQ(f->f_mapping->nrpages, 9);
	/* Of the last page of a file all is needed that there is. */
	truncate_setsize(f->f_mapping, 21 * PAGE_SIZE + 5);
	CHECK_EQ(filemap_write_and_wait_range(f->f_mapping, 0,
					      MAX_LFS_FILESIZE),
		 0);
	CHECK_EQ(generic_fadvise(f, 21 * PAGE_SIZE, 21 * PAGE_SIZE + 4,
				 POSIX_FADV_DONTNEED),
		 0);
	CHECK_EQ(f->f_mapping->nrpages, 8);
	CHECK_EQ(generic_fadvise(f, 0, MAX_LFS_FILESIZE, POSIX_FADV_DONTNEED),
		 0);
	CHECK_EQ(f->f_mapping->nrpages, 0);
	CHECK_EQ(generic_fadvise(f, 0, 1, 6), -EINVAL);
	give_file(f);
}

/* Pages past the end are not there, and one that fails is asked for again. */
TEST_NO_SWEEP(ends_and_errors)
{
	start();
	truncate_setsize(f->f_mapping, 3 * PAGE_SIZE);
	disk.bad[1] = true;
	read_byte(0);
	disk_run();
	CHECK_EQ(f->f_mapping->nrpages, 2);
	CHECK_EQ(disk_read(f, PAGE_SIZE, &byte, 1), -EIO);
	disk.bad[1] = false;
	read_byte(1);
	read_byte(2);
	force_page_cache_readahead(f->f_mapping, 3, 10);
	CHECK_EQ(disk.nr, 0);
	give_file(f);
}

TEST_NO_SWEEP(mappings_read_around)
{
	struct mm_struct *mm;

	start();
	mm = take_mm();
	take_file_area(mm, f, AREA, DISK_PAGES * PAGE_SIZE, PROT_READ,
		       MAP_SHARED, 0);
	CHECK_EQ(try_read(AREA + 20 * PAGE_SIZE), SIM_OK);
	CHECK_EQ(f->f_mapping->nrpages, 8);
	CHECK_EQ(mm_madvise(mm, AREA, DISK_PAGES * PAGE_SIZE, MADV_RANDOM), 0);
	CHECK_EQ(try_read(AREA + 35 * PAGE_SIZE), SIM_OK);
	CHECK_EQ(f->f_mapping->nrpages, 9);
	CHECK_EQ(mm_madvise(mm, AREA, 3 * PAGE_SIZE, MADV_WILLNEED), 0);
	CHECK_EQ(f->f_mapping->nrpages, 12);
	disk_run();
	give_mm(mm);
	give_file(f);
}

/* Without memory less is read ahead, and what is asked for still comes. */
TEST(memory_runs_out)
{
	ssize_t n;

	start();
	n = disk_read(f, 0, &byte, 1);
	CHECK(n == 1 || (sweeping() && n == -ENOMEM));
	disk_run();
	give_file(f);
}
