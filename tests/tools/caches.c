/* SPDX-License-Identifier: MIT */
/* A program with 150 slab caches, an object in each, that waits. */
#include <stdio.h>
#include <unistd.h>
#include <ashlar/slab.h>

int main(void)
{
	struct kmem_cache *s;
	char name[32];
	unsigned int i;

	for (i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "cache-%u", i);
		s = kmem_cache_create(name, 64 + 16 * i, 0, 0, NULL);
		if (!s || !kmem_cache_alloc(s, GFP_KERNEL))
			return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}
