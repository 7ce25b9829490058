/* SPDX-License-Identifier: MIT */
/*
 * Two threads do the same thing to the same object at once, again and again:
 * what can be done once succeeds once, and what is given out is given to one.
 *
 *   before()           ─ barrier ─┬─ act(0) ─┬─ barrier ─►  look at both
 *                                 └─ act(1) ─┘
 *
 * With the kernel's boot word yield= each of them is interrupted wherever it
 * may sleep.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define ROUNDS 40

enum { ONE_WINS, BOTH_DIFFER };

struct duel {
	const char *name;
	int rule;
	void (*before)(void);
	long (*act)(int me); /* < 0 or -1: lost */
};

static int fd, other, id, child;
static int word;
static long got[2];

static void clean(void)
{
	close(fd);
	close(other);
	unlink("/tmp/du/a");
	unlink("/tmp/du/0");
	unlink("/tmp/du/1");
	rmdir("/tmp/du/d");
	mkdir("/tmp/du", 0777);
}

static void with_file(void)
{
	clean();
	close(open("/tmp/du/a", O_CREAT | O_RDWR, 0666));
}

static void with_dir(void)
{
	clean();
	mkdir("/tmp/du/d", 0777);
}

static void with_socket(void)
{
	clean();
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
}

static struct sockaddr_un name(int me)
{
	struct sockaddr_un a = { AF_UNIX, "/tmp/du/0" };

	a.sun_path[8] = (char)('0' + me);
	return a;
}

static long do_bind(int me)
{
	struct sockaddr_un a = name(me);

	return bind(fd, (void *)&a, sizeof(a));
}

static void with_server(void)
{
	struct sockaddr_un a = name(0);

	with_socket();
	bind(fd, (void *)&a, sizeof(a));
	listen(fd, 5);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	other = socket(AF_UNIX, SOCK_STREAM, 0);
}

static long do_connect(int me)
{
	struct sockaddr_un a = name(0);

	(void)me;
	return connect(other, (void *)&a, sizeof(a));
}

static void with_connection(void)
{
	with_server();
	do_connect(0);
}

static long do_accept(int me)
{
	int n = accept(fd, NULL, NULL);

	(void)me;
	if (n >= 0)
		close(n);
	return n;
}

static long make_timer(int me)
{
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	int timer = -1;

	(void)me;
	return syscall(SYS_timer_create, CLOCK_MONOTONIC, &e, &timer) ? -1 :
									timer;
}

static void after_timers(void)
{
	syscall(SYS_timer_delete, got[0]);
	syscall(SYS_timer_delete, got[1]);
}

static void with_timer(void)
{
	id = (int)make_timer(0);
}

static long delete_timer(int me)
{
	(void)me;
	return syscall(SYS_timer_delete, id);
}

static void with_epoll(void)
{
	clean();
	fd = epoll_create1(0);
	other = eventfd(1, EFD_NONBLOCK);
}

static long watch(int me)
{
	struct epoll_event e = { EPOLLIN, { 0 } };

	(void)me;
	return epoll_ctl(fd, EPOLL_CTL_ADD, other, &e);
}

static void with_watch(void)
{
	with_epoll();
	watch(0);
}

static long forget(int me)
{
	(void)me;
	return epoll_ctl(fd, EPOLL_CTL_DEL, other, NULL);
}

static long read_event(int me)
{
	unsigned long long n;

	(void)me;
	return read(other, &n, 8);
}

static void with_byte(void)
{
	int end[2];

	clean();
	need(!pipe2(end, O_NONBLOCK));
	fd = end[0];
	other = end[1];
	write(other, "x", 1);
}

static long read_byte(int me)
{
	char c;

	(void)me;
	return read(fd, &c, 1);
}

static long close_it(int me)
{
	(void)me;
	return close(other);
}

static long new_fd(int me)
{
	(void)me;
	return dup(1);
}

static void close_new(void)
{
	close((int)got[0]);
	close((int)got[1]);
}

static void with_terminals(void)
{
	clean();
}

static long new_terminal(int me)
{
	int n = -1, master = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	ioctl(master, TIOCGPTN, &n);
	*(me ? &other : &fd) = master;
	return n;
}

static long make_dir(int me)
{
	(void)me;
	return mkdir("/tmp/du/d", 0777);
}

static long make_file(int me)
{
	int n = open("/tmp/du/a", O_CREAT | O_EXCL | O_RDWR, 0666);

	(void)me;
	if (n >= 0)
		close(n);
	return n;
}

static long make_link(int me)
{
	(void)me;
	return link("/tmp/du/a", "/tmp/du/0");
}

static long remove_file(int me)
{
	(void)me;
	return unlink("/tmp/du/a");
}

static long rename_file(int me)
{
	return rename("/tmp/du/a", me ? "/tmp/du/1" : "/tmp/du/0");
}

static long remove_dir(int me)
{
	(void)me;
	return rmdir("/tmp/du/d");
}

static void with_mount(void)
{
	with_dir();
	need(!mount("none", "/tmp/du/d", "tmpfs", 0, NULL));
}

static long unmount(int me)
{
	(void)me;
	return umount("/tmp/du/d");
}

