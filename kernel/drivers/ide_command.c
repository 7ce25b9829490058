/* SPDX-License-Identifier: MIT */
/*
 * What an IDE disk is asked, and how it answers.
 *
 *   task file, ports from ch->io on          bus master, from ch->bus_master on
 *     0 data      1 error, features            0 command: 1 start, 8 to memory
 *     2 sectors   3 4 5 sector, low to high    2 status: 1 active 2 error 4 irq
 *     6 disk      7 status, command            4 address of the table:
 *
 *   prd  │ address │ bytes │ … │ address │ bytes │ last │     for each piece of
 *                                                             memory
 *
 * By DMA the disk moves all of a request by itself, and interrupts at its end.
 * By PIO the processor moves it, word by word, with an interrupt a sector.
 *
 * A disk that says an error is asked again, three times in all, and the last
 * time by PIO; where that twice did what DMA could not, DMA is given up. One
 * that says nothing for half a minute is reset before. Where the guest's clock
 * runs on without the host's (QEMU's -icount), half a minute may be a moment:
 * so what ends the wait is a number of looks, a millisecond apart.
 *
 * Source: ATA/ATAPI-6 (T13/1410D); Intel 82371SB (PIIX3), chapter on IDE.
 */
#include <ashlar/errno.h>
#include <ashlar/highmem.h>
#include <i386.h>
#include <kernel/drivers/pci.h>
#include <kernel/irq.h>
#include <kernel/drivers/ide.h>
#include <kernel/printk.h>
#include <kernel/time/clock.h>
#include <mach/io.h>

/* The task file. */
#define ATA_DATA 0
#define ATA_ERROR 1
#define ATA_COUNT 2
#define ATA_LBA 3
#define ATA_DEVICE 6
#define ATA_STATUS 7
#define DEVICE_LBA 0xe0u
/* The control port. */
#define CONTROL_RESET 4u
/* Status. */
#define STATUS_ERR 0x01u
#define STATUS_DRQ 0x08u
#define STATUS_DF 0x20u
#define STATUS_BSY 0x80u
/* Bus master. */
#define BM_COMMAND 0
#define BM_STATUS 2
#define BM_TABLE 4
#define BM_START 1u
#define BM_TO_MEMORY 8u
#define BM_ERROR 2u
#define BM_INTERRUPT 4u

#define CMD_IDENTIFY 0xecu
#define NO_DISK 0xffu

#define LOOK (NSEC_PER_SEC / 1000) /* ns between two looks */
#define LOOKS 30000u /* until a disk is given up */
#define TRIES 3u
#define DMA_ERRORS_MOST 2u

struct prd {
	u32 addr;
	u32 bytes; /* bit 31: the last one; 0 in the low half: 64 KB */
};
#define PRD_LAST 0x80000000u

/* [lba48][write] */
static const u8 dma_commands[2][2] = { { 0xc8, 0xca }, { 0x25, 0x35 } };
static const u8 pio_commands[2][2] = { { 0x20, 0x30 }, { 0x24, 0x34 } };
static const u8 flush_commands[2] = { 0xe7, 0xea };

/* ---- waiting ---- */

/** ide_interrupt() - a disk of a channel has something to say */
irqreturn_t ide_interrupt(unsigned int irq, void *dev)
{
	struct ide_channel *ch = dev;

	(void)irq;
	(void)inb(ch->io +
		  ATA_STATUS); /* it is heard, and lets go of the line */
	WRITE_ONCE(ch->interrupted, true);
	wake_up(&ch->wait);
	return IRQ_HANDLED;
}

static int wait_interrupt(struct ide_channel *ch)
{
	unsigned int look;

	for (look = 0; look < LOOKS; look++)
		if (!wait_event_until(&ch->wait, READ_ONCE(ch->interrupted),
				      ktime_get() + LOOK)) {
			ch->interrupted = false;
			return 0;
		}
	return -ETIMEDOUT;
}

static void sleep_a_look(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_until(ktime_get() + LOOK);
}

/* Until the disk is ready for a command, or for data: its status, or -errno. */
static int wait_ready(struct ide_channel *ch)
{
	unsigned int look;
	u8 status;

	for (look = 0; look < LOOKS; look++) {
		status = inb(ch->control);
		if (!(status & STATUS_BSY))
			return status;
		sleep_a_look();
	}
	return -ETIMEDOUT;
}

/* Both disks of the cable begin anew. */
static void reset_channel(struct ide_channel *ch)
{
	outb(CONTROL_RESET, ch->control);
	sleep_a_look();
	outb(0, ch->control);
	sleep_a_look();
	sleep_a_look();
	ch->selected = NO_DISK;
	ch->interrupted = false;
	(void)wait_ready(ch);
}

