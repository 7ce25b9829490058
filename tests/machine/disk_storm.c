/* SPDX-License-Identifier: MIT */
/*
 * Several programs write and read their parts of a disk at random, by its
 * cache, past it and through mappings, beside one that wants all memory; each
 * knows what its part must say. The disk is that of disk.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define BLKFLSBUF 0x1261
#define DIRECT 040000
#define WRITERS 3
#define PART (1 << 20) /* bytes; they meet within a page */
#define START 300000
#define MOST 20000
#define HOG (6 << 20)

static char want[PART], got[PART + 4096] __attribute__((__aligned__(4096)));
static char *buf; /* at the start of a page */
static uint32_t seed;

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

	if (!memcmp(is, want + at, n))
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

	switch (chance(12)) {
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
	need(pwrite(fd, want, PART, base) == PART);
	for (int i = 0; i < steps && !bad; i++)
		bad = step(fd, direct, map, base);
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

int main(int argc, char **argv)
{
	int steps = argc > 1 ? atoi(argv[1]) : 500, bad = 0, status;
	pid_t eater = fork(), pid[WRITERS];

	if (!eater)
		hog();
	for (int i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		if (!pid[i])
			exit(writer(i, steps));
	}
	for (int i = 0; i < WRITERS; i++) {
		need(waitpid(pid[i], &status, 0) == pid[i]);
		check(!status, "what was written is read", "writer %d: %x", i,
		      status);
		bad += status != 0;
	}
	kill(eater, 9);
	waitpid(eater, NULL, 0);
	return bad != 0;
}
