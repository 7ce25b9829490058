/* SPDX-License-Identifier: MIT */
/* calloc() gives zeros. */
#include <stdio.h>
#include <stdlib.h>

struct options {
	int verbose, width;
};

int main(void)
{
	struct options *o = calloc(1, sizeof(*o));

	if (!o)
		return 1;
	o->width = 80;
	if (o->verbose)
		puts("starting");
	free(o);
	return 0;
}
