/* SPDX-License-Identifier: MIT */
/* The index begins at 0 and stays below the number of elements. */
#include <stdlib.h>

enum { DAYS = 7 };

int main(void)
{
	int *sales = malloc(DAYS * sizeof(*sales));

	for (int i = 0; sales && i < DAYS; i++)
		sales[i] = 0;
	free(sales);
	return 0;
}
