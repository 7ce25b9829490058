/* SPDX-License-Identifier: MIT */
/* The value is taken first; freeing comes last. */
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
	int cents;

	if (!o)
		return 1;
	*o = (struct order){ .number = 17, .cents = 1999 };
	cents = o->cents;
	cancel(o);
	printf("%d cents go back\n", cents);
	return 0;
}
