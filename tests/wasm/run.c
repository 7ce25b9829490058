/* SPDX-License-Identifier: MIT */
/*
 * The core's tests in a module: who runs them is tests/wasm/run, a program of
 * node's, which makes a new machine for each.
 */
#include "../harness_run.h"
#include "../../port/sim/host.h"
#include <stdlib.h>

#define EXPORT(name) __attribute__((__export_name__(name)))

extern const struct test *const __start_tests[];
extern const struct test *const __stop_tests[];

EXPORT("tests") u32 nr_tests(void)
{
	return (u32)(__stop_tests - __start_tests);
}

EXPORT("name") const char *test_name(u32 i)
{
	return __start_tests[i]->name;
}

EXPORT("dies") const char *test_dies(u32 i)
{
	return __start_tests[i]->dies;
}

/* Returns if the test passed; else the page's end() is called. */
EXPORT("run") void test_run(u32 i)
{
	machine_boot();
	run_test_here(__start_tests[i], false);
}

void test_failed(const char *why)
{
	host_end(why);
}

/* ---- what tests use of a C library ---- */

void *calloc(size_t n, size_t size)
{
	return host_alloc(16, n * size);
}

void free(void *p)
{
	(void)p;
}
