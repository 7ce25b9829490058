/* SPDX-License-Identifier: MIT */
/* What is needed longer is kept longer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *names[2] = { strdup("one"), strdup("two") };
	char *first = names[0];

	puts(first);
	free(names[0]);
	free(names[1]);
	return 0;
}
