/* SPDX-License-Identifier: MIT */
/*
 * The input of ashlar boot.
 *
 * A terminal is QEMU's, which changes its settings; they are put back whatever
 * becomes of QEMU. Other input goes through a process of its own:
 *
 *   a file, a pipe ──► feeder ──► QEMU's input, the machine's serial line
 *                        ▲
 *                        └─ "ready", a byte to port 0xe9 (isa-debugcon)
 *
 * A serial line does not wait: what comes before the machine listens is lost.
 * So the image's /init says when it does; one that does not say is given
 * PATIENCE. The line has no end either, so the end of input is told as a
 * person tells it, by Ctrl-D, again and again: to a program, to the shell
 * behind it, until the machine is off.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ashlar.h"
#include "boot.h"

#define PATIENCE 5000 /* ms */
#define END_EVERY 300 /* ms */
#define CTRL_D 4

static void write_all(int fd, const char *data, size_t n)
{
	ssize_t done;

	for (; n; data += done, n -= (size_t)done) {
		done = write(fd, data, n);
		if (done < 0 && errno != EINTR)
			_exit(0); /* the machine is off */
		if (done < 0)
			done = 0;
	}
}

static void feed(int ready, int out)
{
	const char line_end = '\n', input_end = CTRL_D;
	struct pollfd p = { ready, POLLIN, 0 };
	char buf[4096], last = line_end;
	ssize_t n;

	poll(&p, 1, PATIENCE);
	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0) {
		write_all(out, buf, (size_t)n);
		last = buf[n - 1];
	}
	if (last != line_end)
		write_all(out, &line_end, 1);
	for (;;) {
		write_all(out, &input_end, 1);
		poll(NULL, 0, END_EVERY);
	}
}

static bool start_feeder(struct boot_feed *f)
{
	int data[2], ready[2];

	if (pipe2(data, O_CLOEXEC) || pipe(ready))
		return false;
	f->feeder = fork();
	if (f->feeder == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		close(data[0]);
		close(ready[1]);
		feed(ready[0], data[1]);
	}
	close(data[1]);
	close(ready[0]);
	f->input = data[0];
	f->ready = ready[1];
	return f->feeder > 0;
}

/* Before QEMU starts: f->input and f->ready are for it. */
bool boot_feed_start(struct boot_feed *f)
{
	f->terminal = isatty(STDIN_FILENO) &&
		      tcgetattr(STDIN_FILENO, &f->before) == 0;
	if (f->terminal) {
		f->input = STDIN_FILENO;
		f->ready = open("/dev/null", O_WRONLY);
		if (f->ready >= 0)
			return true;
	} else if (start_feeder(f)) {
		return true;
	}
	complain("cannot pass input on: %s", strerror(errno));
	return false;
}

void boot_feed_end(struct boot_feed *f)
{
	if (!f->terminal) {
		kill(f->feeder, SIGKILL);
		waitpid(f->feeder, NULL, 0);
	} else if (tcgetpgrp(STDIN_FILENO) == getpgrp()) {
		tcsetattr(STDIN_FILENO, TCSANOW, &f->before);
	}
}
