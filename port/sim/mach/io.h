/* SPDX-License-Identifier: MIT */
/* Ports of the paper machine: those of its DMA controllers, dma8237.c. */
#ifndef ASHLAR_MACH_IO_H
#define ASHLAR_MACH_IO_H

#include <ashlar/types.h>

void outb(u8 v, u16 port);
u8 inb(u16 port);

#endif
