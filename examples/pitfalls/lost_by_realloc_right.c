/* SPDX-License-Identifier: MIT */
/* The result has a variable of its own until it is known not to be NULL. */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *log = malloc(100), *larger;

	if (!log)
		return 1;
	strcpy(log, "started");
	larger = realloc(log, 200);
	if (larger)
		log = strcat(larger, ", ended");
	free(log);
	return 0;
}
