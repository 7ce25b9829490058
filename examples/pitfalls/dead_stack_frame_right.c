/* SPDX-License-Identifier: MIT */
/* The caller has the room, and says how much. */
#include <stdio.h>

static void greet(const char *name, char *text, size_t bytes)
{
	snprintf(text, bytes, "Good morning, %s", name);
}

int main(void)
{
	char greeting[40];

	greet("Ada", greeting, sizeof(greeting));
	puts(greeting);
	return 0;
}
