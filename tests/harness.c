/* SPDX-License-Identifier: MIT */
/*
 * One test on the machine that runs: what it takes, what it leaves, and the
 * sweep. Needs no C library; who runs the tests is another file
 * (harness_run.h).
 */
#include "harness_run.h"
#include "../mm/internal.h"
#include "../mm/slab_debug.h"
#include <ashlar/fault-inject.h>
#include <ashlar/printf.h>
#include <ashlar/string.h>

/* A sweep looks at every failure up to here, then at some of the rest. */
#define SWEEP_DENSE 64
#define WHY_BYTES 512

/* What the test has taken and not given back. */
enum kind { PAGES, MEMORY, CACHE, OBJECT };
static struct taken {
	enum kind kind;
	void *p;
	unsigned int order;
	struct kmem_cache *cache;
} taken[TAKEN_MAX];
static unsigned int nr_taken;

/* The way out of a test. A machine has no C library to ask for one. */
#if __STDC_HOSTED__
#include <setjmp.h>
static jmp_buf test_end;
#define set_end() _setjmp(test_end)
#define go_to_end() _longjmp(test_end, 1)
#else
static void *test_end[5];
#define set_end() __builtin_setjmp(test_end)
#define go_to_end() __builtin_longjmp(test_end, 1)
#endif
static unsigned long sweep_k; /* 0: no allocation is made to fail */
static u64 random_state;

/* ---- checks ---- */

void check_failed(const char *file, int line, const char *fmt, ...)
{
	static char why[WHY_BYTES];
	__builtin_va_list ap;
	int n;

	n = ashlar_snprintf(why, sizeof(why), "%s:%d: failed: ", file, line);
	__builtin_va_start(ap, fmt);
	n += ashlar_vsnprintf(why + n, sizeof(why) - n, fmt, ap);
	__builtin_va_end(ap);
	if (sweep_k && n < WHY_BYTES)
		ashlar_snprintf(why + n, sizeof(why) - n,
				" (allocation %lu failing)", sweep_k);
	test_failed(why);
}

bool sweeping(void)
{
	return sweep_k != 0;
}

void needed(const char *file, int line, const char *what)
{
	if (sweep_k)
		go_to_end();
	check_failed(file, line, "%s is NULL", what);
}

unsigned long rnd(unsigned long below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned long)random_state % below;
}

/* ---- memory taken ---- */

static void *track(enum kind kind, void *p, unsigned int order,
		   struct kmem_cache *cache)
{
	if (nr_taken == TAKEN_MAX)
		check_failed(__FILE__, __LINE__, "too much taken");
	taken[nr_taken++] = (struct taken){ kind, p, order, cache };
	return p;
}

static void untrack(void *p)
{
	unsigned int i = nr_taken;

	while (i > 0 && taken[i - 1].p != p)
		i--;
	if (i == 0)
		check_failed(__FILE__, __LINE__, "%p was not taken", p);
	for (; i < nr_taken; i++)
		taken[i - 1] = taken[i];
	nr_taken--;
}

struct page *take_pages(gfp_t gfp, unsigned int order)
{
	return track(PAGES, NEED(alloc_pages(gfp, order)), order, NULL);
}

void give_pages(struct page *page, unsigned int order)
{
	untrack(page);
	__free_pages(page, order);
}

void *take(size_t size, gfp_t gfp)
{
	return track(MEMORY, NEED(kmalloc(size, gfp)), 0, NULL);
}

void give(void *p)
{
	untrack(p);
	kfree(p);
}

struct kmem_cache *take_cache(const char *name, unsigned int size,
			      unsigned int align, slab_flags_t flags,
			      void (*ctor)(void *))
{
	return track(CACHE,
		     NEED(kmem_cache_create(name, size, align, flags, ctor)), 0,
		     NULL);
}

void give_cache(struct kmem_cache *s)
{
	untrack(s);
	kmem_cache_destroy(s);
}

void *take_object(struct kmem_cache *s, gfp_t gfp)
{
	return track(OBJECT, NEED(kmem_cache_alloc(s, gfp)), 0, s);
}

void give_object(struct kmem_cache *s, void *obj)
{
	untrack(obj);
	kmem_cache_free(s, obj);
}

/* The last taken first: objects go before their caches. */
static void give_all_back(void)
{
	while (nr_taken) {
		struct taken *t = &taken[--nr_taken];

		switch (t->kind) {
		case PAGES:
			__free_pages(t->p, t->order);
			break;
		case MEMORY:
			kfree(t->p);
			break;
		case CACHE:
			kmem_cache_destroy(t->p);
			break;
		case OBJECT:
			kmem_cache_free(t->cache, t->p);
			break;
		}
	}
}

