/* SPDX-License-Identifier: MIT */
/*
 * The C library's functions, and the malloc library's: found once, by a
 * constructor that is linked to run before all others (-z initfirst), so that
 * no program's lock is held while the dynamic linker is asked.
 */
#include "real.h"
#include <dlfcn.h>
#include "port/user/find_object.h"

struct real real;
struct heap heap;

static void find_heap(void)
{
	void (*calls)(struct check_calls * to);
	struct dl_find_object o;
	void *range = dlsym(RTLD_DEFAULT, "ashlar_check_range");
	void *room = dlsym(RTLD_DEFAULT, "ashlar_check_room");

	if (!range || !room || !find_object((uintptr_t)range, &o))
		return;
	heap.start = (uintptr_t)o.dlfo_map_start;
	heap.bytes = (uintptr_t)o.dlfo_map_end - heap.start;
	*(void **)&heap.look_at_all = dlsym(RTLD_DEFAULT, "ashlar_look");
	*(void **)&heap.room = room;
	*(void **)&heap.range = range;
	*(void **)&calls = dlsym(RTLD_DEFAULT, "ashlar_check_calls");
	if (calls)
		calls(&heap.calls);
	if (heap.calls.ask_blocked)
		heap.calls.ask_blocked(signal_is_blocked);
}

static void *find(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

void real_find(void)
{
#define REAL_FIND(f) *(void **)&real.f = find(#f);
	REAL_FUNCTIONS(REAL_FIND)
#undef REAL_FIND
#define CALL(type, name, ...) *(void **)&real.name = find(#name);
#define CALL_THEN CALL
#include "calls.h"
#undef CALL
#undef CALL_THEN
}

static __attribute__((__constructor__)) void begin(void)
{
	real_find();
	find_heap();
}
