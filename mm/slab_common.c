/* SPDX-License-Identifier: MIT */
/*
 * The life of a cache, and the calls that its users make.
 *
 *   slab_caches ─ kmem_cache ─ kmem_sheaf ─ mm_cpu ─ kmalloc-16 ─ …
 *                 (static)     (static)     └──── descriptors, objects of
 *                                                 the first cache ────┘
 *
 * The descriptor of a cache is itself an object of the first cache, which is
 * static. Each cache gets one of NR_CPU_CACHES ids, its place in every CPU's
 * table of sheaves; a cache created when none is left works without sheaves,
 * slower and otherwise alike.
 *
 * Lock: slab_mutex for the chain, the ids, and creation and destruction.
 */
#include <ashlar/errno.h>
#include <ashlar/shrinker.h>
#include <ashlar/string.h>
#include <mach/trace.h>
#include "internal.h"
#include "kfence.h"

struct list_head slab_caches = LIST_HEAD_INIT(slab_caches);
spinlock_t slab_mutex = SPIN_LOCK_UNLOCKED;

static struct kmem_cache boot_cache;

/* ---- creation ---- */

static u32 object_align(u32 size, u32 align, slab_flags_t flags)
{
	u32 line = CACHE_LINE;

	if (flags & SLAB_HWCACHE_ALIGN) {
		while (size <= line / 2)
			line /= 2;
		align = max(align, line);
	}
	return max(align, (u32)SLAB_GRANULE);
}

/* Fill in a descriptor and put it on the chain. Context: slab_mutex. */
static void kmem_cache_setup(struct kmem_cache *s, const char *name, u32 size,
			     u32 align, slab_flags_t flags,
			     void (*ctor)(void *))
{
	memset(s, 0, sizeof(*s));
	ashlar_strscpy(s->name, name, sizeof(s->name));
	s->object_size = size;
	s->align = object_align(size, align, flags);
	s->flags = flags;
	s->ctor = ctor;
	s->size = cache_is_watched(s) ? slab_debug_layout(s) :
					ALIGN(size, s->align);
	s->reciprocal = RECIPROCAL_U64(s->size);
	s->sheaf_min = clamp(SHEAF_BYTES / s->size, 1u, SHEAF_OBJECTS);
	s->sheaf_most = clamp(SHEAF_BYTES_MOST / s->size, 1u, SHEAF_OBJECTS);
	s->sheaf_capacity = s->sheaf_min;
	s->barn_min = min((u32)BARN_BYTES / (s->size * s->sheaf_min),
			  (u32)BARN_FULL_MAX) *
		      s->sheaf_min;
	s->barn_max = s->barn_min;
	spin_lock_init(&s->lock);
	barns_init(s);
	INIT_LIST_HEAD(&s->slabs_full);
	INIT_LIST_HEAD(&s->slabs_partial);
	INIT_LIST_HEAD(&s->slabs_free);
	INIT_LIST_HEAD(&s->slabs_isolated);
	list_add_tail(&s->list, &slab_caches);
}

static u32 take_id(struct kmem_cache *s)
{
	bool kept = sheaves_split || slab_kinds;
	u32 id = kept ? ARRAY_ID(KIND_CLASSES) : KMALLOC_NR;

	while (++id < NR_CPU_CACHES) {
		if (!cache_by_id[id]) {
			cache_by_id[id] = s;
			return id;
		}
	}
	return 0;
}

/* Context: slab_mutex. */
static void set_ids(struct kmem_cache *s, u32 id)
{
	s->id = s->free_id = id ? id : take_id(s);
	if (likely(!sheaves_split || !id || id > SPLIT_CLASSES) ||
	    cache_by_id[SPLIT_ID(id)])
		return;
	s->free_id = SPLIT_ID(id);
	cache_by_id[s->free_id] = s;
}

/*
 * A new cache on the chain and in @slot, unless another CPU was faster: then
 * that one's. @id: its place in the CPUs' tables, or 0 to be given one.
 * Context: no lock held.
 */
struct kmem_cache *kmem_cache_new(struct kmem_cache **slot, const char *name,
				  u32 size, u32 align, slab_flags_t flags,
				  void (*ctor)(void *), u32 id)
{
	struct kmem_cache *s = NULL, *other;

	/* A process without memory for a start has no core, and asks again. */
	if (boot_cache.size)
		s = kmem_cache_alloc(&boot_cache, GFP_KERNEL | __GFP_NOWARN);
	if (!s)
		return NULL;
	flags = slab_debug_flags(name, flags);
	spin_lock(&slab_mutex);
	other = *slot;
	if (!other) {
		kmem_cache_setup(s, name, size, align, flags, ctor);
		if (!(flags & (SLAB_NO_SHEAVES | SLAB_WATCHED)))
			set_ids(s, id);
		s->push_id = kfence_slab && !id ? 0 : s->id;
		slab_debug_hand(s, id);
		smp_store_release(slot, s);
	}
	spin_unlock(&slab_mutex);
	if (!other)
		return s;
	kmem_cache_free(&boot_cache, s);
	return other;
}

