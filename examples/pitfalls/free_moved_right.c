/* SPDX-License-Identifier: MIT */
/* One pointer walks along a string, another keeps where it begins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *words = strdup("one two"), *p = words;

	if (!words)
		return 1;
	while (*p && *p != ' ')
		p++;
	puts(p + 1);
	free(words);
	return 0;
}
