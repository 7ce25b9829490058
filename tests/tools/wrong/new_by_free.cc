/* SPDX-License-Identifier: MIT */
/* new is undone by delete, also where C takes over. */
#include <cstdlib>
#include <string>

int main()
{
	auto *name = new std::string("a name that is too long to lie inside");

	name->~basic_string();
	free(name); /* wrong: alloc-dealloc-mismatch */
	return 0;
}
