/* SPDX-License-Identifier: MIT */
/* Slab caches: what their users see, and the three lists behind it. */
#include <stdio.h>
#include <string.h>

#include "../../mm/internal.h"
#include "../harness.h"

static bool on_chain(const struct kmem_cache *s)
{
	struct kmem_cache *c;

	list_for_each_entry(c, &slab_caches, list)
		if (c == s)
			return true;
	return false;
}

static unsigned long list_length(const struct list_head *list)
{
	unsigned long n = 0;

	for (const struct list_head *e = list->next; e != list; e = e->next)
		n++;
	return n;
}

/* ---- caches ---- */

TEST(a_cache_comes_and_goes)
{
	unsigned long before = pages_in_use();
	struct kmem_cache *s = take_cache("came", 100, 0, 0, NULL);
	void *obj;

	CHECK(on_chain(s));
	CHECK_EQ(kmem_cache_size(s), 100);
	CHECK_EQ(strcmp(s->name, "came"), 0);
	obj = take_object(s, GFP_KERNEL);
	memset(obj, 0xff, 100);
	give_object(s, obj);
	give_cache(s);
	CHECK(!on_chain(s));
	CHECK_OP(pages_in_use(), <=, before + 8);
}

TEST(a_cache_keeps_its_own_copy_of_its_name)
{
	char name[64] = "changes";
	struct kmem_cache *s = take_cache(name, 32, 0, 0, NULL);

	memset(name, 'x', sizeof(name) - 1);
	CHECK_EQ(strcmp(s->name, "changes"), 0);
	give_cache(s);
	s = take_cache(name, 32, 0, 0, NULL);
	CHECK_EQ(strlen(s->name), sizeof(s->name) - 1);
}

TEST(caches_that_cannot_be)
{
	CHECK(!kmem_cache_create("zero", 0, 0, 0, NULL));
	CHECK(!kmem_cache_create("huge", KMALLOC_MAX_CACHE_SIZE + 1, 0, 0,
				 NULL));
	CHECK(!kmem_cache_create("align", 8, 24, 0, NULL));
	CHECK(!kmem_cache_create("align", 8, 2 * PAGE_SIZE, 0, NULL));
	CHECK(!kmem_cache_create(NULL, 8, 0, 0, NULL));
}

TEST_DIES(a_cache_that_must_be_and_cannot, "kmem_cache_create(must")
{
	kmem_cache_create("must", 0, 0, SLAB_PANIC, NULL);
}

TEST(more_caches_than_cpu_lists)
{
	static struct kmem_cache *s[NR_CPU_CACHES + 8];
	static void *obj[NR_CPU_CACHES + 8];
	char name[16];

	for (unsigned int i = 0; i < NR_CPU_CACHES + 8; i++) {
		snprintf(name, sizeof(name), "many-%u", i);
		s[i] = take_cache(name, 64, 0, 0, NULL);
		obj[i] = take_object(s[i], GFP_KERNEL);
		memset(obj[i], (int)i, 64);
	}
	CHECK_EQ(s[NR_CPU_CACHES + 7]->id, 0);
	for (unsigned int i = 0; i < NR_CPU_CACHES + 8; i++) {
		CHECK_EQ(*(unsigned char *)obj[i], i & 255);
		give_object(s[i], obj[i]);
		give_cache(s[i]);
	}
	/* The places in the CPUs' tables are free again. */
	CHECK(take_cache("again", 64, 0, 0, NULL)->id != 0);
}

TEST(destroy_nothing)
{
	kmem_cache_destroy(NULL);
}

/* ---- objects ---- */

TEST(objects_are_aligned_and_apart)
{
	static const unsigned int sizes[] = { 1, 8, 17, 48, 100, 500, 2000 };
	void *obj[40];

	for (unsigned int a = 1; a <= PAGE_SIZE; a *= 4) {
		for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct kmem_cache *s =
				take_cache("aligned", sizes[i], a, 0, NULL);
			unsigned int n = 40;

			for (unsigned int k = 0; k < n; k++) {
				obj[k] = take_object(s, GFP_KERNEL);
				CHECK_EQ((uintptr_t)obj[k] % max(a, 16u), 0);
				memset(obj[k], (int)k, sizes[i]);
			}
			for (unsigned int k = 0; k < n; k++) {
				unsigned char *p = obj[k];

				CHECK_EQ(p[0], k);
				CHECK_EQ(p[sizes[i] - 1], k);
				give_object(s, p);
			}
			give_cache(s);
		}
	}
}

