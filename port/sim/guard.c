/* SPDX-License-Identifier: MIT */
/*
 * Pages that nobody may access, on paper: it is recorded which are open, and
 * AddressSanitizer stops who touches the others.
 */
#include <ashlar/errno.h>
#include <ashlar/port.h>
#include <mach/page.h>
#include <mach/sanitize.h>
#include <stdlib.h>
#include <string.h>
#include "sim.h"

#define GUARD_MOST (16ul << 20) /* bytes of addresses */

static char *start;
static size_t size;
static bool *open;

static void set_open(const void *p, size_t bytes, bool value)
{
	size_t first = (size_t)((const char *)p - start) >> PAGE_SHIFT;

	if (!start || (const char *)p < start || first >= size >> PAGE_SHIFT ||
	    bytes > size - (first << PAGE_SHIFT))
		sim_fail("%zu bytes at %p were not reserved", bytes, p);
	memset(open + first, value, bytes >> PAGE_SHIFT);
}

/* True if an access to @p would be let through. */
bool sim_is_open(const void *p)
{
	return open[(size_t)((const char *)p - start) >> PAGE_SHIFT];
}

void *port_guard_reserve(size_t bytes)
{
	if (sim.refuse_guards || start || bytes > GUARD_MOST)
		return NULL;
	start = aligned_alloc(4096, ALIGN(bytes, 4096ul));
	open = calloc(bytes >> PAGE_SHIFT, sizeof(*open));
	if (!start || !open)
		sim_fail("the host has no memory for %zu bytes", bytes);
	size = bytes;
	port_poison(start, bytes);
	return start;
}

void port_guard_release(void *p, size_t bytes)
{
	(void)bytes;
	port_unpoison(start, size);
	free(p);
	free(open);
	start = NULL;
	open = NULL;
}

int port_guard_open(void *p, size_t bytes)
{
	if (sim.refuse_guards)
		return -ENOMEM;
	port_unpoison(p, bytes);
	if (!sim_is_open(p))
		memset(p, 0, bytes);
	set_open(p, bytes, true);
	return 0;
}

int port_guard_close(void *p, size_t bytes)
{
	set_open(p, bytes, false);
	port_poison(p, bytes);
	return 0;
}
