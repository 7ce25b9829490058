/* SPDX-License-Identifier: MIT */
/* Blocks of 100 bytes, 100 KB and 200 KB, for a look at what malloc() asks. */
#include <stdlib.h>
#include <unistd.h>

static void *keep[6];

int main(void)
{
	const char begin[] = "-- malloc(100), (100 KB), (200 KB), free\n";

	if (write(1, begin, sizeof(begin) - 1) < 0)
		return 1;
	keep[0] = malloc(100);
	keep[1] = malloc(100 << 10);
	keep[2] = malloc(200 << 10);
	free(keep[2]);
	return !keep[0] || !keep[1];
}
