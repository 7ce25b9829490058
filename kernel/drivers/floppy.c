/* SPDX-License-Identifier: MIT */
/*
 * The floppy disk drive: the PC's oldest device that transfers by DMA, through
 * channel 2 of the 8237.
 *
 *   request ─▶ motor ─▶ seek to the cylinder ─▶ ┌ channel 2: address, count
 *                                               └ command: read, up to the end
 *   drive ── byte ──▶ controller ── DREQ 2 …       of the track
 *                                     └─▶ 8237 ─▶ track buffer ─▶ the pages
 *   after the last byte TC; the controller interrupts, and says how it went
 *
 *   sector n of a disk   n % spt + 1 of head n / spt % 2
 *                        of cylinder n / (2 * spt)
 *
 * The buffer lies below 16 MB and within 64 KB, where the 8237 can count. The
 * motor needs half a second to turn, and is turned off after three without a
 * request. A medium has the format that its drive is made for.
 *
 * A track that is formatted is then written with the filler, since not every
 * controller (QEMU's) fills what it formats.
 *
 * Source: Intel 82077AA data sheet; IBM PC AT Technical Reference, 1984.
 */
#include <ashlar/dma-transfer.h>
#include <ashlar/errno.h>
#include <ashlar/rwsem.h>
#include <ashlar/string.h>
#include <dma8237.h>
#include <i386.h>
#include <kernel/block/blkdev.h>
#include <kernel/drivers/floppy.h>
#include <kernel/irq.h>
#include <kernel/printk.h>
#include <kernel/task/cred.h>
#include <kernel/time/clock.h>
#include <kernel/time/timer.h>
#include <mach/io.h>
#include <mach/irqflags.h>
#include <mach/uaccess.h>

#define FLOPPY_MAJOR 2
#define FLOPPY_IRQ 6
#define FLOPPY_DMA 2
#define FLOPPY_PORTS 0x3f0
#define HEADS 2u
#define TRACK_MOST (36 * SECTOR_SIZE)

/* Registers. */
#define FD_DOR 0x3f2
#define DOR_RUN 0x0cu /* not reset; interrupts and DMA */
#define DOR_MOTOR 0x10u
#define FD_STATUS 0x3f4
#define STATUS_READY 0x80u
#define STATUS_TO_CPU 0x40u
#define FD_DATA 0x3f5
#define FD_DIR 0x3f7 /* read: bit 7, the medium was changed */
#define DIR_CHANGED 0x80u
#define FD_CCR 0x3f7 /* written: the rate of data */

#define CMD_SPECIFY 0x03
#define CMD_WRITE 0x45
#define CMD_READ 0x46
#define CMD_RECALIBRATE 0x07
#define CMD_SENSE 0x08
#define CMD_FORMAT 0x4d
#define CMD_SEEK 0x0f
#define ST0_FAILED 0xc0u
#define SECTOR_CODE 2u /* 512 bytes */
#define FILLER 0xf6u
#define RESULT_BYTES 7u

#define TRIES 3u
#define LOOK (NSEC_PER_SEC / 1000)
#define LOOKS 5000u
#define POLLS 100000u
#define SPIN_UP (NSEC_PER_SEC / 2)
#define SPIN_DOWN (3ull * NSEC_PER_SEC)
#define NO_CYLINDER ~0u

/* A kind of drive, by its number in the CMOS, and what its media are like. */
static const struct format {
	u8 cylinders, sectors, rate, gap, format_gap;
} formats[] = {
	[1] = { 40, 9, 2, 0x2a, 0x50 },	 [2] = { 80, 15, 0, 0x1b, 0x54 },
	[3] = { 80, 9, 2, 0x2a, 0x50 },	 [4] = { 80, 18, 0, 0x1b, 0x6c },
	[5] = { 80, 36, 3, 0x1b, 0x54 },
};

static struct floppy {
	struct gendisk disk;
	const struct format *format;
	struct device dev; /* how far the 8237 reaches */
	struct rw_semaphore busy; /* for write: the controller is in use */
	u8 *track; /* the buffer, TRACK_MOST bytes */
	dma_addr_t track_dma;
	unsigned int cylinder; /* where the heads are */
	bool motor;
	struct timer motor_off;
	bool interrupted;
	struct wait_queue_head wait;
} fd;

