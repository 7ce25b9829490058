/* SPDX-License-Identifier: MIT */
/*
 * realloc and reallocarray: what was there stays there, from every size class
 * to every other, across the threshold of direct mappings and back.
 */
#include "check.h"
#include <malloc.h>

static const size_t sizes[] = {
	1,	8,	15,	 16,	  17,	   24,	   32,	   33,
	48,	64,	65,	 80,	  96,	   112,	   128,	   129,
	144,	160,	192,	 224,	  256,	   257,	   320,	   384,
	448,	512,	640,	 768,	  1000,	   1024,   1025,   1536,
	2048,	2049,	3000,	 4095,	  4096,	   4097,   6000,   8192,
	8193,	12288,	16384,	 20000,	  32768,   32769,  65536,  65537,
	100000, 131055, 131056,	 131072,  131073,  135168, 135169, 200000,
	262144, 400000, 1048576, 1048577, 3000000,
};

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void check_every_pair(void)
{
	size_t bad_from = 0, bad_to = 0, unaligned = 0, i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			size_t from = sizes[i], to = sizes[j];
			unsigned char *p = malloc(from);

			fill(p, from, i);
			p = realloc(p, to);
			if (!intact(p, smaller(from, to), i)) {
				bad_from = from;
				bad_to = to;
			}
			if (!is_aligned(p, 16))
				unaligned = to;
			p[to - 1] = 1;
			free(p);
		}
	check(!bad_from, "every-class-to-every-other",
	      "contents lost from %zu to %zu bytes", bad_from, bad_to);
	check(!unaligned, "alignment", "size %zu not aligned to 16", unaligned);
}

/* One block wanders among the sizes with neighbours that must stay intact. */
static void check_wander(void)
{
	enum { BLOCKS = 64, STEPS = 6000 };
	static struct {
		unsigned char *p;
		size_t n, seed;
	} b[BLOCKS];
	uint64_t state = 42;
	size_t bad = 0, i;
	int step;

	for (step = 0; step < STEPS; step++) {
		size_t n = random_size(&state, step % 50 ? 14 : 20) + 1;

		i = next_random(&state) % BLOCKS;
		b[i].p = realloc(b[i].p, n);
		if (!intact(b[i].p, smaller(n, b[i].n), b[i].seed))
			bad = n;
		b[i].n = n;
		b[i].seed = step;
		fill(b[i].p, n, step);
	}
	for (i = 0; i < BLOCKS; i++) {
		if (!intact(b[i].p, b[i].n, b[i].seed))
			bad = b[i].n;
		free(b[i].p);
	}
	check(!bad, "wandering", "contents lost at %zu bytes", bad);
}

static void check_steps(void)
{
	unsigned char *p = NULL;
	size_t bad = 0, n;

	for (n = 64; n <= 600 * KB; n += 64) {
		p = realloc(p, n);
		fill(p + n - 64, 64, n);
		if (n > 64 && !intact(p + n - 128, 64, n - 64))
			bad = n;
	}
	for (n -= 64; n >= 64; n -= 64) {
		p = realloc(p, n);
		if (!intact(p + n - 64, 64, n) || !intact(p, 64, 64))
			bad = n;
	}
	free(p);
	check(!bad, "steps-of-64", "contents lost at %zu bytes", bad);
}

/* Growing a large block must not need twice its size at any moment. */
static void check_growth(void)
{
	size_t n = MB, end = 96 * MB, bad = 0;
	unsigned char *p = malloc(n);
	long before = rss_kb(), peak;

	p[0] = 1;
	p[n - 1] = 7;
	for (; n < end; n += MB) {
		p = realloc(p, n + MB);
		if (p[n - 1] != 7)
			bad = n;
		memset(p + n, 7, MB);
	}
	peak = status_kb("VmHWM:") - before;
	free(p);
	check(!bad, "growth-contents", "contents lost at %zu bytes", bad);
	/* Where blocks are watched each is a new one, as is its guard. */
	if (!is_watched())
		check(peak < 120 * 1024, "growth-in-place",
		      "%ld MiB at the peak for a block of 96 MiB", peak / 1024);
}

