/* SPDX-License-Identifier: MIT */
/*
 * A memory pool in a server: clients get their answers when memory is short,
 * too, for the pool keeps a few buffers. Only when all of those are in use is
 * one told to come again.
 *
 *	cc server.c $(pkg-config --cflags --libs ashlar)
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <ashlar/fault-inject.h>
#include <ashlar/mempool.h>

#define CLIENTS 6
#define BUFFERS 4
#define SIZE 512

static mempool_t *pool;

static int serve(int fd)
{
	char *buf = mempool_alloc(pool, GFP_NOWAIT);
	int n;

	if (!buf)
		return (int)write(fd, "busy", 4);
	n = (int)read(fd, buf, SIZE - 1);
	if (n > 0) {
		buf[n] = 0;
		n = (int)write(fd, strcmp(buf, "hello") ? "what?" : "welcome",
			       strcmp(buf, "hello") ? 5 : 7);
	}
	mempool_free(buf, pool);
	return n;
}

int main(void)
{
	int pair[2], i;
	char answer[16];

	pool = mempool_create_kmalloc_pool(BUFFERS, SIZE);
	if (!pool || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 1;
	for (i = 0; i < CLIENTS; i++) {
		if (i == CLIENTS / 2) /* memory is short from now on */
			setup_failslab((char[]){ "1,100,0,-1" });
		memset(answer, 0, sizeof(answer));
		if (write(pair[0], "hello", 5) != 5 || serve(pair[1]) < 0 ||
		    read(pair[0], answer, sizeof(answer) - 1) < 0)
			return 1;
		printf("client %d: %s\n", i, answer);
	}
	setup_failslab((char[]){ "1,0,0,0" });
	mempool_destroy(pool);
	return 0;
}
