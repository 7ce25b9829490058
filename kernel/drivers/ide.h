/* SPDX-License-Identifier: MIT */
/*
 * IDE disks on a PIIX controller. Code: kernel/drivers/ide.c (what there is),
 * ide_command.c (what is asked of it).
 */
#ifndef KERNEL_DRIVERS_IDE_H
#define KERNEL_DRIVERS_IDE_H

#include <ashlar/dma-transfer.h>
#include <ashlar/rwsem.h>
#include <kernel/block/blkdev.h>
#include <kernel/irq.h>
#include <kernel/sched/wait.h>

#define IDE_MAX_SECTORS 256u /* of one command */
#define IDE_MAX_VECS 256u

/* One cable: two disks at most, of which one works at a time. */
struct ide_channel {
	struct pci_dev *pdev;
	struct rw_semaphore busy; /* for write: a command is under way */
	u16 io, control; /* first port of the registers; the control port */
	u16 bus_master; /* first port of DMA's registers; 0: no DMA */
	unsigned int irq;
	bool interrupted; /* set by the interrupt */
	struct wait_queue_head wait;
	struct prd *prd; /* where a transfer's memory is, for the device */
	dma_addr_t prd_dma;
	struct scatterlist *sg; /* the same, for us: IDE_MAX_VECS */
	u8 selected; /* disk, or 0xff */
};

struct ide_disk {
	struct gendisk disk;
	struct ide_channel *channel;
	u8 number; /* on its cable: 0 or 1 */
	bool lba48, flush, flush_ext;
	bool dma; /* false from when it failed too often */
	unsigned int dma_errors; /* requests that PIO did in its place */
	char model[41];
};

void ide_init(void); /* boot, process 1 */
int ide_identify(struct ide_channel *ch, u8 number, u16 id[256]);
int ide_do_request(struct gendisk *disk, const struct request *rq);
irqreturn_t ide_interrupt(unsigned int irq, void *dev);

#endif
