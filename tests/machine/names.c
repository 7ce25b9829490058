/* SPDX-License-Identifier: MIT */
/*
 * Names: what open, mkdir, rename, link, mount and their relatives answer,
 * above all when they refuse. Every answer is Linux's.
 *
 *   names [FOLDER]    the folder (/tmp) must be in a tmpfs; run as root
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#include "check.h"

#define HERE AT_FDCWD

static void *volatile bad_address = (void *)8;
static void *volatile kernel_address = (void *)0xc0100000;
#define bad ((void *)bad_address)
#define kernel ((void *)kernel_address)

static char buf[8192];
static char long_name[PATH_MAX + 10];

static struct stat *status(const char *name)
{
	static struct stat st;

	need(lstat(name, &st) == 0);
	return &st;
}

static int make(const char *name)
{
	int fd = open(name, O_CREAT | O_RDWR, 0644);

	need(fd >= 0);
	return fd;
}

static void check_open(void)
{
	int fd;

	memset(long_name, 'a', sizeof(long_name) - 1);
	is(open(long_name, O_RDONLY), -ENAMETOOLONG);
	long_name[300] = '\0';
	is(open(long_name, O_RDONLY), -ENAMETOOLONG);
	is(open("x", O_RDONLY), -ENOENT);
	is(open("", O_RDONLY), -ENOENT);
	is(open(bad, O_RDONLY), -EFAULT);
	is(open(kernel, O_RDONLY), -EFAULT);
	close(make("x"));
	is(open("x", O_CREAT | O_EXCL, 0644), -EEXIST);
	is(open("x/", O_RDONLY), -ENOTDIR);
	is(open("x/y", O_RDONLY), -ENOTDIR);
	is(open("y/", O_CREAT, 0644), -EISDIR);
	is(open(".", O_RDWR), -EISDIR);
	is(open(".", O_CREAT, 0644), -EISDIR);
	is(open("x", O_DIRECTORY), -ENOTDIR);
	is(open("x", O_CREAT | O_DIRECTORY, 0644), -EINVAL);
	is(open("nodir", O_DIRECTORY), -ENOENT);
	need((fd = open("x", O_PATH)) >= 0);
	is(read(fd, buf, 1), -EBADF);
	is(fchmod(fd, 0600), -EBADF);
	is(fcntl(fd, F_SETFL, 0), -EBADF);
	is(ioctl(fd, FIONBIO, buf), -EBADF);
	is(openat(fd, "y", 0), -ENOTDIR);
	is(openat(fd, "", 0), -ENOENT);
	is(close(fd), 0);
	is(access("x", F_OK), 0);
	is(access("x", X_OK), -EACCES);
	is(access("x", 99), -EINVAL);
	is(access("none", 0), -ENOENT);
	is(access(bad, 0), -EFAULT);
}

static int openat2_as(const char *name, u_int64_t flags, u_int64_t mode,
		      u_int64_t resolve, unsigned int size)
{
	u_int64_t how[3] = { flags, mode, resolve };

	return (int)syscall(SYS_openat2, HERE, name, how, size);
}

static void check_openat2(void)
{
	is(close(openat2_as("x", 0, 0, 0, 24)), 0);
	is(openat2_as("x", 0, 0, 0, 8), -EINVAL);
	is(openat2_as("x", 1ull << 40, 0, 0, 24), -EINVAL);
	is(openat2_as("x", 0, 0644, 0, 24), -EINVAL);
	is(openat2_as("/tmp", 0, 0, 8, 24), -EXDEV);
	is(openat2_as("../x", 0, 0, 8, 24), -EXDEV);
	is(openat2_as("link", 0, 0, 4, 24), -ELOOP);
	is(close(openat2_as("/x", 0, 0, 16, 24)), 0);
	is(close(openat2_as("../../x", 0, 0, 16, 24)), 0);
}

static void check_directories(void)
{
	is(mkdir("x", 0755), -EEXIST);
	is(mkdir("d", 0755), 0);
	is(mkdir("d/", 0755), -EEXIST);
	is(mkdir("d/.", 0755), -EEXIST);
	is(mkdir("d/..", 0755), -EEXIST);
	is(mkdir("q/r", 0755), -ENOENT);
	is(mkdir("x/r", 0755), -ENOTDIR);
	is(mkdir("/", 0755), -EEXIST);
	is(mkdir("", 0755), -ENOENT);
	is(mkdir("e/", 0755), 0);
	is(mkdir(bad, 0755), -EFAULT);
	is(mkdir("d/s", 0700), 0);
	is(status("d")->st_nlink, 3);
	is(rmdir("x"), -ENOTDIR);
	is(rmdir("d/."), -EINVAL);
	is(rmdir("d/.."), -ENOTEMPTY);
	is(rmdir("d"), -ENOTEMPTY);
	is(rmdir("none"), -ENOENT);
	is(rmdir("/"), -EBUSY);
	is(rmdir("."), -EINVAL);
	is(rmdir("/dev"), -EBUSY);
	is(unlink("d"), -EISDIR);
	is(unlink("d/"), -EISDIR);
	is(unlink("x/"), -ENOTDIR);
	is(unlink("none"), -ENOENT);
	is(unlink("/"), -EISDIR);
	is(unlink("none/x"), -ENOENT);
}

/* A process stays in a directory that is gone. */
static void check_gone(const char *folder)
{
	is(mkdir("gone", 0755), 0);
	is(chdir("gone"), 0);
	is(rmdir("../gone"), 0);
	is(syscall(SYS_getcwd, buf, 100), -ENOENT);
	is(open("f", O_CREAT, 0644), -ENOENT);
	is(mkdir("f", 0), -ENOENT);
	is(status(".")->st_nlink, 0);
	is(access("..", F_OK), 0);
	is(chdir(folder), 0);
	is(chdir("x"), -ENOTDIR);
	is(chdir("none"), -ENOENT);
	is(chroot("x"), -ENOTDIR);
	is(chroot("none"), -ENOENT);
	is(syscall(SYS_getcwd, buf, 3), -ERANGE);
	is(syscall(SYS_getcwd, bad, 100), -EFAULT);
}

