/* SPDX-License-Identifier: MIT */
/*
 * translate inside the machine: a static i386 program without the command's
 * libraries.   translate [-w | -x] PID|FILE ADDRESS
 */
#include <stdlib.h>
#include <string.h>
#include "translate.h"

int main(int argc, char **argv)
{
	enum access access = ACCESS_READ;
	static struct mmu m;
	char path[64];

	if (argc == 4 && (!strcmp(argv[1], "-w") || !strcmp(argv[1], "-x"))) {
		access = argv[1][1] == 'w' ? ACCESS_WRITE : ACCESS_EXEC;
		argv++;
		argc--;
	}
	if (argc != 3) {
		fprintf(stderr,
			"usage: translate [-w | -x] PID|FILE ADDRESS\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s", argv[1]);
	if (!strcmp(argv[1], "self") ||
	    strspn(argv[1], "0123456789") == strlen(argv[1]))
		snprintf(path, sizeof(path), "/proc/%.40s/mmu", argv[1]);
	if (!mmu_read(&m, path))
		return 2;
	return mmu_translate(&m, argv[2], access, stdout);
}
