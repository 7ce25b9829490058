/* SPDX-License-Identifier: MIT */
/*
 * Ten pages are asked for, then touched one by one; what the kernel says of
 * this process's memory and faults after each.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGES 10
#define PAGE 4096

static long anon_kb(void)
{
	char line[200];
	long kb = 0;
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "RssAnon: %ld", &kb);
	if (f)
		fclose(f);
	return kb;
}

static long faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_minflt;
}

int main(void)
{
	volatile char *area;
	long rss, f, now;
	int i;

	/* What the C library needs it has after this. */
	printf("before: RssAnon %ld kB\n", anon_kb());
	rss = anon_kb();
	area = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("mmap of %d pages: RssAnon +%ld kB\n", PAGES, anon_kb() - rss);
	f = faults();
	for (i = 0; i < PAGES; i++) {
		if (i < 3)
			(void)area[i * PAGE];
		else
			area[i * PAGE] = 1;
		now = faults();
		printf("page %d %s: RssAnon +%ld kB, %ld faults\n", i,
		       i < 3 ? "read   " : "written", anon_kb() - rss, now - f);
		f = faults();
	}
	return 0;
}
