/* SPDX-License-Identifier: MIT */
/* Who frees is who allocated. */
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
