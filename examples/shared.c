/* SPDX-License-Identifier: MIT */
/*
 * A heap that processes share: one makes a list in it, another, which has the
 * heap elsewhere, walks along. A worker that is killed leaves it whole.
 *
 *	cc shared.c $(pkg-config --cflags --libs ashlar)
 */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <ashlar/heap.h>

struct node {
	ashlar_heap_ref next; /* not a pointer: it is the same everywhere */
	int value;
};

static void add(struct ashlar_heap *h, int value)
{
	ashlar_heap_ref *at = ashlar_heap_root_ref(h);
	struct node *n;

	while (*at)
		at = &((struct node *)ashlar_heap_pointer(h, *at))->next;
	n = ashlar_heap_alloc_to(h, sizeof(*n), at);
	if (n) {
		n->next = 0;
		n->value = value;
	}
}

static int sum(struct ashlar_heap *h)
{
	struct node *n = ashlar_heap_root(h);
	int s = 0;

	for (; n; n = ashlar_heap_pointer(h, n->next))
		s += n->value;
	return s;
}

int main(void)
{
	struct ashlar_heap *h, *elsewhere;
	int err = ashlar_heap_create(&h, NULL, 1 << 20), i;
	const struct timespec moment = { 0, 20000000 };
	pid_t worker;

	if (!err)
		err = ashlar_heap_open_fd(&elsewhere, ashlar_heap_fd(h));
	if (err) {
		fprintf(stderr, "%s\n", ashlar_heap_error(err));
		return 1;
	}
	for (i = 1; i <= 100; i++)
		add(h, i);
	worker = fork();
	if (!worker)
		for (;;) /* allocates and frees until it is killed */
			ashlar_heap_free(h, ashlar_heap_alloc(h, 64));
	nanosleep(&moment, NULL);
	kill(worker, SIGKILL);
	waitpid(worker, NULL, 0);
	printf("the sum is %d; the heap is %s\n", sum(elsewhere),
	       ashlar_heap_validate(h) ? "damaged" : "whole");
	return 0;
}
