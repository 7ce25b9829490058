/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of files are on /dev/sda's ext2: asked for (FIEMAP, FIBMAP),
 * given up while others read and store (fallocate), and refused to a store
 * where the disk is full.
 */
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define PAGE 4096

static char buf[65536] __attribute__((__aligned__(4096)));
static long size; /* of a block */

static void remount_disk(void)
{
	need(!chdir("/") && !umount("/mnt"));
	need(!mount("/dev/sda", "/mnt", "ext2", 0, "") && !chdir("/mnt"));
}

static struct {
	struct fiemap head;
	struct fiemap_extent e[20];
} map;

static long ask(int fd, unsigned long long from, unsigned long long len,
		unsigned int room)
{
	memset(&map, 0, sizeof(map));
	map.head.fm_start = from;
	map.head.fm_length = len;
	map.head.fm_extent_count = room;
	map.head.fm_flags = FIEMAP_FLAG_SYNC;
	return value(ioctl(fd, FS_IOC_FIEMAP, &map));
}

/* What the disk has where an extent is said to be. */
static int is_there(const struct fiemap_extent *e, int byte)
{
	int fd = open("/dev/sda", O_RDONLY), good;

	need(fd >= 0);
	is(pread(fd, buf, 1024, e->fe_physical), 1024);
	good = buf[0] == byte && buf[1023] == byte;
	close(fd);
	return good;
}

static void test_fiemap(void)
{
	int fd = open("parts", O_RDWR | O_CREAT, 0644), n = 5;

	need(fd >= 0);
	is(ask(fd, 0, ~0ull, 20), 0);
	is(map.head.fm_mapped_extents, 0);
	memset(buf, 'a', sizeof(buf));
	is(pwrite(fd, buf, 8192, 0), 8192);
	memset(buf, 'b', sizeof(buf));
	is(pwrite(fd, buf, 8192, 1 << 20), 8192);
	is(ask(fd, 0, ~0ull, 20), 0);
	check(map.head.fm_mapped_extents == 2 && !map.e[0].fe_logical &&
		      map.e[0].fe_length == 8192 &&
		      map.e[1].fe_logical == 1 << 20 &&
		      map.e[1].fe_length == 8192,
	      "two extents", "%u", map.head.fm_mapped_extents);
	check(!(map.e[0].fe_flags & FIEMAP_EXTENT_LAST) &&
		      map.e[1].fe_flags & FIEMAP_EXTENT_LAST,
	      "the last one says so", "%x", map.e[1].fe_flags);
	check(is_there(&map.e[0], 'a') && is_there(&map.e[1], 'b'),
	      "they are where they are", "not");
	is(ask(fd, 0, ~0ull, 0), 0);
	is(map.head.fm_mapped_extents, 2);
	is(ask(fd, 8192, ~0ull, 1), 0);
	check(map.head.fm_mapped_extents == 1 && map.e[0].fe_logical == 1 << 20,
	      "from the hole on", "%u", map.head.fm_mapped_extents);
	is(ask(fd, 0, 0, 1), -EINVAL);
	is(ask(fd, ~0ull, 1, 1), -EFBIG);
	map.head.fm_length = 1;
	map.head.fm_start = 0;
	map.head.fm_flags = 0x80;
	is(value(ioctl(fd, FS_IOC_FIEMAP, &map)), -EBADR);
	is(map.head.fm_flags, 0x80);
	is(value(ioctl(fd, FS_IOC_FIEMAP, 8)), -EFAULT);
	is(ask(fd, 0, ~0ull, 1), 0);
	n = 1;
	is(ioctl(fd, FIBMAP, &n), 0);
	is(n, map.e[0].fe_physical / size + 1);
	n = 8192 / size;
	is(ioctl(fd, FIBMAP, &n), 0);
	is(n, 0);
	n = -1;
	is(value(ioctl(fd, FIBMAP, &n)), -EINVAL);
	is(ioctl(fd, FIGETBSZ, &n), 0);
	is(n, size);
	is(lseek(fd, 100, SEEK_SET), 100);
	is(ioctl(fd, FIONREAD, &n), 0);
	is(n, (1 << 20) + 8192 - 100);
	close(fd);
}

static long blocks_of(int fd)
{
	struct stat st;

	is(fstat(fd, &st), 0);
	return st.st_blocks * 512 / size;
}

/* A hole in a page that is written stays one. */
static void test_holes_stay(void)
{
	int fd = open("holes", O_RDWR | O_CREAT, 0644);
	long before;

	need(fd >= 0);
	is(ftruncate(fd, 40000), 0);
	is(pwrite(fd, "x", 1, 0), 1);
	is(fsync(fd), 0);
	is(blocks_of(fd), 1);
	before = blocks_of(fd);
	is(pwrite(fd, "y", 1, 1), 1);
	is(fsync(fd), 0);
	is(blocks_of(fd), before);
	is(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size),
	   0);
	is(fsync(fd), 0);
	is(blocks_of(fd), 0);
	is(pread(fd, buf, 8192, 0), 8192);
	check(!buf[0] && !buf[1], "and reads as zeroes", "%d", buf[0]);
	close(fd);
}

