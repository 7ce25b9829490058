/* SPDX-License-Identifier: MIT */
/*
 * Elements are copied into a vector that has no room for them.
 *
 * reserve() was called with a number from an older version; or it is resize()
 * that was meant.
 */
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
