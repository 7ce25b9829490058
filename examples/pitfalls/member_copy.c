/* SPDX-License-Identifier: MIT */
/*
 * A struct that owns a block is copied with `=`: now two own it.
 *
 * `=` copies the pointer, not what it points to; both copies are then cleaned
 * up as the one was.
 */
#include <stdlib.h>
#include <string.h>

struct text {
	char *bytes;
	size_t length;
};

static void text_drop(struct text *t)
{
	free(t->bytes); /* wrong: double-free */
	t->bytes = NULL;
}

int main(void)
{
	struct text title = { .bytes = strdup("Emma"), .length = 4 };
	struct text copy = title; /* cause: two owners */

	text_drop(&title);
	text_drop(&copy);
	return 0;
}
