/* SPDX-License-Identifier: MIT */
/* A matrix is one block: one malloc(), one free(), and nothing between. */
#include <stdlib.h>

enum { ROWS = 4, COLUMNS = 10 };

int main(void)
{
	double(*rows)[COLUMNS] = malloc(ROWS * sizeof(*rows));

	if (!rows)
		return 1;
	for (int i = 0; i < ROWS; i++)
		rows[i][0] = i;
	free(rows);
	return 0;
}
