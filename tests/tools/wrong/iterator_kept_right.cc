/* SPDX-License-Identifier: MIT */
/* The iterator is asked for again, or there is room before. */
#include <cstring>
#include <vector>

int main()
{
	std::vector<char> text(16, 'x');

	text.reserve(4096);
	auto at = text.begin();

	text.resize(4096, 'y');
	memset(&*at, 'z', 4);
	return text[0] != 'z';
}
