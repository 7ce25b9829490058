/* SPDX-License-Identifier: MIT */
/* A program for a debugger to look at: tests/machine/programs/gdb.sh. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct point {
	int x, y;
};

int counter;
double ratio = 0.75;
static struct point points[4];

static __attribute__((noipa)) int sum(const struct point *p, int n)
{
	int s = 0;

	while (n--) {
		s += p[n].x * p[n].y;
		counter++;
	}
	return s;
}

static void *in_thread(void *arg)
{
	counter += *(int *)arg;
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int i, more = 100;

	for (i = 0; i < 4; i++)
		points[i] = (struct point){ i, i + 1 };
	printf("sum %d\n", sum(points, 4));
	pthread_create(&thread, NULL, in_thread, &more);
	pthread_join(thread, NULL);
	if (fork() == 0)
		_exit(counter & 7);
	wait(NULL);
	if (argc > 1 && strcmp(argv[1], "fault") == 0)
		*(volatile int *)4 = 1;
	if (argc > 1 && strcmp(argv[1], "wait") == 0)
		pause();
	return counter & 127;
}
