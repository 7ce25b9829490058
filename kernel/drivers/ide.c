/* SPDX-License-Identifier: MIT */
/*
 * The IDE controller of the PC's PIIX chips: two cables, with two disks each.
 *
 *   PCI function ─┬ primary    ports 1f0 … 1f7, 3f6, line 14  ─┬ sda
 *                 │                                            └ sdb
 *                 ├ secondary  ports 170 … 177, 376, line 15  ─  sdc
 *                 └ base address 4: the bus master, 8 ports for each
 *
 * Disks are named in the order in which they are found, as Linux's libata does;
 * CD-ROMs are left alone. libata.dma=0 on the command line has the processor
 * move all data.
 *
 * Source: Intel 82371SB (PIIX3).
 */
#include <ashlar/errno.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/drivers/ide.h>
#include <kernel/drivers/pci.h>
#include <kernel/init.h>
#include <kernel/irq.h>
#include <kernel/panic.h>
#include <kernel/printk.h>

#define SD_MAJOR 8
#define DISKS_MOST 16u /* minors of one major number */
#define CLASS_IDE 0x010100u
#define CLASS_MASK 0xffff00u
#define BUS_MASTER_BAR 4
#define CHANNEL_PORTS 8u
#define PIIX_TIMING 0x40
#define PIIX_DECODE 0x8000u

/* Words of what a disk says of itself. */
#define ID_MODEL 27
#define ID_CAPABILITIES 49
#define ID_HAS_DMA 0x100u
#define ID_HAS_LBA 0x200u
#define ID_SECTORS 60
#define ID_COMMANDS 83
#define ID_HAS_LBA48 0x400u
#define ID_HAS_FLUSH 0x1000u
#define ID_HAS_FLUSH_EXT 0x2000u
#define ID_SECTORS_48 100

static const struct {
	u16 io, control;
	u8 irq;
} legacy[2] = { { 0x1f0, 0x3f6, 14 }, { 0x170, 0x376, 15 } };

static const struct gendisk_ops ide_ops = { .do_request = ide_do_request };
static unsigned int nr_disks;

/* Its letters come in pairs, the other way round, and padded with blanks. */
static void copy_model(char *to, const u16 *id)
{
	unsigned int i;

	for (i = 0; i < 20; i++) {
		to[2 * i] = (char)(id[ID_MODEL + i] >> 8);
		to[2 * i + 1] = (char)id[ID_MODEL + i];
	}
	i = 40;
	while (i && to[i - 1] == ' ')
		i--;
	to[i] = '\0';
}

static sector_t capacity_of(const struct ide_disk *d, const u16 *id)
{
	const u16 *p = id + (d->lba48 ? ID_SECTORS_48 : ID_SECTORS);
	sector_t n = p[0] | (u32)p[1] << 16;

	return d->lba48 ? n | (sector_t)p[2] << 32 | (sector_t)p[3] << 48 : n;
}

static void add_ide_disk(struct ide_channel *ch, u8 number, const u16 *id)
{
	struct ide_disk *d = kzalloc(sizeof(*d), GFP_KERNEL);
	u16 commands = id[ID_COMMANDS];

	if (!d || nr_disks == DISKS_MOST) {
		kfree(d);
		return;
	}
	d->channel = ch;
	d->number = number;
	d->lba48 = commands & ID_HAS_LBA48;
	d->flush = commands & (ID_HAS_FLUSH | ID_HAS_FLUSH_EXT);
	d->flush_ext = d->lba48 && commands & ID_HAS_FLUSH_EXT;
	d->dma = ch->bus_master && !boot_options.ide_pio &&
		 id[ID_CAPABILITIES] & ID_HAS_DMA;
	copy_model(d->model, id);
	memcpy(d->disk.name, "sda", 4);
	d->disk.name[2] = (char)('a' + nr_disks);
	d->disk.driver = "sd";
	d->disk.major = SD_MAJOR;
	d->disk.minors = DISK_MINORS;
	d->disk.first_minor = nr_disks++ * DISK_MINORS;
	d->disk.capacity = capacity_of(d, id);
	d->disk.ops = &ide_ops;
	d->disk.private_data = d;
	d->disk.sys_parent = "devices/pci0000:00/0000:00:01.1/block";
	d->disk.model = d->model;
	elevator_init(&d->disk.queue, IDE_MAX_SECTORS, IDE_MAX_VECS);
	printk("%s: %s, %s\n", d->disk.name, d->model, d->dma ? "DMA" : "PIO");
	if (add_disk(&d->disk))
		printk(KERN_ERR "%s: no memory\n", d->disk.name);
}

