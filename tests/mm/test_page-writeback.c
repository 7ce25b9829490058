/* SPDX-License-Identifier: MIT */
/* Dirty pages and their way to a disk, beside plain bytes. */
#include <ashlar/fault-inject.h>
#include <ashlar/highmem.h>
#include <ashlar/pagemap.h>
#include <ashlar/string.h>
#include <ashlar/writeback.h>
#include "../disk.h"

#define FILE_PAGES 12ul
#define FILE_MAX (FILE_PAGES * PAGE_SIZE)
#define AREA 0x200000ul
#define RW (PROT_READ | PROT_WRITE)

static struct file *f;
static struct mm_struct *mm;
static u8 expected[FILE_MAX], got[FILE_MAX], noise[FILE_MAX];
static size_t size;

static void start(unsigned long pages)
{
	f = take_disk_file(pages);
	mm = take_mm();
	take_file_area(mm, f, AREA, FILE_MAX, RW, MAP_SHARED, 0);
	size = pages * PAGE_SIZE;
	memset(expected, 0, sizeof(expected));
	memcpy(expected, disk.data, size);
}

static void finish(void)
{
	give_mm(mm);
	give_file(f);
	CHECK_EQ(global_node_page_state(NR_FILE_DIRTY), 0);
	CHECK_EQ(global_node_page_state(NR_WRITEBACK), 0);
	CHECK_EQ(global_node_page_state(NR_FILE_PAGES), 0);
}

/* ---- one thing at a time ---- */

TEST(a_write_makes_dirty_and_a_sync_clean)
{
	u8 bytes[PAGE_SIZE];
	ssize_t n;

	start(4);
	memset(bytes, 0x5a, sizeof(bytes));
	n = disk_write(f, PAGE_SIZE, bytes, PAGE_SIZE);
	CHECK(n == PAGE_SIZE || (sweeping() && n == -ENOMEM));
	CHECK_EQ(global_node_page_state(NR_FILE_DIRTY), n > 0);
	CHECK_EQ(disk.reads, 0);
	CHECK_EQ(disk_fsync(f), 0);
	check_disk_file(f);
	CHECK_EQ(global_node_page_state(NR_FILE_DIRTY), 0);
	if (n > 0)
		CHECK_EQ(memcmp(disk.data + PAGE_SIZE, bytes, PAGE_SIZE), 0);
	CHECK_EQ(disk.writes, n > 0);
	CHECK_EQ(disk_fsync(f), 0);
	CHECK_EQ(disk.writes, n > 0);
	finish();
}

TEST_NO_SWEEP(a_part_of_a_page_is_read_first)
{
	start(4);
	CHECK_EQ(disk_write(f, PAGE_SIZE + 5, "abc", 3), 3);
	CHECK_EQ(disk.reads, 1);
	CHECK_EQ(disk_write(f, 4 * PAGE_SIZE + 5, "abc", 3), 3);
	CHECK_EQ(disk.reads, 1);
	CHECK_EQ(disk_fsync(f), 0);
	CHECK_EQ(memcmp(disk.data + PAGE_SIZE + 5, "abc", 3), 0);
	CHECK_EQ(memcmp(disk.data + PAGE_SIZE + 8, expected + PAGE_SIZE + 8,
			PAGE_SIZE - 8),
		 0);
	CHECK_EQ(disk.data[4 * PAGE_SIZE + 4], 0);
	CHECK_EQ(disk.data[4 * PAGE_SIZE + 8], 0);
	finish();
}

/* Each store after a page was cleaned is noticed anew. */
TEST_NO_SWEEP(a_store_is_noticed_once_for_each_cleaning)
{
	unsigned long faults;

	start(4);
	CHECK_EQ(try_read(AREA), SIM_OK);
	check_disk_file(f);
	CHECK_EQ(global_node_page_state(NR_FILE_DIRTY), 0);
	poke(AREA, 1);
	CHECK_EQ(global_node_page_state(NR_FILE_DIRTY), 1);
	faults = sim.faults;
	poke(AREA + 4, 2);
	CHECK_EQ(sim.faults, faults);
	CHECK_EQ(disk_fsync(f), 0);
	sim_tlb_check();
	check_disk_file(f);
	poke(AREA + 8, 3);
	CHECK_EQ(sim.faults, faults + 1);
	CHECK_EQ(global_node_page_state(NR_FILE_DIRTY), 1);
	CHECK_EQ(memcmp(disk.data, (u32[]){ 1, 2 }, 8), 0);
	CHECK_EQ(mm_mprotect(mm, AREA, PAGE_SIZE, PROT_READ), 0);
	CHECK_EQ(mm_mprotect(mm, AREA, PAGE_SIZE, RW), 0);
	CHECK_EQ(disk_fsync(f), 0);
	CHECK_EQ(mm_mprotect(mm, AREA, PAGE_SIZE, PROT_READ), 0);
	CHECK_EQ(mm_mprotect(mm, AREA, PAGE_SIZE, RW), 0);
	check_disk_file(f);
	poke(AREA + 12, 4);
	CHECK_EQ(mm_msync(mm, AREA, PAGE_SIZE, MS_SYNC), 0);
	CHECK_EQ(memcmp(disk.data, (u32[]){ 1, 2, 3, 4 }, 16), 0);
	finish();
}

