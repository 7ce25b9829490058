/* SPDX-License-Identifier: MIT */
/* The size that read() is told is another array's. */
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
