/* SPDX-License-Identifier: MIT */
/*
 * Watched caches: that their objects are as good as any, and that each wrong
 * use is found, told once, and put right. Where a report ends the run (all
 * machines but the PC) the wrong uses are tests that are to die; everywhere
 * the option, the layout and right uses.
 */
#include <stdio.h>
#include <string.h>

#include "../../mm/slab_debug.h"
#include "../harness.h"
#include <ashlar/check.h>
#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include <ashlar/fault-inject.h>

#define ALL                                                      \
	(SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON | \
	 SLAB_STORE_USER)

static bool holds(const void *p, unsigned char value, size_t n)
{
	const unsigned char *b = p;

	while (n && b[n - 1] == value)
		n--;
	return !n;
}

static slab_flags_t flags_of(const char *name)
{
	struct kmem_cache *s = take_cache(name, 64, 0, 0, NULL);
	slab_flags_t flags = s->flags & (SLAB_WATCHED | SLAB_FAILSLAB);

	give_cache(s);
	return flags;
}

/* ---- the option ---- */

TEST(letters_are_flags)
{
	CHECK_EQ(setup_slub_debug("FzP"), 0);
	CHECK_EQ(flags_of("some"),
		 SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE | SLAB_POISON);
	CHECK_EQ(setup_slub_debug("uT"), 0);
	CHECK_EQ(flags_of("some"), SLAB_STORE_USER | SLAB_TRACE);
	CHECK_EQ(setup_slub_debug("-"), 0);
	CHECK_EQ(flags_of("some"), 0);
}

TEST(no_letters_are_the_usual_ones)
{
	CHECK_EQ(setup_slub_debug(""), 0);
	CHECK_EQ(flags_of("some"), ALL);
	CHECK_EQ(setup_slub_debug("1"), 0);
	CHECK_EQ(flags_of("some"), ALL);
	CHECK_EQ(setup_slub_debug(",some"), 0);
	CHECK_EQ(flags_of("some"), ALL);
	CHECK_EQ(flags_of("other"), 0);
	CHECK_EQ(setup_slub_debug("-"), 0);
}

TEST(names_choose_caches)
{
	CHECK_EQ(setup_slub_debug("Z,one,t*o,*-rcu"), 0);
	CHECK_EQ(flags_of("one"), SLAB_RED_ZONE);
	CHECK_EQ(flags_of("on"), 0);
	CHECK_EQ(flags_of("ones"), 0);
	CHECK_EQ(flags_of("to"), SLAB_RED_ZONE);
	CHECK_EQ(flags_of("tattoo"), SLAB_RED_ZONE);
	CHECK_EQ(flags_of("tattoos"), 0);
	CHECK_EQ(flags_of("files-rcu"), SLAB_RED_ZONE);
	CHECK_EQ(setup_slub_debug("-"), 0);
}

TEST(a_cache_may_refuse_what_the_option_says)
{
	CHECK_EQ(setup_slub_debug(""), 0);
	CHECK_EQ(slab_debug_flags("any", SLAB_POISON | SLAB_NO_USER_FLAGS),
		 SLAB_POISON | SLAB_NO_USER_FLAGS);
	CHECK_EQ(setup_slub_debug("-"), 0);
}

TEST(a_block_with_names_goes_before_one_without)
{
	CHECK_EQ(setup_slub_debug("P;FZ,special;-,plain"), 0);
	CHECK_EQ(flags_of("any"), SLAB_POISON);
	CHECK_EQ(flags_of("special"), SLAB_CONSISTENCY_CHECKS | SLAB_RED_ZONE);
	CHECK_EQ(flags_of("plain"), 0);
	CHECK_EQ(setup_slub_debug("-"), 0);
}

TEST(nonsense_watches_nothing)
{
	static const char *const bad[] = { "Q",	     "FZ Q",	  "??,",
					   "FZ;Q,a", "F,a;Z,b;*", "FZPU,a;;=" };

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK_EQ(setup_slub_debug("FZ"), 0);
		CHECK_EQ(setup_slub_debug(bad[i]), -EINVAL);
		CHECK_EQ(flags_of("some"), 0);
	}
}

