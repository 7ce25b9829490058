/* SPDX-License-Identifier: MIT */
/*
 * A program with functions of its own under names of the C library, which
 * allocate: the allocator may call such a one only where it holds no lock.
 * A wrong call is a thread that waits for itself.
 */
#include "check.h"
#include <malloc.h>
#include <sys/syscall.h>

static unsigned long calls;

/* Takes and frees a block of each kind, unless it is inside of itself. */
static void allocate(void)
{
	static __thread bool inside;
	static const size_t n[] = { 40, 5000, 100 * KB, 400 * KB };
	size_t i;
	char *p;

	if (inside)
		return;
	inside = true;
	calls++;
	for (i = 0; i < ARRAY_SIZE(n); i++) {
		p = malloc(n[i]);
		if (p)
			p[0] = 1;
		free(p);
	}
	inside = false;
}

int clock_gettime(clockid_t id, struct timespec *t)
{
	allocate();
	return (int)syscall(SYS_clock_gettime, id, t);
}

/* Large blocks that come and go, and frames that are given back. */
static int work(void *arg)
{
	static char *p[40000];
	size_t i, round;

	(void)arg;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 40; i++) {
			p[i] = malloc(200 * KB + i * 100 * KB);
			p[i] = realloc(p[i], 300 * KB + i * 150 * KB);
		}
		for (i = 0; i < 40; i++)
			free(p[i]);
		for (i = 0; i < ARRAY_SIZE(p); i++)
			memset(p[i] = malloc(1000), 1, 1000);
		for (i = 0; i < ARRAY_SIZE(p); i++)
			free(p[i]);
		free(valloc(100));
		malloc_trim(0);
		clock_gettime(CLOCK_MONOTONIC, &(struct timespec){ 0 });
	}
	return calls == 0;
}

int main(void)
{
	int status;

	begin("own");
	status = in_child(work, NULL, 30);
	check(exited_well(status), "names-that-allocate", "%s", ending(status));
	return finish();
}
