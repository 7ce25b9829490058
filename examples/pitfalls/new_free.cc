/* SPDX-License-Identifier: MIT */
/*
 * What new gave is released with free(): no destructor runs.
 *
 * An object is handed to a library of C, which frees it when it is done.
 */
#include <cstdlib>

struct point {
	int x, y;
};

int main()
{
	auto *p = new point{ 1, 2 };

	free(p); /* wrong: alloc-dealloc-mismatch */
	return 0;
}
