/* SPDX-License-Identifier: MIT */
/*
 * Random work on /dev/sda's ext2 until the power goes (tests/machine/powercut),
 * or for a number of steps. What the disk must have from some moment on is
 * said, a line each:
 *
 *   S NAME SEED SIZE    fsync said that it is there, with bytes of that seed
 *   E NAME SEED SIZE    or with these, from a rename on that is begun now
 *   U NAME              it is about to change, and may be anything again
 *
 *   M NAME OTHER        or under the other name, from a rename on that is begun
 *
 * Any step may fail, for want of memory or because a transfer does; then
 * nothing is said of it.
 *
 *   ext2_storm SEED STEPS failing   transfers fail, if fail_make_request= says
 *   ext2_storm SEED STEPS marking   it is said by writes of a sector behind the
 *                                   filesystem, for tests/machine/replay
 *   ext2_storm SEED STEPS moving    likewise; and directories move to others
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define FILES 60
#define DIRS 6

static char buf[200000];
static uint32_t state;
static char synced[FILES][80]; /* the name under which it is on the disk */
static int marks = -1; /* the device, for marks; -1: the console */
static int moving;

#define MARK_AT (24 << 20) /* behind the filesystem, tests/machine/run */

static uint32_t chance(uint32_t n)
{
	state = state * 1103515245 + 12345;
	return (state >> 8) % n;
}

static void fill(char *p, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (char)(seed >> 16);
	}
}

static void say(const char *format, ...)
{
	static char line[512] __attribute__((__aligned__(512)));
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (marks < 0 ? write(1, line, (size_t)n) != n :
			pwrite(marks, line, 512, MARK_AT) != 512)
		_exit(9);
}

static void name_of(char *out, unsigned int file, unsigned int version)
{
	snprintf(out, 80, "d%u/%s%u.%u", (file + version) % DIRS,
		 file % 3 ? "f" : "a_file_with_a_much_longer_name_", file,
		 version);
}

static void forget(unsigned int i)
{
	if (synced[i][0])
		say("U %s\n", synced[i]);
	synced[i][0] = 0;
}

static unsigned int version[FILES];

/* The file is new, and perhaps safe. */
static void write_file(unsigned int i)
{
	uint32_t seed = chance(1 << 20),
		 size = chance(chance(4) ? 9000 : 200000);
	char name[80];
	int fd;

	forget(i);
	name_of(name, i, version[i]);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		return;
	fill(buf, size, seed);
	if (write(fd, buf, size) == (ssize_t)size && chance(2) &&
	    fsync(fd) == 0) {
		say("S %s %u %u\n", name, seed, size);
		strcpy(synced[i], name);
	}
	close(fd);
}

static void rename_file(unsigned int i)
{
	char from[80], to[80];

	forget(i);
	name_of(from, i, version[i]);
	name_of(to, i, version[i] + 1);
	if (rename(from, to) == 0)
		version[i]++;
}

