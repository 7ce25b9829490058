/* SPDX-License-Identifier: MIT */
/* From a path as text to what it names. Code: kernel/fs/namei.c, dirops.c. */
#ifndef KERNEL_FS_NAMEI_H
#define KERNEL_FS_NAMEI_H

#include <ashlar/fs.h>
#include <mach/uaccess.h>

struct path;

#define PATH_MAX 4096

#define LOOKUP_FOLLOW 1u
#define LOOKUP_DIRECTORY 2u
#define LOOKUP_EMPTY 4u /* "" is @dfd itself */
#define LOOKUP_NO_SYMLINKS 8u /* openat2 */
#define LOOKUP_NO_MAGICLINKS 16u
#define LOOKUP_BENEATH 32u
#define LOOKUP_IN_ROOT 64u
#define LOOKUP_NO_XDEV 128u

/* Look up kernel text, from @dfd's directory; references in *@path. */
int kern_path_at(int dfd, const char *name, u32 flags, struct path *path);
/* The same with a program's pointer. */
int user_path_at(int dfd, const char __user *name, u32 flags,
		 struct path *path);

/* A program's path as kernel text (free with kfree), or ERR_PTR. */
char *getname(const char __user *name);
int kern_mkdir(const char *name, umode_t mode);
int kern_mksock(const char *name, umode_t mode, struct path *path);
int kern_mknod(const char *name, umode_t mode, u32 dev);
int kern_symlink(const char *target, const char *name);
int kern_link(const char *old, const char *name);
int kern_unlink(const char *name); /* or an empty directory */
/* A device in a filesystem of which there is one, mounted or not. */
int fs_mknod_below(const char *type, const char *name, umode_t mode, u32 dev);

#endif