TEST(cache_line_alignment)
{
	struct kmem_cache *s =
		take_cache("lines", 40, 0, SLAB_HWCACHE_ALIGN, NULL);
	struct kmem_cache *small =
		take_cache("halves", 20, 0, SLAB_HWCACHE_ALIGN, NULL);

	for (unsigned int i = 0; i < 10; i++) {
		CHECK_EQ((uintptr_t)take_object(s, GFP_KERNEL) % 64, 0);
		CHECK_EQ((uintptr_t)take_object(small, GFP_KERNEL) % 32, 0);
	}
}

TEST(zeroed_objects_are_zero)
{
	struct kmem_cache *s = take_cache("zeroed", 200, 0, 0, NULL);
	void *obj[20];

	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 20; i++) {
			char *p = obj[i] =
				take_object(s, GFP_KERNEL | __GFP_ZERO);

			for (unsigned int k = 0; k < 200; k++)
				CHECK_EQ(p[k], 0);
			memset(p, 0xff, 200);
		}
		for (unsigned int i = 0; i < 20; i++)
			give_object(s, obj[i]);
	}
}

TEST(nothing_is_freed_for_null)
{
	kmem_cache_free(take_cache("null", 32, 0, 0, NULL), NULL);
}

TEST(bulk_is_all_or_nothing)
{
	struct kmem_cache *s = take_cache("bulk", 96, 0, 0, NULL);
	unsigned long before = s->inuse;
	void *obj[100];
	int n;

	n = kmem_cache_alloc_bulk(s, GFP_KERNEL, 100, obj);
	if (n == 0) {
		CHECK(sweeping());
		kmem_cache_shrink(s);
		CHECK_EQ(s->inuse, before);
		return;
	}
	CHECK_EQ(n, 100);
	for (unsigned int i = 0; i < 100; i++)
		memset(obj[i], (int)i, 96);
	for (unsigned int i = 0; i < 100; i++)
		CHECK_EQ(((unsigned char *)obj[i])[95], i);
	kmem_cache_free_bulk(s, 100, obj);
	kmem_cache_shrink(s);
	CHECK_EQ(s->inuse, before);
}

TEST_NO_SWEEP(an_idle_cache_is_shrunk_once)
{
	struct kmem_cache *s = take_cache("idle", 96, 0, 0, NULL);
	void *obj[300];

	for (unsigned int i = 0; i < 300; i++)
		obj[i] = take_object(s, GFP_KERNEL);
	slab_shrink_idle();
	for (unsigned int i = 0; i < 300; i++)
		give_object(s, obj[i]);
	slab_shrink_idle();
	CHECK_OP(s->inuse, >, 0); /* used since the call before */
	slab_shrink_idle();
	CHECK_EQ(s->inuse, 0);
	CHECK_EQ(s->nr_slabs, 0);
	CHECK_EQ(slab_shrink_idle(), 0);
}

TEST_NO_SWEEP(idle_caches_are_shrunk_as_memory_grows)
{
	struct kmem_cache *idle = take_cache("idle", 96, 0, 0, NULL);
	struct kmem_cache *busy = take_cache("busy", 200, 0, 0, NULL);
	unsigned long before = nr_used_pages();
	void *obj[300], *head = NULL, *next;

	for (unsigned int i = 0; i < 300; i++)
		obj[i] = take_object(idle, GFP_KERNEL);
	for (unsigned int i = 0; i < 300; i++)
		give_object(idle, obj[i]);
	CHECK_OP(idle->inuse, >, 0); /* they lie in sheaves */
	while (idle->inuse && nr_used_pages() < 4 * before + 400) {
		if (slab_shrink_due)
			slab_shrink_as_grown();
		next = take_object(busy, GFP_KERNEL);
		*(void **)next = head;
		head = next;
	}
	CHECK_EQ(idle->inuse, 0);
	CHECK_EQ(idle->nr_slabs, 0);
	CHECK_OP(nr_used_pages(), >, before);
	for (; head; head = next) {
		next = *(void **)head;
		give_object(busy, head);
	}
}

