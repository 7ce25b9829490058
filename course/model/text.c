/* SPDX-License-Identifier: MIT */
/* Words of pictures and exercises; see text.h. */
#include <ashlar/string.h>
#include "text.h"

bool same(const char *a, const char *b)
{
	return ashlar_strcmp(a, b) == 0;
}

void put_quoted(struct seq_file *m, const char *s)
{
	seq_putc(m, '"');
	for (; *s; s++) {
		if (*s == '\n') {
			seq_puts(m, "\\n");
			continue;
		}
		if (*s == '"' || *s == '\\')
			seq_putc(m, '\\');
		seq_putc(m, *s);
	}
	seq_putc(m, '"');
}
