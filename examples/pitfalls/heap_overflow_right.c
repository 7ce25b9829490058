/* SPDX-License-Identifier: MIT */
/* The room is the string's length and one; strdup() does the same. */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	const char *name = "Ada Lovelace";
	size_t bytes = strlen(name) + 1;
	char *copy = malloc(bytes), *other = strdup(name);

	if (copy)
		memcpy(copy, name, bytes);
	free(copy);
	free(other);
	return 0;
}
