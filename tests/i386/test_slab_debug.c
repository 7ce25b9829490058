/* SPDX-License-Identifier: MIT */
/*
 * Mistakes in a watched cache on the bare machine, which goes on after them;
 * and where the callers come from that its reports name.
 */
#include "../../mm/internal.h"
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
