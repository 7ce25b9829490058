/* SPDX-License-Identifier: MIT */
/*
 * One of several results is not tested.
 *
 * malloc()'s is tested; the author forgot that strdup() allocates, too.
 * Each allocation is made to fail in a run of its own, so that memory need not
 * run out to show it.
 * Seen by: ashlar check --fail=each
 */
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
	p->name[0] = 'A'; /* wrong: SEGV */
	free(p->name);
	free(p);
	return 0;
}
