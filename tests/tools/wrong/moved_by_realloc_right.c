/* SPDX-License-Identifier: MIT */
/* A distance from the start holds wherever the block is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *text = malloc(16);
	size_t word;

	strcpy(text, "alpha beta");
	word = 6;
	text = realloc(text, 4000);
	strcat(text, " gamma");
	puts(text + word);
	free(text);
	return 0;
}
