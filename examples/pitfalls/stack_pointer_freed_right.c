/* SPDX-License-Identifier: MIT */
/* The function gets a block, as it expects. */
#include <stdlib.h>
#include <string.h>

static void release(char *line)
{
	free(line);
}

int main(void)
{
	release(strdup("on the heap"));
	return 0;
}
