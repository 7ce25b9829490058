/* SPDX-License-Identifier: MIT */
/*
 * An array of pointers is freed, but not its elements.
 *
 * There is one free() for the one malloc() that is in sight; those in the loop
 * have none.
 */
#include <stdlib.h>

enum { ROWS = 4, COLUMNS = 10 };

int main(void)
{
	double **rows = malloc(ROWS * sizeof(*rows));

	for (int i = 0; i < ROWS; i++) {
		rows[i] = calloc(COLUMNS, 8); /* wrong: memory-leak */
		rows[i][0] = i;
	}
	free(rows); /* cause: the rows stay */
	return 0;
}
