/* SPDX-License-Identifier: MIT */
/*
 * Pages: blocks of 2^order frames of the buddy system, and what it has left.
 *
 *	cc pages.c $(pkg-config --cflags --libs ashlar)
 */
#include <stdio.h>
#include <string.h>
#include <ashlar/mm.h>

/* As /proc/buddyinfo has it: free blocks of 1, 2, 4 … 1024 frames. */
static void print_free_blocks(const char *when)
{
	char text[4096];
	struct seq_file m = { .buf = text, .size = sizeof(text) };

	show_buddyinfo(&m);
	printf("%s\n%.*s", when, (int)m.count, text);
}

int main(void)
{
	struct page *page;

	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 4);
	if (!page)
		return 1;
	memset(page_address(page), 1, 16 * PAGE_SIZE);
	printf("16 frames from number %lu on, at %p\n", page_to_pfn(page),
	       page_address(page));
	print_free_blocks("while they are taken out:");
	__free_pages(page, 4);
	print_free_blocks("merged with their buddies again:");
	return 0;
}
