/* SPDX-License-Identifier: MIT */
/*
 * Last words. A line is formatted into a buffer on the stack and handed to
 * the port: nothing here allocates, takes a lock or knows where lines go, so
 * it works from every depth of the core.
 *
 *   mm_panic    the core's own invariant is broken    port_panic, no return
 *   mm_report   a caller's mistake                    port_report, policy
 *   mm_log      something worth a line                port_log
 */
#include <ashlar/printf.h>
#include <ashlar/report_record.h>
#include <ashlar/string.h>
#include "internal.h"

#define LINE_BYTES 256

/**
 * mm_panic() - stop: the core found its own data wrong
 * @fmt: what was expected and the values that disagree, without a newline
 *
 * Context: any, with any locks held. Does not return.
 */
void mm_panic(const char *fmt, ...)
{
	char line[LINE_BYTES];
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	ashlar_vsnprintf(line, sizeof(line), fmt, args);
	__builtin_va_end(args);
	port_panic(line);
}

/**
 * mm_report() - tell of a caller's mistake
 * @kind: a checker's short name for it: double-free, bad-free, …
 * @fmt: one sentence, without a newline
 *
 * Context: any; the port may end the program here. If it returns, the caller
 * leaves memory as it was and goes on.
 */
void mm_report(const char *kind, const char *fmt, ...)
{
	struct report_record r = { 0 };
	__builtin_va_list args;

	ashlar_strscpy(r.kind, kind, sizeof(r.kind));
	__builtin_va_start(args, fmt);
	ashlar_vsnprintf(r.sentence, sizeof(r.sentence), fmt, args);
	__builtin_va_end(args);
	port_report(&r);
}

/**
 * mm_log() - a line for whoever runs this machine
 * @fmt: the line, without a newline
 *
 * Context: any.
 */
void mm_log(const char *fmt, ...)
{
	char line[LINE_BYTES];
	__builtin_va_list args;

	__builtin_va_start(args, fmt);
	ashlar_vsnprintf(line, sizeof(line), fmt, args);
	__builtin_va_end(args);
	port_log(line);
}
