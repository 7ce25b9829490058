/* SPDX-License-Identifier: MIT */
/*
 * Checking all that a program or a kernel allocates by size: what the options
 * that begin it are, for whoever reads options.
 */
#ifndef ASHLAR_CHECK_H
#define ASHLAR_CHECK_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

extern bool slab_large
	__hidden; /* large blocks are watched; set before any is had */

int setup_check(const char *str);
int setup_harden(const char *str);
int setup_look(const char *str);
int setup_quarantine(const char *str);
void quarantine_default(size_t bytes, unsigned int share);
int setup_races(const char *str);

#endif
