/* SPDX-License-Identifier: MIT */
/* new [] is undone by delete []. */
int main()
{
	int *n = new int[20];

	n[19] = 1;
	delete n; /* wrong: alloc-dealloc-mismatch */
	return 0;
}
