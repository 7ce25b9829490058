/* SPDX-License-Identifier: MIT */
/* The loop ends where the array does. */
#include <stdlib.h>

int main(void)
{
	const int most = 10;
	int *n = malloc(most * sizeof(*n));

	for (int i = 0; i < most; i++)
		n[i] = i;
	free(n);
	return 0;
}
