/* SPDX-License-Identifier: MIT */
/*
 * A program for the bare machine: ordinary C, made static for the i386.
 *
 *	gcc -m32 -static -o hello hello.c
 *	ashlar boot --memory 64 -- ./hello
 */
#include <stdio.h>

int main(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[256];

	puts("Hello from a 32-bit PC. My memory:");
	if (!maps)
		return 1;
	while (fgets(line, sizeof(line), maps))
		fputs(line, stdout);
	fclose(maps);
	return 0;
}