/* Another file takes the name of one that is safe. */
static void replace_file(unsigned int i)
{
	uint32_t seed = chance(1 << 20), size = chance(30000);
	char name[80], other[80];
	int fd;

	if (!synced[i][0])
		return;
	name_of(name, i, version[i]);
	snprintf(other, sizeof(other), "d%u/other%u", chance(DIRS), i);
	fd = open(other, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		return;
	fill(buf, size, seed);
	if (write(fd, buf, size) != (ssize_t)size || fsync(fd)) {
		close(fd);
		return;
	}
	say("E %s %u %u\n", name, seed, size);
	if (rename(other, name))
		forget(i);
	else if (chance(2) && fsync(fd) == 0)
		say("S %s %u %u\n", name, seed, size);
	close(fd);
}

static void remove_file(unsigned int i)
{
	char name[80];

	forget(i);
	name_of(name, i, version[i]);
	unlink(name);
}

static void cut_file(unsigned int i)
{
	char name[80];

	forget(i);
	name_of(name, i, version[i]);
	if (truncate(name, chance(100000)))
		return;
}

static void link_file(unsigned int i)
{
	char name[80], other[80];

	name_of(name, i, version[i]);
	snprintf(other, sizeof(other), "d%u/link%u", chance(DIRS), i);
	if (unlink(other) || chance(2))
		if (link(name, other))
			return;
}

/* Directories that no file is in. */
static void change_dirs(void)
{
	char name[80], other[90];

	snprintf(name, sizeof(name), "d%u/sub%u", chance(DIRS), chance(5));
	snprintf(other, sizeof(other), "%s/x", name);
	if (chance(2)) {
		mkdir(name, 0755);
		mkdir(other, 0755);
	} else {
		rmdir(other);
		rmdir(name);
	}
}

/* A directory with a file that is safe goes to another directory, and back. */
static void move_dir(void)
{
	static int made, where;
	char from[80], to[80], file[90], other[90];
	int fd, safe;

	snprintf(from, sizeof(from), "d%d/moved", where);
	snprintf(file, sizeof(file), "%s/f", from);
	if (!made) {
		mkdir(from, 0755);
		fd = open(file, O_RDWR | O_CREAT, 0644);
		fill(buf, 5000, 77);
		made = fd >= 0 && write(fd, buf, 5000) == 5000 && !fsync(fd);
		if (made)
			say("S %s 77 5000\n", file);
		close(fd);
		return;
	}
	snprintf(to, sizeof(to), "d%d/moved", (where + 1) % DIRS);
	snprintf(other, sizeof(other), "%s/f", to);
	say("M %s %s\n", file, other);
	if (rename(from, to))
		return;
	where = (where + 1) % DIRS;
	fd = open(to, O_RDONLY);
	safe = fd >= 0 && !fsync(fd);
	close(fd);
	if (safe) {
		say("U %s\n", file);
		say("S %s 77 5000\n", other);
	}
}

static void step(void)
{
	unsigned int i = chance(FILES);

	if (moving && !chance(10))
		move_dir();

	switch (chance(14)) {
	case 12:
	case 13:
		replace_file(i);
		break;
	case 0:
	case 1:
		remove_file(i);
		break;
	case 2:
		rename_file(i);
		break;
	case 3:
		cut_file(i);
		break;
	case 4:
		link_file(i);
		break;
	case 5:
		change_dirs();
		break;
	case 6:
		if (!chance(8))
			sync();
		break;
	default:
		write_file(i);
	}
}

/* Some transfers fail from now on, as fail_make_request= says. */
static void fail_transfers(void)
{
	int fd;

	mkdir("/sys", 0755);
	mount("sys", "/sys", "sysfs", 0, "");
	fd = open("/sys/block/sda/make-it-fail", O_WRONLY);
	need(fd >= 0 && write(fd, "1", 1) == 1);
	close(fd);
}

/* A step that may want memory more than once. */
#define patiently(what)                     \
	for (int tries = 50; what; tries--) \
	need(errno == ENOMEM && tries)

int main(int argc, char **argv)
{
	long steps = argc > 2 ? atol(argv[2]) : 1000;
	char name[16];

	need(argc > 1);
	if (argc > 3 && argv[3][0] == 'm') {
		marks = open("/dev/sda", O_WRONLY | O_DIRECT);
		moving = argv[3][1] == 'o';
		need(marks >= 0);
	}
	state = (uint32_t)atol(argv[1]);
	mkdir("/mnt", 0755);
	patiently(mount("/dev/sda", "/mnt", "ext2", 0, ""));
	patiently(chdir("/mnt"));
	for (unsigned int i = 0; i < DIRS; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		mkdir(name, 0755);
	}
	if (argc > 3 && argv[3][0] == 'f')
		fail_transfers();
	say("begun\n");
	while (steps--)
		step();
	for (unsigned int i = 0; i < FILES; i++)
		forget(i);
	patiently(chdir("/"));
	patiently(umount("/mnt"));
	return checks_done();
}
