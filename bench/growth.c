/* SPDX-License-Identifier: MIT */
/*
 * What one step costs when there are few of a thing, and when there are
 * sixteen times as many: one line for each,
 *
 *   NAME of SIZE  NANOSECONDS ns/op
 *
 * by CLOCK_MONOTONIC, as in mmbench.c. "bench/kernels --budgets" lets no step
 * cost more than twice as much among many: what walks a list does not pass.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY 4000
#define PRIME 7919 /* steps through any of our sizes, each element once */

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void report(const char *name, int size, long long since, long ops)
{
	printf("%s of %d %.1f ns/op\n", name, size,
	       (double)(now() - since) / ops);
}

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void rest(void)
{
	usleep(300000); /* until everybody else sleeps */
}

static void epoll(int n)
{
	static int fd[MANY];
	struct epoll_event e = { .events = EPOLLIN };
	int set = epoll_create1(0), i;
	long long t;

	for (i = 0; i < n; i++)
		must((fd[i] = eventfd(0, 0)) >= 0, "eventfd");
	t = now();
	for (i = 0; i < n; i++)
		epoll_ctl(set, EPOLL_CTL_ADD, fd[i], &e);
	report("epoll_add", n, t, n);
	t = now();
	for (i = 0; i < n; i++)
		epoll_ctl(set, EPOLL_CTL_MOD, fd[i], &e);
	report("epoll_modify", n, t, n);
	t = now();
	for (i = 0; i < n; i++)
		epoll_ctl(set, EPOLL_CTL_DEL, fd[i], &e);
	report("epoll_remove", n, t, n);
	for (i = 0; i < n; i++)
		close(fd[i]);
	close(set);
}

static int entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	must(d != NULL, path);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void children(int n)
{
	static pid_t child[MANY];
	int p[2], i;
	long long t;
	char c;

	must(pipe(p) == 0, "pipe");
	for (i = 0; i < n; i++) {
		must((child[i] = fork()) >= 0, "fork");
		if (!child[i]) {
			close(p[1]);
			_exit((int)read(p[0], &c, 1));
		}
	}
	rest();
	t = now();
	for (i = 0; i < n; i++)
		waitpid(child[(long)i * PRIME % n], NULL, WNOHANG);
	report("waitpid", n, t, n);
	t = now();
	i = entries("/proc");
	report("proc_entry", n, t, i);
	close(p[1]);
	close(p[0]);
	while (wait(NULL) > 0)
		;
}

static void *wait_for_end(void *pipe)
{
	char c;

	return (void *)read(*(int *)pipe, &c, 1);
}

static void threads(int n)
{
	static pthread_t thread[MANY];
	pthread_attr_t attr;
	long long t;
	int p[2], i;

	must(pipe(p) == 0, "pipe");
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	for (i = 0; i < n; i++)
		must(!pthread_create(&thread[i], &attr, wait_for_end, &p[0]),
		     "pthread_create");
	rest();
	t = now();
	i = entries("/proc/self/task");
	report("task_entry", n, t, i);
	close(p[1]);
	for (i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	close(p[0]);
}

static void timers(int n)
{
	static timer_t timer[MANY];
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	struct itimerspec s = { { 0, 0 }, { 1000, 0 } };
	long long t;
	int i;

	t = now();
	for (i = 0; i < n; i++)
		must(!timer_create(CLOCK_MONOTONIC, &e, &timer[i]),
		     "timer_create");
	report("timer_create", n, t, n);
	t = now();
	for (i = 0; i < n; i++)
		timer_settime(timer[(long)i * PRIME % n], 0, &s, NULL);
	report("timer_settime", n, t, n);
	t = now();
	for (i = 0; i < n; i++)
		timer_delete(timer[(long)i * PRIME % n]);
	report("timer_delete", n, t, n);
}

static void work(const char *name, int n)
{
	long long t = now();
	volatile int i;

	for (i = 0; i < 5000000; i++)
		;
	report(name, n, t, i);
}

static void unread_timers(int n)
{
	struct itimerspec s = { { 0, 1000 }, { 0, 1000 } };
	static int fd[MANY];
	int i;

	for (i = 0; i < n; i++) {
		must((fd[i] = timerfd_create(CLOCK_MONOTONIC, 0)) >= 0,
		     "timerfd_create");
		timerfd_settime(fd[i], 0, &s, NULL);
	}
	work("work_beside_timers", n);
	for (i = 0; i < n; i++)
		close(fd[i]);
}

static socklen_t name(struct sockaddr_un *a, int i)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	return 3 + sprintf(a->sun_path + 1, "n%d", i);
}

