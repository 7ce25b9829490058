/* SPDX-License-Identifier: MIT */
/*
 * Memory for devices in a process: it is locked and zeroed, found by its
 * address, registered with io_uring, and not there in a child.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../harness.h"
#include <ashlar/dmapool.h>

#define SETUP_BYTES 120 /* of struct io_uring_params */

static struct device dev = { .name = "dev" };

/* KiB of the process that are locked. */
static long locked(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[200];
	long kib = -1;

	CHECK(f != NULL);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "VmLck: %ld", &kib) == 1)
			break;
	fclose(f);
	return kib;
}

TEST(a_buffer_is_locked_and_zeroed)
{
	long before = locked();
	dma_addr_t handle;
	char *p = NEED(dma_alloc_coherent(&dev, 10000, &handle, GFP_KERNEL));

	CHECK_EQ((uintptr_t)p % PAGE_SIZE, 0);
	CHECK_EQ(handle, (uintptr_t)p);
	CHECK_OP(locked(), >=, before + 12);
	for (unsigned int i = 0; i < 10000; i++)
		CHECK_EQ(p[i], 0);
	dma_free_coherent(&dev, 10000, p, handle);
	CHECK_EQ(locked(), before);
	dma_free_coherent(&dev, 10000, NULL, 0);
}

TEST_NO_SWEEP(a_large_buffer_begins_with_a_huge_page)
{
	dma_addr_t handle;
	char *p = dma_alloc_coherent(NULL, 4 << 20, &handle, GFP_KERNEL);

	CHECK(p != NULL);
	CHECK_EQ((uintptr_t)p % (2 << 20), 0);
	memset(p, 1, 4 << 20);
	dma_free_coherent(NULL, 4 << 20, p, handle);
	CHECK(!dma_alloc_coherent(NULL, ~0ul, &handle, GFP_KERNEL));
	CHECK(!dma_alloc_coherent(NULL, 0, &handle, GFP_KERNEL));
}

TEST_NO_SWEEP(limits_are_kept_to)
{
	struct rlimit none = { 4096, 4096 }, was;
	struct device low = { .name = "low", .coherent_dma_mask = 0xffff };
	dma_addr_t handle;

	CHECK(!dma_alloc_coherent(&low, 4096, &handle, GFP_KERNEL));
	if (geteuid() == 0) /* whom no limit holds */
		return;
	CHECK(!getrlimit(RLIMIT_MEMLOCK, &was));
	CHECK(!setrlimit(RLIMIT_MEMLOCK, &none));
	CHECK(!dma_alloc_coherent(&dev, 1 << 20, &handle, GFP_KERNEL));
}

static bool is_mapped(void *page)
{
	unsigned char resident;

	return mincore(page, 4096, &resident) == 0;
}

/* None but what the host gives it all the same: QEMU hands on every page. */
TEST_NO_SWEEP(a_child_has_none_of_it)
{
	dma_addr_t handle;
	char *p = dma_alloc_coherent(&dev, 4096, &handle, GFP_KERNEL);
	char *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	CHECK(p != NULL && own != MAP_FAILED);
	CHECK(!madvise(own, 4096, MADV_DONTFORK));
	pid = fork();
	if (!pid)
		_exit(is_mapped(p) != is_mapped(own) ||
		      ashlar_dma_index(p) != -ENOENT);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	munmap(own, 4096);
	dma_free_coherent(&dev, 4096, p, handle);
}

TEST_NO_SWEEP(where_it_is_on_the_bus_is_told_to_some)
{
	dma_addr_t handle;
	char *p = dma_alloc_coherent(&dev, 8192, &handle, GFP_KERNEL);
	phys_addr_t phys = 0, next = 0;
	int err;

	CHECK(p != NULL);
	err = ashlar_dma_phys(p + 5, &phys);
	CHECK(err == -EPERM || err == 0);
	if (!err) {
		CHECK_EQ(phys % PAGE_SIZE, 5);
		CHECK_EQ(ashlar_dma_phys(p + 6, &next), 0);
		CHECK_EQ(next, phys + 1);
	}
	CHECK_EQ(ashlar_dma_phys((void *)PAGE_SIZE, &phys), -ENOENT);
	dma_free_coherent(&dev, 8192, p, handle);
}

TEST_NO_SWEEP(buffers_are_registered_with_a_ring)
{
	char params[SETUP_BYTES] = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 4, params);
	dma_addr_t handle;
	char *a, *b;

	CHECK_OP(ashlar_dma_register(-1), ==, 0); /* there are none */
	a = dma_alloc_coherent(&dev, 4096, &handle, GFP_KERNEL);
	b = dma_alloc_coherent(&dev, 2 << 20, &handle, GFP_KERNEL);
	CHECK(a && b);
	CHECK_OP(ashlar_dma_register(-1), <, 0);
	CHECK_EQ(ashlar_dma_index(a), -ENOENT);
	if (ring >= 0) { /* a host may have no io_uring */
		CHECK_EQ(ashlar_dma_register(ring), 2);
		CHECK_EQ(ashlar_dma_index(a) + ashlar_dma_index(b), 1);
		CHECK_EQ(ashlar_dma_index(b + (2 << 20) - 1),
			 ashlar_dma_index(b));
		CHECK_EQ(ashlar_dma_index(&ring), -ENOENT);
		close(ring);
	}
	dma_free_coherent(&dev, 4096, a, (dma_addr_t)a);
	dma_free_coherent(&dev, 2 << 20, b, (dma_addr_t)b);
}

TEST_DIES(a_buffer_of_another_size, "ERROR: Ashlar: bad-free")
{
	dma_addr_t handle;
	char *p = dma_alloc_coherent(&dev, 4096, &handle, GFP_KERNEL);

	dma_free_coherent(&dev, 8192, p, handle);
	NOT_REACHED();
}

/* Random blocks: none overlaps, and each is where it is said to be. */
TEST(blocks_of_a_pool)
{
	struct dma_pool *pool =
		NEED(dma_pool_create("test", &dev, 96, 32, 4096));
	static struct {
		unsigned char *p;
		dma_addr_t handle;
	} blocks[120];
	unsigned int step, i, k;

	for (step = 0; step < 3000; step++) {
		i = (unsigned int)rnd(ARRAY_SIZE(blocks));
		if (blocks[i].p) {
			for (k = 0; k < 96; k++)
				CHECK_EQ(blocks[i].p[k], i);
			dma_pool_free(pool, blocks[i].p, blocks[i].handle);
			blocks[i].p = NULL;
			continue;
		}
		blocks[i].p =
			dma_pool_alloc(pool, GFP_KERNEL, &blocks[i].handle);
		if (!blocks[i].p) {
			CHECK(sweeping());
			continue;
		}
		CHECK_EQ(blocks[i].handle, (uintptr_t)blocks[i].p);
		CHECK_EQ(blocks[i].handle % 32, 0);
		memset(blocks[i].p, (int)i, 96);
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		if (blocks[i].p)
			dma_pool_free(pool, blocks[i].p, blocks[i].handle);
		blocks[i].p = NULL; /* a sweep comes here again */
	}
	dma_pool_destroy(pool);
}
