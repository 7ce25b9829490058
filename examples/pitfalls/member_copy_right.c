/* SPDX-License-Identifier: MIT */
/* A copy of an owner is made by a function, and owns a block of its own. */
#include <stdlib.h>
#include <string.h>

struct text {
	char *bytes;
	size_t length;
};

static struct text text_copy(const struct text *t)
{
	return (struct text){ .bytes = t->bytes ? strdup(t->bytes) : NULL,
			      .length = t->length };
}

static void text_drop(struct text *t)
{
	free(t->bytes);
	t->bytes = NULL;
}

int main(void)
{
	struct text title = { .bytes = strdup("Emma"), .length = 4 };
	struct text copy = text_copy(&title);

	text_drop(&title);
	text_drop(&copy);
	return 0;
}
