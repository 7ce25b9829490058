/* SPDX-License-Identifier: MIT */
/*
 * The result of malloc() is used without a test.
 *
 * Memory never ran out where the program was tried. Here the size is read from
 * a file's head, which is damaged.
 */
#include <stdlib.h>

static unsigned long size_from_file(void)
{
	return 0x7fffffffffff0000;
}

int main(void)
{
	unsigned int *image = malloc(size_from_file());

	image[0] = 0; /* wrong: SEGV */
	free(image);
	return 0;
}
