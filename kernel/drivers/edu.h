/* SPDX-License-Identifier: MIT */
/* QEMU's educational device. Code: kernel/drivers/edu.c. */
#ifndef KERNEL_DRIVERS_EDU_H
#define KERNEL_DRIVERS_EDU_H

void edu_init(void);

#endif
