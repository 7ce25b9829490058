/* SPDX-License-Identifier: MIT */
/*
 * The malloc family over the core's general caches.
 *
 *   size    1 … mmap_threshold        general cache kmalloc_index(size),
 *           (at most 128 KiB)         through this thread's sheaf
 *           … 4 MiB, if the           a run of frames
 *           threshold is raised
 *           larger                    a mapping of its own (large.c)
 *   size    0                         an address without memory (zero.c)
 *
 * malloc() and free() inline the sheaf's pop and push; everything else is
 * one call away. A free object of a general cache carries a mark in its
 * second word: malloc clears it, free sets it and looks for it, so a second
 * free is noticed at once. (A frame that was given back has lost its marks:
 * it has no class, and its objects are looked at in their slab.) A pointer
 * that is not ours is outside of the frame range and no large block.
 *
 * Context of all: any thread, not a signal handler. errno is set to ENOMEM
 * on failure and otherwise left alone (POSIX; free too, as in POSIX.1-2024).
 */
#include <ashlar/check.h>
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "mm/internal.h"
#include "mm/kfence.h"
#include "mm/sheaf_turn.h"
#include "port/user/user.h"
#include "fast.h"
#include "guarded.h"
#include "kinds.h"
#include "profiled.h"
#include "uncached.h"
#include "user.h"
#include "watched.h"

#define REALLOC_ROOM_FROM 256

struct malloc_params malloc_params = {
	.mmap_threshold = KMALLOC_MAX_CACHE_SIZE,
	.cached_most = KMALLOC_MAX_CACHE_SIZE,
};

static __cold_path void *no_memory(void)
{
	errno = ENOMEM;
	return NULL;
}

/* ---- allocation ---- */

static __always_inline void *alloc_ordinary(struct kmem_cache *s)
{
	void *p = slab_alloc_slow(s, GFP_MALLOC);

	if (unlikely(sheaves_turn))
		unguarded_note(s);
	return p;
}

/* @rounded: @size up to @align; some cache holds as much. */
static __always_inline void *alloc_aligned_cached(size_t size, size_t align,
						  size_t rounded,
						  enum alloc_kind kind)
{
	struct kmem_cache *s = cache_of_kind(rounded, kind);

	if (s && unlikely(cache_is_noted(s)))
		return alloc_noted(s, size, align, rounded, kind);
	return s ? alloc_ordinary(s) : NULL;
}

/* A rule of what is to fail, or samples: calls of every, or larger, sizes. */
static __cold_path void *alloc_seen(size_t size, size_t align, bool zero,
				    enum alloc_kind kind)
{
	size_t rounded = ALIGN(size, align);
	void *p;

	if (fail_wanted && fail_call(size))
		return NULL;
	if (rounded > KMALLOC_MAX_CACHE_SIZE) {
		p = alloc_uncached(size, align, zero, kind);
		return profile_on ? profiled_large(p, size) : p;
	}
	if (unlikely(kfence_on) && (p = guarded_alloc(size, align, kind)))
		return p;
	p = profile_on ? NULL : pop(kmalloc_index(rounded));
	if (!p)
		p = alloc_aligned_cached(size, align, rounded, kind);
	return p && zero ? memset(p, 0, size) : p;
}

static __always_inline void *alloc_large(size_t size, size_t align, bool zero,
					 enum alloc_kind kind)
{
	(void)mm_this_cpu();
	if (unlikely(size > PTRDIFF_MAX / 2 || align > PTRDIFF_MAX / 2))
		return NULL;
	if (unlikely(malloc_params.cached_most <= PROFILED_FAST) &&
	    (fail_wanted || profile_on || kfence_on))
		return alloc_seen(size, align, zero, kind);
	if (unlikely(kinds_on))
		return alloc_uncached_kept(size, align, zero, kind);
	return alloc_uncached(size, align, zero, kind);
}

/* A rule was read: nothing is to be had without a slow path. */
void ashlar_fail_begins(void)
{
	sheaves_off = true;
	malloc_params.cached_most = 0;
}

