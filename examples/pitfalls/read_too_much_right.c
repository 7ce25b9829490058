/* SPDX-License-Identifier: MIT */
/* A type of its own has its size with it. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct header {
	char bytes[12];
};

int main(void)
{
	int fd = open("/dev/zero", O_RDONLY);
	struct header *header = malloc(sizeof(*header));

	(void)!read(fd, header, sizeof(*header));
	free(header);
	return 0;
}
