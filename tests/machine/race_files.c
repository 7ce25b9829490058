/* SPDX-License-Identifier: MIT */
/* Races on what has names and descriptors; see race.h. */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>

#include "race.h"

static char page[4096];

/* ---- names ---- */

static int root_fd;

static const char *any_name(void)
{
	static const char *const names[] = {
		"/tmp/r",     "/tmp/r/a",	"/tmp/r/b",   "/tmp/r/c",
		"/tmp/r/a/x", "/tmp/r/b/y",	"/tmp/r/a/l", "a",
		"b",	      "../r/c",		".",	      "..",
		"x",	      "/tmp/r/a/../b/y"
	};

	return names[rnd(sizeof(names) / sizeof(*names))];
}

static void names_setup(void)
{
	mkdir("/tmp/r", 0777);
	root_fd = open("/", O_RDONLY | O_DIRECTORY);
}

static void change_place(void)
{
	char cwd[256];

	switch (rnd(6)) {
	case 0:
		call(fchdir, any_fd());
		break;
	case 1:
		call(chroot, any_name());
		break;
	case 2:
		call(fchdir, root_fd);
		call(chroot, ".");
		break;
	case 3:
		call(chdir, any_name());
		break;
	default:
		call(getcwd, cwd, sizeof(cwd));
	}
}

static void look_at_name(void)
{
	struct statfs fs;
	struct stat st;
	char text[256];

	switch (rnd(7)) {
	case 0:
		stat(any_name(), &st);
		break;
	case 1:
		lstat(any_name(), &st);
		break;
	case 2:
		statfs(any_name(), &fs);
		break;
	case 3:
		call(readlink, any_name(), text, sizeof(text));
		break;
	case 4:
		call(getdents64, any_fd(), page, 64 + rnd(500));
		break;
	case 5:
		access(any_name(), R_OK);
		break;
	default:
		lseek(any_fd(), rnd(3), SEEK_SET);
	}
}

static void names_step(void)
{
	switch (rnd(16)) {
	case 0:
	case 1:
		put_fd(open(any_name(), O_RDWR | O_CREAT | (rnd(2) * O_TRUNC),
			    0666));
		break;
	case 2:
		put_fd(open(any_name(), O_RDONLY | O_DIRECTORY));
		break;
	case 3:
		unlink(any_name());
		break;
	case 4:
	case 5:
		call(renameat2, any_fd(), any_name(), any_fd(), any_name(),
		     rnd(3));
		break;
	case 6:
		rename(any_name(), any_name());
		break;
	case 7:
		link(any_name(), any_name());
		break;
	case 8:
		symlink(any_name(), any_name());
		break;
	case 9:
		mkdir(any_name(), 0777);
		break;
	case 10:
		rmdir(any_name());
		break;
	case 11:
		truncate(any_name(), rnd(9000));
		break;
	case 12:
		mknod(any_name(), S_IFIFO | 0666, 0);
		break;
	case 13:
		call(pwrite64, any_fd(), page, rnd(4096), rnd(8192), 0);
		break;
	case 14:
		change_place();
		break;
	default:
		look_at_name();
	}
}

/* ---- descriptors ---- */

static void lock_file(void)
{
	struct flock lock = { .l_type = (short)rnd(3),
			      .l_start = rnd(50),
			      .l_len = rnd(50) };

	if (rnd(2))
		fcntl(any_fd(), rnd(2) ? F_SETLK : F_OFD_SETLK, &lock);
	else
		flock(any_fd(), (rnd(2) ? LOCK_EX : LOCK_UN) | LOCK_NB);
}

static void poll_some(void)
{
	struct pollfd p[3] = { { any_fd(), POLLIN, 0 },
			       { any_fd(), POLLOUT, 0 },
			       { any_fd(), POLLIN, 0 } };

	poll(p, 3, (int)rnd(2));
}

