/* SPDX-License-Identifier: MIT */
/*
 * Names for addresses, and what the processor looked like.
 *
 *   .ksyms   { u32 address, name, 0 } …   by address (scripts/link-kernel)
 *   parts    ──┴───────────┴────────────  where to begin to look
 *
 * There are no frame pointers: a trace lists every word of the stack that
 * could be a return address, because a call ends right before where it points,
 * so it may name functions that are done.
 */
#include <ashlar/mm_types.h>
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include <kernel/printk.h>
#include <kernel/task/task.h>
#include "local.h"

#define TRACE_MAX 24

extern const u8 __ksyms_start[], __ksyms_end[];

static bool is_text(u32 addr)
{
	return addr >= (u32)_text && addr < (u32)_etext;
}

/* An indirect call's length, but for its ff, by the byte that follows that. */
static u32 call_length(u8 modrm)
{
	bool sib = (modrm & 0xc7) != 0xc4 && (modrm & 7) == 4;

	switch (modrm & 0xf8) {
	case 0x10:
		return (modrm & 7) == 5 ? 5 : 1 + sib;
	case 0x50:
		return 2 + sib;
	case 0x90:
		return 5 + sib;
	case 0xd0:
		return 1;
	}
	return 0;
}

/* True if an instruction that calls may end at @addr. */
static bool follows_call(u32 addr)
{
	const u8 *end = (const u8 *)addr;
	u32 n;

	if (addr - (u32)_text < 8)
		return false;
	if (end[-5] == 0xe8)
		return true;
	for (n = 1; n <= 6; n++)
		if (end[-(int)n - 1] == 0xff && call_length(end[-(int)n]) == n)
			return true;
	return false;
}

/* True if a word of a stack may be an address that a function returns to. */
static bool may_be_return(u32 word)
{
	return is_text(word) && follows_call(word);
}

static u32 record_address(const u8 *record)
{
	u32 addr;

	__builtin_memcpy(&addr, record, sizeof(addr));
	return addr;
}

static const u8 *next_record(const u8 *at)
{
	return at + 4 + strlen((const char *)at + 4) + 1;
}

/* The first record in each of so many equal parts of the table, or behind. */
#define PARTS 256u

static const u8 *parts[PARTS];

static void find_parts(void)
{
	u32 size = (u32)__ksyms_end - (u32)__ksyms_start, i;
	const u8 *at = __ksyms_start;

	for (i = 0; i < PARTS; i++) {
		while ((u32)at < (u32)__ksyms_end &&
		       (u32)(at - __ksyms_start) < size / PARTS * i)
			at = next_record(at);
		parts[i] = at;
	}
}

/* A record that is not behind the one of @addr, and in its part. */
static const u8 *nearby_record(u32 addr)
{
	u32 low = 0, high = PARTS, mid;

	if (!parts[0])
		find_parts();
	while (high - low > 1) {
		mid = (low + high) / 2;
		if (parts[mid] < __ksyms_end &&
		    record_address(parts[mid]) <= addr)
			low = mid;
		else
			high = mid;
	}
	return parts[low];
}

/* The record that covers @addr, and in @end where the next begins. */
static const u8 *find_record(u32 addr, u32 *end)
{
	const u8 *at, *found = NULL;

	*end = (u32)_etext;
	if (!is_text(addr))
		return NULL;
	for (at = nearby_record(addr); at < __ksyms_end; at = next_record(at)) {
		if (record_address(at) > addr) {
			*end = record_address(at);
			break;
		}
		found = at;
	}
	return found;
}

/* @back: 1 for a return address, which may lie behind its function's end. */
static void print_symbol(char buf[64], u32 addr, u32 back)
{
	u32 end;
	const u8 *r = find_record(addr - back, &end);

	if (!r)
		ashlar_snprintf(buf, 64, "0x%x", addr);
	else
		ashlar_snprintf(buf, 64, "%s+0x%x/0x%x", (const char *)r + 4,
				addr - record_address(r),
				end - record_address(r));
}

/**
 * sprint_symbol() - "name+0x12/0x80" for an address of the kernel's code
 * @buf: where to
 * @addr: any address; one that is not in the code becomes "0x…"
 */
void sprint_symbol(char buf[64], u32 addr)
{
	print_symbol(buf, addr, 0);
}

/** sprint_backtrace() - sprint_symbol() of who called, for where it returns */
void sprint_backtrace(char buf[64], u32 pc)
{
	print_symbol(buf, pc, 1);
}

/*
 * The part of a stack from *@sp on that is surely there: the task's own, from
 * its lowest word if it overflowed, or the rest of a page.
 */
static u32 stack_end(u32 *sp)
{
	u32 stack = (u32)current->stack;

	if (stack && *sp - (stack - PAGE_SIZE) < PAGE_SIZE)
		*sp = stack;
	if (*sp - stack < THREAD_SIZE)
		return stack + THREAD_SIZE;
	return *sp < PAGE_OFFSET ? *sp : ALIGN(*sp + 1, PAGE_SIZE);
}

/* What may be return addresses, from a frame on. */
static unsigned int scan(u32 frame, unsigned long *pc, unsigned int nr)
{
	u32 sp = frame, end = stack_end(&sp);
	unsigned int n = 0;

	/* What was found, and lies on the stack, is not found again. */
	for (; sp < end && n < nr; sp += 4)
		if (sp - (u32)pc >= nr * sizeof(*pc) &&
		    may_be_return(*(const u32 *)sp))
			pc[n++] = *(const u32 *)sp;
	return n;
}

unsigned int port_callers(unsigned long *pc, unsigned int nr)
{
	return scan((u32)__builtin_frame_address(0), pc, nr);
}

/* A third of what is found may be of calls that are over. */
#define NOTED_MOST 24u

u32 port_callers_noted(unsigned int nr,
		       u32 (*number)(const unsigned long *pc, unsigned int nr))
{
	unsigned long pc[NOTED_MOST];

	nr += nr / 2;
	nr = scan((u32)__builtin_frame_address(0), pc,
		  nr < NOTED_MOST ? nr : NOTED_MOST);
	return number(pc, nr);
}

void port_log_code(unsigned long pc)
{
	char name[64];

	print_symbol(name, pc, 1);
	printk("   [<%08lx>] %s\n", pc, name);
}

/**
 * dump_stack() - what looks like return addresses, with names
 * @sp: where in a kernel stack to begin
 */
void dump_stack(u32 sp)
{
	u32 end, n = 0;
	char name[64];

	sp &= ~3u;
	end = stack_end(&sp);
	printk("Call Trace:\n");
	for (; sp < end && n < TRACE_MAX; sp += 4) {
		u32 word = *(const u32 *)sp;

		if (!may_be_return(word))
			continue;
		print_symbol(name, word, 1);
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
 * @sp: its stack pointer, which entry.S only saves for programs
 */
void show_regs(const struct pt_regs *regs, u32 sp)
{
	u32 ss = user_mode(regs) ? regs->ss : __KERNEL_DS;
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
