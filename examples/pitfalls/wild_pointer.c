/* SPDX-License-Identifier: MIT */
/*
 * A local pointer is used before it was given a value.
 *
 * One case of a switch was forgotten. The pointer holds what an earlier call
 * left on the stack: a number, an address of something else, NULL.
 * Seen by: ashlar check
 * Seen by: gcc -Wall -O1
 */
#include <stdio.h>
#include <string.h>

static void earlier_call(void)
{
	unsigned char numbers[128];

	memset(numbers, 0x5a, sizeof(numbers));
}

static int initial(int weekday)
{
	const char *name; /* cause: has no value */

	switch (weekday) {
	case 0:
		name = "Monday";
		break;
	case 1:
		name = "Tuesday";
		break;
	}
	return name[0]; /* wrong: SEGV, -Wmaybe-uninitialized */
}

int main(int argc, char **argv)
{
	puts(argv[0]);
	earlier_call();
	return initial(argc + 5) == 'u';
}
