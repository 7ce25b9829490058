/* SPDX-License-Identifier: MIT */
/* An ordinary new throws, and the one place that can help catches. */
#include <cstdio>
#include <new>
#include <vector>

static unsigned long size_from_file()
{
	return 0x7fffffffffff0000 / sizeof(int);
}

int main()
{
	try {
		std::vector<int> image(size_from_file());

		image[0] = 0;
	} catch (const std::exception &) {
		puts("the image is too large");
	}
	return 0;
}
