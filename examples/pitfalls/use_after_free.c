/* SPDX-License-Identifier: MIT */
/*
 * A block is used after it was freed, through a pointer that was not cleared.
 *
 * The pointer is a global or a field: one function frees, another one asks
 * `if (pointer)`.
 */
#include <stdlib.h>
#include <string.h>

static char *last_error;

static void forget(void)
{
	free(last_error); /* cause: is not NULL then */
}

static void replace(const char *text)
{
	if (last_error)
		strcpy(last_error, text); /* wrong: heap-use-after-free */
}

int main(void)
{
	last_error = strdup("no such file");
	forget();
	replace("no space");
	return 0;
}
