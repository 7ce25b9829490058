/* SPDX-License-Identifier: MIT */
/*
 * C23 7.24.3: free_sized and free_aligned_sized.  Weak references, since the
 * libc under us may be older; under Ashlar they must be there.
 */
#include "check.h"
#include <malloc.h>

extern void free_sized(void *p, size_t size) __attribute__((weak));
extern void free_aligned_sized(void *p, size_t alignment, size_t size)
	__attribute__((weak));

static const size_t sizes[] = { 0,	1,	8,	16,	17,   100,
				128,	129,	1000,	4096,	5000, 40000,
				131072, 131073, 200000, 3000000 };

static void check_free_sized(void)
{
	enum { BLOCKS = 50 };
	void *p[BLOCKS];
	size_t i, j, spoiled = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t n = sizes[i];

		for (j = 0; j < BLOCKS; j++) {
			p[j] = j & 1 ? malloc(n) : calloc(n, 1);
			fill(p[j], n, j);
		}
		for (j = 0; j < BLOCKS; j++) {
			if (!intact(p[j], n, j))
				spoiled = n;
			free_sized(p[j], n);
		}
	}
	check(!spoiled, "free_sized", "a block of %zu bytes was overwritten",
	      spoiled);
}

static void check_free_aligned_sized(void)
{
	enum { BLOCKS = 20 };
	void *p[BLOCKS];
	size_t alignment, i, j, bad = 0;

	for (alignment = 1; alignment <= 64 * KB; alignment *= 4)
		for (i = 0; i < ARRAY_SIZE(sizes) - 1; i++) {
			size_t n = sizes[i];

			for (j = 0; j < BLOCKS; j++) {
				p[j] = aligned_alloc(alignment, n);
				if (!is_aligned(p[j], alignment))
					bad = n + 1;
				fill(p[j], n, j);
			}
			for (j = 0; j < BLOCKS; j++) {
				if (!intact(p[j], n, j))
					bad = n + 1;
				free_aligned_sized(p[j], alignment, n);
			}
		}
	check(!bad, "free_aligned_sized", "a block of %zu bytes went wrong",
	      bad - 1);
}

/* realloc(p, n) may be given back as free_sized(p, n). */
static void check_after_realloc(void)
{
	unsigned char *p = NULL;
	size_t n, bad = 0;

	for (n = 1; n < 400000; n = n * 3 / 2 + 1) {
		p = realloc(p, n);
		p[n - 1] = 1;
		free_sized(p, n);
		p = malloc(n);
		fill(p, n, n);
		p = realloc(p, n + 1);
		if (!intact(p, n, n))
			bad = n;
	}
	free(p);
	check(!bad, "after-realloc", "contents lost at %zu bytes", bad);
}

static void check_null_and_errno(void)
{
	void *p = malloc(100), *q = aligned_alloc(64, 128);

	errno = 12345;
	free_sized(NULL, 0);
	free_sized(NULL, 100);
	free_aligned_sized(NULL, 64, 128);
	free_sized(p, 100);
	free_aligned_sized(q, 64, 128);
	check(errno == 12345, "keeps-errno", "errno is %d", errno);
}

static void check_reuse(void)
{
	long before = rss_kb(), grown;
	int i;

	for (i = 0; i < 30000; i++) {
		memset(aligned_alloc(64, 4096), 1, 1);
		free_aligned_sized(aligned_alloc(64, 4096), 64, 4096);
		free_sized(memset(malloc(4096), 1, 4096), 4096);
	}
	grown = rss_kb() - before;
	/* Only the first of the three is kept: one page each. */
	check(grown < 30000 * 4 + 24 * 1024, "reuse", "%ld KiB more", grown);
}

int main(void)
{
	begin("sized");
	if (!on_ashlar() && !free_sized)
		return finish();
	if (!check(free_sized && free_aligned_sized, "exist",
		   "free_sized or free_aligned_sized is missing"))
		return finish();
	check_free_sized();
	check_free_aligned_sized();
	check_after_realloc();
	check_null_and_errno();
	check_reuse();
	return finish();
}
