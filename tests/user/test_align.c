/* SPDX-License-Identifier: MIT */
/*
 * aligned_alloc, posix_memalign, memalign, valloc, pvalloc: every alignment,
 * the absurd ones included, and the error each of them has to give.
 */
#include "check.h"
#include <malloc.h>

#ifndef __GLIBC__
extern void *pvalloc(size_t size);
#endif

static const size_t sizes[] = { 0,     1,     15,     16,    17,   24,	 63,
				64,    65,    96,     100,   128,  192,	 500,
				1000,  2048,  3000,   4095,  4096, 4097, 5000,
				10000, 70000, 131072, 200000 };

static void *by_posix(size_t alignment, size_t n)
{
	void *p = NULL;

	return posix_memalign(&p, alignment, n) ? NULL : p;
}

static const struct {
	const char *name;
	void *(*get)(size_t alignment, size_t n);
	size_t least;
} ways[] = {
	{ "posix_memalign", by_posix, sizeof(void *) },
	{ "aligned_alloc", aligned_alloc, 1 },
	{ "memalign", memalign, 1 },
};

/* Several blocks of each kind live at once; each is written whole. */
static size_t try_alignment(size_t way, size_t alignment, size_t n)
{
	void *p[3];
	size_t bad = 0, usable, i;

	for (i = 0; i < 3; i++) {
		p[i] = ways[way].get(alignment, n);
		if (!p[i] || !is_aligned(p[i], alignment))
			return n + 1;
		usable = malloc_usable_size(p[i]);
		if (usable < n)
			bad = n + 1;
		fill(p[i], n, n + i);
	}
	for (i = 0; i < 3; i++) {
		if (!intact(p[i], n, n + i))
			bad = n + 1;
		free(p[i]);
	}
	return bad;
}

static void check_every_alignment(void)
{
	size_t way, alignment, i, bad, bad_alignment;

	for (way = 0; way < ARRAY_SIZE(ways); way++) {
		bad = bad_alignment = 0;
		alignment = ways[way].least;
		for (; alignment <= 4 * MB; alignment *= 2)
			for (i = 0; i < ARRAY_SIZE(sizes); i++) {
				size_t n =
					try_alignment(way, alignment, sizes[i]);

				if (n) {
					bad = n - 1;
					bad_alignment = alignment;
				}
			}
		check(!bad_alignment, ways[way].name,
		      "size %zu with alignment %zu", bad, bad_alignment);
	}
}

static void check_large_alignment(void)
{
	void *p = NULL, *q;
	size_t alignment = 256 * MB;

	check(!posix_memalign(&p, alignment, 100) && is_aligned(p, alignment),
	      "alignment-256M", "gave %p", p);
	if (p)
		memset(p, 1, 100);
	q = aligned_alloc(alignment, 300000);
	check(q && is_aligned(q, alignment) && p != q, "alignment-256M-large",
	      "gave %p", q);
	if (q)
		memset(q, 1, 300000);
	free(p);
	free(q);
}

static void check_posix_einval(void)
{
	static const size_t bad[] = { 0,
				      1,
				      2,
				      3,
				      4,
				      5,
				      6,
				      7,
				      9,
				      12,
				      15,
				      17,
				      24,
				      40,
				      48,
				      100,
				      1000,
				      4095,
				      4097,
				      SIZE_MAX,
				      SIZE_MAX - 7,
				      PTRDIFF_MAX,
				      SIZE_MAX / 2 + 9 };
	void *mark = &mark;
	size_t i;

	errno = 77;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		volatile size_t alignment = bad[i];

		if (alignment == sizeof(void *)) /* of 32 bits */
			continue;
		if (posix_memalign(&mark, alignment, 64) != EINVAL)
			break;
	}
	check(i == ARRAY_SIZE(bad), "posix_memalign-einval",
	      "alignment %zu was accepted", bad[i % ARRAY_SIZE(bad)]);
	check(errno == 77, "posix_memalign-einval-errno", "errno is %d", errno);
	check(mark == &mark, "posix_memalign-einval-pointer",
	      "*memptr was changed");
}

static void check_posix_enomem(void)
{
	static const size_t huge[] = { SIZE_MAX, PTRDIFF_MAX, SIZE_MAX - 63,
				       SIZE_MAX - 4096, SIZE_MAX / 2 + 1 };
	void *mark = &mark;
	size_t alignment, i;
	bool good = true;

	errno = 77;
	for (i = 0; i < ARRAY_SIZE(huge); i++)
		for (alignment = 8; alignment <= MB; alignment *= 8) {
			volatile size_t n = huge[i];

			good &= posix_memalign(&mark, alignment, n) == ENOMEM;
		}
	check(good, "posix_memalign-enomem", "not ENOMEM");
	check(mark == &mark, "posix_memalign-enomem-pointer",
	      "*memptr was changed");
	/* POSIX leaves it open; glibc's own tests want to read ENOMEM. */
	if (on_ashlar())
		check(errno == ENOMEM, "posix_memalign-enomem-errno",
		      "errno is %d", errno);
}