/*
 * An option asks for samples, of a profile or beside guards: what is taken and
 * given back over and over has to come to a slow path, too. Small objects come
 * back to another sheaf than they are taken from; larger sizes have a slow path
 * alone.
 */
void ashlar_samples_begin(void)
{
	sheaves_split = true;
	/* These have more to do with each object, or each sheafful. */
	sheaves_turn = !profile_on && !slab_check;
	malloc_params.cached_most =
		min(malloc_params.cached_most, (size_t)PROFILED_FAST);
	if (ashlar_thread_tops)
		ashlar_thread_tops();
}

static __always_inline void *perturbed(void *p, size_t size)
{
	if (unlikely(p && malloc_params.perturb))
		memset(p, malloc_params.perturb ^ 0xff, size);
	return p;
}

/* @busy: who calls is alloc_busy(). */
static __always_inline void *alloc_cached(size_t size, enum alloc_kind kind,
					  bool busy)
{
	struct kmem_cache *s = cache_of_kind(size, kind);

	if (unlikely(!s))
		return NULL;
	if (unlikely(cache_is_noted(s)))
		return alloc_noted(s, size, 1, size, kind);
	return busy ? alloc_ordinary(s) : slab_alloc_slow(s, GFP_MALLOC);
}

/* There is more to do than to allocate. */
static __attribute__((__noinline__)) void *alloc_busy(size_t size,
						      enum alloc_kind kind)
{
	void *p;

	if (!size && (p = zero_alloc()))
		return p;
	if ((kfence_on | slab_check) && !(sheaves_turn && sheaf_passes()) &&
	    (p = alloc_optional(size, kind)))
		return perturbed(p, size);
	if (large_cached_bytes > LARGE_KEEP_LEAST)
		large_tick();
	if (slab_shrink_due)
		slab_shrink_as_grown();
	return perturbed(alloc_cached(size, kind, true), size);
}

/* Each of these leaves errno alone. */
static __always_inline void *alloc_slow_large(size_t size, enum alloc_kind kind)
{
	return perturbed(alloc_large(size, 1, false, kind), size);
}

/* This thread's sheaf is empty, or the size is no cache's. */
static __always_inline void *alloc_slowly(size_t size, enum alloc_kind kind)
{
	if (unlikely(size > malloc_params.cached_most))
		return alloc_slow_large(size, kind);
	if (unlikely(!size || kfence_on || slab_check || slab_shrink_due ||
		     large_cached_bytes > LARGE_KEEP_LEAST || sheaves_turn ||
		     malloc_params.perturb))
		return alloc_busy(size, kind);
	return alloc_cached(size, kind, false);
}

/**
 * alloc_kind() - a block, where none lies at hand
 * @size: bytes
 * @kind: by whom it is asked for
 *
 * Return: the block, or NULL; errno is left alone.
 */
__cold_path void *alloc_kind(size_t size, enum alloc_kind kind)
{
	return alloc_slowly(size, kind);
}

/* Nothing lies at hand: where that is usual, most of it is seen to at once. */
static __always_inline void *turned(size_t size)
{
	return unlikely(sheaves_turn) ? unguarded_alloc(size) : NULL;
}

static __cold_path void *alloc_slow(size_t size)
{
	void *p = turned(size);

	return p ? p : alloc_slowly(size, ALLOC_MALLOC);
}

static __attribute__((__noinline__)) void *malloc_slowly(size_t size)
{
	void *p = alloc_slowly(size, ALLOC_MALLOC);

	return likely(p) ? p : no_memory();
}

static __attribute__((__noinline__)) void *malloc_slow(size_t size)
{
	void *p = turned(size);

	return p ? p : malloc_slowly(size);
}

static __attribute__((__noinline__)) void *malloc_large(size_t size)
{
	void *p = alloc_slow_large(size, ALLOC_MALLOC);

	return likely(p) ? p : no_memory();
}

/* Sizes over 256: the class takes a few more instructions. */
static __attribute__((__noinline__)) void *malloc_medium(size_t size)
{
	void *obj;

	if (unlikely(size > malloc_params.cached_most))
		return malloc_large(size);
	obj = pop(kmalloc_index_above_256(size));
	return likely(obj) ? obj : malloc_slow(size);
}