static void limit_descriptors(void)
{
	struct rlimit limit = { 64 + rnd(200), 1024 };

	setrlimit(RLIMIT_NOFILE, &limit);
	close(dup2(any_fd(), 50 + (int)rnd(200)));
}

static void descriptors_step(void)
{
	struct stat st;

	switch (rnd(14)) {
	case 0:
		put_fd(open("/dev/null", O_RDWR));
		break;
	case 1:
		put_fd(open("/tmp/d", O_RDWR | O_CREAT, 0666));
		break;
	case 2:
		put_fd(dup(any_fd()));
		break;
	case 3:
		dup2(any_fd(), any_fd());
		break;
	case 4:
		close(any_fd());
		break;
	case 5:
		put_fd(fcntl(any_fd(), F_DUPFD, (int)rnd(60)));
		break;
	case 6:
		call(close_range, 40 + rnd(20), 60 + rnd(200), 0);
		break;
	case 7:
		fstat(any_fd(), &st);
		break;
	case 8:
		lock_file();
		break;
	case 9:
		poll_some();
		break;
	case 10:
		limit_descriptors();
		break;
	case 11:
		write(any_fd(), page, rnd(300));
		break;
	case 12:
		if (!raw_fork()) {
			close(any_fd());
			_exit(0);
		}
		waitpid(-1, NULL, WNOHANG);
		break;
	default:
		fcntl(any_fd(), F_SETFL, rnd(2) ? O_NONBLOCK : O_APPEND);
	}
}

/* ---- pipes, splice ---- */

static void new_pipe(void)
{
	int end[2];

	if (pipe2(end, O_NONBLOCK))
		return;
	put_fd(end[0]);
	put_fd(end[1]);
}

static void pipes_step(void)
{
	static const int sizes[] = { 1, 100, 4096, 5000, 70000 };
	static char data[70000];
	int n;

	switch (rnd(10)) {
	case 0:
		new_pipe();
		break;
	case 1:
	case 2:
	case 3:
		write(any_fd(), data, (size_t)sizes[rnd(5)]);
		break;
	case 4:
	case 5:
	case 6:
		read(any_fd(), data, (size_t)sizes[rnd(5)]);
		break;
	case 7:
		fcntl(any_fd(), F_SETPIPE_SZ, 4096 << rnd(5));
		break;
	case 8:
		ioctl(any_fd(), FIONREAD, &n);
		poll_some();
		break;
	default:
		if (!rnd(4))
			mknod("/tmp/fifo", S_IFIFO | 0666, 0);
		put_fd(open("/tmp/fifo", (int)rnd(3) | O_NONBLOCK));
		if (!rnd(4))
			unlink("/tmp/fifo");
	}
}

static void splice_step(void)
{
	struct iovec v = { page, 1 + rnd(4096) };
	off_t at = rnd(5000);

	switch (rnd(9)) {
	case 0:
		new_pipe();
		break;
	case 1:
		put_fd(open("/tmp/s", O_RDWR | O_CREAT | O_NONBLOCK, 0666));
		break;
	case 2:
		call(splice, any_fd(), 0, any_fd(), 0, rnd(9000), 2);
		break;
	case 3:
		call(tee, any_fd(), any_fd(), rnd(9000), 2);
		break;
	case 4:
		call(vmsplice, any_fd(), &v, 1, 2);
		break;
	case 5:
		sendfile(any_fd(), any_fd(), rnd(2) ? &at : NULL, rnd(9000));
		break;
	case 6:
		call(copy_file_range, any_fd(), 0, any_fd(), 0, rnd(9000), 0);
		break;
	case 7:
		ftruncate(any_fd(), rnd(20000));
		break;
	default:
		write(any_fd(), page, rnd(4096));
	}
}

/* ---- sockets ---- */

static socklen_t any_address(struct sockaddr_un *a)
{
	a->sun_family = AF_UNIX;
	strcpy(a->sun_path, rnd(2) ? "_name0" : "/tmp/sock0");
	a->sun_path[strlen(a->sun_path) - 1] += (char)rnd(3);
	if (a->sun_path[0] == '_')
		a->sun_path[0] = 0;
	return (socklen_t)(sizeof(sa_family_t) +
			   (a->sun_path[0] ? strlen(a->sun_path) + 1 : 6));
}

