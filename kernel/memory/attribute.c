/* SPDX-License-Identifier: MIT */
/*
 * What the files of /sys/kernel/mm have in common: one decimal number, within
 * bounds, that is kept or given to somebody; or a count that is only shown.
 */
#include <ashlar/errno.h>
#include <ashlar/seq_file.h>
#include <kernel/proc/proc_fs.h>
#include "attribute.h"

/** attribute_show() - a proc_entry's show(), for a struct attribute */
int attribute_show(struct seq_file *m, void *data)
{
	const struct attribute *a = data;

	seq_printf(m, "%u\n", *a->value);
	return 0;
}

/** attribute_write() - a proc_entry's write(), for a struct attribute */
ssize_t attribute_write(const char *text, size_t len, void *data)
{
	const struct attribute *a = data;
	int err = 0;
	long v;

	if (!proc_parse_long(text, &v) || v < (long)a->least ||
	    (unsigned long)v > a->most)
		return -EINVAL;
	if (a->set)
		err = a->set((unsigned int)v);
	else
		*a->value = (unsigned int)v;
	if (a->changed)
		a->changed();
	return err ? err : (ssize_t)len;
}

/** count_show() - a proc_entry's show(), for an unsigned long */
int count_show(struct seq_file *m, void *data)
{
	seq_printf(m, "%lu\n", *(const unsigned long *)data);
	return 0;
}
