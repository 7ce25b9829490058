/* SPDX-License-Identifier: MIT */
/*
 * sizeof of an array parameter is the size of a pointer.
 *
 * `const char name[32]` in a parameter list is `const char *name`, whatever
 * stands between the brackets.
 * Seen by: ashlar check
 * Seen by: gcc -Wall
 */
#include <stdlib.h>
#include <string.h>

static char *copy_of(const char name[32])
{
	char *copy = malloc(sizeof(name)); /* wrong: -Wsizeof-array-argument */

	memcpy(copy, name, 32); /* wrong: heap-buffer-overflow */
	return copy;
}

int main(void)
{
	const char name[32] = "a name of some length";
	char *copy = copy_of(name);

	free(copy);
	return 0;
}