/**
 * malloc() - allocate @size bytes
 * @size: bytes; 0 gives a unique pointer
 *
 * Return: memory aligned to 16, or NULL with errno ENOMEM.
 */
EXPORT void *malloc(size_t size)
{
	void *obj;

	if (unlikely(size > 256))
		return malloc_medium(size);
	obj = pop(class_of(&size));
	return likely(obj) ? obj : malloc_slow(size);
}

static __attribute__((__noinline__)) void *new_slowly(size_t size)
{
	void *p = alloc_slowly(size, ALLOC_NEW);

	return likely(p) ? p : ashlar_new_failed(size, false);
}

static __cold_path void *new_slow(size_t size)
{
	void *p = turned(size);

	return p ? p : new_slowly(size);
}

static __attribute__((__noinline__)) void *new_medium(size_t size)
{
	void *obj;

	if (unlikely(size > malloc_params.cached_most))
		return new_slow(size);
	obj = pop(kmalloc_index_above_256(size));
	return likely(obj) ? obj : new_slow(size);
}

/* operator new: @size bytes, or what ashlar_new_failed() returns, if it does */
void *ashlar_new(size_t size)
{
	void *obj;

	if (unlikely(size > 256))
		return new_medium(size);
	obj = pop(class_of(&size));
	return likely(obj) ? obj : new_slow(size);
}

/* For those that throw nothing: @size bytes, or NULL. */
void *ashlar_new_or_null(size_t size, bool array)
{
	void *obj = NULL;

	if (likely(size <= malloc_params.cached_most))
		obj = pop(kmalloc_index(size));
	return likely(obj) ?
		       obj :
		       alloc_slowly(size, array ? ALLOC_NEW_ARRAY : ALLOC_NEW);
}

/* operator new []: as ashlar_new() */
void *ashlar_new_array(size_t size)
{
	void *obj = ashlar_new_or_null(size, true);

	return likely(obj) ? obj : ashlar_new_failed(size, true);
}

static __cold_path void *calloc_slow(size_t size)
{
	void *p;

	if (size > malloc_params.cached_most)
		p = alloc_large(size, 1, true, ALLOC_MALLOC);
	else if ((p = alloc_slow(size)))
		memset(p, 0, size);
	return p ? p : no_memory();
}

/**
 * calloc() - allocate an array of zeroes
 * @n: elements
 * @size: bytes of one
 *
 * Return: as malloc(); NULL with ENOMEM also when n * size overflows.
 */
EXPORT void *calloc(size_t n, size_t size)
{
	unsigned long index;
	size_t bytes;
	void *p;

	if (unlikely(__builtin_mul_overflow(n, size, &bytes)))
		return no_memory();
	index = (bytes + 15) >> 4;
	if (unlikely(bytes > 256)) {
		if (unlikely(bytes > malloc_params.cached_most))
			return calloc_slow(bytes);
		index = kmalloc_index_above_256(bytes);
	}
	p = sheaf_pop(index);
	return likely(p) ? memset(unmark(p), 0, bytes) : calloc_slow(bytes);
}

/* ---- release ---- */

static __attribute__((__noinline__)) void free_large(void *p)
{
	if (unlikely(kinds_on))
		kind_check(p, ALLOC_MALLOC);
	if (unlikely(profile_on))
		profiled_free(p);
	if (unlikely(!large_free(p) && !zero_free(p) &&
		     !guarded_free(p, SIZE_UNKNOWN, ALLOC_MALLOC)))
		release_bad("free", p);
}

/**
 * free_outside() - release what lies in no frame, where kinds are told apart
 * @p: an address outside of the frames, and not NULL
 * @kind: by whom it is released
 */
__cold_path void free_outside(void *p, enum alloc_kind kind)
{
	kind_check(p, kind);
	if (!large_free(p) && !zero_free(p))
		release_bad("free", p);
}

/**
 * free_as() - release what is perturbed, or no object that @kind takes
 * @p: an address in a frame
 * @kind: by whom it is released
 */
