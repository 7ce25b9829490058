/* SPDX-License-Identifier: MIT */
/*
 * Memory grows old: a thousand blocks of 2^ORDER frames are taken, and every
 * second one is freed. Then a block of twice the size is asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <ashlar/mm.h>

#define BLOCKS 1000

static void show(const char *when)
{
	static char text[4096];
	struct seq_file m = { .buf = text, .size = sizeof(text) };

	show_buddyinfo(&m);
	printf("%s\n%.*s", when, (int)m.count, text);
}

int main(int argc, char **argv)
{
	unsigned int order = argc > 1 ? (unsigned int)atoi(argv[1]) : 4, i;
	static struct page *page[BLOCKS];

	/* This one stays, so that there is memory to be looked at. */
	if (!alloc_page(GFP_KERNEL))
		return 1;
	for (i = 0; i < BLOCKS; i++)
		page[i] = alloc_pages(GFP_KERNEL, order);
	show("all taken:");
	for (i = 0; i < BLOCKS; i += 2)
		__free_pages(page[i], order);
	show("every second one freed:");
	for (i = 1; i < BLOCKS; i += 2)
		__free_pages(page[i], order);
	show("and the others:");
	return 0;
}
