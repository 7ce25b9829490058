/* SPDX-License-Identifier: MIT */
/* ... and strdup() knows. */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *copy = strdup("eight...");

	free(copy);
	return 0;
}
