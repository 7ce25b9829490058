/* SPDX-License-Identifier: MIT */
/*
 * Files as disks: bound, asked, written through, cut into partitions, and let
 * go, by losetup's calls.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define LOOP_SET_FD 0x4c00
#define LOOP_CLR_FD 0x4c01
#define LOOP_GET_STATUS 0x4c03
#define LOOP_SET_STATUS64 0x4c04
#define LOOP_GET_STATUS64 0x4c05
#define LOOP_CHANGE_FD 0x4c06
#define LOOP_SET_CAPACITY 0x4c07
#define LOOP_SET_DIRECT_IO 0x4c08
#define LOOP_SET_BLOCK_SIZE 0x4c09
#define LOOP_CONFIGURE 0x4c0a
#define LOOP_CTL_ADD 0x4c80
#define LOOP_CTL_REMOVE 0x4c81
#define LOOP_CTL_GET_FREE 0x4c82
#define BLKRRPART 0x125f
#define BLKSSZGET 0x1268
#define BLKGETSIZE64 0x80041272

enum { READ_ONLY = 1, AUTOCLEAR = 4, PARTSCAN = 8 };

struct info {
	uint64_t device, inode, rdevice, offset, sizelimit;
	uint32_t number, encrypt_type, encrypt_key_size, flags;
	char file_name[64], crypt_name[64];
	uint8_t key[32];
	uint64_t init[2];
};

struct config {
	uint32_t fd, block_size;
	struct info info;
	uint64_t reserved[8];
};

static char buf[8192], back[8192];
static void *volatile nowhere = (void *)8; /* no program's */

/* A file of @kb KB, each byte of a KB its number, open. */
static int new_file(const char *path, int kb)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	need(fd >= 0);
	for (int i = 0; i < kb; i++) {
		memset(buf, i, 1024);
		is(write(fd, buf, 1024), 1024);
	}
	return fd;
}

static uint64_t bytes_of(int fd)
{
	uint64_t bytes = 0;

	is(ioctl(fd, BLKGETSIZE64, &bytes), 0);
	return bytes;
}

static void test_control(void)
{
	int ctl = open("/dev/loop-control", O_RDWR);
	struct stat st;

	need(ctl >= 0);
	is(ioctl(ctl, LOOP_CTL_GET_FREE, 0), 0);
	is(ioctl(ctl, LOOP_CTL_ADD, 3), -EEXIST);
	is(ioctl(ctl, LOOP_CTL_ADD, 20), 20);
	is(stat("/dev/loop20", &st), 0);
	check(S_ISBLK(st.st_mode) && st.st_rdev == makedev(7, 20),
	      "a device on request", "%o %llx", st.st_mode,
	      (unsigned long long)st.st_rdev);
	is(ioctl(ctl, LOOP_CTL_REMOVE, 20), 0);
	is(stat("/dev/loop20", &st), -ENOENT);
	is(ioctl(ctl, LOOP_CTL_REMOVE, 20), -ENODEV);
	is(ioctl(ctl, LOOP_CTL_ADD, 20), 20);
	is(ioctl(ctl, LOOP_CTL_REMOVE, 20), 0);
	is(ioctl(ctl, LOOP_CTL_REMOVE, -1), -EINVAL);
	is(ioctl(ctl, LOOP_CTL_ADD, -1), 8);
	is(ioctl(ctl, LOOP_CTL_REMOVE, 8), 0);
	is(ioctl(ctl, 0x4c99, 0), -ENOSYS);
	close(ctl);
}

