/* SPDX-License-Identifier: MIT */
/*
 * A block goes back the way it came: free() what malloc() gave, delete what
 * new did, delete [] what new [] did.
 *
 *   16 … 1024 bytes  malloc ─► class 1 … 32      free ─────► its reciprocals
 *                    new ────► class 90 … 121    delete ───► its
 *                    new [] ─► class 122 … 153   delete [] ► its
 *   … 128 KiB        one class for all           any
 *   more             a descriptor says it        looks there (large.c)
 *
 * Each kind has slabs of its own, so the address tells it; and each release
 * looks for the reciprocal of the class in a table where only its own kind
 * has one, which takes no instruction more than one table for all
 * (mm/slab.h). What it costs is a slab for each size that comes in two kinds.
 *
 * That holds where every form of new and delete is the library's, and nothing
 * else is looked at: with options that watch or sample blocks the kind is
 * known otherwise, or not at all. A library that is loaded with RTLD_DEEPBIND
 * takes new from the C++ runtime, whose blocks are malloc's to us: from then
 * on nothing is told.
 */
#include "mm/internal.h"
#include "mm/kfence.h"
#include "mm/slab_debug.h"
#include "port/user/user.h"
#include "fast.h"
#include "kinds.h"
#include "uncached.h"
#include "user.h"
#include "watched.h"

bool kinds_on;
static bool kinds_mixed; /* blocks of one may be another's, rightly */

/* Before the first cache: the ids are kept. */
void ashlar_kinds_keep(void)
{
	slab_kinds = true;
}

/*
 * All forms of new and delete are ours, or (@ours false) some are not. Returns
 * whether kinds are told apart.
 */
bool ashlar_kinds_begin(bool ours)
{
	(void)mm_this_cpu();
	if (unlikely(!port_ram_pages))
		return false;
	kinds_on = ours && slab_kinds && !sheaves_split && !sheaves_off &&
		   !failslab_enabled && !kfence_on && !slab_debug_given();
	kmalloc_kinds_init(kinds_on);
	return kinds_on;
}

/* A library comes that has its own idea of where new is. */
void ashlar_kinds_mix(void)
{
	kinds_mixed = true;
}

/**
 * kind_cache() - new's, or new []'s, own cache of a class
 * @id: kind_id() of a class that has one
 *
 * Context: no lock held. Return: the cache, made on first use, or NULL.
 */
struct kmem_cache *kind_cache(unsigned int id)
{
	struct kmem_cache *s = smp_load_acquire(&cache_by_id[id]);

	return likely(s) ? s : kmalloc_kind_cache(id);
}

/* ---- a release of the wrong kind ---- */

/* Of which kind all objects of @s are; ALLOC_ANY: of any. */
static enum alloc_kind kind_of(const struct kmem_cache *s)
{
	if (!(s->flags & SLAB_KMALLOC) || !kinds_on)
		return ALLOC_ANY;
	if (s->id > NEW_ID(KIND_CLASSES))
		return ALLOC_NEW_ARRAY;
	if (s->id >= NEW_ID(1))
		return ALLOC_NEW;
	return s->id <= KIND_CLASSES ? ALLOC_MALLOC : ALLOC_ANY;
}

static enum alloc_kind kind_at(void *p)
{
	const struct kmem_cache *s;

	if (!virt_addr_valid(p))
		return (enum alloc_kind)large_kind(p);
	s = slab_object_cache(p);
	return s ? kind_of(s) : ALLOC_ANY;
}

/**
 * kind_check() - tell of a block that goes back another way than it came
 * @p: an address
 * @kind: by whom it is released
 */
__cold_path void kind_check(void *p, enum alloc_kind kind)
{
	static const char gave[][16] = { "", "malloc", "operator new",
					 "operator new []" };
	static const char takes[][20] = { "", "free", "operator delete",
					  "operator delete []" };
	enum alloc_kind came = kinds_on ? kind_at(p) : ALLOC_ANY;
	size_t bytes = 0;

	if (came == ALLOC_ANY || came == kind || kinds_mixed)
		return;
	block_size(p, &bytes);
	mm_report("alloc-dealloc-mismatch",
		  "%p, a block of %zu bytes, came from %s and went to %s", p,
		  bytes, gave[came], takes[kind]);
}

/* ---- the operators, where kinds are told apart ---- */

static __always_inline void *take(unsigned long index, bool array)
{
	void *obj = sheaf_pop_at(index, array ? ARRAY_ID(0) : NEW_ID(0));

	return likely(obj) ? unmark(obj) : NULL;
}

static __always_inline void *new_or_null(size_t size, bool array)
{
	void *obj = NULL;

	if (likely(size - 1 < NEW_AT_ONCE))
		obj = take(class_of(&size), array);
	else if (likely(size - 1 < malloc_params.cached_most))
		obj = pop(kind_id(kmalloc_index_above_256(size), array));
	return likely(obj) ?
		       obj :
		       alloc_kind(size, array ? ALLOC_NEW_ARRAY : ALLOC_NEW);
}

/* Those that throw nothing: @size bytes, or NULL, of the kind if it matters. */
void *ashlar_kind_new_or_null(size_t size, bool array)
{
	if (!kinds_on)
		return ashlar_new_or_null(size, array);
	return array ? new_or_null(size, true) : new_or_null(size, false);
}

/* operator new, as ashlar_new() */
void *ashlar_kind_new(size_t size)
{
	void *obj = new_or_null(size, false);

	return likely(obj) ? obj : ashlar_new_failed(size, false);
}

/* operator new [] */
void *ashlar_kind_new_array(size_t size)
{
	void *obj = new_or_null(size, true);

	return likely(obj) ? obj : ashlar_new_failed(size, true);
}

/* No room at hand, or not of the kind, or no object of a class at all. */
static __attribute__((__noinline__)) void
delete_slow(void *p, enum alloc_kind kind, enum class_word whose)
{
	unsigned long id = port_slab_ids[virt_to_pfn(p)];

	if (likely(class_starts_at(&id, p, whose) &&
		   *object_mark(p) != FREE_MARK && !malloc_params.perturb))
		slab_free_used(cache_by_id[id], p);
	else
		free_as(p, kind);
}

static __attribute__((__noinline__)) void delete_outside(void *p,
							 enum alloc_kind kind)
{
	if (p)
		free_outside(p, kind);
}

/* operator delete, without a size */
void ashlar_kind_delete(void *p)
{
	if (unlikely(!virt_addr_valid(p)))
		delete_outside(p, ALLOC_NEW);
	else if (unlikely(!sheaf_push_marked(p, CLASS_NEW)))
		delete_slow(p, ALLOC_NEW, CLASS_NEW);
}

/* operator delete [], without a size */
void ashlar_kind_delete_array(void *p)
{
	if (unlikely(!virt_addr_valid(p)))
		delete_outside(p, ALLOC_NEW_ARRAY);
	else if (unlikely(!sheaf_push_marked(p, CLASS_ARRAY)))
		delete_slow(p, ALLOC_NEW_ARRAY, CLASS_ARRAY);
}
