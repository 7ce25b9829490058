/* SPDX-License-Identifier: MIT */
/* How full a filesystem is: statfs(2) and its relatives, and ustat(2). */
#include <ashlar/fs.h>
#include <ashlar/mm_types.h>
#include <ashlar/string.h>
#include <kernel/fs/fcntl.h>
#include <kernel/fs/fdtable.h>
#include <kernel/fs/namei.h>
#include <kernel/fs/path.h>
#include <kernel/fs/super.h>
#include <kernel/syscall.h>

struct statfs {
	u32 type, bsize, blocks, bfree, bavail, files, ffree;
	u32 fsid[2];
	u32 namelen, frsize, flags, spare[4];
};

struct statfs64 {
	u32 type, bsize;
	u64 blocks, bfree, bavail, files, ffree;
	u32 fsid[2];
	u32 namelen, frsize, flags, spare[4];
} __attribute__((packed));

/* f_flags: the mount's, and that they are valid. */
#define ST_VALID 0x20u
#define ST_NOATIME 0x400u
#define ST_NODIRATIME 0x800u
#define ST_RELATIME 0x1000u
#define ST_NOSYMFOLLOW 0x2000u

static u32 statfs_flags(const struct mount *mnt)
{
	u32 flags = ST_VALID |
		    (mnt->flags & (MS_NOSUID | MS_NODEV | MS_NOEXEC));

	if (mnt_readonly(mnt))
		flags |= MS_RDONLY;
	if (mnt->flags & MS_NOATIME)
		flags |= ST_NOATIME;
	if (mnt->flags & MS_NODIRATIME)
		flags |= ST_NODIRATIME;
	if (mnt->flags & MS_RELATIME)
		flags |= ST_RELATIME;
	if (mnt->flags & MS_NOSYMFOLLOW)
		flags |= ST_NOSYMFOLLOW;
	return flags;
}

static void get_statfs(struct super_block *sb, struct kstatfs *k)
{
	memset(k, 0, sizeof(*k));
	k->bsize = PAGE_SIZE;
	k->namelen = NAME_MAX;
	if (sb->s_op && sb->s_op->statfs)
		sb->s_op->statfs(sb, k);
}

static long put_statfs(struct mount *mnt, void __user *buf)
{
	struct statfs s = { .flags = statfs_flags(mnt) };
	struct kstatfs k;

	get_statfs(mnt->sb, &k);
	if ((k.blocks | k.bfree | k.files | k.ffree) >> 32)
		return -EOVERFLOW;
	s.type = k.type;
	s.bsize = s.frsize = k.bsize;
	s.blocks = (u32)k.blocks;
	s.bfree = (u32)k.bfree;
	s.bavail = (u32)k.bavail;
	s.files = (u32)k.files;
	s.ffree = (u32)k.ffree;
	s.fsid[0] = k.fsid[0];
	s.fsid[1] = k.fsid[1];
	s.namelen = k.namelen;
	return copy_to_user(buf, &s, sizeof(s)) ? -EFAULT : 0;
}

static long put_statfs64(struct mount *mnt, void __user *buf)
{
	struct statfs64 s;
	struct kstatfs k;

	get_statfs(mnt->sb, &k);
	memset(&s, 0, sizeof(s));
	s.flags = statfs_flags(mnt);
	s.type = k.type;
	s.bsize = s.frsize = k.bsize;
	s.blocks = k.blocks;
	s.bfree = k.bfree;
	s.bavail = k.bavail;
	s.files = k.files;
	s.ffree = k.ffree;
	s.fsid[0] = k.fsid[0];
	s.fsid[1] = k.fsid[1];
	s.namelen = k.namelen;
	return copy_to_user(buf, &s, sizeof(s)) ? -EFAULT : 0;
}

typedef long (*put_statfs_t)(struct mount *mnt, void __user *buf);

static long statfs_path(const char __user *name, void __user *buf,
			put_statfs_t put)
{
	struct path path;
	long err = user_path_at(AT_FDCWD, name, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = put(path.mnt, buf);
	path_put(&path);
	return err;
}

static long statfs_fd(unsigned int fd, void __user *buf, put_statfs_t put)
{
	struct fd f = fdget_raw(fd);
	long err;

	if (!f.file)
		return -EBADF;
	err = put(f.file->f_mnt, buf);
	fdput(f);
	return err;
}

SYSCALL_DEFINE(statfs, const char __user *name, void __user *buf)
{
	return statfs_path(name, buf, put_statfs);
}

SYSCALL_DEFINE(fstatfs, unsigned int fd, void __user *buf)
{
	return statfs_fd(fd, buf, put_statfs);
}

/* The C library says 84 or, padded as on other processors, 88. */
static bool statfs64_size_ok(u32 size)
{
	return size == sizeof(struct statfs64) || size == 88;
}

SYSCALL_DEFINE(statfs64, const char __user *name, u32 size, void __user *buf)
{
	if (!statfs64_size_ok(size))
		return -EINVAL;
	return statfs_path(name, buf, put_statfs64);
}

SYSCALL_DEFINE(fstatfs64, unsigned int fd, u32 size, void __user *buf)
{
	if (!statfs64_size_ok(size))
		return -EINVAL;
	return statfs_fd(fd, buf, put_statfs64);
}
