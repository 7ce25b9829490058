/* SPDX-License-Identifier: MIT */
/*
 * The same loop, beside a page without access: the store itself is told of.
 *
 * A guard behind each block costs a page for each, and sees reads as well.
 * Seen by: ashlar check --guard=tight
 */
#include <stdlib.h>

enum { DAYS = 7 };

int main(void)
{
	int *sales = malloc(DAYS * sizeof(*sales));

	for (int i = 0; i <= DAYS; i++)
		sales[i] = 0; /* wrong: heap-buffer-overflow */
	free(sales);
	return 0;
}
