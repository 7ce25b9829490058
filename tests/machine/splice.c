/* SPDX-License-Identifier: MIT */
/*
 * splice, tee and vmsplice: between pipes, files, sockets and memory. Every
 * answer is Linux's.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static char buf[200000], back[200000];
static int a[2], b[2]; /* pipes */
static int file;
static void *volatile nowhere = (void *)8;

static void empty(int fd)
{
	need(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	while (read(fd, back, sizeof(back)) > 0)
		;
	need(fcntl(fd, F_SETFL, 0) == 0);
}

static void check_file(void)
{
	loff_t pos = 3, none = -1;

	need(pwrite(file, "0123456789", 10, 0) == 10);
	need(lseek(file, 0, SEEK_SET) == 0);
	is(splice(file, NULL, a[1], NULL, 4, 0), 4);
	is(lseek(file, 0, SEEK_CUR), 4);
	is(splice(file, &pos, a[1], NULL, 100, 0), 7);
	is(pos, 10);
	is(lseek(file, 0, SEEK_CUR), 4);
	is(splice(file, &pos, a[1], NULL, 100, 0), 0);
	is(read(a[0], back, 100), 11);
	is(memcmp(back, "01233456789", 11), 0);
	is(write(a[1], "abcdef", 6), 6);
	pos = 5;
	is(splice(a[0], NULL, file, &pos, 4, 0), 4);
	is(pos, 9);
	is(splice(a[0], NULL, file, NULL, 100, 0), 2);
	is(pread(file, back, 100, 0), 10);
	is(memcmp(back, "0123efbcd9", 10), 0);
	is(splice(file, &none, a[1], NULL, 1, 0), -EINVAL);
	is(splice(a[0], NULL, a[1], NULL, 1, 0), -EINVAL);
	is(splice(a[0], &pos, b[1], NULL, 1, 0), -ESPIPE);
	is(splice(file, NULL, file, NULL, 1, 0), -EINVAL);
	is(splice(a[1], NULL, b[1], NULL, 1, 0), -EBADF);
	is(splice(a[0], NULL, b[0], NULL, 1, 0), -EBADF);
	is(splice(99, NULL, b[1], NULL, 1, 0), -EBADF);
	is(splice(file, NULL, b[1], NULL, 1, 1000), -EINVAL);
	is(splice(file, NULL, b[1], NULL, 0, 0), 0);
	is(splice(a[0], NULL, b[1], NULL, 1, SPLICE_F_NONBLOCK), -EAGAIN);
}

static void check_tee(void)
{
	is(write(a[1], "hello", 5), 5);
	is(tee(a[0], b[1], 100, 0), 5);
	is(tee(a[0], b[1], 2, 0), 2);
	is(read(b[0], back, 100), 7);
	is(memcmp(back, "hellohe", 7), 0);
	is(splice(a[0], NULL, b[1], NULL, 3, 0), 3);
	is(read(a[0], back, 100), 2);
	is(memcmp(back, "lo", 2), 0);
	is(read(b[0], back, 100), 3);
	is(tee(a[0], a[1], 1, 0), -EINVAL);
	is(tee(file, a[1], 1, 0), -EINVAL);
	is(tee(a[0], b[1], 1, SPLICE_F_NONBLOCK), -EAGAIN);
}

static void check_memory(void)
{
	struct iovec v[2] = { { buf, 3 }, { buf + 3, 4 } };
	struct iovec bad = { (void *)8, 5 };
	long n, sum = 0;

	is(vmsplice(a[1], v, 2, 0), 7);
	v[0].iov_base = back;
	v[0].iov_len = 100;
	is(vmsplice(a[0], v, 1, 0), 7);
	is(memcmp(back, buf, 7), 0);
	is(vmsplice(a[1], &bad, 1, 0), -EFAULT);
	is(vmsplice(file, v, 1, 0), -EBADF);
	is(vmsplice(a[0], v, 1, SPLICE_F_NONBLOCK), -EAGAIN);
	v[0].iov_base = buf;
	v[0].iov_len = sizeof(buf);
	n = vmsplice(a[1], v, 1, 0); /* does not wait for the rest */
	is(n > 50000 && n <= 65536, 1);
	empty(a[0]);
	while ((n = vmsplice(a[1], v, 1, SPLICE_F_NONBLOCK)) > 0)
		sum += n;
	is(errno, EAGAIN);
	is(sum > 50000 && sum <= 65536, 1);
	empty(a[0]);
}

/* A file through two pipes into a socket, by three processes. */
static void check_chain(void)
{
	long n, sum = 0;
	size_t i;
	int s[2];

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (char)(i * 7 + i / 4096);
	need(pwrite(file, buf, sizeof(buf), 0) == sizeof(buf));
	need(lseek(file, 0, SEEK_SET) == 0);
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	if (fork() == 0) {
		while (splice(file, NULL, a[1], NULL, 70000, 0) > 0)
			;
		_exit(0);
	}
	if (fork() == 0) {
		close(a[1]);
		while (splice(a[0], NULL, b[1], NULL, 30001, 0) > 0)
			;
		_exit(0);
	}
	close(a[1]);
	close(b[1]);
	if (fork() == 0) {
		while (splice(b[0], NULL, s[1], NULL, 12345, 0) > 0)
			;
		_exit(0);
	}
	close(s[1]);
	while ((n = read(s[0], back + sum, sizeof(back) - (size_t)sum)) > 0)
		sum += n;
	is(sum, sizeof(buf));
	is(memcmp(buf, back, sizeof(buf)), 0);
	while (wait(NULL) > 0)
		;
	close(a[0]);
	close(b[0]);
	need(pipe(a) == 0);
	close(a[0]);
	need(lseek(file, 0, SEEK_SET) == 0);
	is(splice(file, NULL, a[1], NULL, 10, 0), -EPIPE);
}

/* ---- packets ---- */

static void packets(int p[2])
{
	need(pipe2(p, O_DIRECT | O_NONBLOCK) == 0);
}

static void close_both(const int p[2])
{
	close(p[0]);
	close(p[1]);
}

static void check_packets(void)
{
	int p[2], n = 0;

	packets(p);
	is(fcntl(p[0], F_GETFL), O_NONBLOCK);
	is(fcntl(p[1], F_GETFL), O_NONBLOCK | O_DIRECT | O_WRONLY);
	is(read(p[0], back, 10), -EAGAIN);
	for (n = 0; write(p[1], "abc", 3) == 3;)
		n++;
	is(n, 16);
	is(errno, EAGAIN);
	is(ioctl(p[0], FIONREAD, &n), 0);
	is(n, 48);
	is(read(p[0], back, 2), 2); /* the rest is lost */
	is(memcmp(back, "ab", 2), 0);
	is(read(p[0], back, 100), 3);
	is(write(p[1], "", 0), 0);
	is(ioctl(p[0], FIONREAD, &n), 0);
	is(n, 42);
	while (read(p[0], back, 100) == 3)
		;
	is(errno, EAGAIN);
	is(write(p[1], buf, 10000), 10000);
	is(read(p[0], back, 20000), 4096);
	is(read(p[0], back, 4096), 4096);
	is(read(p[0], back, 1), 1);
	is(read(p[0], back, 1), -EAGAIN);
	is(write(p[1], buf, 4096), 4096);
	is(write(p[1], "x", 1), 1);
	is(read(p[0], back, 20000), 4096);
	is(read(p[0], back, 20000), 1);
	is(write(p[1], buf, 100000), 65536);
	is(read(p[0], (void *)nowhere, 10), -EFAULT);
	for (n = 0; read(p[0], back, sizeof(back)) == 4096;)
		n++;
	is(n, 16);
	is(write(p[1], (void *)nowhere, 10), -EFAULT);
	close_both(p);
	is(pipe2(p, O_DIRECT | O_APPEND), -EINVAL);
	is(fcntl(file, F_SETFL, O_DIRECT), -EINVAL);
	is(open("x", O_RDWR | O_DIRECT), -EINVAL);
}

/* Among other bytes: those that fill no page join one that is no packet. */
static void check_mixed_packets(void)
{
	int p[2];

	packets(p);
	is(write(p[1], "12", 2), 2);
	need(fcntl(p[1], F_SETFL, O_NONBLOCK) == 0);
	is(write(p[1], "ab", 2), 2);
	is(write(p[1], "cd", 2), 2);
	need(fcntl(p[1], F_SETFL, O_NONBLOCK | O_DIRECT) == 0);
	is(write(p[1], "ef", 2), 2);
	is(write(p[1], buf, 4096), 4096);
	is(write(p[1], "56", 2), 2);
	need(fcntl(p[1], F_SETFL, O_NONBLOCK) == 0);
	is(write(p[1], "gh", 2), 2);
	is(read(p[0], back, 100), 2);
	is(memcmp(back, "12", 2), 0);
	is(read(p[0], back, 3), 3);
	is(memcmp(back, "abc", 3), 0);
	/* Up to the end of a packet, if one begins. */
	is(read(p[0], back, 10000), 3 + 4096);
	is(memcmp(back, "def", 3), 0);
	is(read(p[0], back, 10000), 2);
	is(read(p[0], back, 10000), 2);
	is(memcmp(back, "gh", 2), 0);
	is(read(p[0], back, 10000), -EAGAIN);
	close_both(p);
}

/* In a ring of another size, and by way of splice and tee. */
static void check_moved_packets(void)
{
	int p[2], q[2];

	packets(p);
	need(pipe2(q, O_NONBLOCK) == 0);
	is(write(p[1], "abc", 3), 3);
	is(write(p[1], "de", 2), 2);
	is(fcntl(p[1], F_SETPIPE_SZ, 4096), -EBUSY);
	is(fcntl(p[1], F_SETPIPE_SZ, 8192), 8192);
	is(write(p[1], "x", 1), -EAGAIN);
	is(read(p[0], back, 2), 2);
	is(fcntl(p[1], F_SETPIPE_SZ, 16384), 16384);
	is(write(p[1], "fgh", 3), 3);
	is(tee(p[0], q[1], 100, 0), 5);
	is(read(q[0], back, 100), 2);
	is(read(q[0], back, 100), 3);
	is(read(q[0], back, 100), -EAGAIN);
	is(splice(p[0], NULL, q[1], NULL, 100, 0), 5);
	is(read(q[0], back, 1), 1);
	is(memcmp(back, "d", 1), 0);
	is(read(q[0], back, 100), 3);
	is(memcmp(back, "fgh", 3), 0);
	is(read(p[0], back, 100), -EAGAIN);
	is(write(p[1], "abcdef", 6), 6);
	need(lseek(file, 0, SEEK_SET) == 0);
	is(splice(p[0], NULL, file, NULL, 2, 0), 2);
	is(read(p[0], back, 100), 4);
	is(memcmp(back, "cdef", 4), 0);
	close_both(p);
	close_both(q);
}

/* A writer that waits for room for a packet. */
static void check_waiting_packet(void)
{
	int p[2], status;

	packets(p);
	need(fcntl(p[1], F_SETPIPE_SZ, 4096) == 4096);
	is(write(p[1], "abc", 3), 3);
	need(fcntl(p[1], F_SETFL, O_DIRECT) == 0);
	if (!fork()) {
		is(write(p[1], buf, 8000), 8000);
		_exit(checks_done());
	}
	usleep(20000);
	is(read(p[0], back, 100), 3);
	close(p[1]);
	need(fcntl(p[0], F_SETFL, 0) == 0);
	is(read(p[0], back, 5000), 4096);
	is(read(p[0], back, 5000), 3904);
	is(read(p[0], back, 5000), 0);
	need(wait(&status) > 0);
	is(status, 0);
	close(p[0]);
}

int main(void)
{
	char folder[] = "/tmp/splice.XXXXXX";

	signal(SIGPIPE, SIG_IGN);
	need(mkdtemp(folder) && chdir(folder) == 0);
	need((file = open("x", O_CREAT | O_RDWR, 0644)) >= 0);
	need(pipe(a) == 0 && pipe(b) == 0);
	check_file();
	check_tee();
	check_memory();
	check_chain();
	check_packets();
	check_mixed_packets();
	check_moved_packets();
	check_waiting_packet();
	check(!checks_done(), "splice", "see above");
	return checks_done();
}
