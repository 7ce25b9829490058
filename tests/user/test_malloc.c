/* SPDX-License-Identifier: MIT */
/*
 * malloc, calloc, free, malloc_usable_size as the C standard, POSIX and their
 * man pages describe them.  See test_realloc.c and test_align.c for the rest.
 */
#include "check.h"
#include <malloc.h>

/* Sizes that have failed somewhere: around powers of two, pages, 128 KiB. */
static size_t awkward_size(unsigned int i)
{
	static const signed char around[] = { -17, -16, -9, -8, -1, 0,
					      1,   8,	9,  16, 17 };
	size_t base = (size_t)32 << i / ARRAY_SIZE(around);

	return base + around[i % ARRAY_SIZE(around)];
}

#define AWKWARD (11 * 16)

static void check_alignment(void)
{
	size_t bad = 0, n;
	unsigned int i;

	for (n = 0; n < 5000; n++) {
		void *p = malloc(n), *q = calloc(1, n);

		if (!p || !q || !is_aligned(p, 16) || !is_aligned(q, 16))
			bad = bad ? bad : n + 1;
		free(p);
		free(q);
	}
	check(!bad, "alignment-small", "size %zu is not aligned to 16",
	      bad - 1);
	for (i = 0, bad = 0; i < AWKWARD; i++) {
		void *p = malloc(awkward_size(i));

		if (!p || !is_aligned(p, 16))
			bad = awkward_size(i);
		free(p);
	}
	check(!bad, "alignment-large", "size %zu is not aligned to 16", bad);
}

static void check_distinct(void)
{
	enum { N = 3000 };
	static unsigned char *p[N];
	size_t wrong = N, i;

	for (i = 0; i < N; i++) {
		p[i] = malloc(i);
		memset(p[i], (int)(i % 251), i);
	}
	for (i = 0; i < N; i++)
		if (first_not(p[i], i, i % 251) != i)
			wrong = i;
	check(wrong == N, "every-byte-is-ours",
	      "a block of %zu bytes was overwritten by another", wrong);
	for (i = 0; i < N; i++)
		free(p[i]);
}

static int writes(void *p)
{
	*(volatile char *)p = 1;
	return 0;
}

static int frees_twice(void *p)
{
	free(p);
	free(p);
	return 0;
}

/* A block of no bytes can be compared, freed and resized, and no more. */
static void check_nothing(void)
{
	void *volatile p = malloc(0), *volatile q = malloc(0);
	int wrote = in_child(writes, p, 20),
	    freed = in_child(frees_twice, p, 20);
	char *grown;
	bool good = true;
	int i;

	check(wrote != HUNG && WIFSIGNALED(wrote) && WTERMSIG(wrote) == SIGSEGV,
	      "zero-size-no-access", "a write: %s", ending(wrote));
	check(freed != HUNG && WIFSIGNALED(freed) && WTERMSIG(freed) == SIGABRT,
	      "zero-size-double-free", "a second free: %s", ending(freed));
	check(malloc_usable_size(p) == 0, "zero-size-has-none",
	      "%zu bytes may be used", malloc_usable_size(p));
	free(p);
	grown = realloc(q, 100);
	memset(grown, 1, 100);
	free(grown);
	for (i = 0; i < 100000; i++) {
		void *r = malloc(0);

		good = good && r;
		if (i % 2)
			free(r);
	}
	check(good, "zero-size-many", "malloc(0) gave NULL");
}

static void check_zero_sizes(void)
{
	void *p[6] = { malloc(0),    malloc(0),	   calloc(0, 7),
		       calloc(7, 0), calloc(0, 0), calloc(0, SIZE_MAX) };
	bool null = false, same = false;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		null |= !p[i];
		for (j = 0; j < i; j++)
			same |= p[i] == p[j];
	}
	check(!null, "zero-size-not-null", "a zero size gave NULL");
	check(!same, "zero-size-unique", "two zero sizes share an address");
	for (i = 0; i < ARRAY_SIZE(p); i++)
		free(p[i]);
	free(NULL);
}

static void check_too_big(void)
{
	static const size_t sizes[] = {
		PTRDIFF_MAX,	  (size_t)PTRDIFF_MAX + 1, SIZE_MAX,
		SIZE_MAX - 1,	  SIZE_MAX - 15,	   SIZE_MAX - 16,
		SIZE_MAX - 31,	  SIZE_MAX - 4095,	   SIZE_MAX - 4096,
		SIZE_MAX - 65536, SIZE_MAX - 131072,	   SIZE_MAX / 2 - 4096,
		PTRDIFF_MAX - 64, SIZE_MAX / 4 * 3,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		volatile size_t n = sizes[i];
		int e1, e2;
		void *p, *q;

		errno = 0;
		p = malloc(n);
		e1 = errno;
		errno = 0;
		q = calloc(n, 1);
		e2 = errno;
		if (p || q || e1 != ENOMEM || e2 != ENOMEM)
			break;
	}
	check(i == ARRAY_SIZE(sizes), "too-big",
	      "%zx bytes: not NULL with ENOMEM",
	      i < ARRAY_SIZE(sizes) ? sizes[i] : 0);
}

