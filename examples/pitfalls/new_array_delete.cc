/* SPDX-License-Identifier: MIT */
/*
 * What new[] gave is released with delete.
 *
 * One object became many, and the place that deletes is in another file. Only
 * the first element's destructor would run.
 */
static void fill(int *row, int n)
{
	for (int i = 0; i < n; i++)
		row[i] = i;
}

int main()
{
	int *row = new int[100];

	fill(row, 100);
	delete row; /* wrong: alloc-dealloc-mismatch */
	return 0;
}
