/* SPDX-License-Identifier: MIT */
/*
 * A copy of a string has no room for the 0 at its end.
 *
 * strlen() does not count it. Most sizes are rounded up, so most names work.
 */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	const char *name = "Ada Lovelace";
	char *copy = malloc(strlen(name)); /* cause: 1 too few */

	strcpy(copy, name); /* wrong: heap-buffer-overflow */
	free(copy);
	return 0;
}
