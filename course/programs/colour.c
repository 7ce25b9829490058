/* SPDX-License-Identifier: MIT */
/*
 * Where the first objects of a cache's slabs lie: SIZE bytes each. Sets are
 * those of a first cache of 64 sets and lines of 64 bytes, so of 4 KiB.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <ashlar/slab.h>

#define OBJECTS 4000
#define FRAME 4096u
#define SETS 64u

int main(int argc, char **argv)
{
	unsigned int size = argc > 1 ? (unsigned int)atoi(argv[1]) : 704;
	struct kmem_cache *s = kmem_cache_create("node", size, 0, 0, NULL);
	unsigned int used[SETS] = { 0 }, sets = 0, i;
	static uintptr_t at[OBJECTS];
	uintptr_t last = 0;

	for (i = 0; i < OBJECTS; i++)
		at[i] = (uintptr_t)kmem_cache_alloc(s, GFP_KERNEL);
	for (i = 0; i < OBJECTS; i++) {
		/* The first object that begins in its frame. */
		if (at[i] % FRAME >= size || at[i] / FRAME == last)
			continue;
		last = at[i] / FRAME;
		used[at[i] / 64 % SETS]++;
		if (sets++ < 8)
			printf("frame %#lx: first object at +%lu, set %lu\n",
			       (unsigned long)last,
			       (unsigned long)(at[i] % FRAME),
			       (unsigned long)(at[i] / 64 % SETS));
	}
	for (i = sets = 0; i < SETS; i++)
		sets += used[i] != 0;
	printf("first objects of frames begin in %u different sets\n", sets);
	return 0;
}