static void check_rename(void)
{
	is(rename("d", "d/s/t"), -EINVAL);
	is(rename("d", "d"), 0);
	is(rename("none", "z"), -ENOENT);
	is(rename("x", "d"), -EISDIR);
	is(rename("d", "x"), -ENOTDIR);
	is(rename("x", "x"), 0);
	is(rename("x", "y/"), -ENOTDIR);
	is(rename("d/s", "d"), -ENOTEMPTY);
	is(rename("d", "d/.."), -EBUSY);
	is(rename(".", "z"), -EBUSY);
	is(rename("d", "e"), 0);
	is(access("e/s", F_OK), 0);
	is(mkdir("d", 0755), 0);
	is(rename("d", "e"), -ENOTEMPTY);
	is(rename("x", "/proc/x"), -EXDEV);
	is(renameat2(HERE, "x", HERE, "y", RENAME_NOREPLACE), 0);
	is(renameat2(HERE, "y", HERE, "e", RENAME_NOREPLACE), -EEXIST);
	is(renameat2(HERE, "y", HERE, "x", 8), -EINVAL);
	is(rename("y", "x"), 0);
}

static void check_exchange(void)
{
	unsigned int both = RENAME_EXCHANGE, mark = RENAME_WHITEOUT;
	char name[200];

	memset(name, 'n', 150);
	name[150] = '\0';
	need(mkdir("p", 0755) == 0 && mkdir("p/sub", 0755) == 0);
	need(mkdir("q", 0755) == 0);
	close(make("p/file"));
	close(make("q/other"));
	close(make(name));
	is(renameat2(HERE, "p/sub", HERE, "q/other", both), 0);
	is(S_ISDIR(status("q/other")->st_mode), 1);
	is(S_ISREG(status("p/sub")->st_mode), 1);
	is(status("p")->st_nlink, 2);
	is(status("q")->st_nlink, 3);
	is(status("p")->st_size, 80);
	is(renameat2(HERE, name, HERE, "p/file", both), 0);
	is(renameat2(HERE, name, HERE, "p/file", both), 0);
	is(renameat2(HERE, name, HERE, "p/file", both), 0);
	is(unlink(name), 0);
	is(renameat2(HERE, "p/file", HERE, name, both), -ENOENT);
	is(renameat2(HERE, "none", HERE, "p/file", both), -ENOENT);
	is(renameat2(HERE, "p", HERE, "p/file", both), -EINVAL);
	is(renameat2(HERE, "p/file", HERE, "p", both), -EINVAL);
	is(renameat2(HERE, "p/file", HERE, "p/sub/", both), -ENOTDIR);
	is(renameat2(HERE, "p/file", HERE, "q/", both), 0);
	is(renameat2(HERE, "p/file/", HERE, "q", both), 0);
	is(renameat2(HERE, "p", HERE, "q", both | 1), -EINVAL);
	is(renameat2(HERE, "p", HERE, "q", both | mark), -EINVAL);
	is(renameat2(HERE, "p/file", HERE, "p/file", both), 0);
	is(renameat2(HERE, "p/file", HERE, "q/moved", mark), 0);
	is(S_ISCHR(status("p/file")->st_mode), 1);
	is(status("p/file")->st_rdev, 0);
	is(status("p")->st_size, 80);
	is(renameat2(HERE, "q/moved", HERE, "p/file", mark | 1), -EEXIST);
	is(renameat2(HERE, "q/moved", HERE, "p/file", mark), 0);
	is(S_ISREG(status("p/file")->st_mode), 1);
	is(rmdir("q"), -ENOTEMPTY);
	is(unlink("q/moved"), 0);
	is(rmdir("q/other"), 0);
	is(rmdir("q"), 0);
	is(unlink("p/file"), 0);
	is(unlink("p/sub"), 0);
	is(rmdir("p"), 0);
}

