/* SPDX-License-Identifier: MIT */
/*
 * The paper machine in a page of a browser: port/sim, compiled for wasm32, and
 * this file in the place of port/sim/host.c.
 *
 *   the module's memory   | data, zeroes | stack | host_alloc, RAM …  grows
 *                                        __heap_base
 *
 * A pointer has 32 bits here, as on the PC. There is no processor below that
 * shows a frame at a second address: so no frame is high (every one has its
 * address in RAM), and vmalloc() has no memory. CPUs do not go on side by
 * side, for a module has one stack; nothing is guarded.
 *
 * The page supplies two functions: say(line), and end(line), which throws and
 * so ends the call that is under way.
 */
#include <ashlar/errno.h>
#include <ashlar/port.h>
#include <ashlar/string.h>
#include <mach/pgtable.h>
#include "../sim/host.h"
#include "../sim/sim.h"

#define FROM_PAGE(name) \
	__attribute__((__import_module__("page"), __import_name__(name)))
#define WASM_PAGE 65536ul

FROM_PAGE("say") void page_say(const char *line);
FROM_PAGE("end") void page_end(const char *line);

extern char __heap_base[];
static uintptr_t at; /* the first byte that was not given out */

/* Memory that has just grown is zeroes, and none is given back. */
void *host_alloc(size_t align, size_t size)
{
	uintptr_t start = ALIGN(at ? at : (uintptr_t)__heap_base, align);
	size_t have = __builtin_wasm_memory_size(0) * WASM_PAGE;

	at = start + size;
	if (at < start ||
	    (at > have &&
	     __builtin_wasm_memory_grow(0, DIV_ROUND_UP(at - have,
							WASM_PAGE)) == ~0ul))
		sim_fail("the page has no %zu bytes", size);
	return (void *)start;
}

void *host_ram(size_t size, size_t align)
{
	return host_alloc(align, size);
}

bool host_has_windows(void)
{
	return false;
}

void sim_host_map(unsigned long addr, unsigned long pfn, bool present,
		  bool writable)
{
	(void)pfn;
	(void)writable;
	if (present)
		sim_fail("a page cannot be shown at %#lx here", addr);
}

void host_say(const char *line)
{
	page_say(line);
}

void host_end(const char *line)
{
	page_end(line);
	__builtin_trap();
}

/* ---- what the core has of a C library: each is one instruction ---- */

void *memcpy(void *to, const void *from, size_t n)
{
	return __builtin_memcpy(to, from, n);
}

void *memset(void *to, int c, size_t n)
{
	return __builtin_memset(to, c, n);
}

/* ---- one CPU runs to its end before another does ---- */

void sim_fiber_yield(void)
{
}

void sim_fiber_wake(const void *key)
{
	(void)key;
}

void sim_fiber_loads(void)
{
}

/* ---- no pages without access ---- */

void *port_guard_reserve(size_t bytes)
{
	(void)bytes;
	return NULL;
}

void port_guard_release(void *p, size_t bytes)
{
	(void)p;
	(void)bytes;
}

int port_guard_prepare(void *p, size_t bytes)
{
	(void)p;
	(void)bytes;
	return -ENOMEM;
}

int port_guard_open(void *p, size_t bytes)
{
	(void)p;
	(void)bytes;
	return -ENOMEM;
}

int port_guard_close(void *p, size_t bytes)
{
	(void)p;
	(void)bytes;
	return -ENOMEM;
}
