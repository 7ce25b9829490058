/* SPDX-License-Identifier: MIT */
/*
 * Terminals, through a pseudo terminal: what the line discipline makes of
 * typed bytes, what it echoes, and who may use a terminal when. Every
 * expectation was recorded on Linux 6.1.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "check.h"

static int master, slave;
static char slave_name[32];
static struct termios usual;
static volatile int got;

static void caught(int sig)
{
	got = sig;
}

static int readable(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };

	poll(&p, 1, ms);
	return p.revents;
}

static void open_pair(void)
{
	int n = -1, zero = 0;

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	need(master >= 0);
	need(ioctl(master, TIOCGPTN, &n) == 0);
	snprintf(slave_name, sizeof(slave_name), "/dev/pts/%d", n);
	errno = 0;
	slave = open(slave_name, O_RDWR | O_NOCTTY);
	check(slave < 0 && errno == EIO, "locked", "%d errno %d", slave, errno);
	need(ioctl(master, TIOCSPTLCK, &zero) == 0);
	slave = open(slave_name, O_RDWR | O_NOCTTY);
	need(slave >= 0);
	need(tcgetattr(slave, &usual) == 0);
}

/* What can be read now is @text; NULL: nothing can. */
static void expect(const char *name, int fd, const char *text)
{
	char buf[512] = "";
	int n = -1;

	if (readable(fd, text ? 1000 : 20))
		n = (int)read(fd, buf, sizeof(buf) - 1);
	if (!text)
		check(n == -1, name, "%d bytes: %s", n, buf);
	else
		check(n == (int)strlen(text) && !memcmp(buf, text, (size_t)n),
		      name, "%d bytes: %s", n, buf);
}

static void type(const char *text)
{
	need(write(master, text, strlen(text)) == (ssize_t)strlen(text));
}

static void set_lflag(tcflag_t clear, tcflag_t set)
{
	struct termios t = usual;

	t.c_lflag = (t.c_lflag & ~clear) | set;
	need(tcsetattr(slave, TCSANOW, &t) == 0);
}

/* ---- lines ---- */

static const struct line {
	const char *name, *typed, *line, *echo;
	tcflag_t clear, set;
} lines[] = {
	{ "plain", "hello\n", "hello\n", "hello\r\n", 0, 0 },
	{ "return", "cr\r", "cr\n", "cr\r\n", 0, 0 },
	{ "erase", "abc\177\177d\n", "ad\n", "abc\b \b\b \bd\r\n", 0, 0 },
	{ "erase a word", "foo bar  \027baz\n", "foo baz\n",
	  "foo bar  \b \b\b \b\b \b\b \b\b \bbaz\r\n", 0, 0 },
	{ "kill", "junk\025ok\n", "ok\n", "junk\b \b\b \b\b \b\b \bok\r\n", 0,
	  0 },
	{ "literal", "\026\003x\n", "\003x\n", "^\b^Cx\r\n", 0, 0 },
	{ "reprint", "ab\022c\n", "abc\n", "ab^R\r\nabc\r\n", 0, 0 },
	{ "erase a tab", "a\tb\177\177c\n", "ac\n",
	  "a\tb\b \b\b\b\b\b\b\b\bc\r\n", 0, 0 },
	{ "erase ^B", "\001\002\177\n", "\001\n", "^A^B\b \b\b \b\r\n", 0, 0 },
	{ "no echo", "silent\n", "silent\n", NULL, ECHO, 0 },
	{ "echo of newline", "nl\n", "nl\n", "\r\n", ECHO, ECHONL },
	{ "no ^A", "\001\n", "\001\n", "\001\r\n", ECHOCTL, 0 },
	{ "no erase of a line", "abc\025\n", "\n", "abc^U\r\n\r\n", ECHOKE, 0 },
};

static void test_lines(void)
{
	unsigned int i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		set_lflag(lines[i].clear, lines[i].set);
		type(lines[i].typed);
		expect(lines[i].name, slave, lines[i].line);
		expect(lines[i].name, master, lines[i].echo);
	}
	set_lflag(0, 0);
}

static void test_end_of_file(void)
{
	char buf[16];
	int n = 0;

	type("\004");
	expect("end of file", slave, "");
	type("part\004");
	expect("end in a line", slave, "part");
	type("x\004\004");
	expect("line before the end", slave, "x");
	expect("end after a line", slave, "");
	expect("^D is not echoed", master, "partx");
	type("one\ntwo\n");
	need(readable(slave, 1000));
	usleep(10000);
	ioctl(slave, FIONREAD, &n);
	check(n == 8, "FIONREAD", "%d", n);
	check(read(slave, buf, 2) == 2, "short read", "%c%c", buf[0], buf[1]);
	expect("rest of a line", slave, "e\n");
	expect("next line", slave, "two\n");
	expect("echo of both", master, "one\r\ntwo\r\n");
}

