/* SPDX-License-Identifier: MIT */
/* Core files. Code: kernel/exec/coredump.c. */
#ifndef KERNEL_COREDUMP_H
#define KERNEL_COREDUMP_H

#include <ashlar/types.h>

struct siginfo;

#define CORE_PATTERN_SIZE 128
extern char core_pattern[CORE_PATTERN_SIZE]; /* kernel.core_pattern */
extern int core_uses_pid;

bool do_coredump(const struct siginfo *info);

#endif
