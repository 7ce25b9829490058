/* SPDX-License-Identifier: MIT */
/*
 * Pools over memory of any kind: a device's, a region of a file, numbers that
 * are no memory at all. The picture is in mm/genalloc.c.
 */
#ifndef ASHLAR_GENALLOC_H
#define ASHLAR_GENALLOC_H

#include <ashlar/api.h>
#include <mach/spinlock.h>

struct gen_pool;

/*
 * How a place is found: the first of @nr granules that follow one another and
 * are free, from granule @start on, in a chunk of @size granules that begins at
 * @start_addr; a bit of @map is set for each that is in use. Returns its
 * number; @size or more if there is none.
 */
typedef unsigned long (*genpool_algo_t)(unsigned long *map, unsigned long size,
					unsigned long start, unsigned int nr,
					void *data, struct gen_pool *pool,
					unsigned long start_addr);

struct gen_pool_chunk {
	struct gen_pool_chunk *next_chunk;
	unsigned long start_addr, end_addr; /* first and last byte */
	phys_addr_t phys_addr; /* of the first byte */
	unsigned long avail; /* bytes that are free */
	void *owner; /* as gen_pool_add_owner() was told */
};

struct gen_pool {
	spinlock_t lock; /* the chunks, and what they say of themselves */
	struct gen_pool_chunk *chunks;
	int min_alloc_order; /* a granule has 2^min_alloc_order bytes */
	genpool_algo_t algo;
	void *data; /* algo's */
	const char *name; /* in reports; may be set */
};

/* What gen_pool_first_fit_align() is told, and gen_pool_fixed_alloc(). */
struct genpool_data_align {
	int align; /* bytes, a power of two */
};

struct genpool_data_fixed {
	unsigned long offset; /* bytes from the start of a chunk */
};

#ifdef __cplusplus
extern "C" {
#endif

struct gen_pool *gen_pool_create(int min_alloc_order, int nid)
	ASHLAR_API(gen_pool_create);
void gen_pool_destroy(struct gen_pool *pool) ASHLAR_API(gen_pool_destroy);
int gen_pool_add_owner(struct gen_pool *pool, unsigned long virt,
		       phys_addr_t phys, size_t size, int nid, void *owner)
	ASHLAR_API(gen_pool_add_owner);
unsigned long gen_pool_alloc_algo_owner(struct gen_pool *pool, size_t size,
					genpool_algo_t algo, void *data,
					void **owner)
	ASHLAR_API(gen_pool_alloc_algo_owner);
void *gen_pool_dma_alloc(struct gen_pool *pool, size_t size, dma_addr_t *dma)
	ASHLAR_API(gen_pool_dma_alloc);
void *gen_pool_dma_zalloc(struct gen_pool *pool, size_t size, dma_addr_t *dma)
	ASHLAR_API(gen_pool_dma_zalloc);
void gen_pool_free_owner(struct gen_pool *pool, unsigned long addr, size_t size,
			 void **owner) ASHLAR_API(gen_pool_free_owner);
phys_addr_t gen_pool_virt_to_phys(struct gen_pool *pool, unsigned long addr)
	ASHLAR_API(gen_pool_virt_to_phys);
void gen_pool_for_each_chunk(struct gen_pool *pool,
			     void (*func)(struct gen_pool *pool,
					  struct gen_pool_chunk *chunk,
					  void *data),
			     void *data) ASHLAR_API(gen_pool_for_each_chunk);
size_t gen_pool_avail(struct gen_pool *pool) ASHLAR_API(gen_pool_avail);
size_t gen_pool_size(struct gen_pool *pool) ASHLAR_API(gen_pool_size);
bool gen_pool_has_addr(struct gen_pool *pool, unsigned long start, size_t size)
	ASHLAR_API(gen_pool_has_addr);
void gen_pool_set_algo(struct gen_pool *pool, genpool_algo_t algo, void *data)
	ASHLAR_API(gen_pool_set_algo);

unsigned long gen_pool_first_fit(unsigned long *map, unsigned long size,
				 unsigned long start, unsigned int nr,
				 void *data, struct gen_pool *pool,
				 unsigned long start_addr)
	ASHLAR_API(gen_pool_first_fit);
unsigned long gen_pool_first_fit_align(unsigned long *map, unsigned long size,
				       unsigned long start, unsigned int nr,
				       void *data, struct gen_pool *pool,
				       unsigned long start_addr)
	ASHLAR_API(gen_pool_first_fit_align);
unsigned long
gen_pool_first_fit_order_align(unsigned long *map, unsigned long size,
			       unsigned long start, unsigned int nr, void *data,
			       struct gen_pool *pool, unsigned long start_addr)
	ASHLAR_API(gen_pool_first_fit_order_align);
unsigned long gen_pool_best_fit(unsigned long *map, unsigned long size,
				unsigned long start, unsigned int nr,
				void *data, struct gen_pool *pool,
				unsigned long start_addr)
	ASHLAR_API(gen_pool_best_fit);
unsigned long gen_pool_fixed_alloc(unsigned long *map, unsigned long size,
				   unsigned long start, unsigned int nr,
				   void *data, struct gen_pool *pool,
				   unsigned long start_addr)
	ASHLAR_API(gen_pool_fixed_alloc);

#ifdef __cplusplus
}
#endif

/* A chunk that nothing else is known of. */
static inline int gen_pool_add_virt(struct gen_pool *pool, unsigned long virt,
				    phys_addr_t phys, size_t size, int nid)
{
	return gen_pool_add_owner(pool, virt, phys, size, nid, 0);
}

/* The same, for a chunk without a bus address. */
static inline int gen_pool_add(struct gen_pool *pool, unsigned long addr,
			       size_t size, int nid)
{
	return gen_pool_add_virt(pool, addr, ~(phys_addr_t)0, size, nid);
}

/* Returns the address, or 0: in no chunk there is a place. */
static inline unsigned long gen_pool_alloc_algo(struct gen_pool *pool,
						size_t size,
						genpool_algo_t algo, void *data)
{
	return gen_pool_alloc_algo_owner(pool, size, algo, data, 0);
}

static inline unsigned long gen_pool_alloc(struct gen_pool *pool, size_t size)
{
	return gen_pool_alloc_algo(pool, size, pool->algo, pool->data);
}

static inline void gen_pool_free(struct gen_pool *pool, unsigned long addr,
				 size_t size)
{
	gen_pool_free_owner(pool, addr, size, 0);
}

#endif
