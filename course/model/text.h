/* SPDX-License-Identifier: MIT */
/* Words of pictures and exercises: text.c. */
#ifndef COURSE_TEXT_H
#define COURSE_TEXT_H

#include <ashlar/printf.h>
#include <ashlar/seq_file.h>
#include <ashlar/types.h>

/* The text of a function's arguments behind @fmt, in the array @to. */
#define FORMAT(to, fmt)                                    \
	do {                                               \
		__builtin_va_list ap;                      \
		__builtin_va_start(ap, fmt);               \
		ashlar_vsnprintf(to, sizeof(to), fmt, ap); \
		__builtin_va_end(ap);                      \
	} while (0)

bool same(const char *a, const char *b);
/* Text in quotes, as JSON has it. */
void put_quoted(struct seq_file *m, const char *s);

#endif
