/* SPDX-License-Identifier: MIT */
/*
 * Pools of small blocks for a device: descriptors of transfers and the like,
 * of which many fit into a page that dma_alloc_coherent() makes.
 *
 *   page of the pool   │ block │ block │ … │ gap │ block │ block │ … │ gap │
 *                      ├── boundary: no block crosses it ──┤
 *
 *   block i   at  i / per_boundary * boundary + i % per_boundary * size
 *   free      one bit a block, in the page's record and not in the block: what
 *             a device goes on writing to does no harm here, and a block that
 *             is freed twice is seen
 *
 *   pages     a tree by device address, for dma_pool_free()
 *   partial   a list of those that have a free block, the fullest not sought
 *
 * Pages stay until the pool is destroyed: a device is busy or it is gone.
 *
 * Lock: pool->lock; memory is allocated without it.
 */
#include <ashlar/dmapool.h>
#include <ashlar/rbtree.h>
#include "page_alloc.h"

#define BITS (8 * sizeof(unsigned long))

struct dma_pool {
	spinlock_t lock;
	const char *name;
	struct device *dev;
	size_t size; /* bytes of a block */
	size_t boundary; /* bytes; a power of two, or those of a page */
	size_t bytes; /* of one of the pool's pages */
	unsigned int per_boundary, per_page; /* blocks */
	struct rb_root pages;
	struct list_head partial;
};

struct pool_page {
	struct rb_node node;
	struct list_head partial; /* empty: no block is free */
	void *vaddr;
	dma_addr_t dma;
	unsigned int in_use; /* blocks */
	unsigned long free[]; /* one bit for each block */
};

static size_t block_offset(const struct dma_pool *pool, unsigned int i)
{
	return i / pool->per_boundary * pool->boundary +
	       i % pool->per_boundary * pool->size;
}

/**
 * dma_pool_create() - a pool of blocks of one size
 * @name: in reports; must stay
 * @dev: the device; dma_alloc_coherent()'s limits hold
 * @size: bytes of a block, up to 4 MB
 * @align: of each block, a power of two, at most a page
 * @boundary: no block crosses a multiple of it, a power of two that is at least
 *            @size; 0: there is none
 *
 * Context: may sleep. Return: the pool; NULL without memory, or for numbers
 * that contradict each other.
 */
struct dma_pool *dma_pool_create(const char *name, struct device *dev,
				 size_t size, size_t align, size_t boundary)
{
	struct dma_pool *pool;

	align = align ? align : 1;
	if (!is_power_of_2(align) || align > PAGE_SIZE || !size ||
	    size > MAX_ORDER_FRAMES << PAGE_SHIFT)
		return NULL;
	size = ALIGN(size, align);
	if (boundary && (!is_power_of_2(boundary) || boundary < size))
		return NULL;
	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (!pool)
		return NULL;
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->partial);
	pool->pages = RB_ROOT;
	pool->name = name;
	pool->dev = dev;
	pool->size = size;
	pool->bytes = PAGE_ALIGN(size);
	pool->boundary = boundary ? min(boundary, pool->bytes) : pool->bytes;
	pool->per_boundary = (unsigned int)(pool->boundary / size);
	pool->per_page = (unsigned int)(pool->bytes / pool->boundary) *
			 pool->per_boundary;
	return pool;
}

static struct pool_page *make_page(struct dma_pool *pool, gfp_t gfp)
{
	size_t words = (pool->per_page + BITS - 1) / BITS;
	struct pool_page *page;
	unsigned int i;

	page = kzalloc(sizeof(*page) + words * sizeof(page->free[0]), gfp);
	if (!page)
		return NULL;
	page->vaddr =
		dma_alloc_coherent(pool->dev, pool->bytes, &page->dma, gfp);
	if (!page->vaddr) {
		kfree(page);
		return NULL;
	}
	for (i = 0; i < pool->per_page; i++)
		page->free[i / BITS] |= 1ul << i % BITS;
	return page;
}

/* Context: pool->lock. */
static void insert_page(struct dma_pool *pool, struct pool_page *page)
{
	struct rb_node **link = &pool->pages.rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = page->dma < rb_entry(parent, struct pool_page, node)
					       ->dma ?
			       &parent->rb_left :
			       &parent->rb_right;
	}
	rb_link_node(&page->node, parent, link);
	rb_insert_color(&page->node, &pool->pages);
	list_add(&page->partial, &pool->partial);
}

