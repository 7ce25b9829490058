/* SPDX-License-Identifier: MIT */
/*
 * The end of a process that is checked: nothing moves, and the checker looks
 * for leaks.
 *
 *   what main() left to others       what main() had itself
 *   ... _dl_fini ◄─ exit ◄─ start    start
 *   this     │                        │
 *            └── words that main() ───┘  of its variables, main() being over,
 *                left behind             some lie here still: they do not count
 *
 * A program that calls exit() is not over in this sense: the variables of all
 * who are about to call it are theirs.
 */
#include <ashlar/port.h>
#include <ashlar/report_record.h>
#include <ashlar/string.h>
#include <dlfcn.h>
#include <sys/auxv.h>
#include "find_object.h"
#include "sys.h"
#include "user.h"

#define STACK_WORDS_MAX (64 << 10)

/* Where the loaded object begins that @address lies in; NULL: in none. */
static const void *object_of(uintptr_t address)
{
	struct dl_find_object o;

	if (!find_object(address, &o))
		return NULL;
	return o.dlfo_map_start;
}

/*
 * True if all calls are the C library's, but perhaps the last: _start is in the
 * program, and a walk reaches it only where it does not end above main().
 */
static bool main_has_returned(const u64 *pc, unsigned int nr)
{
	const void *libc = object_of((uintptr_t)getauxval), *object;
	const void *loader = (const void *)getauxval(AT_BASE);
	unsigned int i;

	for (i = 0; i < nr; i++) {
		object = object_of((uintptr_t)pc[i]);
		if (!object)
			return false;
		if (object != libc && object != loader)
			return i && i == nr - 1;
	}
	return nr && nr < REPORT_FRAMES;
}

/*
 * Where the stack begins to count: at the return to @start, which lies above
 * @sp. 0: not found.
 */
static uintptr_t find_return(const uintptr_t *sp, uintptr_t start)
{
	unsigned int i;

	for (i = 0; i < STACK_WORDS_MAX; i++)
		if (sp[i] == start)
			return (uintptr_t)&sp[i];
	return 0;
}

/**
 * port_process_ends() - have the checker look for leaks, if there is one
 *
 * Context: the last thing that the process does.
 */
void port_process_ends(void)
{
	struct report_record r = { .kind = REPORT_END };
	unsigned int nr;
	bool held;

	if (report_is_restricted())
		return;
	nr = report_callers(r.now.pc);
	if (main_has_returned(r.now.pc, nr))
		r.address = find_return(__builtin_frame_address(0),
					(uintptr_t)r.now.pc[nr - 1]);
	held = port_hold_threads();
	__builtin_unwind_init();
	report_send(&r);
	if (held)
		port_release_threads();
}
