/* SPDX-License-Identifier: MIT */
/*
 * Pools over memory that is not RAM: a device's, say, which must not be
 * touched to keep books on it. They lie beside it, a bit for each granule.
 *
 *   chunk      start_addr                                      end_addr
 *              │ granule │ granule │ granule │ …  of 2^order bytes  │
 *   its bits     1         1         0         …
 *
 *   pool ─► chunk ─► chunk ─► …    a block lies in one of them
 *   avail = granules with bit 0, in bytes
 *
 * A block is as many granules as hold it, and who gives it back says its size.
 * Where it lies is for the pool's algorithm to say: the first place that is
 * large enough, the smallest one, or one aligned to the block's own size, so
 * that places split and join as the buddy system's do.
 *
 * Simpler than Linux: a lock, held for the search, in place of atomic bits.
 *
 * Lock: pool->lock, innermost; memory is allocated without it.
 */
#include <ashlar/errno.h>
#include <ashlar/genalloc.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include "internal.h"

#define BITS (8 * sizeof(unsigned long))

static unsigned long *chunk_map(struct gen_pool_chunk *chunk)
{
	return (unsigned long *)(chunk + 1);
}

static size_t chunk_bytes(const struct gen_pool_chunk *chunk)
{
	return chunk->end_addr - chunk->start_addr + 1;
}

static unsigned long chunk_granules(const struct gen_pool *pool,
				    const struct gen_pool_chunk *chunk)
{
	return chunk_bytes(chunk) >> pool->min_alloc_order;
}

/* Granules that hold @size bytes, at least one. */
static unsigned long granules(const struct gen_pool *pool, size_t size)
{
	return ((size - 1) >> pool->min_alloc_order) + 1;
}

/* ---- places ---- */

/* The first bit of @map from @from on that is @set; @size: there is none. */
static unsigned long next_bit(const unsigned long *map, unsigned long size,
			      unsigned long from, bool set)
{
	unsigned long i = from / BITS, flip = set ? 0 : ~0ul, word;

	if (from >= size)
		return size;
	word = (map[i] ^ flip) & (~0ul << from % BITS);
	while (!word) {
		if (++i * BITS >= size)
			return size;
		word = map[i] ^ flip;
	}
	return min(i * BITS + (unsigned long)__builtin_ctzl(word), size);
}

/*
 * The first @nr bits that are clear, from @start on, where the first one's
 * number and @offset are together a multiple of @align; @size: there are none.
 */
static unsigned long find_area(const unsigned long *map, unsigned long size,
			       unsigned long start, unsigned long nr,
			       unsigned long align, unsigned long offset)
{
	unsigned long used;

	for (; start < size; start = used + 1) {
		start = next_bit(map, size, start, false);
		start = ALIGN(start + offset, align) - offset;
		if (start >= size || nr > size - start)
			return size;
		used = next_bit(map, start + nr, start, true);
		if (used == start + nr)
			return start;
	}
	return size;
}

/**
 * gen_pool_first_fit() - the first place that is large enough
 * @map: a bit for each granule of a chunk, set for those in use
 * @size: granules of the chunk
 * @start: the first one to look at
 * @nr: granules wanted
 * @data: ignored
 * @pool: the pool
 * @start_addr: where the chunk begins
 *
 * Context: the pool's lock. Return: the first granule of the place; @size if
 * there is none.
 */
unsigned long gen_pool_first_fit(unsigned long *map, unsigned long size,
				 unsigned long start, unsigned int nr,
				 void *data, struct gen_pool *pool,
				 unsigned long start_addr)
{
	return find_area(map, size, start, nr, 1, 0);
}

/**
 * gen_pool_first_fit_align() - the first place whose address is aligned
 * @map: as of gen_pool_first_fit()
 * @size: granules of the chunk
 * @start: the first one to look at
 * @nr: granules wanted
 * @data: a struct genpool_data_align
 * @pool: the pool
 * @start_addr: where the chunk begins, a multiple of a granule's size
 *
 * Context, Return: as gen_pool_first_fit().
 */
unsigned long gen_pool_first_fit_align(unsigned long *map, unsigned long size,
				       unsigned long start, unsigned int nr,
				       void *data, struct gen_pool *pool,
				       unsigned long start_addr)
{
	const struct genpool_data_align *want = data;
	unsigned long align = want->align > 0 ? (unsigned long)want->align : 1;

	return find_area(map, size, start, nr, granules(pool, align),
			 (start_addr & (align - 1)) >> pool->min_alloc_order);
}

/**
 * gen_pool_first_fit_order_align() - the first place that a buddy system has
 * @map: as of gen_pool_first_fit()
 * @size: granules of the chunk
 * @start: the first one to look at
 * @nr: granules wanted; the place is aligned, within the chunk, to the least
 *	power of two that is not below
 * @data: ignored
 * @pool: the pool
 * @start_addr: where the chunk begins
 *
 * Context, Return: as gen_pool_first_fit().
 */