TEST(bulk_of_general_objects)
{
	void *obj[8];

	for (unsigned int i = 0; i < 8; i++)
		obj[i] = take(16 << i, GFP_KERNEL);
	for (unsigned int i = 8; i-- > 4;)
		give(obj[i]);
	kmem_cache_free_bulk(NULL, 0, obj);
	for (unsigned int i = 0; i < 4; i++)
		give(obj[i]);
}

/* ---- constructors ---- */

static unsigned long constructed;

static void construct(void *obj)
{
	constructed++;
	memset(obj, 0xc0, 80);
}

static bool is_constructed(const void *obj)
{
	const unsigned char *p = obj;

	for (unsigned int i = 0; i < 80; i++)
		if (p[i] != 0xc0)
			return false;
	return true;
}

TEST(constructors_run_once_per_life_in_the_slab)
{
	struct kmem_cache *s = take_cache("made", 80, 0, 0, construct);
	unsigned long after_first;
	void *obj[60];

	constructed = 0;
	for (unsigned int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < 60; i++) {
			obj[i] = take_object(s, GFP_KERNEL);
			CHECK(is_constructed(obj[i]));
		}
		if (round == 0)
			after_first = constructed;
		for (unsigned int i = 0; i < 60; i++)
			give_object(s, obj[i]);
	}
	CHECK_OP(after_first, >=, 60);
	/* Empty slabs may have gone in between; kept ones are not remade. */
	CHECK_OP(constructed, <, 5 * after_first);
	CHECK_EQ(kmem_cache_shrink(s), 0);
	after_first = constructed;
	obj[0] = take_object(s, GFP_KERNEL);
	CHECK_OP(constructed, >, after_first);
	CHECK(is_constructed(obj[0]));
}

TEST(objects_in_use_are_constructed_exactly_once)
{
	struct kmem_cache *s =
		take_cache("direct", 80, 0, SLAB_NO_SHEAVES, construct);

	constructed = 0;
	for (unsigned int i = 0; i < 50; i++)
		take_object(s, GFP_KERNEL);
	CHECK_EQ(constructed, 50);
}

TEST(memory_that_was_never_used_is_not_constructed)
{
	struct kmem_cache *s =
		take_cache("lazy", 80, 0, SLAB_NO_SHEAVES, construct);

	constructed = 0;
	take_object(s, GFP_KERNEL);
	CHECK_EQ(constructed, 1);
	CHECK_OP(s->total_objects, >, 1);
}

/* ---- the three lists ---- */

struct lists {
	unsigned long full, partial, free;
};

static struct lists lists_of(const struct kmem_cache *s)
{
	struct lists l = { list_length(&s->slabs_full),
			   list_length(&s->slabs_partial),
			   list_length(&s->slabs_free) };

	CHECK_EQ(l.full + l.partial + l.free, s->nr_slabs);
	CHECK_EQ(l.free, s->nr_free_slabs);
	CHECK_EQ(l.partial, s->nr_partial);
	return l;
}

TEST(slabs_move_between_three_lists)
{
	struct kmem_cache *s =
		take_cache("lists", PAGE_SIZE / 16, 0, SLAB_NO_SHEAVES, NULL);
	void *obj[64];
	unsigned long per_slab;

	CHECK_EQ(s->nr_slabs, 0);
	obj[0] = take_object(s, GFP_KERNEL);
	CHECK_EQ(lists_of(s).partial, s->total_objects > 1);
	per_slab = s->total_objects;
	CHECK_OP(per_slab, <=, 64);
	for (unsigned long i = 1; i < per_slab; i++) {
		CHECK_EQ(lists_of(s).partial, 1);
		obj[i] = take_object(s, GFP_KERNEL);
	}
	CHECK_EQ(lists_of(s).full, 1);
	CHECK_EQ(lists_of(s).partial, 0);
	give_object(s, obj[0]);
	CHECK_EQ(lists_of(s).full, 0);
	for (unsigned long i = 1; i < per_slab; i++)
		give_object(s, obj[i]);
	CHECK_EQ(lists_of(s).partial, 0);
	CHECK_EQ(lists_of(s).free, 1);
	/* Empty slabs are what shrinking reaps. */
	CHECK_EQ(kmem_cache_shrink(s), 0);
	CHECK_EQ(s->nr_slabs, 0);
	CHECK_EQ(s->nr_pages, 0);
}

