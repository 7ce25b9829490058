/* SPDX-License-Identifier: MIT */
/*
 * An ext2 filesystem that mke2fs made on /dev/sda, by an ordinary program's
 * calls: names, bytes, holes, links, a full disk. What is left is looked at
 * again after umount and mount, and by e2fsck when the machine is off
 * (tests/machine/run).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "check.h"

#define DIR_FILES 2000
#define FS_IOC_GETFLAGS 0x80046601
#define FS_IOC_SETFLAGS 0x40046602
#define IMMUTABLE 0x10
#define APPEND 0x20

static char buf[300000], was[300000];

static void mount_disk(unsigned long flags)
{
	need(mount("/dev/sda", "/mnt", "ext2", flags, "") == 0);
}

static void remount_disk(void)
{
	need(chdir("/") == 0);
	need(umount("/mnt") == 0);
	mount_disk(0);
	need(chdir("/mnt") == 0);
}

static void fill(char *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (char)(seed >> 16);
	}
}

/* A file of @n bytes that @seed says. */
static void make(const char *name, size_t n, uint32_t seed)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	need(fd >= 0);
	fill(buf, n, seed);
	is(write(fd, buf, n), n);
	close(fd);
}

/* True if a file has @n bytes, and they are what @seed says. */
static int has(const char *name, size_t n, uint32_t seed)
{
	int fd = open(name, O_RDONLY);
	ssize_t got;

	if (fd < 0)
		return 0;
	fill(buf, n, seed);
	memset(was, 0, n);
	got = read(fd, was, sizeof(was));
	close(fd);
	return got == (ssize_t)n && !memcmp(buf, was, n);
}

static int count_names(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	need(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* ---- names ---- */

static void test_names(void)
{
	struct stat st;
	char text[300];
	ssize_t len;

	is(mkdir("d", 0755), 0);
	is(mkdir("d/e", 0700), 0);
	is(mkdir("d", 0755), -EEXIST);
	is(stat("d", &st), 0);
	is(st.st_nlink, 3);
	is(mknod("d/null", S_IFCHR | 0600, makedev(1, 3)), 0);
	is(mkfifo("d/fifo", 0600), 0);
	is(stat("d/null", &st), 0);
	is(st.st_rdev, makedev(1, 3));
	is(symlink("e/x", "d/short"), 0);
	memset(text, 'y', sizeof(text));
	text[200] = 0;
	is(symlink(text, "d/long"), 0);
	is(rmdir("d"), -ENOTEMPTY);
	remount_disk();
	len = readlink("d/long", was, sizeof(was));
	check(len == 200 && !memcmp(was, text, 200), "a long symlink", "%zd",
	      len);
	len = readlink("d/short", was, sizeof(was));
	check(len == 3 && !memcmp(was, "e/x", 3), "a short symlink", "%zd",
	      len);
	is(stat("d/null", &st), 0);
	is(st.st_rdev, makedev(1, 3));
	is(unlink("d/null"), 0);
	is(unlink("d/fifo"), 0);
	is(rmdir("d/e"), 0);
	is(stat("d", &st), 0);
	is(st.st_nlink, 2);
}

static void test_links(void)
{
	struct stat st;

	is(close(creat("a", 0644)), 0);
	is(link("a", "b"), 0);
	is(link("a", "d/c"), 0);
	is(stat("b", &st), 0);
	is(st.st_nlink, 3);
	is(rename("a", "d/a"), 0);
	is(rename("d/a", "d/c"), 0); /* one file: nothing happens */
	is(unlink("d/a"), 0);
	is(unlink("b"), 0);
	is(stat("d/c", &st), 0);
	is(st.st_nlink, 1);
	is(mkdir("m", 0755), 0);
	is(mkdir("m/n", 0755), 0);
	is(rename("m/n", "d/n"), 0);
	is(stat("m", &st), 0);
	is(st.st_nlink, 2);
	is(stat("d", &st), 0);
	is(st.st_nlink, 3);
	is(rename("d", "d/n/x"), -EINVAL);
	is(mkdir("d/full", 0755), 0);
	is(close(creat("d/full/x", 0644)), 0);
	is(rename("m", "d/full"), -ENOTEMPTY);
	is(rename("m", "d/n"), 0);
	is(rename("d/n", "d/a_name_that_is_much_longer_than_that"), 0);
	is(rename("d/a_name_that_is_much_longer_than_that", "d/n"), 0);
	is(rename("d/full", "d/f"), 0);
	is(access("d/full", F_OK), -ENOENT);
	remount_disk();
	is(access("d/f/x", F_OK), 0);
	check(access("d/n", F_OK) == 0 && access("m", F_OK) < 0, "renamed",
	      "%s", "");
}

/* A directory of many blocks, in which names come and go. */
static void test_many_names(void)
{
	char name[64];
	int i, bad = 0, left = 0;

	is(mkdir("many", 0755), 0);
	for (i = 0; i < DIR_FILES; i++) {
		snprintf(name, sizeof(name), "many/a_name_of_some_length_%d",
			 i);
		bad += close(creat(name, 0644)) != 0;
	}
	check(!bad, "many names come", "%d", bad);
	is(count_names("many"), DIR_FILES + 2);
	for (i = 0; i < DIR_FILES; i += 2) {
		snprintf(name, sizeof(name), "many/a_name_of_some_length_%d",
			 i);
		bad += unlink(name) != 0;
	}
	check(!bad, "half of them go", "%d", bad);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "many/%d", i);
		bad += close(creat(name, 0644)) != 0;
	}
	remount_disk();
	for (i = 1; i < DIR_FILES; i += 2) {
		snprintf(name, sizeof(name), "many/a_name_of_some_length_%d",
			 i);
		left += access(name, F_OK) == 0;
	}
	check(left == DIR_FILES / 2, "the others stay", "%d", left);
	is(count_names("many"), DIR_FILES / 2 + 102);
	is(access("many/99", F_OK), 0);
}

