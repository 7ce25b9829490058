/* SPDX-License-Identifier: MIT */
/*
 * A cache whose constructor counts: objects are allocated and freed a thousand
 * times over, and are constructed once.
 */
#include <stdio.h>
#include <string.h>
#include <ashlar/mm.h>
#include <ashlar/slab.h>

#define OBJECTS 100

static unsigned long constructed;

static void construct(void *obj)
{
	memset(obj, 0, 256);
	constructed++;
}

/* The cache's line of slabinfo, and what its columns are. */
static void show(const char *when)
{
	static char text[1 << 16];
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };
	char *line, *rest = text;

	show_slabinfo(&m);
	text[m.count] = '\0';
	printf("%s\n", when);
	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, "session ", 8))
			puts(line);
}

int main(void)
{
	struct kmem_cache *s =
		kmem_cache_create("session", 256, 0, 0, construct);
	void *obj[OBJECTS];
	int i, round;

	puts("# name            <active_objs> <num_objs> <objsize> "
	     "<objperslab> <pagesperslab> ...");
	for (round = 0; round < 1000; round++) {
		for (i = 0; i < OBJECTS; i++)
			obj[i] = kmem_cache_alloc(s, GFP_KERNEL);
		if (round == 0)
			show("a hundred objects are in use:");
		for (i = 0; i < OBJECTS; i++)
			kmem_cache_free(s, obj[i]);
	}
	show("all are free:");
	printf("%d allocations, %lu constructions\n", OBJECTS * 1000,
	       constructed);
	kmem_cache_shrink(s);
	show("empty slabs were reaped:");
	kmem_cache_destroy(s);
	return 0;
}
