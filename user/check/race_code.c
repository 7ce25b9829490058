/* SPDX-License-Identifier: MIT */
/*
 * Whose code an instruction is of, and what is known of a library's functions.
 *
 *   the program's, its libraries'          stepped through
 *   the C library, its linker, malloc      let run until they return
 *   some of their functions                stepped through where there is no
 *                                          event for their return
 */
#include "port/user/find_object.h"
#include "race.h"
#include "real.h"
#include <dlfcn.h>
#include <sys/auxv.h>

#define LINKER 1 /* in others[] */

static struct range {
	uintptr_t start, end;
} others[4]; /* not looked at */

static struct function {
	const char *name;
	unsigned int is; /* of enum race_function */
	const void *at;
} functions[] = {
	{ "malloc", RACE_BRIEF | RACE_QUIET | RACE_ALLOCATES, NULL },
	{ "calloc", RACE_BRIEF | RACE_QUIET | RACE_ALLOCATES, NULL },
	{ "_Znwm", RACE_BRIEF | RACE_QUIET | RACE_ALLOCATES, NULL },
	{ "_Znam", RACE_BRIEF | RACE_QUIET | RACE_ALLOCATES, NULL },
	{ "memset", RACE_BRIEF | RACE_QUIET | RACE_FILLS, NULL },
	{ "memcpy", RACE_BRIEF | RACE_QUIET | RACE_FILLS, NULL },
	{ "sched_yield", RACE_BRIEF | RACE_QUIET, NULL },
	{ "nanosleep", RACE_BRIEF | RACE_QUIET, NULL },
	{ "usleep", RACE_BRIEF | RACE_QUIET, NULL },
	{ "clock_nanosleep", RACE_BRIEF | RACE_QUIET, NULL },
	{ "sleep", RACE_BRIEF | RACE_QUIET, NULL },
	{ "rand", RACE_BRIEF | RACE_QUIET, NULL },
	{ "pthread_mutex_lock", RACE_BRIEF, NULL },
	{ "pthread_mutex_unlock", RACE_BRIEF, NULL },
};

/* What is known of the function that begins there; 0: nothing. */
unsigned int race_function(uint64_t pc)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(functions); i++)
		if (functions[i].at == (const void *)(uintptr_t)pc)
			return functions[i].is;
	return 0;
}

bool race_is_linker(uint64_t pc)
{
	return pc >= others[LINKER].start && pc < others[LINKER].end;
}

/* True for code of a file that is not the C library, its linker, or ours. */
bool race_is_programs(uint64_t pc)
{
	static __thread struct range last;
	struct dl_find_object o;
	unsigned int i;

	if (pc >= last.start && pc < last.end)
		return true;
	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (pc >= others[i].start && pc < others[i].end)
			return false;
	if (!find_object((uintptr_t)pc, &o))
		return false;
	last.start = (uintptr_t)o.dlfo_map_start;
	last.end = (uintptr_t)o.dlfo_map_end;
	return true;
}

static void leave_out(unsigned int n, const void *in)
{
	struct dl_find_object o;

	if (in && find_object((uintptr_t)in, &o)) {
		others[n].start = (uintptr_t)o.dlfo_map_start;
		others[n].end = (uintptr_t)o.dlfo_map_end;
	}
}

/* Once, before anything is stepped through. */
void race_code_find(void)
{
	unsigned int i;

	leave_out(0, (const void *)real.puts);
	leave_out(LINKER, (const void *)getauxval(AT_BASE));
	leave_out(2, (const void *)heap.start);
	leave_out(3, (const void *)race_begin);
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		functions[i].at = dlsym(RTLD_DEFAULT, functions[i].name);
}
