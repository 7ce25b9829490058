/* SPDX-License-Identifier: MIT */
/* The option races=, for libashlar-check.so, which looks for lost updates. */
#include <ashlar/check.h>
#include <ashlar/cmdline.h>
#include <errno.h>
#include "user.h"

bool races_wanted;

/**
 * setup_races() - the option races=
 * @str: 0 or 1
 *
 * Return: 0 or -EINVAL.
 */
int setup_races(const char *str)
{
	unsigned long value;

	if (!cmdline_number(&str, &value) || *str || value > 1)
		return -EINVAL;
	races_wanted = value;
	return 0;
}
