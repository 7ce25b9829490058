/* SPDX-License-Identifier: MIT */
/* One address of each part of a process, and its maps. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static int data = 1;
static int bss;
static const char literal[] = "a literal";

int main(void)
{
	void *heap = malloc(100);
	void *area = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int stack = 0, c;
	FILE *maps;

	printf("text   %p  main()\n", (void *)main);
	printf("text   %p  a literal\n", (void *)literal);
	printf("data   %p  an initialised variable\n", (void *)&data);
	printf("bss    %p  one that begins as zero\n", (void *)&bss);
	printf("heap   %p  from malloc(100)\n", heap);
	printf("mmap   %p  from mmap()\n", area);
	printf("stack  %p  a local variable\n", (void *)&stack);
	maps = fopen("/proc/self/maps", "r");
	while (maps && (c = getc(maps)) != EOF)
		putchar(c);
	free(heap);
	return 0;
}
