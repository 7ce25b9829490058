/* SPDX-License-Identifier: MIT */
/* Copied into a vector that has no room for it: reserve() makes none. */
#include <algorithm>
#include <cstring>
#include <vector>

int main()
{
	const char from[] = "sixteen letters.";
	std::vector<char> to;

	to.reserve(4); /* wrong: heap-buffer-overflow */
	memcpy(to.data(), from, sizeof(from));
	return 0;
}
