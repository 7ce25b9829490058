/* SPDX-License-Identifier: MIT */
/* Devices on the PCI bus, and their drivers. Code: kernel/drivers/pci.c. */
#ifndef KERNEL_DRIVERS_PCI_H
#define KERNEL_DRIVERS_PCI_H

#include <ashlar/dma-transfer.h>
#include <ashlar/list.h>

struct seq_file;

#define PCI_NUM_BARS 6

/* Registers of a device's configuration. */
#define PCI_VENDOR_ID 0x00
#define PCI_COMMAND 0x04
#define PCI_COMMAND_IO 0x1u
#define PCI_COMMAND_MEMORY 0x2u
#define PCI_COMMAND_MASTER 0x4u
#define PCI_COMMAND_INTX_DISABLE 0x400u
#define PCI_CLASS_REVISION 0x08
#define PCI_HEADER_TYPE 0x0e
#define PCI_BASE_ADDRESS_0 0x10
#define PCI_SECONDARY_BUS 0x19
#define PCI_INTERRUPT_LINE 0x3c

/* What a device answers to: a base address register. */
struct pci_bar {
	u32 start; /* 0: none, or not given an address */
	u32 size; /* ports or bytes */
	bool ports; /* else memory */
};

struct pci_dev {
	struct device dev; /* for DMA; dev.name is "0000:00:01.1" */
	struct list_head list;
	u8 bus, devfn; /* devfn: number * 8 + function */
	u16 vendor, device;
	u32 class; /* base, sub, interface: 0xBBSSII */
	u8 irq; /* line; 0: none */
	struct pci_bar bar[PCI_NUM_BARS];
	const struct pci_driver *driver; /* NULL: no driver has it */
	void *driver_data;
	char name[16];
};

#define PCI_ANY_ID 0xffffu

/* Devices that a driver serves: by number, or by class. Ends with zeroes. */
struct pci_device_id {
	u16 vendor, device; /* PCI_ANY_ID: any */
	u32 class, class_mask;
};

struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
	/* 0, and the device is the driver's; -errno. May sleep. */
	int (*probe)(struct pci_dev *pdev);
};

u32 pci_read_config(const struct pci_dev *pdev, u8 where, unsigned int bytes);
void pci_write_config(const struct pci_dev *pdev, u8 where, unsigned int bytes,
		      u32 value);
void pci_enable_device(struct pci_dev *pdev);
void pci_set_master(struct pci_dev *pdev);
int pci_request_region(struct pci_dev *pdev, unsigned int bar,
		       const char *name);
void pci_release_region(struct pci_dev *pdev, unsigned int bar);
void *pci_iomap(struct pci_dev *pdev, unsigned int bar);
struct pci_dev *pci_get_device(u16 vendor, u16 device);
void pci_register_driver(const struct pci_driver *driver);
void pci_init(void); /* finds the devices; boot, once */
void show_pci_devices(struct seq_file *m); /* /proc/bus/pci/devices */

#endif
