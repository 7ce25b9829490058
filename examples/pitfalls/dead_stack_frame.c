/* SPDX-License-Identifier: MIT */
/*
 * A pointer to a local variable outlives the function.
 *
 * The next calls put their own variables there. The address is a good one, of
 * the stack, so that no access to it faults.
 * Seen by: gcc -Wall -O1
 */
#include <stdio.h>

static const char *greeting;

static void greet(const char *name)
{
	char text[40];

	snprintf(text, sizeof(text), "Good morning, %s", name);
	greeting = text; /* wrong: -Wdangling-pointer= */
}

int main(void)
{
	greet("Ada");
	puts(greeting);
	return 0;
}
