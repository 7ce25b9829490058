/* SPDX-License-Identifier: MIT */
/* One owner, who forgets what was freed. */
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