/* ---- one command ---- */

/* 0, or why the disk did not do it. */
static int verdict(struct ide_channel *ch)
{
	int status = wait_ready(ch);

	if (status < 0)
		return status;
	return status & (STATUS_ERR | STATUS_DF) ? -EIO : 0;
}

static int select_disk(struct ide_channel *ch, u8 number, u8 high)
{
	int status = wait_ready(ch);

	if (status < 0)
		return status;
	outb((u8)(DEVICE_LBA | number << 4 | high), ch->io + ATA_DEVICE);
	if (ch->selected != number) {
		ch->selected = number;
		inb(ch->control); /* four times 100 ns: it takes its time */
		inb(ch->control);
		inb(ch->control);
		inb(ch->control);
		status = wait_ready(ch);
	}
	return status < 0 ? status : 0;
}

/* The wide form's registers hold two bytes each, the higher written first. */
static int load_task_file(struct ide_disk *d, sector_t sector, u32 count,
			  bool wide)
{
	struct ide_channel *ch = d->channel;
	u8 high = wide ? 0 : (u8)(sector >> 24 & 0xf);
	int err = select_disk(ch, d->number, high), i;

	if (err)
		return err;
	if (wide) {
		outb((u8)(count >> 8), ch->io + ATA_COUNT);
		for (i = 0; i < 3; i++)
			outb((u8)(sector >> (24 + 8 * i)),
			     ch->io + ATA_LBA + i);
	}
	outb((u8)count, ch->io + ATA_COUNT);
	for (i = 0; i < 3; i++)
		outb((u8)(sector >> 8 * i), ch->io + ATA_LBA + i);
	return 0;
}

static void issue(struct ide_channel *ch, u8 command)
{
	ch->interrupted = false;
	outb(command, ch->io + ATA_STATUS);
}

static bool is_wide(const struct ide_disk *d, const struct request *rq)
{
	return d->lba48 && rq_end(rq) > 1u << 28;
}

/* ---- DMA ---- */

/* The memory of @rq, as the device sees it. Return: pieces; 0: no room. */
static unsigned int map_request(struct ide_channel *ch,
				const struct request *rq,
				enum dma_data_direction dir)
{
	unsigned int n = 0, i;
	struct bio *bio;

	sg_init_table(ch->sg, rq->nr_vecs);
	for (bio = rq->head; bio; bio = bio->next)
		for (i = 0; i < bio->nr_vecs; i++)
			sg_set_page(&ch->sg[n++], bio->vec[i].page,
				    bio->vec[i].len, bio->vec[i].offset);
	if (!dma_map_sg(&ch->pdev->dev, ch->sg, n, dir))
		return 0;
	for (i = 0; i < n; i++)
		ch->prd[i] = (struct prd){ (u32)sg_dma_address(&ch->sg[i]),
					   sg_dma_len(&ch->sg[i]) & 0xffff };
	ch->prd[n - 1].bytes |= PRD_LAST;
	return n;
}

static int run_dma(struct ide_disk *d, const struct request *rq, u8 to_memory)
{
	struct ide_channel *ch = d->channel;
	bool wide = is_wide(d, rq);
	int err = load_task_file(d, rq->sector, rq->nr_sectors, wide), end;
	u8 status;

	if (err)
		return err;
	outl((u32)ch->prd_dma, ch->bus_master + BM_TABLE);
	outb(to_memory, ch->bus_master + BM_COMMAND);
	outb(inb(ch->bus_master + BM_STATUS) | BM_ERROR | BM_INTERRUPT,
	     ch->bus_master + BM_STATUS);
	issue(ch, dma_commands[wide][rq->op == REQ_OP_WRITE]);
	outb(to_memory | BM_START, ch->bus_master + BM_COMMAND);
	err = wait_interrupt(ch);
	outb(to_memory, ch->bus_master + BM_COMMAND);
	status = inb(ch->bus_master + BM_STATUS);
	end = err ? err : verdict(ch);
	return !end && status & BM_ERROR ? -EIO : end;
}

static int do_dma(struct ide_disk *d, const struct request *rq)
{
	struct ide_channel *ch = d->channel;
	bool read = rq->op == REQ_OP_READ;
	enum dma_data_direction dir = read ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	unsigned int n = map_request(ch, rq, dir);
	int err;

	if (!n)
		return -ENOMEM;
	err = run_dma(d, rq, read ? BM_TO_MEMORY : 0);
	dma_unmap_sg(&ch->pdev->dev, ch->sg, n, dir);
	return err;
}

