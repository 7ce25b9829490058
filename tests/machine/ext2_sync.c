/* SPDX-License-Identifier: MIT */
/*
 * Files on ext2 past the page cache, and their way to the disk: by themselves,
 * by sync and its like, and what Dirty says meanwhile. The disk is made by
 * mke2fs (tests/machine/run).
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define DIRECT 040000
#define VM "/proc/sys/vm/"
#define ATTEMPTS 3000 /* of 10 ms: for what will come */

static char buf[65536] __attribute__((__aligned__(4096)));
static char back[65536] __attribute__((__aligned__(4096)));

static long dirty_kb(void)
{
	return number_of("/proc/meminfo", "Dirty");
}

static long pages_in(void)
{
	return number_of("/proc/vmstat", "pgpgin");
}

static void set(const char *name, const char *text)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), VM "%s", name);
	fd = open(path, O_WRONLY);
	is(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
}

static void test_direct(void)
{
	int fd = open("/mnt/direct", O_RDWR | O_CREAT, 0600);
	int direct = open("/mnt/direct", O_RDWR | DIRECT);
	long was;

	need(fd >= 0 && direct >= 0);
	memset(buf, 'a', sizeof(buf));
	is(pwrite(fd, buf, 10000, 0), 10000);
	is(pread(direct, back, 8192, 0), 8192);
	check(!memcmp(buf, back, 8192), "what is dirty is read past the cache",
	      "%c", back[0]);
	is(pread(direct, back, 512, 100), -EINVAL);
	is(pread(direct, back + 1, 512, 0), -EINVAL);
	is(pread(direct, back, 4096, 8192), 10000 - 8192);
	is(pread(direct, back, 4096, 12288), 0);
	memset(buf, 'b', 4096);
	is(pwrite(direct, buf, 4096, 4096), 4096);
	is(pread(fd, back, 10000, 0), 10000);
	check(back[4095] == 'a' && back[4096] == 'b' && back[8191] == 'b' &&
		      back[8192] == 'a',
	      "a write past it is seen by it", "%c%c%c%c", back[4095],
	      back[4096], back[8191], back[8192]);
	/* Longer than the file, and beyond a hole. */
	memset(buf, 'c', sizeof(buf));
	is(pwrite(direct, buf, 16384, 8192), 16384);
	is(pwrite(direct, buf, 512, 65536), 512);
	is(pread(direct, back, 65536, 8192), 65536 - 8192 + 512);
	check(back[0] == 'c' && back[16383] == 'c' && !back[16384] &&
		      !back[65536 - 8192 - 1] && back[65536 - 8192] == 'c',
	      "it grows, with a hole", "%d %d %d", back[16383], back[16384],
	      back[65536 - 8192]);
	was = pages_in();
	is(pread(direct, back, 4096, 0), 4096);
	is(pread(direct, back, 4096, 0), 4096);
	check(pages_in() == was + 8, "nothing is cached", "%ld kB",
	      pages_in() - was);
	is(fcntl(fd, F_SETFL, DIRECT), 0);
	is(fcntl(fd, F_GETFL) & DIRECT, DIRECT);
	close(direct);
	close(fd);
	is(unlink("/mnt/direct"), 0);
}

/* A page that is mapped, dirty, and read past the cache. */
static void test_mapped(void)
{
	int fd = open("/mnt/mapped", O_RDWR | O_CREAT, 0600);
	int direct = open("/mnt/mapped", O_RDONLY | DIRECT);
	char *p;

	need(fd >= 0 && direct >= 0);
	is(ftruncate(fd, 8192), 0);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(p != MAP_FAILED);
	memset(p, 'm', 8192);
	is(pread(direct, back, 8192, 0), 8192);
	check(back[0] == 'm' && back[8191] == 'm', "what a mapping wrote",
	      "%d %d", back[0], back[8191]);
	p[0] = 'n';
	is(msync(p, 8192, MS_SYNC), 0);
	check(!dirty_kb(), "msync leaves nothing dirty", "%ld kB", dirty_kb());
	is(pread(direct, back, 512, 0), 512);
	check(back[0] == 'n', "written again", "%c", back[0]);
	munmap(p, 8192);
	close(direct);
	close(fd);
}

