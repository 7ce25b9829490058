/* SPDX-License-Identifier: MIT */
/*
 * A memory pool: who must go on when memory is short keeps a few elements in
 * reserve. The allocator behind this pool plays a machine that runs out.
 *
 *	cc pool.c $(pkg-config --cflags --libs ashlar)
 */
#include <stdio.h>
#include <ashlar/mempool.h>

#define RESERVE 4
#define SIZE 1000

static int memory_is_short;

static void *get(gfp_t gfp, void *data)
{
	(void)data;
	return memory_is_short ? NULL : kmalloc(SIZE, gfp);
}

static void put(void *element, void *data)
{
	(void)data;
	kfree(element);
}

int main(void)
{
	mempool_t *pool = mempool_create(RESERVE, get, put, NULL);
	void *held[RESERVE + 1];
	int i;

	if (!pool)
		return 1;
	memory_is_short = 1;
	/* GFP_NOWAIT gets NULL after the reserve; GFP_KERNEL would wait. */
	for (i = 0; i <= RESERVE; i++) {
		held[i] = mempool_alloc(pool, GFP_NOWAIT);
		printf("element %d: %s\n", i,
		       held[i] ? "from the reserve" : "there is none");
	}
	while (i-- > 0)
		if (held[i])
			mempool_free(held[i], pool);
	mempool_destroy(pool);
	return 0;
}
