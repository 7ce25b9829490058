/* SPDX-License-Identifier: MIT */
/* All fields are set where the block is made: those not named are 0. */
#include <stdlib.h>
#include <string.h>

struct buffer {
	size_t length;
	char *bytes;
};

int main(void)
{
	struct buffer *b = malloc(sizeof(*b));

	if (!b)
		return 1;
	*b = (struct buffer){ .length = 100 };
	if (!b->bytes)
		b->bytes = calloc(1, b->length);
	if (b->bytes)
		b->bytes[0] = 'x';
	free(b->bytes);
	free(b);
	return 0;
}