/**
 * kmem_cache_create() - make a cache for objects of one size
 * @name: for reports; copied
 * @size: bytes of an object, 1 … 128 KiB
 * @align: power of two up to a page, or 0; objects are always aligned to 16
 * @flags: SLAB_*
 * @ctor: called once for each object before its first use, or NULL; whoever
 *	frees an object leaves it constructed
 *
 * SLAB_TYPESAFE_BY_RCU is accepted: a frame may then leave the cache only
 * when it is empty, which holds for every cache; readers must not outlive
 * kmem_cache_shrink().
 *
 * Context: may sleep. Return: the cache, or NULL (with SLAB_PANIC: never).
 */
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, slab_flags_t flags,
				     void (*ctor)(void *))
{
	struct kmem_cache *s = NULL;

	(void)mm_this_cpu();
	if (name && size && size <= KMALLOC_MAX_CACHE_SIZE &&
	    (!align || (is_power_of_2(align) && align <= PAGE_SIZE)))
		kmem_cache_new(&s, name, size, align,
			       flags & ~(SLAB_KMALLOC | SLAB_OWN), ctor, 0);
	if (!s && (flags & SLAB_PANIC))
		mm_panic("kmem_cache_create(%s, %u, %u) failed",
			 name ? name : "(null)", size, align);
	return s;
}

/* True if @s is a cache, and not one that was. Context: slab_mutex. */
static bool is_cache(const struct kmem_cache *s)
{
	const struct kmem_cache *c;

	list_for_each_entry(c, &slab_caches, list)
		if (c == s)
			return true;
	return false;
}

/**
 * kmem_cache_destroy() - give a cache and all its slabs back
 * @s: a cache that nobody uses any more, or NULL
 *
 * Objects still in use are reported and the cache stays, so that nothing
 * that might be reached is taken away. Context: may sleep; waits until no CPU
 * that shrinks all caches is at this one.
 */
void kmem_cache_destroy(struct kmem_cache *s)
{
	LIST_HEAD(reaped);
	unsigned long left;

	if (!s)
		return;
	spin_lock(&slab_mutex);
	if (unlikely(!is_cache(s))) {
		spin_unlock(&slab_mutex);
		mm_report("bad-free", "%p is to be destroyed, and no cache",
			  (void *)s);
		return;
	}
	while (s->busy) {
		spin_unlock(&slab_mutex);
		port_wait(s);
		spin_lock(&slab_mutex);
	}
	left = slab_close(s, &reaped);
	if (unlikely(kfence_slab))
		left += kfence_owned(s);
	if (!left) {
		list_del(&s->list);
		cache_by_id[s->id] = NULL;
	}
	spin_unlock(&slab_mutex);
	slab_release_list(&reaped);
	if (left && cache_is_watched(s))
		slab_debug_remaining(s);
	if (left)
		mm_report("cache-in-use",
			  "cache %s destroyed with %lu objects "
			  "still in use",
			  s->name, left);
	else
		kmem_cache_free(&boot_cache, s);
}

/**
 * kmem_cache_shrink() - give empty slabs back to the buddy system
 * @s: the cache
 *
 * Objects lying in sheaves go to their slabs first. Context: may sleep.
 * Return: 0 if the cache is empty now, 1 otherwise.
 */
int kmem_cache_shrink(struct kmem_cache *s)
{
	if (s->flags & SLAB_ASKED)
		quarantine_flush();
	slab_shrink(s);
	return READ_ONCE(s->nr_slabs) != 0;
}

/** kmem_cache_size() - bytes of an object, as asked for. */
unsigned int kmem_cache_size(struct kmem_cache *s)
{
	return s->object_size;
}

static bool any_cache(struct kmem_cache *s)
{
	(void)s;
	return true;
}

/* True once: at the second look at a cache since it was used. */
static bool became_idle(struct kmem_cache *s)
{
	u32 looks = sheaf_was_used(s) ? 0 : READ_ONCE(s->idle);

	if (looks < 2)
		WRITE_ONCE(s->idle, looks + 1);
	return looks == 1;
}

/*
 * Shrink every cache that @wanted names; returns frames freed. The chain is
 * held still between two caches alone, since the host works meanwhile: `busy`
 * keeps the one that is being shrunk. Context: no lock held.
 */
