/* SPDX-License-Identifier: MIT */
/*
 * A pointer to a vector's elements is used after shrink_to_fit().
 *
 * It seems that nothing is added and nothing erased; but the elements move to
 * a smaller block.
 */
#include <cstring>
#include <vector>

int main()
{
	std::vector<char> text(1000);
	char *bytes = text.data();

	text.resize(40);
	text.shrink_to_fit();
	memset(bytes, 'x', 40); /* wrong: heap-use-after-free */
	return 0;
}
