/* SPDX-License-Identifier: MIT */
/*
 * The result of realloc() takes the place of the old address.
 *
 * Where there is no memory, realloc() returns NULL and leaves the block as it
 * is; then nothing points to it. The result is tested, so all seems well.
 * Seen by: ashlar check --fail=each
 */
#include <stdlib.h>
#include <string.h>

int main(void)
{
	char *log = malloc(100); /* wrong: memory-leak */

	if (!log)
		return 1;
	strcpy(log, "started");
	log = realloc(log, 200); /* cause: the only pointer */
	if (!log)
		return 1;
	strcat(log, ", ended");
	free(log);
	return 0;
}
