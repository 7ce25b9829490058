/* SPDX-License-Identifier: MIT */
/*
 * kmalloc: memory by size, from caches of geometrically spaced sizes.
 *
 *   16 32 48 … 128 │ 144 160 … 256 │ 288 320 … 512 │ … │ … 114688 131072
 *      step 16         step 16          step 32       8 steps a doubling
 *
 * From 128 bytes on no request wastes more than an eighth of its block.
 * Larger requests are runs of frames. kfree() tells the two apart, and finds
 * an object's cache, from the frame's entry in port_slab_ids; the frame's
 * descriptor is not read.
 *
 * A cache is created when its size is first asked for: a program that uses
 * ten sizes has ten. Requests with __GFP_DMA have caches of their own.
 */
#include <ashlar/printf.h>
#include <ashlar/string.h>
#include <mach/trace.h>
#include "internal.h"
#include "kfence.h"
#include "slab_record.h"

/* By index: what kmalloc_starts_at() divides by, to be copied. */
#define STEP(size) RECIPROCAL_U64((size) <= SLAB_PACK_MAX ? (size) : PAGE_SIZE)
#define GROUP(shift)                                                        \
	STEP(9ul << (shift)), STEP(10ul << (shift)), STEP(11ul << (shift)), \
		STEP(12ul << (shift)), STEP(13ul << (shift)),               \
		STEP(14ul << (shift)), STEP(15ul << (shift)),               \
		STEP(16ul << (shift))

/* The classes up to 1 KB: those that may be split have two places each. */
#define SPLIT_STEPS                                                       \
	STEP(16ul), STEP(32ul), STEP(48ul), STEP(64ul), STEP(80ul),       \
		STEP(96ul), STEP(112ul), STEP(128ul), GROUP(4), GROUP(5), \
		GROUP(6)

static const u64 kmalloc_reciprocal[NR_CPU_CACHES] = {
	0,
	SPLIT_STEPS,
	GROUP(7),
	GROUP(8),
	GROUP(9),
	GROUP(10),
	GROUP(11),
	GROUP(12),
	GROUP(13),
	/* SPLIT_ID(1) … SPLIT_ID(SPLIT_CLASSES) */
	SPLIT_STEPS,
};

static struct kmem_cache *dma_caches[KMALLOC_NR + 1];

/* Bytes of an object, by index. */
#define SIZES(shift)                                               \
	9 << (shift), 10 << (shift), 11 << (shift), 12 << (shift), \
		13 << (shift), 14 << (shift), 15 << (shift), 16 << (shift)

const u32 kmalloc_sizes[KMALLOC_NR + SPLIT_CLASSES + 1] = {
	0,
	16,
	32,
	48,
	64,
	80,
	96,
	112,
	128,
	SIZES(4),
	SIZES(5),
	SIZES(6),
	SIZES(7),
	SIZES(8),
	SIZES(9),
	SIZES(10),
	SIZES(11),
	SIZES(12),
	SIZES(13),
	/* the same as above */
	16,
	32,
	48,
	64,
	80,
	96,
	112,
	128,
	SIZES(4),
	SIZES(5),
	SIZES(6),
};

#define KMALLOC_MAX_SIZE (PAGE_SIZE << (MAX_ORDER - 1))

/* kmalloc_classes_init - before the first object of a general cache */
void kmalloc_classes_init(void)
{
	u64 *any = class_words(CLASS_RECIPROCAL);

	memcpy(any, kmalloc_reciprocal, sizeof(kmalloc_reciprocal));
	if (slab_kinds && !sheaves_split)
		memset(any + NEW_ID(0), 0, 2 * KIND_CLASSES * sizeof(*any) + 8);
}

/**
 * kmalloc_kinds_init() - fill the tables of what delete and delete [] take
 * @kinds: new and new [] have small objects of their own, and slab_kinds was
 *	set before the first cache; false: all have what malloc has
 *
 * Context: before the first call of either.
 */
