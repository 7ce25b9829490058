/* SPDX-License-Identifier: MIT */
/* An array of the stack is nobody's to free. */
#include <stdlib.h>
#include <string.h>

static void release(char *line)
{
	free(line); /* wrong: bad-free */
}

int main(void)
{
	char line[80];

	strcpy(line, "on the stack");
	release(line);
	return 0;
}
