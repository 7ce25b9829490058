/* SPDX-License-Identifier: MIT */
/*
 * Memory that is taken back: a disk larger than RAM is read and written, and
 * says the same each time; memory that was given up is taken. Each sector of
 * the disk says its number (tests/machine/run).
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define PAGE 4096

static uint32_t buf[65536 / 4];
static long disk_pages;

static long kb(const char *name)
{
	return number_of("/proc/meminfo", name);
}

static long event(const char *name)
{
	return number_of("/proc/vmstat", name);
}

#define MEMORY "/proc/pressure/memory"
#define IO "/proc/pressure/io"

/* Microseconds in which some task, or all, waited for what @path says. */
static void stalls(const char *path, long us[2])
{
	FILE *f = fopen(path, "r");
	int i, percent, hundredths;

	need(f);
	for (i = 0; i < 2; i++) {
		is(fscanf(f, i ? " full" : " some"), 0);
		is(fscanf(f,
			  " avg10=%d.%2d avg60=%*d.%*2d avg300=%*d.%*2d "
			  "total=%ld",
			  &percent, &hundredths, &us[i]),
		   3);
		is(percent >= 0 && percent <= 100, 1);
	}
	fclose(f);
}

/* Sectors of @from that do not say their number, which begins with @first. */
static long wrong_sectors(const volatile uint32_t *from, long nr, long first)
{
	long i, wrong = 0;

	for (i = 0; i < nr; i++)
		wrong += from[i * 128] != (uint32_t)(first + i) ||
			 from[i * 128 + 127] != (uint32_t)(first + i);
	return wrong;
}

/* Reads the disk from the second page on, as the first has its partitions. */
static long wrong_on_disk(int fd)
{
	long done = PAGE, n, wrong = 0;

	is(lseek(fd, PAGE, SEEK_SET), PAGE);
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		wrong += wrong_sectors(buf, n / 512, done / 512);
		done += n;
	}
	is(n, 0);
	disk_pages = done / PAGE;
	return wrong;
}

/* Partition tables of logical partitions lie in sectors of the disk. */
#define TABLES 2

static void test_read(int fd)
{
	long scanned = event("pgscan_direct") + event("pgscan_kswapd");
	long total, wrong, before[2], after[2], io[2];

	stalls(MEMORY, before);
	stalls(IO, io);
	wrong = wrong_on_disk(fd);
	check(wrong <= TABLES, "a disk is read", "%ld wrong", wrong);
	total = kb("MemTotal");
	check(total / 4 < disk_pages, "it is larger than memory", "%ld kB",
	      total);
	check(wrong_on_disk(fd) == wrong, "twice", "it has changed");
	scanned = event("pgscan_direct") + event("pgscan_kswapd") - scanned;
	check(scanned > disk_pages, "pages were looked at", "%ld", scanned);
	check(event("pgsteal_kswapd") > 0, "kswapd took some", "none");
	check(kb("MemFree") > 0, "some are free", "none");
	check(kb("MemAvailable") > kb("MemFree") + kb("Buffers") / 3,
	      "others are available", "%ld kB", kb("MemAvailable"));
	stalls(MEMORY, after);
	check(after[0] > before[0] && after[0] >= after[1] &&
		      after[1] >= before[1],
	      "the wait for it is pressure", "%ld us, %ld full", after[0],
	      after[1]);
	stalls(IO, after);
	check(after[0] > io[0] && after[1] > io[1] && after[0] >= after[1],
	      "so is that for the disk", "%ld us, %ld full", after[0] - io[0],
	      after[1] - io[1]);
}

static void test_drop_caches(int fd)
{
	long first = 1000, i, was;

	/* What is not on the disk yet is kept. */
	for (i = 0; i < 20; i++) {
		memset(buf, 0x40 + (int)i, PAGE);
		is(pwrite(fd, buf, PAGE, (first + i) * PAGE), PAGE);
	}
	was = kb("Buffers");
	is(put("/proc/sys/vm/drop_caches", "1"), 0);
	check(kb("Buffers") < was, "drop_caches drops", "%ld kB",
	      kb("Buffers"));
	check(event("drop_pagecache") > 0, "and counts", "not");
	for (i = 0; i < 20; i++) {
		is(pread(fd, buf, PAGE, (first + i) * PAGE), PAGE);
		is(((char *)buf)[17], 0x40 + i);
	}
	is(fsync(fd), 0);
	is(put("/proc/sys/vm/drop_caches", "1"), 0);
	for (i = 0; i < 20; i++) {
		is(pread(fd, buf, PAGE, (first + i) * PAGE), PAGE);
		is(((char *)buf)[PAGE - 1], 0x40 + i);
	}
	check(1, "and what was written is kept", " ");
}

/* What MADV_FREE gave up goes, and what was written since stays. */
static void test_given_up(int fd)
{
	volatile uint32_t *p = mmap(NULL, 100 * PAGE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long i, zeroes = 0;

	need(p != MAP_FAILED);
	for (i = 0; i < 100; i++)
		p[i * 1024] = 1;
	is(madvise((void *)p, 100 * PAGE, MADV_FREE), 0);
	for (i = 0; i < 10; i++)
		p[i * 1024] = 2;
	wrong_on_disk(fd);
	wrong_on_disk(fd);
	for (i = 0; i < 10; i++)
		is(p[i * 1024], 2);
	for (; i < 100; i++)
		zeroes += p[i * 1024] == 0;
	check(zeroes > 0, "memory that was given up is taken", "%ld", zeroes);
	check(event("pglazyfreed") == zeroes, "and counted", "%ld, not %ld",
	      event("pglazyfreed"), zeroes);
	munmap((void *)p, 100 * PAGE);
}

int main(void)
{
	int fd = open("/dev/sda", O_RDWR);

	need(fd >= 0);
	test_read(fd);
	test_given_up(fd);
	test_drop_caches(fd);
	return checks_done();
}
