/* SPDX-License-Identifier: MIT */
/* The result is tested; the program says what it cannot do, and goes on. */
#include <stdio.h>
#include <stdlib.h>

static unsigned long size_from_file(void)
{
	return 0x7fffffffffff0000;
}

int main(void)
{
	unsigned int *image = malloc(size_from_file());

	if (image)
		image[0] = 0;
	else
		puts("the image is too large");
	free(image);
	return 0;
}
