/* SPDX-License-Identifier: MIT */
/* Random numbers. Code: kernel/drivers/random.c. */
#ifndef KERNEL_DRIVERS_RANDOM_H
#define KERNEL_DRIVERS_RANDOM_H

#include <ashlar/types.h>

void get_random_bytes(void *buf, size_t n);
void add_interrupt_randomness(unsigned int irq); /* any context, cheap */

#endif
