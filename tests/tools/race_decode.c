/* SPDX-License-Identifier: MIT */
/*
 * Instructions, a line of hexadecimal bytes each, as race_decode.c takes them:
 * length (0: unknown), r and w for memory that is read or written, its bytes.
 */
#include "user/check/race_decode.c"
#include <stdio.h>
#include <string.h>

int main(void)
{
	char line[256];
	struct insn i;

	while (fgets(line, sizeof(line), stdin)) {
		unsigned char code[32] = { 0 };
		unsigned int n = 0, b;
		char *at = line;
		int used;

		while (n < 15 && sscanf(at, "%2x%n", &b, &used) == 1) {
			code[n++] = (unsigned char)b;
			at += used;
		}
		insn_decode(&i, code);
		if (i.kind == INSN_UNKNOWN)
			puts("0");
		else
			printf("%d %s%s %d\n", i.bytes, i.reads ? "r" : "",
			       i.writes ? "w" : "", i.size);
	}
	return 0;
}
