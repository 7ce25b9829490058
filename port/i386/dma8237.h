/* SPDX-License-Identifier: MIT */
/*
 * The PC's DMA controllers: transfers for devices that cannot make their own.
 * Linux's <asm/dma.h>. Code: port/i386/dma8237.c, on the paper machine as well.
 */
#ifndef PORT_I386_DMA8237_H
#define PORT_I386_DMA8237_H

#include <ashlar/types.h>

struct seq_file;

#define MAX_DMA_CHANNELS 8u
#define DMA_CASCADE_CHANNEL 4u

/* Modes: to memory, or from it; one transfer for each request. */
#define DMA_MODE_READ 0x44u /* the device is read */
#define DMA_MODE_WRITE 0x48u
#define DMA_MODE_CASCADE 0xc0u
#define DMA_DEMAND 0x40u /* taken away: as long as the device asks */
#define DMA_AUTOINIT 0x10u /* added: again from the start, for ever */

int request_dma(unsigned int channel, const char *name);
void free_dma(unsigned int channel);
int dma_start(unsigned int channel, unsigned int mode, u32 addr, u32 bytes);
void enable_dma(unsigned int channel);
void disable_dma(unsigned int channel);
u32 get_dma_residue(unsigned int channel);
void dma8237_init(void); /* boot: all masked, the second cascaded */
void show_dma(struct seq_file *m); /* /proc/dma */

#endif
