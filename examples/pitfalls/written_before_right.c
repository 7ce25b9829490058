/* SPDX-License-Identifier: MIT */
/* The result of the search is tested before it is used. */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	static char *kept;
	char *found;

	kept = calloc(1, 8);
	found = strchr(kept, 'x');
	if (found)
		*found = 'y';
	return 0;
}
