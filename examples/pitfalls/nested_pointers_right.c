/* SPDX-License-Identifier: MIT */
/* What has a function that makes it has one that frees it, inside first. */
#include <stdlib.h>
#include <string.h>

struct person {
	char *name;
	int age;
};

static struct person *person_new(const char *name, int age)
{
	struct person *p = malloc(sizeof(*p));

	if (!p)
		return NULL;
	p->name = strdup(name);
	p->age = age;
	return p;
}

static void person_free(struct person *p)
{
	if (p)
		free(p->name);
	free(p);
}

int main(void)
{
	person_free(person_new("Ada", 36));
	return 0;
}
