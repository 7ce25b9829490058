/* SPDX-License-Identifier: MIT */
/*
 * The PCI bus: which devices there are, and whose they are.
 *
 *   port 0xcf8   │1│ 0 │ bus │ number │ function │ register │ 0 │
 *                 31    23    15       10         7          1 0
 *   port 0xcfc   the 32 bits of that register        (mechanism 1)
 *
 *   a device's registers
 *     00  vendor, device            10 … 24  six base addresses: each the start
 *     04  command                            of ports or memory that it answers
 *     08  revision, class                    to; what stays 0 of all ones
 *     0e  kind of header                     written there is its size
 *                                   3c       interrupt line
 *
 * The firmware has given addresses and lines; they are read, and kept. Behind
 * a bridge to another bus is searched as well. Nothing is plugged in later.
 *
 * Simpler than Linux: no addresses are given here, so a device that the
 * firmware left without is reported and of no use; no message interrupts, no
 * power states, 64-bit addresses below 4 GB alone.
 *
 * Source: PCI Local Bus Specification 2.1, chapters 3 and 6.
 */
#include <ashlar/errno.h>
#include <ashlar/printf.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <i386.h>
#include <kernel/drivers/pci.h>
#include <kernel/printk.h>
#include <mach/io.h>
#include <mach/irqflags.h>

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE 0x80000000u

#define HEADER_MULTI 0x80 /* functions 1 … 7 may be there, too */
#define HEADER_BRIDGE 1
#define NO_VENDOR 0xffff
#define BAR_PORTS 0x1u
#define BAR_TYPE 0x6u
#define BAR_64 0x4u

static LIST_HEAD(devices);

/* ---- registers ---- */

static u32 config_address(const struct pci_dev *pdev, u8 where)
{
	return CONFIG_ENABLE | (u32)pdev->bus << 16 | (u32)pdev->devfn << 8 |
	       (where & 0xfcu);
}

/**
 * pci_read_config() - a register of a device's configuration
 * @pdev: the device
 * @where: the register's offset, a multiple of @bytes
 * @bytes: 1, 2 or 4
 *
 * Context: any. Return: the register; all ones if there is no device.
 */
u32 pci_read_config(const struct pci_dev *pdev, u8 where, unsigned int bytes)
{
	unsigned long flags = local_irq_save();
	u32 v;

	outl(config_address(pdev, where), CONFIG_ADDRESS);
	v = inl(CONFIG_DATA) >> (where & 3) * 8;
	local_irq_restore(flags);
	return bytes == 4 ? v : v & ((1u << bytes * 8) - 1);
}

/**
 * pci_write_config() - set a register of a device's configuration
 * @pdev: the device
 * @where: the register's offset, a multiple of @bytes
 * @bytes: 1, 2 or 4
 * @value: what to set it to
 *
 * Context: any.
 */
void pci_write_config(const struct pci_dev *pdev, u8 where, unsigned int bytes,
		      u32 value)
{
	unsigned long flags = local_irq_save();
	u16 port = (u16)(CONFIG_DATA + (where & 3));

	outl(config_address(pdev, where), CONFIG_ADDRESS);
	if (bytes == 4)
		outl(value, port);
	else if (bytes == 2)
		outw((u16)value, port);
	else
		outb((u8)value, port);
	local_irq_restore(flags);
}

static void set_command(const struct pci_dev *pdev, u32 set, u32 clear)
{
	u32 was = pci_read_config(pdev, PCI_COMMAND, 2);

	pci_write_config(pdev, PCI_COMMAND, 2, (was & ~clear) | set);
}

/* ---- what is there ---- */

/* The size is told by the bits that do not take a one. The device must not
 * answer to the addresses that this passes through. */
