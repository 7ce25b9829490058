/* SPDX-License-Identifier: MIT */
/* A loop that goes one too far. It is found when the block is released. */
#include <stdlib.h>

int main(void)
{
	int *n = malloc(10 * sizeof(*n)); /* wrong: heap-buffer-overflow */

	for (int i = 0; i <= 10; i++)
		n[i] = i;
	free(n);
	return 0;
}