static void names(int n)
{
	int s = socket(AF_UNIX, SOCK_DGRAM, 0), i;
	static int fd[MANY];
	struct sockaddr_un a;
	socklen_t len;
	long long t;

	for (i = 0; i < n; i++) {
		fd[i] = socket(AF_UNIX, SOCK_DGRAM, 0);
		len = name(&a, i);
		must(!bind(fd[i], (struct sockaddr *)&a, len), "bind");
	}
	t = now();
	for (i = 0; i < n; i++) {
		len = name(&a, (long)i * PRIME % n);
		connect(s, (struct sockaddr *)&a, len);
	}
	report("connect_abstract", n, t, n);
	for (i = 0; i < n; i++)
		close(fd[i]);
	close(s);
}

static void set_locks(const char *what, int fd, int n, short type)
{
	struct flock l = { .l_type = type, .l_len = 5 };
	long long t = now();
	int i;

	for (i = 0; i < n; i++) {
		l.l_start = (long)i * PRIME % n * 10;
		must(!fcntl(fd, F_SETLK, &l), "F_SETLK");
	}
	report(what, n, t, n);
}

static void locks(int n)
{
	int fd = open("/tmp/locks", O_RDWR | O_CREAT, 0600);

	must(fd >= 0, "/tmp/locks");
	set_locks("lock_set", fd, n, F_WRLCK);
	set_locks("lock_change", fd, n, F_RDLCK);
	set_locks("lock_remove", fd, n, F_UNLCK);
	close(fd);
}

static int set_lock(int fd, int cmd, short type, int start)
{
	struct flock l = { .l_type = type, .l_start = start, .l_len = 1 };

	return fcntl(fd, cmd, &l);
}

/* The other side of hand_over(): it waits for the lock each time. */
static void take_over(int fd, int go, int done)
{
	char c;

	while (read(go, &c, 1) == 1) {
		must(!set_lock(fd, F_SETLKW, F_WRLCK, 0), "F_SETLKW");
		set_lock(fd, F_SETLK, F_UNLCK, 0);
		must(write(done, &c, 1) == 1, "write");
	}
	_exit(0);
}

static void hand_over(int n, int times)
{
	int fd = open("/tmp/other", O_RDWR | O_CREAT, 0600), go[2], done[2], i;
	long long t;
	char c = 0;

	must(fd >= 0 && !pipe(go) && !pipe(done), "hand_over");
	if (!fork()) {
		close(go[1]);
		take_over(fd, go[0], done[1]);
	}
	rest();
	t = now();
	for (i = 0; i < times; i++) {
		set_lock(fd, F_SETLKW, F_WRLCK, 0);
		must(write(go[1], &c, 1) == 1, "write");
		sched_yield(); /* it waits now */
		set_lock(fd, F_SETLK, F_UNLCK, 0);
		must(read(done[0], &c, 1) == 1, "read");
	}
	report("lock_hand_over", n, t, times);
	close(go[1]);
	close(go[0]);
	close(done[0]);
	close(done[1]);
	close(fd);
}

/* A lock goes from one to another while many wait for others. */
static void lock_waiters(int n)
{
	int fd = open("/tmp/locks", O_RDWR | O_CREAT, 0600), i;

	must(fd >= 0, "/tmp/locks");
	for (i = 0; i < n; i++) {
		must(!set_lock(fd, F_SETLK, F_WRLCK, i), "F_SETLK");
		if (!fork()) {
			set_lock(fd, F_SETLKW, F_WRLCK, i);
			_exit(0);
		}
	}
	rest();
	hand_over(n, 50);
	close(fd); /* all get theirs */
	while (wait(NULL) > 0)
		;
}

