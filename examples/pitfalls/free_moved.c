/* SPDX-License-Identifier: MIT */
/*
 * The pointer that walks along a string is the one that is freed.
 *
 * A loop that moved an index is written anew with a pointer, which is then no
 * longer the start of the block.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *words = strdup("one two"); /* again: memory-leak */
	char *p = words;

	while (*p && *p != ' ')
		p++;
	puts(p + 1);
	free(p); /* wrong: bad-free */
	return 0;
}
