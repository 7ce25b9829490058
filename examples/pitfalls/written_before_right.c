/* SPDX-License-Identifier: MIT */
/* What may not be found is asked for first. */
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
