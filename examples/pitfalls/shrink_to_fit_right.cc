/* SPDX-License-Identifier: MIT */
/* The address is asked for after whatever may move the elements. */
#include <cstring>
#include <vector>

int main()
{
	std::vector<char> text(1000);

	text.resize(40);
	text.shrink_to_fit();
	memset(text.data(), 'x', text.size());
	return 0;
}
