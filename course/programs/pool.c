/* SPDX-License-Identifier: MIT */
/*
 * A memory pool and kmalloc() side by side, from the moment on when no page is
 * to be had any more.
 */
#include <stdio.h>
#include <ashlar/mempool.h>
#include <ashlar/slab.h>

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
	void *held[RESERVE + 2] = { NULL };
	int i;

	if (!pool)
		return 1;
	memory_is_short = 1;
	for (i = 0; i < RESERVE + 2; i++) {
		void *p = get(GFP_NOWAIT, NULL);

		held[i] = mempool_alloc(pool, GFP_NOWAIT);
		printf("request %d: the allocator %s, the pool %s\n", i + 1,
		       p ? "gives" : "refuses",
		       held[i] ? "gives from its reserve" : "is empty");
	}
	mempool_free(held[0], pool);
	puts("one element goes back to the pool");
	held[0] = mempool_alloc(pool, GFP_NOWAIT);
	printf("the next request: the pool %s\n",
	       held[0] ? "gives" : "is empty");
	memory_is_short = 0;
	for (i = 0; i < RESERVE + 2; i++)
		if (held[i])
			mempool_free(held[i], pool);
	mempool_destroy(pool);
	return 0;
}
