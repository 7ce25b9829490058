/* SPDX-License-Identifier: MIT */
/*
 * Tests that register themselves, and what they are written with.
 *
 *	TEST(pages_come_back)
 *	{
 *		struct page *page = take_pages(GFP_KERNEL, 3);
 *
 *		CHECK_EQ(page_to_pfn(page) % 8, 0);
 *		give_pages(page, 3);
 *	}
 *
 * Each test runs in a process of its own, on a machine that has just been
 * switched on, and must leave no page and no object behind. In a sweep it
 * runs again and again with the first, second, … allocation failing: then
 * take_*() and NEED() end the test at the failure, what was taken is given
 * back, and nothing may be left either.
 */
#ifndef ASHLAR_TESTS_HARNESS_H
#define ASHLAR_TESTS_HARNESS_H

#include <ashlar/compiler.h>
#include <ashlar/gfp.h>
#include <ashlar/mempool.h>
#include <ashlar/mm.h>
#include <ashlar/mmzone.h>
#include <ashlar/slab.h>

struct test {
	const char *name;
	const char *file;
	void (*run)(void);
	const char *dies; /* what its last words must contain; NULL: lives */
	bool no_sweep; /* counts allocations itself */
};

#define TEST_WITH(fn, ...)                                                    \
	static void fn(void);                                                 \
	static const struct test test_##fn = {                                \
		.name = #fn, .file = __FILE__, .run = fn, __VA_ARGS__         \
	};                                                                    \
	static const struct test *const registered_##fn                       \
		__attribute__((__section__("tests"), __used__)) = &test_##fn; \
	static void fn(void)

#define TEST(fn) TEST_WITH(fn, .dies = NULL)
#define TEST_NO_SWEEP(fn) TEST_WITH(fn, .no_sweep = true)
#define TEST_DIES(fn, text) TEST_WITH(fn, .dies = text)

/* ---- checks: a failed one ends the test ---- */

void check_failed(const char *file, int line, const char *fmt, ...)
	ASHLAR_PRINTF(3, 4) __attribute__((noreturn));

#define CHECK(cond)                                                    \
	do {                                                           \
		if (!(cond))                                           \
			check_failed(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

#define CHECK_OP(a, op, b)                                                \
	do {                                                              \
		long long check_a = (long long)(a);                       \
		long long check_b = (long long)(b);                       \
		if (!(check_a op check_b))                                \
			check_failed(__FILE__, __LINE__,                  \
				     "%s " #op " %s: %lld, %lld", #a, #b, \
				     check_a, check_b);                   \
	} while (0)

#define CHECK_EQ(a, b) CHECK_OP(a, ==, b)

/* Here a test that is to die must have died. */
#define NOT_REACHED() check_failed(__FILE__, __LINE__, "was let through")

/* @p, unless it is NULL: then ends the test, in a sweep as expected. */
#define NEED(p)                                         \
	({                                              \
		__typeof__(p) need_p = (p);             \
		if (!need_p)                            \
			needed(__FILE__, __LINE__, #p); \
		need_p;                                 \
	})
void needed(const char *file, int line, const char *what);

/* True if an allocation is made to fail in this run. */
bool sweeping(void);

/* ---- memory that is given back when the test ends ---- */

struct page *take_pages(gfp_t gfp, unsigned int order);
void give_pages(struct page *page, unsigned int order);
void *take(size_t size, gfp_t gfp);
void give(void *p);
struct kmem_cache *take_cache(const char *name, unsigned int size,
			      unsigned int align, slab_flags_t flags,
			      void (*ctor)(void *));
void give_cache(struct kmem_cache *s);
void *take_object(struct kmem_cache *s, gfp_t gfp);
void give_object(struct kmem_cache *s, void *obj);

/* ---- what is left; see tests/harness.c ---- */

/* Frames that are neither free nor on a CPU's list. */
unsigned long pages_in_use(void);
unsigned long pages_free(void);
/* How often it happened in this run of the test, on all CPUs together. */
unsigned long vm_events(enum vm_event_item item);

/* Numbers without an order, the same in every run. */
unsigned long rnd(unsigned long below);

/* ---- the machine: tests/machine_sim.c, tests/machine_user.c ---- */

void machine_boot(void);
/* The state of a test's start, as far as a test can change it. */
void machine_settle(void);
/* Run @fn on another CPU and wait for it; CPU 0 is the test's own. */
void on_cpu(unsigned int cpu, void (*fn)(void *arg), void *arg);
/* Run @fn on CPUs 1 … @n, at once where the machine can, and wait. */
void in_parallel(unsigned int n, void (*fn)(void *arg), void *arg);
/* The CPU goes offline; it may be used again. */
void stop_cpu(unsigned int cpu);
/* Stop all CPUs but this one, and empty this one's lists. */
void stop_all_cpus(void);

#define TEST_CPUS 4

#endif
