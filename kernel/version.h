/* SPDX-License-Identifier: MIT */
/*
 * What uname says. Programs look at the name and compare the release's
 * numbers to decide what they may use, so these are those of the Linux whose
 * system calls this kernel answers; the version says who answers.
 */
#ifndef KERNEL_VERSION_H
#define KERNEL_VERSION_H

#define UTS_SYSNAME "Linux"
#define UTS_RELEASE "6.1.0-ashlar"
#define UTS_RELEASE_26 "2.6.61-ashlar" /* 6.1 under UNAME26, as Linux counts */
#define UTS_VERSION "#1 Ashlar 0.2.0"
#define UTS_MACHINE "i686"
#define UTS_COMPILER __VERSION__

/* NUL-terminated, at most 64 characters. kernel/sys.c */
extern char uts_nodename[65], uts_domainname[65];

#endif
