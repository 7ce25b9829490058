/* SPDX-License-Identifier: MIT */
/*
 * Pools over memory that is not RAM: random blocks against a byte for each
 * granule, and each algorithm's choice.
 */
#include <ashlar/errno.h>
#include <ashlar/genalloc.h>
#include "../harness.h"

#define ORDER 6
#define GRANULE (1ul << ORDER)
#define CHUNK 200ul /* granules */
#define CHUNKS 3u
#define BLOCKS 150u

/* Addresses of a device: nothing is there to be touched. */
static unsigned long chunk_start(unsigned int c)
{
	return 0x10000000ul + c * 0x1000000ul;
}

static unsigned char owner_of[CHUNKS][CHUNK]; /* 0: free */
static struct block {
	unsigned long addr;
	size_t size;
} blocks[BLOCKS];

static struct gen_pool *make_pool(unsigned int chunks)
{
	struct gen_pool *pool = NEED(gen_pool_create(ORDER, -1));
	unsigned int c;

	for (c = 0; c < chunks; c++)
		if (gen_pool_add_owner(pool, chunk_start(c), c << 20,
				       CHUNK * GRANULE, -1, &blocks[c])) {
			gen_pool_destroy(pool);
			needed(__FILE__, __LINE__, "a chunk");
		}
	return pool;
}

/* Write @value over the granules of a block, which held @was. */
static void paint(const struct block *b, unsigned char was, unsigned char value)
{
	unsigned int c;
	unsigned long i, at;

	for (c = 0; b->addr - chunk_start(c) >= CHUNK * GRANULE; c++)
		CHECK_OP(c, <, CHUNKS);
	at = (b->addr - chunk_start(c)) / GRANULE;
	for (i = 0; i < DIV_ROUND_UP(b->size, GRANULE); i++) {
		CHECK_OP(at + i, <, CHUNK);
		CHECK_EQ(owner_of[c][at + i], was);
		owner_of[c][at + i] = value;
	}
}

static size_t model_free(void)
{
	size_t nr = 0;
	unsigned int c, i;

	for (c = 0; c < CHUNKS; c++)
		for (i = 0; i < CHUNK; i++)
			nr += !owner_of[c][i];
	return nr * GRANULE;
}

/* Granules of the longest free run that begins at a multiple of @align. */
static unsigned long longest_run(unsigned long align)
{
	unsigned long i, n, best = 0;
	unsigned int c;

	for (c = 0; c < CHUNKS; c++)
		for (n = 0, i = CHUNK; i--;) {
			n = owner_of[c][i] ? 0 : n + 1;
			if (i % align == 0)
				best = max(best, n);
		}
	return best;
}

/* A block exactly if the model has room for it. */
static void random_alloc(struct gen_pool *pool, struct block *b)
{
	static const genpool_algo_t algos[] = {
		gen_pool_first_fit, gen_pool_best_fit,
		gen_pool_first_fit_order_align
	};
	unsigned int algo = (unsigned int)rnd(ARRAY_SIZE(algos));
	unsigned long nr, align = 1;
	void *owner = NULL;

	b->size = rnd(10) ? 1 + rnd(12 * GRANULE) : 1 + rnd(80 * GRANULE);
	nr = DIV_ROUND_UP(b->size, GRANULE);
	while (algo == 2 && align < nr)
		align *= 2;
	b->addr = gen_pool_alloc_algo_owner(pool, b->size, algos[algo], NULL,
					    &owner);
	CHECK_EQ(b->addr != 0, longest_run(align) >= nr);
	if (!b->addr)
		return;
	CHECK_EQ(b->addr % 0x1000000ul % (align * GRANULE), 0);
	CHECK(owner == &blocks[(b->addr - 0x10000000ul) / 0x1000000ul]);
	paint(b, 0, (unsigned char)(b - blocks + 1));
}

