/* SPDX-License-Identifier: MIT */
/* What stat(2) tells of a file: kinds, permissions, struct kstat. */
#ifndef KERNEL_FS_STAT_H
#define KERNEL_FS_STAT_H

#include <ashlar/fs.h>

struct path;

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define S_ISUID 04000
#define S_ISGID 02000
#define S_ISVTX 01000
#define S_IXGRP 00010
#define S_IRWXUGO 00777
#define S_IALLUGO 07777
#define S_ISLNK(m) (((m)&S_IFMT) == S_IFLNK)
#define S_ISREG(m) (((m)&S_IFMT) == S_IFREG)
#define S_ISDIR(m) (((m)&S_IFMT) == S_IFDIR)
#define S_ISCHR(m) (((m)&S_IFMT) == S_IFCHR)
#define S_ISBLK(m) (((m)&S_IFMT) == S_IFBLK)
#define S_ISFIFO(m) (((m)&S_IFMT) == S_IFIFO)
#define S_ISSOCK(m) (((m)&S_IFMT) == S_IFSOCK)

struct kstat {
	u64 ino;
	umode_t mode;
	u32 nlink, uid, gid, dev, rdev;
	loff_t size;
	u32 blksize;
	u64 blocks; /* of 512 bytes */
	s64 atime, mtime, ctime; /* ns since 1970 */
};
void vfs_getattr(const struct path *path, struct kstat *stat);

#endif