static void test_output(void)
{
	struct termios t = usual;

	need(write(slave, "out\nput\tx\b\r", 11) == 11);
	expect("newlines", master, "out\r\nput\tx\b\r");
	t.c_oflag |= XTABS;
	tcsetattr(slave, TCSANOW, &t);
	need(write(slave, "a\tb", 3) == 3);
	expect("tabs", master, "a       b");
	t.c_oflag &= ~(tcflag_t)OPOST;
	tcsetattr(slave, TCSANOW, &t);
	need(write(slave, "a\nb", 3) == 3);
	expect("as it is", master, "a\nb");
	set_lflag(0, 0);
}

static void set_raw(cc_t min, cc_t time)
{
	struct termios t = usual;

	cfmakeraw(&t);
	t.c_cc[VMIN] = min;
	t.c_cc[VTIME] = time;
	need(tcsetattr(slave, TCSANOW, &t) == 0);
}

static void test_raw(void)
{
	char buf[16];
	ssize_t n;

	set_raw(1, 0);
	type("raw\r\n\003");
	expect("raw", slave, "raw\r\n\003");
	expect("raw is not echoed", master, NULL);
	set_raw(5, 0);
	type("123");
	check(readable(slave, 20) == 0, "fewer than VMIN", "readable");
	type("45");
	expect("VMIN", slave, "12345");
	set_raw(0, 1);
	n = read(slave, buf, 9);
	check(n == 0, "VTIME", "%zd", n);
	set_raw(0, 0);
	n = read(slave, buf, 9);
	check(n == 0, "neither", "%zd", n);
	set_raw(3, 1);
	type("z");
	n = read(slave, buf, 9);
	check(n == 1, "VTIME between bytes", "%zd", n);
	set_lflag(0, 0);
}

static void test_flow(void)
{
	ssize_t n;

	type("flush me\n");
	usleep(10000);
	tcflush(slave, TCIFLUSH);
	check(readable(slave, 20) == 0, "flush", "readable");
	expect("echo of the flushed", master, "flush me\r\n");
	fcntl(slave, F_SETFL, O_RDWR | O_NONBLOCK);
	type("\023");
	usleep(10000);
	n = write(slave, "x", 1);
	check(n == -1 && errno == EAGAIN, "^S", "%zd", n);
	type("\021");
	usleep(10000);
	n = write(slave, "x", 1);
	check(n == 1, "^Q", "%zd", n);
	expect("after ^Q", master, "x");
	n = read(slave, &n, 1);
	check(n == -1 && errno == EAGAIN, "O_NONBLOCK", "%zd", n);
	fcntl(slave, F_SETFL, O_RDWR);
}

/* ---- job control ---- */

static int phase[2]; /* the session tells us that it waits */

static void next_phase(void)
{
	need(write(phase[1], "", 1) == 1);
}

static void wait_phase(void)
{
	char c;

	need(read(phase[0], &c, 1) == 1);
	usleep(20000);
}

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, WUNTRACED);
	return status;
}

static void wait_caught(const char *name, int sig)
{
	got = 0;
	signal(sig, caught);
	next_phase();
	pause();
	check(got == sig, name, "signal %d", got);
}

/* A child in a group of its own, in the background. */
static pid_t background(void)
{
	pid_t pid = fork();

	setpgid(pid, pid);
	return pid;
}

static void expect_stop(const char *name, pid_t pid, int sig)
{
	int status = status_of(pid);

	check(status == (sig << 8 | 0x7f), name, "status %x", status);
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	status_of(pid);
}

static void test_background(void)
{
	char buf[16];
	int status;
	pid_t pid;

	pid = background();
	if (pid == 0)
		_exit(read(slave, buf, 10) == 3 ? 4 : 5);
	expect_stop("read in the background", pid, SIGTTIN);
	signal(SIGTTOU, SIG_IGN);
	check(tcsetpgrp(slave, pid) == 0, "tcsetpgrp", "errno %m");
	kill(-pid, SIGCONT);
	next_phase();
	status = status_of(pid);
	check(status == 4 << 8, "and in the foreground", "%x", status);
	check(tcsetpgrp(slave, getpid()) == 0, "back", "errno %m");
	signal(SIGTTOU, SIG_DFL);
	pid = background();
	if (pid == 0)
		_exit(tcsetattr(slave, TCSANOW, &usual));
	expect_stop("tcsetattr in the background", pid, SIGTTOU);
	end_child(pid);
	set_lflag(0, TOSTOP);
	pid = background();
	if (pid == 0)
		_exit(write(slave, "x", 1) != 1);
	expect_stop("write with TOSTOP", pid, SIGTTOU);
	end_child(pid);
	set_lflag(0, 0);
}

