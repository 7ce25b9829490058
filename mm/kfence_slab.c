/* SPDX-License-Identifier: MIT */
/*
 * A sample of the kernel's own objects is guarded (sample=1/N, kfence.c).
 *
 *   kmalloc, kmem_cache_alloc ─► slow path ─► is one due? ─► kfence_alloc
 *   kfree, kmem_cache_free    ─► slow path ─► is it one?  ─► kfence_free
 *
 * No fast path knows of it. A guarded object's frame has no class, so kfree()
 * goes the slow way by itself; kmem_cache_free() looks at no frame, so for
 * caches that are made while samples are taken it finds no sheaf to fill, and
 * looks (kmem_cache.push_id).
 *
 * Where a freed object may still be read (SLAB_TYPESAFE_BY_RCU), where objects
 * are watched, and where the allocator's own lie, none is guarded.
 */
#include "internal.h"
#include "kfence.h"

/* Set once, at boot: kmalloc() and kmem_cache_alloc() take samples. */
bool kfence_slab;

/**
 * kfence_init() - take samples of the kernel's objects, if sample= says so
 *
 * Context: boot, once; caches that are there already, but for kmalloc()'s, are
 * left alone.
 */
void kfence_init(void)
{
	bool on = kfence_on;

	/* What the pool itself needs is not guarded. */
	kfence_on = false;
	kfence_slab = on && kfence_make_pool();
	kfence_on = kfence_slab;
}

static bool may_be_guarded(const struct kmem_cache *s)
{
	return !cache_is_watched(s) &&
	       !(s->flags & (SLAB_NO_SHEAVES | SLAB_TYPESAFE_BY_RCU)) &&
	       (!s->push_id || (s->flags & SLAB_KMALLOC));
}

/**
 * kfence_slab_alloc() - a guarded object, if one is due
 * @s: the cache that it takes the place of one of
 * @size: bytes that were asked for
 *
 * Context: a slow path, without locks, while kfence_slab. Return: the object;
 * NULL: an ordinary one will do.
 */
__cold_path void *kfence_slab_alloc(struct kmem_cache *s, size_t size)
{
	const struct kfence_call call = {
		.asked = size, .align = s->align, .cache = s, .name = s->name
	};
	void *p;

	if (!kfence_due(s->id ? max(READ_ONCE(s->sheaf_capacity), 1u) : 1))
		return NULL;
	if (!may_be_guarded(s) || size > PAGE_SIZE) {
		kfence_stats.incompatible++;
		return NULL;
	}
	p = kfence_alloc(&call);
	if (!p)
		kfence_stats.full++;
	else if (s->ctor)
		s->ctor(p);
	return p;
}

/**
 * kfence_owned() - guarded objects of a cache that are in use
 * @s: the cache
 */
__cold_path unsigned long kfence_owned(const struct kmem_cache *s)
{
	const struct kfence_block *b;
	unsigned long n = 0;
	u32 i;

	for (i = 0; (b = kfence_block(i)); i++)
		n += b->state == KFENCE_LIVE && b->cache == s;
	return n;
}

/**
 * kfence_slab_free() - take an object back, if it is a guarded one
 * @s: the cache that it is said to be of; NULL: of any
 * @obj: any address
 *
 * Context: a slow path, without locks, while kfence_slab. Return: false if it
 * is none; else it was taken back, or a mistake was reported.
 */
__cold_path bool kfence_slab_free(struct kmem_cache *s, void *obj)
{
	const struct kfence_call call = {
		.asked = ASKED_ANY,
		.cache = s,
		.name = s ? "kmem_cache_free" : "kfree",
	};

	return kfence_free(obj, &call);
}