/* The page that has the byte at @dma, or NULL. Context: pool->lock. */
static struct pool_page *find_page(const struct dma_pool *pool, dma_addr_t dma)
{
	struct rb_node *n = pool->pages.rb_node;

	while (n) {
		struct pool_page *page = rb_entry(n, struct pool_page, node);

		if (dma < page->dma)
			n = n->rb_left;
		else if (dma - page->dma >= pool->bytes)
			n = n->rb_right;
		else
			return page;
	}
	return NULL;
}

/* A free block of @page, which has one. Context: pool->lock. */
static unsigned int take_block(struct dma_pool *pool, struct pool_page *page)
{
	unsigned int word = 0, bit;

	while (!page->free[word])
		word++;
	bit = (unsigned int)__builtin_ctzl(page->free[word]);
	page->free[word] &= ~(1ul << bit);
	if (++page->in_use == pool->per_page)
		list_del_init(&page->partial);
	return word * (unsigned int)BITS + bit;
}

/**
 * dma_pool_alloc() - a block
 * @pool: the pool
 * @gfp: how its next page may be allocated; __GFP_ZERO: the block is zeroed
 * @handle: where the device finds it
 *
 * Context: may sleep if @gfp says so. Return: where we find it; NULL.
 */
void *dma_pool_alloc(struct dma_pool *pool, gfp_t gfp, dma_addr_t *handle)
{
	struct pool_page *page = NULL;
	size_t offset;

	spin_lock(&pool->lock);
	if (list_empty(&pool->partial)) {
		spin_unlock(&pool->lock);
		page = make_page(pool, gfp & ~__GFP_ZERO);
		if (!page)
			return NULL;
		spin_lock(&pool->lock);
		insert_page(pool, page);
	}
	page = list_first_entry(&pool->partial, struct pool_page, partial);
	offset = block_offset(pool, take_block(pool, page));
	spin_unlock(&pool->lock);
	*handle = page->dma + offset;
	if (gfp & __GFP_ZERO)
		memset((char *)page->vaddr + offset, 0, pool->size);
	return (char *)page->vaddr + offset;
}

/* The number of the block at @offset; per_page if none begins there. */
static unsigned int block_at(const struct dma_pool *pool, size_t offset)
{
	unsigned int i =
		(unsigned int)(offset / pool->boundary) * pool->per_boundary +
		(unsigned int)(offset % pool->boundary / pool->size);

	return i < pool->per_page && block_offset(pool, i) == offset ?
		       i :
		       pool->per_page;
}

/* False if no block in use is there. Context: pool->lock. */
static bool give_block(struct dma_pool *pool, const void *vaddr, dma_addr_t dma)
{
	struct pool_page *page = find_page(pool, dma);
	unsigned int i;

	if (!page || (const char *)page->vaddr + (dma - page->dma) != vaddr)
		return false;
	i = block_at(pool, (size_t)(dma - page->dma));
	if (i == pool->per_page || page->free[i / BITS] & (1ul << i % BITS))
		return false;
	page->free[i / BITS] |= 1ul << i % BITS;
	if (page->in_use-- == pool->per_page)
		list_add(&page->partial, &pool->partial);
	return true;
}

/**
 * dma_pool_free() - give a block back
 * @pool: its pool
 * @vaddr: what dma_pool_alloc() returned
 * @handle: what the device was told
 *
 * Context: any. What is not a block in use is reported, and nothing done.
 */
void dma_pool_free(struct dma_pool *pool, void *vaddr, dma_addr_t handle)
{
	bool given;

	spin_lock(&pool->lock);
	given = give_block(pool, vaddr, handle);
	spin_unlock(&pool->lock);
	if (!given)
		mm_report("bad-free",
			  "dma_pool_free: %s: %p, %#lx is no block in use",
			  pool->name, vaddr, handle);
}

/**
 * dma_pool_destroy() - the end of a pool
 * @pool: the pool, all of its blocks given back; NULL is ignored
 *
 * Pages with blocks in use are reported, and kept. Context: may sleep.
 */
void dma_pool_destroy(struct dma_pool *pool)
{
	struct rb_node *n;

	if (!pool)
		return;
	while ((n = rb_first(&pool->pages)) != NULL) {
		struct pool_page *page = rb_entry(n, struct pool_page, node);

		rb_erase(n, &pool->pages);
		if (page->in_use)
			mm_report("dma-pool", "%s: %u blocks still in use",
				  pool->name, page->in_use);
		else
			dma_free_coherent(pool->dev, pool->bytes, page->vaddr,
					  page->dma);
		kfree(page);
	}
	kfree(pool);
}
