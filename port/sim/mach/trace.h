/* SPDX-License-Identifier: MIT */
/* Probes as in port/user, but empty: the paper machine has no tracers. */
#ifndef ASHLAR_MACH_TRACE_H
#define ASHLAR_MACH_TRACE_H

#include <ashlar/trace_none.h>

#endif
