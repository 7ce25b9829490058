/* SPDX-License-Identifier: MIT */
/*
 * A pointer into a block is used after realloc().
 *
 * realloc() may move the block, and mostly does not: it depends on what lies
 * behind it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *text = malloc(16), *word;

	strcpy(text, "alpha beta");
	word = text + 6;
	text = realloc(text, 4000);
	strcat(text, " gamma");
	puts(word); /* wrong: heap-use-after-free */
	free(text);
	return 0;
}
