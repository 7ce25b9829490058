/* SPDX-License-Identifier: MIT */
/* A std::array keeps its size when it is passed, by reference. */
#include <array>

using name = std::array<char, 32>;

static name copy_of(const name &from)
{
	static_assert(sizeof(from) == 32);
	return from;
}

int main()
{
	const name ada = { "Ada" };
	name copy = copy_of(ada);

	return copy == ada && copy.size() == sizeof(copy) ? 0 : 1;
}
