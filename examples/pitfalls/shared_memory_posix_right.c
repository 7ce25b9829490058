/* SPDX-License-Identifier: MIT */
/* A mutex lies in the memory, and outlives a process that dies with it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TIMES = 20000 };

struct shared {
	pthread_mutex_t lock;
	long sum;
};

static struct shared *shared_new(void)
{
	pthread_mutexattr_t attributes;
	struct shared *s;
	char name[40];
	int fd;

	snprintf(name, sizeof(name), "/pitfall-%d", (int)getpid());
	fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	shm_unlink(name);
	if (ftruncate(fd, sizeof(*s)))
		return MAP_FAILED;
	s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (s == MAP_FAILED)
		return s;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&s->lock, &attributes);
	return s;
}

int main(void)
{
	struct shared *s = shared_new();
	pid_t child;

	if (s == MAP_FAILED)
		return 2;
	child = fork();
	for (int i = 0; i < TIMES; i++) {
		if (pthread_mutex_lock(&s->lock) == EOWNERDEAD)
			pthread_mutex_consistent(&s->lock);
		s->sum++;
		pthread_mutex_unlock(&s->lock);
	}
	if (!child)
		_exit(0);
	wait(NULL);
	printf("%ld of %d are there\n", s->sum, 2 * TIMES);
	return s->sum != 2 * TIMES;
}
