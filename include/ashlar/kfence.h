/* SPDX-License-Identifier: MIT */
/*
 * Blocks between pages that nobody may access: the options that ask for them.
 * Code: mm/kfence.c.
 */
#ifndef ASHLAR_KFENCE_H
#define ASHLAR_KFENCE_H

#include <ashlar/compiler.h>
#include <ashlar/report_record.h>

int setup_sample(const char *str);
int setup_guard(const char *str);
void kfence_init(void);

extern bool kfence_on __hidden; /* some blocks are guarded, or all */

/* For a port whose processor refused an access. */
bool kfence_fault(uintptr_t addr, enum report_access access,
		  const struct report_stack *now);

#endif
