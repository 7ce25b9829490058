/* SPDX-License-Identifier: MIT */
/* A vector that grows moves; what pointed into it does not. */
#include <cstring>
#include <vector>

int main()
{
	std::vector<char> text(16, 'x');
	auto at = text.begin();

	text.resize(4096, 'y');
	memset(&*at, 'z', 4); /* wrong: heap-use-after-free */
	return text[0] != 'x';
}
