/* SPDX-License-Identifier: MIT */
/* An array that is a parameter is a pointer, and sizeof tells its size. */
#include <stdlib.h>
#include <string.h>

static char *copy_of(const char name[32])
{
	char *copy = malloc(sizeof(name));

	memcpy(copy, name, 32); /* wrong: heap-buffer-overflow */
	return copy;
}

int main(void)
{
	const char name[32] = "a name of some length";
	char *copy = copy_of(name);

	free(copy);
	return 0;
}
