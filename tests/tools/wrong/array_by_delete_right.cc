/* SPDX-License-Identifier: MIT */
/* A vector undoes itself; std::array, where the size is known. */
#include <array>
#include <vector>

int main()
{
	std::vector<int> n(20);
	std::array<int, 20> m{};

	n[19] = m[19];
	return 0;
}
