/* SPDX-License-Identifier: MIT */
/*
 * A disk that does not answer: QEMU lets 12 KB of sda through, and then a byte
 * a second. Each try is given up and the cable reset; the caller has an error,
 * and sdb, which hangs on the same cable, what it had.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define SECTOR 512

static char buf[4096] __attribute__((__aligned__(4096)));

static int open_disk(const char *path)
{
	int fd = open(path, O_RDWR | O_DIRECT);

	need(fd >= 0);
	return fd;
}

static uint32_t number_at(int fd, uint32_t sector)
{
	uint32_t n;

	memset(buf, 0xff, sizeof(buf));
	need(pread(fd, buf, sizeof(buf), (off_t)sector * SECTOR) ==
	     sizeof(buf));
	memcpy(&n, buf, sizeof(n));
	return n;
}

static long seconds(void)
{
	struct timespec t;

	need(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return t.tv_sec;
}

int main(void)
{
	int slow = open_disk("/dev/sda"), good = open_disk("/dev/sdb");
	long began, took;
	off_t at;

	check(number_at(good, 5000) == 5000, "the other disk is read", "%m");
	/* What QEMU lets through at first; some of it went at the start. */
	for (at = 0; at < 3 && pread(slow, buf, sizeof(buf), at << 12) > 0;
	     at++)
		;
	began = seconds();
	errno = 0;
	check(pread(slow, buf, sizeof(buf), 65536) == -1 && errno == EIO,
	      "a read that is not answered fails", "%m");
	took = seconds() - began;
	check(took >= 80 && took < 600, "after as many tries as there are",
	      "%ld s", took);
	check(number_at(good, 6000) == 6000,
	      "the other disk is read after the resets", "%m");
	memset(buf, 7, sizeof(buf));
	check(pwrite(good, buf, sizeof(buf), 9000 * SECTOR) == sizeof(buf) &&
		      number_at(good, 9000) == 0x07070707,
	      "... and written", "%m");
	return checks_done();
}
