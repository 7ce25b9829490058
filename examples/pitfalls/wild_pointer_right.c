/* SPDX-License-Identifier: MIT */
/* A pointer is given a value where it is made, and the switch a default. */
#include <stdio.h>

static int initial(int weekday)
{
	const char *name = "unknown";

	switch (weekday) {
	case 0:
		name = "Monday";
		break;
	case 1:
		name = "Tuesday";
		break;
	default:
		break;
	}
	return name[0];
}

int main(int argc, char **argv)
{
	puts(argv[0]);
	return initial(argc + 5) == 'u' ? 0 : 1;
}