TEST(an_option_too_long_is_refused)
{
	static char text[CMDLINE_VALUE_SIZE + 8];

	memset(text, 'F', sizeof(text) - 1);
	CHECK_EQ(setup_slub_debug(text), -EINVAL);
	text[CMDLINE_VALUE_SIZE - 1] = '\0';
	CHECK_EQ(setup_slub_debug(text), 0);
	CHECK_EQ(setup_slub_debug("-"), 0);
}

TEST_NO_SWEEP(marked_caches_alone_are_made_to_fail)
{
	struct kmem_cache *plain, *marked;
	void *obj;

	CHECK_EQ(setup_slub_debug("A,marked"), 0);
	plain = take_cache("plain", 64, 0, 0, NULL);
	marked = take_cache("marked", 64, 0, 0, NULL);
	CHECK_EQ(setup_failslab("1,100,0,-1"), 0);
	obj = kmem_cache_alloc(marked, GFP_KERNEL);
	kmem_cache_free(marked, obj);
	CHECK(!obj);
	obj = kmem_cache_alloc(plain, GFP_KERNEL);
	kmem_cache_free(plain, obj);
	CHECK(obj);
	CHECK_EQ(setup_failslab("1,0,0,0"), 0);
	CHECK_EQ(setup_slub_debug("-"), 0);
}

/* ---- layout ---- */

TEST(a_slot_around_its_object)
{
	struct kmem_cache *s = take_cache("laid", 60, 0, ALL, NULL);
	unsigned char *obj = take_object(s, GFP_KERNEL);

	take_object(s, GFP_KERNEL); /* keeps the slab */
	CHECK_EQ(s->id, 0);
	CHECK_EQ(kmem_cache_size(s), 60);
	CHECK_EQ(ksize(obj), 60);
	CHECK_EQ((uintptr_t)obj % 16, 0);
	CHECK(holds(obj - s->red_left, 0xcc, s->red_left));
	CHECK(holds(obj, 0x5a, 60));
	CHECK(holds(obj + 60, 0xcc, 32));
	memset(obj, 'x', 60);
	give_object(s, obj);
	CHECK(holds(obj - s->red_left, 0xbb, s->red_left));
	CHECK(holds(obj, 0x6b, 59));
	CHECK_EQ(obj[59], 0xa5);
	CHECK(holds(obj + 60, 0xbb, 32));
}

TEST(a_red_zone_behind_an_object_that_fills_its_words)
{
	struct kmem_cache *s = take_cache("words", 64, 0, SLAB_RED_ZONE, NULL);
	unsigned char *obj = take_object(s, GFP_KERNEL);

	CHECK(holds(obj + 64, 0xcc, 32));
	CHECK(!holds(obj, 0x5a, 64) || !(s->flags & SLAB_POISON));
}

TEST(watched_objects_are_aligned_and_apart)
{
	static const unsigned int sizes[] = { 1, 17, 48, 500, 1000 };
	static unsigned char *obj[20];

	for (unsigned int a = 1; a <= PAGE_SIZE; a *= 4) {
		for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct kmem_cache *s =
				take_cache("aligned", sizes[i], a, ALL, NULL);

			for (unsigned int k = 0; k < 20; k++) {
				obj[k] = take_object(s, GFP_KERNEL);
				CHECK_EQ((uintptr_t)obj[k] % max(a, 16u), 0);
				memset(obj[k], (int)k, sizes[i]);
			}
			for (unsigned int k = 0; k < 20; k++) {
				CHECK(holds(obj[k], (unsigned char)k,
					    sizes[i]));
				give_object(s, obj[k]);
			}
			CHECK_EQ(kmem_cache_validate(s), 0);
			give_cache(s);
		}
	}
}

