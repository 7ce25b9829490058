/* SPDX-License-Identifier: MIT */
/*
 * Disks whose tables are wrong (tests/machine/ext2_fuzz): whatever they say,
 * each is mounted if it can be, walked, read and written, and unmounted. Any
 * call may fail; the machine must not.
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

#define DEPTH 6
#define MOST 3000 /* names, in circles */

static char buf[65536];
static long seen;

static void read_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_NONBLOCK);
	int n = 0;

	if (fd < 0)
		return;
	while (n++ < 32 && read(fd, buf, sizeof(buf)) > 0)
		;
	lseek(fd, 0, SEEK_HOLE);
	pread(fd, buf, 4096, 1 << 24);
	close(fd);
}

static void write_file(const char *name)
{
	int fd = open(name, O_RDWR | O_NONBLOCK);

	if (fd < 0)
		return;
	memset(buf, 'w', sizeof(buf));
	if (pwrite(fd, buf, 3000, 100) > 0 && pwrite(fd, buf, 100, 1 << 20) > 0)
		fsync(fd);
	if (ftruncate(fd, 5000) == 0)
		fsync(fd);
	close(fd);
}

static void make_names(void)
{
	struct stat st;

	close(creat("new", 0644));
	mkdir("newdir", 0755);
	rename("new", "newdir/moved");
	link("newdir/moved", "linked");
	if (symlink("linked", "sym") == 0)
		stat("sym", &st);
	unlink("newdir/moved");
	rmdir("newdir");
}

static void walk(int depth)
{
	char name[300];
	struct dirent *e;
	struct stat st;
	DIR *d = opendir(".");

	if (!d)
		return;
	while ((e = readdir(d)) && seen++ < MOST) {
		snprintf(name, sizeof(name), "%s", e->d_name);
		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (lstat(name, &st))
			continue;
		if (S_ISLNK(st.st_mode) && readlink(name, buf, 4000) < 0)
			continue;
		if (S_ISREG(st.st_mode)) {
			read_file(name);
			write_file(name);
		}
		if (S_ISDIR(st.st_mode) && depth < DEPTH && !chdir(name)) {
			walk(depth + 1);
			if (chdir(".."))
				break;
		}
		if (seen % 5 == 0 && unlink(name))
			rmdir(name);
	}
	closedir(d);
	make_names();
}

int main(int argc, char **argv)
{
	struct statvfs st;
	int mounted = 0;

	mkdir("/mnt", 0755);
	for (int i = 1; i < argc; i++) {
		need(chdir("/") == 0);
		if (mount(argv[i], "/mnt", "ext2", 0, "errors=continue") &&
		    mount(argv[i], "/mnt", "ext2", MS_RDONLY, ""))
			continue;
		mounted++;
		seen = 0;
		statvfs("/mnt", &st);
		if (chdir("/mnt") == 0)
			walk(0);
		sync();
		need(chdir("/") == 0);
		is(umount("/mnt"), 0);
	}
	check(1, "mounted", "%s", "");
	printf("%d of %d\n", mounted, argc - 1);
	return checks_done();
}
