/* SPDX-License-Identifier: MIT */
/*
 * The only pointer to a block is given another value.
 *
 * A buffer is made in a loop, anew each time round, and freed once after it:
 * the first run with a single item was right.
 */
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char *line = NULL;

	for (int i = 0; i < 3; i++) {
		line = malloc(80); /* wrong: memory-leak */
		snprintf(line, 80, "line %d", i);
		puts(line);
	}
	free(line); /* cause: the last one only */
	return 0;
}
