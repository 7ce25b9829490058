/* SPDX-License-Identifier: MIT */
/* One name of a block is forgotten, another is not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *names[2] = { strdup("one"), strdup("two") };
	char *first = names[0];

	free(names[0]);
	names[0] = NULL;
	puts(first); /* wrong: heap-use-after-free */
	free(names[1]);
	return 0;
}
