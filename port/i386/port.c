/* SPDX-License-Identifier: MIT */
/* What the core asks of the PC (include/ashlar/port.h) and is not elsewhere. */
#include <ashlar/errno.h>
#include <ashlar/hexdump.h>
#include <ashlar/mmzone.h>
#include <ashlar/port.h>
#include <ashlar/report_record.h>
#include <kernel/panic.h>
#include <kernel/printk.h>
#include <kernel/task/task.h>
#include <mach/spinlock.h>
#include "local.h"

/* All RAM is online from the start. */
unsigned long port_grow_ram(unsigned int order)
{
	return 0;
}

/* There is no host to give frames to. */
int port_discard(unsigned long pfn, unsigned long nr)
{
	return -ENOSYS;
}

/* Nothing is ever elsewhere. */
size_t port_resident(void)
{
	return totalram_pages() << PAGE_SHIFT;
}

int port_retire_ram(unsigned long pfn, unsigned long nr)
{
	return -ENOSYS;
}

void port_forget_ram(unsigned long pfn, unsigned long nr)
{
}

/* The one CPU is online before anything allocates. */
struct mm_cpu *port_cpu_start(void)
{
	return NULL;
}

/*
 * Mixed from the time stamp counter, whose low bits depend on everything that
 * happened; each number goes into the next (the mixer is that of D. Lea's and
 * G. Steele's SplittableRandom, 2014).
 */
unsigned long port_random(void)
{
	static u64 state = 0x9e3779b97f4a7c15ull;
	u64 z;

	state += rdtsc() | 1;
	z = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (unsigned long)(z >> 32 ^ z);
}

void port_log(const char *line)
{
	printk("%s\n", line);
}

void port_panic(const char *line)
{
	panic("%s", line);
}

int port_pid(void)
{
	return current->pid;
}

/* Some bytes around the wrong one. */
static void print_window(const struct report_record *r)
{
	char row[HEX_ROW_CHARS];
	u32 i, n;

	for (i = 0; i < r->window_bytes; i += HEX_ROW_BYTES) {
		n = min(r->window_bytes - i, (u32)HEX_ROW_BYTES);
		hex_dump_row(row, r->window + i, n);
		printk("%08lx: %s\n", (unsigned long)r->window_start + i, row);
	}
}

static void print_stack(const char *what, const struct report_stack *s)
{
	u32 i;

	if (!(s->flags & REPORT_STACK_KNOWN))
		return;
	printk("%s %lu ms ago by pid %d\n", what, (unsigned long)s->ms_ago,
	       s->tid);
	for (i = 0; i < REPORT_FRAMES && s->pc[i]; i++)
		port_log_code((unsigned long)s->pc[i]);
}

/* The kernel's own mistake: say where, and go on. */
void port_report(struct report_record *r)
{
	u32 sp, i;

	printk(KERN_ERR "BUG: %s: %s\n", r->kind, r->sentence);
	for (i = 0; i < REPORT_FRAMES && r->now.pc[i]; i++)
		port_log_code((unsigned long)r->now.pc[i]);
	print_window(r);
	print_stack("Allocated", &r->alloc);
	print_stack("Freed", &r->free);
	__asm__("movl %%esp, %0" : "=r"(sp));
	dump_stack(sp);
}

/* A lock is held that should be free: taken twice, or kept while sleeping. */
void spin_lock_failed(const spinlock_t *l)
{
	panic("spinlock %p is held by somebody else on the only CPU",
	      (const void *)l);
}