static int wait_until_clean(void)
{
	int i;

	for (i = 0; i < ATTEMPTS && dirty_kb(); i++)
		usleep(10000);
	return !dirty_kb();
}

static void test_ways(void)
{
	int fd = open("/mnt/ways", O_RDWR | O_CREAT, 0600);

	need(fd >= 0);
	set("dirty_writeback_centisecs", "0");
	is(pwrite(fd, buf, 65536, 0), 65536);
	check(dirty_kb() == 64, "Dirty counts a file", "%ld kB", dirty_kb());
	sync();
	check(!dirty_kb(), "sync", "%ld kB", dirty_kb());
	is(pwrite(fd, buf, 65536, 0), 65536);
	is(syncfs(fd), 0);
	check(!dirty_kb(), "syncfs", "%ld kB", dirty_kb());
	is(pwrite(fd, buf, 65536, 0), 65536);
	is(sync_file_range(fd, 4096, 8192, 7), 0);
	check(dirty_kb() == 56, "sync_file_range", "%ld kB", dirty_kb());
	is(fdatasync(fd), 0);
	check(!dirty_kb(), "fdatasync", "%ld kB", dirty_kb());
	is(pwrite(fd, buf, 65536, 0), 65536);
	set("dirty_expire_centisecs", "20");
	set("dirty_writeback_centisecs", "10");
	check(wait_until_clean(), "by itself", "%ld kB", dirty_kb());
	set("dirty_writeback_centisecs", "0");
	set("dirty_expire_centisecs", "3000");
	is(pwrite(fd, buf, 65536, 0), 65536);
	close(fd);
	is(unlink("/mnt/ways"), 0);
	check(!dirty_kb(), "a file that is gone is not written", "%ld kB",
	      dirty_kb());
}

