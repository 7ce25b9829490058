/* SPDX-License-Identifier: MIT */
/* No checker watches the bare machine. */
#ifndef ASHLAR_MACH_SANITIZE_H
#define ASHLAR_MACH_SANITIZE_H

#include <ashlar/types.h>

static inline void port_poison(const void *p, size_t n)
{
	(void)p;
	(void)n;
}

static inline void port_unpoison(const void *p, size_t n)
{
	(void)p;
	(void)n;
}

#endif
