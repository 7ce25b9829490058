/* SPDX-License-Identifier: MIT */
/*
 * A directory that is wrong on the disk, and what the mount option errors= has
 * follow from it: the caller's call fails, and then the filesystem goes on, can
 * be read only, or the machine stops. The disk says so from then on.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define DISK "/dev/sda"
#define STATE (1024 + 58) /* of the superblock */
#define ERROR_FS 2

static void mount_disk(const char *options)
{
	need(mount(DISK, "/mnt", "ext2", 0, options) == 0);
}

static uint32_t word_at(int fd, off_t at)
{
	uint32_t word;

	need(pread(fd, &word, 4, at) == 4);
	return word;
}

/* The first block of an inode, by the disk's own tables. */
static uint32_t first_block(int fd, uint32_t ino, uint32_t block_size)
{
	uint32_t per_group = word_at(fd, 1024 + 40);
	uint32_t inode_size = word_at(fd, 1024 + 88) & 0xffff;
	off_t groups = (off_t)(word_at(fd, 1024 + 20) + 1) * block_size;
	uint32_t table = word_at(fd, groups + (ino - 1) / per_group * 32 + 8);

	return word_at(fd, (off_t)table * block_size +
				   (ino - 1) % per_group * inode_size + 40);
}

/* The length of the first name's entry in /mnt/wrong becomes 3. */
static void spoil(void)
{
	const uint16_t wrong = 3;
	struct statvfs fs;
	struct stat st;
	uint32_t block;
	int fd;

	mount_disk("");
	need(mkdir("/mnt/wrong", 0755) == 0 && mkdir("/mnt/right", 0755) == 0);
	close(creat("/mnt/wrong/file", 0644));
	need(stat("/mnt/wrong", &st) == 0 && statvfs("/mnt", &fs) == 0);
	need(umount("/mnt") == 0);
	fd = open(DISK, O_RDWR);
	block = first_block(fd, (uint32_t)st.st_ino, (uint32_t)fs.f_bsize);
	need(block > 0);
	need(pwrite(fd, &wrong, 2, (off_t)block * (off_t)fs.f_bsize + 4) == 2);
	need(fsync(fd) == 0);
	close(fd);
}

static int state(void)
{
	uint16_t found;
	int fd = open(DISK, O_RDONLY);

	need(pread(fd, &found, 2, STATE) == 2);
	close(fd);
	return found;
}

static void set_state(uint16_t good)
{
	int fd = open(DISK, O_WRONLY);

	need(pwrite(fd, &good, 2, STATE) == 2 && fsync(fd) == 0);
	close(fd);
}

/* Names in /mnt/wrong, or -errno. */
static int names(void)
{
	DIR *d = opendir("/mnt/wrong");
	int n = 0;

	need(d);
	errno = 0;
	while (readdir(d))
		n++;
	n = errno ? -errno : n;
	closedir(d);
	return n;
}

static int read_only(void)
{
	struct statvfs st;

	need(statvfs("/mnt", &st) == 0);
	return !!(st.f_flag & ST_RDONLY);
}

static void test_continue(const char *options)
{
	is(state(), 1);
	mount_disk(options);
	is(names(), -EIO);
	is(open("/mnt/wrong/file", O_RDONLY), -EIO);
	is(read_only(), 0);
	is(mkdir("/mnt/right/more", 0755), 0);
	is(rmdir("/mnt/right/more"), 0);
	is(umount("/mnt"), 0);
	check(state() & ERROR_FS, *options ? options : "errors= of the disk",
	      "state %d", state());
	set_state(1);
}

static void test_read_only(void)
{
	int fd;

	mount_disk("errors=remount-ro");
	fd = creat("/mnt/right/open", 0644);
	need(fd >= 0 && write(fd, "1", 1) == 1);
	is(strstr(text_of("/proc/mounts"), "errors=remount-ro") != NULL, 1);
	is(names(), -EIO);
	is(read_only(), 1);
	is(mkdir("/mnt/right/more", 0755), -EROFS);
	is(open("/mnt/right/open", O_RDWR), -EROFS);
	is(access("/mnt/right/open", F_OK), 0);
	close(fd);
	is(umount("/mnt"), 0);
	check(state() & ERROR_FS, "errors=remount-ro", "state %d", state());
}

int main(int argc, char **argv)
{
	(void)argv;
	mkdir("/mnt", 0755);
	spoil();
	if (argc > 1) {
		mount_disk("errors=panic");
		names();
		return 1;
	}
	test_continue("errors=continue");
	test_continue("");
	test_read_only();
	return checks_done();
}
