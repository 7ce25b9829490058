/* SPDX-License-Identifier: MIT */
/*
 * The cache of a block device: what is read twice comes from memory, what is
 * written waits there until it is asked for on the disk, and who passes it by
 * sees the same bytes. The disk is that of disk.c.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define SECTOR 512
#define DIRECT 040000

static char buf[65536] __attribute__((__aligned__(4096)));

/* Field @i of a device's line in /proc/diskstats, from the name on. */
static long stat_of(const char *name, int i)
{
	FILE *f = fopen("/proc/diskstats", "r");
	char line[400], found[32];
	long v[20] = { 0 };
	int at;

	need(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*d %*d %31s%n", found, &at) != 1 ||
		    strcmp(found, name))
			continue;
		char *p = line + at;

		for (int k = 0; k < 17; k++)
			v[k] = strtol(p, &p, 10);
	}
	fclose(f);
	return v[i];
}

enum { READS = 0, SECTORS_READ = 2, WRITES = 4, SECTORS_WRITTEN = 6 };

static long buffers(void)
{
	return number_of("/proc/meminfo", "Buffers");
}

static uint32_t number_at(const char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

static long number_in(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);

	need(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atol(text);
}

static void test_read_twice(void)
{
	long was = buffers(), reads, cached;
	int fd = open("/dev/sda4", O_RDONLY);

	need(fd >= 0);
	is(pread(fd, buf, 40000, 0), 40000);
	cached = buffers() - was;
	check(cached == 40, "Buffers count what is cached", "%ld kB", cached);
	reads = stat_of("sda4", READS);
	is(pread(fd, buf, 40000, 0), 40000);
	is(pread(fd, buf, 100, 39000), 100);
	check(stat_of("sda4", READS) == reads, "the second read is memory's",
	      "%ld more", stat_of("sda4", READS) - reads);
	is(ioctl(fd, BLKFLSBUF, 0), 0);
	is(pread(fd, buf, 4096, 8192), 4096);
	check(stat_of("sda4", READS) == reads + 1 &&
		      number_at(buf) == 8192 + 16,
	      "after BLKFLSBUF it is read anew", "%ld %u",
	      stat_of("sda4", READS) - reads, number_at(buf));
	close(fd);
	check(buffers() == was, "the last close takes the cache along",
	      "%ld kB more", buffers() - was);
}

/* Small reads, one after the other, are few of the disk's. */
static void test_read_on(void)
{
	int fd = open("/dev/sda4", O_RDONLY);
	long reads;
	int bad = 0;

	need(fd >= 0);
	reads = stat_of("sda4", READS);
	for (int i = 0; i < 1024; i++) {
		is(read(fd, buf, 512), 512);
		bad += number_at(buf) != 8192 + (uint32_t)i;
	}
	check(!bad && stat_of("sda4", READS) - reads < 32, "reading on",
	      "%d wrong, %ld reads", bad, stat_of("sda4", READS) - reads);
	close(fd);
}

/* Sectors that the disk reads for two pages, one after the other. */
static long read_two(int fd)
{
	long before;

	is(ioctl(fd, BLKFLSBUF, 0), 0);
	before = stat_of("sda4", SECTORS_READ);
	is(pread(fd, buf, 4096, 1 << 20), 4096);
	is(pread(fd, buf, 4096, (1 << 20) + 4096), 4096);
	return stat_of("sda4", SECTORS_READ) - before;
}

#define QUEUE "/sys/block/sda/queue/"

static void test_queue(void)
{
	int fd = open("/dev/sda4", O_RDONLY);
	long ahead = -1, was, without;

	need(fd >= 0);
	is(ioctl(fd, BLKRAGET, &ahead), 0);
	is(ahead, 256);
	was = read_two(fd);
	is(put(QUEUE "read_ahead_kb", "0\n"), 0);
	without = read_two(fd);
	check(without == 16 && was > 16, "read_ahead_kb is obeyed",
	      "%ld, %ld sectors", was, without);
	is(ioctl(fd, BLKRAGET, &ahead), 0);
	is(ahead, 0);
	is(ioctl(fd, BLKRASET, 128), 0);
	is(number_in(QUEUE "read_ahead_kb"), 64);
	check(read_two(fd) > 16, "and BLKRASET", "%ld", read_two(fd));
	is(put(QUEUE "read_ahead_kb", "x"), -EINVAL);
	is(put(QUEUE "scheduler", "cfq"), -EINVAL);
	is(put(QUEUE "scheduler", "none\n"), 0);
	is(read_two(fd) > 0, 1);
	is(put(QUEUE "scheduler", "mq-deadline"), 0);
	is(ioctl(fd, BLKRASET, 256), 0);
	close(fd);
}

static void test_write_waits(void)
{
	int fd = open("/dev/sda4", O_RDWR);
	long writes, sectors;

	need(fd >= 0);
	writes = stat_of("sda4", WRITES);
	sectors = stat_of("sda4", SECTORS_WRITTEN);
	memset(buf, 'w', 1024);
	for (int i = 0; i < 10; i++)
		is(pwrite(fd, buf, 1024, 65536), 1024);
	check(stat_of("sda4", WRITES) == writes, "a write waits in memory",
	      "%ld were made", stat_of("sda4", WRITES) - writes);
	is(pwrite(fd, buf, 512, 65536 + 3072), 512);
	is(fsync(fd), 0);
	check(stat_of("sda4", SECTORS_WRITTEN) == sectors + 3 &&
		      stat_of("sda4", WRITES) == writes + 2,
	      "fsync writes the sectors that changed", "%ld in %ld",
	      stat_of("sda4", SECTORS_WRITTEN) - sectors,
	      stat_of("sda4", WRITES) - writes);
	is(fsync(fd), 0);
	check(stat_of("sda4", WRITES) == writes + 2, "and nothing twice", "%ld",
	      stat_of("sda4", WRITES) - writes);
	is(pwrite(fd, "last", 4, 80000), 4);
	close(fd);
	check(stat_of("sda4", SECTORS_WRITTEN) == sectors + 4,
	      "the last close writes", "%ld",
	      stat_of("sda4", SECTORS_WRITTEN) - sectors);
	fd = open("/dev/sda4", O_RDONLY);
	is(pread(fd, buf, 4, 80000), 4);
	check(!memcmp(buf, "last", 4), "what was closed is there", "%.4s", buf);
	close(fd);
}

static void test_whole_sectors(void)
{
	int fd = open("/dev/sda4", O_RDWR);
	long reads;

	need(fd >= 0);
	reads = stat_of("sda4", READS);
	memset(buf, 's', 4096);
	is(pwrite(fd, buf, 4096, 131072), 4096);
	is(pwrite(fd, buf, 512, 139264 + 512), 512);
	check(stat_of("sda4", READS) == reads, "whole sectors are not read",
	      "%ld", stat_of("sda4", READS) - reads);
	is(pread(fd, buf, 4096, 139264), 4096);
	check(number_at(buf) == 8192 + 272 && buf[512] == 's' &&
		      number_at(buf + 1024) == 8192 + 274,
	      "those beside them are, when they are wanted", "%u %c %u",
	      number_at(buf), buf[512], number_at(buf + 1024));
	is(pwrite(fd, "ab", 2, 150000), 2);
	is(fsync(fd), 0);
	close(fd);
}

/* By O_DIRECT and by the cache, in turns. */
static void test_direct(void)
{
	int fd = open("/dev/sda4", O_RDWR);
	int direct = open("/dev/sda4", O_RDWR | DIRECT);
	long reads;

	need(fd >= 0 && direct >= 0);
	is(pread(direct, buf, 100, 0), -EINVAL);
	is(pread(direct, buf, 512, 100), -EINVAL);
	is(pread(direct, buf + 1, 512, 0), -EINVAL);
	is(pwrite(fd, "cached", 6, 200000), 6);
	is(pread(direct, buf, 65536, 196608), 65536);
	check(!memcmp(buf + 200000 - 196608, "cached", 6),
	      "a direct read sees what was written", "%.6s", buf + 3392);
	memset(buf, 'd', 4096);
	is(pwrite(direct, buf, 4096, 200704 - 4096), 4096);
	is(pread(fd, buf, 6, 200000), 6);
	check(!memcmp(buf, "dddddd", 6), "a write past the cache is seen",
	      "%.6s", buf);
	reads = stat_of("sda4", READS);
	is(pread(direct, buf, 4096, 0), 4096);
	is(pread(direct, buf, 4096, 0), 4096);
	check(stat_of("sda4", READS) == reads + 2, "nothing is cached", "%ld",
	      stat_of("sda4", READS) - reads);
	close(direct);
	close(fd);
}

static void test_sync_at_once(void)
{
	int fd = open("/dev/sda4", O_RDWR | O_DSYNC);
	long writes = stat_of("sda4", WRITES);

	need(fd >= 0);
	memset(buf, 'y', 1024);
	is(pwrite(fd, buf, 1024, 300032), 1024);
	check(stat_of("sda4", WRITES) == writes + 1, "O_DSYNC waits", "%ld",
	      stat_of("sda4", WRITES) - writes);
	close(fd);
}

static void say(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	check(fd >= 0 && write(fd, text, strlen(text)) == (long)strlen(text),
	      "a knob", "%s: %m", path);
	close(fd);
}

#define FAIL "/sys/kernel/debug/fail_make_request/"

/* The next transfer of sda4's fails. */
static void fail_next(void)
{
	say(FAIL "times", "1");
	say(FAIL "probability", "100");
}

static void test_errors(void)
{
	int fd, fd1 = open("/dev/sda1", O_RDONLY);

	need(!mount("none", "/sys/kernel/debug", "debugfs", 0, NULL));
	say("/sys/class/block/sda4/make-it-fail", "1");
	fd = open("/dev/sda4", O_RDWR);
	fail_next();
	is(pread(fd1, buf, 512, 0), 512); /* not that one */
	is(pread(fd, buf, 512, 0), 512); /* its page is read again */
	check(number_at(buf) == 8192, "readahead that fails is no error", "%u",
	      number_at(buf));
	say(FAIL "times", "2");
	is(pread(fd, buf, 512, 40960), -EIO);
	is(pread(fd, buf, 512, 40960), 512);
	check(number_at(buf) == 8192 + 80, "a read after an error", "%u",
	      number_at(buf));
	say(FAIL "times", "1");
	is(pwrite(fd, "lost", 4, 40960), 4);
	is(fsync(fd), -EIO);
	is(fsync(fd), 0);
	say("/sys/class/block/sda4/make-it-fail", "0");
	say(FAIL "times", "-1");
	is(pread(fd, buf, 512, 81920), 512);
	close(fd);
	close(fd1);
}

static void test_counts(void)
{
	int fd = open("/dev/sda4", O_RDWR | DIRECT);
	long in = number_of("/proc/vmstat", "pgpgin");
	long out = number_of("/proc/vmstat", "pgpgout");

	need(fd >= 0);
	is(pread(fd, buf, 65536, 0), 65536);
	is(pwrite(fd, buf, 4096, 0), 4096);
	check(number_of("/proc/vmstat", "pgpgin") == in + 64 &&
		      number_of("/proc/vmstat", "pgpgout") == out + 4,
	      "kilobytes in and out", "%ld %ld",
	      number_of("/proc/vmstat", "pgpgin") - in,
	      number_of("/proc/vmstat", "pgpgout") - out);
	close(fd);
}

int main(void)
{
	test_read_twice();
	test_read_on();
	test_queue();
	test_write_waits();
	test_whole_sectors();
	test_direct();
	test_sync_at_once();
	test_errors();
	test_counts();
	return checks_done();
}