/* ---- what is left ---- */

unsigned long pages_free(void)
{
	unsigned long n = 0;
	struct mm_cpu *cpu;
	struct zone *z;

	for_each_populated_zone(z)
		n += z->free_pages;
	list_for_each_entry(cpu, &mm_cpus, list)
		n += cpu->pcp.count;
	return n;
}

unsigned long pages_in_use(void)
{
	unsigned long n = 0;
	struct zone *z;

	for_each_populated_zone(z)
		n += z->managed_pages;
	return n - pages_free();
}

/* Events of earlier runs: a sweep runs a test more than once. */
static unsigned long events_before[NR_VM_EVENT_ITEMS];

static unsigned long all_events(unsigned int item)
{
	unsigned long n = vm_events_dead[item];
	struct mm_cpu *cpu;

	list_for_each_entry(cpu, &mm_cpus, list)
		n += cpu->events[item];
	return n;
}

static void events_begin(void)
{
	unsigned int i;

	for (i = 0; i < NR_VM_EVENT_ITEMS; i++)
		events_before[i] = all_events(i);
}

unsigned long vm_events(enum vm_event_item item)
{
	return all_events(item) - events_before[item];
}

struct use {
	unsigned long pages, caches, objects;
};

static bool begins(const char *name, const char *with)
{
	return !memcmp(name, with, strlen(with));
}

/* General caches are made when first asked for and stay. */
static bool is_general(const struct kmem_cache *s)
{
	return begins(s->name, "kmalloc-") || begins(s->name, "dma-kmalloc-");
}

/* The running CPU and all caches are objects, too, and lie in some slab. */
static bool is_the_cores(const struct kmem_cache *s)
{
	return !ashlar_strcmp(s->name, "kmem_cache") ||
	       !ashlar_strcmp(s->name, "mm_cpu");
}

/* Stacks of callers are kept for good. */
static unsigned long stack_pages(void)
{
	unsigned long n = 0;

	while (n < DEPOT_CHUNKS && slab_stacks.chunk[n])
		n++;
	return n * DEPOT_CHUNK_BYTES / PAGE_SIZE;
}

static void shrink_all_caches(void)
{
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		kmem_cache_shrink(s);
}

/*
 * In use by callers: sheaves and lists that are only kept are emptied. The
 * first cache has one object for each cache but itself and that of sheaves.
 */
static struct use count_use(void)
{
	struct kmem_cache *first, *s;
	struct use use = { 0 };
	unsigned long caches = 0;

	stop_all_cpus();
	shrink_all_caches();
	stop_all_cpus();
	/* Once more, for the sheaves that came back last. */
	shrink_all_caches();
	mm_validate();
	first = list_first_entry(&slab_caches, struct kmem_cache, list);
	use.pages = pages_in_use() - stack_pages();
	list_for_each_entry(s, &slab_caches, list) {
		caches++;
		use.caches += !is_general(s);
		use.pages -= is_the_cores(s) ? s->nr_pages : 0;
		use.objects += s == first ? 0 : s->inuse;
	}
	CHECK_EQ(first->inuse, caches - 2);
	return use;
}

static void check_nothing_left(const struct use *before)
{
	struct use now = count_use();

	if (now.caches != before->caches || now.objects != before->objects ||
	    now.pages != before->pages)
		check_failed(__FILE__, __LINE__,
			     "left behind: %ld caches, %ld objects, %ld pages",
			     (long)(now.caches - before->caches),
			     (long)(now.objects - before->objects),
			     (long)(now.pages - before->pages));
}

/* ---- one test ---- */

static void run_once(const struct test *test, const struct use *before)
{
	random_state = 88172645463325252ull;
	events_begin();
	if (set_end() == 0)
		test->run();
	machine_settle();
	give_all_back();
	check_nothing_left(before);
}

/* With allocation 1, 2, … failing, until the test makes no more of them. */
static void sweep(const struct test *test, const struct use *before)
{
	unsigned long done;

	do {
		sweep_k += 1 + sweep_k / SWEEP_DENSE;
		events_begin();
		fail_nth(sweep_k);
		if (set_end() == 0)
			test->run();
		done = fail_nth(0);
		machine_settle();
		give_all_back();
		check_nothing_left(before);
	} while (done == 0);
}

/* The whole test, or all its runs with an allocation failing. */
void run_test_here(const struct test *test, bool sweeping)
{
	struct use before = count_use();

	sweep_k = 0;
	if (sweeping)
		sweep(test, &before);
	else
		run_once(test, &before);
}
