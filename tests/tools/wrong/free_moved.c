/* SPDX-License-Identifier: MIT */
/* The pointer that walks along a string is the one that is freed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *words = strdup("one two"), *p = words;

	while (*p && *p != ' ')
		p++;
	puts(p + 1);
	free(p); /* wrong: bad-free */
	return 0;
}