static void xattrs_as_nobody(void)
{
	need(setresuid(1000, 1000, 1000) == 0);
	is(setxattr("xa", "trusted.a", "x", 1, 0), -EPERM);
	is(getxattr("xa", "trusted.a", buf, 9), -ENODATA);
	is(removexattr("xa", "trusted.a"), -EPERM);
	is(setxattr("xa", "security.capability", "x", 1, 0), -EINVAL);
	is(setxattr("xa", "security.capability", "\0\0\0\2abcdefghijklmnop", 20,
		    0),
	   -EPERM);
	is(getxattr("xa", "security.b", buf, 9), 0);
	is(setxattr("xa", "user.a", "x", 1, 0), -EACCES);
	is(setxattr("xa", "other.a", "x", 1, 0), -EACCES);
	is(getxattr("xa", "other.a", buf, 9), -EOPNOTSUPP);
	is(listxattr("xa", buf, sizeof(buf)), 11);
	is(listxattr("xa", NULL, 0), 11);
	_exit(checks_done());
}

static void check_xattrs(void)
{
	static char value[70000];
	int fd = make("xa"), status;

	is(setxattr("xa", "trusted.a", "one", 3, 0), 0);
	is(setxattr("xa", "trusted.a", "two!", 4, XATTR_CREATE), -EEXIST);
	is(setxattr("xa", "trusted.a", "two!", 4, XATTR_REPLACE), 0);
	is(setxattr("xa", "trusted.c", "x", 1, XATTR_REPLACE), -ENODATA);
	is(setxattr("xa", "trusted.c", "x", 1, 4), -EINVAL);
	is(fsetxattr(fd, "security.b", NULL, 0, 0), 0);
	is(setxattr("xa", "trusted.", "x", 1, 0), -EINVAL);
	is(setxattr("xa", "", "x", 1, 0), -ERANGE);
	memset(buf, 'n', 256);
	buf[256] = '\0';
	is(setxattr("xa", buf, "x", 1, 0), -ERANGE);
	is(setxattr("xa", bad, "x", 1, 0), -EFAULT);
	is(setxattr("xa", "trusted.d", bad, 1, 0), -EFAULT);
	is(setxattr("xa", "trusted.d", value, 65537, 0), -E2BIG);
	is(setxattr("xa", "trusted.d", value, 65536, 0), 0);
	is(getxattr("xa", "trusted.d", NULL, 0), 65536);
	is(getxattr("xa", "trusted.d", value, 65535), -ERANGE);
	is(fgetxattr(fd, "trusted.d", value, sizeof(value)), 65536);
	is(lremovexattr("xa", "trusted.d"), 0);
	is(removexattr("xa", "trusted.d"), -ENODATA);
	is(setxattr("xa", "user.a", "x", 1, 0), -EOPNOTSUPP);
	is(setxattr("xa", "other.a", "x", 1, 0), -EOPNOTSUPP);
	is(getxattr("xa", "trusted.a", buf, 3), -ERANGE);
	is(getxattr("xa", "trusted.a", bad, 9), -EFAULT);
	is(getxattr("xa", "trusted.a", buf, 9), 4);
	is(memcmp(buf, "two!", 4), 0);
	is(getxattr("xa", "security.b", buf, 9), 0);
	is(getxattr("xa", "trusted.none", buf, 9), -ENODATA);
	is(listxattr("xa", NULL, 0), 21);
	is(listxattr("xa", buf, 20), -ERANGE);
	is(flistxattr(fd, buf, 21), 21);
	is(memcmp(buf, "security.b\0trusted.a", 21), 0);
	need(symlink("xa", "xl") == 0);
	is(getxattr("xl", "trusted.a", buf, 9), 4);
	is(lgetxattr("xl", "trusted.a", buf, 9), -ENODATA);
	is(lsetxattr("xl", "trusted.l", "x", 1, 0), 0);
	is(lsetxattr("xl", "user.l", "x", 1, 0), -EPERM);
	is(llistxattr("xl", buf, 100), 10);
	is(setxattr("/proc/self/stat", "trusted.a", "x", 1, 0), -EOPNOTSUPP);
	is(listxattr("/proc/self/stat", buf, 100), 0);
	fflush(stdout);
	if (fork() == 0)
		xattrs_as_nobody();
	need(wait(&status) > 0);
	is(status, 0);
	unlink("xl");
	unlink("xa");
	close(fd);
}