static void send_descriptor(void)
{
	struct iovec v = { page, rnd(200) };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} c = { .head = { .cmsg_len = CMSG_LEN(2 * sizeof(int)),
			  .cmsg_level = SOL_SOCKET,
			  .cmsg_type = SCM_RIGHTS } };
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &c,
			    .msg_controllen = sizeof(c) };
	int passed[2] = { any_fd(), any_fd() };

	memcpy(CMSG_DATA(&c.head), passed, sizeof(passed));
	sendmsg(any_fd(), &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void receive_descriptor(void)
{
	struct iovec v = { page, 1 + rnd(200) };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} c;
	struct msghdr m = { .msg_iov = &v,
			    .msg_iovlen = 1,
			    .msg_control = &c,
			    .msg_controllen = sizeof(c) };
	int got[2];

	if (recvmsg(any_fd(), &m, MSG_DONTWAIT) < 0 ||
	    m.msg_controllen < CMSG_LEN(sizeof(int)))
		return;
	memcpy(got, CMSG_DATA(&c.head), sizeof(got));
	put_fd(got[0]);
	if (c.head.cmsg_len == CMSG_LEN(sizeof(got)))
		put_fd(got[1]);
}

static void new_sockets(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int pair[2], type = types[rnd(3)] | SOCK_NONBLOCK;

	if (rnd(3)) {
		put_fd(socket(AF_UNIX, type, 0));
	} else if (!socketpair(AF_UNIX, type, 0, pair)) {
		put_fd(pair[0]);
		put_fd(pair[1]);
	}
}

static void socket_names(void)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);
	int on = (int)rnd(2);

	switch (rnd(4)) {
	case 0:
		getsockname(any_fd(), (void *)&a, &n);
		break;
	case 1:
		getpeername(any_fd(), (void *)&a, &n);
		break;
	case 2:
		setsockopt(any_fd(), SOL_SOCKET,
			   rnd(2) ? SO_PASSCRED : SO_SNDBUF, &on, sizeof(on));
		break;
	default:
		a.sun_path[0] = 0;
		any_address(&a);
		unlink(a.sun_path);
	}
}

static void sockets_step(void)
{
	struct sockaddr_un a;
	socklen_t n = sizeof(a);

	switch (rnd(13)) {
	case 0:
	case 1:
		new_sockets();
		break;
	case 2:
	case 3:
		n = any_address(&a);
		bind(any_fd(), (void *)&a, n);
		break;
	case 4:
		listen(any_fd(), (int)rnd(3));
		break;
	case 5:
	case 6:
		n = any_address(&a);
		connect(any_fd(), (void *)&a, n);
		break;
	case 7:
		put_fd(accept4(any_fd(), (void *)&a, &n, SOCK_NONBLOCK));
		break;
	case 8:
		send_descriptor();
		break;
	case 9:
		receive_descriptor();
		break;
	case 10:
		shutdown(any_fd(), (int)rnd(3));
		poll_some();
		recv(any_fd(), page, rnd(9),
		     MSG_DONTWAIT | (rnd(2) ? MSG_OOB : rnd(2) * MSG_PEEK));
		break;
	case 11:
		n = any_address(&a);
		sendto(any_fd(), page, rnd(3000),
		       MSG_DONTWAIT | MSG_NOSIGNAL | (rnd(3) ? 0 : MSG_OOB),
		       rnd(2) ? (void *)&a : NULL, n);
		break;
	default:
		socket_names();
	}
}

/* ---- epoll ---- */

static void epoll_setup(void)
{
	for (int i = 0; i < 20; i++)
		put_fd(i & 1 ? eventfd(0, EFD_NONBLOCK) : epoll_create1(0));
}

