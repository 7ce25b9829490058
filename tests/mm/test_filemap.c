/* SPDX-License-Identifier: MIT */
/* The page cache: read, write, truncate and map, beside plain bytes. */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/highmem.h>
#include <ashlar/mmap.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/string.h>
#include <ashlar/vmstat.h>
#include "../../mm/workingset.h"
#include "../../port/sim/sim.h"
#include "../disk.h"
#include "../harness.h"

#define FILE_MAX (20 * PAGE_SIZE)

/* In a sweep there may be none: the test ends there. */
static struct file *new_file(void)
{
	struct file *f = shmem_file_setup("test", 0, VM_NORESERVE_FILE);

	if (!IS_ERR(f))
		return f;
	CHECK_EQ(PTR_ERR(f), -ENOMEM);
	NEED(NULL);
	return NULL;
}

static ssize_t write_at(struct file *f, loff_t pos, const void *p, size_t n)
{
	struct iov_iter i;

	iov_iter_kernel(&i, (void *)(uintptr_t)p, n);
	return generic_file_write_iter(f, &i, &pos);
}

static ssize_t read_at(struct file *f, loff_t pos, void *p, size_t n)
{
	struct iov_iter i;

	iov_iter_kernel(&i, p, n);
	return generic_file_read_iter(f, &i, &pos);
}

static u8 expected[FILE_MAX], got[FILE_MAX], noise[FILE_MAX];
static size_t size;

static void check_contents(struct file *f)
{
	CHECK_EQ(f->f_mapping->i_size, size);
	CHECK_EQ(read_at(f, 0, got, FILE_MAX), size);
	CHECK_EQ(memcmp(got, expected, size), 0);
}

static void random_write(struct file *f)
{
	size_t pos = rnd(FILE_MAX), n = rnd(3 * PAGE_SIZE);
	ssize_t done;

	n = min(n, FILE_MAX - pos);
	done = write_at(f, (loff_t)pos, noise + rnd(FILE_MAX - n + 1), n);
	CHECK(done == (ssize_t)n || sweeping());
	if (done <= 0)
		return;
	CHECK_EQ(read_at(f, (loff_t)pos, expected + pos, (size_t)done), done);
	if (pos + (size_t)done > size)
		size = pos + (size_t)done;
}

static void random_truncate(struct file *f)
{
	size_t to = rnd(FILE_MAX);

	truncate_setsize(f->f_mapping, (loff_t)to);
	if (to < size)
		memset(expected + to, 0, size - to);
	size = to;
}

static void random_hole(struct file *f)
{
	size_t from = rnd(FILE_MAX), n = rnd(4 * PAGE_SIZE) + 1;

	CHECK_EQ(shmem_fallocate(f->f_mapping,
				 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 (loff_t)from, (loff_t)n),
		 0);
	n = min(n, FILE_MAX - from);
	memset(expected + from, 0, n);
}

TEST_NO_SWEEP(random_steps_agree_with_bytes)
{
	struct file *f = new_file();
	size_t i;

	size = 0;
	memset(expected, 0, sizeof(expected));
	for (i = 0; i < FILE_MAX; i++)
		noise[i] = (u8)rnd(256);
	for (i = 0; i < 3000; i++) {
		switch (rnd(4)) {
		case 0:
			random_truncate(f);
			break;
		case 1:
			random_hole(f);
			break;
		default:
			random_write(f);
		}
		check_contents(f);
		CHECK_EQ(f->f_mapping->nrpages,
			 global_node_page_state(NR_SHMEM));
	}
	fput(f);
	CHECK_EQ(global_node_page_state(NR_SHMEM), 0);
	CHECK_EQ(global_node_page_state(NR_FILE_PAGES), 0);
}

/* Each allocation fails once: what was written before it stays. */
TEST(a_write_without_memory_is_short)
{
	static u8 bytes[70 * PAGE_SIZE];
	struct file *f = new_file();
	ssize_t n;

	memset(bytes, 7, sizeof(bytes));
	n = write_at(f, PAGE_SIZE / 2, bytes, sizeof(bytes));
	CHECK(n == (ssize_t)sizeof(bytes) || sweeping());
	CHECK_EQ(f->f_mapping->i_size, n > 0 ? (loff_t)(PAGE_SIZE / 2) + n : 0);
	fput(f);
	CHECK_EQ(global_node_page_state(NR_FILE_PAGES), 0);
}

TEST(a_hole_costs_nothing)
{
	struct file *f = new_file();
	u8 bytes[100];

	truncate_setsize(f->f_mapping, 1 << 30);
	memset(bytes, 1, sizeof(bytes));
	CHECK_EQ(read_at(f, 1 << 20, bytes, sizeof(bytes)), sizeof(bytes));
	CHECK_EQ(bytes[0] | bytes[99], 0);
	CHECK_EQ(f->f_mapping->nrpages, 0);
	fput(f);
}

