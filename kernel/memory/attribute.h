/* SPDX-License-Identifier: MIT */
/* Numbers that are files of /sys/kernel/mm. Code: attribute.c. */
#ifndef KERNEL_MEMORY_ATTRIBUTE_H
#define KERNEL_MEMORY_ATTRIBUTE_H

#include <ashlar/types.h>

struct seq_file;

/* A number that can be set: proc_entry::data of the functions below. */
struct attribute {
	unsigned int *value; /* or NULL: only @set knows it */
	unsigned int least, most;
	int (*set)(unsigned int value); /* or NULL: it is only kept */
	void (*changed)(void); /* called after a change, or NULL */
};

int attribute_show(struct seq_file *m, void *data);
ssize_t attribute_write(const char *text, size_t len, void *data);
int count_show(struct seq_file *m, void *data);

#endif