/* Slots that no block of frames could hold lose what takes room. */
TEST(objects_too_large_for_red_zones)
{
	struct kmem_cache *s = take_cache("large", KMALLOC_MAX_CACHE_SIZE,
					  PAGE_SIZE, ALL, NULL);
	unsigned char *obj = take_object(s, GFP_KERNEL);

	CHECK_EQ((uintptr_t)obj % PAGE_SIZE, 0);
	memset(obj, 1, KMALLOC_MAX_CACHE_SIZE);
	CHECK_EQ(kmem_cache_validate(s), 0);
	give_object(s, obj);
	CHECK_EQ(kmem_cache_validate(s), 0);
}

TEST(slots_that_may_not_take_larger_blocks)
{
	struct kmem_cache *page, *small;

	CHECK_EQ(setup_slub_debug("FZPUO"), 0);
	page = take_cache("page", PAGE_SIZE, 0, 0, NULL);
	small = take_cache("small", 64, 0, 0, NULL);
	CHECK_EQ(setup_slub_debug("-"), 0);
	CHECK_EQ(page->size, PAGE_SIZE);
	CHECK_EQ(page->red_left, 0);
	CHECK(page->flags & SLAB_POISON);
	CHECK(small->flags & SLAB_RED_ZONE);
}

/* ---- right uses ---- */

static unsigned int constructed;

static void construct(void *obj)
{
	memset(obj, 0x11, 100);
	constructed++;
}

TEST(constructed_objects_stay_constructed)
{
	struct kmem_cache *s = take_cache("made", 100, 0, ALL, construct);
	void *obj[8];

	constructed = 0;
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 8; i++) {
			obj[i] = take_object(s, GFP_KERNEL);
			CHECK(holds(obj[i], 0x11, 100));
		}
		for (unsigned int i = 0; i < 8; i++)
			give_object(s, obj[i]);
	}
	CHECK_OP(constructed, >=, 8);
	CHECK_EQ(kmem_cache_validate(s), 0);
}

TEST(objects_read_while_free_are_not_poisoned)
{
	struct kmem_cache *s =
		take_cache("rcu", 100, 0, ALL | SLAB_TYPESAFE_BY_RCU, NULL);
	void *obj = take_object(s, GFP_KERNEL);

	take_object(s, GFP_KERNEL); /* keeps the slab */
	memset(obj, 0x22, 100);
	give_object(s, obj);
	CHECK(holds(obj, 0x22, 100));
	memset(obj, 0x23, 100);
	CHECK_EQ(kmem_cache_validate(s), 0);
}

TEST(zeroed_and_bulk_objects)
{
	struct kmem_cache *s = take_cache("bulk", 72, 0, ALL, NULL);
	void *obj[30];
	int n;

	n = kmem_cache_alloc_bulk(s, GFP_KERNEL | __GFP_ZERO, 30, obj);
	for (int i = 0; i < n; i++) {
		CHECK(holds(obj[i], 0, 72));
		memset(obj[i], i, 72);
	}
	for (int i = 0; i < n; i++)
		CHECK(holds(obj[i], (unsigned char)i, 72));
	CHECK_EQ(kmem_cache_validate(s), 0);
	kmem_cache_free_bulk(s, (size_t)n, obj);
	CHECK(n == 30 || sweeping());
}

TEST(pool_elements_are_watched)
{
	struct kmem_cache *s = take_cache("pooled", 40, 0, ALL, NULL);
	mempool_t *pool = mempool_create_slab_pool(4, s);
	void *e[8] = { NULL };

	for (unsigned int i = 0; pool && i < 8; i++) {
		e[i] = mempool_alloc(pool, GFP_NOWAIT);
		if (e[i])
			memset(e[i], (int)i, 40);
	}
	for (unsigned int i = 0; i < 8; i++)
		if (e[i])
			mempool_free(e[i], pool);
	CHECK_EQ(kmem_cache_validate(s), 0);
	mempool_destroy(pool);
}

