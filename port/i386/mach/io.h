/* SPDX-License-Identifier: MIT */
/* Physical addresses that are no RAM in use: devices, held-back RAM. */
#ifndef ASHLAR_MACH_IO_H
#define ASHLAR_MACH_IO_H

#include <ashlar/types.h>

void *ioremap(u32 phys, u32 size);
void iounmap(void *addr);

#endif