static void scan_channel(struct ide_channel *ch)
{
	u16 *id = kmalloc(256 * sizeof(*id), GFP_KERNEL);
	u8 number;

	for (number = 0; id && number < 2; number++)
		if (!ide_identify(ch, number, id) &&
		    id[ID_CAPABILITIES] & ID_HAS_LBA)
			add_ide_disk(ch, number, id);
	kfree(id);
}

/* Without a table or its list the disks work by PIO. */
static void set_up_dma(struct ide_channel *ch, unsigned int i)
{
	const struct pci_bar *bar = &ch->pdev->bar[BUS_MASTER_BAR];

	ch->sg = kmalloc_array(IDE_MAX_VECS, sizeof(*ch->sg), GFP_KERNEL);
	ch->prd = dma_alloc_coherent(&ch->pdev->dev, PAGE_SIZE, &ch->prd_dma,
				     GFP_KERNEL);
	if (ch->sg && ch->prd && bar->ports && bar->size >= 2 * CHANNEL_PORTS)
		ch->bus_master = (u16)(bar->start + i * CHANNEL_PORTS);
}

static int add_channel(struct pci_dev *pdev, unsigned int i)
{
	struct ide_channel *ch = kzalloc(sizeof(*ch), GFP_KERNEL);
	int err;

	if (!ch)
		return -ENOMEM;
	ch->pdev = pdev;
	ch->io = legacy[i].io;
	ch->control = legacy[i].control;
	ch->irq = legacy[i].irq;
	ch->selected = 0xff;
	init_rwsem(&ch->busy);
	init_waitqueue_head(&ch->wait);
	err = request_region(ch->io, CHANNEL_PORTS, "ata_piix");
	if (err)
		goto free;
	err = request_irq(ch->irq, ide_interrupt, 0, "ata_piix", ch);
	if (err)
		goto release;
	set_up_dma(ch, i);
	scan_channel(ch);
	return 0;
release:
	release_region(ch->io, CHANNEL_PORTS);
free:
	kfree(ch);
	return err;
}

static int ide_probe(struct pci_dev *pdev)
{
	unsigned int i;
	int err = 0;

	pci_enable_device(pdev);
	pci_set_master(pdev);
	dma_set_seg_boundary(&pdev->dev, 0xffff);
	if (pdev->bar[BUS_MASTER_BAR].start)
		(void)pci_request_region(pdev, BUS_MASTER_BAR, "ata_piix");
	for (i = 0; i < 2 && !err; i++) {
		u8 timing = (u8)(PIIX_TIMING + 2 * i);

		pci_write_config(pdev, timing, 2,
				 pci_read_config(pdev, timing, 2) |
					 PIIX_DECODE);
		err = add_channel(pdev, i);
	}
	return err;
}

static const struct pci_device_id ide_ids[] = {
	{ 0x8086, 0x7010, CLASS_IDE, CLASS_MASK }, /* PIIX3 */
	{ 0x8086, 0x7111, CLASS_IDE, CLASS_MASK }, /* PIIX4 */
	{ 0, 0, 0, 0 }
};
static const struct pci_driver ide_driver = { "ata_piix", ide_ids, ide_probe };

/** ide_init() - serve the controller, if there is one. Context: process 1. */
void ide_init(void)
{
	pci_register_driver(&ide_driver);
}