static void test_bind(void)
{
	int file = new_file("/tmp/one", 64), fd = open("/dev/loop0", O_RDWR);
	struct info info;
	struct stat st;

	need(fd >= 0);
	is(read(fd, buf, 10), 0);
	is(ioctl(fd, LOOP_GET_STATUS64, &info), -ENXIO);
	is(ioctl(fd, LOOP_CLR_FD, 0), -ENXIO);
	is(ioctl(fd, LOOP_SET_CAPACITY, 0), -ENXIO);
	is(ioctl(fd, LOOP_SET_FD, 99), -EBADF);
	is(ioctl(fd, LOOP_SET_FD, open("/dev/null", O_RDWR)), -EINVAL);
	is(ioctl(fd, LOOP_SET_FD, fd), -EBADF);
	is(ioctl(fd, LOOP_SET_FD, file), 0);
	is(ioctl(fd, LOOP_SET_FD, file), -EBUSY);
	check(bytes_of(fd) == 65536, "as long as its file", "%llu",
	      (unsigned long long)bytes_of(fd));
	is(pread(fd, buf, 1024, 5 * 1024), 1024);
	check(buf[0] == 5 && buf[1023] == 5, "its bytes are the file's", "%d",
	      buf[0]);
	memset(buf, 'x', 2000);
	is(pwrite(fd, buf, 2000, 10000), 2000);
	is(fsync(fd), 0);
	is(pread(file, back, 2000, 10000), 2000);
	check(!memcmp(buf, back, 2000), "what is written is in the file", "%s",
	      "");
	is(pread(file, back, 1, 9999), 1);
	check(back[0] == 9, "and nothing beside it", "%d", back[0]);
	is(ioctl(fd, LOOP_GET_STATUS64, nowhere), -EFAULT);
	is(ioctl(fd, LOOP_GET_STATUS64, &info), 0);
	is(fstat(file, &st), 0);
	check(info.inode == st.st_ino && info.number == 0 && !info.flags,
	      "status", "%llu %u %x", (unsigned long long)info.inode,
	      info.number, info.flags);
	is(ioctl(fd, LOOP_SET_BLOCK_SIZE, 1000), -EINVAL);
	is(ioctl(fd, LOOP_SET_BLOCK_SIZE, 2048), 0);
	int size = 0;

	is(ioctl(fd, BLKSSZGET, &size), 0);
	check(size == 2048, "blocks of another size", "%d", size);
	is(ioctl(fd, LOOP_SET_DIRECT_IO, 0), 0);
	is(ftruncate(file, 32768), 0);
	is(ioctl(fd, LOOP_SET_CAPACITY, 0), 0);
	check(bytes_of(fd) == 32768, "the file was cut", "%llu",
	      (unsigned long long)bytes_of(fd));
	is(ioctl(fd, LOOP_CLR_FD, 0), 0);
	check(bytes_of(fd) == 0, "empty again", "%llu",
	      (unsigned long long)bytes_of(fd));
	is(ioctl(fd, LOOP_CLR_FD, 0), -ENXIO);
	close(fd);
	close(file);
}

static void test_part_of_file(void)
{
	int file = new_file("/tmp/two", 64), fd = open("/dev/loop1", O_RDWR);
	struct info info = { .offset = 8 * 1024, .sizelimit = 16 * 1024 };

	need(fd >= 0);
	strcpy(info.file_name, "/tmp/two");
	is(ioctl(fd, LOOP_SET_FD, file), 0);
	is(pread(fd, buf, 1024, 0), 1024);
	is(ioctl(fd, LOOP_SET_STATUS64, &info), 0);
	check(bytes_of(fd) == 16384, "a part of the file", "%llu",
	      (unsigned long long)bytes_of(fd));
	is(pread(fd, buf, 1024, 0), 1024);
	check(buf[0] == 8, "from its offset on", "%d", buf[0]);
	is(pread(fd, buf, 1024, 16384 - 512), 512);
	info.encrypt_key_size = 33;
	is(ioctl(fd, LOOP_SET_STATUS64, &info), -EINVAL);
	info.encrypt_key_size = 0;
	info.offset = 1ull << 63;
	is(ioctl(fd, LOOP_SET_STATUS64, &info), -EOVERFLOW);
	memset(&info, 0, sizeof(info));
	is(ioctl(fd, LOOP_GET_STATUS64, &info), 0);
	check(info.offset == 8192 && info.sizelimit == 16384 &&
		      !strcmp(info.file_name, "/tmp/two"),
	      "it is told", "%llu %llu %s", (unsigned long long)info.offset,
	      (unsigned long long)info.sizelimit, info.file_name);
	is(ioctl(fd, LOOP_GET_STATUS, buf), 0);
	is(ioctl(fd, LOOP_CHANGE_FD, file), -EINVAL);
	is(ioctl(fd, LOOP_CLR_FD, 0), 0);
	close(fd);
	close(file);
}

static void test_read_only(void)
{
	int file = new_file("/tmp/three", 8), other = new_file("/tmp/four", 8);
	int fd = open("/dev/loop2", O_RDONLY);
	struct info info;

	need(fd >= 0);
	is(ioctl(fd, LOOP_SET_FD, file), 0);
	is(ioctl(fd, LOOP_GET_STATUS64, &info), 0);
	check(info.flags == READ_ONLY, "read-only", "%x", info.flags);
	is(open("/dev/loop2", O_RDWR), -EROFS);
	is(pwrite(other, "new", 3, 0), 3);
	is(ioctl(fd, LOOP_CHANGE_FD, other), 0);
	is(pread(fd, buf, 3, 0), 3);
	check(!memcmp(buf, "new", 3), "another file below", "%.3s", buf);
	is(ioctl(fd, LOOP_CLR_FD, 0), 0);
	close(fd);
	close(file);
	close(other);
}