/* ---- PIO ---- */

static int move_sector(struct ide_channel *ch, const struct bio_vec *v,
		       u32 offset, bool read)
{
	int status = wait_ready(ch);
	char *p;

	if (status < 0)
		return status;
	if (status & (STATUS_ERR | STATUS_DF) || !(status & STATUS_DRQ))
		return -EIO;
	p = kmap_local_page(v->page);
	if (read)
		insw(ch->io + ATA_DATA, p + offset, SECTOR_SIZE / 2);
	else
		outsw(ch->io + ATA_DATA, p + offset, SECTOR_SIZE / 2);
	kunmap_local(p);
	return 0;
}

/* An interrupt comes before each sector that is read, after each written. */
static int move_vec(struct ide_channel *ch, const struct bio_vec *v, bool read)
{
	u32 done;
	int err = 0;

	for (done = 0; done < v->len && !err; done += SECTOR_SIZE) {
		if (read)
			err = wait_interrupt(ch);
		if (!err)
			err = move_sector(ch, v, v->offset + done, read);
		if (!err && !read)
			err = wait_interrupt(ch);
	}
	return err;
}

static int do_pio(struct ide_disk *d, const struct request *rq)
{
	struct ide_channel *ch = d->channel;
	bool wide = is_wide(d, rq), read = rq->op == REQ_OP_READ;
	int err = load_task_file(d, rq->sector, rq->nr_sectors, wide);
	const struct bio *bio;
	unsigned int i;

	if (err)
		return err;
	issue(ch, pio_commands[wide][!read]);
	for (bio = rq->head; bio && !err; bio = bio->next)
		for (i = 0; i < bio->nr_vecs && !err; i++)
			err = move_vec(ch, &bio->vec[i], read);
	return err ? err : verdict(ch);
}

/* ---- for the block layer ---- */

static int do_flush(struct ide_disk *d)
{
	struct ide_channel *ch = d->channel;
	int err;

	if (!d->flush)
		return 0;
	err = select_disk(ch, d->number, 0);
	if (err)
		return err;
	issue(ch, flush_commands[d->flush_ext]);
	err = wait_interrupt(ch);
	return err ? err : verdict(ch);
}

static int try_request(struct ide_disk *d, const struct request *rq, bool dma)
{
	int err;

	if (rq->op == REQ_OP_FLUSH)
		err = do_flush(d);
	else
		err = dma ? do_dma(d, rq) : do_pio(d, rq);
	if (err == -ETIMEDOUT) {
		printk(KERN_ERR "%s: no answer, resetting\n", d->disk.name);
		reset_channel(d->channel);
	}
	return err;
}

/* The last try did what DMA could not. */
static void blame_dma(struct ide_disk *d)
{
	if (++d->dma_errors < DMA_ERRORS_MOST)
		return;
	printk(KERN_WARNING "%s: DMA fails, going on without\n", d->disk.name);
	d->dma = false;
}

/** ide_do_request() - struct gendisk_ops::do_request of an IDE disk */
int ide_do_request(struct gendisk *disk, const struct request *rq)
{
	struct ide_disk *d = disk->private_data;
	unsigned int try = 0;
	int err;

	down_write(&d->channel->busy);
	do {
		err = try_request(d, rq, d->dma && try < TRIES - 1);
	} while (err && ++try < TRIES);
	if (!err && try == TRIES - 1 && d->dma && rq->op != REQ_OP_FLUSH)
		blame_dma(d);
	up_write(&d->channel->busy);
	return err ? -EIO : 0;
}

/**
 * ide_identify() - is there a disk, and what does it say of itself
 * @ch: the cable
 * @number: 0 or 1
 * @id: filled in
 *
 * Context: process 1; may sleep. Return: 0; -ENODEV.
 */
int ide_identify(struct ide_channel *ch, u8 number, u16 id[256])
{
	int status;

	if (inb(ch->io + ATA_STATUS) == 0xff) /* no cable */
		return -ENODEV;
	if (select_disk(ch, number, 0) || !inb(ch->io + ATA_STATUS))
		return -ENODEV;
	issue(ch, CMD_IDENTIFY);
	status = wait_ready(ch);
	/* What is no disk says an error, and what it is. */
	if (status < 0 || status & STATUS_ERR || !(status & STATUS_DRQ))
		return -ENODEV;
	insw(ch->io + ATA_DATA, id, 256);
	return 0;
}