static unsigned long shrink_caches(bool (*wanted)(struct kmem_cache *s))
{
	struct kmem_cache *s;
	unsigned long freed = 0;

	spin_lock(&slab_mutex);
	list_for_each_entry(s, &slab_caches, list) {
		if (!wanted(s))
			continue;
		s->busy++;
		spin_unlock(&slab_mutex);
		freed += slab_shrink(s);
		spin_lock(&slab_mutex);
		if (--s->busy == 0)
			port_wake(s);
	}
	spin_unlock(&slab_mutex);
	return freed;
}

/* Context: no lock held. Return: frames freed. */
unsigned long slab_shrink_all(void)
{
	quarantine_flush();
	return shrink_caches(any_cache);
}

/**
 * slab_shrink_idle() - shrink the caches that were not used for a while
 *
 * To be called now and then: a cache is shrunk once, by the second call since
 * objects last moved between its sheaves and the rest of it, or in and out of
 * this CPU's sheaf. So what a storm of requests left in sheaves and empty
 * slabs goes back.
 *
 * Context: no lock held. Return: frames freed.
 */
unsigned long slab_shrink_idle(void)
{
	return shrink_caches(became_idle);
}

/*
 * An object with a slab to itself begins where another one's would: in other
 * hands, a second free of it could not be told.
 */
static bool packed_became_idle(struct kmem_cache *s)
{
	return slab_is_packed(s) && became_idle(s);
}

/**
 * slab_shrink_as_grown() - shrink idle caches, when slab_shrink_due says so
 *
 * Memory in use has grown by a quarter: a program that goes on to other sizes
 * gets the frames of the former ones. Context: no lock held.
 */
void slab_shrink_as_grown(void)
{
	slab_growth_begins();
	shrink_caches(packed_became_idle);
}

/* In a forked child no other CPU is shrinking, or giving frames back. */
void slab_fork_child(void)
{
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list) {
		s->busy = 0;
		slab_report_fork_child(s);
	}
}

/*
 * slab_without_sheaves - have every allocation and release pass a slow path
 * @off: from now on; sheaves of the running CPU are emptied
 *
 * M_PERTURB, which must see each object, asks for this before other CPUs
 * allocate; what lies in their sheaves is used up first.
 */
void slab_without_sheaves(bool off)
{
	sheaves_off = off;
	if (off)
		slab_shrink_all();
}

/*
 * True if @cpu has a sheaf of the cache @id. No cache has the id 0, so its top
 * stays what all are at first.
 */
static bool cpu_has_sheaf(const struct mm_cpu *cpu, u32 id)
{
	return cpu->tops->top[id] != cpu->tops->top[0];
}

static bool cpu_has_own(const struct mm_cpu *cpu)
{
	u32 id = KMALLOC_NR + 1;

	while (id < NR_CPU_CACHES && !cpu_has_sheaf(cpu, id))
		id++;
	return id < NR_CPU_CACHES;
}

static void drain_ids(struct mm_cpu *cpu, u32 id, u32 end,
		      struct list_head *reaped)
{
	local_lock(&cpu->lock);
	for (; id < end; id++)
		if (cpu_has_sheaf(cpu, id))
			slab_drain_cpu(cache_by_id[id], cpu, reaped);
	local_unlock(&cpu->lock);
}

/*
 * All sheaves of @cpu go back, and slabs that are to go are added to @reaped.
 * General caches live for ever, so CPUs that end wait for each other at no
 * chain of caches. Context: no lock held.
 */
void slab_cpu_drain(struct mm_cpu *cpu, struct list_head *reaped)
{
	drain_ids(cpu, 1, KMALLOC_NR + 1, reaped);
	if (!cpu_has_own(cpu))
		return;
	spin_lock(&slab_mutex);
	drain_ids(cpu, KMALLOC_NR + 1, NR_CPU_CACHES, reaped);
	spin_unlock(&slab_mutex);
}

/* In a forked child: the same for a CPU that is not there. */
void slab_cpu_gone(const struct mm_cpu *cpu, struct list_head *reaped)
{
	u32 id;

	for (id = 1; id < NR_CPU_CACHES; id++)
		if (cpu_has_sheaf(cpu, id))
			slab_drain_gone_cpu(cache_by_id[id], id, cpu, reaped);
}

/* Every cache's kmem_cache_validate(). Context: slab_mutex. */
void slab_validate(void)
{
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		kmem_cache_validate(s);
}

/* ---- objects ---- */

/* A function of its own, as release_slow(). */
static __attribute__((__noinline__)) void *alloc_slow(struct kmem_cache *s,
						      gfp_t gfp)
{
	void *obj = NULL;

	if (unlikely(kfence_slab) && !s->push_id)
		obj = kfence_slab_alloc(s, s->object_size);
	return obj ? obj : slab_alloc_slow(s, gfp);
}