TEST_NO_SWEEP(sizes_end_somewhere)
{
	struct file *f = new_file();
	u8 byte = 1;

	CHECK_EQ(write_at(f, MAX_LFS_FILESIZE, &byte, 1), -EFBIG);
	CHECK_EQ(write_at(f, MAX_LFS_FILESIZE - 1, &byte, 1), 1);
	CHECK_EQ(f->f_mapping->i_size, MAX_LFS_FILESIZE);
	CHECK_EQ(read_at(f, MAX_LFS_FILESIZE, &byte, 1), 0);
	byte = 0;
	CHECK_EQ(read_at(f, MAX_LFS_FILESIZE - 1, &byte, 1), 1);
	CHECK_EQ(byte, 1);
	fput(f);
}

/* ---- mappings ---- */

static struct mm_struct *new_space(void)
{
	struct mm_struct *mm = NEED(mm_alloc());

	mm->mmap_base = 0xb0000000;
	sim_load_mm(mm);
	return mm;
}

static void end_space(struct mm_struct *mm)
{
	sim_load_mm(NULL);
	mmput(mm);
}

static u32 map(struct mm_struct *mm, struct file *f, size_t len,
	       unsigned long flags)
{
	unsigned long a =
		ksys_mmap(mm, f, 0, len, PROT_READ | PROT_WRITE, flags, 0);

	CHECK(!IS_ERR_VALUE(a));
	return (u32)a;
}

TEST_NO_SWEEP(shared_mappings_and_calls_see_the_same_bytes)
{
	struct mm_struct *mm = new_space();
	struct file *f = new_file();
	u32 a, b, value = 0x12345678;

	truncate_setsize(f->f_mapping, 5 * PAGE_SIZE);
	a = map(mm, f, 5 * PAGE_SIZE, MAP_SHARED);
	b = map(mm, f, 5 * PAGE_SIZE, MAP_PRIVATE);
	CHECK_EQ(sim_write(a + 3 * PAGE_SIZE + 8, &value, 4), SIM_OK);
	value = 0;
	CHECK_EQ(read_at(f, 3 * PAGE_SIZE + 8, &value, 4), 4);
	CHECK_EQ(value, 0x12345678);
	CHECK_EQ(sim_read(b + 3 * PAGE_SIZE + 8, &value, 4), SIM_OK);
	CHECK_EQ(value, 0x12345678);
	value = 99;
	CHECK_EQ(sim_write(b + 3 * PAGE_SIZE + 8, &value, 4), SIM_OK);
	CHECK_EQ(read_at(f, 3 * PAGE_SIZE + 8, &value, 4), 4);
	CHECK_EQ(value, 0x12345678);
	end_space(mm);
	fput(f);
	CHECK_EQ(global_node_page_state(NR_FILE_MAPPED), 0);
}

TEST_NO_SWEEP(past_the_end_is_a_bus_error)
{
	struct mm_struct *mm = new_space();
	struct file *f = new_file();
	u32 a, value = 5;

	truncate_setsize(f->f_mapping, 2 * PAGE_SIZE - 100);
	a = map(mm, f, 4 * PAGE_SIZE, MAP_SHARED);
	CHECK_EQ(sim_write(a + 2 * PAGE_SIZE - 4, &value, 4), SIM_OK);
	CHECK_EQ(sim_read(a + 2 * PAGE_SIZE, &value, 4), SIM_BUS);
	/* What lies past the end in its page never becomes data. */
	truncate_setsize(f->f_mapping, 4 * PAGE_SIZE);
	CHECK_EQ(sim_read(a + 2 * PAGE_SIZE - 4, &value, 4), SIM_OK);
	CHECK_EQ(value, 0);
	CHECK_EQ(sim_write(a + 3 * PAGE_SIZE, &value, 4), SIM_OK);
	truncate_setsize(f->f_mapping, PAGE_SIZE);
	sim_tlb_check();
	CHECK_EQ(sim_read(a + 3 * PAGE_SIZE, &value, 4), SIM_BUS);
	CHECK_EQ(sim_read(a, &value, 4), SIM_OK);
	end_space(mm);
	fput(f);
}

