/* SPDX-License-Identifier: MIT */
/* Requests of ioctl(2) that more than one kind of file answers: ioctl.c. */
#ifndef KERNEL_FS_IOCTL_H
#define KERNEL_FS_IOCTL_H

#include <mach/uaccess.h>

struct file;

#define TIOCOUTQ 0x5411u /* bytes written that wait */
#define FIONREAD 0x541bu /* bytes that can be read */

/* ---- fiemap.c ---- */
long ioctl_fiemap(struct file *f, void __user *user);
long ioctl_fibmap(struct file *f, s32 __user *user);

#endif
