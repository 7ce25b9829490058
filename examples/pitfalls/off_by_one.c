/* SPDX-License-Identifier: MIT */
/*
 * A loop goes one element too far, beside a page without access.
 *
 * With a guard behind each block the store itself is reported, and a read would
 * be as well. It costs a page for each block.
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