static void check_links(void)
{
	is(link("x", "l"), 0);
	is(link("x", "l"), -EEXIST);
	is(link("d", "dl"), -EPERM);
	is(link("none", "dl"), -ENOENT);
	is(link("x", "/proc/x"), -ENOENT);
	is(link("x", "l2/"), -ENOENT);
	is(status("l")->st_nlink, 2);
	is(linkat(HERE, "x", HERE, "l3", 0x5000), -EINVAL);
	is(symlink("x", "link"), 0);
	is(symlink("x", "link"), -EEXIST);
	is(symlink("", "none"), -ENOENT);
	is(symlink("a", "none/link"), -ENOENT);
	is(readlink("link", buf, 100), 1);
	is(readlink("link", buf, 0), -EINVAL);
	is(readlink("x", buf, 10), -EINVAL);
	is(readlink("none", buf, 10), -ENOENT);
	is(readlink("", buf, 10), -ENOENT);
	is(readlink("link", bad, 10), -EFAULT);
	is(open("link", O_NOFOLLOW), -ELOOP);
	is(open("link", O_CREAT | O_EXCL, 0644), -EEXIST);
	is(close(open("link", O_RDONLY)), 0);
	is(symlink("new", "dangling"), 0);
	is(open("dangling", O_RDONLY), -ENOENT);
	is(close(open("dangling", O_CREAT | O_WRONLY, 0600)), 0);
	is(access("new", F_OK), 0);
	is(symlink("loop", "loop"), 0);
	is(open("loop", O_RDONLY), -ELOOP);
	is(access("loop/x", F_OK), -ELOOP);
	is(symlink("d", "sd"), 0);
	is(S_ISDIR(status("sd/")->st_mode), 1);
	is(S_ISLNK(status("sd")->st_mode), 1);
	is(rmdir("sd"), -ENOTDIR);
	is(rmdir("sd/"), -ENOTDIR);
	is(mkdir("sd", 0755), -EEXIST);
	is(open("sd", O_DIRECTORY | O_NOFOLLOW), -ENOTDIR);
}

static void check_nodes(void)
{
	int fd;

	is(mknod("fifo", S_IFIFO | 0644, 0), 0);
	is(mknod("reg", S_IFREG | 0644, 0), 0);
	is(mknod("reg", 0644, 0), -EEXIST);
	is(mknod("folder", S_IFDIR | 0644, 0), -EPERM);
	is(mknod("lnk", S_IFLNK | 0644, 0), -EINVAL);
	is(mknod("chr", S_IFCHR | 0644, makedev(250, 3)), 0);
	is(open("chr", O_RDWR), -ENXIO);
	is(mknod("blk", S_IFBLK | 0644, makedev(250, 0)), 0);
	is(open("blk", O_RDONLY), -ENXIO);
	is(mknod("sock", S_IFSOCK | 0644, 0), 0);
	is(open("sock", O_RDONLY), -ENXIO);
	is(open("fifo", O_WRONLY | O_NONBLOCK), -ENXIO);
	need((fd = open("fifo", O_RDONLY | O_NONBLOCK)) >= 0);
	is(read(fd, buf, 1), 0);
	is(lseek(fd, 0, 0), -ESPIPE);
	is(close(fd), 0);
}

