/* SPDX-License-Identifier: MIT */
/*
 * A string constant is written to.
 *
 * In C its type is char *, without const, so the compiler says nothing; the
 * constant lies among what is read-only.
 */
#include <ctype.h>
#include <stdio.h>

int main(void)
{
	char *title = "emma"; /* cause: a constant */

	puts(title);
	title[0] = toupper(title[0]); /* wrong: SEGV */
	return 0;
}