/**
 * kmem_cache_alloc() - an object of the cache
 * @s: the cache
 * @gfp: GFP_* flags; __GFP_ZERO zeroes the object
 *
 * Context: may sleep if @gfp has __GFP_RECLAIM. Return: the object,
 * constructed if the cache has a constructor, or NULL.
 */
void *kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp)
{
	void *obj;

	might_alloc(gfp);
	obj = sheaf_pop(s->id);
	if (unlikely(!obj)) {
		obj = alloc_slow(s, gfp);
		if (!obj)
			return NULL;
	}
	trace_kmem_cache_alloc(obj, s, gfp);
	object_taken(s, obj);
	if (gfp & __GFP_ZERO)
		memset(obj, 0, s->object_size);
	return obj;
}

/** kmem_cache_zalloc() - kmem_cache_alloc() of a zeroed object. */
void *kmem_cache_zalloc(struct kmem_cache *s, gfp_t gfp)
{
	return kmem_cache_alloc(s, gfp | __GFP_ZERO);
}

/*
 * @obj is on its way to a sheaf that is full; or s->push_id is 0, and it may be
 * a guarded object, which goes elsewhere. A function of its own, so that the
 * fast path keeps nothing.
 */
static __attribute__((__noinline__)) __racy void
release_slow(struct kmem_cache *s, void *obj)
{
	if (likely(s->push_id == s->id) || !virt_addr_valid(obj) ||
	    !(virt_to_page(obj)->flags & PG_slab) || !sheaf_push(s->id, obj))
		slab_free_slow(s, obj);
}

/**
 * kmem_cache_free() - give an object back
 * @s: the cache it came from
 * @obj: the object, or NULL
 *
 * Context: any. An object of another cache, or one that is free already, is
 * reported when it reaches its slab.
 */
void kmem_cache_free(struct kmem_cache *s, void *obj)
{
	trace_kmem_cache_free(obj, s);
	if (unlikely(!obj))
		return;
	if (likely(sheaf_push(s->push_id, obj)))
		object_freed(s, obj);
	else
		release_slow(s, obj);
}

/**
 * kmem_cache_alloc_bulk() - many objects, or none
 * @s: the cache
 * @gfp: GFP_* flags
 * @n: how many
 * @p: where their addresses go
 *
 * Return: @n, or 0 and nothing is allocated.
 */
int kmem_cache_alloc_bulk(struct kmem_cache *s, gfp_t gfp, size_t n, void **p)
{
	size_t i;

	for (i = 0; i < n; i++) {
		p[i] = kmem_cache_alloc(s, gfp);
		if (unlikely(!p[i])) {
			while (i)
				kmem_cache_free(s, p[--i]);
			return 0;
		}
	}
	return (int)n;
}

/* ---- reclaim ---- */

/*
 * All slabs: which of them are empty, or would be but for what lies in
 * sheaves, shows when those are drained.
 */
static unsigned long count_reapable(struct shrinker *shrinker,
				    struct shrink_control *sc)
{
	struct kmem_cache *s;
	unsigned long n = 0;

	(void)shrinker;
	(void)sc;
	spin_lock(&slab_mutex);
	list_for_each_entry(s, &slab_caches, list)
		n += s->nr_slabs;
	spin_unlock(&slab_mutex);
	return n ? n : SHRINK_EMPTY;
}

static unsigned long reap_caches(struct shrinker *shrinker,
				 struct shrink_control *sc)
{
	unsigned long freed = slab_shrink_all();

	(void)shrinker;
	count_vm_events(*this_cpu_ptr(mm_cpu_self), SLAB_RECLAIM, freed);
	sc->nr_scanned = sc->nr_to_scan;
	return freed ? freed : SHRINK_STOP;
}

static struct shrinker slab_shrinker = {
	.count_objects = count_reapable,
	.scan_objects = reap_caches,
	.seeks = DEFAULT_SEEKS,
};

/* The two static caches: of all other descriptors, and of sheaves. */
void slab_common_init(void)
{
	slab_debug_init();
	kmem_cache_setup(&boot_cache, "kmem_cache", sizeof(struct kmem_cache),
			 CACHE_LINE, SLAB_NO_SHEAVES | SLAB_PANIC | SLAB_OWN,
			 NULL);
	kmem_cache_setup(&sheaf_cache, "kmem_sheaf", SHEAF_SIZE, SHEAF_SIZE,
			 SLAB_NO_SHEAVES | SLAB_OWN, NULL);
	register_shrinker(&slab_shrinker, "slab");
}