static void maps(int n)
{
	size_t len = (size_t)n * 8192;
	char *p = mmap(NULL, len, PROT_READ,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int fd = open("/proc/self/maps", O_RDONLY), i;
	static char buf[65536];
	long long t;

	must(p != MAP_FAILED && fd >= 0, "maps");
	for (i = 0; i < n; i++)
		must(!mprotect(p + (size_t)i * 8192, 4096, PROT_NONE),
		     "mprotect");
	t = now();
	while (read(fd, buf, sizeof(buf)) > 0)
		;
	report("maps_area", n, t, 2 * n);
	munmap(p, len);
	close(fd);
}

/* A fork copies each descriptor. */
static void descriptors(int n)
{
	static int fd[MANY];
	long long t;
	int i, pid;

	for (i = 0; i < n; i++)
		must((fd[i] = dup(0)) >= 0, "dup");
	t = now();
	pid = fork();
	if (!pid)
		_exit(0);
	report("fork_descriptor", n, t, n);
	waitpid(pid, NULL, 0);
	for (i = 0; i < n; i++)
		close(fd[i]);
}

/* Areas that cannot be merged, made and unmapped, not in their order. */
static void areas(int n)
{
	static char *area[MANY];
	long long t = now();
	int i;

	for (i = 0; i < n; i++) {
		area[i] = mmap(NULL, 4096, i & 1 ? PROT_READ : PROT_NONE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		must(area[i] != MAP_FAILED, "mmap");
	}
	report("area_made", n, t, n);
	t = now();
	for (i = 0; i < n; i++)
		munmap(area[(long)i * PRIME % n], 4096);
	report("area_removed", n, t, n);
}

/* Memory of @n pages, page by page. */
static void pages(int n)
{
	size_t len = (size_t)n * 4096;
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long long t = now();
	int i, pid;

	must(p != MAP_FAILED, "mmap");
	madvise(p, len, MADV_NOHUGEPAGE);
	for (i = 0; i < n; i++)
		p[(size_t)i * 4096] = 1;
	report("page_touched", n, t, n);
	t = now();
	pid = fork();
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	report("page_forked", n, t, n);
	t = now();
	munmap(p, len);
	report("page_unmapped", n, t, n);
}

static void entry(int i, int make)
{
	char path[64];

	sprintf(path, "/tmp/names/%d", i);
	if (make)
		close(open(path, O_CREAT | O_WRONLY, 0600));
	else
		must(!unlink(path), path);
}

static void folder(int n)
{
	long long t;
	int i;

	must(!mkdir("/tmp/names", 0700), "/tmp/names");
	t = now();
	for (i = 0; i < n; i++)
		entry(i, 1);
	report("name_made", n, t, n);
	t = now();
	i = entries("/tmp/names");
	report("name_listed", n, t, i);
	t = now();
	for (i = 0; i < n; i++)
		entry((long)i * PRIME % n, 0);
	report("name_removed", n, t, n);
	rmdir("/tmp/names");
}

static void both(void (*what)(int), int few)
{
	what(few);
	what(16 * few);
}

int main(void)
{
	struct rlimit enough = { 2 * MANY, 2 * MANY };

	must(!setrlimit(RLIMIT_NOFILE, &enough) &&
		     !setrlimit(RLIMIT_SIGPENDING, &enough),
	     "setrlimit");
	both(maps, 1000);
	both(areas, 250);
	both(pages, 1000);
	both(folder, 1000);
	both(epoll, 250);
	both(children, 60);
	both(threads, 60);
	both(timers, 250);
	both(unread_timers, 60);
	both(names, 250);
	both(descriptors, 250);
	both(locks, 250);
	both(lock_waiters, 20);
	return 0;
}