/* Holes come and go in a file that others store to and read. */
static void test_punch_race(void)
{
	int fd = open("race", O_RDWR | O_CREAT, 0644), n, bad = 0, status;
	volatile unsigned char *p;
	pid_t pid;

	need(fd >= 0 && !ftruncate(fd, 16 * PAGE));
	p = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(p != MAP_FAILED);
	pid = fork();
	need(pid >= 0);
	if (!pid) {
		for (n = 0; n < 300; n++) {
			is(fallocate(fd,
				     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				     1000 * (n % 7), 30000),
			   0);
			if (!(n % 10))
				fsync(fd);
		}
		_exit(checks_failed != 0);
	}
	/* Each byte is what was stored, or nothing. */
	for (n = 0; n < 3000; n++) {
		unsigned int at = n * 7919u % (16 * PAGE);
		unsigned char v;

		p[at] = (unsigned char)(at % 250 + 1);
		v = p[(at * 31 + 5) % (16 * PAGE)];
		bad += v && v != (at * 31 + 5) % (16 * PAGE) % 250 + 1;
	}
	need(waitpid(pid, &status, 0) == pid);
	is(status, 0);
	for (n = 0; n < 16 * PAGE; n += 97)
		p[n] = (unsigned char)(n % 250 + 1);
	need(!munmap((void *)p, 16 * PAGE));
	close(fd);
	remount_disk();
	fd = open("race", O_RDONLY);
	is(read(fd, buf, sizeof(buf)), 16 * PAGE);
	for (n = 0; n < 16 * PAGE; n++) {
		unsigned char v = (unsigned char)buf[n], want = n % 250 + 1;

		bad += (v && v != want) || (n % 97 == 0 && v != want);
	}
	check(!bad, "holes beside stores and reads", "%d bytes", bad);
	close(fd);
}

static sigjmp_buf back;

static void on_bus(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

/* The disk but for some blocks, in a file. */
static void fill_disk(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT, 0644);

	need(fd >= 0);
	memset(buf, 'f', sizeof(buf));
	while (write(fd, buf, sizeof(buf)) > 0 || write(fd, buf, 1024) > 0)
		;
	is(errno, ENOSPC);
	close(fd);
}

/* Stores into a mapping, until one is refused: pages that were good. */
static int store_all(char *p, int pages)
{
	volatile int n = 0;

	if (!sigsetjmp(back, 1))
		for (; n < pages; n++)
			p[n * PAGE] = 'm';
	return n;
}

static void test_full(void)
{
	int fd = open("mapped", O_RDWR | O_CREAT, 0644), n, i, bad = 0;
	struct sigaction act = { .sa_handler = on_bus };
	char *p;

	need(fd >= 0 && !ftruncate(fd, 500 * PAGE));
	is(pwrite(fd, "e", 1, 3 * PAGE + 2000), 1);
	p = mmap(NULL, 500 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(p != MAP_FAILED && !sigaction(SIGBUS, &act, NULL));
	p[10 * PAGE] = 'm';
	fill_disk("filler");
	need(!truncate("filler", 20 << 20));
	sync();
	fill_disk("filler2");
	need(!truncate("filler2", 1));
	sync();
	fill_disk("filler3");
	n = store_all(p, 500);
	check(n < 500, "a store on a full disk is SIGBUS", "none");
	is(fsync(fd), 0); /* no page was dirty without its place */
	is(pwrite(fd, "E", 1, 3 * PAGE + 2000), 1); /* this has one */
	is(fsync(fd), 0);
	is(unlink("filler"), 0);
	sync();
	check(store_all(p, 500) == 500, "and is possible with room", "not");
	is(fsync(fd), 0);
	need(!munmap(p, 500 * PAGE));
	close(fd);
	unlink("filler2");
	unlink("filler3");
	remount_disk();
	fd = open("mapped", O_RDONLY);
	for (i = 0; i < 500; i++) {
		is(pread(fd, buf, PAGE, (off_t)i * PAGE), PAGE);
		bad += buf[0] != 'm' || (i == 3 && buf[2000] != 'E');
	}
	check(!bad, "nothing of it is lost", "%d", bad);
	close(fd);
}

/* A directory that cannot have its new ".." keeps its name. */
static void test_moves(void)
{
	struct stat st, up;
	int n;

	need(!mkdir("from", 0755) && !mkdir("to", 0755));
	need(!mkdir("from/d", 0755) && !mkdir("from/d/e", 0755));
	for (n = 0; n < 200; n++) {
		const char *a = n % 2 ? "to/x" : "from/d";
		const char *b = n % 2 ? "from/d" : "to/x";

		is(rename(a, b), 0);
		if (!(n % 20))
			sync();
	}
	is(stat("from/d/e/..", &st), 0);
	is(stat("from/d/..", &up), 0);
	is(stat("from", &st), 0);
	is(up.st_ino, st.st_ino);
	is(st.st_nlink, 3);
	is(stat("to", &st), 0);
	is(st.st_nlink, 2);
}

int main(void)
{
	struct statvfs s;

	mkdir("/mnt", 0755);
	need(!mount("/dev/sda", "/mnt", "ext2", 0, "") && !chdir("/mnt"));
	need(!statvfs(".", &s));
	size = (long)s.f_bsize;
	test_fiemap();
	test_holes_stay();
	test_punch_race();
	test_moves();
	test_full();
	need(!chdir("/") && !umount("/mnt"));
	return checks_done();
}