static void test_autoclear(void)
{
	int file = new_file("/tmp/five", 8), fd = open("/dev/loop3", O_RDWR);
	int second = open("/dev/loop3", O_RDONLY);
	struct config config = { .fd = (uint32_t)file, .block_size = 512 };

	need(fd >= 0 && second >= 0);
	config.info.flags = 1u << 20;
	is(ioctl(fd, LOOP_CONFIGURE, &config), -EINVAL);
	config.info.flags = AUTOCLEAR;
	is(ioctl(fd, LOOP_CONFIGURE, &config), 0);
	is(pwrite(fd, "kept", 4, 100), 4);
	close(fd);
	check(bytes_of(second) == 8192, "another has it open", "%llu",
	      (unsigned long long)bytes_of(second));
	close(second);
	fd = open("/dev/loop3", O_RDWR);
	check(bytes_of(fd) == 0, "gone with the last close", "%llu",
	      (unsigned long long)bytes_of(fd));
	is(pread(file, buf, 4, 100), 4);
	check(!memcmp(buf, "kept", 4), "and what was written is there", "%.4s",
	      buf);
	/* LOOP_CLR_FD of one that others have open waits for them. */
	is(ioctl(fd, LOOP_SET_FD, file), 0);
	second = open("/dev/loop3", O_RDONLY);
	is(ioctl(fd, LOOP_CLR_FD, 0), 0);
	check(bytes_of(fd) == 8192, "cleared while in use", "%llu",
	      (unsigned long long)bytes_of(fd));
	close(second);
	close(fd);
	fd = open("/dev/loop3", O_RDWR);
	check(bytes_of(fd) == 0, "until nobody uses it", "%llu",
	      (unsigned long long)bytes_of(fd));
	close(fd);
	close(file);
}

/* A partition of sectors 8 to 23, the first of the table. */
static void write_table(int file)
{
	unsigned char sector[512] = { 0 };

	sector[446 + 4] = 0x83;
	sector[446 + 8] = 8;
	sector[446 + 12] = 16;
	sector[510] = 0x55;
	sector[511] = 0xaa;
	is(pwrite(file, sector, 512, 0), 512);
}

static void test_partitions(void)
{
	int file = new_file("/tmp/six", 64), fd = open("/dev/loop4", O_RDWR);
	struct config config = { .fd = (uint32_t)file };
	struct stat st;
	int part;

	need(fd >= 0);
	write_table(file);
	config.info.flags = PARTSCAN;
	is(ioctl(fd, LOOP_CONFIGURE, &config), 0);
	is(stat("/dev/loop4p1", &st), 0);
	check(major(st.st_rdev) == 259, "a partition", "%llx",
	      (unsigned long long)st.st_rdev);
	part = open("/dev/loop4p1", O_RDWR);
	need(part >= 0);
	check(bytes_of(part) == 8192, "as the table says", "%llu",
	      (unsigned long long)bytes_of(part));
	is(pread(part, buf, 1024, 0), 1024);
	check(buf[0] == 4, "its first bytes", "%d", buf[0]);
	is(ioctl(fd, BLKRRPART, 0), -EBUSY);
	close(part);
	is(ioctl(fd, BLKRRPART, 0), 0);
	is(stat("/dev/loop4p1", &st), 0);
	is(ioctl(fd, LOOP_CLR_FD, 0), 0);
	is(stat("/dev/loop4p1", &st), -ENOENT);
	close(fd);
	close(file);
}

/* loop6 on loop5 on a file, and no circle. */
static void test_chain(void)
{
	int file = new_file("/tmp/seven", 256);
	int lower = open("/dev/loop5", O_RDWR);
	int upper = open("/dev/loop6", O_RDWR), bad = 0, status;

	need(lower >= 0 && upper >= 0);
	is(ioctl(lower, LOOP_SET_FD, file), 0);
	is(ioctl(upper, LOOP_SET_FD, lower), 0);
	for (int child = 0; child < 4; child++)
		if (!fork()) {
			for (int i = 0; i < 8; i++) {
				long at = (i * 4 + child) * 8192;

				memset(buf, 'a' + child, sizeof(buf));
				if (pwrite(upper, buf, 8192, at) != 8192 ||
				    (i & 3 && fsync(upper)))
					_exit(1);
			}
			_exit(0);
		}
	while (wait(&status) > 0)
		bad += status != 0;
	is(fsync(upper), 0);
	is(fsync(lower), 0);
	for (int i = 0; i < 32; i++) {
		is(pread(file, buf, 8192, i * 8192), 8192);
		bad += buf[0] != 'a' + i % 4 || buf[8191] != 'a' + i % 4;
	}
	check(!bad, "a device on a device", "%d wrong", bad);
	is(ioctl(upper, LOOP_CLR_FD, 0), 0);
	is(ioctl(lower, LOOP_CLR_FD, 0), 0);
	is(ioctl(lower, LOOP_SET_FD, upper), -EBADF);
	close(upper);
	close(lower);
	close(file);
}

int main(void)
{
	test_control();
	test_bind();
	test_part_of_file();
	test_read_only();
	test_autoclear();
	test_partitions();
	test_chain();
	return checks_done();
}
