/* SPDX-License-Identifier: MIT */
/*
 * dlclose(): a library goes, and blocks that it allocated may stay.
 *
 *   before    `ashlar check` is told where it lies, and keeps that in mind:
 *             its calls have names in later reports, too
 *   after     no other takes its place: pages without access do
 */
#include "port/user/find_object.h"
#include "real.h"
#include <ashlar/report_record.h>
#include <errno.h>

#define KEPT_FREE 256 /* libraries whose places stay free, at most */

/* Where the library of @handle is mapped; false: it does not say. */
static bool find_library(void *handle, struct dl_find_object *o)
{
	struct link_map *map;

	return handle && dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0 &&
	       find_object((uintptr_t)map->l_ld, o);
}

static void tell_where(const struct dl_find_object *o)
{
	struct report_record r;

	memset(&r, 0, sizeof(r));
	strcpy(r.kind, REPORT_UNLOADS);
	r.now.flags = REPORT_STACK_KNOWN; /* none is wanted */
	r.address = (uintptr_t)o->dlfo_map_start;
	r.bytes = (uintptr_t)o->dlfo_map_end - r.address;
	if (heap.calls.send)
		heap.calls.send(&r);
}

/* Some are not unloaded: others need them, too. */
static void keep_free(const struct dl_find_object *o)
{
	uintptr_t start = (uintptr_t)o->dlfo_map_start;
	static unsigned int nr;
	struct dl_find_object now;

	if (find_object(start, &now) ||
	    __atomic_fetch_add(&nr, 1, __ATOMIC_RELAXED) >= KEPT_FREE)
		return;
	REAL(mmap)
	(o->dlfo_map_start, (uintptr_t)o->dlfo_map_end - start, PROT_NONE,
	 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
	 0);
}

EXPORT int dlclose(void *handle)
{
	struct dl_find_object o;
	bool found = find_library(handle, &o);
	int saved = errno, ret;

	if (found)
		tell_where(&o);
	ret = REAL(dlclose)(handle);
	if (found && ret == 0)
		keep_free(&o);
	errno = saved;
	return ret;
}