unsigned long
gen_pool_first_fit_order_align(unsigned long *map, unsigned long size,
			       unsigned long start, unsigned int nr, void *data,
			       struct gen_pool *pool, unsigned long start_addr)
{
	unsigned long align = 1;

	while (align < nr)
		align <<= 1;
	return find_area(map, size, start, nr, align, 0);
}

/**
 * gen_pool_best_fit() - the smallest place that is large enough
 * @map: as of gen_pool_first_fit()
 * @size: granules of the chunk
 * @start: the first one to look at
 * @nr: granules wanted
 * @data: ignored
 * @pool: the pool
 * @start_addr: where the chunk begins
 *
 * Context, Return: as gen_pool_first_fit().
 */
unsigned long gen_pool_best_fit(unsigned long *map, unsigned long size,
				unsigned long start, unsigned int nr,
				void *data, struct gen_pool *pool,
				unsigned long start_addr)
{
	unsigned long best = size, least = ~0ul, end;

	while ((start = next_bit(map, size, start, false)) < size) {
		end = next_bit(map, size, start, true);
		if (end - start >= nr && end - start < least) {
			best = start;
			least = end - start;
		}
		start = end;
	}
	return best;
}

/**
 * gen_pool_fixed_alloc() - one place, or none
 * @map: as of gen_pool_first_fit()
 * @size: granules of the chunk
 * @start: ignored
 * @nr: granules wanted
 * @data: a struct genpool_data_fixed, whose offset is a multiple of a granule's
 *	size
 * @pool: the pool
 * @start_addr: where the chunk begins
 *
 * Context, Return: as gen_pool_first_fit().
 */
unsigned long gen_pool_fixed_alloc(unsigned long *map, unsigned long size,
				   unsigned long start, unsigned int nr,
				   void *data, struct gen_pool *pool,
				   unsigned long start_addr)
{
	const struct genpool_data_fixed *want = data;
	unsigned long at = want->offset >> pool->min_alloc_order;

	if (want->offset & ((1ul << pool->min_alloc_order) - 1))
		return size;
	return find_area(map, size, at, nr, 1, 0) == at ? at : size;
}

/* ---- pools ---- */

/**
 * gen_pool_create() - a pool without memory
 * @min_alloc_order: a granule has 2^min_alloc_order bytes
 * @nid: a node, which is ignored; -1 for any
 *
 * Its algorithm is gen_pool_first_fit(). Context: may sleep. Return: the pool,
 * or NULL: there is no memory, or a granule is more than half of all addresses.
 */
struct gen_pool *gen_pool_create(int min_alloc_order, int nid)
{
	struct gen_pool *pool;

	if (min_alloc_order < 0 || min_alloc_order >= (int)BITS - 1)
		return NULL;
	pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	if (!pool)
		return NULL;
	spin_lock_init(&pool->lock);
	pool->min_alloc_order = min_alloc_order;
	pool->algo = gen_pool_first_fit;
	pool->name = "gen_pool";
	return pool;
}

/**
 * gen_pool_set_algo() - how a pool's places are found from now on
 * @pool: the pool
 * @algo: the algorithm; NULL: gen_pool_first_fit()
 * @data: handed to it
 *
 * Context: any.
 */
void gen_pool_set_algo(struct gen_pool *pool, genpool_algo_t algo, void *data)
{
	spin_lock(&pool->lock);
	pool->algo = algo ? algo : gen_pool_first_fit;
	pool->data = data;
	spin_unlock(&pool->lock);
}

/**
 * gen_pool_add_owner() - more memory for a pool
 * @pool: the pool
 * @virt: its address, not 0, which is never read or written through
 * @phys: where it is on the bus; ~0: nobody will ask
 * @size: bytes; what is less than a granule at the end is not used
 * @nid: a node, which is ignored; -1 for any
 * @owner: for gen_pool_alloc_algo_owner() to tell
 *
 * Context: may sleep. Return: 0; -EINVAL: @virt is 0, @size is less than a
 * granule, or the end is past the last address; -ENOMEM.
 */
