/* SPDX-License-Identifier: MIT */
/*
 * Memory pools: progress when the allocator behind them fails.
 *
 *   mempool_alloc                              mempool_free
 *      1. allocator, without waiting              reserve not full: into it,
 *      2. the reserve                                 wake a waiter
 *      3. allocator, waiting as @gfp allows       else: to the allocator
 *      4. the reserve again
 *      5. wait for mempool_free, from 3
 *
 *   elements  | e | e | e | . | . |
 *                       ^ curr_nr  ^ min_nr
 *
 * Whoever may wait never sees failure as long as elements are freed again;
 * the reserve bounds how many users make progress at once. The reserve is
 * taken last and refilled first.
 *
 * Invariant: 0 <= curr_nr <= min_nr <= slots of elements. Lock: pool->lock,
 * innermost; the allocator is called without it.
 */
#include <ashlar/errno.h>
#include <ashlar/mempool.h>
#include <ashlar/string.h>
#include "internal.h"

struct mempool_s {
	spinlock_t lock;
	int min_nr; /* elements the reserve should hold */
	int curr_nr; /* elements it holds */
	void **elements;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
	void *pool_data; /* handed to alloc and free */
};

/* Both with pool->lock held. */
static void add_element(mempool_t *pool, void *element)
{
	pool->elements[pool->curr_nr] = element;
	WRITE_ONCE(pool->curr_nr, pool->curr_nr + 1);
}

static void *remove_element(mempool_t *pool)
{
	WRITE_ONCE(pool->curr_nr, pool->curr_nr - 1);
	return pool->elements[pool->curr_nr];
}

static void *take_reserve(mempool_t *pool)
{
	void *element = NULL;

	spin_lock(&pool->lock);
	if (pool->curr_nr > 0)
		element = remove_element(pool);
	spin_unlock(&pool->lock);
	return element;
}

/* Put @element into the reserve unless that is full already. */
static bool give_reserve(mempool_t *pool, void *element)
{
	bool taken;

	spin_lock(&pool->lock);
	taken = pool->curr_nr < pool->min_nr;
	if (taken)
		add_element(pool, element);
	spin_unlock(&pool->lock);
	return taken;
}

static int fill_reserve(mempool_t *pool)
{
	while (READ_ONCE(pool->curr_nr) < READ_ONCE(pool->min_nr)) {
		void *element = pool->alloc(GFP_KERNEL, pool->pool_data);

		if (!element)
			return -ENOMEM;
		if (!give_reserve(pool, element)) {
			pool->free(element, pool->pool_data);
			return 0;
		}
	}
	return 0;
}

/**
 * mempool_create() - a pool over an allocator
 * @min_nr: elements kept in reserve, at least 1
 * @alloc_fn: the allocator; called with the caller's gfp and @pool_data
 * @free_fn: gives an element back to it
 * @pool_data: handed to both
 *
 * Context: may wait. Return: the pool with its reserve filled; NULL when
 * memory ran out or @min_nr is not positive.
 */
mempool_t *mempool_create(int min_nr, mempool_alloc_t *alloc_fn,
			  mempool_free_t *free_fn, void *pool_data)
{
	mempool_t *pool;

	if (min_nr <= 0)
		return NULL;
	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (!pool)
		return NULL;
	spin_lock_init(&pool->lock);
	pool->alloc = alloc_fn;
	pool->free = free_fn;
	pool->pool_data = pool_data;
	pool->min_nr = min_nr;
	pool->elements =
		kmalloc_array((size_t)min_nr, sizeof(void *), GFP_KERNEL);
	if (!pool->elements) {
		kfree(pool);
		return NULL;
	}
	if (fill_reserve(pool)) {
		mempool_destroy(pool);
		return NULL;
	}
	return pool;
}

/**
 * mempool_destroy() - free the reserve and the pool
 * @pool: may be NULL; all elements handed out have been freed again
 */
void mempool_destroy(mempool_t *pool)
{
	if (!pool)
		return;
	while (pool->curr_nr > 0)
		pool->free(remove_element(pool), pool->pool_data);
	kfree(pool->elements);
	kfree(pool);
}

static void shrink_reserve(mempool_t *pool, int new_min_nr)
{
	spin_lock(&pool->lock);
	WRITE_ONCE(pool->min_nr, new_min_nr);
	while (pool->curr_nr > new_min_nr) {
		void *element = remove_element(pool);

		spin_unlock(&pool->lock);
		pool->free(element, pool->pool_data);
		spin_lock(&pool->lock);
	}
	spin_unlock(&pool->lock);
}

/**
 * mempool_resize() - change how many elements are kept in reserve
 * @pool: the pool; no other resize or destroy runs meanwhile
 * @new_min_nr: at least 1
 *
 * Context: may wait. Return: 0, also when memory ran out before the larger
 * reserve was full (frees fill it later); -ENOMEM when there was none for
 * the larger array, the pool being unchanged; -EINVAL for a size below 1.
 */
