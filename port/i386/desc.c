/* SPDX-License-Identifier: MIT */
/*
 * The processor's tables: segments (GDT, the running process's LDT), gates
 * for interrupts (IDT), and the task state segment, of which only the kernel
 * stack's address and the map of permitted ports are used.
 *
 *   GDT    0 null   6-8 TLS of the running thread    12 kernel code  13 data
 *          14 user code  15 data   16 TSS   17 LDT   31 double fault's TSS
 *
 * All code and data segments are flat; numbers are Linux's, for programs look
 * at their selectors. A double fault, which is how a kernel stack that ran
 * into its guard page ends, switches to a task of its own: it has a stack.
 */
#include <ashlar/string.h>
#include <mach/page.h>
#include <mach/pgtable.h>
#include "local.h"

#define GDT_TSS 16
#define GDT_LDT 17
#define GDT_DOUBLE_FAULT 31

struct tss {
	u32 link, sp0, ss0, sp1, ss1, sp2, ss2, cr3, ip, flags;
	u32 ax, cx, dx, bx, sp, bp, si, di;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trace, io_bitmap_base;
};

static struct {
	struct tss tss;
	u8 io_bitmap[IO_BITMAP_BYTES + 1]; /* a last byte of ones is read */
} cpu_tss __attribute__((__aligned__(64)));

static u8 double_fault_stack[4096] __attribute__((__aligned__(16)));
static struct tss double_fault_tss;

#define FLAT(access) 0x0000ffff, (0x00cf0000 | (access) << 8)

struct desc_struct gdt[GDT_ENTRIES] __attribute__((__aligned__(64))) = {
	[12] = { FLAT(0x9b) }, /* code, ring 0 */
	[13] = { FLAT(0x93) }, /* data, ring 0 */
	[14] = { FLAT(0xfb) }, /* code, ring 3 */
	[15] = { FLAT(0xf3) }, /* data, ring 3 */
};

static struct desc_struct idt[256] __attribute__((__aligned__(64)));

/* entry.S: where each vector begins */
extern const u32 trap_entries[32], irq_entries[16];
void int80_entry(void);
void int80_traced(void);
void double_fault_entry(void);

static struct desc_struct system_desc(const void *base, u32 limit, u32 type)
{
	u32 b = (u32)base;

	return (struct desc_struct){
		.a = (limit & 0xffff) | b << 16,
		.b = (b >> 16 & 0xff) | type << 8 | (limit & 0xf0000) |
		     (b & 0xff000000),
	};
}

/* @type: 0xe interrupt gate, 0xf trap gate; @dpl: who may call it by int */
static void set_gate(unsigned int vector, u32 entry, u32 type, u32 dpl)
{
	idt[vector] = (struct desc_struct){
		.a = (u32)__KERNEL_CS << 16 | (entry & 0xffff),
		.b = (entry & 0xffff0000) | 0x8000 | dpl << 13 | type << 8,
	};
}

static void __init fill_idt(void)
{
	unsigned int i;

	for (i = 0; i < 32; i++)
		set_gate(i, trap_entries[i], 0xe, 0);
	for (i = 0; i < 16; i++)
		set_gate(32 + i, irq_entries[i], 0xe, 0);
	set_gate(3, trap_entries[3], 0xe, 3); /* int3 */
	set_gate(4, trap_entries[4], 0xe, 3); /* into */
	set_syscall_door(false);
	idt[8] = (struct desc_struct){ GDT_DOUBLE_FAULT << 19, 0x8500 };
}

static void __init fill_double_fault_tss(void)
{
	double_fault_tss = (struct tss){
		.cr3 = virt_to_phys(swapper_pg_dir),
		.ip = (u32)double_fault_entry,
		.flags = 2,
		.sp = (u32)(double_fault_stack + sizeof(double_fault_stack)),
		.es = __USER_DS,
		.cs = __KERNEL_CS,
		.ss = __KERNEL_DS,
		.ds = __USER_DS,
		.io_bitmap_base = sizeof(struct tss),
	};
}

struct table_pointer {
	u16 limit;
	u32 base;
} __attribute__((packed));

static void __init load_tables(void)
{
	struct table_pointer g = { sizeof(gdt) - 1, (u32)gdt };
	struct table_pointer i = { sizeof(idt) - 1, (u32)idt };

	__asm__ volatile("lgdt %0; lidt %1; ljmp %2, $1f; 1:" ::"m"(g), "m"(i),
			 "i"(__KERNEL_CS));
	__asm__ volatile(
		"movl %0, %%ss; movl %1, %%ds; movl %1, %%es;"
		"movl %2, %%fs; movl %2, %%gs; lldt %w2; ltr %w3" ::"r"(
			__KERNEL_DS),
		"r"(__USER_DS), "r"(0), "r"(GDT_TSS * 8));
}

