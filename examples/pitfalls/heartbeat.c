/* SPDX-License-Identifier: MIT */
/*
 * The length that a message says it has is not the one that came.
 *
 * A copy of as many bytes as the sender claims hands out what lies behind the
 * message. So the keys of web servers could be read until 2014.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct message {
	unsigned char says;
	char text[15];
};

static void answer(int fd, const struct message *m)
{
	char *reply = malloc(m->says);

	memcpy(reply, m->text, m->says); /* wrong: heap-buffer-overflow */
	(void)!write(fd, reply, m->says);
	free(reply);
}

int main(void)
{
	struct message *m = calloc(1, sizeof(*m));

	m->says = 200;
	answer(open("/dev/null", O_WRONLY), m);
	free(m);
	return 0;
}