/* Its square is one more than the largest size. */
#define ROOT ((size_t)1 << 4 * sizeof(size_t))

static void check_overflow(void)
{
	static const size_t pairs[][2] = {
		{ SIZE_MAX, 2 },
		{ 2, SIZE_MAX },
		{ SIZE_MAX, SIZE_MAX },
		{ SIZE_MAX / 16 + 1, 16 },
		{ SIZE_MAX / 3, 4 },
		{ 3, SIZE_MAX / 2 },
		{ ROOT, ROOT },
		{ ROOT + 1, ROOT - 1 },
		{ SIZE_MAX / 2 + 1, 2 },
		{ 4, SIZE_MAX / 4 + 9 },
		{ SIZE_MAX / 24 + 1, 24 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		volatile size_t n = pairs[i][0], size = pairs[i][1];

		errno = 0;
		if (calloc(n, size) || errno != ENOMEM)
			break;
	}
	check(i == ARRAY_SIZE(pairs), "calloc-overflow",
	      "pair %zu: not NULL with ENOMEM", i);
}

/* Dirty blocks of a size are freed, then calloc must hand out zeroes. */
static size_t dirty_calloc(size_t n)
{
	enum { BLOCKS = 24 };
	unsigned int count = n > 256 * KB ? 3 : BLOCKS, i;
	void *p[BLOCKS];
	size_t wrong = n;

	for (i = 0; i < count; i++)
		memset(p[i] = malloc(n), 0xa5, n);
	for (i = 0; i < count; i++)
		free(p[i]);
	for (i = 0; i < count; i++) {
		p[i] = i & 1 ? calloc(n, 1) : calloc(1, n);
		if (first_not(p[i], n, 0) != n)
			wrong = first_not(p[i], n, 0);
		memset(p[i], 0x5a, n);
	}
	for (i = 0; i < count; i++)
		free(p[i]);
	return wrong;
}

static void check_calloc_zero(void)
{
	unsigned int i;
	size_t n, bad = 0;

	for (n = 1; n < 1500; n += 7)
		if (dirty_calloc(n) != n)
			bad = n;
	for (i = 0; i < AWKWARD; i++)
		if (dirty_calloc(awkward_size(i)) != awkward_size(i))
			bad = awkward_size(i);
	check(!bad, "calloc-zero", "calloc of %zu bytes was dirty", bad);
}

static void check_usable(void)
{
	size_t small = 0, spoiled = 0;
	unsigned int i, j;

	for (i = 0; i < AWKWARD; i++) {
		size_t n = awkward_size(i), usable[3];
		void *p[3];

		for (j = 0; j < 3; j++) {
			p[j] = malloc(n);
			usable[j] = malloc_usable_size(p[j]);
			if (usable[j] < n)
				small = n;
			fill(p[j], usable[j], n + j);
		}
		for (j = 0; j < 3; j++) {
			if (!intact(p[j], usable[j], n + j))
				spoiled = n;
			free(p[j]);
		}
	}
	check(!malloc_usable_size(NULL), "usable-null", "not 0 for NULL");
	check(!small, "usable-size", "less than the %zu asked for", small);
	check(!spoiled, "usable-whole", "of %zu bytes, not all are usable",
	      spoiled);
}

/* POSIX.1-2024 and glibc since 2.33: free leaves errno alone. */
static void check_free_errno(void)
{
	size_t bad = 0;
	unsigned int i, j;

	for (i = 0; i < AWKWARD; i++) {
		void *p[4];

		for (j = 0; j < 4; j++)
			p[j] = malloc(awkward_size(i));
		errno = 12345;
		for (j = 0; j < 4; j++)
			free(p[j]);
		if (errno != 12345)
			bad = awkward_size(i);
	}
	errno = 12345;
	free(NULL);
	check(!bad && errno == 12345, "free-keeps-errno",
	      "errno changed by free of %zu bytes", bad);
}

/* The same memory is used again: a loop must not grow the process. */
static void check_reuse(void)
{
	static const size_t sizes[] = { 0,    1,     16,     100,    1000,
					5000, 40000, 131072, 200000, 1000000 };
	long before = 0, grown;
	size_t i;
	int round;

	for (round = 0; round < 200; round++) {
		if (round == 100)
			before = rss_kb();
		for (i = 0; i < 10 * ARRAY_SIZE(sizes); i++) {
			size_t n = sizes[i % ARRAY_SIZE(sizes)];
			unsigned char *p = malloc(n);

			if (n)
				p[0] = p[n - 1] = 1;
			free(p);
		}
	}
	grown = rss_kb() - before;
	if (!is_watched())
		check(grown < 2048, "reuse", "%ld KiB more after 100 rounds",
		      grown);
}

int main(void)
{
	begin("malloc");
	check_alignment();
	check_distinct();
	check_zero_sizes();
	if (on_ashlar())
		check_nothing();
	check_too_big();
	check_overflow();
	check_calloc_zero();
	check_usable();
	check_free_errno();
	check_reuse();
	return finish();
}
