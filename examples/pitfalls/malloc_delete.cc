/* SPDX-License-Identifier: MIT */
/*
 * What malloc() gave is released with delete.
 *
 * strdup(), getline() and other functions of C allocate by malloc(); the
 * program around is C++.
 */
#include <cstring>

int main()
{
	char *name = strdup("Ada");

	delete name; /* wrong: alloc-dealloc-mismatch */
	return 0;
}