/* An error is told once to each who has the file open, and to none after. */
TEST_NO_SWEEP(an_error_is_told_once_to_every_open_file)
{
	struct file other;

	start(4);
	other = *f;
	disk.bad[2] = true;
	CHECK_EQ(disk_write(f, 2 * PAGE_SIZE, noise, PAGE_SIZE), PAGE_SIZE);
	CHECK_EQ(disk_write(f, 3 * PAGE_SIZE, noise, PAGE_SIZE), PAGE_SIZE);
	CHECK_EQ(disk_fsync(f), -EIO);
	CHECK_EQ(disk_fsync(f), 0);
	CHECK_EQ(disk_fsync(&other), -EIO);
	CHECK_EQ(disk_fsync(&other), 0);
	CHECK_EQ(memcmp(disk.data + 3 * PAGE_SIZE, noise, PAGE_SIZE), 0);
	CHECK_EQ(disk_write(f, 2 * PAGE_SIZE, noise, 1), 1);
	CHECK_EQ(filemap_write_and_wait_range(f->f_mapping, 0,
					      MAX_LFS_FILESIZE),
		 -EIO);
	CHECK_EQ(filemap_check_errors(f->f_mapping), 0);
	CHECK_EQ(disk_fsync(f), -EIO);
	finish();
}

TEST_NO_SWEEP(a_full_disk)
{
	u8 bytes[2 * PAGE_SIZE];

	start(2);
	disk.room = 3;
	memset(bytes, 7, sizeof(bytes));
	CHECK_EQ(disk_write(f, 2 * PAGE_SIZE, bytes, sizeof(bytes)), PAGE_SIZE);
	CHECK_EQ(disk_write(f, 3 * PAGE_SIZE, bytes, 1), -ENOSPC);
	CHECK_EQ(f->f_mapping->i_size, 3 * PAGE_SIZE);
	CHECK_EQ(f->f_mapping->nrpages, 1);
	truncate_setsize(f->f_mapping, 4 * PAGE_SIZE);
	CHECK_EQ(try_write(AREA + 3 * PAGE_SIZE), SIM_BUS);
	CHECK_EQ(try_read(AREA + 3 * PAGE_SIZE), SIM_OK);
	CHECK_EQ(try_write(AREA + 3 * PAGE_SIZE), SIM_BUS);
	check_disk_file(f);
	finish();
}

/* What a mapping wrote past the end is zeroes on the disk, and later. */
TEST_NO_SWEEP(past_the_end_there_are_zeroes)
{
	start(2);
	truncate_setsize(f->f_mapping, PAGE_SIZE + 10);
	CHECK_EQ(disk.reads, 1);
	poke(AREA + PAGE_SIZE + 12, 0x11111111);
	CHECK_EQ(disk_fsync(f), 0);
	CHECK_EQ(disk.data[PAGE_SIZE + 10], 0);
	CHECK_EQ(disk.data[PAGE_SIZE + 12], 0);
	poke(AREA + PAGE_SIZE + 12, 0x11111111);
	truncate_setsize(f->f_mapping, 2 * PAGE_SIZE);
	CHECK_EQ(peek(AREA + PAGE_SIZE + 12), 0);
	CHECK_EQ(disk_fsync(f), 0);
	CHECK_EQ(disk.data[PAGE_SIZE + 12], 0);
	finish();
}

