/* SPDX-License-Identifier: MIT */
/*
 * Two owners of one block, and each frees it.
 *
 * A function frees what it was given; its caller does not know, or calls it
 * twice.
 */
#include <stdlib.h>
#include <string.h>

static void print_and_drop(char *name)
{
	free(name); /* wrong: double-free */
}

int main(void)
{
	char *kept = strdup("kept"), *name = strdup("name");

	print_and_drop(name);
	print_and_drop(name); /* cause: once more */
	free(kept);
	return 0;
}
