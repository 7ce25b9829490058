/* SPDX-License-Identifier: MIT */
/*
 * A string has no 0 at its end.
 *
 * strncpy() puts none behind what fills its destination; the name says that it
 * is the safe one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *key = malloc(8);

	strncpy(key, "exactly8", 8);
	printf("%s\n", key); /* wrong: heap-buffer-overflow */
	free(key);
	return 0;
}