/* ---- bytes ---- */

static void test_bytes(void)
{
	static const size_t sizes[] = { 0,    1,     100,   1023,  1024,
					4095, 12288, 60000, 299999 };
	char name[32];
	int bad = 0;

	is(mkdir("f", 0755), 0);
	for (unsigned int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "f/%u", i);
		make(name, sizes[i], i);
	}
	remount_disk();
	for (unsigned int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "f/%u", i);
		if (!has(name, sizes[i], i))
			bad |= 1 << i;
	}
	check(!bad, "bytes of files", "%x", bad);
}

/* A file with holes far apart, one end in each kind of indirect block. */
static void test_holes(void)
{
	static const long at[] = { 0,	    50000,    400000,
				   5000000, 90000000, 200000000 };
	int fd = open("holes", O_RDWR | O_CREAT, 0644), bad = 0;
	struct stat st;

	need(fd >= 0);
	for (int i = 0; i < 6; i++) {
		fill(buf, 5000, (uint32_t)i + 70);
		is(pwrite(fd, buf, 5000, at[i]), 5000);
	}
	close(fd);
	remount_disk();
	fd = open("holes", O_RDWR);
	need(fd >= 0);
	for (int i = 0; i < 6; i++) {
		fill(buf, 5000, (uint32_t)i + 70);
		bad += pread(fd, was, 5000, at[i]) != 5000 ||
		       memcmp(buf, was, 5000);
	}
	is(pread(fd, was, 5000, 3000000), 5000);
	for (int i = 0; i < 5000; i++)
		bad += was[i] != 0;
	check(!bad, "holes", "%d", bad);
	is(fstat(fd, &st), 0);
	check(st.st_blocks < 300, "holes take no room", "%ld",
	      (long)st.st_blocks);
	is(lseek(fd, 100000, SEEK_DATA) > 390000, 1);
	is(ftruncate(fd, 401000), 0);
	is(ftruncate(fd, 600000), 0);
	is(pread(fd, was, 5000, 400000), 5000);
	fill(buf, 1000, 72);
	bad += memcmp(was, buf, 1000) != 0;
	for (int i = 1000; i < 5000; i++)
		bad += was[i] != 0;
	check(!bad, "cut and grown", "%d", bad);
	close(fd);
}

