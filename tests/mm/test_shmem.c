/* SPDX-License-Identifier: MIT */
/* Files in RAM: quotas, promises, seals and holes. */
#include <ashlar/commit.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/mmap.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/string.h>
#include "../../port/sim/sim.h"
#include "../harness.h"

static struct file *new_file(loff_t size, u32 flags)
{
	struct file *f = shmem_file_setup("test", size, flags);

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
	return shmem_file_write_iter(f, &i, &pos);
}

/* As a tmpfs has them. */
static struct file *file_with_quota(struct shmem_sb_info *sbi)
{
	struct file *f = new_file(0, VM_NORESERVE_FILE);

	f->f_mapping->private_data = sbi;
	return f;
}

TEST_NO_SWEEP(a_quota_is_kept)
{
	static u8 bytes[8 * PAGE_SIZE];
	struct shmem_sb_info sbi = { .max_blocks = 5 };
	struct file *f = file_with_quota(&sbi), *g = file_with_quota(&sbi);

	CHECK_EQ(write_at(f, 0, bytes, 3 * PAGE_SIZE), 3 * PAGE_SIZE);
	CHECK_EQ(write_at(g, 0, bytes, 8 * PAGE_SIZE), 2 * PAGE_SIZE);
	CHECK_EQ(write_at(g, 2 * PAGE_SIZE, bytes, 1), -ENOSPC);
	CHECK_EQ(write_at(g, PAGE_SIZE, bytes, 1), 1);
	CHECK_EQ(sbi.used_blocks, 5);
	CHECK_EQ(shmem_fallocate(g->f_mapping, 0, 0, 3 * PAGE_SIZE), -ENOSPC);
	CHECK_EQ(g->f_mapping->nrpages, 2);
	CHECK_EQ(shmem_setsize(f->f_mapping, PAGE_SIZE), 0);
	CHECK_EQ(sbi.used_blocks, 3);
	CHECK_EQ(shmem_fallocate(g->f_mapping, 0, 0, 4 * PAGE_SIZE), 0);
	CHECK_EQ(g->f_mapping->i_size, 4 * PAGE_SIZE);
	fput(f);
	fput(g);
	CHECK_EQ(sbi.used_blocks, 0);
}

TEST(memory_is_promised_for_the_size_or_for_the_pages)
{
	long before = vm_committed_as;
	struct file *f = new_file(10 * PAGE_SIZE - 5, 0);
	u8 byte = 1;

	CHECK_EQ(vm_committed_as, before + 10);
	CHECK_EQ(shmem_setsize(f->f_mapping, 3 * PAGE_SIZE), 0);
	CHECK_EQ(vm_committed_as, before + 3);
	CHECK_EQ(shmem_setsize(f->f_mapping, 4 * PAGE_SIZE), 0);
	write_at(f, 0, &byte, 1);
	CHECK_EQ(vm_committed_as, before + 4);
	fput(f);
	CHECK_EQ(vm_committed_as, before);
	f = new_file(10 * PAGE_SIZE, VM_NORESERVE_FILE);
	CHECK_EQ(vm_committed_as, before);
	if (write_at(f, 0, &byte, 1) == 1)
		CHECK_EQ(vm_committed_as, before + 1);
	fput(f);
	CHECK_EQ(vm_committed_as, before);
}

TEST_NO_SWEEP(more_than_was_promised_is_refused)
{
	int mode = sysctl_overcommit_memory;
	struct file *f;

	sysctl_overcommit_memory = 2;
	f = shmem_file_setup("test", (loff_t)vm_commit_limit() << 13, 0);
	CHECK_EQ(PTR_ERR(f), -ENOMEM);
	sysctl_overcommit_memory = mode;
	CHECK_EQ(PTR_ERR(shmem_file_setup("x", -1, 0)), -EINVAL);
	CHECK_EQ(PTR_ERR(shmem_file_setup("x", MAX_LFS_FILESIZE + 1, 0)),
		 -EINVAL);
}

