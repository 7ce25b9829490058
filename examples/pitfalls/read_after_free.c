/* SPDX-License-Identifier: MIT */
/*
 * A block is read after it was freed.
 *
 * The statement that needs the value was moved below the one that frees. The
 * bytes are still there, mostly, until another thread allocates in between.
 * Seen by: ashlar check --guard=right
 */
#include <stdio.h>
#include <stdlib.h>

struct order {
	int number, cents;
};

static void cancel(struct order *o)
{
	printf("order %d is cancelled\n", o->number);
	free(o);
}

int main(void)
{
	struct order *o = malloc(sizeof(*o));

	*o = (struct order){ .number = 17, .cents = 1999 };
	cancel(o); /* cause: frees it */
	printf("%d cents go back\n", o->cents); /* wrong: heap-use-after-free */
	return 0;
}
