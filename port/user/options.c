/* SPDX-License-Identifier: MIT */
/*
 * ASHLAR_OPTIONS: the core's option language from the environment. Read when
 * the process starts (start.c); or before that, when an earlier library
 * allocates. Straight from environ: getenv() of a program may be its own.
 * Set-uid programs take no orders from their callers.
 */
#include <ashlar/options.h>
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include "user.h"

extern char **environ;

static void say_unknown(const char *key)
{
	char line[120];

	ashlar_snprintf(line, sizeof(line),
			"ASHLAR_OPTIONS: unknown option %s (help=1 lists them)",
			key);
	port_log(line);
}

static const char *value_in_environment(void)
{
	static const char name[] = "ASHLAR_OPTIONS=";
	char **e;

	for (e = environ; e && *e; e++)
		if (**e == *name && !ashlar_strncmp(*e, name, sizeof(name) - 1))
			return *e + sizeof(name) - 1;
	return NULL;
}

/* Whoever comes first reads them. */
void port_read_options(void)
{
	const struct cmdline_sink sink = { port_log, say_unknown };
	const char *value = value_in_environment();
	static bool done;

	if (!value || __atomic_exchange_n(&done, true, __ATOMIC_RELAXED))
		return;
	host_read();
	if (!host.secure)
		cmdline_parse(value, ashlar_options, ARRAY_SIZE(ashlar_options),
			      &sink);
	hold_listen();
	if (fail_wanted && ashlar_fail_begins)
		ashlar_fail_begins();
	if ((profile_on || kfence_on) && ashlar_samples_begin)
		ashlar_samples_begin();
	/* A program that is checked may be at fault before it allocates. */
	if (report_has_reader() && !*this_cpu_ptr(mm_cpu_self))
		port_cpu_start();
	if (report_has_reader() && ashlar_check_begins)
		ashlar_check_begins();
}