static void churn(void *arg)
{
	struct kmem_cache *s = arg;
	unsigned char *obj[32] = { NULL };
	unsigned long x = 1;

	for (unsigned int step = 0; step < 3000; step++) {
		unsigned int i = (x >> 9) % 32;

		x = x * 1103515245ul + 12345;
		if (obj[i] && !holds(obj[i], (unsigned char)i, 64))
			check_failed(__FILE__, __LINE__, "object was changed");
		kmem_cache_free(s, obj[i]);
		obj[i] = x & 256 ? kmem_cache_alloc(s, GFP_KERNEL) : NULL;
		if (obj[i])
			memset(obj[i], (int)i, 64);
	}
	for (unsigned int i = 0; i < 32; i++)
		kmem_cache_free(s, obj[i]);
}

TEST_NO_SWEEP(many_cpus_share_a_watched_cache)
{
	struct kmem_cache *s = take_cache("shared", 64, 0, ALL, NULL);

	in_parallel(TEST_CPUS, churn, s);
	CHECK_EQ(kmem_cache_validate(s), 0);
}

/* ---- general caches ---- */

TEST(check_is_on_or_off)
{
	CHECK_EQ(setup_check("2"), -EINVAL);
	CHECK_EQ(setup_check(""), -EINVAL);
	CHECK_EQ(setup_check("1"), 0);
	CHECK_EQ(flags_of("some"), 0);
	CHECK_EQ(setup_check("0"), 0);
}

/* The option before the first size is asked for: a process of its own. */
TEST_NO_SWEEP(general_caches_are_watched)
{
	static const size_t sizes[] = { 1, 13, 16, 100, 256, 1000, 2048, 4000 };
	unsigned char *p;

	CHECK_EQ(setup_slub_debug("FZPU,kmalloc-*"), 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = take(sizes[i], GFP_KERNEL);
		CHECK_EQ((uintptr_t)p % 16, 0);
		if (is_power_of_2(sizes[i]) && sizes[i] <= PAGE_SIZE)
			CHECK_EQ((uintptr_t)p % max(sizes[i], (size_t)16), 0);
		CHECK_OP(ksize(p), >=, sizes[i]);
		memset(p, 0xee, ksize(p));
		p = krealloc(p, ksize(p), GFP_KERNEL);
		CHECK(holds(p, 0xee, ksize(p)));
		give(p);
	}
	p = kzalloc(300, GFP_KERNEL);
	CHECK(p && holds(p, 0, 300));
	memset(p, 7, ksize(p));
	p = krealloc(p, 900, GFP_KERNEL);
	CHECK(p && holds(p, 7, 300));
	kfree(p);
	mm_validate();
	CHECK_EQ(setup_slub_debug("-"), 0);
}

/* ---- wrong uses; @s is leaked, for the run ends here ---- */

static unsigned char *an_object(struct kmem_cache **s)
{
	*s = kmem_cache_create("wrong", 60, 0, ALL, NULL);
	kmem_cache_alloc(*s, GFP_KERNEL); /* keeps the slab */
	return kmem_cache_alloc(*s, GFP_KERNEL);
}

TEST_DIES(a_byte_behind_the_object, "(byte 60, right redzone, cache wrong)")
{
	struct kmem_cache *s;
	unsigned char *obj = an_object(&s);

	obj[60] = 0;
	kmem_cache_free(s, obj);
}

TEST_DIES(a_byte_before_the_object,
	  "1 byte before a block of 60 (byte -1, left redzone")
{
	struct kmem_cache *s;
	unsigned char *obj = an_object(&s);

	obj[-1] = 0;
	kmem_cache_free(s, obj);
}

TEST_DIES(a_write_after_free, "7 bytes into a freed block of 60")
{
	struct kmem_cache *s;
	unsigned char *obj = an_object(&s);

	kmem_cache_free(s, obj);
	obj[7] = 0;
	kmem_cache_alloc(s, GFP_KERNEL);
}

TEST_DIES(a_write_to_the_last_byte_after_free,
	  "59 bytes into a freed block of 60")
{
	struct kmem_cache *s;
	unsigned char *obj = an_object(&s);

	kmem_cache_free(s, obj);
	obj[59] = 0x6b;
	kmem_cache_alloc(s, GFP_KERNEL);
}

