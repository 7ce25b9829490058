/* SPDX-License-Identifier: MIT */
/* Checks in programs that run inside the machine: one line each. */
#ifndef CHECK_H
#define CHECK_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int checks_failed;

/* Prints "ok NAME", or "not ok NAME - " and what the format says. */
__attribute__((format(printf, 3, 4), unused)) static int
check(int good, const char *name, const char *format, ...)
{
	va_list args;

	if (good) {
		printf("ok %s\n", name);
	} else {
		checks_failed++;
		printf("not ok %s - ", name);
		va_start(args, format);
		vprintf(format, args);
		va_end(args);
		printf("\n");
	}
	fflush(stdout);
	return good;
}

/* A step that a test needs and does not examine. */
#define need(what)                                   \
	do {                                         \
		if (!(what)) {                       \
			check(0, #what, "errno %m"); \
			exit(1);                     \
		}                                    \
	} while (0)

/* The value of an expression; errno, negative, if it says -1. */
#define value(e)                                        \
	({                                              \
		long value_v = (long)(e);               \
		value_v == -1 ? -(long)errno : value_v; \
	})

/* An expression's value() is what it should be; only a failure is told. */
#define is(e, want)                                                           \
	do {                                                                  \
		long is_v = value(e);                                         \
		if (is_v != (long)(want))                                     \
			check(0, #e, "line %d: %ld, not %ld", __LINE__, is_v, \
			      (long)(want));                                  \
	} while (0)

static inline int checks_done(void)
{
	return checks_failed != 0;
}

#endif
