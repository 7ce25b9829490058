/* SPDX-License-Identifier: MIT */
/*
 * Two 8237 DMA controllers, four channels each, the first one's request going
 * through channel 4 of the second:
 *
 *   channels 0 … 3, by bytes          channels 5 … 7, by words of 16 bits
 *   device ─ DREQ ─▶ ┌──────┐  HRQ   ┌──────┐
 *          ◀─ DACK ─ │ DMA1 │ ─────▶ │ DMA2 │ ─ HRQ ─▶ processor
 *                    └──────┘ ◀───── └──────┘ ◀─ HLDA ─
 *
 *   what a channel counts       │ page │     address     │   count - 1
 *     by bytes   bits of memory │23  16│15              0│
 *     by words                  │23  17│16              1│
 *
 * The page does not count on: what crosses a multiple of 64 KB (by words 128)
 * wraps around within it, and there is none above 16 MB. Such a transfer is
 * refused here. An address or a count is two writes to one port; which of them
 * is next the controller remembers, so it is told to forget before.
 *
 * Lock: interrupts stay on; whoever requested a channel alone touches it, and
 * between the writes to a shared flip-flop nothing sleeps.
 *
 * Source: Intel 8237A data sheet; IBM PC AT Technical Reference, 1984.
 */
#include <ashlar/errno.h>
#include <ashlar/seq_file.h>
#include <mach/io.h>
#include <mach/irqflags.h>
#include "dma8237.h"

/* Registers of a controller; the second one's lie two apart. */
#define REG_COMMAND 8
#define REG_MASK 10
#define REG_MODE 11
#define REG_CLEAR_FF 12
#define REG_RESET 13
#define MASK_SET 4u
#define LIMIT (16u << 20) /* no address from here on */

static const u8 page_port[MAX_DMA_CHANNELS] = { 0x87, 0x83, 0x81, 0x82,
						0,    0x8b, 0x89, 0x8a };
static const char *owner[MAX_DMA_CHANNELS]; /* NULL: the channel is free */

static bool by_words(unsigned int channel)
{
	return channel > 3;
}

/* The port of register @reg of the channel's controller. */
static u16 port_of(unsigned int channel, unsigned int reg)
{
	return (u16)(by_words(channel) ? 0xc0 + 2 * reg : reg);
}

static void write_twice(unsigned int channel, unsigned int reg, u32 v)
{
	outb(0, port_of(channel, REG_CLEAR_FF));
	outb((u8)v, port_of(channel, reg));
	outb((u8)(v >> 8), port_of(channel, reg));
}

/**
 * request_dma() - take a channel for a driver
 * @channel: 0 … 7
 * @name: in /proc/dma; must stay
 *
 * Context: any. Return: 0; -EINVAL for no such channel, -EBUSY if it is taken.
 */
int request_dma(unsigned int channel, const char *name)
{
	if (channel >= MAX_DMA_CHANNELS)
		return -EINVAL;
	if (owner[channel])
		return -EBUSY;
	owner[channel] = name;
	return 0;
}

/** free_dma() - give back what request_dma() took; its transfer ends */
void free_dma(unsigned int channel)
{
	disable_dma(channel);
	owner[channel] = NULL;
}

/** enable_dma() - a channel listens to its device from now on */
void enable_dma(unsigned int channel)
{
	outb((u8)(channel & 3), port_of(channel, REG_MASK));
}

/** disable_dma() - a channel does not listen; what is under way ends */
void disable_dma(unsigned int channel)
{
	outb((u8)(channel & 3) | MASK_SET, port_of(channel, REG_MASK));
}

/* True if a channel can count from the first byte to the last. */
static bool fits(unsigned int channel, u32 addr, u32 bytes)
{
	u32 page = by_words(channel) ? 0x1ffff : 0xffff;
	u32 last = addr + bytes - 1;

	if (!bytes || last < addr || last >= LIMIT)
		return false;
	if (by_words(channel) && (addr | bytes) & 1)
		return false;
	return (addr & ~page) == (last & ~page);
}

/**
 * dma_start() - set a channel up, and let it listen
 * @channel: one that was requested
 * @mode: DMA_MODE_*
 * @addr: where in physical memory
 * @bytes: how many, up to 64 KB; by words twice as many
 *
 * The device then asks for each byte or word, and is told when it was the last.
 * Context: any. Return: 0; -EINVAL for what the channel cannot count.
 */
int dma_start(unsigned int channel, unsigned int mode, u32 addr, u32 bytes)
{
	unsigned int shift = by_words(channel), n = channel & 3;
	unsigned long flags;

	if (channel >= MAX_DMA_CHANNELS || channel == DMA_CASCADE_CHANNEL ||
	    !fits(channel, addr, bytes))
		return -EINVAL;
	flags = local_irq_save();
	disable_dma(channel);
	outb((u8)(mode | n), port_of(channel, REG_MODE));
	write_twice(channel, 2 * n, addr >> shift);
	outb((u8)(addr >> 16) & (u8)~shift, page_port[channel]);
	write_twice(channel, 2 * n + 1, (bytes >> shift) - 1);
	enable_dma(channel);
	local_irq_restore(flags);
	return 0;
}

/**
 * get_dma_residue() - what a transfer has still to move
 * @channel: the channel
 *
 * Context: any; most of all while the channel does not listen, for it counts on
 * between two looks. Return: bytes.
 */
u32 get_dma_residue(unsigned int channel)
{
	u16 port = port_of(channel, 2 * (channel & 3) + 1);
	unsigned long flags = local_irq_save();
	u32 count;

	outb(0, port_of(channel, REG_CLEAR_FF));
	count = inb(port);
	count |= (u32)inb(port) << 8;
	local_irq_restore(flags);
	/* After the last it has counted through to all ones. */
	return ((count + 1) & 0xffff) << by_words(channel);
}

/** dma8237_init() - no channel listens but the cascade. Context: boot. */
void dma8237_init(void)
{
	outb(0, port_of(0, REG_RESET));
	outb(0, port_of(DMA_CASCADE_CHANNEL, REG_RESET));
	outb(DMA_MODE_CASCADE, port_of(DMA_CASCADE_CHANNEL, REG_MODE));
	enable_dma(DMA_CASCADE_CHANNEL);
	owner[DMA_CASCADE_CHANNEL] = "cascade";
}

/** show_dma() - /proc/dma: channels that drivers have taken */
void show_dma(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < MAX_DMA_CHANNELS; i++)
		if (owner[i])
			seq_printf(m, "%2u: %s\n", i, owner[i]);
}
