/* SPDX-License-Identifier: MIT */
/*
 * QEMU's educational device: a buffer that it fills and empties by DMA, in as
 * few registers as a device can do it with. /dev/edu is that buffer as a file.
 *
 *   program ── copy ──▶ page, anywhere in RAM ── dma_map_page ──▶ device
 *                        │ beyond 256 MB: a bounce buffer     its 4 KB
 *                        ▼ the device drives 28 address bits  buffer
 *
 *   registers, mapped by ioremap()        80  from    88  to    90  bytes
 *     00  identification                  98  begin: 1, from the device: 2,
 *     24  why it interrupts, 64: seen         interrupt at the end: 4
 *
 * Source: QEMU, docs/specs/edu.
 */
#include <ashlar/dma-transfer.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/rwsem.h>
#include <ashlar/slab.h>
#include <i386.h>
#include <kernel/drivers/chrdev.h>
#include <kernel/drivers/edu.h>
#include <kernel/drivers/pci.h>
#include <kernel/fs/libfs.h>
#include <kernel/fs/stat.h>
#include <kernel/irq.h>
#include <kernel/printk.h>
#include <kernel/sched/wait.h>
#include <kernel/time/clock.h>
#include <mach/io.h>

#define EDU_MINOR 240 /* of the miscellaneous devices: for local use */
#define EDU_ID 0x00
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_FROM 0x80
#define EDU_DMA_TO 0x88
#define EDU_DMA_BYTES 0x90
#define EDU_DMA_COMMAND 0x98
#define DMA_START 1u
#define DMA_TO_RAM 2u
#define DMA_INTERRUPT 4u
#define BUFFER 0x40000u /* its address, to the device itself */
/* Of 4,096: a transfer that ends with the last one stops QEMU 7.2. */
#define BUFFER_BYTES 4095u
#define TIMEOUT (2 * NSEC_PER_SEC) /* the device takes a tenth of one */

static struct edu {
	struct pci_dev *pdev;
	volatile u32 *regs;
	struct rw_semaphore busy; /* for write: one transfer at a time */
	bool done; /* set by the interrupt */
	struct wait_queue_head wait;
} edu;

static u32 read_reg(unsigned int reg)
{
	return edu.regs[reg / 4];
}

static void write_reg(unsigned int reg, u32 v)
{
	edu.regs[reg / 4] = v;
}

static irqreturn_t edu_interrupt(unsigned int irq, void *dev)
{
	u32 why = read_reg(EDU_IRQ_STATUS);

	(void)irq;
	(void)dev;
	if (!why)
		return IRQ_NONE;
	write_reg(EDU_IRQ_ACK, why);
	WRITE_ONCE(edu.done, true);
	wake_up(&edu.wait);
	return IRQ_HANDLED;
}

/* Context: edu.busy. Return: 0; -EIO if the device never answers. */
static int transfer(dma_addr_t addr, u32 at, u32 bytes, bool to_ram)
{
	u64 until = ktime_get() + TIMEOUT;

	edu.done = false;
	write_reg(EDU_DMA_FROM, to_ram ? BUFFER + at : (u32)addr);
	write_reg(EDU_DMA_TO, to_ram ? (u32)addr : BUFFER + at);
	write_reg(EDU_DMA_BYTES, bytes);
	write_reg(EDU_DMA_COMMAND,
		  DMA_START | DMA_INTERRUPT | (to_ram ? DMA_TO_RAM : 0));
	return wait_event_until(&edu.wait, READ_ONCE(edu.done), until) ? -EIO :
									 0;
}

/* A page's first @bytes to or from the buffer's from @at on. */
static int transfer_page(struct page *page, u32 at, u32 bytes, bool to_ram)
{
	enum dma_data_direction dir = to_ram ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	struct device *dev = &edu.pdev->dev;
	dma_addr_t addr = dma_map_page(dev, page, 0, bytes, dir);
	int err = dma_mapping_error(dev, addr);

	if (err)
		return err;
	down_write(&edu.busy);
	err = transfer(addr, at, bytes, to_ram);
	up_write(&edu.busy);
	dma_unmap_page(dev, addr, bytes, dir);
	return err;
}

static ssize_t edu_read_iter(struct file *f, struct iov_iter *to, loff_t *pos)
{
	struct page *page;
	size_t n;
	int err;

	(void)f;
	if (*pos >= BUFFER_BYTES || !to->count)
		return 0;
	n = min(to->count, (size_t)(BUFFER_BYTES - (u32)*pos));
	page = alloc_pages(GFP_HIGHUSER, 0);
	if (!page)
		return -ENOMEM;
	err = transfer_page(page, (u32)*pos, (u32)n, true);
	if (!err) {
		n = copy_page_to_iter(page, 0, n, to);
		err = n ? 0 : -EFAULT;
	}
	__free_pages(page, 0);
	if (err)
		return err;
	*pos += (loff_t)n;
	return (ssize_t)n;
}

static ssize_t edu_write_iter(struct file *f, struct iov_iter *from,
			      loff_t *pos)
{
	struct page *page;
	size_t n;
	int err;

	(void)f;
	if (!from->count)
		return 0;
	if (*pos >= BUFFER_BYTES)
		return -ENOSPC;
	n = min(from->count, (size_t)(BUFFER_BYTES - (u32)*pos));
	page = alloc_pages(GFP_HIGHUSER, 0);
	if (!page)
		return -ENOMEM;
	n = copy_page_from_iter(page, 0, n, from);
	err = n ? transfer_page(page, (u32)*pos, (u32)n, false) : -EFAULT;
	__free_pages(page, 0);
	if (err)
		return err;
	*pos += (loff_t)n;
	return (ssize_t)n;
}

static loff_t edu_llseek(struct file *f, loff_t off, int whence)
{
	return fixed_size_llseek(f, off, whence, BUFFER_BYTES);
}

static const struct file_operations edu_fops = {
	.llseek = edu_llseek,
	.read_iter = edu_read_iter,
	.write_iter = edu_write_iter,
};

static int edu_probe(struct pci_dev *pdev)
{
	int err;

	if (edu.pdev) /* one is enough to learn from */
		return -EBUSY;
	err = pci_request_region(pdev, 0, "edu");
	if (err)
		return err;
	pci_enable_device(pdev);
	pci_set_master(pdev);
	edu.regs = pci_iomap(pdev, 0);
	err = edu.regs ? dma_set_mask(&pdev->dev, DMA_BIT_MASK(28)) : -ENOMEM;
	if (err)
		goto release;
	init_rwsem(&edu.busy);
	init_waitqueue_head(&edu.wait);
	err = request_irq(pdev->irq, edu_interrupt, IRQF_SHARED, "edu", &edu);
	if (err)
		goto release;
	edu.pdev = pdev;
	printk("edu %s: identification 0x%08x, irq %u\n", pdev->name,
	       read_reg(EDU_ID), pdev->irq);
	register_chrdev(MISC_MAJOR, EDU_MINOR, 1, "misc", &edu_fops);
	devtmpfs_create("edu", S_IFCHR | 0600, MKDEV(MISC_MAJOR, EDU_MINOR));
	return 0;
release:
	iounmap((void *)edu.regs);
	pci_release_region(pdev, 0);
	return err;
}

static const struct pci_device_id edu_ids[] = { { 0x1234, 0x11e8, 0, 0 },
						{ 0, 0, 0, 0 } };
static const struct pci_driver edu_driver = { "edu", edu_ids, edu_probe };

/** edu_init() - serve the device, if there is one. Context: boot. */
void edu_init(void)
{
	pci_register_driver(&edu_driver);
}
