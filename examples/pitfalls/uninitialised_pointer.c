/* SPDX-License-Identifier: MIT */
/*
 * A pointer in a new block is used before it was given a value.
 *
 * malloc() does not clear. On a fresh heap the pointer is NULL by luck, and a
 * test for it works; later it is what the last owner left there.
 */
#include <stdlib.h>
#include <string.h>

struct buffer {
	size_t length;
	char *bytes;
};

int main(void)
{
	struct buffer *b = malloc(sizeof(*b));

	b->length = 0; /* cause: bytes has no value */
	if (!b->bytes)
		b->bytes = calloc(1, 100);
	b->bytes[0] = 'x'; /* wrong: SEGV */
	free(b->bytes);
	free(b);
	return 0;
}