/* ---- the controller ---- */

static irqreturn_t floppy_interrupt(unsigned int irq, void *dev)
{
	(void)irq;
	(void)dev;
	WRITE_ONCE(fd.interrupted, true);
	wake_up(&fd.wait);
	return IRQ_HANDLED;
}

/* As ide_command.c's: a number of looks, for the host's clock is another. */
static int wait_interrupt(void)
{
	unsigned int look;

	for (look = 0; look < LOOKS; look++)
		if (!wait_event_until(&fd.wait, READ_ONCE(fd.interrupted),
				      ktime_get() + LOOK))
			return 0;
	return -ETIMEDOUT;
}

/* The data register waits for a byte (or has one, @to_cpu). */
static bool data_ready(bool to_cpu)
{
	u8 want = STATUS_READY | (to_cpu ? STATUS_TO_CPU : 0);
	unsigned int i;

	for (i = 0; i < POLLS; i++)
		if ((inb(FD_STATUS) & (STATUS_READY | STATUS_TO_CPU)) == want)
			return true;
	return false;
}

static int send(const u8 *bytes, unsigned int n)
{
	fd.interrupted = false;
	for (; n; n--, bytes++) {
		if (!data_ready(false))
			return -ETIMEDOUT;
		outb(*bytes, FD_DATA);
	}
	return 0;
}

static int receive(u8 *bytes, unsigned int n)
{
	for (; n; n--, bytes++) {
		if (!data_ready(true))
			return -ETIMEDOUT;
		*bytes = inb(FD_DATA);
	}
	return 0;
}

/* Reads the outcome of a seek or a reset: ST0 and the cylinder. */
static int sense(u8 result[2])
{
	static const u8 command = CMD_SENSE;
	int err = send(&command, 1);

	return err ? err : receive(result, 2);
}

static int reset(void)
{
	static const u8 specify[] = { CMD_SPECIFY, 0xdf, 0x02 };
	unsigned int drive;
	u8 result[2];
	int err;

	fd.interrupted = false;
	fd.cylinder = NO_CYLINDER;
	outb(0, FD_DOR);
	outb(DOR_RUN | (fd.motor ? DOR_MOTOR : 0), FD_DOR);
	err = wait_interrupt();
	for (drive = 0; drive < 4 && !err; drive++)
		err = sense(result);
	if (!err)
		err = send(specify, sizeof(specify));
	outb(fd.format->rate, FD_CCR);
	return err;
}

/* ---- the drive ---- */

/* In the timer's interrupt. */
static void turn_motor_off(struct timer *t)
{
	(void)t;
	fd.motor = false;
	outb(DOR_RUN, FD_DOR);
}

static void turn_motor_on(void)
{
	timer_stop(&fd.motor_off);
	if (fd.motor)
		return;
	fd.motor = true;
	outb(DOR_RUN | DOR_MOTOR, FD_DOR);
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_until(ktime_get() + SPIN_UP);
}

static int move_heads(const u8 *command, unsigned int n, unsigned int cylinder)
{
	u8 result[2];
	int err = send(command, n);

	if (!err)
		err = wait_interrupt();
	if (!err)
		err = sense(result);
	if (!err && (result[0] & ST0_FAILED || result[1] != cylinder))
		err = -EIO;
	fd.cylinder = err ? NO_CYLINDER : cylinder;
	return err;
}

static int seek(unsigned int cylinder)
{
	const u8 home[] = { CMD_RECALIBRATE, 0 };
	const u8 there[] = { CMD_SEEK, 0, (u8)cylinder };
	int err = 0;

	if (fd.cylinder == NO_CYLINDER)
		err = move_heads(home, sizeof(home), 0);
	if (!err && fd.cylinder != cylinder)
		err = move_heads(there, sizeof(there), cylinder);
	return err;
}