/* More alignment than there are addresses: an error, or the truth. */
static void check_absurd(void)
{
	size_t way, bad = 0;
	int bits;

	for (way = 0; way < ARRAY_SIZE(ways); way++)
		for (bits = 40; bits < 64; bits++) {
			volatile size_t alignment = (size_t)1 << bits;
			void *p;

			errno = way ? 0 : ENOMEM;
			p = ways[way].get(alignment, 100);
			if (p ? !is_aligned(p, alignment) :
				errno != ENOMEM && errno != EINVAL)
				bad = bits;
			free(p);
		}
	check(!bad, "absurd-alignment", "2^%zu", bad);
}

/* C17 7.22.3.1: an invalid alignment fails, with a null pointer. */
static void check_aligned_alloc_invalid(void)
{
	static const size_t bad[] = { 0,  3,  5,  6,   7,	 9,
				      12, 24, 48, 100, SIZE_MAX, PTRDIFF_MAX };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		volatile size_t alignment = bad[i];
		void *p;

		errno = 0;
		p = aligned_alloc(alignment, 96);
		if (p || errno != EINVAL)
			break;
	}
	check(i == ARRAY_SIZE(bad), "aligned_alloc-einval",
	      "alignment %zu: not NULL with EINVAL", bad[i % ARRAY_SIZE(bad)]);
}

/* memalign may refuse or round up, as glibc does; it may not misalign. */
static void check_memalign_odd(void)
{
	size_t alignment, bad = 0;

	for (alignment = 0; alignment < 300; alignment++) {
		size_t up = 1;
		void *p;

		while (up < alignment)
			up *= 2;
		errno = 0;
		p = memalign(alignment, 50);
		if (p ? !is_aligned(p, up) : errno != EINVAL)
			bad = alignment;
		free(p);
	}
	check(!bad, "memalign-odd", "alignment %zu", bad);
}

static void check_too_big(void)
{
	static const size_t huge[] = { SIZE_MAX, SIZE_MAX - 4094,
				       SIZE_MAX - 8192, PTRDIFF_MAX,
				       (size_t)PTRDIFF_MAX + 1 };
	size_t i, way, bad = 0;

	for (i = 0; i < ARRAY_SIZE(huge); i++) {
		volatile size_t n = huge[i];

		for (way = 1; way < ARRAY_SIZE(ways); way++) {
			errno = 0;
			if (ways[way].get(64, n) || errno != ENOMEM)
				bad = n;
			errno = 0;
			if (ways[way].get(8192, n) || errno != ENOMEM)
				bad = n;
		}
		errno = 0;
		if (valloc(n) || errno != ENOMEM)
			bad = n;
		errno = 0;
		if (pvalloc(n) || errno != ENOMEM)
			bad = n;
	}
	check(!bad, "too-big", "%zx bytes: not NULL with ENOMEM", bad);
}

static void check_pages(void)
{
	size_t page = sysconf(_SC_PAGESIZE), bad_v = 0, bad_p = 0, i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t n = sizes[i], up = (n + page - 1) / page * page;
		void *v = valloc(n), *p = pvalloc(n);

		if (!v || !is_aligned(v, page) || malloc_usable_size(v) < n)
			bad_v = n + 1;
		if (!p || !is_aligned(p, page) || malloc_usable_size(p) < up)
			bad_p = n + 1;
		memset(v, 1, n);
		memset(p, 2, up);
		if (first_not(v, n, 1) != n || first_not(p, up, 2) != up)
			bad_p = n + 1;
		free(v);
		free(p);
	}
	check(!bad_v, "valloc", "size %zu", bad_v - 1);
	check(!bad_p, "pvalloc", "size %zu: not whole pages", bad_p - 1);
}

/* A freed aligned block serves plain requests again, and the reverse. */
static void check_mixed_reuse(void)
{
	enum { BLOCKS = 128 };
	static struct {
		unsigned char *p;
		size_t n;
	} b[BLOCKS];
	uint64_t state = 7;
	size_t bad = 0, i, step;

	for (step = 0; step < 40000; step++) {
		size_t n = random_size(&state, 15) + 1;
		size_t alignment = (size_t)8 << next_random(&state) % 10;

		i = next_random(&state) % BLOCKS;
		if (b[i].p && !intact(b[i].p, b[i].n, i))
			bad = b[i].n;
		free(b[i].p);
		b[i].n = n;
		b[i].p = step & 1 ? malloc(n) : by_posix(alignment, n);
		if (!(step & 1) && !is_aligned(b[i].p, alignment))
			bad = n;
		fill(b[i].p, n, i);
	}
	for (i = 0; i < BLOCKS; i++)
		free(b[i].p);
	check(!bad, "mixed-reuse", "a block of %zu bytes went wrong", bad);
}

int main(void)
{
	begin("align");
	check_every_alignment();
	check_large_alignment();
	check_posix_einval();
	check_posix_enomem();
	check_absurd();
	if (on_ashlar())
		check_aligned_alloc_invalid();
	check_memalign_odd();
	check_too_big();
	check_pages();
	check_mixed_reuse();
	return finish();
}
