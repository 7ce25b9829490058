/* SPDX-License-Identifier: MIT */
/*
 * The tests' machine, when it is a PC, and who runs them there: a kernel that
 * was linked with the core's tests looks for test= on its command line at the
 * moment when the root would be filled, in the context of process 1.
 *
 *   test=all         every test
 *   test=slub        those of test_slub.c, or with slub in their names
 *   test=slub sweep  their sweeps
 *
 * The lines are those of the other machines, on the console; the machine ends
 * through isa-debug-exit, with 0 if nothing failed. Tests that are to die are
 * left out: one kernel runs them all. A failed test ends where it failed, and
 * what it had taken is lost.
 *
 * There is one CPU: what is to happen on another happens here.
 */
#include "../mm/internal.h"
#include "harness_run.h"
#include <ashlar/fault-inject.h>
#include <i386.h>
#include <kernel/init.h>
#include <kernel/printk.h>
#include <kernel/sched/sched.h>
#include <mach/io.h>
#include "i386/string.h"

#define EXIT_PORT 0xf4

extern const struct test *const __start_tests[];
extern const struct test *const __stop_tests[];

static void *failure[5]; /* for __builtin_longjmp() */
static const char *running;
static unsigned int failed, passed;

/* ---- the machine ---- */

void machine_boot(void)
{
}

void machine_settle(void)
{
}

void on_cpu(unsigned int cpu, void (*fn)(void *arg), void *arg)
{
	(void)cpu;
	fn(arg);
}

void in_parallel(unsigned int n, void (*fn)(void *arg), void *arg)
{
	while (n--)
		fn(arg);
}

void stop_all_cpus(void)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (cpu)
		mm_cpu_offline(cpu);
	/* Where its memory was made to fail it works without lists. */
	mm_cpu_online();
}

void stop_cpu(unsigned int cpu)
{
	(void)cpu;
	stop_all_cpus();
}

/* ---- running them ---- */

void test_failed(const char *why)
{
	fail_nth(0);
	printk("not ok %s - %s\n", running, why);
	failed++;
	__builtin_longjmp(failure, 1);
}

static void run(const struct test *test, bool sweeping)
{
	running = test->name;
	if (__builtin_setjmp(failure))
		return;
	run_test_here(test, sweeping);
	printk("ok %s\n", test->name);
	passed++;
}

static bool wanted(const struct test *test, const char *what)
{
	return !strcmp(what, "all") || strstr(test->name, what) ||
	       strstr(test->file, what);
}

static void run_tests(const char *what)
{
	bool sweeping = strstr(saved_command_line, " sweep");
	const struct test *const *t;

	for (t = __start_tests; t < __stop_tests; t++) {
		if (!(*t)->dies && !(sweeping && (*t)->no_sweep) &&
		    wanted(*t, what))
			run(*t, sweeping);
	}
	if (!passed && !failed)
		printk("not ok tests - none is called %s\n", what);
	printk("%u passed, %u failed\n", passed, failed);
	outb(failed || !passed, EXIT_PORT);
	machine_power_off();
}

/* The word behind test= on the command line, or NULL. */
static const char *test_word(void)
{
	static char word[64];
	const char *s = strstr(saved_command_line, "test=");
	size_t n = 0;

	if (!s)
		return NULL;
	for (s += 5; s[n] && s[n] != ' ' && n < sizeof(word) - 1; n++)
		word[n] = s[n];
	return word;
}

void __real_fs_populate_root(void);
void __wrap_fs_populate_root(void);
void __wrap_fs_populate_root(void)
{
	const char *what = test_word();

	if (what)
		run_tests(what);
	__real_fs_populate_root();
}