/* A command that moves @bytes of the buffer, and how it went. */
static int run(const u8 *command, unsigned int n, unsigned int mode, u32 bytes)
{
	u8 result[RESULT_BYTES];
	int err = dma_start(FLOPPY_DMA, mode, (u32)fd.track_dma, bytes);

	if (!err)
		err = send(command, n);
	if (!err)
		err = wait_interrupt();
	disable_dma(FLOPPY_DMA);
	if (!err)
		err = receive(result, sizeof(result));
	if (!err && (result[0] & ST0_FAILED || get_dma_residue(FLOPPY_DMA)))
		err = -EIO;
	return err;
}

/* Sectors [@first, @first + @n) of a track, to or from the buffer. */
static int move_sectors(unsigned int cylinder, unsigned int head,
			unsigned int first, unsigned int n, bool write)
{
	const u8 command[] = { write ? CMD_WRITE : CMD_READ,
			       (u8)(head << 2),
			       (u8)cylinder,
			       (u8)head,
			       (u8)(first + 1),
			       SECTOR_CODE,
			       (u8)(first + n),
			       fd.format->gap,
			       0xff };
	int err = seek(cylinder);

	return err ? err :
		     run(command, sizeof(command),
			 write ? DMA_MODE_WRITE : DMA_MODE_READ,
			 n * SECTOR_SIZE);
}

/* The same until it works, with a new beginning after each failure. */
static int move_patiently(unsigned int cylinder, unsigned int head,
			  unsigned int first, unsigned int n, bool write)
{
	unsigned int try;
	int err;

	for (try = 0; try < TRIES; try++) {
		err = move_sectors(cylinder, head, first, n, write);
		if (!err)
			return 0;
		if (reset())
			break;
	}
	return -EIO;
}

/* ---- for the block layer ---- */

static void begin(void)
{
	down_write(&fd.busy);
	turn_motor_on();
}

static void end(void)
{
	timer_start(&fd.motor_off, ktime_get() + SPIN_DOWN);
	up_write(&fd.busy);
}

static int do_request(struct gendisk *disk, const struct request *rq)
{
	u32 spt = fd.format->sectors, at = (u32)rq->sector, done = 0, n;
	bool write = rq->op == REQ_OP_WRITE;
	int err = 0;

	(void)disk;
	if (rq->op == REQ_OP_FLUSH)
		return 0; /* it keeps nothing back */
	begin();
	for (; done < rq->nr_sectors && !err; done += n, at += n) {
		n = min(rq->nr_sectors - done, spt - at % spt);
		if (write)
			rq_copy(rq, done * SECTOR_SIZE, fd.track,
				n * SECTOR_SIZE, false);
		err = move_patiently(at / spt / HEADS, at / spt % HEADS,
				     at % spt, n, write);
		if (!err && !write)
			rq_copy(rq, done * SECTOR_SIZE, fd.track,
				n * SECTOR_SIZE, true);
	}
	end();
	return err;
}

/* The line that says that a medium was changed falls with a step, if there is
 * one. */
static int floppy_open(struct gendisk *disk)
{
	int err = 0;

	(void)disk;
	begin();
	if (inb(FD_DIR) & DIR_CHANGED) {
		fd.cylinder = NO_CYLINDER;
		err = seek(1);
		if (!err)
			err = seek(0);
		if (err || inb(FD_DIR) & DIR_CHANGED)
			err = -ENXIO;
	}
	end();
	return err;
}

/* ---- formatting ---- */

#define FDFMTBEG 0x0247u
#define FDFMTTRK 0x400c0248u
#define FDFMTEND 0x0249u

struct format_descr {
	u32 device, head, track;
};

/* For each sector its cylinder, head, number and size. */
static void fill_ids(unsigned int cylinder, unsigned int head)
{
	u8 *p = fd.track;
	unsigned int i;

	for (i = 1; i <= fd.format->sectors; i++) {
		*p++ = (u8)cylinder;
		*p++ = (u8)head;
		*p++ = (u8)i;
		*p++ = SECTOR_CODE;
	}
}