static void epoll_step(void)
{
	struct epoll_event e = { EPOLLIN | EPOLLOUT, { 0 } }, got[4];
	unsigned long long one = 1;

	switch (rnd(10)) {
	case 0:
		put_fd(rnd(2) ? eventfd(0, EFD_NONBLOCK) : epoll_create1(0));
		break;
	case 1:
		new_pipe();
		break;
	case 2:
	case 3:
		if (rnd(2))
			e.events |= rnd(2) ? EPOLLET : EPOLLONESHOT;
		epoll_ctl(any_fd(), EPOLL_CTL_ADD, any_fd(), &e);
		break;
	case 4:
		epoll_ctl(any_fd(), EPOLL_CTL_MOD, any_fd(), &e);
		break;
	case 5:
	case 6:
		epoll_ctl(any_fd(), EPOLL_CTL_DEL, any_fd(), &e);
		break;
	case 7:
		epoll_wait(any_fd(), got, 1 + (int)rnd(4), (int)rnd(2));
		break;
	case 8:
		write(any_fd(), &one, 8);
		break;
	default:
		read(any_fd(), &one, 8);
		poll_some();
	}
}

/* ---- terminals ---- */

static void new_terminal(void)
{
	int n, unlock = 0, master = open("/dev/ptmx", O_RDWR | O_NONBLOCK);
	char name[32];

	if (ioctl(master, TIOCGPTN, &n) || ioctl(master, TIOCSPTLCK, &unlock)) {
		close(master);
		return;
	}
	put_fd(master);
	sprintf(name, "/dev/pts/%d", n);
	put_fd(open(name, O_RDWR | O_NONBLOCK | (rnd(2) * O_NOCTTY)));
}

static void terminal_control(void)
{
	struct winsize w = { (unsigned short)rnd(50), 80, 0, 0 };
	struct termios t;
	int n = getpid();

	switch (rnd(8)) {
	case 0:
		ioctl(any_fd(), TIOCSWINSZ, &w);
		break;
	case 1:
		ioctl(any_fd(), TIOCSCTTY, (int)rnd(2));
		break;
	case 2:
		ioctl(any_fd(), TIOCNOTTY);
		break;
	case 3:
		ioctl(any_fd(), TIOCSPGRP, &n);
		break;
	case 4:
		ioctl(any_fd(), TCFLSH, (int)rnd(3));
		break;
	case 5:
		ioctl(any_fd(), FIONREAD, &n);
		break;
	default:
		if (tcgetattr(any_fd(), &t))
			break;
		t.c_lflag ^= rnd(2) ? ICANON : ECHO;
		tcsetattr(any_fd(), (int)rnd(3) ? TCSANOW : TCSAFLUSH, &t);
	}
}

static void terminals_setup(void)
{
	setsid();
}

static void terminals_step(void)
{
	char text[200];

	switch (rnd(8)) {
	case 0:
		new_terminal();
		break;
	case 1:
	case 2:
		memset(text, rnd(3) ? 'x' : '\n', sizeof(text));
		write(any_fd(), text, rnd(sizeof(text)));
		break;
	case 3:
		read(any_fd(), text, rnd(sizeof(text)));
		break;
	case 4:
		put_fd(open("/dev/tty", O_RDWR | O_NONBLOCK));
		break;
	case 5:
		if (!rnd(8) && !raw_fork()) {
			setsid();
			ioctl(any_fd(), TIOCSCTTY, 1);
			_exit(0);
		}
		waitpid(-1, NULL, WNOHANG);
		break;
	case 6:
		poll_some();
		break;
	default:
		terminal_control();
	}
}

/* ---- mounts ---- */

static const char *any_place(void)
{
	static const char *const places[] = { "/tmp/m",	    "/tmp/m/1",
					      "/tmp/m/2",   "/tmp/m/1/1",
					      "/tmp/m/1/2", "1",
					      ".",	    ".." };

	return places[rnd(sizeof(places) / sizeof(*places))];
}