int gen_pool_add_owner(struct gen_pool *pool, unsigned long virt,
		       phys_addr_t phys, size_t size, int nid, void *owner)
{
	unsigned long nr = size >> pool->min_alloc_order;
	struct gen_pool_chunk *chunk;

	size = nr << pool->min_alloc_order;
	if (!virt || !nr || virt + size - 1 < virt)
		return -EINVAL;
	chunk = kzalloc(sizeof(*chunk) +
				DIV_ROUND_UP(nr, BITS) * sizeof(unsigned long),
			GFP_KERNEL);
	if (!chunk)
		return -ENOMEM;
	chunk->start_addr = virt;
	chunk->end_addr = virt + size - 1;
	chunk->phys_addr = phys;
	chunk->avail = size;
	chunk->owner = owner;
	spin_lock(&pool->lock);
	chunk->next_chunk = pool->chunks;
	pool->chunks = chunk;
	spin_unlock(&pool->lock);
	return 0;
}

/**
 * gen_pool_destroy() - the end of a pool
 * @pool: the pool, all of its blocks given back
 *
 * Blocks that are in use are reported. Context: any.
 */
void gen_pool_destroy(struct gen_pool *pool)
{
	struct gen_pool_chunk *chunk;

	while ((chunk = pool->chunks)) {
		pool->chunks = chunk->next_chunk;
		if (chunk->avail != chunk_bytes(chunk))
			mm_report("gen-pool",
				  "%s: %lu bytes from %#lx on still in use",
				  pool->name,
				  (unsigned long)chunk_bytes(chunk) -
					  chunk->avail,
				  chunk->start_addr);
		kfree(chunk);
	}
	kfree(pool);
}

/* ---- blocks ---- */

static void mark(unsigned long *map, unsigned long at, unsigned long nr,
		 bool used)
{
	for (; nr; nr--, at++) {
		if (used)
			map[at / BITS] |= 1ul << at % BITS;
		else
			map[at / BITS] &= ~(1ul << at % BITS);
	}
}

/* A block in @chunk, or 0. Context: pool->lock. */
static unsigned long take_block(struct gen_pool *pool,
				struct gen_pool_chunk *chunk, unsigned long nr,
				genpool_algo_t algo, void *data)
{
	unsigned long *map = chunk_map(chunk), at;
	unsigned long size = chunk_granules(pool, chunk);

	if (nr > chunk->avail >> pool->min_alloc_order ||
	    nr != (unsigned int)nr)
		return 0;
	at = algo(map, size, 0, (unsigned int)nr, data, pool,
		  chunk->start_addr);
	/* An algorithm of the caller's may say anything. */
	if (at >= size || nr > size - at ||
	    next_bit(map, at + nr, at, true) != at + nr)
		return 0;
	mark(map, at, nr, true);
	chunk->avail -= nr << pool->min_alloc_order;
	return chunk->start_addr + (at << pool->min_alloc_order);
}

/**
 * gen_pool_alloc_algo_owner() - a block
 * @pool: the pool
 * @size: bytes
 * @algo: which of the places it gets
 * @data: handed to @algo
 * @owner: receives the owner of its chunk; NULL: nobody asks
 *
 * Context: any. Return: its address, or 0: no chunk has a place for it.
 */
unsigned long gen_pool_alloc_algo_owner(struct gen_pool *pool, size_t size,
					genpool_algo_t algo, void *data,
					void **owner)
{
	struct gen_pool_chunk *chunk;
	unsigned long addr = 0;

	if (!size)
		return 0;
	spin_lock(&pool->lock);
	for (chunk = pool->chunks; chunk; chunk = chunk->next_chunk) {
		addr = take_block(pool, chunk, granules(pool, size), algo,
				  data);
		if (addr)
			break;
	}
	if (owner)
		*owner = addr ? chunk->owner : NULL;
	spin_unlock(&pool->lock);
	return addr;
}

/* The chunk that has all of [addr, addr + size). Context: pool->lock. */
static struct gen_pool_chunk *find_chunk(struct gen_pool *pool,
					 unsigned long addr, size_t size)
{
	struct gen_pool_chunk *chunk;

	for (chunk = pool->chunks; chunk; chunk = chunk->next_chunk)
		if (addr >= chunk->start_addr && addr <= chunk->end_addr)
			return size - 1 <= chunk->end_addr - addr ? chunk :
								    NULL;
	return NULL;
}

/* False if it is no block in use. Context: pool->lock. */
static bool give_block(struct gen_pool *pool, struct gen_pool_chunk *chunk,
		       unsigned long addr, size_t size)
{
	unsigned long at, nr = granules(pool, size);
	unsigned long *map = chunk_map(chunk);

	addr -= chunk->start_addr;
	at = addr >> pool->min_alloc_order;
	if (addr & ((1ul << pool->min_alloc_order) - 1) ||
	    next_bit(map, at + nr, at, false) != at + nr)
		return false;
	mark(map, at, nr, false);
	chunk->avail += nr << pool->min_alloc_order;
	return true;
}

/**
 * gen_pool_free_owner() - give a block back
 * @pool: its pool
 * @addr: its address
 * @size: bytes, as it was asked for
 * @owner: receives the owner of its chunk; NULL: nobody asks
 *
 * Context: any. What is not in use is reported, and nothing done.
 */