static void check_owners(void)
{
	is(chmod("x", 04777), 0);
	is(chmod("none", 1), -ENOENT);
	is(fchmod(99, 1), -EBADF);
	is(chown("x", 1, 2), 0);
	is(status("x")->st_mode, S_IFREG | 0777);
	is(status("x")->st_uid, 1);
	is(status("x")->st_gid, 2);
	is(lchown("link", 3, 4), 0);
	is(status("link")->st_uid, 3);
	is(fchownat(HERE, "x", 0, 0, 0x9000), -EINVAL);
	is(chown("x", 0, 0), 0);
}

static void check_times(void)
{
	struct timespec ts[2] = { { 1000, 5 }, { 2000, UTIME_OMIT } };
	struct utimbuf ub = { 7, 8 };

	is(utimensat(HERE, "x", ts, 0), 0);
	is(status("x")->st_atim.tv_nsec, 5);
	is(status("x")->st_mtime > 2000, 1);
	ts[0].tv_nsec = 1000000000;
	is(utimensat(HERE, "x", ts, 0), -EINVAL);
	is(utimensat(HERE, "none", NULL, 0), -ENOENT);
	is(utimensat(HERE, "x", NULL, 77), -EINVAL);
	ts[0] = ts[1] = (struct timespec){ -5, 0 };
	is(utimensat(HERE, "x", ts, 0), 0);
	is(status("x")->st_mtime == -5, 1);
	is(utime("x", &ub), 0);
	is(status("x")->st_mtime, 8);
	is(utime("x", NULL), 0);
}

static void check_mounts(void)
{
	struct statfs sf;
	int fd;

	is(mount("t", "none", "tmpfs", 0, NULL), -ENOENT);
	is(mount("t", "x", "tmpfs", 0, NULL), -ENOTDIR);
	is(mount("t", "d", "nofs", 0, NULL), -ENODEV);
	is(mount("t", "d", NULL, 0, NULL), -EINVAL);
	is(mount("t", "d", "ramfs", 0, "size=64k"), 0);
	is(statfs("d", &sf), 0);
	is((unsigned int)sf.f_type, 0x858458f6);
	is(sf.f_blocks, 0);
	is(umount("d"), 0);
	is(mount("t", "d", "tmpfs", MS_RDONLY, "size=1m"), 0);
	is(open("d/f", O_CREAT | O_WRONLY, 0644), -EROFS);
	is(mkdir("d/g", 0755), -EROFS);
	is(mount("t", "d", "tmpfs", MS_REMOUNT, "size=1m"), 0);
	fd = make("d/f");
	is(umount("d"), -EBUSY);
	is(rmdir("d"), -EBUSY);
	is(ftruncate(fd, 10 << 20), 0);
	is(statfs("d", &sf), 0);
	is(sf.f_type, 0x01021994);
	is(sf.f_blocks, 256);
	close(fd);
	is(umount2("d", 64), -EINVAL);
	is(umount("d"), 0);
	is(umount("d"), -EINVAL);
	is(umount("none"), -ENOENT);
	is(mount("x", "d", NULL, MS_BIND, NULL), -ENOTDIR);
	is(mount("none", "d", NULL, MS_BIND, NULL), -ENOENT);
	is(mount("e", "d", NULL, MS_BIND, NULL), 0);
	is(access("d/s", F_OK), 0);
	is(umount2("d", MNT_DETACH), 0);
	is(access("d/s", F_OK), -ENOENT);
	is(statfs("none", &sf), -ENOENT);
	is(fstatfs(99, &sf), -EBADF);
}

static int nr_mounts(void)
{
	FILE *mounts = fopen("/proc/self/mounts", "r");
	int c, n = 0;

	while (mounts && (c = getc(mounts)) != EOF)
		n += c == '\n';
	if (mounts)
		fclose(mounts);
	return n;
}

/*
 * A mount that is older than what it was moved onto, and a tree of them that is
 * mounted again elsewhere: q ─ q/x ─ q/x/y (the oldest), and q/z.
 */
