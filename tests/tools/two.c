/* SPDX-License-Identifier: MIT */
/*
 * A program with two cores of Ashlar: it is linked with libashlar, and runs on
 * the malloc. Says "ready" with 1000 objects of one and 5000 of the other, and
 * waits to be killed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <ashlar/slab.h>

int main(void)
{
	struct kmem_cache *nodes =
		kmem_cache_create("mynode", 96, 0, SLAB_PANIC, NULL);
	int i;

	for (i = 0; i < 1000; i++)
		if (!kmem_cache_alloc(nodes, GFP_KERNEL))
			return 1;
	for (i = 0; i < 5000; i++)
		if (!malloc(200))
			return 1;
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