TEST(shrinking_leaves_slabs_in_use)
{
	struct kmem_cache *s = take_cache("kept", 64, 0, 0, NULL);
	void *obj = take_object(s, GFP_KERNEL);

	memset(obj, 0x77, 64);
	CHECK_EQ(kmem_cache_shrink(s), 1);
	CHECK_EQ(s->nr_slabs, 1);
	CHECK_EQ(s->inuse, 1);
	CHECK_EQ(((char *)obj)[63], 0x77);
}

TEST(few_empty_slabs_are_kept)
{
	struct kmem_cache *s = take_cache("crowd", 512, 0, 0, NULL);
	static void *obj[2000];
	unsigned long peak;

	for (unsigned int i = 0; i < 2000; i++)
		obj[i] = take_object(s, GFP_KERNEL);
	peak = s->nr_pages;
	for (unsigned int i = 0; i < 2000; i++)
		give_object(s, obj[i]);
	/* What is kept: two sheaves, a barn, an eighth in empty slabs. */
	CHECK_OP(s->nr_pages, <, peak / 2);
}

/* How far behind the start of its slab does the first object of each lie? */
static unsigned long first_offsets(const struct kmem_cache *s, void **obj,
				   unsigned int n, unsigned long *offset)
{
	static struct page *slab[32];
	unsigned long nr = 0, k;

	for (unsigned int i = 0; i < n; i++) {
		struct page *page = virt_to_page(obj[i]);
		struct page *head = page->flags & PG_tail ? page->head : page;
		unsigned long at = (unsigned long)((char *)obj[i] -
						   (char *)page_address(head));

		for (k = 0; k < nr && slab[k] != head; k++)
			;
		if (k == nr) {
			CHECK_OP(nr, <, 32);
			slab[nr] = head;
			offset[nr++] = at;
		}
		offset[k] = min(offset[k], at);
	}
	CHECK_EQ(nr, s->nr_slabs);
	return nr;
}

TEST(successive_slabs_start_their_objects_at_different_cache_lines)
{
	unsigned int coloured = 0;

	for (unsigned int size = 192; size < 1024; size += 64) {
		struct kmem_cache *s =
			take_cache("colour", size, 0, SLAB_NO_SHEAVES, NULL);
		unsigned long offset[32], nr, lines = 0;
		static void *obj[2000];
		unsigned int n = 0;

		while (s->nr_slabs < 8 && n < 2000)
			obj[n++] = take_object(s, GFP_KERNEL);
		nr = first_offsets(s, obj, n, offset);
		for (unsigned long i = 0; i < nr; i++)
			lines |= 1ul << offset[i] / 64 % 64;
		coloured += __builtin_popcountl(lines) > 1;
		while (n)
			give_object(s, obj[--n]);
	}
	/* Sizes that divide a slab leave no room for it. */
	CHECK_OP(coloured, >=, 8);
}

TEST(colours_respect_alignment)
{
	struct kmem_cache *s =
		take_cache("colour", 300, 256, SLAB_NO_SHEAVES, NULL);

	while (s->nr_slabs < 8)
		CHECK_EQ((uintptr_t)take_object(s, GFP_KERNEL) % 256, 0);
}

/* ---- CPUs ---- */

#define CROWD 500

struct crowd {
	struct kmem_cache *s;
	void *obj[CROWD];
	unsigned int n;
};

static void fill(void *arg)
{
	struct crowd *c = arg;

	for (c->n = 0; c->n < CROWD; c->n++) {
		c->obj[c->n] = kmem_cache_alloc(c->s, GFP_KERNEL);
		if (!c->obj[c->n])
			break;
		memset(c->obj[c->n], (int)c->n, 64);
	}
}

static void empty(void *arg)
{
	struct crowd *c = arg;

	while (c->n) {
		c->n--;
		CHECK_EQ(*(unsigned char *)c->obj[c->n], c->n & 255);
		kmem_cache_free(c->s, c->obj[c->n]);
	}
}

