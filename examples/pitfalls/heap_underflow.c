/* SPDX-License-Identifier: MIT */
/*
 * The byte before a block is written.
 *
 * The last character of a line is cut off, and one line is empty: its last
 * character has the index -1. The guard is to the left here; without one it is
 * found when the block is released.
 * Seen by: ashlar check --guard=left
 */
#include <stdlib.h>
#include <string.h>

static void cut_newline(char *line)
{
	line[strlen(line) - 1] = '\0'; /* wrong: heap-buffer-overflow */
}

int main(void)
{
	char *line = calloc(1, 80);

	cut_newline(line);
	free(line);
	return 0;
}
