/* SPDX-License-Identifier: MIT */
/* Checks in programs that run inside the machine: one line each. */
#ifndef CHECK_H
#define CHECK_H

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

static inline int checks_done(void)
{
	return checks_failed != 0;
}

#endif
