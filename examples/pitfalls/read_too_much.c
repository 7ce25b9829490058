/* SPDX-License-Identifier: MIT */
/*
 * read() is told the size of another buffer.
 *
 * The name of the wrong array stands in sizeof, and the file is shorter than
 * both, where the program is tried.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/dev/zero", O_RDONLY);
	char *header = malloc(12);
	char body[64];

	(void)!read(fd, header, sizeof(body)); /* wrong: heap-buffer-overflow */
	free(header);
	return 0;
}
