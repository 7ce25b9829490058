/* SPDX-License-Identifier: MIT */
/* std::back_inserter adds each element, and makes room for it. */
#include <algorithm>
#include <iterator>
#include <vector>

int main()
{
	const char from[] = "sixteen letters.";
	std::vector<char> to;

	std::copy(std::begin(from), std::end(from), std::back_inserter(to));
	return to.size() != sizeof(from);
}
