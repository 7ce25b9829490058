/* SPDX-License-Identifier: MIT */
/* Drivers without hardware, to kernel/drivers. */
#ifndef KERNEL_DRIVERS_MEM_H
#define KERNEL_DRIVERS_MEM_H

#include <ashlar/fs.h>

void mem_init_devices(void); /* mem.c */
void random_init(void); /* random.c */
extern const struct file_operations random_fops;
extern const struct file_operations kmsg_fops; /* kmsg.c */

#endif
