/* SPDX-License-Identifier: MIT */
/* Text from values, without a C library. Code: lib/vsnprintf.c. */
#ifndef ASHLAR_PRINTF_H
#define ASHLAR_PRINTF_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

int ashlar_vsnprintf(char *buf, size_t size, const char *fmt,
		     __builtin_va_list ap) ASHLAR_PRINTF(3, 0);
int ashlar_snprintf(char *buf, size_t size, const char *fmt, ...)
	ASHLAR_PRINTF(3, 4);
void ashlar_vformat(void (*write)(void *to, const char *s, size_t n), void *to,
		    const char *fmt, __builtin_va_list ap) ASHLAR_PRINTF(3, 0);

#endif
