/* SPDX-License-Identifier: MIT */
/* Preloaded: a kernel that has no ioctl() of a process's pages. */
#include <errno.h>

int ioctl(int fd, unsigned long request, ...)
{
	(void)fd;
	(void)request;
	errno = ENOTTY;
	return -1;
}