TEST_DIES(a_write_behind_a_free_object, "1 byte past the end of a block of 60")
{
	struct kmem_cache *s;
	unsigned char *obj = an_object(&s);

	kmem_cache_free(s, obj);
	obj[61] = 0xcc;
	kmem_cache_alloc(s, GFP_KERNEL);
}

TEST_DIES(a_slab_goes_back_with_a_written_object,
	  "ERROR: Ashlar: heap-use-after-free")
{
	struct kmem_cache *s = kmem_cache_create("wrong", 60, 0, ALL, NULL);
	unsigned char *first = kmem_cache_alloc(s, GFP_KERNEL);
	unsigned char *obj = kmem_cache_alloc(s, GFP_KERNEL);

	kmem_cache_free(s, obj);
	obj[0] = 1;
	kmem_cache_free(s, first);
	kmem_cache_destroy(s);
}

TEST_DIES(padding_of_a_slot, "between blocks of cache wrong (padding)")
{
	struct kmem_cache *s = kmem_cache_create("wrong", 33, 64, ALL, NULL);
	unsigned char *obj = kmem_cache_alloc(s, GFP_KERNEL);

	obj[(long)s->size - s->red_left - 1] = 0;
	kmem_cache_free(s, obj);
}

TEST_DIES(padding_of_a_slab, "between blocks of cache wrong (padding)")
{
	struct kmem_cache *s = kmem_cache_create("wrong", 700, 0, ALL, NULL);
	struct page *slab = virt_to_page(kmem_cache_alloc(s, GFP_KERNEL));
	unsigned char *end;

	slab = slab->flags & PG_tail ? slab->head : slab;
	end = page_address(slab) + ((size_t)slab->nr << PAGE_SHIFT);
	if (end[-1] == 0x5a)
		end[-1] = 0;
	else
		*(unsigned char *)page_address(slab) = 0;
	mm_validate();
}

TEST_DIES(a_watched_object_freed_twice, "ERROR: Ashlar: double-free")
{
	struct kmem_cache *s;
	unsigned char *obj = an_object(&s);

	kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_free(s, obj);
	kmem_cache_free(s, obj);
	NOT_REACHED();
}

TEST_DIES(the_middle_of_a_watched_object_freed, "ERROR: Ashlar: bad-free")
{
	struct kmem_cache *s;
	unsigned char *obj = an_object(&s);

	kmem_cache_free(s, obj + 16);
	NOT_REACHED();
}

TEST_DIES(a_slot_freed_in_place_of_its_object, "ERROR: Ashlar: bad-free")
{
	struct kmem_cache *s;
	unsigned char *obj = an_object(&s);

	kmem_cache_free(s, obj - s->red_left);
	NOT_REACHED();
}

TEST_DIES(an_object_freed_into_a_watched_cache, "is not of cache wrong but of")
{
	struct kmem_cache *s;

	an_object(&s);
	kmem_cache_free(s, kmalloc(60, GFP_KERNEL));
	NOT_REACHED();
}

TEST_DIES(a_general_object_freed_twice, "ERROR: Ashlar: double-free")
{
	void *p;

	setup_slub_debug("F");
	p = kmalloc(60, GFP_KERNEL);
	kmalloc(60, GFP_KERNEL);
	kfree(p);
	kfree(p);
	NOT_REACHED();
}

TEST_DIES(a_record_is_written_over, "what was known of it is lost")
{
	struct kmem_cache *s;
	unsigned char *obj = an_object(&s);

	memset(obj + 60, 0xcc, 60);
	kmem_cache_free(s, obj);
}

TEST_DIES(mm_validate_finds_a_byte_behind_an_object_in_use,
	  "ERROR: Ashlar: heap-buffer-overflow")
{
	struct kmem_cache *s;

	an_object(&s)[60] = 0;
	mm_validate();
}
