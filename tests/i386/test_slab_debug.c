/* SPDX-License-Identifier: MIT */
/*
 * Mistakes in a watched cache on the bare machine, which goes on after them;
 * and where the callers come from that its reports name.
 */
#include "../../mm/slab_debug.h"
#include "../harness.h"
#include <i386.h>
#include "string.h"

#define ALL                                                      \
	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | \
	 SLAB_STORE_USER)

static __attribute__((__noinline__)) unsigned int callers_of(unsigned long *pc)
{
	return port_callers(pc, 8);
}

TEST_NO_SWEEP(the_stack_names_callers)
{
	unsigned long pc[8];
	unsigned int n = callers_of(pc), i;
	bool found = false;

	for (i = 0; i < n; i++)
		found = found || (pc[i] - (unsigned long)callers_of < 64);
	CHECK_EQ(n, 8);
	CHECK(found);
}

static __attribute__((__noinline__)) char *ask(struct kmem_cache *s, u32 size)
{
	const struct slab_call call = { .asked = size };
	char *p = NEED(slab_alloc_asked(s, GFP_KERNEL, &call));

	memset(p, 1, size);
	return p;
}

/* The size and the caller are those of the call, not of the cache. */
TEST_NO_SWEEP(the_kernel_remembers_what_was_asked)
{
	struct kmem_cache *s =
		take_cache("asked", 112, 0, ALL | SLAB_ASKED, NULL);
	char *p = ask(s, 100);
	const unsigned long *pc;
	unsigned int i, n;
	bool found = false;

	CHECK_EQ(ksize(p), 100);
	n = stack_depot_fetch(&slab_stacks,
			      whole_record(s, p - s->red_left)->stack[0], &pc);
	for (i = 0; i < n; i++)
		found = found || (pc[i] - (unsigned long)ask < 128);
	CHECK(found);
	p[100] = 0;
	CHECK_EQ(kmem_cache_validate(s), 1);
	CHECK_EQ(kmem_cache_validate(s), 0);
	kmem_cache_free(s, p);
}

TEST_NO_SWEEP(the_kernel_runs_on_after_mistakes)
{
	struct kmem_cache *s = take_cache("wrong", 60, 0, ALL, NULL);
	unsigned char *obj = take_object(s, GFP_KERNEL);

	take_object(s, GFP_KERNEL); /* keeps the slab */
	obj[60] = 0;
	CHECK_EQ(kmem_cache_validate(s), 1);
	CHECK_EQ(kmem_cache_validate(s), 0);
	give_object(s, obj);
	kmem_cache_free(s, obj);
	obj[5] = 1;
	obj[59] = 1;
	CHECK_EQ(kmem_cache_validate(s), 1);
	obj = take_object(s, GFP_KERNEL);
	memset(obj, 1, 60);
	CHECK_EQ(kmem_cache_validate(s), 0);
}
