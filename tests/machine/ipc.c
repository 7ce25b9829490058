/* SPDX-License-Identifier: MIT */
/*
 * SysV semaphores and message queues as programs see them: names and rights,
 * operations that are done together or not at all, who is woken, what a
 * process's end gives back. Every expectation was recorded on Linux 6.1.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

union semun {
	int val;
	struct semid_ds *ds;
	unsigned short *array;
};

struct message {
	long type;
	char text[64];
};

static void sleep_ms(int ms)
{
	struct timespec ts = { 0, ms * 1000000l };

	while (nanosleep(&ts, &ts) < 0)
		;
}

static int exit_status(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int op(int id, int num, int by, int flags)
{
	struct sembuf sop = { (unsigned short)num, (short)by, (short)flags };

	return semop(id, &sop, 1);
}

static int get(int id, int num)
{
	return semctl(id, num, GETVAL);
}

static int new_set(int n)
{
	int id = semget(IPC_PRIVATE, n, 0600);

	need(id >= 0);
	return id;
}

/* ---- semaphores ---- */

static void test_names(void)
{
	int id = semget(77, 3, IPC_CREAT | IPC_EXCL | 0600);

	need(id >= 0);
	is(semget(77, 3, 0600), id);
	is(semget(77, 0, 0), id);
	is(semget(77, 4, 0600), -EINVAL);
	is(semget(77, 3, IPC_CREAT | IPC_EXCL | 0600), -EEXIST);
	is(semget(78, 3, 0600), -ENOENT);
	is(semget(IPC_PRIVATE, 0, 0600), -EINVAL);
	is(semget(IPC_PRIVATE, -1, 0600), -EINVAL);
	is(semget(IPC_PRIVATE, 32001, 0600), -EINVAL);
	is(semctl(id, 0, IPC_RMID), 0);
	is(semctl(id, 0, IPC_RMID), -EINVAL);
	is(semget(77, 3, 0600), -ENOENT);
}

static void test_values(void)
{
	unsigned short vals[3] = { 1, 2, 3 }, bad[3] = { 0, 0, 32768 };
	union semun arg = { .array = vals };
	struct semid_ds ds;
	int id = new_set(3);

	is(semctl(id, 0, SETALL, arg), 0);
	is(get(id, 0) * 100 + get(id, 1) * 10 + get(id, 2), 123);
	arg.array = bad;
	is(semctl(id, 0, SETALL, arg), -ERANGE);
	is(get(id, 0), 1);
	is(semctl(id, 3, GETVAL), -EINVAL);
	arg.val = 32768;
	is(semctl(id, 0, SETVAL, arg), -ERANGE);
	arg.val = 32767;
	is(semctl(id, 0, SETVAL, arg), 0);
	is(op(id, 0, 1, 0), -ERANGE);
	is(semctl(id, 0, GETPID), getpid());
	arg.array = vals;
	is(semctl(id, 0, GETALL, arg), 0);
	is(vals[0] + vals[2], 32770);
	arg.ds = &ds;
	is(semctl(id, 0, IPC_STAT, arg), 0);
	is(ds.sem_nsems, 3);
	is(ds.sem_perm.mode, 0600);
	is(ds.sem_otime, 0);
	is(syscall(SYS_semctl, id, 0, IPC_STAT, 8), -EFAULT);
	is(syscall(SYS_semctl, id, 0, GETALL, 8), -EFAULT);
	is(semctl(id, 0, 99, arg), -EINVAL);
	semctl(id, 0, IPC_RMID);
}

