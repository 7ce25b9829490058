/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail on request, to see what callers do then.
 *
 *   fail_page_alloc=INTERVAL,PROBABILITY,SPACE,TIMES
 *   failslab=INTERVAL,PROBABILITY,SPACE,TIMES
 *
 *   a call   SPACE bytes      not the          dice:           TIMES
 *       ─►   used up?    ─►   interval-th? ─►  PROBABILITY ─►  used up? ─►
 *
 * as Linux has them, and for sweeps over a whole test one thing that is not
 * left to chance: fail_nth(k) makes the k-th allocation from now on fail,
 * pages and objects counted together.
 *
 * While nothing is asked for this costs one load where a slab is refilled
 * anyway, and a test in alloc_block(). Objects taken from a CPU's sheaf are not
 * seen here, so failslab_enabled tells the slab allocator to work without
 * sheaves: set the options before the first allocation, or shrink the caches
 * afterwards.
 *
 * Unlike Linux, allocations that may wait fail too: they are what programs
 * make. __GFP_NOFAIL never fails. The counters are not exact when several
 * CPUs meet; a sweep runs on one.
 */
#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include <ashlar/fault-inject.h>
#include "internal.h"

/** fail_page_alloc - which pages fail; setup_fault_attr() parses it. */
struct fault_attr fail_page_alloc;
/** failslab - which objects fail; setup_fault_attr() parses it. */
struct fault_attr failslab;
bool failslab_enabled;
/* True: failslab= is for caches that slub_debug= marked (slab_debug.c). */
bool failslab_only_marked;

unsigned long fail_nth_left; /* allocations until one fails; 0: off */

/* @sep, then a number that may have a sign. */
static bool parse_next(const char **s, char sep, long *out)
{
	unsigned long value;
	bool negative;

	if (sep && *(*s)++ != sep)
		return false;
	negative = **s == '-';
	if (negative)
		++*s;
	if (!cmdline_number(s, &value) || value > ~0ul >> 1)
		return false;
	*out = negative ? -(long)value : (long)value;
	return true;
}

/**
 * setup_fault_attr() - read what shall fail
 * @attr: set as @str says, or unchanged
 * @str: INTERVAL,PROBABILITY,SPACE,TIMES
 *
 * Return: 1, or 0 when @str is not of that form.
 */
int setup_fault_attr(struct fault_attr *attr, const char *str)
{
	long interval, probability, space, times;

	if (!parse_next(&str, 0, &interval) ||
	    !parse_next(&str, ',', &probability) ||
	    !parse_next(&str, ',', &space) || !parse_next(&str, ',', &times) ||
	    *str || interval < 0 || probability < 0 || times < -1)
		return 0;
	*attr = (struct fault_attr){
		.interval = (unsigned long)interval,
		.probability = (unsigned long)probability,
		.space = space,
		.times = times,
		.min_order = attr->min_order,
	};
	return 1;
}

/**
 * should_fail() - throw the dice
 * @attr: what was asked for
 * @size: bytes of this allocation
 *
 * Return: true if this one shall fail.
 */
bool should_fail(struct fault_attr *attr, size_t size)
{
	if (attr->probability == 0 || attr->times == 0)
		return false;
	if (attr->space > 0 && (size_t)attr->space > size) {
		attr->space -= (long)size;
		return false;
	}
	if (attr->interval > 1 && ++attr->count % attr->interval != 0)
		return false;
	if (attr->probability <= port_random() % 100)
		return false;
	if (attr->times > 0)
		attr->times--;
	return true;
}

/* True if this is the allocation that fail_nth() chose. */
static bool nth_fails(void)
{
	return fail_nth_left != 0 &&
	       __atomic_fetch_sub(&fail_nth_left, 1, __ATOMIC_RELAXED) == 1;
}

/**
 * fail_nth() - make the k-th allocation from now on fail
 * @k: 1 is the next one; 0 turns it off
 *
 * A sweep runs its test with k = 1, 2, … until the test made fewer than k
 * allocations:
 *
 *	do {
 *		fail_nth(++k);
 *		test();
 *	} while (fail_nth(0) == 0);
 *
 * Return: what was left of the k before: 0 if that failure has happened.
 */
unsigned long fail_nth(unsigned long k)
{
	unsigned long left = fail_nth_left;

	failslab_enabled = k != 0 || failslab.probability != 0;
	fail_nth_left = k;
	return left;
}

/* True if the block is made to fail; the dice decide for those that may. */
bool should_fail_alloc_page(gfp_t gfp, unsigned int order)
{
	if (gfp & __GFP_NOFAIL)
		return false;
	if (nth_fails())
		return true;
	return order >= fail_page_alloc.min_order &&
	       should_fail(&fail_page_alloc, PAGE_SIZE << order);
}

bool should_failslab(const struct kmem_cache *s, gfp_t gfp)
{
	if (likely(!failslab_enabled))
		return false;
	if (gfp & __GFP_NOFAIL)
		return false;
	if (nth_fails())
		return true;
	if (failslab_only_marked && !(s->flags & SLAB_FAILSLAB))
		return false;
	return should_fail(&failslab, s->object_size);
}

/**
 * setup_failslab() - the option failslab=
 * @str: INTERVAL,PROBABILITY,SPACE,TIMES
 *
 * Return: 0 or -EINVAL.
 */
int setup_failslab(const char *str)
{
	if (!setup_fault_attr(&failslab, str))
		return -EINVAL;
	failslab_enabled = failslab.probability != 0 || fail_nth_left != 0;
	return 0;
}

/**
 * setup_fail_page_alloc() - the option fail_page_alloc=
 * @str: INTERVAL,PROBABILITY,SPACE,TIMES
 *
 * Return: 0 or -EINVAL.
 */
int setup_fail_page_alloc(const char *str)
{
	return setup_fault_attr(&fail_page_alloc, str) ? 0 : -EINVAL;
}
