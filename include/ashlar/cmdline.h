/* SPDX-License-Identifier: MIT */
/*
 * One option language, for a kernel's command line and for an environment
 * variable: KEY=VALUE pairs separated by spaces or colons. KEY alone means
 * KEY=1; help=1 lists what is known. Code: lib/cmdline.c.
 */
#ifndef ASHLAR_CMDLINE_H
#define ASHLAR_CMDLINE_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

/* Bytes of the longest key and of the longest value, with their ends. */
#define CMDLINE_KEY_SIZE 32
#define CMDLINE_VALUE_SIZE 128

struct cmdline_option {
	const char *name;
	const char *help; /* one line */
	int (*parse)(const char *value); /* 0, or -errno: not understood */
};

/* Where cmdline_parse() speaks to; either may be NULL. */
struct cmdline_sink {
	void (*say)(const char *line); /* help, and values not understood */
	void (*unknown)(const char *key);
};

int cmdline_parse(const char *line, const struct cmdline_option *options,
		  size_t nr, const struct cmdline_sink *sink);
bool cmdline_number(const char **s, unsigned long *out);

#endif
