/* SPDX-License-Identifier: MIT */
/*
 * What the core asks of a board (include/ashlar/port.h): one processor, RAM
 * that is there from the start, no host to give frames to. A board's own file
 * has the rest (board.h).
 */
#include <ashlar/errno.h>
#include <ashlar/memblock.h>
#include <ashlar/port.h>
#include <ashlar/report_record.h>
#include <ashlar/string.h>
#include <ashlar/tune.h>
#include <mach/page.h>
#include <mach/spinlock.h>
#include "board.h"

uintptr_t port_ram_base;
unsigned long port_ram_pages;
struct page *port_mem_map;
u8 *port_slab_ids;

/**
 * board_memory() - hand RAM to the core
 * @ram: where it begins, a multiple of 4 MiB
 * @bytes: its size, whole frames
 *
 * The descriptors of its frames lie at its start. Context: once, before
 * anything allocates.
 */
void board_memory(void *ram, size_t bytes)
{
	size_t map, taken;

	port_ram_base = (uintptr_t)ram;
	port_ram_pages = bytes >> PAGE_SHIFT;
	map = ALIGN(port_ram_pages * sizeof(struct page), 64);
	taken = map + CLASS_BYTES + port_ram_pages;
	memset(ram, 0, taken);
	port_mem_map = ram;
	port_slab_ids = (u8 *)ram + map + CLASS_BYTES;
	memblock_add(0, bytes);
	memblock_reserve(0, taken);
	mm_init();
	mm_cpu_online();
	memblock_free_all();
}

/* ---- memory: all of it is there, and stays ---- */

unsigned long port_grow_ram(unsigned int order)
{
	return 0;
}

int port_discard(unsigned long pfn, unsigned long nr)
{
	return -ENOSYS;
}

int port_retire_ram(unsigned long pfn, unsigned long nr)
{
	return -ENOSYS;
}

void port_forget_ram(unsigned long pfn, unsigned long nr)
{
}

size_t port_resident(void)
{
	return port_ram_pages << PAGE_SHIFT;
}

/* Without a memory protection unit no page can be closed. */
void *port_guard_reserve(size_t bytes)
{
	return NULL;
}

void port_guard_release(void *p, size_t bytes)
{
}

int port_guard_prepare(void *p, size_t bytes)
{
	return -ENOSYS;
}

int port_guard_open(void *p, size_t bytes)
{
	return -ENOSYS;
}

int port_guard_close(void *p, size_t bytes)
{
	return -ENOSYS;
}

/* ---- the processor ---- */

/* It is online before anything allocates. */
struct mm_cpu *port_cpu_start(void)
{
	return NULL;
}

unsigned long port_time_ms(void)
{
	return board_ms();
}

/* Good for spreading, not against an attack: a better source goes here. */
unsigned long port_random(void)
{
	static u32 state = 1;

	state = state * 1664525u + 1013904223u + (u32)board_ms();
	return state;
}

/* Whoever could wake us is this flow of control itself. */
void port_wait(const void *key)
{
}

void port_wake(const void *key)
{
}

unsigned int port_callers(unsigned long *pc, unsigned int nr)
{
	if (nr)
		pc[0] = (unsigned long)__builtin_return_address(0);
	return nr != 0;
}

u32 port_callers_noted(unsigned int nr,
		       u32 (*number)(const unsigned long *pc, unsigned int nr))
{
	unsigned long pc;

	return number(&pc, port_callers(&pc, nr != 0));
}

int port_pid(void)
{
	return 0;
}

/* ---- what it says ---- */

void port_log(const char *line)
{
	while (*line)
		board_putc(*line++);
	board_putc('\n');
}

void port_log_code(unsigned long pc)
{
	char line[] = "  at 0x00000000";
	unsigned int i = sizeof(line) - 1;

	for (; pc && line[--i] != 'x'; pc >>= 4)
		line[i] = "0123456789abcdef"[pc & 15];
	port_log(line);
}

void port_panic(const char *line)
{
	port_log(line);
	board_exit(1);
}

/* A mistake of the program's: it is told, and ends here. */
void port_report(struct report_record *r)
{
	port_log(r->kind);
	port_panic(r->sentence);
}

void port_lock_failed(void)
{
	port_panic("a lock is taken twice: by an interrupt?");
}

/* ---- what a C library would have ---- */

void *memcpy(void *dst, const void *src, size_t n)
{
	char *d = dst;
	const char *s = src;

	while (n--)
		*d++ = *s++;
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	char *d = dst;

	while (n--)
		*d++ = (char)c;
	return dst;
}
