/* SPDX-License-Identifier: MIT */
/*
 * ASHLAR_OPTIONS: the core's option language from the environment. Read when
 * the process first allocates, straight from environ: getenv() of a program
 * may be its own. Set-uid programs take no orders from their callers.
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

void port_read_options(void)
{
	static const char name[] = "ASHLAR_OPTIONS=";
	const struct cmdline_sink sink = { port_log, say_unknown };
	char **e;

	if (!environ || host.secure)
		return;
	for (e = environ; *e; e++)
		if (!ashlar_strncmp(*e, name, sizeof(name) - 1))
			cmdline_parse(*e + sizeof(name) - 1, ashlar_options,
				      ARRAY_SIZE(ashlar_options), &sink);
}