__cold_path void free_as(void *p, enum alloc_kind kind)
{
	struct page *page = virt_to_page(p);

	if (unlikely(page_is_noted(page))) {
		free_noted(page->slab_cache, p);
	} else if (page->flags & PG_slab) {
		kind_check(p, kind);
		if (unlikely(malloc_params.perturb))
			malloc_perturb_free(page->slab_cache, p);
		slab_free_slow(page->slab_cache, p);
	} else if ((page->flags & PG_used) && page->order == ORDER_NONE &&
		   p == page_address(page)) {
		if (unlikely(profile_on))
			profiled_free(p);
		free_pages_exact(p, page->priv << PAGE_SHIFT);
	} else {
		release_bad("free", p);
	}
}

/* NULL, most often. */
static __always_inline void free_no_frame(void *p)
{
	if (p)
		free_large(p);
}

/* Most often this thread's sheaf is full. */
static __attribute__((__noinline__)) void free_slow(void *p)
{
	unsigned long id = frame_id_of(p);

	if (ANY_HAS_FRAME_ID && unlikely(!virt_addr_valid(p)))
		free_no_frame(p);
	else if (likely(kmalloc_starts_at(id, p) &&
			*object_mark(p) != FREE_MARK && !malloc_params.perturb))
		slab_free_used(cache_by_id[id], p);
	else
		free_as(p, ALLOC_MALLOC);
}

/**
 * free() - release what the functions here returned
 * @p: the memory, or NULL
 *
 * A second free of a block, and a pointer that is not the start of one, are
 * reported (one line on stderr) and end the program.
 */
EXPORT void free(void *p)
{
	if (!ANY_HAS_FRAME_ID && unlikely(!virt_addr_valid(p)))
		free_no_frame(p);
	else if (unlikely(!sheaf_push_marked(p, CLASS_RECIPROCAL)))
		free_slow(p);
}

/* ---- size ---- */

/*
 * Bytes of the object of a general cache at @p, in some frame, or 0: there is
 * no such object, or the frame may not say so.
 */
static __always_inline size_t cached_size(void *p)
{
	unsigned long index = port_slab_ids[virt_to_pfn(p)];
	size_t size;

	if (unlikely(!kmalloc_starts_at(index, p) ||
		     *object_mark(p) == FREE_MARK))
		return 0;
	size = kmalloc_size(index);
	if (!size)
		__builtin_unreachable(); /* nothing starts in the class 0 */
	return size;
}

/* False: @p is not the start of a block in use. @size: bytes of the block. */
__cold_path bool block_size(void *p, size_t *size)
{
	const struct kmem_cache *s;
	const struct page *page;

	if (!virt_addr_valid(p)) {
		*size = large_size(p);
		return *size || guarded_holds(p, size) || zero_holds(p);
	}
	s = slab_object_cache(p);
	if (s) {
		*size = slab_object_size(s, p);
		return true;
	}
	page = virt_to_page(p);
	*size = page->priv << PAGE_SHIFT;
	return (page->flags & PG_used) && page->order == ORDER_NONE &&
	       p == page_address(page);
}

static __cold_path size_t usable_slow(void *p)
{
	size_t size = 0;

	if (p && unlikely(!block_size(p, &size))) {
		block_bad("malloc_usable_size", p);
		return 0;
	}
	return size;
}

/**
 * malloc_usable_size() - bytes that may be used at @p
 * @p: an allocated block, or NULL
 */
EXPORT size_t malloc_usable_size(void *p)
{
	size_t size = likely(virt_addr_valid(p)) ? cached_size(p) : 0;

	return likely(size) ? size : usable_slow(p);
}

/* A smaller size never fails: the block is large enough as it is. */
static void *realloc_move(void *p, size_t old, size_t size)
{
	void *new = NULL;

	if (likely(size <= malloc_params.cached_most))
		new = pop(kmalloc_index(size));
	if (unlikely(!new))
		new = alloc_slow(size);
	if (unlikely(!new))
		return size <= old ? p : no_memory();
	memcpy(new, p, min(old, size));
	free(p);
	return new;
}

