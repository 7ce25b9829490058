/* SPDX-License-Identifier: MIT */
/* pair TIMES - malloc and free of 32 bytes, so often, and nothing else. */
#include <stdlib.h>

/* By itself, so that who counts instructions knows which are the loop's. */
static __attribute__((__noinline__)) void loop(long times)
{
	while (times--) {
		void *p = malloc(32);

		*(volatile char *)p = 1;
		free(p);
	}
}

int main(int argc, char **argv)
{
	loop(argc > 1 ? strtol(argv[1], NULL, 10) : 1);
	return 0;
}
