/* SPDX-License-Identifier: MIT */
/* A string of n characters is n + 1 bytes. */
#include <stdlib.h>
#include <string.h>

static char *copy_of(const char *s)
{
	char *copy = malloc(strlen(s));

	strcpy(copy, s); /* wrong: heap-buffer-overflow */
	return copy;
}

int main(void)
{
	char *copy = copy_of("eight...");

	free(copy);
	return 0;
}