TEST_NO_SWEEP(clean_pages_that_nobody_uses_can_go)
{
	struct address_space *m;
	struct page *page;

	start(6);
	m = f->f_mapping;
	CHECK_EQ(try_read(AREA + PAGE_SIZE), SIM_OK);
	CHECK_EQ(disk_read(f, 0, got, 6 * PAGE_SIZE), 6 * PAGE_SIZE);
	CHECK_EQ(disk_write(f, 0, noise, 1), 1);
	page = find_get_page(m, 2);
	CHECK_EQ(invalidate_mapping_pages(m, 0, ~0ul), 3);
	CHECK_EQ(m->nrpages, 3);
	put_page(page);
	CHECK_EQ(invalidate_mapping_pages(m, 0, ~0ul), 1);
	CHECK_EQ(invalidate_inode_pages2_range(m, 1, ~0ul), 0);
	CHECK_EQ(m->nrpages, 1);
	CHECK_EQ(invalidate_inode_pages2_range(m, 0, ~0ul), -EBUSY);
	CHECK_EQ(disk_fsync(f), 0);
	CHECK_EQ(invalidate_inode_pages2_range(m, 0, ~0ul), 0);
	CHECK_EQ(m->nrpages, 0);
	sim_tlb_check();
	finish();
}

/* ---- limits ---- */

static unsigned long started;

static void begin(void)
{
	started++;
}

TEST_NO_SWEEP(writers_are_held_up_at_the_limit)
{
	unsigned long background, limit, i, most = 0;

	start(2);
	vm_dirty_bytes = 16 * PAGE_SIZE;
	dirty_background_bytes = 8 * PAGE_SIZE;
	global_dirty_limits(&background, &limit);
	CHECK_EQ(background, 8);
	CHECK_EQ(limit, 16);
	start_background_writeback = begin;
	for (i = 0; i < 400; i++) {
		loff_t pos = (loff_t)(i % DISK_PAGES * PAGE_SIZE);

		CHECK_EQ(disk_write(f, pos, noise, PAGE_SIZE), PAGE_SIZE);
		most = max(most, global_node_page_state(NR_FILE_DIRTY) +
					 global_node_page_state(NR_WRITEBACK));
	}
	CHECK(started);
	CHECK_OP(disk.writes, >, 0);
	CHECK_OP(most, <=, 16 + 2);
	vm_dirty_bytes = 0;
	global_dirty_limits(&background, &limit);
	CHECK_OP(background, <, limit);
	dirty_background_bytes = 0;
	start_background_writeback = NULL;
	finish();
}

/* ---- anything, beside plain bytes ---- */

static bool failing; /* some requests, or allocations */

static void random_write(void)
{
	size_t pos = rnd(FILE_MAX), n = rnd(3 * PAGE_SIZE);
	ssize_t done;

	n = min(n, FILE_MAX - pos);
	done = disk_write(f, (loff_t)pos, noise + rnd(FILE_MAX - n + 1), n);
	CHECK(done == (ssize_t)n || failing);
	if (done <= 0)
		return;
	if (pos + (size_t)done > size)
		size = pos + (size_t)done;
	CHECK_EQ(size, f->f_mapping->i_size);
	CHECK_EQ(disk_read(f, (loff_t)pos, expected + pos, (size_t)done), done);
}

static void random_store(void)
{
	u32 at = (u32)rnd(FILE_MAX / 4) * 4, word = (u32)rnd(1u << 31);
	enum sim_fault fault = sim_write((u32)AREA + at, &word, 4);

	if (at >= PAGE_ALIGN(size)) {
		CHECK(fault == SIM_BUS || failing);
		return;
	}
	CHECK(fault == SIM_OK || failing);
	if (fault == SIM_OK && at < size)
		memcpy(expected + at, &word, min((size_t)4, size - at));
}

static void random_load(void)
{
	u32 at = (u32)rnd(FILE_MAX / 4) * 4, word;
	enum sim_fault fault = sim_read((u32)AREA + at, &word, 4);

	CHECK(fault == (at < PAGE_ALIGN(size) ? SIM_OK : SIM_BUS) || failing);
	if (fault == SIM_OK && at + 4 <= size)
		CHECK_EQ(memcmp(&word, expected + at, 4), 0);
}

static void random_truncate(void)
{
	size_t to = rnd(FILE_MAX), end = min(PAGE_ALIGN(to), size);

	/* What cannot be zeroed on the disk is not cut. */
	if (to < end &&
	    filemap_zero_range(f->f_mapping, (loff_t)to, (loff_t)end)) {
		CHECK(failing);
		return;
	}
	truncate_setsize(f->f_mapping, (loff_t)to);
	/* The filesystem gives up the places of what is cut. */
	memset(disk.data + PAGE_ALIGN(to), 0, FILE_MAX - PAGE_ALIGN(to));
	if (to < size)
		memset(expected + to, 0, size - to);
	size = to;
}

