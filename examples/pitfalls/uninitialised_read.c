/* SPDX-License-Identifier: MIT */
/*
 * A field of a new block is read before anything was written to it.
 *
 * A read of memory that is one's own is right to the processor, and to every
 * checker of the heap's bounds: only one that follows each value can tell.
 * Seen by: clang -fsanitize=memory
 */
#include <stdio.h>
#include <stdlib.h>

struct options {
	int verbose, width;
};

int main(void)
{
	struct options *o = malloc(sizeof(*o));

	o->width = 80;
	if (o->verbose) /* wrong: use-of-uninitialized-value */
		puts("starting");
	free(o);
	return 0;
}
