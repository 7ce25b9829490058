/* SPDX-License-Identifier: MIT */
/*
 * Memory whose pages another thread provides: userfaultfd(2).
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static int uffd;
static struct uffd_msg seen[64]; /* by the thread that provides */
static volatile int nr_seen;
static char source[PAGE] __attribute__((aligned(PAGE)));

static unsigned long long at(const void *p)
{
	return (unsigned long)p;
}

static char *pages(int n)
{
	char *p = mmap(NULL, n * PAGE, RW, ANON, -1, 0);

	need(p != MAP_FAILED);
	return p;
}

static int make(int flags, int features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, flags);

	need(fd >= 0);
	need(ioctl(fd, UFFDIO_API, &api) == 0);
	return fd;
}

static long watch(int fd, const void *p, int n)
{
	struct uffdio_register r = { .range = { at(p), n * PAGE },
				     .mode = UFFDIO_REGISTER_MODE_MISSING };

	return value(ioctl(fd, UFFDIO_REGISTER, &r));
}

static long unwatch(int fd, const void *p, int n)
{
	struct uffdio_range r = { at(p), n * PAGE };

	return value(ioctl(fd, UFFDIO_UNREGISTER, &r));
}

static long copy(int fd, const void *to, const void *from, int n)
{
	struct uffdio_copy c = { .dst = at(to),
				 .src = at(from),
				 .len = n * PAGE };

	return value(ioctl(fd, UFFDIO_COPY, &c));
}

static long zero(int fd, const void *p, int n)
{
	struct uffdio_zeropage z = { .range = { at(p), n * PAGE } };

	return value(ioctl(fd, UFFDIO_ZEROPAGE, &z));
}

/* Whatever is asked for gets a page that begins with a letter. */
static void *provide(void *letter)
{
	struct pollfd p = { .fd = uffd, .events = POLLIN };
	struct uffd_msg msg;

	while (poll(&p, 1, -1) == 1 && p.revents == POLLIN) {
		if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			continue;
		source[0] = *(char *)letter;
		if (msg.arg.pagefault.address == 0)
			break;
		seen[nr_seen++] = msg;
		if (copy(uffd, (void *)(long)msg.arg.pagefault.address, source,
			 1))
			break;
	}
	return NULL;
}

static void check_arguments(void)
{
	struct uffdio_api api = { .api = 1 };
	char *p = pages(4);
	int fd, other;

	is(syscall(SYS_userfaultfd, 0x100), -EINVAL);
	fd = syscall(SYS_userfaultfd, O_NONBLOCK);
	need(fd >= 0);
	is(watch(fd, p, 1), -EINVAL);
	is(ioctl(fd, UFFDIO_API, &api), -EINVAL);
	is(api.ioctls, 0);
	api.api = UFFD_API;
	is(ioctl(fd, UFFDIO_API, &api), 0);
	check(api.ioctls == ((1ull << 63) | 3) &&
		      (api.features & UFFD_FEATURE_SIGBUS),
	      "the offer of userfaultfd", "%llx %llx", api.ioctls,
	      api.features);
	is(ioctl(fd, UFFDIO_API, &api), -EINVAL);
	is(read(fd, source, 31), -EINVAL);
	is(read(fd, source, 32), -EAGAIN);
	is(write(fd, source, 32), -EBADF);
	is(ioctl(fd, 12345, 0), -EINVAL);

	is(watch(fd, p + 1, 1), -EINVAL);
	is(watch(fd, p, 0), -EINVAL);
	is(watch(fd, (void *)0xffff0000, 1), -EINVAL);
	is(watch(fd, (void *)0x20000, 1), -EINVAL);
	is(watch(fd, p, 4), 0);
	is(watch(fd, p + PAGE, 1), 0);
	other = make(0, 0);
	is(watch(other, p + PAGE, 1), -EBUSY);
	is(copy(other, p, source, 1), 0);
	is(copy(fd, p, source, 1), -EEXIST);
	is(zero(fd, p, 1), -EEXIST);
	is(zero(fd, p + PAGE, 1), 0);
	is(p[PAGE], 0);
	is(copy(fd, p + 2 * PAGE, (void *)16, 1), -EFAULT);
	is(copy(fd, p + 2 * PAGE, source, 0), -EINVAL);
	is(copy(fd, p + 2 * PAGE + 1, source, 1), -EINVAL);
	is(unwatch(fd, p, 4), 0);
	is(copy(fd, p + 2 * PAGE, source, 1), -ENOENT);
	is(p[2 * PAGE], 0);
	close(other);
	close(fd);
	munmap(p, 4 * PAGE);
	check(1, "arguments of userfaultfd", " ");
}