int mempool_resize(mempool_t *pool, int new_min_nr)
{
	void **new_elements, **old_elements;

	if (new_min_nr <= 0)
		return -EINVAL;
	if (new_min_nr <= pool->min_nr) {
		shrink_reserve(pool, new_min_nr);
		return 0;
	}
	new_elements =
		kmalloc_array((size_t)new_min_nr, sizeof(void *), GFP_KERNEL);
	if (!new_elements)
		return -ENOMEM;
	spin_lock(&pool->lock);
	old_elements = pool->elements;
	memcpy(new_elements, old_elements,
	       (size_t)pool->curr_nr * sizeof(void *));
	pool->elements = new_elements;
	WRITE_ONCE(pool->min_nr, new_min_nr);
	spin_unlock(&pool->lock);
	kfree(old_elements);
	fill_reserve(pool);
	return 0;
}

/**
 * mempool_alloc() - an element, from the allocator or from the reserve
 * @pool: the pool
 * @gfp: __GFP_ZERO is not honoured for elements of the reserve
 *
 * Context: waits, as long as it takes, if @gfp allows that; else it does
 * not. Return: an element; NULL only where @gfp does not allow waiting.
 */
void *mempool_alloc(mempool_t *pool, gfp_t gfp)
{
	gfp_t attempt;
	void *element;

	/* Failure is expected here and must come soon: there is a reserve. */
	gfp |= __GFP_NOMEMALLOC | __GFP_NORETRY | __GFP_NOWARN;
	gfp &= ~__GFP_NOFAIL;
	attempt = gfp & ~__GFP_RECLAIM;
	for (;;) {
		element = pool->alloc(attempt, pool->pool_data);
		if (!element)
			element = take_reserve(pool);
		if (element)
			return element;
		if (!gfpflags_allow_blocking(gfp))
			return NULL;
		if (attempt == gfp)
			port_wait(pool);
		attempt = gfp;
	}
}

/**
 * mempool_free() - give an element back
 * @element: from mempool_alloc() of this pool, or NULL
 * @pool: the pool
 *
 * Context: does not wait if the pool's free function does not.
 */
void mempool_free(void *element, mempool_t *pool)
{
	if (!element)
		return;
	/* Without the lock when the reserve is full, as it mostly is. */
	if (READ_ONCE(pool->curr_nr) < READ_ONCE(pool->min_nr) &&
	    give_reserve(pool, element)) {
		port_wake(pool);
		return;
	}
	pool->free(element, pool->pool_data);
}

/**
 * mempool_alloc_slab() - allocate for a pool of slab objects
 * @gfp: as for kmem_cache_alloc()
 * @pool_data: the cache
 */
void *mempool_alloc_slab(gfp_t gfp, void *pool_data)
{
	return kmem_cache_alloc(pool_data, gfp);
}

/**
 * mempool_free_slab() - free for a pool of slab objects
 * @element: the object
 * @pool_data: the cache
 */
void mempool_free_slab(void *element, void *pool_data)
{
	kmem_cache_free(pool_data, element);
}

/**
 * mempool_kmalloc() - allocate for a pool of general objects
 * @gfp: as for kmalloc()
 * @pool_data: their size in bytes, as a pointer
 */
void *mempool_kmalloc(gfp_t gfp, void *pool_data)
{
	return kmalloc((size_t)pool_data, gfp);
}

/**
 * mempool_kfree() - free for a pool of general objects
 * @element: the object
 * @pool_data: their size in bytes, as a pointer
 */
void mempool_kfree(void *element, void *pool_data)
{
	(void)pool_data;
	kfree(element);
}

/**
 * mempool_alloc_pages() - allocate for a pool of page blocks
 * @gfp: as for alloc_pages()
 * @pool_data: their order, as a pointer
 */
void *mempool_alloc_pages(gfp_t gfp, void *pool_data)
{
	return alloc_pages(gfp, (unsigned int)(uintptr_t)pool_data);
}

/**
 * mempool_free_pages() - free for a pool of page blocks
 * @element: the first struct page
 * @pool_data: their order, as a pointer
 */
void mempool_free_pages(void *element, void *pool_data)
{
	__free_pages(element, (unsigned int)(uintptr_t)pool_data);
}

/**
 * mempool_create_slab_pool() - a pool of objects of a slab cache
 * @min_nr: objects in reserve
 * @cache: where they come from; outlives the pool
 */
mempool_t *mempool_create_slab_pool(int min_nr, struct kmem_cache *cache)
{
	return mempool_create(min_nr, mempool_alloc_slab, mempool_free_slab,
			      cache);
}

/**
 * mempool_create_kmalloc_pool() - a pool of general objects
 * @min_nr: objects in reserve
 * @size: bytes of each
 */
mempool_t *mempool_create_kmalloc_pool(int min_nr, size_t size)
{
	return mempool_create(min_nr, mempool_kmalloc, mempool_kfree,
			      (void *)size);
}

/**
 * mempool_create_page_pool() - a pool of page blocks
 * @min_nr: blocks in reserve
 * @order: each has 2^order pages
 */
mempool_t *mempool_create_page_pool(int min_nr, int order)
{
	return mempool_create(min_nr, mempool_alloc_pages, mempool_free_pages,
			      (void *)(uintptr_t)order);
}
