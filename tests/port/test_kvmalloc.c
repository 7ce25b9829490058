/* SPDX-License-Identifier: MIT */
/* Memory of any size: blocks of kmalloc() and mappings, told apart. */
#include <string.h>

#include "../../port/user/user.h"
#include "../harness.h"
#include <ashlar/port.h>

#define LARGE (20ul << 20)

static bool all_are(const char *p, size_t size, char value)
{
	while (size--)
		if (*p++ != value)
			return false;
	return true;
}

TEST(a_small_block_is_one_of_kmalloc)
{
	char *p = NEED(kvmalloc(100, GFP_KERNEL));

	CHECK(virt_addr_valid(p));
	CHECK_OP(ksize(p), >=, 100);
	kvfree(p);
	CHECK(kvmalloc(0, GFP_KERNEL) == ZERO_SIZE_PTR);
	kvfree(ZERO_SIZE_PTR);
	kvfree(NULL);
}

TEST_NO_SWEEP(what_kmalloc_has_not_is_mapped)
{
	char *p = kvzalloc(LARGE, GFP_KERNEL);

	CHECK(p && !virt_addr_valid(p));
	CHECK(all_are(p, LARGE, 0));
	memset(p, 7, LARGE);
	CHECK_OP(large_size(p), >=, LARGE);
	kvfree(p);
	CHECK_EQ(large_size(p), 0);
	p = kvzalloc(LARGE, GFP_KERNEL); /* perhaps the same, kept */
	CHECK(p && all_are(p, LARGE, 0));
	kvfree(p);
	CHECK(!kvmalloc(LARGE, GFP_NOWAIT | __GFP_NOWARN));
	CHECK(!kvmalloc(~0ul, GFP_KERNEL | __GFP_NOWARN));
	CHECK(!kvcalloc(1ul << (4 * sizeof(long)), 1ul << (4 * sizeof(long)),
			GFP_KERNEL));
}

TEST_NO_SWEEP(a_block_grows_out_of_kmalloc)
{
	char *p = kvmalloc(1000, GFP_KERNEL);

	CHECK(p != NULL);
	memset(p, 5, 1000);
	CHECK(kvrealloc(p, 1000, 900, GFP_KERNEL) == p);
	p = kvrealloc(p, 1000, LARGE, GFP_KERNEL);
	CHECK(p && !virt_addr_valid(p) && all_are(p, 1000, 5));
	memset(p, 6, LARGE);
	p = kvrealloc(p, LARGE, 2 * LARGE, GFP_KERNEL);
	CHECK(p && all_are(p, LARGE, 6));
	CHECK(!kvrealloc(p, LARGE, ~0ul, GFP_KERNEL | __GFP_NOWARN));
	CHECK(all_are(p, LARGE, 6));
	kvfree(p);
	p = kvrealloc(NULL, 0, 10, GFP_KERNEL);
	CHECK(p != NULL);
	kvfree(p);
	p = kvmalloc_array(1000, 10, GFP_KERNEL);
	CHECK(p && ksize(p) >= 10000);
	kvfree(p);
}

/* Random sizes around all limits; each block keeps the bytes at its ends. */
TEST_NO_SWEEP(random_blocks_keep_their_bytes)
{
	static struct {
		char *p;
		size_t size;
	} blocks[20];
	unsigned int step, i;

	for (step = 0; step < 600; step++) {
		char value;
		size_t size = rnd(1ul << rnd(24)) + 1;

		i = (unsigned int)rnd(ARRAY_SIZE(blocks));
		value = (char)(i + 1);
		if (blocks[i].p) {
			CHECK_EQ(blocks[i].p[0], value);
			CHECK_EQ(blocks[i].p[blocks[i].size - 1], value);
		}
		if (rnd(2)) {
			kvfree(blocks[i].p);
			blocks[i].p = NULL;
			blocks[i].size = 0;
			continue;
		}
		blocks[i].p = kvrealloc(blocks[i].p, blocks[i].size, size,
					GFP_KERNEL);
		CHECK(blocks[i].p != NULL);
		CHECK(!blocks[i].size || blocks[i].p[0] == value);
		CHECK(size < blocks[i].size || !blocks[i].size ||
		      blocks[i].p[blocks[i].size - 1] == value);
		blocks[i].size = max(size, blocks[i].size);
		blocks[i].p[0] = value;
		blocks[i].p[blocks[i].size - 1] = value;
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		kvfree(blocks[i].p);
}
