/* SPDX-License-Identifier: MIT */
/* Copies to and from pieces of user memory, some of which is not there. */
#include <ashlar/err.h>
#include <ashlar/mmap.h>
#include <ashlar/string.h>
#include <ashlar/uio.h>
#include "../../port/sim/sim.h"
#include "../harness.h"

static struct mm_struct *mm;
static u32 user; /* two pages, and nothing after them */
static char bytes[3 * PAGE_SIZE], back[3 * PAGE_SIZE];

static void begin(void)
{
	unsigned long a;
	size_t i;

	mm = NEED(mm_alloc());
	mm->mmap_base = 0xb0000000;
	a = ksys_mmap(mm, NULL, 0x40000000, 2 * PAGE_SIZE,
		      PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	CHECK(!IS_ERR_VALUE(a));
	user = (u32)a;
	sim_load_mm(mm);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 31 + i / 256);
}

static void end(void)
{
	sim_load_mm(NULL);
	mmput(mm);
}

static void pieces(struct iov_iter *i, const struct iovec *iov, unsigned int nr)
{
	unsigned int k;

	*i = (struct iov_iter){ .iov = iov, .nr_segs = nr };
	for (k = 0; k < nr; k++)
		i->count += iov[k].iov_len;
}

TEST_NO_SWEEP(one_piece_there_and_back)
{
	struct iov_iter i;

	begin();
	iov_iter_user(&i, (void *)(uintptr_t)(user + 5), 5000);
	CHECK_EQ(copy_to_iter(bytes, 2000, &i), 2000);
	CHECK_EQ(copy_to_iter(bytes + 2000, 9000, &i), 3000);
	CHECK_EQ(i.count, 0);
	CHECK_EQ(copy_to_iter(bytes, 1, &i), 0);
	iov_iter_user(&i, (void *)(uintptr_t)(user + 5), 5000);
	CHECK_EQ(copy_from_iter(back, 5000, &i), 5000);
	CHECK_EQ(memcmp(bytes, back, 5000), 0);
	iov_iter_user(&i, (void *)(uintptr_t)(user + 5), 5000);
	iov_iter_advance(&i, 100);
	CHECK_EQ(iov_iter_zero(10, &i), 10);
	iov_iter_user(&i, (void *)(uintptr_t)(user + 5), 5000);
	CHECK_EQ(copy_from_iter(back, 5000, &i), 5000);
	CHECK_EQ(back[99], bytes[99]);
	CHECK_EQ(back[100] | back[109], 0);
	CHECK_EQ(back[110], bytes[110]);
	end();
}

/* Empty pieces, long ones and short ones, in steps of any size. */
TEST_NO_SWEEP(many_pieces)
{
	struct iovec iov[6];
	struct iov_iter i;
	size_t done, n, total = 0;
	unsigned int k, round;
	u32 at;

	begin();
	for (round = 0; round < 200; round++) {
		at = user;
		for (k = 0; k < 6; k++) {
			iov[k].iov_base = at;
			iov[k].iov_len = (u32)rnd(3) ? (u32)rnd(1300) : 0;
			at += iov[k].iov_len;
		}
		total = at - user;
		pieces(&i, iov, 6);
		for (done = 0; done < total; done += n) {
			n = min(rnd(900) + 1, total - done);
			CHECK_EQ(copy_to_iter(bytes + done, n, &i), n);
		}
		CHECK_EQ(i.count, 0);
		pieces(&i, iov, 6);
		for (done = 0; done < total; done += n) {
			n = min(rnd(900) + 1, total - done);
			CHECK_EQ(copy_from_iter(back + done, n, &i), n);
		}
		CHECK_EQ(memcmp(bytes, back, total), 0);
	}
	end();
}

TEST_NO_SWEEP(what_is_not_there_ends_the_copy)
{
	struct iovec iov[2];
	struct iov_iter i;

	begin();
	iov[0] = (struct iovec){ user + (u32)PAGE_SIZE, 100 };
	iov[1] = (struct iovec){ user + 2 * (u32)PAGE_SIZE - 10, 100 };
	pieces(&i, iov, 2);
	CHECK_EQ(copy_to_iter(bytes, 200, &i), 110);
	CHECK_EQ(i.count, 90);
	pieces(&i, iov, 2);
	CHECK_EQ(copy_from_iter(back, 200, &i), 110);
	CHECK_EQ(memcmp(bytes, back, 110), 0);
	iov_iter_user(&i, (void *)(uintptr_t)0xc0001000, 10);
	CHECK_EQ(copy_to_iter(bytes, 10, &i), 0);
	iov_iter_user(&i, (void *)(uintptr_t)0xfffffff0, 100);
	CHECK_EQ(copy_from_iter(back, 100, &i), 0);
	end();
}

TEST_NO_SWEEP(kernel_memory)
{
	struct iov_iter i;

	begin();
	iov_iter_kernel(&i, back, 100);
	CHECK_EQ(copy_to_iter(bytes, 60, &i), 60);
	CHECK_EQ(copy_to_iter(bytes + 60, 60, &i), 40);
	CHECK_EQ(memcmp(bytes, back, 100), 0);
	iov_iter_kernel(&i, back, 100);
	CHECK_EQ(iov_iter_zero(1000, &i), 100);
	CHECK_EQ(back[0] | back[99], 0);
	end();
}