/* Faults of the program and of the kernel for it; mremap, fork, munmap. */
static void check_faults(void)
{
	pthread_t thread;
	char letter = 'X', c = 0, *p = pages(8), *q;
	struct iovec to = { &c, 1 }, from;
	int fds[2], status;
	pid_t pid;

	uffd = make(O_NONBLOCK, UFFD_FEATURE_THREAD_ID);
	need(watch(uffd, p, 8) == 0);
	need(pthread_create(&thread, NULL, provide, &letter) == 0);

	check(p[5] == 0 && p[0] == 'X' && nr_seen == 1, "a page by another",
	      "%d %d", p[0], nr_seen);
	check(seen[0].event == UFFD_EVENT_PAGEFAULT &&
		      seen[0].arg.pagefault.address == at(p) &&
		      seen[0].arg.pagefault.flags == 0 &&
		      seen[0].arg.pagefault.feat.ptid == (unsigned)getpid(),
	      "the message of a fault", "%x %llx %llx %u", seen[0].event,
	      seen[0].arg.pagefault.address, seen[0].arg.pagefault.flags,
	      seen[0].arg.pagefault.feat.ptid);
	p[PAGE + 7] = 1;
	check(p[PAGE] == 'X' && p[PAGE + 7] == 1 &&
		      (seen[1].arg.pagefault.flags & UFFD_PAGEFAULT_FLAG_WRITE),
	      "a page that is written to", "%llx", seen[1].arg.pagefault.flags);

	need(pipe(fds) == 0);
	is(write(fds[1], p + 2 * PAGE, 1), 1);
	is(read(fds[0], p + 3 * PAGE + 1, 1), 1);
	check(p[3 * PAGE] == 'X' && p[3 * PAGE + 1] == 'X',
	      "faults of system calls", "%d %d", p[3 * PAGE], p[3 * PAGE + 1]);
	from.iov_base = p + 4 * PAGE;
	from.iov_len = 1;
	is(process_vm_readv(getpid(), &to, 1, &from, 1, 0), 1);
	check(c == 'X', "a fault of process_vm_readv", "%d", c);

	/* A child's pages are its own again: missing ones are zeroes. */
	pid = fork();
	if (!pid)
		_exit(p[0] != 'X' || p[6 * PAGE] != 0);
	waitpid(pid, &status, 0);
	check(status == 0, "a child is not watched", "%x", status);

	madvise(p, PAGE, MADV_DONTNEED);
	letter = 'Y';
	check(p[0] == 'Y', "a page that was given up", "%d", p[0]);

	/* What has moved away is not watched, what is left behind is. */
	q = mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL);
	need(q != MAP_FAILED);
	letter = 'Z';
	check(q[0] == 'Y' && p[0] == 'Z', "MREMAP_DONTUNMAP", "%d %d", q[0],
	      p[0]);
	madvise(q, PAGE, MADV_DONTNEED);
	check(q[0] == 0, "what mremap moved", "%d", q[0]);

	need(unwatch(uffd, p, 8) == 0);
	check(p[7 * PAGE] == 0, "unwatched", "%d", p[7 * PAGE]);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	close(uffd);
	munmap(p, 8 * PAGE);
	munmap(q, PAGE);
}

static volatile int signals;

static void handler(int number)
{
	signals += number == SIGUSR1;
}

static void *touch(void *p)
{
	return (void *)(long)*(volatile char *)p;
}

/* A waiter takes signals, and goes on when the file is closed. */
static void check_waiter(void)
{
	struct sigaction action = { .sa_handler = handler };
	struct uffd_msg msg;
	char *p = pages(1);
	pthread_t thread;
	void *ret;
	int fd = make(0, 0), i;

	sigaction(SIGUSR1, &action, NULL);
	need(watch(fd, p, 1) == 0);
	need(pthread_create(&thread, NULL, touch, p) == 0);
	is(read(fd, &msg, sizeof(msg)), sizeof(msg));
	pthread_kill(thread, SIGUSR1);
	for (i = 0; !signals && i < 1000; i++)
		usleep(1000);
	check(signals == 1, "a signal for who waits", "%d", signals);
	is(read(fd, &msg, sizeof(msg)), sizeof(msg));
	close(fd);
	pthread_join(thread, &ret);
	check(ret == NULL, "a closed file", "%p", ret);
	munmap(p, PAGE);
}

/* Without a wait: SIGBUS, and EFAULT for the kernel. */
static void check_without_waiting(void)
{
	char *p = pages(1);
	int fds[2], status;
	int fd = make(UFFD_USER_MODE_ONLY, 0);
	pid_t pid;

	need(pipe(fds) == 0);
	need(watch(fd, p, 1) == 0);
	is(write(fds[1], p, 1), -EFAULT);
	close(fd);
	pid = fork();
	if (!pid) {
		fd = make(0, UFFD_FEATURE_SIGBUS);
		need(watch(fd, p, 1) == 0);
		_exit(*(volatile char *)p);
	}
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS,
	      "UFFD_FEATURE_SIGBUS", "%x", status);

	/* One that is killed while it waits. */
	pid = fork();
	if (!pid) {
		fd = make(0, 0);
		need(watch(fd, p, 1) == 0);
		alarm(1);
		_exit(*(volatile char *)p);
	}
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM,
	      "death while waiting", "%x", status);
	munmap(p, PAGE);
}

/* Only a privileged process may wait for faults of the kernel. */
static void check_rights(void)
{
	int fd = open("/dev/userfaultfd", O_RDWR), status;
	pid_t pid;

	need(fd >= 0);
	is(ioctl(fd, USERFAULTFD_IOC_NEW, 0x100), -EINVAL);
	is(ioctl(fd, USERFAULTFD_IOC_NEW + 1, 0), -EINVAL);
	pid = fork();
	if (!pid) {
		need(setuid(1000) == 0);
		is(syscall(SYS_userfaultfd, 0), -EPERM);
		need(syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY) >= 0);
		need(ioctl(fd, USERFAULTFD_IOC_NEW, 0) >= 0);
		_exit(checks_done());
	}
	waitpid(pid, &status, 0);
	check(status == 0, "rights to userfaultfd", "%x", status);
	close(fd);
}

int main(void)
{
	check_arguments();
	check_faults();
	check_waiter();
	check_without_waiting();
	check_rights();
	return checks_done();
}
