/* SPDX-License-Identifier: MIT */
/* The floppy disk drive. Code: kernel/drivers/floppy.c. */
#ifndef KERNEL_DRIVERS_FLOPPY_H
#define KERNEL_DRIVERS_FLOPPY_H

void floppy_init(void); /* boot, process 1 */

#endif