TEST_NO_SWEEP(random_blocks_agree_with_a_map)
{
	struct gen_pool *pool = make_pool(CHUNKS);
	unsigned int step;

	CHECK_EQ(gen_pool_size(pool), CHUNKS * CHUNK * GRANULE);
	for (step = 0; step < 20000; step++) {
		struct block *b = &blocks[rnd(BLOCKS)];

		if (!b->addr) {
			random_alloc(pool, b);
		} else {
			paint(b, (unsigned char)(b - blocks + 1), 0);
			gen_pool_free(pool, b->addr, b->size);
			b->addr = 0;
		}
		if (step % 64 == 0)
			CHECK_EQ(gen_pool_avail(pool), model_free());
	}
	for (step = 0; step < BLOCKS; step++)
		if (blocks[step].addr)
			gen_pool_free(pool, blocks[step].addr,
				      blocks[step].size);
	CHECK_EQ(gen_pool_avail(pool), gen_pool_size(pool));
	gen_pool_destroy(pool);
}

TEST(a_pool_that_lacks_memory_lacks_nothing_afterwards)
{
	struct gen_pool *pool = make_pool(2);
	unsigned long addr = gen_pool_alloc(pool, 3 * GRANULE);

	CHECK(addr != 0);
	CHECK_EQ(gen_pool_avail(pool), (2 * CHUNK - 3) * GRANULE);
	gen_pool_free(pool, addr, 3 * GRANULE);
	gen_pool_destroy(pool);
}

TEST(numbers_that_no_pool_takes)
{
	struct gen_pool *pool;

	CHECK(!gen_pool_create(-1, -1));
	CHECK(!gen_pool_create(8 * sizeof(long), -1));
	pool = NEED(gen_pool_create(ORDER, -1));
	CHECK_EQ(gen_pool_add(pool, 0, PAGE_SIZE, -1), -EINVAL);
	CHECK_EQ(gen_pool_add(pool, 64, GRANULE - 1, -1), -EINVAL);
	CHECK_EQ(gen_pool_add(pool, ~0ul - 100, 2 * GRANULE, -1), -EINVAL);
	CHECK_EQ(gen_pool_alloc(pool, 1), 0);
	CHECK_EQ(gen_pool_alloc(pool, 0), 0);
	CHECK(!gen_pool_dma_alloc(pool, 1, NULL));
	gen_pool_destroy(pool);
}

TEST(each_algorithm_has_its_place)
{
	struct gen_pool *pool = make_pool(1);
	struct genpool_data_fixed at = { 50 * GRANULE };
	struct genpool_data_align to = { 8 * GRANULE };
	unsigned long start = chunk_start(0), a, b, c;

	/* Free: 1 … 9 (nine granules), 13 … 15 (three), the rest. */
	CHECK_EQ(gen_pool_alloc(pool, GRANULE), start);
	a = gen_pool_alloc(pool, 9 * GRANULE);
	CHECK_EQ(gen_pool_alloc(pool, 3 * GRANULE), start + 10 * GRANULE);
	b = gen_pool_alloc(pool, 3 * GRANULE);
	c = gen_pool_alloc(pool, GRANULE);
	gen_pool_free(pool, a, 9 * GRANULE);
	gen_pool_free(pool, b, 3 * GRANULE);

	CHECK_EQ(gen_pool_alloc_algo(pool, 2 * GRANULE, gen_pool_best_fit,
				     NULL),
		 b);
	gen_pool_free(pool, b, 2 * GRANULE);
	CHECK_EQ(gen_pool_alloc_algo(pool, 4 * GRANULE,
				     gen_pool_first_fit_order_align, NULL),
		 start + 4 * GRANULE);
	CHECK_EQ(gen_pool_alloc_algo(pool, GRANULE, gen_pool_first_fit_align,
				     &to),
		 start + 8 * GRANULE);
	CHECK_EQ(gen_pool_alloc_algo(pool, 2 * GRANULE, gen_pool_fixed_alloc,
				     &at),
		 start + 50 * GRANULE);
	CHECK_EQ(gen_pool_alloc_algo(pool, 1, gen_pool_fixed_alloc, &at), 0);
	gen_pool_set_algo(pool, gen_pool_best_fit, NULL);
	CHECK_EQ(gen_pool_alloc(pool, GRANULE), start + 9 * GRANULE);

	gen_pool_free(pool, start + 9 * GRANULE, GRANULE);
	gen_pool_free(pool, start + 50 * GRANULE, 2 * GRANULE);
	gen_pool_free(pool, start + 8 * GRANULE, GRANULE);
	gen_pool_free(pool, start + 4 * GRANULE, 4 * GRANULE);
	gen_pool_free(pool, c, GRANULE);
	gen_pool_free(pool, start + 10 * GRANULE, 3 * GRANULE);
	gen_pool_free(pool, start, GRANULE);
	gen_pool_destroy(pool);
}