/* All of a call's operations, or none of them. */
static void test_together(void)
{
	struct sembuf both[2] = { { 0, -1, IPC_NOWAIT },
				  { 1, -1, IPC_NOWAIT } };
	struct sembuf many[501] = { { 0, 0, 0 } };
	int id = new_set(2);

	is(op(id, 0, 1, 0), 0);
	is(semop(id, both, 2), -EAGAIN);
	is(get(id, 0), 1);
	is(op(id, 1, 1, 0), 0);
	is(semop(id, both, 2), 0);
	is(get(id, 0) + get(id, 1), 0);
	is(op(id, 2, 1, 0), -EFBIG);
	is(semop(id, both, 0), -EINVAL);
	is(semop(id, many, 501), -E2BIG);
	is(semop(id, (void *)8, 1), -EFAULT);
	is(semop(-1, both, 1), -EINVAL);
	is(op(id, 0, 0, IPC_NOWAIT), 0);
	semctl(id, 0, IPC_RMID);
}

static void test_undo(void)
{
	int id = new_set(1);
	union semun arg = { .val = 5 };
	pid_t pid = fork();

	if (pid == 0) {
		op(id, 0, 5, SEM_UNDO);
		op(id, 0, -2, SEM_UNDO);
		_exit(get(id, 0));
	}
	is(exit_status(pid), 3);
	is(get(id, 0), 0);
	is(semctl(id, 0, GETPID), pid);
	pid = fork();
	if (pid == 0) {
		op(id, 0, 1, SEM_UNDO);
		semctl(id, 0, SETVAL, arg); /* forgets it */
		_exit(0);
	}
	is(exit_status(pid), 0);
	is(get(id, 0), 5);
	semctl(id, 0, IPC_RMID);
}

static pid_t waiter(int id, int by)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(op(id, 0, by, 0) ? errno : 100);
	while (semctl(id, 0, by ? GETNCNT : GETZCNT) < 1)
		sleep_ms(1);
	return pid;
}

static void ignore(int sig)
{
	(void)sig;
}

static void test_waiting(void)
{
	struct sigaction act = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	struct timespec ts = { 0, 20000000 };
	struct sembuf down = { 0, -1, 0 };
	int id = new_set(1);
	pid_t zero, pid = waiter(id, -2);

	is(op(id, 0, 1, 0), 0);
	is(semctl(id, 0, GETNCNT), 1);
	is(op(id, 0, 2, 0), 0); /* wakes it */
	is(exit_status(pid), 100);
	is(get(id, 0), 1);
	zero = waiter(id, 0);
	is(op(id, 0, -1, 0), 0);
	is(exit_status(zero), 100);
	is(semtimedop(id, &down, 1, &ts), -EAGAIN);
	ts.tv_nsec = -1;
	is(semtimedop(id, &down, 1, &ts), -EINVAL);
	sigaction(SIGUSR1, &act, NULL);
	pid = waiter(id, -1);
	kill(pid, SIGUSR1); /* never begun again */
	is(exit_status(pid), EINTR);
	pid = waiter(id, -1);
	semctl(id, 0, IPC_RMID);
	is(exit_status(pid), EIDRM);
}

static void test_rights(void)
{
	int id = new_set(1);
	int msg = msgget(IPC_PRIVATE, 0600);
	struct message m = { 1, "" };
	pid_t pid = fork();

	if (pid == 0) {
		checks_failed = 0;
		need(setuid(1000) == 0);
		is(op(id, 0, 1, 0), -EACCES);
		is(semctl(id, 0, GETVAL), -EACCES);
		is(semctl(id, 0, IPC_RMID), -EPERM);
		is(msgsnd(msg, &m, 1, IPC_NOWAIT), -EACCES);
		is(msgctl(msg, IPC_RMID, NULL), -EPERM);
		_exit(checks_done());
	}
	check(exit_status(pid) == 0, "ipc-rights", "as above");
	is(semctl(id, 0, IPC_RMID), 0);
	is(msgctl(msg, IPC_RMID, NULL), 0);
}

/* ---- queues ---- */

static int new_queue(void)
{
	int id = msgget(IPC_PRIVATE, 0600);

	need(id >= 0);
	return id;
}

static long send(int id, long type, const char *text)
{
	struct message m = { .type = type };

	strcpy(m.text, text);
	return value(msgsnd(id, &m, strlen(text), IPC_NOWAIT));
}

