/* SPDX-License-Identifier: MIT */
/*
 * Operations on slab caches and kmalloc beside a model that knows every
 * object in use: its size, its cache, and the byte it is filled with.
 *
 *   0 allocate from a cache     1 free an object (of a cache or kmalloc)
 *   2 kmalloc                   3 krealloc
 *   4 create a cache            5 destroy one
 *   6 another CPU runs          7 a CPU stops
 *   8 shrink a cache            9 shrink all, as reclaim does
 *  10 allocate many at once    11 an allocation to come fails
 *  12 RAM grows or not
 */
#include <ashlar/fault-inject.h>
#include <ashlar/shrinker.h>
#include <stdio.h>
#include <string.h>

#include "fuzz.h"

#define OBJECTS_MAX 256
#define CACHES_MAX 8
#define BULK 16
#define CONSTRUCTED 0xc0

struct object {
	u8 *p; /* NULL: none */
	size_t size;
	int cache; /* -1: kmalloc */
	u8 fill;
};

struct cache {
	struct kmem_cache *s; /* NULL: none */
	unsigned int size, align;
	bool constructed;
	unsigned long live;
};

static struct object objects[OBJECTS_MAX];
static struct cache caches[CACHES_MAX];
static unsigned int constructed_size;

/* The size of the one object that a constructor is told is not known to it. */
static void construct(void *obj)
{
	memset(obj, CONSTRUCTED, constructed_size);
}

static void fill(struct object *o, u8 byte)
{
	o->fill = byte;
	memset(o->p, byte, o->size);
}

static void check(const struct object *o)
{
	EXPECT(o->size == 0 || o->p[0] == o->fill);
	EXPECT(o->size == 0 || !memcmp(o->p, o->p + 1, o->size - 1));
}

/* ---- objects of caches ---- */

static void taken_from_cache(unsigned int i, int c, void *p, bool zeroed)
{
	struct cache *ca = &caches[c];
	struct object *o = &objects[i];

	EXPECT(IS_ALIGNED((uintptr_t)p, max(ca->align, 16u)));
	*o = (struct object){ p, ca->size, c, 0 };
	if (ca->constructed || zeroed) {
		o->fill = ca->constructed ? CONSTRUCTED : 0;
		check(o);
	}
	if (!ca->constructed)
		fill(o, (u8)(i + 1));
	ca->live++;
}

static void allocate(struct input *in)
{
	unsigned int i = next(in), byte = next(in);
	int c = (int)(byte % CACHES_MAX);
	bool zero = (byte & 0x80) && !caches[c].constructed;
	void *p;

	if (objects[i].p || !caches[c].s)
		return;
	constructed_size = caches[c].size;
	p = kmem_cache_alloc(caches[c].s,
			     (byte & 0x40 ? GFP_KERNEL : GFP_NOWAIT) |
				     (zero ? __GFP_ZERO : 0) | __GFP_NOWARN);
	if (p)
		taken_from_cache(i, c, p, zero);
}

static void allocate_many(struct input *in)
{
	unsigned int first = next(in), n = next(in) % BULK + 1;
	int c = next(in) % CACHES_MAX;
	void *p[BULK];

	if (!caches[c].s)
		return;
	for (unsigned int i = 0; i < n; i++)
		if (objects[(first + i) % OBJECTS_MAX].p)
			return;
	constructed_size = caches[c].size;
	if (!kmem_cache_alloc_bulk(caches[c].s, GFP_KERNEL | __GFP_NOWARN, n,
				   p))
		return;
	for (unsigned int i = 0; i < n; i++)
		taken_from_cache((first + i) % OBJECTS_MAX, c, p[i], false);
}

static void release(unsigned int i)
{
	struct object *o = &objects[i];

	if (!o->p)
		return;
	check(o);
	if (o->cache < 0) {
		kfree(o->p);
	} else {
		kmem_cache_free(caches[o->cache].s, o->p);
		caches[o->cache].live--;
	}
	o->p = NULL;
}

/* ---- kmalloc ---- */

static size_t read_size(struct input *in)
{
	u8 byte = next(in);

	return ((size_t)next(in) + 1) << byte % 6;
}

