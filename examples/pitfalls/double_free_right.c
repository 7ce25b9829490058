/* SPDX-License-Identifier: MIT */
/* The function clears the pointer whose block it has freed. */
#include <stdlib.h>
#include <string.h>

static void print_and_drop(char **name)
{
	free(*name);
	*name = NULL;
}

int main(void)
{
	char *kept = strdup("kept"), *name = strdup("name");

	print_and_drop(&name);
	print_and_drop(&name);
	free(kept);
	return 0;
}
