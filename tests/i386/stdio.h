/* SPDX-License-Identifier: MIT */
/* What tests use of a host's <stdio.h>, where there is no host. */
#ifndef ASHLAR_TESTS_I386_STDIO_H
#define ASHLAR_TESTS_I386_STDIO_H

#include <ashlar/printf.h>

#define snprintf ashlar_snprintf

#endif