static void allocate_by_size(struct input *in)
{
	unsigned int i = next(in);
	size_t size = read_size(in);
	bool zero = size & 1;
	void *p;

	if (objects[i].p)
		return;
	p = kmalloc(size, GFP_KERNEL | __GFP_NOWARN | (zero ? __GFP_ZERO : 0));
	if (!p)
		return;
	EXPECT(ksize(p) >= size);
	objects[i] = (struct object){ p, size, -1, 0 };
	if (zero)
		check(&objects[i]);
	fill(&objects[i], (u8)(i + 1));
}

static void reallocate(struct input *in)
{
	struct object *o = &objects[next(in)];
	size_t size = read_size(in);
	void *p;

	if (!o->p || o->cache >= 0)
		return;
	check(o);
	p = krealloc(o->p, size, GFP_KERNEL | __GFP_NOWARN);
	if (!p) {
		check(o);
		return;
	}
	o->p = p;
	o->size = min(o->size, size);
	check(o);
	o->size = size;
	fill(o, o->fill);
}

/* ---- caches ---- */

static void create(struct input *in)
{
	struct cache *ca = &caches[next(in) % CACHES_MAX];
	unsigned int size = next16(in) % KMALLOC_MAX_CACHE_SIZE + 1;
	u8 byte = next(in);
	slab_flags_t flags = (byte & 0x10 ? SLAB_HWCACHE_ALIGN : 0) |
			     (byte & 0x20 ? SLAB_NO_SHEAVES : 0) |
			     (byte & 0x40 ? SLAB_RECLAIM_ACCOUNT : 0);
	char name[8];

	if (ca->s)
		return;
	*ca = (struct cache){ .size = size,
			      .align = 1u << byte % 8,
			      .constructed = byte & 0x80 };
	snprintf(name, sizeof(name), "c%d", (int)(ca - caches));
	ca->s = kmem_cache_create(name, size, ca->align, flags,
				  ca->constructed ? construct : NULL);
	if (ca->s)
		EXPECT(kmem_cache_size(ca->s) == size);
}

static void destroy(unsigned int c)
{
	if (!caches[c].s)
		return;
	for (unsigned int i = 0; i < OBJECTS_MAX; i++)
		if (objects[i].cache == (int)c)
			release(i);
	EXPECT(caches[c].live == 0);
	kmem_cache_destroy(caches[c].s);
	caches[c].s = NULL;
}

static void shrink(unsigned int c)
{
	if (!caches[c].s)
		return;
	kmem_cache_shrink(caches[c].s);
	EXPECT(caches[c].s->inuse >= caches[c].live);
}

static void step(struct input *in)
{
	switch (next(in) % 13) {
	case 0:
		allocate(in);
		break;
	case 1:
		release(next(in));
		break;
	case 2:
		allocate_by_size(in);
		break;
	case 3:
		reallocate(in);
		break;
	case 4:
		create(in);
		break;
	case 5:
		destroy(next(in) % CACHES_MAX);
		break;
	case 6:
		sim_run_on(next(in) % 4);
		break;
	case 7:
		sim_cpu_stop(next(in) % 4);
		break;
	case 8:
		shrink(next(in) % CACHES_MAX);
		break;
	case 9:
		shrink_slab(GFP_KERNEL, next(in) % 13);
		break;
	case 10:
		allocate_many(in);
		break;
	case 11:
		fail_nth(next(in) % 32);
		break;
	case 12:
		sim.refuse_ram = next(in) & 1;
		break;
	}
}

void fuzz_one(struct input *in)
{
	unsigned long steps = 0;
	struct kmem_cache *s;

	fuzz_settle();
	while (more(in)) {
		step(in);
		if (++steps % 64 == 0)
			mm_validate();
	}
	mm_validate();
	for (unsigned int c = 0; c < CACHES_MAX; c++)
		destroy(c);
	for (unsigned int i = 0; i < OBJECTS_MAX; i++)
		release(i);
	fuzz_settle();
	list_for_each_entry(s, &slab_caches, list)
		if (!strncmp(s->name, "kmalloc-", 8))
			EXPECT(s->inuse == 0);
}
