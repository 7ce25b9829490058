/* SPDX-License-Identifier: MIT */
/* An array has its own copy; a pointer to a constant is one to const. */
#include <ctype.h>
#include <stdio.h>

int main(void)
{
	char title[] = "emma";
	const char *constant = "emma";

	puts(title);
	title[0] = (char)toupper(constant[0]);
	return title[0] == 'E' ? 0 : 1;
}
