/* SPDX-License-Identifier: MIT */
/* The error numbers that the core returns, with Linux's values. */
#ifndef ASHLAR_ERRNO_H
#define ASHLAR_ERRNO_H

#ifndef ENOMEM
#define ENOENT 2
#define EAGAIN 11
#define ENOMEM 12
#define EBUSY 16
#define EINVAL 22
#define ENOSPC 28
#define ERANGE 34
#endif

#endif
