/* SPDX-License-Identifier: MIT */
/*
 * The kernel's log. A message may begin with one of these; without it is
 * information. Code and picture: kernel/printk.c.
 */
#ifndef KERNEL_PRINTK_H
#define KERNEL_PRINTK_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

#define KERN_EMERG "\0010"
#define KERN_ALERT "\0011"
#define KERN_CRIT "\0012"
#define KERN_ERR "\0013"
#define KERN_WARNING "\0014"
#define KERN_NOTICE "\0015"
#define KERN_INFO "\0016"
#define KERN_DEBUG "\0017"

extern int console_loglevel; /* lower levels than this reach the console */

/*
 * The record with number *@seq or the first after it, in the form of
 * /dev/kmsg; *@seq moves behind it. Bytes, 0 when there is none yet, -EINVAL
 * if @size is too small, -EPIPE if *@seq was overwritten (it then moves on).
 */
int kmsg_read(u64 *seq, char *buf, size_t size);
u64 kmsg_first(void); /* oldest record's number */
u64 kmsg_last(void); /* the next record's */
/* A program's line (a write to /dev/kmsg), "<N>" at its head its level. */
void kmsg_write(const char *text, size_t n);
struct wait_queue_head;
extern struct wait_queue_head log_wait; /* woken by new records */

int printk(const char *fmt, ...) ASHLAR_PRINTF(1, 2);

#endif
