/* SPDX-License-Identifier: MIT */
/*
 * Eight megabytes with and without huge pages: faults, huge memory and page
 * tables.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE 4096ul
#define HUGE (4ul << 20)
#define BYTES (2 * HUGE)

static long status(const char *path, const char *name)
{
	char line[200];
	long kb = 0;
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), "%ld", &kb);
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

static void try(const char *name, int advice)
{
	char *room = mmap(NULL, BYTES + HUGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *p = (char *)(((unsigned long)room + HUGE - 1) & ~(HUGE - 1));
	long huge = status("/proc/meminfo", "AnonHugePages:");
	long tables = status("/proc/self/status", "VmPTE:");
	long before;
	size_t i;

	madvise(p, BYTES, advice);
	before = faults();
	for (i = 0; i < BYTES; i += PAGE)
		p[i] = 1;
	before = faults() - before;
	printf("%s: %ld faults, AnonHugePages +%ld kB, page tables +%ld kB\n",
	       name, before, status("/proc/meminfo", "AnonHugePages:") - huge,
	       status("/proc/self/status", "VmPTE:") - tables);
	fflush(stdout);
	munmap(room, BYTES + HUGE);
}

int main(void)
{
	try("pages of 4 kB", MADV_NOHUGEPAGE);
	try("pages of 4 MB", MADV_HUGEPAGE);
	return 0;
}
