/* SPDX-License-Identifier: MIT */
/* A vector knows how many elements it has, and releases them. */
#include <vector>

static void fill(std::vector<int> &row)
{
	int i = 0;

	for (int &x : row)
		x = i++;
}

int main()
{
	std::vector<int> row(100);

	fill(row);
	return 0;
}
