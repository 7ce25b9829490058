/* SPDX-License-Identifier: MIT */
/* back_inserter makes room for each. */
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