void __init desc_init(void)
{
	cpu_tss.tss.ss0 = __KERNEL_DS;
	cpu_tss.tss.sp0 = (u32)init_stack_end;
	cpu_tss.tss.io_bitmap_base = sizeof(cpu_tss); /* beyond: no ports */
	memset(cpu_tss.io_bitmap, 0xff, sizeof(cpu_tss.io_bitmap));
	gdt[GDT_TSS] = system_desc(&cpu_tss, sizeof(cpu_tss) - 1, 0x89);
	gdt[GDT_DOUBLE_FAULT] =
		system_desc(&double_fault_tss, sizeof(struct tss) - 1, 0x89);
	fill_double_fault_tss();
	fill_idt();
	load_tables();
}

/* Where int $0x80 leads: a traced program takes another door. */
void set_syscall_door(bool traced)
{
	set_gate(0x80, (u32)(traced ? int80_traced : int80_entry), 0xf, 3);
}

/* The stack on which ring 3 is left. */
void set_tss_stack(u32 sp0)
{
	cpu_tss.tss.sp0 = sp0;
}

void load_tls(const struct thread_struct *t)
{
	struct desc_struct *d = &gdt[GDT_ENTRY_TLS_MIN];

	d[0] = t->tls_array[0];
	d[1] = t->tls_array[1];
	d[2] = t->tls_array[2];
}

/*
 * Ports that the running task may use; most may use none. iopl(3) means all
 * of them, but not the interrupt flag, so the processor's own level stays 0.
 */
void load_io_bitmap(const struct thread_struct *t)
{
	if (likely(!t->io_bitmap && t->iopl != 3)) {
		cpu_tss.tss.io_bitmap_base = sizeof(cpu_tss);
		return;
	}
	if (t->iopl == 3)
		memset(cpu_tss.io_bitmap, 0, IO_BITMAP_BYTES);
	else
		memcpy(cpu_tss.io_bitmap, t->io_bitmap, IO_BITMAP_BYTES);
	cpu_tss.tss.io_bitmap_base =
		__builtin_offsetof(__typeof__(cpu_tss), io_bitmap);
}

void load_ldt(const void *ldt, u32 entries)
{
	static const void *loaded;

	if (!entries) {
		if (loaded)
			__asm__ volatile("lldt %w0" ::"r"(0));
		loaded = NULL;
		return;
	}
	loaded = ldt;
	gdt[GDT_LDT] = system_desc(ldt, entries * 8 - 1, 0x82);
	__asm__ volatile("lldt %w0" ::"r"(GDT_LDT * 8));
}

/* The double fault's task: the interrupted registers are in the CPU's TSS. */
void double_fault(void);

void double_fault(void)
{
	const struct tss *t = &cpu_tss.tss;
	struct pt_regs regs = {
		.bx = t->bx,
		.cx = t->cx,
		.dx = t->dx,
		.si = t->si,
		.di = t->di,
		.bp = t->bp,
		.ax = t->ax,
		.ds = t->ds,
		.es = t->es,
		.fs = t->fs,
		.gs = t->gs,
		.orig_ax = ~0u,
		.ip = t->ip,
		.cs = t->cs,
		.flags = t->flags,
		.sp = t->sp,
		.ss = t->ss,
	};

	__asm__ volatile("clts"); /* changing tasks by hardware set it */
	do_double_fault(&regs);
}

/* ---- descriptors that programs make ---- */

/**
 * fill_ldt_desc() - the processor's form of a program's descriptor
 * @d: what the program asked for
 *
 * Always a segment of ring 3, present unless it said otherwise.
 */
struct desc_struct fill_ldt_desc(const struct user_desc *d)
{
	u32 type = 0x70 | d->contents << 2 | !d->read_exec_only << 1 | 1;

	return (struct desc_struct){
		.a = d->base_addr << 16 | (d->limit & 0xffff),
		.b = (d->base_addr & 0xff000000) | (d->base_addr >> 16 & 0xff) |
		     (d->limit & 0xf0000) | type << 8 |
		     (u32)!d->seg_not_present << 15 | (u32)d->useable << 20 |
		     (u32)d->seg_32bit << 22 | (u32)d->limit_in_pages << 23,
	};
}

/**
 * read_ldt_desc() - the opposite of fill_ldt_desc()
 * @desc: a descriptor
 * @entry: its number, which is not part of it
 */
struct user_desc read_ldt_desc(const struct desc_struct *desc, u32 entry)
{
	u32 a = desc->a, b = desc->b;

	return (struct user_desc){
		.entry_number = entry,
		.base_addr = a >> 16 | (b & 0xff) << 16 | (b & 0xff000000),
		.limit = (a & 0xffff) | (b & 0xf0000),
		.seg_32bit = b >> 22 & 1,
		.contents = b >> 10 & 3,
		.read_exec_only = !(b >> 9 & 1),
		.limit_in_pages = b >> 23 & 1,
		.seg_not_present = !(b >> 15 & 1),
		.useable = b >> 20 & 1,
	};
}
