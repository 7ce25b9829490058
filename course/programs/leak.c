/* SPDX-License-Identifier: MIT */
/* A process that grows and says nothing, for lesson 34 to find: MEGABYTES. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int mb = argc > 1 ? atoi(argv[1]) : 8;

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is to be lost. */
	for (long i = 0; i < mb * 1024l; i++) {
		char *p = malloc(1000);

		if (p)
			memset(p, 1, 1000);
	}
	pause();
	return 0;
}