static void count_chunk(struct gen_pool *pool, struct gen_pool_chunk *chunk,
			void *data)
{
	CHECK_EQ(chunk->end_addr - chunk->start_addr + 1, CHUNK * GRANULE);
	++*(unsigned int *)data;
	(void)pool;
}

TEST(addresses_are_known_where_they_are)
{
	struct gen_pool *pool = make_pool(2);
	unsigned int chunks = 0;

	gen_pool_for_each_chunk(pool, count_chunk, &chunks);
	CHECK_EQ(chunks, 2);
	CHECK_EQ(gen_pool_virt_to_phys(pool, chunk_start(1) + 7),
		 (1 << 20) + 7);
	CHECK(gen_pool_virt_to_phys(pool, 7) == ~(phys_addr_t)0);
	CHECK(gen_pool_has_addr(pool, chunk_start(1), CHUNK * GRANULE));
	CHECK(!gen_pool_has_addr(pool, chunk_start(1), CHUNK * GRANULE + 1));
	CHECK(!gen_pool_has_addr(pool, chunk_start(1) - 1, 1));
	gen_pool_destroy(pool);
}

/* One that lies: of places past the end, and of those in use. */
static unsigned long a_lie(unsigned long *map, unsigned long size,
			   unsigned long start, unsigned int nr, void *data,
			   struct gen_pool *pool, unsigned long start_addr)
{
	return *(unsigned long *)data;
}

TEST(an_algorithm_is_not_believed)
{
	struct gen_pool *pool = make_pool(1);
	unsigned long addr = gen_pool_alloc(pool, 2 * GRANULE), said = 1;

	CHECK_EQ(gen_pool_alloc_algo(pool, 1, a_lie, &said), 0);
	said = CHUNK - 1;
	CHECK_EQ(gen_pool_alloc_algo(pool, 2 * GRANULE, a_lie, &said), 0);
	said = ~0ul;
	CHECK_EQ(gen_pool_alloc_algo(pool, 1, a_lie, &said), 0);
	gen_pool_free(pool, addr, 2 * GRANULE);
	gen_pool_destroy(pool);
}

TEST_DIES(a_block_that_is_freed_twice, "no block in use")
{
	struct gen_pool *pool = make_pool(1);
	unsigned long addr = gen_pool_alloc(pool, GRANULE);

	gen_pool_free(pool, addr, GRANULE);
	gen_pool_free(pool, addr, GRANULE);
	NOT_REACHED();
}

TEST_DIES(a_block_that_is_freed_larger_than_it_is, "no block in use")
{
	struct gen_pool *pool = make_pool(1);
	unsigned long addr = gen_pool_alloc(pool, GRANULE);

	gen_pool_free(pool, addr, 2 * GRANULE);
	NOT_REACHED();
}

TEST_DIES(a_pool_that_ends_with_blocks_in_use, "still in use")
{
	struct gen_pool *pool = make_pool(1);

	gen_pool_alloc(pool, GRANULE);
	gen_pool_destroy(pool);
	NOT_REACHED();
}
