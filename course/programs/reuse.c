/* SPDX-License-Identifier: MIT */
/* Which block malloc() hands out after some were freed. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define N 6
#define SIZE 200

static const char *name_of(void *const *block, const void *p)
{
	static char name[2];
	int i;

	for (i = 0; i < N; i++)
		if (block[i] == p) {
			name[0] = (char)('a' + i);
			return name;
		}
	return "a new one";
}

int main(void)
{
	void *block[N], *p;
	int i;

	for (i = 0; i < N; i++)
		block[i] = malloc(SIZE);
	for (i = 0; i < N; i++)
		printf("%c at +%td\n", 'a' + i,
		       (char *)block[i] - (char *)block[0]);
	free(block[1]);
	free(block[4]);
	free(block[2]);
	puts("b, e and c are freed, in this order");
	for (i = 0; i < 4; i++) {
		p = malloc(SIZE);
		printf("malloc(%d) gives %s\n", SIZE, name_of(block, p));
	}
	return 0;
}