static int format_track(unsigned int cylinder, unsigned int head)
{
	u8 spt = fd.format->sectors;
	const u8 command[] = { CMD_FORMAT, (u8)(head << 2),	  SECTOR_CODE,
			       spt,	   fd.format->format_gap, FILLER };
	u8 result[RESULT_BYTES];
	int err = seek(cylinder);

	if (err)
		return err;
	fill_ids(cylinder, head);
	err = dma_start(FLOPPY_DMA, DMA_MODE_WRITE, (u32)fd.track_dma,
			4u * spt);
	if (!err)
		err = send(command, sizeof(command));
	if (!err)
		err = wait_interrupt();
	disable_dma(FLOPPY_DMA);
	if (!err)
		err = receive(result, sizeof(result));
	if (!err && result[0] & ST0_FAILED)
		err = -EIO;
	memset(fd.track, FILLER, spt * SECTOR_SIZE);
	return err ? err : move_patiently(cylinder, head, 0, spt, true);
}

static long format_ioctl(unsigned long arg)
{
	struct format_descr d;
	int err;

	if (copy_from_user(&d, (void __user *)arg, sizeof(d)))
		return -EFAULT;
	if (d.head >= HEADS || d.track >= fd.format->cylinders)
		return -EINVAL;
	begin();
	err = format_track(d.track, d.head);
	if (err == -ETIMEDOUT) {
		(void)reset();
		err = -EIO;
	}
	end();
	invalidate_mapping_pages(fd.disk.part[0]->bd_mapping, 0, ~0ul);
	return err;
}

static long floppy_ioctl(struct gendisk *disk, unsigned int cmd,
			 unsigned long arg, bool writable)
{
	(void)disk;
	(void)writable;
	if (cmd != FDFMTBEG && cmd != FDFMTTRK && cmd != FDFMTEND)
		return -ENOTTY;
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return cmd == FDFMTTRK ? format_ioctl(arg) : 0;
}

static const struct gendisk_ops floppy_ops = {
	.do_request = do_request,
	.open = floppy_open,
	.ioctl = floppy_ioctl,
};

/* ---- coming ---- */

static const struct format *drive_format(void)
{
	unsigned long flags = local_irq_save();
	u32 kind = cmos_read(0x10) >> 4;

	local_irq_restore(flags);
	return kind && kind < ARRAY_SIZE(formats) ? &formats[kind] : NULL;
}

static int take_hardware(void)
{
	int err = request_region(FLOPPY_PORTS, 6, "floppy");

	if (!err)
		err = request_region(FD_DIR, 1, "floppy");
	if (!err)
		err = request_dma(FLOPPY_DMA, "floppy");
	if (!err)
		err = request_irq(FLOPPY_IRQ, floppy_interrupt, 0, "floppy",
				  &fd);
	if (err)
		return err;
	fd.dev = (struct device){ .name = "floppy",
				  .dma_mask = DMA_BIT_MASK(24),
				  .coherent_dma_mask = DMA_BIT_MASK(24),
				  .dma_boundary = 0xffff };
	fd.track = dma_alloc_coherent(&fd.dev, TRACK_MOST, &fd.track_dma,
				      GFP_KERNEL);
	return fd.track ? 0 : -ENOMEM;
}

/** floppy_init() - serve the drive, if there is one. Context: process 1. */
void floppy_init(void)
{
	fd.format = drive_format();
	if (!fd.format)
		return;
	init_rwsem(&fd.busy);
	init_waitqueue_head(&fd.wait);
	timer_setup(&fd.motor_off, turn_motor_off);
	if (take_hardware() || reset()) {
		printk(KERN_ERR "floppy: no controller answers\n");
		return;
	}
	memcpy(fd.disk.name, "fd0", 4);
	fd.disk.removable = true;
	fd.disk.driver = "fd";
	fd.disk.major = FLOPPY_MAJOR;
	fd.disk.minors = 1;
	fd.disk.capacity =
		(sector_t)fd.format->cylinders * HEADS * fd.format->sectors;
	fd.disk.ops = &floppy_ops;
	fd.disk.sys_parent = "devices/platform/floppy.0/block";
	elevator_init(&fd.disk.queue, 64, 64);
	if (add_disk(&fd.disk))
		printk(KERN_ERR "floppy: no memory\n");
}