void kmalloc_kinds_init(bool kinds)
{
	const u64 *any = class_words(CLASS_RECIPROCAL);
	u64 *one = class_words(CLASS_NEW), *array = class_words(CLASS_ARRAY);
	unsigned int i;

	for (i = 1; i <= SPLIT_ID(SPLIT_CLASSES); i++)
		if (!kinds || (i > KIND_CLASSES && i <= KMALLOC_NR))
			one[i] = array[i] = any[i];
	for (i = 1; kinds && i <= KIND_CLASSES; i++) {
		one[NEW_ID(i)] = any[i];
		array[ARRAY_ID(i)] = any[i];
	}
}

/* ---- the caches ---- */

slab_flags_t kmalloc_flags = SLAB_KMALLOC;

/* @id: its place in the CPUs' tables; 0: it has none. */
static struct kmem_cache *create_cache(struct kmem_cache **slot,
				       const char *fmt, unsigned int index,
				       slab_flags_t flags, u32 id)
{
	u32 size = kmalloc_size(index);
	struct kmem_cache *s = smp_load_acquire(slot);
	char name[32];

	if (s)
		return s;
	ashlar_snprintf(name, sizeof(name), fmt, size);
	return kmem_cache_new(slot, name, size, size & -size, flags, NULL, id);
}

/*
 * kmalloc_cache_create - the general cache @index, made on first use
 *
 * Objects of a general cache are aligned to the largest power of two that
 * divides their size. Context: no lock held. Return: the cache, or NULL.
 */
__cold_path struct kmem_cache *kmalloc_cache_create(unsigned int index)
{
	(void)mm_this_cpu();
	return create_cache(&cache_by_id[index], "kmalloc-%u", index,
			    kmalloc_flags, index);
}

/**
 * kmalloc_kind_cache() - the general cache of one kind
 * @id: NEW_ID() or ARRAY_ID() of an index up to KIND_CLASSES
 *
 * Context: no lock held. Return: the cache, made on first use, or NULL.
 */
__cold_path struct kmem_cache *kmalloc_kind_cache(unsigned int id)
{
	bool array = id > NEW_ID(KIND_CLASSES);

	(void)mm_this_cpu();
	return create_cache(&cache_by_id[id],
			    array ? "kmalloc-array-%u" : "kmalloc-new-%u",
			    id - (array ? ARRAY_ID(0) : NEW_ID(0)),
			    kmalloc_flags, id);
}

static struct kmem_cache *dma_cache(unsigned int index)
{
	(void)mm_this_cpu();
	return create_cache(&dma_caches[index], "dma-kmalloc-%u", index,
			    SLAB_CACHE_DMA | SLAB_NO_SHEAVES, index);
}

/* ---- allocation ---- */

/* What kmalloc() promises of the alignment of @size bytes, as log2. */
static u8 kmalloc_align(size_t size)
{
	if (size <= KMALLOC_MIN_SIZE || !is_power_of_2(size))
		return 0;
	return (u8)__builtin_ctzl(min(size, PAGE_SIZE));
}

/**
 * kmalloc_asked() - an object of a general cache that may be watched
 * @call: bytes, KMALLOC_MAX_CACHE_SIZE at most, and their alignment
 * @gfp: GFP_* flags; __GFP_ZERO is the caller's to see to
 *
 * Where watched objects lie close together (slab_check) an alignment takes
 * room; elsewhere the class of a size has it. Context: as @gfp says. Return:
 * the memory, or NULL.
 */
void *kmalloc_asked(const struct slab_call *call, gfp_t gfp)
{
	size_t size = max(call->asked, 1u), align = 1ul << call->align;
	struct kmem_cache *s;

	if (!slab_check)
		size = ALIGN(size, align);
	else if (align > KMALLOC_MIN_SIZE)
		size += align - KMALLOC_MIN_SIZE;
	if (size > KMALLOC_MAX_CACHE_SIZE)
		return NULL;
	s = kmalloc_cache(kmalloc_index(size));
	if (!s)
		return NULL;
	return cache_is_watched(s) ? slab_alloc_asked(s, gfp, call) :
				     slab_alloc_slow(s, gfp);
}

/* Larger than any cache's objects: a run of frames. */
static void *kmalloc_large(size_t size, gfp_t gfp)
{
	void *p = NULL;

	if (size <= KMALLOC_MAX_SIZE)
		p = alloc_pages_exact(size, gfp);
	if (unlikely(slab_check) && p)
		virt_to_page((char *)p + size - 1)->index = size & ~PAGE_MASK;
	if (unlikely(slab_alloc_hook) && p)
		slab_alloc_hook(p, size, 0, 0, gfp);
	return p;
}

