/* SPDX-License-Identifier: MIT */
/* strncpy() puts no zero behind what fills its destination. */
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
