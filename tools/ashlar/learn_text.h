/* SPDX-License-Identifier: MIT */
/* Text as HTML: learn_text.c. */
#ifndef ASHLAR_TOOLS_LEARN_TEXT_H
#define ASHLAR_TOOLS_LEARN_TEXT_H

#include <stdbool.h>
#include <stdio.h>

void put_html(FILE *out, const char *s, size_t n);
void text_as_html(FILE *out, const char *text);

#endif
