/* SPDX-License-Identifier: MIT */
/* Each result is tested, and what was made before is given back. */
#include <stdlib.h>
#include <string.h>

struct person {
	char *name;
};

int main(void)
{
	struct person *p = malloc(sizeof(*p));

	if (!p)
		return 1;
	p->name = strdup("ada");
	if (!p->name) {
		free(p);
		return 1;
	}
	p->name[0] = 'A';
	free(p->name);
	free(p);
	return 0;
}
