/* SPDX-License-Identifier: MIT */
/*
 * What is dirty goes to the disk by itself, when it is old or too much, and at
 * once when it is asked for. The disk is that of disk.c.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define VM "/proc/sys/vm/"
#define FAIL "/sys/kernel/debug/fail_make_request/"
#define ATTEMPTS 3000 /* of 10 ms: for what will come */

static char buf[262144];

static long dirty_kb(void)
{
	return number_of("/proc/meminfo", "Dirty");
}

/* Write a knob: 0 or -errno. */
static long set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	long ret = fd < 0 ? -errno : value(write(fd, text, strlen(text)));

	if (fd >= 0)
		close(fd);
	return ret < 0 ? ret : 0;
}

static long get(const char *path)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY);

	need(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	return atol(text);
}

static void test_knobs(void)
{
	check(get(VM "dirty_background_ratio") == 10 &&
		      get(VM "dirty_ratio") == 20 &&
		      get(VM "dirty_writeback_centisecs") == 500 &&
		      get(VM "dirty_expire_centisecs") == 3000 &&
		      !get(VM "dirty_bytes") &&
		      !get(VM "dirty_background_bytes"),
	      "as Linux begins", "%ld", get(VM "dirty_ratio"));
	is(set(VM "dirty_ratio", "101"), -EINVAL);
	is(set(VM "dirty_ratio", "-1"), -EINVAL);
	is(set(VM "dirty_bytes", "4096"), -EINVAL);
	is(set(VM "dirty_expire_centisecs", "x"), -EINVAL);
	is(set(VM "dirty_bytes", "1000000"), 0);
	check(!get(VM "dirty_ratio") && get(VM "dirty_bytes") == 1000000,
	      "bytes, and no part of memory", "%ld", get(VM "dirty_ratio"));
	is(set(VM "dirty_ratio", "20"), 0);
	check(!get(VM "dirty_bytes"), "and the other way round", "%ld",
	      get(VM "dirty_bytes"));
	is(set(VM "dirty_background_bytes", "500000"), 0);
	check(!get(VM "dirty_background_ratio"), "likewise in the background",
	      "%ld", get(VM "dirty_background_ratio"));
	is(set(VM "dirty_background_ratio", "10"), 0);
}

/* Nothing is written by itself, but for what is asked for. */
static void hold(void)
{
	is(set(VM "dirty_writeback_centisecs", "0"), 0);
	is(set(VM "dirty_expire_centisecs", "360000"), 0);
}

static int wait_for_sectors(long n)
{
	int i;

	for (i = 0; i < ATTEMPTS && sectors_written("sda4") < n; i++)
		usleep(10000);
	return sectors_written("sda4") >= n;
}

static void test_sync(int fd)
{
	long was = sectors_written("sda4"), dirty = dirty_kb();

	memset(buf, 's', 65536);
	is(pwrite(fd, buf, 65536, 0), 65536);
	check(dirty_kb() == dirty + 64, "Dirty counts it", "%ld kB",
	      dirty_kb() - dirty);
	check(sectors_written("sda4") == was, "it waits", "%ld",
	      sectors_written("sda4") - was);
	sync();
	check(sectors_written("sda4") == was + 128 && !dirty_kb(),
	      "sync writes", "%ld, %ld kB are dirty",
	      sectors_written("sda4") - was, dirty_kb());
	check(!number_of("/proc/meminfo", "Writeback"), "and waits", "%ld kB",
	      number_of("/proc/meminfo", "Writeback"));
}

static void test_range(int fd)
{
	long was = sectors_written("sda4");

	is(pwrite(fd, buf, 65536, 0), 65536);
	is(sync_file_range(fd, 8192, 4096, 7), 0);
	check(sectors_written("sda4") == was + 8, "a part of it", "%ld",
	      sectors_written("sda4") - was);
	is(sync_file_range(fd, 8192, 4096, 8), -EINVAL);
	is(sync_file_range(fd, -1, 4096, 7), -EINVAL);
	is(fdatasync(fd), 0);
	check(sectors_written("sda4") == was + 128, "and the rest", "%ld",
	      sectors_written("sda4") - was);
}

static void test_old(int fd)
{
	long was = sectors_written("sda4");
	long dirtied = number_of("/proc/vmstat", "nr_dirtied");
	long written = number_of("/proc/vmstat", "nr_written");

	is(set(VM "dirty_expire_centisecs", "20"), 0);
	is(set(VM "dirty_writeback_centisecs", "10"), 0);
	is(pwrite(fd, buf, 65536, 0), 65536);
	check(wait_for_sectors(was + 128), "what is old is written",
	      "%ld sectors were", sectors_written("sda4") - was);
	is(pwrite(fd, buf, 512, 0), 512);
	check(wait_for_sectors(was + 129), "and what became dirty again",
	      "%ld sectors were", sectors_written("sda4") - was);
	is(fsync(fd), 0);
	check(number_of("/proc/vmstat", "nr_dirtied") == dirtied + 17 &&
		      number_of("/proc/vmstat", "nr_written") == written + 17,
	      "pages that became dirty, and were written", "%ld %ld",
	      number_of("/proc/vmstat", "nr_dirtied") - dirtied,
	      number_of("/proc/vmstat", "nr_written") - written);
	hold();
}

static void test_too_much(int fd)
{
	long was = sectors_written("sda4");

	is(set(VM "dirty_background_bytes", "65536"), 0);
	for (int i = 1; i < 5; i++)
		is(pwrite(fd, buf, 262144, i * 262144), 262144);
	check(wait_for_sectors(was + 256), "what is too much is written",
	      "%ld sectors were", sectors_written("sda4") - was);
	is(set(VM "dirty_background_ratio", "10"), 0);
	is(fsync(fd), 0);
}

/* A write that nobody waited for and that failed is told by fsync. */
static void test_error(int fd)
{
	int other = open("/dev/sda4", O_RDWR);

	need(other >= 0);
	need(!mount("none", "/sys/kernel/debug", "debugfs", 0, NULL));
	is(set("/sys/class/block/sda4/make-it-fail", "1"), 0);
	is(set(FAIL "times", "1"), 0);
	is(set(FAIL "probability", "100"), 0);
	is(pwrite(fd, buf, 512, 4096), 512);
	sync();
	is(fsync(fd), -EIO);
	is(fsync(fd), 0);
	is(fsync(other), -EIO);
	is(fsync(other), 0);
	is(set("/sys/class/block/sda4/make-it-fail", "0"), 0);
	close(other);
}

int main(void)
{
	int fd = open("/dev/sda4", O_RDWR);

	need(fd >= 0);
	test_knobs();
	hold();
	test_sync(fd);
	test_range(fd);
	test_old(fd);
	test_too_much(fd);
	test_error(fd);
	is(pwrite(fd, buf, 4096, 0), 4096);
	close(fd);
	return checks_done();
}