/* Sizes that need more than 32 bits; only the ends are touched. */
static void check_beyond_4g(void)
{
	volatile size_t n = (size_t)5 << 29, more = (size_t)9 << 29;
	unsigned char *p;
	bool good;

	if (more < n) /* there are no such sizes */
		return;
	p = malloc(n);
	good = p;
	if (good) {
		p[0] = 3;
		p[n - 1] = 5;
		good = malloc_usable_size(p) >= n;
		p = realloc(p, more);
		good &= p && p[0] == 3 && p[n - 1] == 5;
	}
	if (good) {
		p[more - 1] = 7;
		p = realloc(p, 1000);
		good = p[0] == 3;
	}
	free(p);
	check(good, "beyond-4G", "2.5 GiB, then 4.5 GiB, then 1000 bytes");
}

static void check_null_and_zero(void)
{
	unsigned char *p = realloc(NULL, 100);
	long before, grown;
	int i;

	check(p && malloc_usable_size(p) >= 100, "null-is-malloc",
	      "realloc(NULL, 100) gave %p", (void *)p);
	free(p);
	p = realloc(NULL, 0);
	check(p, "null-zero", "realloc(NULL, 0) gave NULL");
	free(p);
	/* Freed, or a minimal block: never the old one kept. */
	before = rss_kb();
	for (i = 0; i < 20000; i++) {
		p = malloc(4000);
		p[0] = p[3999] = 1;
		free(realloc(p, 0));
	}
	grown = rss_kb() - before;
	check(grown < 8 * 1024, "zero-frees", "20000 x 4000 bytes: %ld KiB",
	      grown);
	p = realloc(malloc(300000), 0);
	check(!p || malloc_usable_size(p) < 300000, "zero-large",
	      "a block of 300000 bytes stayed");
	free(p);
}

/* A failed realloc leaves the block as it was. */
static void check_failure(void)
{
	static const size_t huge[] = { SIZE_MAX, PTRDIFF_MAX, SIZE_MAX - 4096,
				       (size_t)PTRDIFF_MAX + 1,
				       SIZE_MAX - 131072 };
	size_t i, j, bad = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < ARRAY_SIZE(huge); j++) {
			void *p = malloc(sizes[i]), *q;
			volatile size_t n = huge[j];

			fill(p, sizes[i], i);
			errno = 0;
			q = realloc(p, n);
			if (q || errno != ENOMEM || !intact(p, sizes[i], i))
				bad = sizes[i];
			free(q ? q : p);
		}
	check(!bad, "failure-keeps-block",
	      "a block of %zu bytes did not survive a failed realloc", bad);
}

static void check_reallocarray(void)
{
	volatile size_t many = SIZE_MAX / 8 + 2, half;
	int *p = reallocarray(NULL, 10, sizeof(*p));
	void *q, *r;
	int e;

	half = (size_t)2 << 4 * sizeof(size_t);
	fill(p, 40, 1);
	p = reallocarray(p, 5000, sizeof(*p));
	check(p && malloc_usable_size(p) >= 20000 && intact(p, 40, 1),
	      "reallocarray-grows", "contents lost");
	errno = 0;
	q = reallocarray(p, many, 8);
	e = errno;
	errno = 0;
	r = reallocarray(p, half, half);
	check(!q && !r && e == ENOMEM && errno == ENOMEM,
	      "reallocarray-overflow", "not NULL with ENOMEM");
	check(intact(p, 40, 1), "reallocarray-overflow-keeps-block",
	      "contents lost");
	free(p);
}

/* Aligned blocks may be realloced: contents stay, alignment need not. */
static void check_aligned_blocks(void)
{
	size_t bad = 0, alignment, i;

	for (alignment = 16; alignment <= 64 * KB; alignment *= 2)
		for (i = 0; i < ARRAY_SIZE(sizes) - 3; i += 5) {
			size_t n = sizes[i], to = sizes[(i * 7) % 50];
			void *p;

			if (posix_memalign(&p, alignment, n))
				continue;
			fill(p, n, i);
			p = realloc(p, to);
			if (!intact(p, smaller(n, to), i))
				bad = n;
			free(p);
		}
	check(!bad, "of-aligned-blocks", "contents lost at %zu bytes", bad);
}

int main(void)
{
	begin("realloc");
	check_growth();
	check_beyond_4g();
	check_every_pair();
	check_wander();
	check_steps();
	check_null_and_zero();
	check_failure();
	check_reallocarray();
	check_aligned_blocks();
	return finish();
}
