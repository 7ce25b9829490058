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

#define AREAS 4

static struct area {
	char *start; /* NULL: not in use */
	size_t size;
	bool *open;
} areas[AREAS];

/* The one that @p lies in, or NULL; that of no address is not in use. */
static struct area *area_of(const void *p)
{
	struct area *a;

	for (a = areas; a < areas + AREAS; a++)
		if (p ? a->start && (const char *)p >= a->start &&
				    (size_t)((const char *)p - a->start) <
					    a->size :
			!a->start)
			return a;
	return NULL;
}

static void set_open(const void *p, size_t bytes, bool value)
{
	struct area *a = area_of(p);
	size_t first = a ? (size_t)((const char *)p - a->start) >> PAGE_SHIFT :
			   0;

	if (!a || bytes > a->size - (first << PAGE_SHIFT))
		sim_fail("%zu bytes at %p were not reserved", bytes, p);
	memset(a->open + first, value, bytes >> PAGE_SHIFT);
}

/* True if an access to @p would be let through. */
bool sim_is_open(const void *p)
{
	const struct area *a = area_of(p);

	return a->open[(size_t)((const char *)p - a->start) >> PAGE_SHIFT];
}

void *port_guard_reserve(size_t bytes)
{
	struct area *a = area_of(NULL);

	if (sim.refuse_guards || !a || bytes > GUARD_MOST)
		return NULL;
	a->start = aligned_alloc(4096, ALIGN(bytes, 4096ul));
	a->open = calloc(bytes >> PAGE_SHIFT, sizeof(*a->open));
	if (!a->start || !a->open)
		sim_fail("the host has no memory for %zu bytes", bytes);
	a->size = bytes;
	port_poison(a->start, bytes);
	return a->start;
}

void port_guard_release(void *p, size_t bytes)
{
	struct area *a = area_of(p);

	(void)bytes;
	port_unpoison(a->start, a->size);
	free(a->start);
	free(a->open);
	*a = (struct area){ 0 };
}

/* There is nothing to do ahead. */
int port_guard_prepare(void *p, size_t bytes)
{
	if (sim_is_open(p))
		sim_fail("%zu bytes at %p are prepared late", bytes, p);
	return sim.refuse_guards ? -ENOMEM : 0;
}

int port_guard_open(void *p, size_t bytes)
{
	if (sim.refuse_guards)
		return -ENOMEM;
	port_unpoison(p, bytes);
	if (virt_addr_valid(p))
		return 0;
	if (!sim_is_open(p))
		memset(p, 0, bytes);
	set_open(p, bytes, true);
	return 0;
}

int port_guard_close(void *p, size_t bytes)
{
	if (!virt_addr_valid(p))
		set_open(p, bytes, false);
	port_poison(p, bytes);
	return 0;
}
