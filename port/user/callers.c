/* SPDX-License-Identifier: MIT */
/*
 * The callers of the core: return addresses, without those of this library.
 *
 *   | this library's frames | the program's, its libraries' ... | main | _start
 *     not counted             innermost first, as many as asked for
 *
 * How to get from one to the next: unwind.c. Without _dl_find_object(), that
 * is before glibc 2.35 and in most static programs, nothing is found.
 */
#include <ashlar/port.h>
#include <ashlar/printf.h>
#include <dlfcn.h>
#include <link.h>
#include "sys.h"
#include "unwind.h"
#include "user.h"

#pragma weak _dl_find_object

static bool find_object(uintptr_t address, struct dl_find_object *object)
{
	return _dl_find_object && !_dl_find_object((void *)address, object);
}

/* Where this library is, if it is one of its own; found once. */
static struct code own;

static __cold_path void find_own(void)
{
	struct dl_find_object o;
	uintptr_t start = 1, bytes = 0;

	if (find_object((uintptr_t)find_own, &o) && *o.dlfo_link_map->l_name) {
		start = (uintptr_t)o.dlfo_map_start;
		bytes = (uintptr_t)o.dlfo_map_end - start;
	}
	WRITE_ONCE(own.bytes, bytes);
	WRITE_ONCE(own.start, start);
}

static bool known;

/* callers_known - the C library can be asked for its objects from now on */
void callers_known(void)
{
	WRITE_ONCE(known, true);
}

unsigned int port_callers(unsigned long *pc, unsigned int nr)
{
	if (unlikely(!READ_ONCE(known)))
		return 0;
	if (unlikely(!READ_ONCE(own.start)))
		find_own();
	return unwind(unwind_here(), &own, pc, nr);
}

/* "0x5581 program+0x1581", for addr2line. */
void port_log_code(unsigned long pc)
{
	struct dl_find_object object;
	const struct link_map *map;
	char line[200];

	if (find_object(pc, &object)) {
		map = object.dlfo_link_map;
		ashlar_snprintf(line, sizeof(line), "   %p %s+0x%lx",
				(void *)pc,
				*map->l_name ? map->l_name : "program",
				pc - map->l_addr);
	} else {
		ashlar_snprintf(line, sizeof(line), "   %p", (void *)pc);
	}
	port_log(line);
}

/* The running thread's number, once the kernel has been asked. */
static __thread int own_tid;

int port_pid(void)
{
	if (unlikely(!own_tid))
		own_tid = (int)sys6(SYS_gettid, 0, 0, 0, 0, 0, 0);
	return own_tid;
}

/* callers_fork_child - a forked thread has another number */
void callers_fork_child(void)
{
	own_tid = 0;
}
