/* SPDX-License-Identifier: MIT */
/*
 * A loop goes one element too far.
 *
 * `<=` where `<` is meant. An ordinary store is not looked at as it is made:
 * the damage is found when the block is released, and the report names the
 * allocation.
 */
#include <stdlib.h>

int main(void)
{
	int *n = malloc(10 * sizeof(*n)); /* wrong: heap-buffer-overflow */

	for (int i = 0; i <= 10; i++) /* cause: 0 to 10 are 11 */
		n[i] = i;
	free(n);
	return 0;
}