static void random_read(void)
{
	size_t pos = rnd(FILE_MAX), n = rnd(3 * PAGE_SIZE) + 1;
	ssize_t done = disk_read(f, (loff_t)pos, got, n);
	size_t most = pos < size ? min(n, size - pos) : 0;

	CHECK(done == (ssize_t)most || failing);
	if (done > 0)
		CHECK_EQ(memcmp(got, expected + pos, (size_t)done), 0);
}

static void random_sync(void)
{
	int err = disk_fsync(f);

	CHECK(!err || failing);
	check_disk_file(f);
	if (!err)
		CHECK_EQ(memcmp(disk.data, expected, size), 0);
}

static void some_writeback(void)
{
	struct writeback_control wbc = { .sync_mode = WB_SYNC_NONE,
					 .nr_to_write = (long)rnd(4) + 1,
					 .range_cyclic = true };

	do_writepages(f->f_mapping, &wbc);
}

static void random_step(void)
{
	switch (rnd(12)) {
	case 0:
		random_truncate();
		break;
	case 1:
		random_sync();
		break;
	case 2:
		some_writeback();
		break;
	case 3:
		invalidate_mapping_pages(f->f_mapping, rnd(FILE_PAGES),
					 rnd(FILE_PAGES));
		break;
	case 4:
		disk_step();
		break;
	case 5:
	case 6:
		random_read();
		break;
	case 7:
	case 8:
		random_store();
		break;
	case 9:
		random_load();
		break;
	default:
		random_write();
	}
}

static void random_steps(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < FILE_MAX; i++)
		noise[i] = (u8)rnd(256);
	for (i = 0; i < nr; i++) {
		random_step();
		check_disk_file(f);
		sim_tlb_check();
	}
}

TEST_NO_SWEEP(random_steps_agree_with_bytes)
{
	start(8);
	f->f_ra.ra_pages = 4;
	random_steps(6000);
	random_sync();
	finish();
}

/* While a copy waits for a page the file's last one is written out. */
static bool write_meanwhile(const void *key)
{
	some_writeback();
	disk_run();
	return true;
}

TEST_NO_SWEEP(bytes_that_are_being_copied_are_spared)
{
	const loff_t pos = 3 * PAGE_SIZE + 100;
	struct iov_iter i;
	loff_t p = pos;

	start(4);
	truncate_setsize(f->f_mapping, pos);
	CHECK_EQ(disk_write(f, pos - 10, noise, 10), 10);
	CHECK_EQ(try_read(AREA), SIM_OK);
	CHECK_EQ(disk.reads, 2);
	/* The first half is copied, the second has to be read. */
	iov_iter_user(&i, (void *)(AREA + PAGE_SIZE - 50), 100);
	sim.on_wait = write_meanwhile;
	CHECK_EQ(f->f_op->write_iter(f, &i, &p), 100);
	CHECK_EQ(disk.reads, 3);
	CHECK_OP(disk.writes, >, 0);
	CHECK_EQ(disk_fsync(f), 0);
	CHECK_EQ(memcmp(disk.data + pos, expected + PAGE_SIZE - 50, 100), 0);
	finish();
}

/* True if the other CPU would wait for the one that it stands in for. */
static bool some_page_is_locked(void)
{
	unsigned long index = 0;
	struct page *page;
	bool locked = false;

	for (; (page = find_get_next_page(f->f_mapping, &index, ~0ul));
	     index++) {
		locked |= PageLocked(page);
		put_page(page);
	}
	return locked;
}

/*
 * Another CPU: the disk is done, pages go, or set out for the disk, wherever a
 * lock is let go.
 */
static void step_in(void)
{
	if (sim_locks_held() || rnd(4))
		return;
	sim_run_on(1);
	switch (rnd(3)) {
	case 0:
		disk_step();
		break;
	case 1:
		invalidate_mapping_pages(f->f_mapping, rnd(FILE_PAGES), ~0ul);
		break;
	default:
		if (!some_page_is_locked())
			some_writeback();
	}
	sim_run_on(0);
}

TEST_NO_SWEEP(others_step_in)
{
	start(8);
	f->f_ra.ra_pages = 4;
	sim.on_unlock = step_in;
	random_steps(3000);
	sim.on_unlock = NULL;
	random_sync();
	finish();
}

/* Nothing is lost that the program was not told of. */
TEST_NO_SWEEP(allocations_fail)
{
	unsigned int i;

	start(8);
	f->f_ra.ra_pages = 4;
	failing = true;
	for (i = 0; i < 300; i++) {
		fail_at(rnd(30) + 1);
		random_steps(10);
		fail_nth(0);
	}
	failing = false;
	random_sync();
	finish();
}