static struct page *last_frame(struct page *first)
{
	return first + first->priv - 1;
}

/* Bytes of a large block; where all is checked, those that were asked for. */
static __racy size_t large_size(struct page *first)
{
	size_t bytes = first->priv << PAGE_SHIFT, used = 0;

	if (unlikely(slab_check))
		used = last_frame(first)->index;
	return used ? bytes - PAGE_SIZE + used : bytes;
}

static void kfree_large(void *obj, struct page *page)
{
	if (unlikely(slab_check))
		last_frame(page)->index = 0;
	if (unlikely(slab_free_hook))
		slab_free_hook(obj);
	free_pages_exact(obj, page->priv << PAGE_SHIFT);
}

static void *kmalloc_watched(size_t size, gfp_t gfp)
{
	const struct slab_call call = { .asked = (u32)size,
					.align = kmalloc_align(size) };

	/* With its alignment it may be more than any cache holds. */
	if (slab_check && size + (1ul << call.align) > KMALLOC_MAX_CACHE_SIZE)
		return kmalloc_large(size, gfp);
	return kmalloc_asked(&call, gfp);
}

static void *kmalloc_slow(size_t size, gfp_t gfp)
{
	struct kmem_cache *s;

	if (!size)
		return ZERO_SIZE_PTR;
	if (size > KMALLOC_MAX_CACHE_SIZE)
		return kmalloc_large(size, gfp);
	s = (gfp & __GFP_DMA) ? dma_cache(kmalloc_index(size)) :
				kmalloc_cache(kmalloc_index(size));
	if (unlikely(s && s->flags & SLAB_ASKED))
		return kmalloc_watched(size, gfp);
	if (unlikely(kfence_slab) && s) {
		void *p = kfence_slab_alloc(s, size);

		if (p)
			return p;
	}
	return s ? slab_alloc_slow(s, gfp) : NULL;
}

/**
 * kmalloc() - allocate @size bytes
 * @size: bytes, up to 4 MiB; 0 gives ZERO_SIZE_PTR
 * @gfp: GFP_* flags
 *
 * The memory is aligned to the largest power of two that divides its block:
 * at least 16, and @size itself if that is a power of two up to a page.
 * Context: may sleep if @gfp has __GFP_RECLAIM. Return: the memory or NULL.
 */
void *kmalloc(size_t size, gfp_t gfp)
{
	void *obj = NULL;

	might_alloc(gfp);
	if (likely(size - 1 < KMALLOC_MAX_CACHE_SIZE && !(gfp & __GFP_DMA)))
		obj = sheaf_pop(kmalloc_index(size));
	if (likely(obj)) {
		object_taken(cache_by_id[kmalloc_index(size)], obj);
		*object_mark(obj) = NULL;
	} else {
		obj = kmalloc_slow(size, gfp);
	}
	trace_kmalloc(obj, size, gfp);
	if ((gfp & __GFP_ZERO) && !ZERO_OR_NULL_PTR(obj) &&
	    size <= KMALLOC_MAX_CACHE_SIZE)
		memset(obj, 0, size);
	return obj;
}

/** kzalloc() - kmalloc() of zeroed memory. */
void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

/** kmalloc_array() - @n elements of @size bytes; NULL if that overflows. */
void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kmalloc(bytes, gfp);
}

/** kcalloc() - kmalloc_array() of zeroed memory. */
void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	return kmalloc_array(n, size, gfp | __GFP_ZERO);
}

/* ---- release ---- */

static __racy bool is_exact_block(const struct page *page)
{
	return (page->flags & PG_used) && page->order == ORDER_NONE;
}

/*
 * Not an object of a general cache: find out what it is. What a frame of a
 * caller's memory is used for does not change before this returns.
 */