/* The first letter of what comes, or -errno. */
static long receive(int id, size_t size, long type, int flags)
{
	struct message m = { 0, "" };
	ssize_t n = msgrcv(id, &m, size, type, flags | IPC_NOWAIT);

	return n < 0 ? -errno : m.text[0];
}

static void test_types(void)
{
	int id = new_queue();

	is(send(id, 3, "c"), 0);
	is(send(id, 1, "a"), 0);
	is(send(id, 2, "b"), 0);
	is(send(id, 1, "long"), 0);
	is(receive(id, 64, 2, 0), 'b');
	is(receive(id, 64, 2, 0), -ENOMSG);
	is(receive(id, 64, -2, 0), 'a');
	is(receive(id, 1, 1, 0), -E2BIG);
	is(receive(id, 64, 1, MSG_COPY), 'l');
	is(receive(id, 64, 9, MSG_COPY), -ENOMSG);
	is(receive(id, 64, 3, MSG_EXCEPT), 'l');
	is(receive(id, 64, 0, 0), 'c');
	is(receive(id, 64, 0, 0), -ENOMSG);
	is(send(id, 1, "long"), 0);
	is(receive(id, 1, 0, MSG_NOERROR), 'l');
	is(send(id, 0, "x"), -EINVAL);
	is(msgsnd(id, (void *)8, 1, 0), -EFAULT);
	is(msgrcv(id, NULL, (size_t)-1, 0, 0), -EINVAL);
	msgctl(id, IPC_RMID, NULL);
	is(send(id, 1, "x"), -EINVAL);
}

static void test_room(void)
{
	static struct {
		long type;
		char text[8193];
	} big = { .type = 1 };
	struct msqid_ds ds;
	int id = new_queue();
	pid_t pid;

	is(msgsnd(id, &big, 8193, 0), -EINVAL);
	is(msgsnd(id, &big, 8192, IPC_NOWAIT), 0);
	is(msgsnd(id, &big, 8192, IPC_NOWAIT), 0);
	is(msgsnd(id, &big, 1, IPC_NOWAIT), -EAGAIN);
	is(msgsnd(id, &big, 0, IPC_NOWAIT), 0);
	is(msgctl(id, IPC_STAT, &ds), 0);
	is(ds.msg_qnum, 3);
	is(ds.msg_cbytes, 16384);
	is(ds.msg_lspid, getpid());
	pid = fork();
	if (pid == 0)
		_exit(msgsnd(id, &big, 100, 0) ? errno : 100);
	sleep_ms(20);
	is(receive(id, 0, 0, MSG_NOERROR), 0); /* makes room */
	is(exit_status(pid), 100);
	ds.msg_qbytes = 100;
	is(msgctl(id, IPC_SET, &ds), 0);
	is(msgsnd(id, &big, 1, IPC_NOWAIT), -EAGAIN);
	msgctl(id, IPC_RMID, NULL);
}

static void test_receivers(void)
{
	struct message m = { 0, "" };
	int id = new_queue(), i;
	pid_t pid[2];

	for (i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(msgrcv(id, &m, 64, i + 1, 0) < 0 ? errno :
								 m.text[0]);
	}
	sleep_ms(20);
	is(send(id, 2, "B"), 0);
	is(exit_status(pid[1]), 'B');
	msgctl(id, IPC_RMID, NULL);
	is(exit_status(pid[0]), EIDRM);
}

static void run(const char *name, void (*test)(void))
{
	int before = checks_failed;

	test();
	check(checks_failed == before, name, "see above");
}

int main(void)
{
	run("sem-names", test_names);
	run("sem-values", test_values);
	run("sem-together", test_together);
	run("sem-undo", test_undo);
	run("sem-waiting", test_waiting);
	test_rights();
	run("msg-types", test_types);
	run("msg-room", test_room);
	run("msg-receivers", test_receivers);
	return checks_done();
}
