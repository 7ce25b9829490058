/* SPDX-License-Identifier: MIT */
/*
 * The three ways into the kernel, counted by the kernel: 1,000 system calls,
 * 10 page faults, and half a second of the clock's interrupts.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define CALLS 1000
#define PAGES 10
#define PAGE 4096

/* The number behind @name in a file, or of the timer in /proc/interrupts. */
static unsigned long count(const char *path, const char *name)
{
	char line[400];
	unsigned long n = 0;
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), "%lu", &n);
	if (f)
		fclose(f);
	return n;
}

static unsigned long faults(void)
{
	return count("/proc/vmstat", "pgfault ");
}

static unsigned long ticks(void)
{
	return count("/proc/interrupts", "  0:");
}

int main(void)
{
	volatile char *page = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long before, after;
	clock_t until;
	int i;

	for (i = 0; i < CALLS; i++)
		syscall(SYS_getppid);
	printf("system calls: %d were made, each by int $0x80\n", CALLS);
	faults();
	before = faults();
	after = faults();
	printf("a look at the count takes %lu faults by itself\n",
	       after - before);
	before = after;
	for (i = 0; i < PAGES; i++)
		page[i * PAGE] = 1;
	printf("%d first touches: %lu faults\n", PAGES,
	       faults() - before - (after - before));
	before = ticks();
	until = clock() + CLOCKS_PER_SEC / 2;
	while (clock() < until)
		;
	printf("half a second of work: %lu interrupts of the timer\n",
	       ticks() - before);
	return 0;
}
