/* SPDX-License-Identifier: MIT */
/*
 * Several programs write and read their parts of a disk at random, by its
 * cache, past it and through mappings, beside one that wants all memory; each
 * knows what its part must say. With "failing" transfers fail meanwhile, and
 * allocations if the kernel was told so: what comes of a step is then not
 * looked at, but that there is an end to it, and that all works again
 * afterwards. The disk is that of disk.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define DIRECT 040000
#define WRITERS 3
#define PART (1 << 20) /* bytes; they meet within a page */
#define START 300000
#define MOST 20000
#define HOG (6 << 20)

static char want[PART], got[PART + 4096] __attribute__((__aligned__(4096)));
static char *buf; /* at the start of a page */
static uint32_t seed;
static int failing;

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void fill(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)chance(256);
}

static int differs(const char *what, long at, const char *is, size_t n)
{
	size_t i;

	if (failing || !memcmp(is, want + at, n))
		return 0;
	for (i = 0; is[i] == want[at + (long)i]; i++)
		;
	printf("# %s: byte %ld of %zu from %ld\n", what, (long)i, n, at);
	return 1;
}

/* One step: 0, or 1 if the disk says something else than it should. */
static int step(int fd, int direct, char *map, long base)
{
	size_t n = 1 + chance(MOST);
	long at = (long)chance(PART - (uint32_t)n);
	long sector = (base + at + 511) & ~511l;
	size_t whole = n & ~511ul;

	uint32_t what = chance(12);

	if (failing && (what == 7 || what == 8)) /* would be SIGBUS */
		return 0;
	switch (what) {
	case 0:
	case 1:
	case 2:
	case 3:
		fill(want + at, n);
		return pwrite(fd, want + at, n, base + at) != (ssize_t)n;
	case 4:
	case 5:
	case 6:
		if (pread(fd, got, n, base + at) != (ssize_t)n)
			return 1;
		return differs("read", at, got, n);
	case 7:
		return differs("mapping", at, map + at, n);
	case 8:
		fill(want + at, n);
		memcpy(map + at, want + at, n);
		return 0;
	case 9:
		if (!whole || sector - base + (long)whole > PART)
			return 0;
		if (pread(direct, buf, whole, sector) != (ssize_t)whole)
			return 1;
		return differs("direct", sector - base, buf, whole);
	case 10:
		return fsync(fd) ||
		       msync(map - START % 4096, 4096, MS_SYNC) < 0;
	default:
		return ioctl(fd, BLKFLSBUF, 0) != 0;
	}
}

static int writer(int me, int steps)
{
	long base = START + (long)me * PART, from = base & ~4095l;
	int fd = open("/dev/sda4", O_RDWR), direct, bad = 0;
	ssize_t n;
	char *map;

	direct = open("/dev/sda4", O_RDONLY | DIRECT);
	need(fd >= 0 && direct >= 0);
	buf = mmap(NULL, MOST + 4096, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	map = mmap(NULL, PART + 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   from);
	need(buf != MAP_FAILED && map != MAP_FAILED);
	map += base - from;
	seed = (uint32_t)me * 77 + 5;
	fill(want, PART);
	need(pwrite(fd, want, PART, base) == PART || failing);
	for (int i = 0; i < steps && !bad; i++)
		bad = step(fd, direct, map, base) && !failing;
	if (failing)
		return 0;
	need(fsync(fd) == 0);
	base = (base + 511) & ~511l;
	n = PART - 1024;
	bad |= pread(direct, got, n, base) != n ||
	       differs("end, direct", base - START - (long)me * PART, got, n);
	base = START + (long)me * PART;
	bad |= pread(fd, got, PART, base) != PART ||
	       differs("end", 0, got, PART);
	return bad;
}

/* All memory, again and again, until it is killed. */
static void hog(void)
{
	for (;;) {
		char *p = mmap(NULL, HOG, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (long i = 0; p != MAP_FAILED && i < HOG; i += 4096)
			p[i] = 1;
		munmap(p, HOG);
	}
}

static void set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	check(fd >= 0 && write(fd, text, strlen(text)) > 0, "a knob", "%s: %m",
	      path);
	close(fd);
}

/* One transfer of ten fails, or none any more. */
static void let_fail(int on)
{
	if (on)
		need(!mount("none", "/sys/kernel/debug", "debugfs", 0, NULL));
	set("/sys/class/block/sda4/make-it-fail", on ? "1" : "0");
	set("/sys/kernel/debug/fail_make_request/times", "-1");
	set("/sys/kernel/debug/fail_make_request/probability", on ? "10" : "0");
}

/* Of those that nobody heard of: the next fsync would. */
static void hear_of_errors(void)
{
	int fd = open("/dev/sda4", O_RDWR);

	need(fd >= 0);
	(void)fsync(fd);
	is(fsync(fd), 0);
	close(fd);
}

static int storm(int steps)
{
	pid_t eater = fork(), pid[WRITERS];
	int bad = 0, status;

	if (!eater)
		hog();
	for (int i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		if (!pid[i])
			exit(writer(i, steps));
	}
	for (int i = 0; i < WRITERS; i++) {
		need(pid[i] < 0 || waitpid(pid[i], &status, 0) == pid[i]);
		check(!status || failing, "what was written is read",
		      "writer %d: %x", i, status);
		bad += status && !failing;
	}
	if (eater > 0) {
		kill(eater, 9);
		waitpid(eater, NULL, 0);
	}
	return bad;
}

int main(int argc, char **argv)
{
	int steps = argc > 1 ? atoi(argv[1]) : 500;

	if (argc > 2) {
		let_fail(failing = 1);
		storm(steps);
		let_fail(failing = 0);
		hear_of_errors();
	}
	return storm(steps) != 0;
}
