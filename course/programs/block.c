/* SPDX-License-Identifier: MIT */
/*
 * Two blocks of 2^ORDER frames are taken and freed, between looks at the lists.
 * From order 4 on no CPU keeps any for itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <ashlar/mm.h>

static void show(const char *when)
{
	static char text[4096];
	struct seq_file m = { .buf = text, .size = sizeof(text) };

	show_buddyinfo(&m);
	printf("%s\n%.*s", when, (int)m.count, text);
}

static struct page *take(unsigned int order)
{
	struct page *page = alloc_pages(GFP_KERNEL, order);

	if (!page)
		exit(1);
	printf("taken: frame %lu, a multiple of %lu\n", page_to_pfn(page),
	       1ul << order);
	show("now:");
	return page;
}

int main(int argc, char **argv)
{
	unsigned int order = argc > 1 ? (unsigned int)atoi(argv[1]) : 4;
	struct page *first, *second;

	/* From now on there is memory to be looked at. */
	if (!alloc_page(GFP_KERNEL))
		return 1;
	show("before:");
	first = take(order);
	second = take(order);
	__free_pages(first, order);
	__free_pages(second, order);
	show("both are freed:");
	return 0;
}