/* A watched block has as many bytes as were asked for last: it moves. */
static __cold_path void *realloc_watched(void *p, size_t old, size_t size)
{
	void *new = alloc_slow(size);

	if (unlikely(!new))
		return size <= old ? p : no_memory();
	memcpy(new, p, min(old, size));
	free(p);
	return new;
}

static void *realloc_bad(void *p)
{
	release_bad("realloc", p);
	return NULL;
}

/* @p has @old bytes, and none that would be copied again soon is given away. */
static __always_inline void *realloc_within(void *p, size_t old, size_t size)
{
	if (likely(size <= old) && likely(size >= old / 2 || old <= 64))
		return p;
	/* What grows a little will grow again: make room for a quarter. */
	if (size > old && old >= REALLOC_ROOM_FROM && size < old + old / 4)
		size = old + old / 4;
	return realloc_move(p, old, size);
}

/* @p lies outside of the frames, and has @size bytes, but 0, from now on. */
static void *realloc_large(void *p, size_t size)
{
	void *new = NULL;
	size_t old;

	if (unlikely(guarded_holds(p, &old)))
		return realloc_watched(p, old, size);
	if (unlikely(zero_holds(p)))
		return realloc_watched(p, 0, size);
	if (unlikely(kinds_on))
		kind_check(p, ALLOC_MALLOC);
	if (size <= malloc_params.mmap_threshold)
		old = large_size(p);
	else if (size <= PTRDIFF_MAX / 2 && !(fail_wanted && fail_call(size)))
		new = unlikely(profile_on) ? profiled_resize(p, size, &old) :
					     large_realloc(p, size, &old);
	else
		return large_size(p) ? no_memory() : realloc_bad(p);
	if (new)
		return new;
	return old ? realloc_move(p, old, size) : realloc_bad(p);
}

static __cold_path void *realloc_to_nothing(void *p)
{
	free(p);
	return NULL;
}

static __attribute__((__noinline__)) void *realloc_outside(void *p, size_t size)
{
	return size ? realloc_large(p, size) : realloc_to_nothing(p);
}

/* @p is of no general cache, as far as its frame tells, or @size is 0. */
static __cold_path void *realloc_slow(void *p, size_t size)
{
	size_t old;

	if (!size)
		return realloc_to_nothing(p);
	old = cached_size(p);
	if (!old && !block_size(p, &old))
		return realloc_bad(p);
	if (unlikely(page_is_watched(virt_to_page(p))))
		return realloc_watched(p, old, size);
	if (virt_addr_valid(p))
		kind_check(p, ALLOC_MALLOC);
	return realloc_within(p, old, size);
}

/**
 * realloc() - change the size of a block
 * @p: the block, or NULL: malloc(@size)
 * @size: bytes wanted; 0 frees @p and returns NULL, as glibc does
 *
 * Return: the block, perhaps moved, with its contents; or NULL with errno
 * ENOMEM, and @p is as it was.
 */
EXPORT void *realloc(void *p, size_t size)
{
	size_t old;

	if (unlikely(!virt_addr_valid(p)))
		return p ? realloc_outside(p, size) : malloc(size);
	old = cached_size(p);
	if (unlikely(!old || !size))
		return realloc_slow(p, size);
	return realloc_within(p, old, size);
}

/* ---- alignment ---- */

/*
 * Objects of a general cache lie at multiples of its size. The steps between
 * the classes are powers of two: the class of a size that was rounded up to
 * the alignment has exactly this size, or a step that the alignment divides.
 */
static __cold_path void *aligned_slowly(size_t size, size_t align,
					enum alloc_kind kind)
{
	size_t rounded = ALIGN(max(size, (size_t)1), align);
	void *p;

	if (rounded > malloc_params.cached_most)
		return alloc_large(max(size, (size_t)1), align, false, kind);
	if (unlikely(kfence_on) && (p = guarded_alloc(size, align, kind)))
		return p;
	return alloc_aligned_cached(size, align, rounded, kind);
}

static __cold_path void *aligned_slow(size_t align, size_t size)
{
	void *p = perturbed(aligned_slowly(size, align, ALLOC_MALLOC), size);

	return p ? p : no_memory();
}