static void check_mount_trees(void)
{
	int before = nr_mounts();

	need(!mkdir("p", 0755) && !mkdir("q", 0755));
	is(mount("t", "p", "tmpfs", 0, NULL), 0);
	close(make("p/file"));
	is(mount("t", "q", "tmpfs", 0, NULL), 0);
	need(!mkdir("q/x", 0755) && !mkdir("q/z", 0755));
	is(mount("t", "q/x", "tmpfs", 0, NULL), 0);
	is(mount("t", "q/z", "tmpfs", 0, NULL), 0);
	need(!mkdir("q/x/y", 0755));
	is(mount("p", "q/x/y", NULL, MS_MOVE, NULL), 0);
	is(nr_mounts() - before, 4);
	is(mount("q", "p", NULL, MS_BIND | MS_REC, NULL), 0);
	is(nr_mounts() - before, 8);
	is(access("p/x/y/file", F_OK), 0);
	is(umount("p/x"), -EBUSY);
	is(umount2("p", MNT_DETACH), 0);
	is(nr_mounts() - before, 4);
	is(mount("q/x", "p", NULL, MS_BIND, NULL), 0);
	is(access("p/y/file", F_OK), -ENOENT);
	is(umount("p"), 0);
	is(mount("q/x", "q/z", NULL, MS_BIND | MS_REC, NULL), 0);
	is(nr_mounts() - before, 6);
	is(access("q/z/y/file", F_OK), 0);
	is(umount2("q", MNT_DETACH), 0);
	is(nr_mounts(), before);
	is(rmdir("p") || rmdir("q"), 0);
}

/* Options that a tmpfs refuses, and what the log then says. */
static void check_options(void)
{
	static const struct {
		unsigned long flags;
		const char *options, *told;
	} refused[] = {
		{ 0, "size=banana", "Bad value for 'size'" },
		{ 0, "size=", "Bad value for 'size'" },
		{ 0, "mode=8", "Bad value for 'mode'" },
		{ 0, "uid=5,gid=x", "Bad value for 'gid'" },
		{ 0, "nr_inodes=3z", "Bad value for 'nr_inodes'" },
		{ 0, "size=1m,frob=1", "Unknown parameter 'frob'" },
		{ MS_REMOUNT, "size=4k", "Too small a size for current use" },
		{ MS_REMOUNT, "nr_inodes=1", "Too few inodes for current use" },
	};
	char told[100];
	unsigned int i;

	klogctl(5, NULL, 0);
	for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		if (refused[i].flags == MS_REMOUNT && access("d/f", F_OK)) {
			is(mount("t", "d", "tmpfs", 0, ",size=64k,"), 0);
			need(write(make("d/f"), buf, 8192) == 8192);
		}
		is(mount("t", "d", "tmpfs", refused[i].flags,
			 refused[i].options),
		   -EINVAL);
		memset(buf, 0, sizeof(buf));
		need(klogctl(4, buf, sizeof(buf) - 1) > 0);
		snprintf(told, sizeof(told), "tmpfs: %s\n", refused[i].told);
		check(strstr(buf, told) != NULL, refused[i].options, "%s", buf);
	}
	is(mount("t", "d", "tmpfs", MS_REMOUNT, "size=8k,nr_inodes=2"), 0);
	is(umount2("d", MNT_DETACH), 0);
	is(mount("t", "d", "tmpfs", 0, "size=0,nr_inodes=0"), 0);
	is(mount("t", "d", "tmpfs", MS_REMOUNT, "size=1m"), -EINVAL);
	is(mount("t", "d", "tmpfs", MS_REMOUNT, "nr_inodes=9"), -EINVAL);
	is(umount("d"), 0);
}

static void check_tmpfile(void)
{
	char link[64];
	int fd;

	is(open(".", O_TMPFILE, 0600), -EINVAL);
	is(open("x", O_TMPFILE | O_RDWR, 0600), -ENOTDIR);
	need((fd = open(".", O_TMPFILE | O_RDWR, 0600)) >= 0);
	is(write(fd, "secret", 6), 6);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	is(linkat(HERE, link, HERE, "public", AT_SYMLINK_FOLLOW), 0);
	is(status("public")->st_size, 6);
	is(status("public")->st_nlink, 1);
	close(fd);
}

