/* SPDX-License-Identifier: MIT */
/* The page cache: read, write, truncate and map, beside plain bytes. */
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/highmem.h>
#include <ashlar/mmap.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/string.h>
#include <ashlar/vmstat.h>
#include "../../port/sim/sim.h"
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
