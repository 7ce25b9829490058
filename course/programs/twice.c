/* SPDX-License-Identifier: MIT */
/*
 * More memory than there is: MEGABYTES are written, then read and compared,
 * while the kernel swaps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096u

static unsigned long count(const char *name)
{
	char line[200];
	unsigned long n = 0;
	FILE *f = fopen("/proc/vmstat", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, name, strlen(name)))
			sscanf(line + strlen(name), "%lu", &n);
	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	unsigned int pages = (argc > 1 ? (unsigned int)atoi(argv[1]) : 48) *
			     256,
		     i, wrong = 0;
	unsigned int *p = malloc((size_t)pages * PAGE);

	if (!p)
		return 1;
	for (i = 0; i < pages; i++)
		p[i * (PAGE / 4)] = i * 7;
	printf("%u MB written: %lu pages went out, %lu came in\n", pages / 256,
	       count("pswpout "), count("pswpin "));
	for (i = 0; i < pages; i++)
		wrong += p[i * (PAGE / 4)] != i * 7;
	printf("and read: %lu went out, %lu came in; %u pages were wrong\n",
	       count("pswpout "), count("pswpin "), wrong);
	free(p);
	return wrong != 0;
}
