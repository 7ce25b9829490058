/* SPDX-License-Identifier: MIT */
/*
 * Linux's KUnit suites inside Ashlar's kernel: they run at the moment when the
 * root would be filled, in the context of process 1, and the machine ends.
 *
 *   suite/case ─► ok │ skipped - why │ not ok - where, what
 *   port_report() ─► the counters that a case has left by name, and the log
 *
 * The cases that are left out, and those that skip themselves, are in
 * ../linux-kunit.cases; ../linux-kunit compares.
 */
#include <kunit/test.h>

#include <ashlar/report_record.h>
#include <ashlar/string.h>
#include <i386.h>
#include <kernel/init.h>
#include <kernel/printk.h>
#include <kernel/sched/sched.h>
#include <mach/io.h>

#define EXIT_PORT 0xf4
#define RESOURCES 4

extern const struct kunit_suite *const __start_kunit_suites[];
extern const struct kunit_suite *const __stop_kunit_suites[];

/* Made of the list by ../linux-kunit: names of cases, with their suites'. */
extern const char *const kunit_left_out[];

static struct kunit_resource *resources[RESOURCES]; /* of the running case */
static unsigned int nr_resources;
static const char *suite_name, *case_name;
static void *case_end[5]; /* for __builtin_longjmp() */
static bool failed, skipped;

/* ---- what cases call ---- */

int kunit_add_named_resource(struct kunit *test,
			     int (*init)(struct kunit_resource *r, void *arg),
			     void (*release)(struct kunit_resource *r),
			     struct kunit_resource *r, const char *name,
			     void *data)
{
	if (nr_resources == RESOURCES)
		return -1;
	r->name = name;
	r->data = data;
	resources[nr_resources++] = r;
	return 0;
}

/**
 * kunit_find_named() - what the running case has left under a name
 * @name: the name
 *
 * Return: the data, or NULL.
 */
void *kunit_find_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_resources; i++)
		if (!ashlar_strcmp(resources[i]->name, name))
			return resources[i]->data;
	return NULL;
}

void kunit_failed(const char *file, int line, const char *what, bool ends)
{
	printk("not ok %s/%s - %s:%d: failed: %s\n", suite_name, case_name,
	       file, line, what);
	failed = true;
	if (ends)
		__builtin_longjmp(case_end, 1);
}

void kunit_skip_case(const char *why)
{
	printk("skipped %s/%s - %s\n", suite_name, case_name, why);
	skipped = true;
	__builtin_longjmp(case_end, 1);
}

/* ---- what is counted ---- */

static void count_slab_errors(unsigned long n)
{
	int *errors = kunit_find_named("slab_errors");

	if (errors)
		*errors += (int)n;
}

void validate_slab_cache(struct kmem_cache *s)
{
	count_slab_errors(kmem_cache_validate(s));
}

void __real_port_report(struct report_record *r);
void __wrap_port_report(struct report_record *r);
void __wrap_port_report(struct report_record *r)
{
	struct kunit_kasan_status *kasan = kunit_find_named("kasan_status");

	__real_port_report(r);
	count_slab_errors(1);
	if (kasan)
		kasan->report_found = true;
}

/* ---- running them ---- */

static bool is_left_out(const struct kunit_suite *suite,
			const struct kunit_case *c)
{
	size_t n = strlen(suite->name);
	const char *const *name;

	for (name = kunit_left_out; *name; name++)
		if (!ashlar_strncmp(*name, suite->name, n) &&
		    (*name)[n] == '/' && !ashlar_strcmp(*name + n + 1, c->name))
			return true;
	return false;
}

static void run_parts(const struct kunit_suite *suite,
		      const struct kunit_case *c, struct kunit *test)
{
	if (__builtin_setjmp(case_end))
		return;
	if (suite->init && suite->init(test))
		kunit_failed(suite->name, 0, "init", true);
	c->run_case(test);
}

static void run_exit(const struct kunit_suite *suite, struct kunit *test)
{
	if (__builtin_setjmp(case_end))
		return;
	if (suite->exit)
		suite->exit(test);
}

static void run_case(const struct kunit_suite *suite,
		     const struct kunit_case *c)
{
	struct kunit test = { .name = c->name };

	case_name = c->name;
	failed = skipped = false;
	nr_resources = 0;
	run_parts(suite, c, &test);
	run_exit(suite, &test);
	nr_resources = 0;
	if (!failed && !skipped)
		printk("ok %s/%s\n", suite->name, c->name);
}

void __real_fs_populate_root(void);
void __wrap_fs_populate_root(void);
void __wrap_fs_populate_root(void)
{
	const struct kunit_suite *const *s;
	const struct kunit_case *c;

	for (s = __start_kunit_suites; s < __stop_kunit_suites; s++) {
		suite_name = (*s)->name;
		for (c = (*s)->test_cases; c->run_case; c++)
			if (!is_left_out(*s, c))
				run_case(*s, c);
	}
	printk("all cases were run\n");
	outb(0, EXIT_PORT);
	machine_power_off();
}
