/* SPDX-License-Identifier: MIT */
/* sizeof names the object that is read into. */
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
