/* SPDX-License-Identifier: MIT */
/* What is allocated in a round of the loop is freed in the same round. */
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	for (int i = 0; i < 3; i++) {
		char *line = malloc(80);

		if (!line)
			return 1;
		snprintf(line, 80, "line %d", i);
		puts(line);
		free(line);
	}
	return 0;
}