/* Room ahead, and holes that are made. */
static void test_fallocate(void)
{
	int fd = open("room", O_RDWR | O_CREAT, 0644), bad = 0;
	struct stat st;
	long blocks;

	need(fd >= 0);
	is(fallocate(fd, 0, 1000, 200000), 0);
	is(fstat(fd, &st), 0);
	is(st.st_size, 201000);
	check(st.st_blocks >= 392, "room ahead", "%ld", (long)st.st_blocks);
	is(pread(fd, was, 100000, 50000), 100000);
	for (int i = 0; i < 100000; i++)
		bad += was[i] != 0;
	check(!bad, "which is zeroes", "%d", bad);
	is(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 300000), -EOPNOTSUPP);
	is(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 100000), 0);
	is(fallocate(fd, 0, 0, 1l << 30), -ENOSPC);
	is(fstat(fd, &st), 0);
	is(st.st_size, 201000);
	fill(buf, 201000, 17);
	is(pwrite(fd, buf, 201000, 0), 201000);
	is(fstat(fd, &st), 0);
	blocks = st.st_blocks;
	is(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5000,
		     100000),
	   0);
	is(fstat(fd, &st), 0);
	check(st.st_blocks < blocks - 180, "a hole is made", "%ld, %ld",
	      (long)st.st_blocks, blocks);
	close(fd);
	remount_disk();
	fd = open("room", O_RDONLY);
	need(fd >= 0);
	is(read(fd, was, 201000), 201000);
	memset(buf + 5000, 0, 100000);
	check(!memcmp(was, buf, 201000), "between the bytes", "%s", "");
	close(fd);
	is(unlink("room"), 0);
}