TEST(one_cpu_allocates_and_another_frees)
{
	static struct crowd c;
	unsigned long pages = 0;

	c.s = take_cache("handed", 64, 0, 0, NULL);
	for (unsigned int round = 0; round < 20; round++) {
		on_cpu(1, fill, &c);
		if (round == 2)
			pages = c.s->nr_pages;
		if (round > 2 && !sweeping())
			CHECK_OP(c.s->nr_pages, <=, pages + 4);
		on_cpu(2, empty, &c);
	}
}

TEST(a_cpu_that_stops_keeps_no_objects)
{
	static struct crowd c;
	unsigned int had;

	c.s = take_cache("stopped", 64, 0, 0, NULL);
	on_cpu(1, fill, &c);
	had = c.n;
	if (!sweeping())
		CHECK_OP(c.s->inuse, >=, had);
	stop_cpu(1);
	if (!sweeping())
		CHECK_EQ(c.s->inuse, had + barn_objects(c.s));
	on_cpu(1, empty, &c);
	stop_cpu(1);
	stop_cpu(1);
}

static void churn(void *arg)
{
	struct kmem_cache *s = arg;
	u64 x = (uintptr_t)&s;
	unsigned long *obj[64] = { 0 };

	for (unsigned long step = 0; step < 20000; step++) {
		unsigned long i;

		x = x * 6364136223846793005ull + 1442695040888963407ull;
		i = (unsigned long)(x >> 58);
		if (obj[i]) {
			if (obj[i][0] != i || obj[i][7] != i)
				check_failed(__FILE__, __LINE__,
					     "object %lu was changed", i);
			kmem_cache_free(s, obj[i]);
			obj[i] = NULL;
		} else {
			obj[i] = kmem_cache_alloc(s, GFP_KERNEL);
			if (obj[i])
				obj[i][0] = obj[i][7] = i;
		}
	}
	for (unsigned int i = 0; i < 64; i++)
		kmem_cache_free(s, obj[i]);
}

TEST_NO_SWEEP(many_cpus_share_a_cache)
{
	in_parallel(TEST_CPUS, churn, take_cache("shared", 64, 0, 0, NULL));
}

TEST_NO_SWEEP(many_cpus_share_a_cache_without_sheaves)
{
	in_parallel(TEST_CPUS, churn,
		    take_cache("shared", 64, 0, SLAB_NO_SHEAVES, NULL));
}

static struct kmem_cache *hand_over_cache;
static void *hand_over[256];

/* Swap an object of one's own for whatever lies there: all free for all. */
static void trade(void *arg)
{
	u64 x = (uintptr_t)&arg;

	for (unsigned long step = 0; step < 20000; step++) {
		void *obj = kmem_cache_alloc(hand_over_cache, GFP_KERNEL);

		x = x * 6364136223846793005ull + 1442695040888963407ull;
		if (obj)
			memset(obj, (int)step, 64);
		kmem_cache_free(hand_over_cache,
				__atomic_exchange_n(&hand_over[x >> 56], obj,
						    __ATOMIC_ACQ_REL));
	}
}

TEST_NO_SWEEP(many_cpus_trade_objects)
{
	hand_over_cache = take_cache("trade", 64, 0, 0, NULL);
	in_parallel(TEST_CPUS, trade, NULL);
	for (unsigned int i = 0; i < 256; i++)
		kmem_cache_free(hand_over_cache, hand_over[i]);
}

/* ---- mistakes ---- */

TEST_DIES(cache_destroyed_while_in_use, "ERROR: Ashlar: cache-in-use")
{
	struct kmem_cache *s = kmem_cache_create("busy", 64, 0, 0, NULL);

	kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_destroy(s);
}

TEST_DIES(cache_destroyed_twice, "is to be destroyed, and no cache")
{
	struct kmem_cache *s = kmem_cache_create("gone", 64, 0, 0, NULL);

	kmem_cache_destroy(s);
	kmem_cache_destroy(s);
	NOT_REACHED();
}

