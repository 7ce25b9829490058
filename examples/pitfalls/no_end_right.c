/* SPDX-License-Identifier: MIT */
/* snprintf() ends what it writes with 0, and the block has room for that. */
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char *key = malloc(9);

	if (!key)
		return 1;
	snprintf(key, 9, "%s", "exactly8");
	printf("%s\n", key);
	free(key);
	return 0;
}