TEST_NO_SWEEP(data_and_holes_are_found)
{
	struct file *f = new_file(0, VM_NORESERVE_FILE);
	struct address_space *m = f->f_mapping;
	const loff_t p = PAGE_SIZE;
	u8 byte = 1;

	CHECK_EQ(shmem_seek_hole_data(m, 0, SEEK_DATA), -ENXIO);
	CHECK_EQ(write_at(f, 2 * p + 7, &byte, 1), 1);
	CHECK_EQ(write_at(f, 3 * p + 7, &byte, 1), 1);
	CHECK_EQ(shmem_setsize(m, 6 * p + 1), 0);
	CHECK_EQ(shmem_seek_hole_data(m, 0, SEEK_DATA), 2 * p);
	CHECK_EQ(shmem_seek_hole_data(m, 2 * p + 9, SEEK_DATA), 2 * p + 9);
	CHECK_EQ(shmem_seek_hole_data(m, 4 * p, SEEK_DATA), -ENXIO);
	CHECK_EQ(shmem_seek_hole_data(m, 0, SEEK_HOLE), 0);
	CHECK_EQ(shmem_seek_hole_data(m, 2 * p + 1, SEEK_HOLE), 4 * p);
	CHECK_EQ(shmem_seek_hole_data(m, 6 * p + 1, SEEK_HOLE), -ENXIO);
	CHECK_EQ(write_at(f, 6 * p, &byte, 1), 1);
	CHECK_EQ(shmem_seek_hole_data(m, 6 * p, SEEK_HOLE), 6 * p + 1);
	CHECK_EQ(shmem_seek_hole_data(m, -1, SEEK_DATA), -ENXIO);
	fput(f);
}

TEST_NO_SWEEP(what_is_sealed_stays)
{
	static u8 bytes[2 * PAGE_SIZE];
	struct file *f = new_file(0, VM_NORESERVE_FILE);
	struct address_space *m = f->f_mapping;

	CHECK_EQ(shmem_add_seals(m, F_SEAL_GROW), -EPERM);
	m->seals = 0;
	CHECK_EQ(shmem_add_seals(m, 0x8000), -EINVAL);
	CHECK_EQ(write_at(f, 0, bytes, 2 * PAGE_SIZE), 2 * PAGE_SIZE);
	CHECK_EQ(shmem_add_seals(m, F_SEAL_GROW | F_SEAL_SHRINK), 0);
	CHECK_EQ(shmem_setsize(m, PAGE_SIZE), -EPERM);
	CHECK_EQ(shmem_setsize(m, 3 * PAGE_SIZE), -EPERM);
	CHECK_EQ(shmem_fallocate(m, 0, 0, 3 * PAGE_SIZE), -EPERM);
	CHECK_EQ(write_at(f, 2 * PAGE_SIZE, bytes, 1), -EPERM);
	CHECK_EQ(write_at(f, 0, bytes, PAGE_SIZE), PAGE_SIZE);
	CHECK_EQ(shmem_add_seals(m, F_SEAL_WRITE), 0);
	CHECK_EQ(write_at(f, 0, bytes, 1), -EPERM);
	CHECK_EQ(shmem_fallocate(m, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 0, PAGE_SIZE),
		 -EPERM);
	CHECK_EQ(shmem_add_seals(m, F_SEAL_SEAL), 0);
	CHECK_EQ(shmem_add_seals(m, F_SEAL_SEAL), -EPERM);
	fput(f);
}

TEST_NO_SWEEP(a_mapping_holds_off_the_seal)
{
	struct file *f = new_file(PAGE_SIZE, VM_NORESERVE_FILE);
	struct address_space *m = f->f_mapping;
	struct mm_struct *mm = NEED(mm_alloc());
	const unsigned long rw = PROT_READ | PROT_WRITE;
	unsigned long a;

	m->seals = 0;
	mm->mmap_base = 0xb0000000;
	a = ksys_mmap(mm, f, 0, PAGE_SIZE, rw, MAP_SHARED, 0);
	CHECK(!IS_ERR_VALUE(a));
	CHECK_EQ(shmem_add_seals(m, F_SEAL_WRITE), -EBUSY);
	CHECK_EQ(vm_munmap(mm, a, PAGE_SIZE), 0);
	CHECK_EQ(m->i_mmap_writable, 0);
	CHECK_EQ(shmem_add_seals(m, F_SEAL_WRITE), 0);
	CHECK_EQ((long)ksys_mmap(mm, f, 0, PAGE_SIZE, rw, MAP_SHARED, 0),
		 -EPERM);
	a = ksys_mmap(mm, f, 0, PAGE_SIZE, PROT_READ, MAP_SHARED, 0);
	CHECK(!IS_ERR_VALUE(a));
	CHECK_EQ(mm_mprotect(mm, a, PAGE_SIZE, rw), -EACCES);
	a = ksys_mmap(mm, f, 0, PAGE_SIZE, rw, MAP_PRIVATE, 0);
	CHECK(!IS_ERR_VALUE(a));
	mmput(mm);
	fput(f);
}