static void *read_slave(void *unused)
{
	char c;

	(void)unused;
	return (void *)value(read(slave, &c, 1));
}

/* The first thread may be the one that the signal wakes. */
static int read_in_thread(void)
{
	pthread_t thread;
	void *result = NULL;

	sigaction(SIGTTIN, &(struct sigaction){ .sa_handler = caught }, NULL);
	pthread_create(&thread, NULL, read_slave, NULL);
	pthread_join(thread, &result);
	return result == (void *)-EINTR && got == SIGTTIN ? 0 : 1;
}

static void test_background_thread(void)
{
	pid_t pid = background();
	int status;

	if (pid == 0)
		_exit(read_in_thread());
	status = status_of(pid);
	check(status == 0, "read in the background by a thread", "%x", status);
}

static void test_foreground(void)
{
	pid_t pid = background();
	int status;

	while (pid == 0)
		pause();
	signal(SIGTTOU, SIG_IGN);
	tcsetpgrp(slave, pid);
	next_phase();
	expect_stop("^Z", pid, SIGTSTP);
	kill(-pid, SIGCONT);
	next_phase();
	status = status_of(pid);
	check((status & 0x7f) == SIGQUIT, "^\\", "%x", status);
	tcsetpgrp(slave, getpid());
	check(tcsetpgrp(slave, getppid()) < 0 && errno == EPERM,
	      "another session's group", "errno %m");
	check(tcsetpgrp(slave, 999999) < 0 && errno == ESRCH, "no group",
	      "errno %m");
}

static void session(void)
{
	char c = 0;

	close(master);
	setsid();
	check(ioctl(slave, TIOCSCTTY, 0) == 0, "TIOCSCTTY", "errno %m");
	check(tcgetsid(slave) == getpid() && tcgetpgrp(slave) == getpid(),
	      "in the foreground", "%d", tcgetpgrp(slave));
	check(open("/dev/tty", O_RDWR) >= 0, "/dev/tty", "errno %m");
	wait_caught("^C", SIGINT);
	wait_caught("SIGWINCH", SIGWINCH);
	test_background();
	test_background_thread();
	test_foreground();
	wait_caught("SIGHUP", SIGHUP);
	check(read(slave, &c, 1) == 0, "read after a hangup", "errno %m");
	check(write(slave, &c, 1) < 0 && errno == EIO, "write after a hangup",
	      "errno %m");
	check(open("/dev/tty", O_RDWR) < 0 && errno == ENXIO,
	      "no /dev/tty any more", "errno %m");
	exit(checks_done());
}

static void test_session(void)
{
	struct winsize ws = { 10, 20, 0, 0 }, seen;
	char buf[64] = "";
	int status;
	pid_t pid;

	ioctl(master, TIOCSWINSZ, &ws);
	ioctl(slave, TIOCGWINSZ, &seen);
	check(seen.ws_row == 10 && seen.ws_col == 20, "window", "%d",
	      seen.ws_row);
	check(tcgetpgrp(slave) < 0 && errno == ENOTTY, "not our terminal",
	      "errno %m");
	need(pipe(phase) == 0);
	pid = fork();
	if (pid == 0)
		session();
	wait_phase();
	type("\003");
	wait_phase();
	ws.ws_col = 33;
	ioctl(master, TIOCSWINSZ, &ws);
	wait_phase();
	type("fg\n");
	wait_phase();
	type("\032");
	wait_phase();
	type("\034");
	wait_phase();
	need(read(master, buf, sizeof(buf) - 1) > 0);
	check(strcmp(buf, "^Cfg\r\n^Z^\\") == 0, "echo of all", "%s", buf);
	close(master);
	status = status_of(pid);
	check(status == 0, "session", "%x", status);
	check(open(slave_name, O_RDWR) < 0, "name without a master", "opens");
	close(slave);
}

static void test_close(void)
{
	char c;

	open_pair();
	need(write(slave, "bye\n", 4) == 4);
	close(slave);
	expect("what was written before", master, "bye\r\n");
	check(read(master, &c, 1) < 0 && errno == EIO, "slave closed",
	      "errno %m");
	check(readable(master, 10) == POLLHUP, "poll says so", "not");
	slave = open(slave_name, O_RDWR | O_NOCTTY);
	need(write(slave, "re\n", 3) == 3);
	expect("opened again", master, "re\r\n");
}

int main(void)
{
	mkdir("/dev/pts", 0755);
	mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=666");
	open_pair();
	test_lines();
	test_end_of_file();
	test_output();
	test_raw();
	test_flow();
	test_session();
	test_close();
	return checks_done();
}
