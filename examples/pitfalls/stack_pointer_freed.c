/* SPDX-License-Identifier: MIT */
/*
 * An array on the stack is freed.
 *
 * A function frees what it was given, as it always got a block; one caller
 * has an array.
 */
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
	release(line); /* cause: not from malloc() */
	return 0;
}