static u32 size_bar(const struct pci_dev *pdev, u8 where, u32 was, u32 flags)
{
	u32 command = pci_read_config(pdev, PCI_COMMAND, 2), mask;

	pci_write_config(pdev, PCI_COMMAND, 2,
			 command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	pci_write_config(pdev, where, 4, ~0u);
	mask = pci_read_config(pdev, where, 4) & ~flags;
	pci_write_config(pdev, where, 4, was);
	pci_write_config(pdev, PCI_COMMAND, 2, command);
	return mask & (0u - mask);
}

/* Reads base address @i. Return: how many registers it takes. */
static unsigned int read_bar(struct pci_dev *pdev, unsigned int i)
{
	u8 where = (u8)(PCI_BASE_ADDRESS_0 + 4 * i);
	u32 was = pci_read_config(pdev, where, 4);
	bool ports = was & BAR_PORTS,
	     wide = !ports && (was & BAR_TYPE) == BAR_64;
	struct pci_bar *bar = &pdev->bar[i];
	u32 flags = ports ? 0x3u : 0xfu;

	bar->ports = ports;
	bar->start = was & ~flags;
	bar->size = size_bar(pdev, where, was, flags);
	if (wide && i + 1 < PCI_NUM_BARS &&
	    pci_read_config(pdev, (u8)(where + 4), 4))
		bar->start = 0; /* beyond 4 GB */
	if (bar->start && bar->size)
		add_bus_region(ports, bar->start, bar->start + bar->size - 1,
			       pdev->name);
	return wide ? 2 : 1;
}

static void scan_bus(u8 bus);

/* A device answers as @probe; the header's kind says what its registers are. */
static void add_device(const struct pci_dev *probe, u8 header)
{
	struct pci_dev *pdev = kmalloc(sizeof(*pdev), GFP_KERNEL);
	unsigned int i, bars = header == HEADER_BRIDGE ? 2 : PCI_NUM_BARS;
	u32 id;

	if (!pdev)
		return;
	*pdev = *probe;
	id = pci_read_config(pdev, PCI_VENDOR_ID, 4);
	pdev->vendor = (u16)id;
	pdev->device = (u16)(id >> 16);
	pdev->class = pci_read_config(pdev, PCI_CLASS_REVISION, 4) >> 8;
	pdev->irq = (u8)pci_read_config(pdev, PCI_INTERRUPT_LINE, 1);
	ashlar_snprintf(pdev->name, sizeof(pdev->name), "0000:%02x:%02x.%u",
			pdev->bus, pdev->devfn >> 3, pdev->devfn & 7u);
	pdev->dev.name = pdev->name;
	pdev->dev.dma_mask = DMA_BIT_MASK(32);
	pdev->dev.coherent_dma_mask = DMA_BIT_MASK(32);
	for (i = 0; header <= HEADER_BRIDGE && i < bars;)
		i += read_bar(pdev, i);
	list_add_tail(&pdev->list, &devices);
	printk("pci %s: [%04x:%04x] type %02x class 0x%06x\n", pdev->name,
	       pdev->vendor, pdev->device, header, pdev->class);
	if (header == HEADER_BRIDGE) {
		u8 next = (u8)pci_read_config(pdev, PCI_SECONDARY_BUS, 1);

		if (next > pdev->bus) /* else it would be searched for ever */
			scan_bus(next);
	}
}

static void scan_bus(u8 bus)
{
	struct pci_dev probe = { .bus = bus };
	unsigned int devfn;
	u8 header = 0;

	for (devfn = 0; devfn < 256; devfn++) {
		if (devfn & 7 && !(header & HEADER_MULTI))
			continue;
		probe.devfn = (u8)devfn;
		if (pci_read_config(&probe, PCI_VENDOR_ID, 2) == NO_VENDOR)
			continue;
		if (!(devfn & 7))
			header =
				(u8)pci_read_config(&probe, PCI_HEADER_TYPE, 1);
		add_device(&probe,
			   (u8)pci_read_config(&probe, PCI_HEADER_TYPE, 1) &
				   (u8)~HEADER_MULTI);
	}
}

/* True if the registers are there: the address reads back as it was set. */
static bool has_mechanism_1(void)
{
	u32 was = inl(CONFIG_ADDRESS);
	bool there;

	outl(CONFIG_ENABLE, CONFIG_ADDRESS);
	there = inl(CONFIG_ADDRESS) == CONFIG_ENABLE;
	outl(was, CONFIG_ADDRESS);
	return there;
}

/** pci_init() - find the devices. Context: boot, once; may sleep. */
void pci_init(void)
{
	if (!has_mechanism_1() ||
	    request_region(CONFIG_ADDRESS, 8, "PCI conf1"))
		return;
	scan_bus(0);
}

/* ---- for drivers ---- */

/**
 * pci_enable_device() - let a device answer to its ports and memory
 * @pdev: the device
 *
 * Context: any.
 */
void pci_enable_device(struct pci_dev *pdev)
{
	set_command(pdev, PCI_COMMAND_IO | PCI_COMMAND_MEMORY,
		    PCI_COMMAND_INTX_DISABLE);
}

/**
 * pci_set_master() - let a device transfer by itself
 * @pdev: the device
 *
 * Context: any.
 */
void pci_set_master(struct pci_dev *pdev)
{
	set_command(pdev, PCI_COMMAND_MASTER, 0);
}

/**
 * pci_request_region() - what one base address covers becomes a driver's
 * @pdev: the device
 * @bar: number of the base address, 0 … 5
 * @name: the driver's; must stay
 *
 * Context: any. Return: 0; -ENODEV if nothing is there, and request_region()'s.
 */
int pci_request_region(struct pci_dev *pdev, unsigned int bar, const char *name)
{
	const struct pci_bar *b = &pdev->bar[bar];

	if (!b->start || !b->size)
		return -ENODEV;
	return b->ports ? request_region(b->start, b->size, name) :
			  request_mem_region(b->start, b->size, name);
}

/**
 * pci_release_region() - end pci_request_region()
 * @pdev: the device
 * @bar: as it was requested
 */
void pci_release_region(struct pci_dev *pdev, unsigned int bar)
{
	const struct pci_bar *b = &pdev->bar[bar];

	if (b->ports)
		release_region(b->start, b->size);
	else
		release_mem_region(b->start, b->size);
}

/**
 * pci_iomap() - map the memory of one base address
 * @pdev: the device
 * @bar: number of the base address, 0 … 5
 *
 * Context: may sleep. Return: as ioremap(); NULL for ports.
 */
void *pci_iomap(struct pci_dev *pdev, unsigned int bar)
{
	const struct pci_bar *b = &pdev->bar[bar];

	return b->ports || !b->start ? NULL : ioremap(b->start, b->size);
}

/**
 * pci_get_device() - the first device of a kind
 * @vendor: its maker's number
 * @device: its number
 *
 * Context: any. Return: the device or NULL.
 */
struct pci_dev *pci_get_device(u16 vendor, u16 device)
{
	struct pci_dev *pdev;

	list_for_each_entry(pdev, &devices, list)
		if (pdev->vendor == vendor && pdev->device == device)
			return pdev;
	return NULL;
}

static bool id_fits(const struct pci_device_id *id, const struct pci_dev *pdev)
{
	return (id->vendor == PCI_ANY_ID || id->vendor == pdev->vendor) &&
	       (id->device == PCI_ANY_ID || id->device == pdev->device) &&
	       (pdev->class & id->class_mask) == id->class;
}

/**
 * pci_register_driver() - offer a driver every device that it may serve
 * @driver: the driver; must stay
 *
 * Context: boot; may sleep.
 */
void pci_register_driver(const struct pci_driver *driver)
{
	const struct pci_device_id *id;
	struct pci_dev *pdev;

	list_for_each_entry(pdev, &devices, list) {
		for (id = driver->id_table; id->vendor; id++)
			if (id_fits(id, pdev))
				break;
		if (id->vendor && !pdev->driver && !driver->probe(pdev))
			pdev->driver = driver;
	}
}

/** show_pci_devices() - /proc/bus/pci/devices, a device a line */
void show_pci_devices(struct seq_file *m)
{
	struct pci_dev *pdev;
	unsigned int i;

	list_for_each_entry(pdev, &devices, list) {
		seq_printf(m, "%02x%02x\t%04x%04x\t%x", pdev->bus, pdev->devfn,
			   pdev->vendor, pdev->device, pdev->irq);
		/* Six base addresses and the ROM's, with their low bits. */
		for (i = 0; i <= PCI_NUM_BARS; i++)
			seq_printf(m, "\t%8x",
				   i == PCI_NUM_BARS ?
					   0 :
					   pdev->bar[i].start |
						   pdev->bar[i].ports);
		for (i = 0; i <= PCI_NUM_BARS; i++)
			seq_printf(m, "\t%8x",
				   i == PCI_NUM_BARS ? 0 : pdev->bar[i].size);
		seq_printf(m, "\t%s\n", pdev->driver ? pdev->driver->name : "");
	}
}
