/* SPDX-License-Identifier: MIT */
/*
 * Ways to end. Power goes off by ACPI's sleep state 5: the FADT tells the
 * port of the power management control register; the value that state 5
 * needs is in the DSDT, in the package named _S5_, whose first element is a
 * small constant and is read without an interpreter.
 *
 *   RSDP ─▶ RSDT ─▶ FADT ─▶ DSDT     "_S5_" 12 len n 0A value …
 */
#include <ashlar/string.h>
#include <mach/io.h>
#include <mach/irqflags.h>
#include <mach/page.h>
#include <mach/pgtable.h>
#include "local.h"

#define SLP_EN 0x2000u
#define LOW_BYTES (888u << 20)

struct acpi_table {
	char signature[4];
	u32 length;
	u8 rest[28];
};

/* A table that the direct map shows whole, or NULL. */
static const struct acpi_table *acpi_table(u32 phys)
{
	const struct acpi_table *t = phys_to_virt(phys);
	u32 end = min(LOW_BYTES,
		      (u32)(port_vmalloc_start - PAGE_OFFSET) - (8u << 20));

	if (phys < 0x400 || phys > end - sizeof(*t) || t->length < sizeof(*t) ||
	    t->length > end - phys)
		return NULL;
	return t;
}

static u32 read32(const struct acpi_table *t, u32 offset)
{
	u32 v;

	if (offset + 4 > t->length)
		return 0;
	__builtin_memcpy(&v, (const u8 *)t + offset, 4);
	return v;
}

/* The pointer lies in the BIOS, on a border of 16 bytes. */
static u32 find_rsdt(void)
{
	u32 at;

	for (at = 0xe0000; at < 0x100000; at += 16) {
		const u8 *p = phys_to_virt(at);

		if (!memcmp(p, "RSD PTR ", 8))
			return p[16] | (u32)p[17] << 8 | (u32)p[18] << 16 |
			       (u32)p[19] << 24;
	}
	return 0;
}

static const struct acpi_table *find_fadt(void)
{
	const struct acpi_table *rsdt = acpi_table(find_rsdt()), *t;
	u32 at;

	for (at = sizeof(*t); rsdt && at < rsdt->length; at += 4) {
		t = acpi_table(read32(rsdt, at));
		if (t && !memcmp(t->signature, "FACP", 4))
			return t;
	}
	return NULL;
}

/* SLP_TYP of state 5; 0 if the DSDT does not say. */
static u32 sleep_type(const struct acpi_table *dsdt)
{
	const u8 *p = (const u8 *)dsdt, *end = p + dsdt->length - 8;

	for (p += sizeof(*dsdt); p < end; p++) {
		if (memcmp(p, "_S5_\x12", 5))
			continue;
		p += 5;
		p += (*p >> 6) + 1; /* length of the package */
		p++; /* number of elements */
		return *p == 0x0a ? p[1] : *p;
	}
	return 0;
}

static void acpi_power_off(void)
{
	const struct acpi_table *fadt = find_fadt(), *dsdt;

	if (!fadt)
		return;
	dsdt = acpi_table(read32(fadt, 40));
	if (dsdt)
		outw((u16)(SLP_EN | sleep_type(dsdt) << 10),
		     (u16)read32(fadt, 64));
}

/** machine_power_off() - off; or at least nothing more happens */
void machine_power_off(void)
{
	local_irq_disable();
	acpi_power_off();
	outw(SLP_EN, 0x604); /* QEMU's place for it */
	outw(SLP_EN, 0xb004); /* older QEMU, Bochs */
	machine_halt();
}

/** machine_restart() - through the keyboard controller, or a triple fault */
void machine_restart(void)
{
	static const struct {
		u16 limit;
		u32 base;
	} __attribute__((packed)) nothing = { 0, 0 };
	unsigned int i;

	local_irq_disable();
	for (i = 0; i < 100000 && inb(0x64) & 2; i++)
		;
	outb(0xfe, 0x64);
	for (i = 0; i < 1000000; i++)
		__asm__ volatile("pause");
	__asm__ volatile("lidt %0; int3" ::"m"(nothing));
	machine_halt();
}

/** machine_halt() - the processor stops, the power stays on */
void machine_halt(void)
{
	local_irq_disable();
	for (;;)
		__asm__ volatile("hlt");
}
