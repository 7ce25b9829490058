/* SPDX-License-Identifier: MIT */
/*
 * An index of -1, which meant "not found", is used.
 *
 * The block is never freed, so that no release can tell. It is found when the
 * program ends; the report names the allocation.
 */
#include <stdlib.h>

static int find(const char *s, char c)
{
	for (int i = 0; s[i]; i++)
		if (s[i] == c)
			return i;
	return -1;
}

int main(void)
{
	static char *kept;

	kept = calloc(1, 8); /* wrong: heap-buffer-overflow */
	kept[find(kept, 'x')] = 'y';
	return 0;
}