/* A directory that shrinks while it is listed. */
static void check_listing(void)
{
	char name[300];
	struct dirent *de;
	int i, n = 0;
	DIR *d;

	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "e/f%04d", i);
		close(make(name));
	}
	need((d = opendir("e")));
	while ((de = readdir(d))) {
		if (de->d_name[0] != 'f')
			continue;
		snprintf(name, sizeof(name), "e/%s", de->d_name);
		n += unlink(name) == 0;
	}
	closedir(d);
	is(n, 3000);
	is(rmdir("e/s"), 0);
	is(rmdir("e"), 0);
}

static void as_nobody(void)
{
	need(setgid(100) == 0 && setuid(100) == 0);
	is(open("mine", O_CREAT, 0644), -EACCES);
	is(unlink("x"), -EACCES);
	is(chmod("x", 0777), -EPERM);
	is(chown("x", 100, 100), -EPERM);
	is(open("x", O_RDWR), -EACCES);
	is(open("x", O_NOATIME), -EPERM);
	is(utime("x", NULL), -EACCES);
	is(access("x", W_OK), -EACCES);
	is(chroot("/tmp"), -EPERM);
	is(mount("a", "/tmp", "tmpfs", 0, NULL), -EPERM);
	is(mknod("shared/c", S_IFCHR, makedev(1, 3)), -EPERM);
	is(open("/dev/mem", O_RDONLY), -EACCES);
	/* A directory for all, where only one's own may be removed. */
	is(mkdir("shared/mine", 0700), 0);
	is(unlink("shared/roots"), -EPERM);
	is(rename("shared/roots", "shared/stolen"), -EPERM);
	is(rename("shared/mine", "shared/own"), 0);
	is(rmdir("shared/own"), 0);
	exit(checks_done());
}

static void check_permissions(void)
{
	int status_word;

	chmod("x", 0644);
	need(mkdir("shared", 0) == 0 && chmod("shared", 01777) == 0);
	close(make("shared/roots"));
	if (fork() == 0)
		as_nobody();
	need(wait(&status_word) > 0);
	is(status_word, 0);
}

static int mode_of(const char *name)
{
	struct stat st;

	return stat(name, &st) ? -errno : (int)st.st_mode & 07777;
}

/* In a directory that hands its group down a stranger makes no file that runs
 * with that group, whatever the umask says. */
static void as_stranger(void)
{
	int fd;

	need(setgroups(0, NULL) == 0 && setgid(100) == 0 && setuid(100) == 0);
	umask(0);
	close(open("bits/open", O_CREAT | O_WRONLY, 02777));
	umask(010);
	close(open("bits/umask", O_CREAT | O_WRONLY, 02777));
	umask(0);
	is(mknod("bits/node", S_IFREG | 02755, 0), 0);
	close(open("bits/no-exec", O_CREAT | O_WRONLY, 02767));
	is(mkdir("bits/folder", 0777), 0);
	fd = open("bits", O_TMPFILE | O_WRONLY, 02777);
	if (fd >= 0) {
		struct stat st;

		is(fstat(fd, &st), 0);
		is(st.st_mode & 07777, 0777);
	}
	_exit(checks_done());
}

static void check_group_bits(void)
{
	int status_word = -1;

	need(mkdir("bits", 0) == 0 && chown("bits", 0, 77) == 0 &&
	     chmod("bits", 02777) == 0);
	if (fork() == 0)
		as_stranger();
	need(wait(&status_word) > 0);
	is(status_word, 0);
	is(mode_of("bits/open"), 0777);
	is(mode_of("bits/umask"), 0767);
	is(mode_of("bits/node"), 0755);
	is(mode_of("bits/no-exec"), 02767);
	is(mode_of("bits/folder"), 02777);
	umask(0);
	close(open("bits/root", O_CREAT | O_WRONLY, 02777));
	is(mode_of("bits/root"), 02777);
	umask(022);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/names.XXXXXX";

	need(argc < 2 || chdir(argv[1]) == 0);
	need(mkdtemp(folder) && chdir(folder) == 0 && chmod(".", 0755) == 0);
	umask(022);
	check_open();
	check_directories();
	check_gone(folder);
	check_rename();
	check_exchange();
	check_xattrs();
	check_links();
	check_openat2();
	check_nodes();
	check_owners();
	check_times();
	check_mounts();
	check_mount_trees();
	check_options();
	check_tmpfile();
	check_listing();
	check_permissions();
	check_group_bits();
	check(!checks_done(), "names", "see above");
	return checks_done();
}
