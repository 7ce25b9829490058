/* SPDX-License-Identifier: MIT */
/*
 * A program whose memory is drawn: it says where things are.
 *
 *   drawn    lines "NAME ADDRESS", then "ready"; a line on stdin allocates, and
 *            is answered by "new ADDRESS"; the line "out" has the pages that
 *            were written swapped, if they can be
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCKS 3000
#define SIZE 90 /* kmalloc-96's */

static char zero[20000];
static char variable[20000] = { 1 };
static void *block[BLOCKS];
static char *pages;

static void tell(const char *name, const void *address)
{
	printf("%s %p\n", name, address);
}

/* 64 pages, of which the first ten are written. */
static void map_pages(void)
{
	pages = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(pages, 1, 10 * 4096);
	tell("written", pages + 9 * 4096);
	tell("untouched", pages + 20 * 4096);
}

/* 8 MB, the middle of which may be huge pages. */
static void map_huge(void)
{
	char *large = mmap(NULL, 8 << 20, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(large, 8 << 20, MADV_HUGEPAGE);
	memset(large, 1, 8 << 20);
	tell("huge", large + (4 << 20));
}

static void allocate(void)
{
	int i;

	for (i = 0; i < BLOCKS; i++)
		block[i] = malloc(SIZE);
	for (i = 0; i < BLOCKS; i += 2)
		free(block[i]);
	tell("live", block[1501]);
	tell("freed", block[1500]);
	tell("large", (char *)malloc(1 << 20) + 100);
}

int main(void)
{
	char on_stack = 0, line[80];

	setvbuf(stdout, NULL, _IOLBF, 4096);
	memset(zero, 1, sizeof(zero));
	allocate();
	map_pages();
	map_huge();
	tell("stack", &on_stack);
	tell("bss", zero + 10000);
	tell("data", variable + 10000);
	tell("text", (void *)main);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "out\n"))
			madvise(pages, 10 * 4096, MADV_PAGEOUT);
		tell("new", malloc(300000));
	}
	return 0;
}
