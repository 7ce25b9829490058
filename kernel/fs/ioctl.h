/* SPDX-License-Identifier: MIT */
/* Requests of ioctl(2) that more than one kind of file answers. */
#ifndef KERNEL_FS_IOCTL_H
#define KERNEL_FS_IOCTL_H

#define TIOCOUTQ 0x5411u /* bytes written that wait */
#define FIONREAD 0x541bu /* bytes that can be read */

#endif
