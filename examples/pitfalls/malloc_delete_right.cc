/* SPDX-License-Identifier: MIT */
/* The unique_ptr knows how its block is freed. */
#include <cstdlib>
#include <cstring>
#include <memory>

int main()
{
	std::unique_ptr<char, decltype(&free)> name(strdup("Ada"), free);

	return name.get()[0] == 'A' ? 0 : 1;
}
