/* SPDX-License-Identifier: MIT */
/* A distance from the start holds wherever the block is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *text = calloc(1, 16), *larger;
	size_t word;

	if (!text)
		return 1;
	strcpy(text, "alpha beta");
	word = 6;
	larger = realloc(text, 4000);
	if (larger)
		text = strcat(larger, " gamma");
	puts(text + word);
	free(text);
	return 0;
}