static void mounts_setup(void)
{
	mkdir("/tmp/m", 0777);
	mkdir("/tmp/m/1", 0777);
	mkdir("/tmp/m/2", 0777);
}

static void mounts_step(void)
{
	struct statfs fs;
	char text[600];
	int fd;

	switch (rnd(12)) {
	case 0:
	case 1:
		mount("none", any_place(), "tmpfs", 0, "size=100k");
		break;
	case 2:
		mount(any_place(), any_place(), NULL, MS_BIND, NULL);
		break;
	case 3:
		mount(any_place(), any_place(), NULL, MS_MOVE, NULL);
		break;
	case 4:
		mount(NULL, any_place(), NULL,
		      MS_REMOUNT | (rnd(2) * MS_RDONLY), NULL);
		break;
	case 5:
	case 6:
	case 7:
		umount2(any_place(), rnd(2) ? MNT_DETACH : 0);
		break;
	case 8:
		mkdir(any_place(), 0777);
		chdir(any_place());
		break;
	case 9:
		put_fd(open(any_place(), O_RDONLY));
		break;
	case 10:
		statfs(any_place(), &fs);
		call(getcwd, text, sizeof(text));
		break;
	default:
		fd = open("/proc/self/mounts", O_RDONLY);
		while (read(fd, text, sizeof(text)) > 0)
			;
		close(fd);
	}
}

/* ---- signals about files, and leases ---- */

#define LEASED "/tmp/leased"

static void async_setup(void)
{
	signal(SIGIO, SIG_IGN);
	signal(SIGRTMAX, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	put_fd(open(LEASED, O_CREAT | O_RDWR, 0666));
}

static void own_some(void)
{
	struct f_owner_ex ex = { (int)rnd(4), rnd(4) ? 0 : 30000 };

	if (rnd(2))
		ex.pid = rnd(2) ? getpid() : (int)call(gettid);
	fcntl(any_fd(), F_SETOWN_EX, &ex);
	fcntl(any_fd(), F_SETSIG, rnd(3) ? 0 : SIGRTMAX);
	fcntl(any_fd(), F_GETOWN);
}

static void async_step(void)
{
	int fd[2];

	switch (rnd(9)) {
	case 0:
		if (pipe2(fd, O_NONBLOCK | (rnd(2) ? O_DIRECT : 0)) == 0) {
			put_fd(fd[0]);
			put_fd(fd[1]);
		}
		break;
	case 1:
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) ==
		    0) {
			put_fd(fd[0]);
			put_fd(fd[1]);
		}
		break;
	case 2:
		own_some();
		break;
	case 3:
		fcntl(any_fd(), F_SETFL,
		      O_NONBLOCK | (rnd(3) ? O_ASYNC : 0) |
			      (rnd(3) ? 0 : O_DIRECT));
		break;
	case 4:
		call(write, any_fd(), page, rnd(4096));
		break;
	case 5:
		fcntl(any_fd(), F_SETPIPE_SZ, 4096 << rnd(5));
		break;
	case 6:
		fcntl(any_fd(), F_SETLEASE, (int)rnd(3));
		fcntl(any_fd(), F_GETLEASE);
		break;
	case 7:
		put_fd(open(LEASED, (int)rnd(3) | O_NONBLOCK));
		break;
	default:
		call(read, any_fd(), page, rnd(4096));
	}
}

int main(int argc, char **argv)
{
	static const struct family all[] = {
		{ "names", names_setup, names_step },
		{ "descriptors", NULL, descriptors_step },
		{ "pipes", NULL, pipes_step },
		{ "splice", NULL, splice_step },
		{ "sockets", NULL, sockets_step },
		{ "epoll", epoll_setup, epoll_step },
		{ "terminals", terminals_setup, terminals_step },
		{ "mounts", mounts_setup, mounts_step },
		{ "async", async_setup, async_step },
	};

	return races(argc, argv, all, sizeof(all) / sizeof(*all));
}