static long new_set(int me)
{
	(void)me;
	return semget(77, 3, IPC_CREAT | IPC_EXCL | 0600);
}

static void without_set(void)
{
	semctl(semget(77, 3, 0), 0, IPC_RMID);
}

static void with_set(void)
{
	without_set();
	id = (int)new_set(0);
}

static long remove_set(int me)
{
	(void)me;
	return semctl(id, 0, IPC_RMID);
}

static long new_segment(int me)
{
	(void)me;
	return shmget(78, 4096, IPC_CREAT | IPC_EXCL | 0600);
}

static void without_segment(void)
{
	shmctl(shmget(78, 4096, 0), IPC_RMID, NULL);
}

static void with_message(void)
{
	struct {
		long type;
		char text[4];
	} m = { 1, "hey" };

	id = msgget(79, IPC_CREAT | 0600);
	msgsnd(id, &m, 4, 0);
}

static long receive(int me)
{
	struct {
		long type;
		char text[4];
	} m;

	(void)me;
	return msgrcv(id, &m, 4, 0, IPC_NOWAIT);
}

static void with_child(void)
{
	siginfo_t info;

	child = fork();
	if (!child)
		_exit(0);
	need(!waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT));
}

static long reap(int me)
{
	(void)me;
	return waitpid(child, NULL, WNOHANG);
}

static void with_two_files(void)
{
	with_file();
	fd = open("/tmp/du/a", O_RDWR);
	other = open("/tmp/du/a", O_RDWR);
}

static long lock_file(int me)
{
	return flock(me ? other : fd, LOCK_EX | LOCK_NB);
}

static long lock_range(int me)
{
	struct flock lock = { .l_type = F_WRLCK, .l_len = 10 };

	return fcntl(me ? other : fd, F_OFD_SETLK, &lock);
}

static void with_word(void)
{
	word = 0;
}

static long lock_word(int me)
{
	(void)me;
	return syscall(SYS_futex, &word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0);
}

static const struct duel duels[] = {
	{ "bind", ONE_WINS, with_socket, do_bind },
	{ "connect", ONE_WINS, with_server, do_connect },
	{ "accept", ONE_WINS, with_connection, do_accept },
	{ "timer_create", BOTH_DIFFER, after_timers, make_timer },
	{ "timer_delete", ONE_WINS, with_timer, delete_timer },
	{ "epoll add", ONE_WINS, with_epoll, watch },
	{ "epoll del", ONE_WINS, with_watch, forget },
	{ "eventfd", ONE_WINS, with_epoll, read_event },
	{ "pipe", ONE_WINS, with_byte, read_byte },
	{ "close", ONE_WINS, with_byte, close_it },
	{ "dup", BOTH_DIFFER, close_new, new_fd },
	{ "ptmx", BOTH_DIFFER, with_terminals, new_terminal },
	{ "mkdir", ONE_WINS, clean, make_dir },
	{ "O_EXCL", ONE_WINS, clean, make_file },
	{ "link", ONE_WINS, with_file, make_link },
	{ "unlink", ONE_WINS, with_file, remove_file },
	{ "rename", ONE_WINS, with_file, rename_file },
	{ "rmdir", ONE_WINS, with_dir, remove_dir },
	{ "umount", ONE_WINS, with_mount, unmount },
	{ "semget", ONE_WINS, without_set, new_set },
	{ "IPC_RMID", ONE_WINS, with_set, remove_set },
	{ "shmget", ONE_WINS, without_segment, new_segment },
	{ "msgrcv", ONE_WINS, with_message, receive },
	{ "waitpid", ONE_WINS, with_child, reap },
	{ "flock", ONE_WINS, with_two_files, lock_file },
	{ "F_OFD_SETLK", ONE_WINS, with_two_files, lock_range },
	{ "futex", ONE_WINS, with_word, lock_word },
};

static pthread_barrier_t start, end;
static const struct duel *now;

static void *second(void *unused)
{
	for (;;) {
		pthread_barrier_wait(&start);
		got[1] = now->act(1);
		pthread_barrier_wait(&end);
	}
	return unused;
}

/* True if a round of @d ended as it must. */
static int fair(const struct duel *d)
{
	if (d->rule == BOTH_DIFFER)
		return got[0] >= 0 && got[1] >= 0 && got[0] != got[1];
	return (got[0] >= 0) + (got[1] >= 0) == 1;
}

int main(void)
{
	pthread_t thread;
	unsigned int i;
	int round, bad;

	fd = other = -1;
	got[0] = got[1] = -1;
	need(!pthread_barrier_init(&start, NULL, 2));
	need(!pthread_barrier_init(&end, NULL, 2));
	need(!pthread_create(&thread, NULL, second, NULL));
	for (i = 0; i < sizeof(duels) / sizeof(*duels); i++) {
		now = &duels[i];
		bad = 0;
		for (round = 0; round < ROUNDS; round++) {
			now->before();
			pthread_barrier_wait(&start);
			got[0] = now->act(0);
			pthread_barrier_wait(&end);
			bad += !fair(now);
		}
		check(!bad, now->name, "%d of %d rounds; last %ld and %ld", bad,
		      ROUNDS, got[0], got[1]);
	}
	return checks_done();
}