/* What a program's use of the disk counts for, in /proc/self/io and rusage. */
static void test_io(void)
{
	static const char *const io = "/proc/self/io";
	int fd = open("/mnt/io", O_RDWR | O_CREAT, 0600);
	long in, out, cancelled;
	struct rusage was, is_now;

	need(fd >= 0);
	out = number_of(io, "write_bytes");
	is(pwrite(fd, buf, 65536, 0), 65536);
	is(pwrite(fd, buf, 65536, 0), 65536);
	check(number_of(io, "write_bytes") == out + 65536,
	      "pages that became dirty are written bytes", "%ld",
	      number_of(io, "write_bytes") - out);
	is(fsync(fd), 0);
	is(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	in = number_of(io, "read_bytes");
	getrusage(RUSAGE_SELF, &was);
	is(pread(fd, back, 65536, 0), 65536);
	is(pread(fd, back, 65536, 0), 65536);
	getrusage(RUSAGE_SELF, &is_now);
	check(number_of(io, "read_bytes") == in + 65536 &&
		      is_now.ru_inblock == was.ru_inblock + 128,
	      "what came from the disk is read bytes", "%ld, %ld blocks",
	      number_of(io, "read_bytes") - in,
	      is_now.ru_inblock - was.ru_inblock);
	cancelled = number_of(io, "cancelled_write_bytes");
	is(pwrite(fd, buf, 8192, 0), 8192);
	is(ftruncate(fd, 4096), 0);
	check(number_of(io, "cancelled_write_bytes") == cancelled + 4096,
	      "a dirty page that is cut off is cancelled bytes", "%ld",
	      number_of(io, "cancelled_write_bytes") - cancelled);
	close(fd);
	is(unlink("/mnt/io"), 0);
}

#define LARGE (8l << 20)

/* An fsync of a small file does not wait for a large one that is written. */
static void test_beside(void)
{
	int large = open("/mnt/large", O_RDWR | O_CREAT, 0600);
	int small = open("/mnt/small", O_RDWR | O_CREAT, 0600);
	long before, sectors = 0;

	need(large >= 0 && small >= 0);
	for (int round = 0; round < 5; round++) {
		for (long at = 0; at < LARGE; at += sizeof(buf))
			is(pwrite(large, buf, sizeof(buf), at), sizeof(buf));
		is(sync_file_range(large, 0, 0, SYNC_FILE_RANGE_WRITE), 0);
		is(pwrite(small, buf, 1000, 0), 1000);
		before = sectors_written("sda");
		is(fsync(small), 0);
		sectors += sectors_written("sda") - before;
		is(fsync(large), 0);
	}
	sectors /= 5;
	check(sectors < LARGE / 512 / 2, "fsync beside a large file",
	      "%ld sectors first", sectors);
	close(small);
	close(large);
	is(unlink("/mnt/large"), 0);
}

#define FLAG_DSYNC 2
#define FLAG_NOWAIT 8
#define FLAG_APPEND 16

/* Flags of one call: preadv2, pwritev2. */
static void test_flags(void)
{
	int fd = open("/mnt/flags", O_RDWR | O_CREAT, 0600), i, again = 0;
	struct iovec v = { buf, 8192 }, r = { back, 65536 };
	int ram = open("/tmp/flags", O_RDWR | O_CREAT, 0600);
	long n;

	need(fd >= 0 && ram >= 0);
	memset(buf, 'f', sizeof(buf));
	is(pwritev2(fd, &v, 1, 0, FLAG_DSYNC), 8192);
	check(!dirty_kb(), "a write with RWF_DSYNC is on the disk", "%ld kB",
	      dirty_kb());
	is(pwritev2(fd, &v, 1, 0, FLAG_APPEND), 8192);
	is(lseek(fd, 0, SEEK_END), 16384);
	is(pwritev2(fd, &v, 1, 0, FLAG_NOWAIT), -EOPNOTSUPP);
	is(preadv2(fd, &r, 1, 4096, FLAG_NOWAIT), 12288);
	is(preadv2(fd, &r, 1, 16384, FLAG_NOWAIT), 0);
	is(preadv2(ram, &r, 1, 0, FLAG_NOWAIT), -EOPNOTSUPP);
	is(fsync(fd), 0);
	is(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	is(preadv2(fd, &r, 1, 0, FLAG_NOWAIT), -EAGAIN);
	/* What was asked for comes by itself. */
	for (i = 0; i < ATTEMPTS; i++) {
		n = preadv2(fd, &r, 1, 0, FLAG_NOWAIT);
		if (n > 0)
			break;
		again += errno == EAGAIN;
		usleep(10000);
	}
	check(n >= 4096 && again == i && back[0] == 'f',
	      "RWF_NOWAIT reads what is there", "%ld after %d", n, i);
	close(ram);
	close(fd);
	is(unlink("/tmp/flags"), 0);
	is(unlink("/mnt/flags"), 0);
}

int main(void)
{
	int fd;

	mkdir("/mnt", 0755);
	need(mount("/dev/sda", "/mnt", "ext2", 0, "") == 0);
	test_direct();
	test_mapped();
	test_ways();
	test_io();
	test_beside();
	test_flags();
	fd = open("/mnt/last", O_RDWR | O_CREAT, 0600);
	is(pwrite(fd, buf, 65536, 0), 65536);
	close(fd);
	is(umount("/mnt"), 0);
	check(!dirty_kb(), "umount", "%ld kB", dirty_kb());
	need(mount("/dev/sda", "/mnt", "ext2", 0, "") == 0);
	fd = open("/mnt/last", O_RDONLY);
	is(pread(fd, back, 65536, 0), 65536);
	check(!memcmp(buf, back, 65536), "it is there", "%c", back[0]);
	close(fd);
	is(umount("/mnt"), 0);
	return checks_done();
}
