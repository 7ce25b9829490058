/* SPDX-License-Identifier: MIT */
/* Which of a program's allocations are to fail. */
#ifndef ASHLAR_TOOLS_FAIL_RULE_H
#define ASHLAR_TOOLS_FAIL_RULE_H

#include <stdbool.h>

char *fail_rule(const char *rule, const char *program);
bool add_option(const char *option);

#endif
