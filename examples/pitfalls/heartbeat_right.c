/* SPDX-License-Identifier: MIT */
/* What came is looked at before it is believed. */
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
	char *reply;

	if (m->says > sizeof(m->text))
		return;
	reply = malloc(m->says);
	if (!reply)
		return;
	memcpy(reply, m->text, m->says);
	(void)!write(fd, reply, m->says);
	free(reply);
}

int main(void)
{
	struct message *m = calloc(1, sizeof(*m));

	if (!m)
		return 1;
	m->says = 200;
	answer(open("/dev/null", O_WRONLY), m);
	free(m);
	return 0;
}
