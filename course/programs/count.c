/* SPDX-License-Identifier: MIT */
/*
 * Two processes count in one shared segment of System V; one of them dies.
 * It is marked for removal while a process is still attached.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define TIMES 1000

static void look(const char *when)
{
	printf("%s\n", when);
	fflush(stdout);
	if (system("ipcs -m | sed -n '/0x/p'"))
		puts("there is no ipcs");
	fflush(stdout);
}

int main(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600), i;
	int *n = shmat(id, NULL, 0);
	pid_t pid;

	if (n == (void *)-1)
		return 1;
	*n = 0;
	fflush(stdout);
	pid = fork();
	for (i = 0; i < TIMES; i++)
		__atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
	if (pid == 0) {
		pause();
		_exit(0);
	}
	while (__atomic_load_n(n, __ATOMIC_RELAXED) < 2 * TIMES)
		usleep(1000);
	printf("both have counted: %d\n", *n);
	look("two are attached:");
	kill(pid, 9);
	wait(NULL);
	look("one was killed:");
	shmctl(id, IPC_RMID, NULL);
	look("marked for removal, one attached:");
	printf("the number is still there: %d\n", *n);
	shmdt(n);
	look("the last one let go:");
	return 0;
}
