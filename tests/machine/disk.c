/* SPDX-License-Identifier: MIT */
/*
 * A disk of 8 MB, each sector full of its number but for the partition tables
 * (tests/machine/run): read and written as programs do it, in whole sectors and
 * beside them, by one and by many.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define SECTOR 512
#define SECTORS 16384
#define BYTES ((long)SECTORS * SECTOR)
#define BLKROGET 0x125e
#define BLKROSET 0x125d
#define BLKGETSIZE 0x1260
#define BLKSSZGET 0x1268
#define BLKGETSIZE64 0x80041272

static char buf[300000], was[300000];
static void *volatile nowhere = (void *)8; /* no program's */

static uint32_t number_at(const char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

/* True if each sector of the partition that @path names holds its number, from
 * @first on; its own table is skipped. */
static int whole(const char *path, uint32_t first, long sectors)
{
	int fd = open(path, O_RDONLY);
	long i, n, bad = 0;

	need(fd >= 0);
	for (i = 0; i < sectors; i += n / SECTOR) {
		n = read(fd, buf, sizeof(buf) / SECTOR * SECTOR);
		if (n <= 0)
			break;
		for (long k = 0; k < n; k += SECTOR)
			bad += number_at(buf + k) !=
			       first + (uint32_t)(i + k / SECTOR);
	}
	bad += read(fd, buf, 1) != 0;
	close(fd);
	return i == sectors && !bad;
}

static void test_partitions(void)
{
	static const char want[] = "major minor  #blocks  name\n\n"
				   "   8        0       8192 sda\n"
				   "   8        1        992 sda1\n"
				   "   8        2          1 sda2\n"
				   "   8        4       4096 sda4\n"
				   "   8        5        500 sda5\n"
				   "   8        6        200 sda6\n"
				   "   2        0       2880 fd0\n";
	int fd = open("/proc/partitions", O_RDONLY);
	struct stat st;

	need(fd >= 0);
	memset(buf, 0, 1000);
	is(read(fd, buf, 1000), sizeof(want) - 1);
	check(!strcmp(buf, want), "partitions", "%s", buf);
	close(fd);
	check(whole("/dev/sda1", 64, 1984), "a primary one", "%s", "");
	check(whole("/dev/sda5", 2050, 1000), "a logical one", "%s", "");
	check(whole("/dev/sda6", 3149, 400), "the next of the chain", "%s", "");
	check(whole("/dev/sda4", 8192, 8192), "the last", "%s", "");
	is(stat("/dev/sda6", &st), 0);
	check(S_ISBLK(st.st_mode) && st.st_rdev == makedev(8, 6),
	      "a device by number", "%o %llx", st.st_mode,
	      (unsigned long long)st.st_rdev);
	is(open("/dev/sda6", O_RDONLY | O_DIRECTORY), -ENOTDIR);
	need(mknod("/tmp/none", S_IFBLK | 0600, makedev(8, 7)) == 0);
	is(open("/tmp/none", O_RDONLY), -ENXIO);
	is(open("/dev/fd0", O_RDONLY), -ENXIO); /* no medium is in it */
}

static void test_exclusive(void)
{
	int whole, part, other;

	part = open("/dev/sda5", O_RDONLY | O_EXCL);
	need(part >= 0);
	is(fcntl(part, F_GETFL) & O_EXCL, 0);
	is(open("/dev/sda5", O_RDONLY | O_EXCL), -EBUSY);
	is(open("/dev/sda", O_RDONLY | O_EXCL), -EBUSY);
	is(swapon("/dev/sda5", 0), -EBUSY);
	is(swapon("/dev/sda6", 0), -EINVAL); /* nothing says that it is swap */
	other = open("/dev/sda6", O_RDONLY | O_EXCL);
	whole = open("/dev/sda5", O_RDONLY);
	need(other >= 0 && whole >= 0);
	close(other);
	close(whole);
	close(part);
	whole = open("/dev/sda", O_RDONLY | O_EXCL);
	need(whole >= 0);
	is(open("/dev/sda5", O_RDONLY | O_EXCL), -EBUSY);
	close(whole);
	part = open("/dev/sda5", O_RDONLY | O_EXCL);
	check(part >= 0, "exclusive, and free again", "%d", errno);
	close(part);
}

static void test_ends(int fd)
{
	uint64_t bytes = 0;
	unsigned long sectors = 0;
	int v = -1;

	is(lseek(fd, 0, SEEK_END), BYTES);
	is(lseek(fd, 1, SEEK_END), -EINVAL);
	is(pread(fd, buf, 100, BYTES - 10), 10);
	is(pread(fd, buf, 100, BYTES), 0);
	is(pwrite(fd, buf, 100, BYTES), -ENOSPC);
	is(pwrite(fd, "0123456789", 10, BYTES - 4), 4);
	is(pread(fd, nowhere, 1000, 0), -EFAULT);
	is(pwrite(fd, nowhere, 1000, 0), -EFAULT);
	is(pread(fd, buf, 0, 0), 0);
	is(ioctl(fd, BLKGETSIZE64, &bytes), 0);
	is(ioctl(fd, BLKGETSIZE, &sectors), 0);
	is(ioctl(fd, BLKSSZGET, &v), 0);
	check(bytes == BYTES && sectors == SECTORS && v == SECTOR,
	      "how large it is", "%llu %lu %d", (unsigned long long)bytes,
	      sectors, v);
	is(ioctl(fd, BLKGETSIZE64, nowhere), -EFAULT);
	is(ioctl(fd, 0x12ff, 0), -ENOTTY);
}

/* A write in the middle of sectors leaves what is around it. */
static void test_beside_sectors(int fd)
{
	static const struct {
		long at;
		size_t n;
	} tries[] = { { 5000, 1 },	{ 5119, 2 },	  { 6000, 2000 },
		      { 8192, 512 },	{ 8191, 514 },	  { 100000, 70000 },
		      { 65535, 65538 }, { 131072, 65536 } };

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		long at = tries[i].at, n = (long)tries[i].n;
		long from = at - 1000, room = n + 2000;

		is(pread(fd, was, (size_t)room, from), room);
		memset(buf, 'A' + (int)i, (size_t)n);
		is(pwrite(fd, buf, (size_t)n, at), n);
		memset(was + 1000, 'A' + (int)i, (size_t)n);
		is(pread(fd, buf, (size_t)room, from), room);
		check(!memcmp(buf, was, (size_t)room), "a write beside sectors",
		      "%ld bytes at %ld", n, at);
	}
	is(fsync(fd), 0);
}

