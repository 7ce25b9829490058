/* SPDX-License-Identifier: MIT */
/*
 * The result of new(std::nothrow) is used without a test.
 *
 * Such a new gives a null pointer where the ordinary one throws; a line that
 * was written for the one is used with the other.
 */
#include <new>

static unsigned long size_from_file()
{
	return 0x7fffffffffff0000 / sizeof(int);
}

int main()
{
	int *image = new (std::nothrow) int[size_from_file()];

	image[0] = 0; /* wrong: SEGV */
	delete[] image;
	return 0;
}
