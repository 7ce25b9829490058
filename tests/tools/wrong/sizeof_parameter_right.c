/* SPDX-License-Identifier: MIT */
/* What an array is, its type says: a struct keeps it. */
#include <stdlib.h>

struct name {
	char text[32];
};

static struct name *copy_of(const struct name *name)
{
	struct name *copy = malloc(sizeof(*copy));

	*copy = *name;
	return copy;
}

int main(void)
{
	const struct name name = { "a name of some length" };
	struct name *copy = copy_of(&name);

	free(copy);
	return 0;
}
