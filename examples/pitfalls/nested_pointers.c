/* SPDX-License-Identifier: MIT */
/*
 * A struct is freed, but not what it points to.
 *
 * The struct had no pointers when its free() was written; a field was added
 * later, and nobody looked for the places that free it.
 */
#include <stdlib.h>
#include <string.h>

struct person {
	char *name;
	int age;
};

static struct person *person_new(const char *name, int age)
{
	struct person *p = malloc(sizeof(*p));

	p->name = strdup(name); /* wrong: memory-leak */
	p->age = age;
	return p;
}

int main(void)
{
	struct person *ada = person_new("Ada", 36);

	free(ada); /* cause: its name stays */
	return 0;
}