void gen_pool_free_owner(struct gen_pool *pool, unsigned long addr, size_t size,
			 void **owner)
{
	struct gen_pool_chunk *chunk;
	bool given;

	spin_lock(&pool->lock);
	chunk = size ? find_chunk(pool, addr, size) : NULL;
	given = chunk && give_block(pool, chunk, addr, size);
	if (owner)
		*owner = given ? chunk->owner : NULL;
	spin_unlock(&pool->lock);
	if (!given)
		mm_report("bad-free",
			  "gen_pool_free: %s: %#lx, %lu bytes: no block in use",
			  pool->name, addr, (unsigned long)size);
}

/**
 * gen_pool_virt_to_phys() - where an address is on the bus
 * @pool: the pool
 * @addr: an address of its memory
 *
 * Context: any. Return: where; ~0: it is not the pool's, or nobody knows.
 */
phys_addr_t gen_pool_virt_to_phys(struct gen_pool *pool, unsigned long addr)
{
	phys_addr_t phys = ~(phys_addr_t)0;
	struct gen_pool_chunk *chunk;

	spin_lock(&pool->lock);
	chunk = find_chunk(pool, addr, 1);
	if (chunk && chunk->phys_addr != ~(phys_addr_t)0)
		phys = chunk->phys_addr + (addr - chunk->start_addr);
	spin_unlock(&pool->lock);
	return phys;
}

/**
 * gen_pool_dma_alloc() - a block, and where it is on the bus
 * @pool: the pool, whose memory may be read and written
 * @size: bytes
 * @dma: receives where; NULL: nobody asks
 *
 * Context: any. Return: the block, or NULL.
 */
void *gen_pool_dma_alloc(struct gen_pool *pool, size_t size, dma_addr_t *dma)
{
	unsigned long addr = gen_pool_alloc(pool, size);

	if (addr && dma)
		*dma = (dma_addr_t)gen_pool_virt_to_phys(pool, addr);
	return (void *)addr;
}

/**
 * gen_pool_dma_zalloc() - a zeroed block, and where it is on the bus
 * @pool: the pool, whose memory may be read and written
 * @size: bytes
 * @dma: receives where; NULL: nobody asks
 *
 * Context: any. Return: the block, or NULL.
 */
void *gen_pool_dma_zalloc(struct gen_pool *pool, size_t size, dma_addr_t *dma)
{
	void *p = gen_pool_dma_alloc(pool, size, dma);

	if (p)
		memset(p, 0, size);
	return p;
}

/**
 * gen_pool_for_each_chunk() - look at all chunks
 * @pool: the pool
 * @func: called with each, under the pool's lock; it allocates nothing
 * @data: handed to it
 *
 * Context: any.
 */
void gen_pool_for_each_chunk(struct gen_pool *pool,
			     void (*func)(struct gen_pool *pool,
					  struct gen_pool_chunk *chunk,
					  void *data),
			     void *data)
{
	struct gen_pool_chunk *chunk;

	spin_lock(&pool->lock);
	for (chunk = pool->chunks; chunk; chunk = chunk->next_chunk)
		func(pool, chunk, data);
	spin_unlock(&pool->lock);
}

static void add_avail(struct gen_pool *pool, struct gen_pool_chunk *chunk,
		      void *sum)
{
	*(size_t *)sum += chunk->avail;
}

static void add_size(struct gen_pool *pool, struct gen_pool_chunk *chunk,
		     void *sum)
{
	*(size_t *)sum += chunk_bytes(chunk);
}

/**
 * gen_pool_avail() - how much of a pool is free
 * @pool: the pool
 *
 * Context: any. Return: bytes, perhaps in many pieces.
 */
size_t gen_pool_avail(struct gen_pool *pool)
{
	size_t sum = 0;

	gen_pool_for_each_chunk(pool, add_avail, &sum);
	return sum;
}

/**
 * gen_pool_size() - how much memory a pool has
 * @pool: the pool
 *
 * Context: any. Return: bytes.
 */
size_t gen_pool_size(struct gen_pool *pool)
{
	size_t sum = 0;

	gen_pool_for_each_chunk(pool, add_size, &sum);
	return sum;
}

/**
 * gen_pool_has_addr() - is a range of addresses a pool's?
 * @pool: the pool
 * @start: its first byte
 * @size: bytes
 *
 * Context: any. Return: true if all of it lies in one chunk.
 */
bool gen_pool_has_addr(struct gen_pool *pool, unsigned long start, size_t size)
{
	bool has;

	spin_lock(&pool->lock);
	has = size && find_chunk(pool, start, size);
	spin_unlock(&pool->lock);
	return has;
}