/* Truncation takes private copies along, a hole does not. */
TEST_NO_SWEEP(private_copies_and_truncation)
{
	struct mm_struct *mm = new_space();
	struct file *f = new_file();
	u32 a, value = 5;

	truncate_setsize(f->f_mapping, 2 * PAGE_SIZE);
	a = map(mm, f, 2 * PAGE_SIZE, MAP_PRIVATE);
	CHECK_EQ(sim_write(a + PAGE_SIZE, &value, 4), SIM_OK);
	CHECK_EQ(shmem_fallocate(f->f_mapping,
				 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 PAGE_SIZE, PAGE_SIZE),
		 0);
	CHECK_EQ(sim_read(a + PAGE_SIZE, &value, 4), SIM_OK);
	CHECK_EQ(value, 5);
	truncate_setsize(f->f_mapping, PAGE_SIZE);
	sim_tlb_check();
	CHECK_EQ(sim_read(a + PAGE_SIZE, &value, 4), SIM_BUS);
	end_space(mm);
	fput(f);
}

TEST_NO_SWEEP(one_fault_maps_what_is_cached_around)
{
	static u8 bytes[16 * PAGE_SIZE];
	struct mm_struct *mm = new_space();
	struct file *f = new_file();
	unsigned long before;
	u32 a, i, value;

	CHECK_EQ(write_at(f, 0, bytes, sizeof(bytes)), sizeof(bytes));
	a = map(mm, f, sizeof(bytes), MAP_PRIVATE);
	before = sim.faults;
	for (i = 0; i < 16; i++)
		CHECK_EQ(sim_read(a + i * (u32)PAGE_SIZE, &value, 4), SIM_OK);
	CHECK_EQ(sim.faults, before + 1);
	CHECK_EQ(get_mm_rss(mm), 16);
	end_space(mm);
	fput(f);
}

/* ---- files with a disk below them ---- */

static bool same_page(const u8 *bytes, unsigned long index)
{
	return !memcmp(bytes, disk.data + (index << PAGE_SHIFT), PAGE_SIZE);
}

TEST(a_page_is_read_once)
{
	struct file *f = take_disk_file(3);
	u8 bytes[PAGE_SIZE];
	ssize_t n = disk_read(f, PAGE_SIZE, bytes, PAGE_SIZE);

	if (n != PAGE_SIZE) {
		CHECK(sweeping() && n == -ENOMEM);
		CHECK_EQ(f->f_mapping->nrpages, 0);
		give_file(f);
		return;
	}
	CHECK(same_page(bytes, 1));
	CHECK_EQ(disk_read(f, PAGE_SIZE, bytes, 8), 8);
	CHECK_EQ(disk.reads, 1);
	CHECK_EQ(global_node_page_state(NR_FILE_PAGES), 1);
	CHECK_EQ(global_node_page_state(NR_SHMEM), 0);
	CHECK_EQ(disk_read(f, 3 * PAGE_SIZE, bytes, 8), 0);
	give_file(f);
	CHECK_EQ(global_node_page_state(NR_FILE_PAGES), 0);
}

/* An error is told to who asks, and the next one asks the disk again. */
TEST_NO_SWEEP(a_bad_page_is_tried_again)
{
	struct file *f = take_disk_file(3);
	struct mm_struct *mm = take_mm();
	unsigned long a = take_file_area(mm, f, 0x100000, 3 * PAGE_SIZE,
					 PROT_READ, MAP_SHARED, 0);
	u8 bytes[2 * PAGE_SIZE];

	disk.bad[1] = true;
	CHECK_EQ(disk_read(f, 0, bytes, sizeof(bytes)), PAGE_SIZE);
	CHECK(same_page(bytes, 0));
	CHECK_EQ(disk_read(f, PAGE_SIZE, bytes, PAGE_SIZE), -EIO);
	CHECK_EQ(try_read(a + PAGE_SIZE), SIM_BUS);
	CHECK_EQ(disk.reads, 4);
	disk.bad[1] = false;
	CHECK_EQ(try_read(a + PAGE_SIZE), SIM_OK);
	CHECK_EQ(disk_read(f, PAGE_SIZE, bytes, PAGE_SIZE), PAGE_SIZE);
	CHECK(same_page(bytes, 1));
	CHECK_EQ(disk.reads, 5);
	give_mm(mm);
	give_file(f);
}

/* What steps in while a page is on its way from the disk. */
static struct file *watched;
static void (*meanwhile)(void);
static int others;

static bool step_in(const void *key)
{
	void (*fn)(void) = meanwhile;

	(void)key;
	meanwhile = NULL;
	if (fn)
		fn();
	return disk_step() || fn;
}

static void read_too(void)
{
	u8 bytes[PAGE_SIZE];

	others = (int)disk_read(watched, 0, bytes, sizeof(bytes));
	CHECK(others < 0 || same_page(bytes, 0));
}

TEST_NO_SWEEP(who_comes_later_waits_for_the_same_read)
{
	u8 bytes[PAGE_SIZE];

	watched = take_disk_file(2);
	sim.on_wait = step_in;
	meanwhile = read_too;
	CHECK_EQ(disk_read(watched, 0, bytes, PAGE_SIZE), PAGE_SIZE);
	CHECK(same_page(bytes, 0));
	CHECK_EQ(others, PAGE_SIZE);
	CHECK_EQ(disk.reads, 1);
	give_file(watched);
}

