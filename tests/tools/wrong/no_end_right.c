/* SPDX-License-Identifier: MIT */
/* snprintf() does, and cuts off what does not fit. */
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	char *key = malloc(8);

	snprintf(key, 8, "%s", "exactly8");
	printf("%s\n", key);
	free(key);
	return 0;
}
