/* SPDX-License-Identifier: MIT */
/* strcspn() gives a place that is always inside the string. */
#include <stdlib.h>
#include <string.h>

static void cut_newline(char *line)
{
	line[strcspn(line, "\n")] = '\0';
}

int main(void)
{
	char *line = calloc(1, 80);

	if (line)
		cut_newline(line);
	free(line);
	return 0;
}