static void cut(void)
{
	truncate_setsize(watched->f_mapping, PAGE_SIZE);
}

/* Truncation waits for who fills a page, and the page goes then. */
TEST_NO_SWEEP(a_page_is_cut_while_it_is_read)
{
	u8 bytes[PAGE_SIZE];

	watched = take_disk_file(3);
	sim.on_wait = step_in;
	meanwhile = cut;
	CHECK_EQ(disk_read(watched, 2 * PAGE_SIZE, bytes, PAGE_SIZE),
		 PAGE_SIZE);
	CHECK_EQ(watched->f_mapping->nrpages, 0);
	CHECK_EQ(disk_read(watched, 2 * PAGE_SIZE, bytes, PAGE_SIZE), 0);
	give_file(watched);
}

static void map_and_cut(void)
{
	CHECK_EQ(disk_read(watched, 0, got, PAGE_SIZE), PAGE_SIZE);
	truncate_setsize(watched->f_mapping, 0);
}

TEST_NO_SWEEP(a_fault_on_a_page_that_is_cut_is_a_bus_error)
{
	struct mm_struct *mm = take_mm();
	unsigned long a;

	watched = take_disk_file(3);
	a = take_file_area(mm, watched, 0x100000, 3 * PAGE_SIZE, PROT_READ,
			   MAP_SHARED, 0);
	sim.on_wait = step_in;
	meanwhile = map_and_cut;
	CHECK_EQ(try_read(a), SIM_BUS);
	CHECK_EQ(watched->f_mapping->nrpages, 0);
	sim_tlb_check();
	give_mm(mm);
	give_file(watched);
}

/* While places on the disk are given up no page comes from them. */
static bool give_up_and_go_on(const void *key)
{
	struct address_space *m = watched->f_mapping;

	if (sim.on_unlock || key != &m->invalidate_lock)
		return disk_step();
	CHECK_EQ(m->nrpages, 0);
	CHECK_EQ(disk.nr, 0);
	disk.data[0] = 7;
	filemap_invalidate_unlock(m);
	return true;
}

TEST_NO_SWEEP(nothing_is_read_from_where_a_hole_is_made)
{
	struct mm_struct *mm = take_mm();
	unsigned long a, i;
	u8 byte;

	watched = take_disk_file(2);
	a = take_file_area(mm, watched, 0x100000, PAGE_SIZE, PROT_READ,
			   MAP_SHARED, 0);
	sim.on_wait = give_up_and_go_on;
	for (i = 0; i < 2; i++) {
		disk.data[0] = 1;
		filemap_invalidate_lock(watched->f_mapping);
		truncate_pagecache_range(watched->f_mapping, 0, PAGE_SIZE);
		if (i)
			CHECK_EQ(sim_read((u32)a, &byte, 1), SIM_OK);
		else
			CHECK_EQ(disk_read(watched, 0, &byte, 1), 1);
		CHECK_EQ(byte, 7);
	}
	give_mm(mm);
	give_file(watched);
}

/* A number in a page's place is no page, and gives way to one. */
/* What is left of a page that was reclaimed. */
static void put_value(struct address_space *m, unsigned long index)
{
	CHECK(!xa_store(&m->i_pages, index, xa_mk_value(7), GFP_KERNEL));
	xa_lock(&m->i_pages);
	workingset_count(m, 1);
	xa_unlock(&m->i_pages);
}

TEST_NO_SWEEP(values_are_no_pages)
{
	struct file *f = take_disk_file(3);
	struct mm_struct *mm = take_mm();
	unsigned long a = take_file_area(mm, f, 0x100000, 3 * PAGE_SIZE,
					 PROT_READ, MAP_SHARED, 0);
	struct address_space *m = f->f_mapping;
	unsigned long index = 0;
	u8 bytes[PAGE_SIZE];

	put_value(m, 0);
	put_value(m, 1);
	CHECK(!find_get_page(m, 0));
	CHECK(!find_get_next_page(m, &index, 5));
	CHECK_EQ(disk_read(f, 0, bytes, PAGE_SIZE), PAGE_SIZE);
	CHECK(same_page(bytes, 0));
	CHECK_EQ(m->nrpages, 1);
	CHECK_EQ(try_read(a), SIM_OK);
	CHECK_EQ(get_mm_rss(mm), 1);
	CHECK_EQ(try_read(a + PAGE_SIZE), SIM_OK);
	CHECK_EQ(m->nrpages, 2);
	put_value(m, 2);
	truncate_setsize(m, 0);
	CHECK(!m->i_pages.xa_head);
	give_mm(mm);
	give_file(f);
}