static void *alloc_aligned(size_t align, size_t size)
{
	size_t rounded = ALIGN(max(size, (size_t)1), align);
	void *p;

	if (unlikely(rounded < size))
		return no_memory();
	if (unlikely(rounded > malloc_params.cached_most))
		return aligned_slow(align, size);
	p = pop(kmalloc_index(rounded));
	return likely(p) ? p : aligned_slow(align, size);
}

/* For operator new and, with @array, new []: aligned_alloc(), or NULL. */
void *ashlar_new_aligned(size_t size, size_t align, bool array)
{
	size_t rounded = ALIGN(max(size, (size_t)1), align);
	void *p = NULL;

	if (unlikely(rounded < size || !is_power_of_2(align)))
		return NULL;
	if (likely(rounded <= malloc_params.cached_most))
		p = pop(kinds_on ? kind_id(kmalloc_index(rounded), array) :
				   kmalloc_index(rounded));
	return likely(p) ? p :
			   aligned_slowly(size, align,
					  array ? ALLOC_NEW_ARRAY : ALLOC_NEW);
}

/**
 * aligned_alloc() - allocate with an alignment (C17: @size need not be a
 * multiple of it)
 * @align: power of two
 * @size: bytes
 *
 * Return: as malloc(); NULL with errno EINVAL for any other alignment.
 */
EXPORT void *aligned_alloc(size_t align, size_t size)
{
	if (unlikely(!is_power_of_2(align))) {
		errno = EINVAL;
		return NULL;
	}
	return alloc_aligned(align, size);
}

/** memalign() - aligned_alloc(), rounding @align up to a power of two. */
EXPORT void *memalign(size_t align, size_t size)
{
	size_t power = KMALLOC_MIN_SIZE;

	while (power < align && power <= PTRDIFF_MAX)
		power *= 2;
	if (unlikely(power < align)) {
		errno = EINVAL;
		return NULL;
	}
	return alloc_aligned(power, size);
}

/**
 * posix_memalign() - allocate with an alignment (POSIX)
 * @out: where the address goes; untouched on failure
 * @align: power of two and multiple of sizeof(void *)
 * @size: bytes
 *
 * Return: 0, EINVAL or ENOMEM, which errno then says as well, as in glibc;
 * otherwise errno is left alone.
 */
EXPORT int posix_memalign(void **out, size_t align, size_t size)
{
	int saved = errno;
	void *p;

	if (unlikely(!is_power_of_2(align) || align % sizeof(void *)))
		return EINVAL;
	p = alloc_aligned(align, size);
	if (unlikely(!p))
		return ENOMEM;
	errno = saved;
	*out = p;
	return 0;
}

/** valloc() - memory aligned to the host's page. */
EXPORT void *valloc(size_t size)
{
	return alloc_aligned(port_host_page_size(), size);
}

/** pvalloc() - valloc() of whole pages. */
EXPORT void *pvalloc(size_t size)
{
	size_t page = port_host_page_size();

	if (unlikely(size > PTRDIFF_MAX))
		return no_memory();
	return alloc_aligned(page, size ? ALIGN(size, page) : page);
}

/* ---- the other names ---- */

extern __typeof(malloc) ashlar_own_malloc
	__attribute__((SAME_AS(malloc), __visibility__("hidden")));
extern __typeof(free) ashlar_own_free
	__attribute__((SAME_AS(free), __visibility__("hidden")));
extern __typeof(realloc) ashlar_own_realloc
	__attribute__((SAME_AS(realloc), __visibility__("hidden")));
extern __typeof(aligned_alloc) ashlar_own_aligned_alloc
	__attribute__((SAME_AS(aligned_alloc), __visibility__("hidden")));
ALSO_AS(__libc_malloc, malloc);
ALSO_AS(__libc_calloc, calloc);
ALSO_AS(__libc_realloc, realloc);
ALSO_AS(__libc_free, free);
ALSO_AS(__libc_memalign, memalign);
ALSO_AS(__libc_valloc, valloc);
ALSO_AS(__libc_pvalloc, pvalloc);
ALSO_AS(__posix_memalign, posix_memalign);