static void test_mapped(void)
{
	int fd = open("mapped", O_RDWR | O_CREAT, 0644);
	char *p;

	need(fd >= 0 && ftruncate(fd, 20000) == 0);
	p = mmap(NULL, 20000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(p != MAP_FAILED);
	fill(buf, 20000, 99);
	memcpy(p, buf, 20000);
	is(msync(p, 20000, MS_SYNC), 0);
	munmap(p, 20000);
	close(fd);
	remount_disk();
	check(has("mapped", 20000, 99), "written by a mapping", "%s", "");
}

static void test_open_unlinked(void)
{
	struct statvfs before, after;
	int fd;

	sync();
	is(statvfs(".", &before), 0);
	make("gone", 200000, 5);
	fd = open("gone", O_RDWR);
	need(fd >= 0);
	is(unlink("gone"), 0);
	is(pread(fd, was, 200000, 0), 200000);
	fill(buf, 200000, 5);
	check(!memcmp(was, buf, 200000), "a file without a name", "%s", "");
	close(fd);
	is(statvfs(".", &after), 0);
	check(before.f_bfree == after.f_bfree &&
		      before.f_ffree == after.f_ffree,
	      "its room is free", "%lu %lu", (unsigned long)before.f_bfree,
	      (unsigned long)after.f_bfree);
}

/* Till nothing goes in; then all of it can be had again. */
static void test_full(void)
{
	struct statvfs before, after;
	int fd = open("full", O_WRONLY | O_CREAT, 0644), round;
	long n, total[2];

	need(fd >= 0);
	is(statvfs(".", &before), 0);
	memset(buf, 'f', sizeof(buf));
	for (round = 0; round < 2; round++) {
		total[round] = 0;
		while ((n = write(fd, buf, sizeof(buf))) > 0)
			total[round] += n;
		is(n < 0 ? -errno : n, -ENOSPC);
		is(ftruncate(fd, 0), 0);
		is(lseek(fd, 0, SEEK_SET), 0);
	}
	check(total[0] == total[1], "a full disk, twice", "%ld %ld", total[0],
	      total[1]);
	close(fd);
	is(unlink("full"), 0);
	is(statvfs(".", &after), 0);
	check(before.f_bfree <= after.f_bfree, "and empty again", "%lu %lu",
	      (unsigned long)before.f_bfree, (unsigned long)after.f_bfree);
}

static void test_flags(void)
{
	int fd = open("flags", O_RDWR | O_CREAT, 0644), flags = IMMUTABLE;

	need(fd >= 0);
	is(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	is(open("flags", O_RDWR), -EPERM);
	is(unlink("flags"), -EPERM);
	is(chmod("flags", 0600), -EPERM);
	flags = APPEND;
	is(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	is(open("flags", O_WRONLY), -EPERM);
	is(close(open("flags", O_WRONLY | O_APPEND)), 0);
	flags = 0;
	is(ioctl(fd, FS_IOC_SETFLAGS, &flags), 0);
	close(fd);
	is(unlink("flags"), 0);
}

static void test_xattrs(void)
{
	char value[900];
	ssize_t n;

	make("x", 5000, 3);
	memset(value, 'v', sizeof(value));
	is(setxattr("x", "user.small", "abc", 3, XATTR_CREATE), 0);
	is(setxattr("x", "user.small", "abc", 3, XATTR_CREATE), -EEXIST);
	is(setxattr("x", "trusted.t", "", 0, 0), 0);
	is(setxattr("x", "security.s", value, 700, 0), 0);
	is(setxattr("x", "user.much", buf, 60000, 0), -ENOSPC);
	is(setxattr("d", "user.dir", "d", 1, 0), 0);
	is(setxattr("x", "other.x", "d", 1, 0), -EOPNOTSUPP);
	remount_disk();
	is(getxattr("x", "user.small", was, 100), 3);
	check(!memcmp(was, "abc", 3), "an attribute stays", "%s", "");
	is(getxattr("x", "security.s", was, 1000), 700);
	is(getxattr("x", "trusted.t", was, 1000), 0);
	n = listxattr("x", was, sizeof(was));
	check(n == 11 + 10 + 11, "their names", "%zd", n);
	is(removexattr("x", "security.s"), 0);
	is(getxattr("x", "security.s", was, 1000), -ENODATA);
	is(removexattr("d", "user.dir"), 0);
	remount_disk();
	is(getxattr("x", "security.s", was, 1000), -ENODATA);
	is(getxattr("x", "user.small", was, 100), 3);
	check(has("x", 5000, 3), "and the bytes", "%s", "");
	is(unlink("x"), 0);
}

/* The time at which a directory was last read, after it is read again. */
static time_t read_dir(const char *name)
{
	struct timespec old[2] = { { 1000, 0 }, { 2000, 0 } };
	struct stat st;
	DIR *d;

	need(utimensat(AT_FDCWD, name, old, 0) == 0);
	d = opendir(name);
	need(d && readdir(d));
	closedir(d);
	need(stat(name, &st) == 0);
	return st.st_atime;
}

/* Flags of a mount that names and times depend on. */
static void test_mount_flags(void)
{
	const unsigned long remount = MS_REMOUNT | MS_BIND;
	struct statfs st;

	is(symlink("f", "/mnt/to_f"), 0);
	is(mkdir("/mnt/times", 0755), 0);
	is(read_dir("/mnt/times") > 1000, 1);
	is(mount("", "/mnt", "", remount | MS_NODIRATIME, ""), 0);
	is(read_dir("/mnt/times"), 1000);
	is(mount("", "/mnt", "", remount | MS_NOSYMFOLLOW, ""), 0);
	is(open("/mnt/to_f/8", O_RDONLY), -ELOOP);
	is(open("/mnt/to_f", O_RDONLY), -ELOOP);
	is(readlink("/mnt/to_f", buf, sizeof(buf)), 1);
	is(statfs("/mnt", &st), 0);
	is(st.f_flags & 0x2000, 0x2000);
	is(mount("", "/mnt", "", remount, ""), 0);
	is(access("/mnt/to_f/8", R_OK), 0);
	check(1, "flags of a mount", "%s", "");
}

static void test_mounts(void)
{
	int fd;

	need(chdir("/") == 0);
	is(mount("/dev/sda", "/mnt", "ext2", MS_RDONLY, ""), -EBUSY);
	fd = open("/mnt/f/8", O_RDWR);
	is(mount("/dev/sda", "/mnt", "ext2", MS_REMOUNT | MS_RDONLY, ""),
	   -EBUSY);
	close(fd);
	is(mount("/dev/sda", "/mnt", "ext2", MS_REMOUNT | MS_RDONLY, ""), 0);
	is(mkdir("/mnt/ro", 0755), -EROFS);
	is(open("/mnt/f/8", O_RDWR), -EROFS);
	is(mount("/dev/sda", "/mnt", "ext2", MS_REMOUNT, ""), 0);
	is(mkdir("/mnt/rw", 0755), 0);
	is(mount("/dev/sda", "/mnt", "ext2", MS_REMOUNT, "nonsense"), -EINVAL);
	is(mount("/dev/null", "/mnt", "ext2", 0, ""), -ENOTBLK);
	is(mount("/dev/fd0", "/mnt", "ext2", 0, "") < 0, 1);
	is(umount("/mnt"), 0);
	check(1, "mounts", "%s", "");
}

/* ---- where the bytes are ---- */

#define FIBMAP 1
#define FIGETBSZ 2
#define FICLONE 0x40049409
#define FIEMAP 0xc020660b
#define EXTENTS 8

struct extents {
	uint64_t start, length;
	uint32_t flags, mapped, room, reserved;
	struct {
		uint64_t logical, physical, length, reserved64[2];
		uint32_t flags, reserved[3];
	} e[EXTENTS];
};

/* True if the disk has @n bytes of @p at @at. */
static int disk_has(uint64_t at, const char *p, size_t n)
{
	int fd = open("/dev/sda", O_RDONLY | O_LARGEFILE);
	int same = pread64(fd, was, n, (off64_t)at) == (ssize_t)n &&
		   !memcmp(was, p, n);

	close(fd);
	return same;
}

static void test_far_copies(int fd)
{
	off_t from = 0, to = 0xffffffffll << 12;

	is(copy_file_range(fd, &from, fd, &to, 10, 0), -EFBIG);
	to = 0x7fffffffffffffffll;
	is(copy_file_range(fd, &from, fd, &to, 10, 0), -EOVERFLOW);
}

static void test_extents(void)
{
	struct extents x = { .length = ~0ull, .flags = 1, .room = EXTENTS };
	int fd = open("extents", O_RDWR | O_CREAT, 0600), block, bs, ram;
	uint64_t bytes = 0;
	struct statfs s;
	uint32_t n, i;

	need(fd >= 0 && ioctl(fd, FIGETBSZ, &bs) == 0);
	fill(buf, sizeof(buf), 11);
	is(pwrite(fd, buf, 4096, 0), 4096);
	is(pwrite(fd, buf + 4096, 4096, 1 << 20), 4096);
	is(ioctl(fd, FIEMAP, &x), 0);
	n = x.mapped;
	need(n >= 2 && n <= EXTENTS);
	for (i = 0; i < n; i++) {
		size_t at = x.e[i].logical & ((1 << 20) - 1);

		at += x.e[i].logical >= 1 << 20 ? 4096 : 0;
		bytes += x.e[i].length;
		check(at + x.e[i].length <= 8192 &&
			      !(x.e[i].flags & 1) == (i < n - 1) &&
			      disk_has(x.e[i].physical, buf + at,
				       x.e[i].length),
		      "an extent, and the disk has it", "%u: %llu+%llu %x", i,
		      (long long)x.e[i].logical, (long long)x.e[i].length,
		      x.e[i].flags);
	}
	is(bytes, 8192);
	block = (int)(x.e[n - 1].logical / bs);
	is(ioctl(fd, FIBMAP, &block), 0);
	is(block, (long)(x.e[n - 1].physical / bs));
	block = 8192 / bs;
	is(ioctl(fd, FIBMAP, &block), 0);
	is(block, 0);
	block = -1;
	is(ioctl(fd, FIBMAP, &block), -EINVAL);
	x.room = 1;
	is(ioctl(fd, FIEMAP, &x), 0);
	is(x.mapped == 1 && !(x.e[0].flags & 1), 1);
	x.room = 0;
	is(ioctl(fd, FIEMAP, &x), 0);
	is(x.mapped, n);
	x.start = 8192;
	x.length = 4096;
	is(ioctl(fd, FIEMAP, &x), 0);
	is(x.mapped, 0);
	x.length = 0;
	is(ioctl(fd, FIEMAP, &x), -EINVAL);
	x.length = 1;
	x.flags = 4;
	is(ioctl(fd, FIEMAP, &x), -EBADR);
	is(x.flags, 4);
	x.room = ~0u;
	is(ioctl(fd, FIEMAP, &x), -EINVAL);
	is(ioctl(fd, FIEMAP, NULL), -EFAULT);
	is(ioctl(fd, FICLONE, fd), -EOPNOTSUPP);
	test_far_copies(fd);
	is(fstatfs(fd, &s), 0);
	check(s.f_fsid.__val[0] || s.f_fsid.__val[1],
	      "statfs tells filesystems from one another", "0");
	ram = open("/tmp/extents", O_RDWR | O_CREAT, 0600);
	is(ioctl(ram, FIEMAP, &x), -EOPNOTSUPP);
	is(ioctl(ram, FIBMAP, &block), -EINVAL);
	close(ram);
	close(fd);
	is(unlink("extents"), 0);
}

int main(void)
{
	mkdir("/mnt", 0755);
	mount_disk(0);
	need(chdir("/mnt") == 0);
	test_names();
	test_links();
	test_many_names();
	test_bytes();
	test_holes();
	test_fallocate();
	test_mapped();
	test_open_unlinked();
	test_full();
	test_flags();
	test_xattrs();
	test_extents();
	test_mount_flags();
	test_mounts();
	return checks_done();
}