TEST_DIES(object_freed_twice, "ERROR: Ashlar: double-free")
{
	struct kmem_cache *s =
		kmem_cache_create("twice", 64, 0, SLAB_NO_SHEAVES, NULL);
	void *other = kmem_cache_alloc(s, GFP_KERNEL);
	void *obj = kmem_cache_alloc(s, GFP_KERNEL);

	kmem_cache_free(s, obj);
	kmem_cache_free(s, obj);
	kmem_cache_free(s, other);
}

TEST_DIES(object_freed_twice_into_a_sheaf, "ERROR: Ashlar: double-free")
{
	struct kmem_cache *s = kmem_cache_create("twice", 64, 0, 0, NULL);
	void *obj = kmem_cache_alloc(s, GFP_KERNEL);

	kmem_cache_free(s, obj);
	kmem_cache_free(s, obj);
	kmem_cache_shrink(s);
}

TEST_DIES(object_freed_into_another_cache, "ERROR: Ashlar: bad-free")
{
	struct kmem_cache *a =
		kmem_cache_create("a", 64, 0, SLAB_NO_SHEAVES, NULL);
	struct kmem_cache *b =
		kmem_cache_create("b", 64, 0, SLAB_NO_SHEAVES, NULL);

	kmem_cache_free(b, kmem_cache_alloc(a, GFP_KERNEL));
}

TEST_DIES(foreign_object_freed, "ERROR: Ashlar: bad-free")
{
	struct kmem_cache *s =
		kmem_cache_create("foreign", 64, 0, SLAB_NO_SHEAVES, NULL);
	int mine = 0;

	kmem_cache_free(s, &mine);
}

TEST_DIES(foreign_object_freed_through_a_sheaf, "ERROR: Ashlar: bad-free")
{
	struct kmem_cache *s = kmem_cache_create("foreign", 64, 0, 0, NULL);
	int mine = 0;

	kmem_cache_free(s, kmem_cache_alloc(s, GFP_KERNEL));
	kmem_cache_free(s, (void *)((uintptr_t)&mine & ~15ul));
	kmem_cache_shrink(s);
}

TEST_DIES(middle_of_an_object_freed, "ERROR: Ashlar: bad-free")
{
	struct kmem_cache *s =
		kmem_cache_create("middle", 64, 0, SLAB_NO_SHEAVES, NULL);

	kmem_cache_free(s, (char *)kmem_cache_alloc(s, GFP_KERNEL) + 16);
}

TEST_DIES(object_freed_into_another_cache_at_last, "ERROR: Ashlar: bad-free")
{
	struct kmem_cache *a = kmem_cache_create("a", 64, 0, 0, NULL);
	struct kmem_cache *b = kmem_cache_create("b", 64, 0, 0, NULL);

	/* It lies in a sheaf of the wrong cache until that is emptied. */
	kmem_cache_free(b, kmem_cache_alloc(b, GFP_KERNEL));
	kmem_cache_free(b, kmem_cache_alloc(a, GFP_KERNEL));
	kmem_cache_shrink(b);
}

/* ---- mm_validate() sees what is wrong ---- */

static struct page *a_slab(struct kmem_cache **s)
{
	*s = kmem_cache_create("broken", 64, 0, SLAB_NO_SHEAVES, NULL);
	kmem_cache_alloc(*s, GFP_KERNEL);
	return list_first_entry(&(*s)->slabs_partial, struct page, lru);
}

TEST_DIES(a_wrong_inuse_is_noticed, "cache broken")
{
	struct kmem_cache *s;

	a_slab(&s)->inuse++;
	mm_validate();
}

TEST_DIES(a_slab_on_the_wrong_list_is_noticed, "wrong list")
{
	struct kmem_cache *s;
	struct page *slab = a_slab(&s);

	list_move(&slab->lru, &s->slabs_full);
	mm_validate();
}

TEST_DIES(a_stray_free_bit_is_noticed, "cache broken")
{
	struct kmem_cache *s;

	a_slab(&s)->free_bits[FREE_WORDS - 1] |= ~(~0ul >> 1);
	mm_validate();
}

TEST_DIES(a_wrong_cache_total_is_noticed, "counted")
{
	struct kmem_cache *s;

	a_slab(&s);
	s->total_objects++;
	mm_validate();
}