/* Memory that ends within the write: what is not there is not written. */
static void test_memory_ends(int fd)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	need(p != MAP_FAILED && munmap(p + 4096, 4096) == 0);
	memset(p, 'm', 4096);
	is(pread(fd, was, 4096, 200000), 4096);
	is(pwrite(fd, p + 4000, 1000, 200000), 96);
	is(pread(fd, buf, 4096, 200000), 4096);
	memset(was, 'm', 96);
	check(!memcmp(buf, was, 4096), "memory that ends within", "%s", "");
}

static void test_many(int fd)
{
	int bad = 0, status;

	for (int child = 0; child < 8; child++)
		if (!fork()) {
			char mine[3000], back[3000];

			for (int i = 0; i < 20; i++) {
				/* Regions that part within no sector. */
				long at = 3000000 + child * 4096 + i * 8 * 4096;

				memset(mine, 'a' + child, sizeof(mine));
				if (pwrite(fd, mine, 3000, at) != 3000 ||
				    pread(fd, back, 3000, at) != 3000 ||
				    memcmp(mine, back, 3000))
					_exit(1);
			}
			_exit(0);
		}
	while (wait(&status) > 0)
		bad += status != 0;
	check(!bad, "eight at once", "%d saw others' bytes", bad);
}

static void test_read_only(int fd)
{
	int v = 1;

	is(ioctl(fd, BLKROSET, &v), 0);
	v = 0;
	is(ioctl(fd, BLKROGET, &v), 0);
	check(v == 1, "read-only", "%d", v);
	is(pwrite(fd, buf, 512, 0), -EPERM);
	is(open("/dev/sda", O_WRONLY), -EROFS);
	v = 0;
	is(ioctl(fd, BLKROSET, &v), 0);
	is(pwrite(fd, "x", 1, 4096), 1);
}

/* Field @i of sda's line in /proc/diskstats, from the name on. */
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

static void test_stats(int fd)
{
	long reads = stat_of("sda", 0), sectors = stat_of("sda", 2);
	long part = stat_of("sda5", 2), flushes = stat_of("sda", 15);
	int fd5 = open("/dev/sda5", O_RDONLY);

	need(fd5 >= 0); /* in whole pages of 8 sectors */
	is(pread(fd5, buf, 10 * SECTOR, 0), 10 * SECTOR);
	check(stat_of("sda", 0) == reads + 1 &&
		      stat_of("sda", 2) == sectors + 16 &&
		      stat_of("sda5", 2) == part + 16,
	      "reads are counted", "%ld %ld %ld", stat_of("sda", 0) - reads,
	      stat_of("sda", 2) - sectors, stat_of("sda5", 2) - part);
	is(fsync(fd), 0);
	check(stat_of("sda", 15) == flushes + 1, "and flushes", "%ld",
	      stat_of("sda", 15) - flushes);
	check(!stat_of("sda", 8), "nothing is under way", "%ld",
	      stat_of("sda", 8));
	close(fd5);
}

int main(void)
{
	int fd = open("/dev/sda", O_RDWR);

	need(fd >= 0);
	test_partitions();
	test_exclusive();
	test_ends(fd);
	test_beside_sectors(fd);
	test_memory_ends(fd);
	test_many(fd);
	test_read_only(fd);
	test_stats(fd);
	return checks_done();
}
