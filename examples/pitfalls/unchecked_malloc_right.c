/* SPDX-License-Identifier: MIT */
/* Each result is asked; the program goes on without, or says why not. */
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
