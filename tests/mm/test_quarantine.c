/* SPDX-License-Identifier: MIT */
/*
 * Released objects that wait: how many, in which order they go, and what is
 * noticed of them meanwhile.
 */
#include <string.h>

#include "../../mm/slab_debug.h"
#include "../harness.h"
#include <ashlar/check.h>
#include <ashlar/errno.h>
#include <ashlar/printf.h>

#define SIZE 100u

static void begin(const char *bytes)
{
	CHECK_EQ(setup_check("1"), 0);
	CHECK_EQ(setup_quarantine(bytes), 0);
}

static void end(void)
{
	quarantine_flush();
	CHECK_EQ(setup_quarantine("0"), 0);
	CHECK_EQ(setup_check("0"), 0);
	mm_validate();
}

static struct kmem_cache *cache(void)
{
	return kmalloc_cache(kmalloc_index(SIZE));
}

TEST(a_limit_is_a_number)
{
	CHECK_EQ(setup_quarantine("x"), -EINVAL);
	CHECK_EQ(setup_quarantine(""), -EINVAL);
	CHECK_EQ(setup_quarantine("10x"), -EINVAL);
	CHECK_EQ(setup_quarantine("0"), 0);
}

static enum record_state state_of(const struct kmem_cache *s, void *p)
{
	return record_state(whole_record(s, (char *)p - s->red_left));
}

TEST_NO_SWEEP(a_released_object_is_not_had_again)
{
	void *p, *other;

	begin("100000");
	p = take(SIZE, GFP_KERNEL);
	give(p);
	for (unsigned int i = 0; i < 20; i++) {
		other = take(SIZE, GFP_KERNEL);
		CHECK(other != p);
		give(other);
	}
	CHECK_OP(cache()->inuse, >=, 21);
	CHECK_EQ(state_of(cache(), p), RECORD_WAITING);
	quarantine_flush();
	CHECK_EQ(cache()->inuse, 0);
	end();
}

/* How many objects are taken, and given back, until @p is had; 0: more. */
static unsigned int had_again_after(void *p, unsigned int most)
{
	unsigned int i;
	void *other;

	for (i = 1; i <= most; i++) {
		other = take(SIZE, GFP_KERNEL);
		give(other);
		if (other == p)
			return i;
	}
	return 0;
}

/* With the few that the CPU has at hand. */
TEST_NO_SWEEP(as_many_bytes_wait_as_may)
{
	unsigned long slots = 100;
	unsigned int after;
	char bytes[16] = "";
	void *p;

	begin("1");
	p = take(SIZE, GFP_KERNEL);
	give(p); /* larger than the limit */
	CHECK_EQ(had_again_after(p, 1), 1);
	ashlar_snprintf(bytes, sizeof(bytes), "%lu", slots * cache()->size);
	CHECK_EQ(setup_quarantine(bytes), 0);
	p = take(SIZE, GFP_KERNEL);
	give(p);
	after = had_again_after(p, 2 * slots);
	CHECK_OP(after, >=, slots);
	CHECK_OP(after, <, slots + 64);
	end();
}

TEST_NO_SWEEP(the_oldest_goes_first)
{
	struct kmem_cache *s;
	char bytes[16] = "";
	void *p[10], *other;

	begin("100000");
	for (unsigned int i = 0; i < 10; i++)
		p[i] = take(SIZE, GFP_KERNEL);
	s = cache();
	ashlar_snprintf(bytes, sizeof(bytes), "%u", 5 * s->size);
	CHECK_EQ(setup_quarantine(bytes), 0);
	for (unsigned int i = 0; i < 10; i++)
		give(p[i]);
	CHECK_EQ(setup_quarantine("100000"), 0);
	for (unsigned int i = 0; i < 10; i++) {
		other = take(SIZE, GFP_KERNEL);
		for (unsigned int k = 5; k < 10; k++)
			CHECK(other != p[k]);
		give(other);
	}
	for (unsigned int i = 5; i < 10; i++)
		CHECK_EQ(state_of(s, p[i]), RECORD_WAITING);
	end();
}

/* ... whose addresses fill several frames. */
TEST_NO_SWEEP(many_may_wait)
{
	static void *p[700];
	unsigned int i;

	begin("10000000");
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = NEED(kmalloc(16, GFP_KERNEL));
	for (i = 0; i < ARRAY_SIZE(p); i++)
		kfree(p[i]);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		CHECK_EQ(state_of(kmalloc_cache(1), p[i]), RECORD_WAITING);
	CHECK_EQ(setup_quarantine("10000"), 0);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		give(take(16, GFP_KERNEL));
	CHECK_OP(kmalloc_cache(1)->inuse, <,
		 10000 / kmalloc_cache(1)->size + 64);
	end();
}

TEST(memory_that_is_short_is_not_kept_waiting)
{
	begin("100000");
	for (unsigned int i = 0; i < 30; i++)
		kfree(kmalloc(SIZE, GFP_KERNEL));
	end();
}

static void churn(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 2000; i++) {
		unsigned char *p = kmalloc(1 + i % 300, GFP_KERNEL);

		if (!p)
			continue;
		memset(p, 1, 1 + i % 300);
		kfree(p);
	}
}

TEST_NO_SWEEP(many_cpus_share_a_quarantine)
{
	begin("20000");
	in_parallel(TEST_CPUS, churn, NULL);
	end();
}

TEST_DIES(a_second_release_is_recognised, "ERROR: Ashlar: double-free")
{
	void *p;

	begin("100000");
	p = kmalloc(2000, GFP_KERNEL);
	kfree(p);
	kfree(p);
	NOT_REACHED();
}

TEST_DIES(a_late_write_is_found_when_it_goes, "42 bytes into a freed block")
{
	unsigned char *p;

	begin("100000");
	p = kmalloc(SIZE, GFP_KERNEL);
	kfree(p);
	p[42] = 1;
	quarantine_flush();
	NOT_REACHED();
}

TEST_DIES(a_late_write_is_found_by_a_look, "5 bytes into a freed block")
{
	unsigned char *p;

	begin("100000");
	p = kmalloc(SIZE, GFP_KERNEL);
	kfree(p);
	p[5] = 1;
	mm_validate();
	NOT_REACHED();
}
