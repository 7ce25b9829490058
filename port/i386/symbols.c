/* SPDX-License-Identifier: MIT */
/*
 * Names for addresses, and what the processor looked like.
 *
 *   .ksyms   { u32 address, name, 0 } …   by address (scripts/link-kernel)
 *
 * There are no frame pointers: a trace lists every word of the stack that
 * could be a return address, so it may name functions that are done.
 */
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include <kernel/sched.h>
#include <mach/tlb.h>
#include "local.h"

#define TRACE_MAX 24

extern const u8 __ksyms_start[], __ksyms_end[];

static bool is_text(u32 addr)
{
	return addr >= (u32)_text && addr < (u32)_etext;
}

static u32 record_address(const u8 *record)
{
	u32 addr;

	__builtin_memcpy(&addr, record, sizeof(addr));
	return addr;
}

/**
 * sprint_symbol() - "name+0x12/0x80" for an address of the kernel's code
 * @buf: where to
 * @addr: any address; one that is not in the code becomes "0x…"
 */
void sprint_symbol(char buf[64], u32 addr)
{
	const u8 *at = __ksyms_start, *found = NULL;
	u32 end = (u32)_etext;

	while (is_text(addr) && at < __ksyms_end) {
		if (record_address(at) > addr) {
			end = record_address(at);
			break;
		}
		found = at;
		at += 4 + strlen((const char *)at + 4) + 1;
	}
	if (!found)
		ashlar_snprintf(buf, 64, "0x%x", addr);
	else
		ashlar_snprintf(buf, 64, "%s+0x%x/0x%x",
				(const char *)found + 4,
				addr - record_address(found),
				end - record_address(found));
}

/* Is this word of a stack there to be read? Stacks end on borders of 8 KB. */
static u32 stack_end(u32 sp)
{
	return (sp | (THREAD_SIZE - 1)) + 1;
}

/**
 * dump_stack() - what looks like return addresses, with names
 * @sp: where in a kernel stack to begin
 */
void dump_stack(u32 sp)
{
	u32 at = sp & ~3u, end = stack_end(sp), n = 0;
	char name[64];

	printk("Call Trace:\n");
	if (at < PAGE_OFFSET)
		return;
	for (; at < end && n < TRACE_MAX; at += 4) {
		u32 word = *(const u32 *)at;

		if (!is_text(word))
			continue;
		sprint_symbol(name, word);
		printk(" [<%08x>] %s\n", word, name);
		n++;
	}
}

static u32 read_cr2(void)
{
	u32 v;

	__asm__ volatile("movl %%cr2, %0" : "=r"(v));
	return v;
}

static u32 read_cr3(void)
{
	u32 v;

	__asm__ volatile("movl %%cr3, %0" : "=r"(v));
	return v;
}

static u32 read_cr0(void)
{
	u32 v;

	__asm__ volatile("movl %%cr0, %0" : "=r"(v));
	return v;
}

/**
 * show_regs() - registers of an interrupted piece of code
 * @regs: as entry.S saved them
 */
void show_regs(const struct pt_regs *regs)
{
	bool user = user_mode(regs);
	u32 sp = user ? regs->sp : (u32)(&regs->flags + 1);
	u32 ss = user ? regs->ss : __KERNEL_DS;
	char name[64];

	sprint_symbol(name, regs->ip);
	printk("CPU: 0 PID: %d Comm: %s\n", current->pid, current->comm);
	printk("EIP: %s\n", name);
	printk("EIP: %08x CS: %04x EFLAGS: %08x\n", regs->ip, regs->cs & 0xffff,
	       regs->flags);
	printk("EAX: %08x EBX: %08x ECX: %08x EDX: %08x\n", regs->ax, regs->bx,
	       regs->cx, regs->dx);
	printk("ESI: %08x EDI: %08x EBP: %08x ESP: %08x\n", regs->si, regs->di,
	       regs->bp, sp);
	printk("DS: %04x ES: %04x FS: %04x GS: %04x SS: %04x\n",
	       regs->ds & 0xffff, regs->es & 0xffff, regs->fs & 0xffff,
	       regs->gs & 0xffff, ss & 0xffff);
	printk("CR0: %08x CR2: %08x CR3: %08x CR4: %08x\n", read_cr0(),
	       read_cr2(), read_cr3(), read_cr4());
}