static __cold_path __racy void kfree_slow(void *obj)
{
	struct page *page;

	if (ZERO_OR_NULL_PTR(obj))
		return;
	page = virt_addr_valid(obj) ? virt_to_page(obj) : NULL;
	if (page && (page->flags & PG_slab))
		slab_free_slow(page->slab_cache, obj);
	else if (page && is_exact_block(page) && obj == page_address(page))
		kfree_large(obj, page);
	else if (!kfence_slab || !kfence_slab_free(NULL, obj))
		mm_report("bad-free", "%p was not allocated here", obj);
}

/**
 * kfree() - free what kmalloc() and its relatives returned
 * @p: the memory; NULL and ZERO_SIZE_PTR are ignored
 *
 * Context: any. Memory that is not allocated is reported and left alone.
 */
void kfree(const void *p)
{
	void *obj = (void *)(uintptr_t)p;

	trace_kfree(p);
	if (unlikely(!virt_addr_valid(obj) ||
		     !sheaf_push_marked(obj, CLASS_RECIPROCAL)))
		kfree_slow(obj);
	else
		object_freed(virt_to_page(obj)->slab_cache, obj);
}

/**
 * kmem_cache_free_bulk() - kmem_cache_free() or kfree() of many
 * @s: the cache, or NULL if the objects are kmalloc's
 * @n: how many
 * @p: the objects
 */
void kmem_cache_free_bulk(struct kmem_cache *s, size_t n, void **p)
{
	while (n--) {
		if (s)
			kmem_cache_free(s, p[n]);
		else
			kfree(p[n]);
	}
}

/**
 * ksize() - bytes that a block really has
 * @p: what kmalloc() returned
 *
 * All of them may be used. Return: the size; 0 for NULL, ZERO_SIZE_PTR and,
 * after a report, for memory that is not allocated here.
 */
__racy size_t ksize(const void *p)
{
	struct page *page;
	size_t guarded;

	if (ZERO_OR_NULL_PTR(p))
		return 0;
	if (unlikely(kfence_slab) && kfence_holds(p, &guarded))
		return guarded;
	page = virt_addr_valid(p) ? virt_to_page(p) : NULL;
	if (page && (page->flags & PG_slab) &&
	    slab_object_cache((void *)(uintptr_t)p))
		return slab_object_size(page->slab_cache, p);
	if (page && is_exact_block(page))
		return large_size(page);
	mm_report("bad-pointer", "ksize of %p, which was not allocated here",
		  p);
	return 0;
}

/* True if a smaller block than @p has to be another one, for its end. */
static bool ends_where_asked(const void *p)
{
	return virt_addr_valid(p) &&
	       (slab_check || page_is_watched(virt_to_page(p)));
}

/**
 * krealloc() - change the size of a block
 * @p: what kmalloc() returned, or NULL
 * @new_size: bytes wanted; 0 frees
 * @gfp: GFP_* flags
 *
 * Return: the block, perhaps moved, its contents kept up to the smaller
 * size; ZERO_SIZE_PTR for size 0; or NULL, and @p is as it was: there is no
 * memory, or, after a report, @p is no block.
 */
void *krealloc(const void *p, size_t new_size, gfp_t gfp)
{
	size_t old_size;
	void *copy;

	if (!new_size) {
		kfree(p);
		return ZERO_SIZE_PTR;
	}
	old_size = ksize(p);
	if (!old_size && !ZERO_OR_NULL_PTR(p))
		return NULL; /* it was reported */
	if (new_size == old_size ||
	    (new_size < old_size && !ends_where_asked(p)))
		return (void *)(uintptr_t)p;
	copy = kmalloc(new_size, gfp);
	if (!copy && new_size < old_size)
		return (void *)(uintptr_t)p;
	if (copy && old_size) {
		memcpy(copy, p, min(old_size, new_size));
		kfree(p);
	}
	return copy;
}

/** kmemdup() - a copy of @len bytes at @src, or NULL. */
void *kmemdup(const void *src, size_t len, gfp_t gfp)
{
	void *p = kmalloc(len, gfp);

	if (p && !ZERO_OR_NULL_PTR(p))
		memcpy(p, src, len);
	return p;
}

/** kstrdup() - a copy of the string @s, or NULL; NULL of NULL. */
char *kstrdup(const char *s, gfp_t gfp)
{
	return s ? kmemdup(s, strlen(s) + 1, gfp) : NULL;
}
