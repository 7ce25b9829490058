/* SPDX-License-Identifier: MIT */
/* Whoever frees also clears: then a test for NULL is a test for life. */
#include <stdlib.h>
#include <string.h>

static char *last_error;

static void forget(void)
{
	free(last_error);
	last_error = NULL;
}

static void replace(const char *text)
{
	if (last_error)
		strcpy(last_error, text);
}

int main(void)
{
	last_error = strdup("no such file");
	forget();
	replace("no space");
	return 0;
}
