/* SPDX-License-Identifier: MIT */
/* What the programs of tests/heap share. They look into the segment. */
#ifndef TESTS_HEAP_TEST_H
#define TESTS_HEAP_TEST_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../../port/user/heap_segment.h"

static int failures;

static inline bool check(bool good, const char *name, const char *why, ...)
{
	va_list ap;

	if (good) {
		printf("ok heap/%s\n", name);
		return true;
	}
	failures++;
	printf("not ok heap/%s - ", name);
	va_start(ap, why);
	vprintf(why, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	return false;
}

static inline u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state * 0x2545f4914f6cdd1dull >> 16;
}

static const u16 class_sizes[] = {
	16,  32,  48,  64,  80,	 96,  112,  128,  160,	192,  224,  256,  320,
	384, 448, 512, 640, 768, 896, 1024, 1280, 1536, 1792, 2048, 4096,
};

/* True if a block that is in use begins at @ref, by what the segment says. */
static inline bool is_block(const struct ashlar_heap *h, ashlar_heap_ref ref)
{
	const struct heap_page *p = &h->page[ref >> HEAP_PAGE_SHIFT];
	u32 offset = (u32)(ref % HEAP_PAGE), size, place;

	if (p->kind == HEAP_PAGE_RUN)
		return !offset;
	if (heap_kind_of(p->kind) != HEAP_PAGE_SLAB)
		return false;
	size = class_sizes[heap_class_of(p->kind)];
	place = offset / size;
	return offset % size == 0 && !(p->free[place / 64] >> place % 64 & 1);
}

/* The references of a heap: the block that its root refers to. */
#define NR_REFS 96

/* What is wrong with a heap whose blocks are the table and its refs; or NULL */
static inline const char *what_is_wrong(struct ashlar_heap *h)
{
	static char why[200];
	ashlar_heap_ref *refs = ashlar_heap_root(h);
	size_t nr = 1, blocks;
	int i, j;

	if (ashlar_heap_validate(h))
		return "validate: it is damaged";
	for (i = 0; i < NR_REFS; i++) {
		if (!refs[i])
			continue;
		nr++;
		if (!is_block(h, refs[i])) {
			snprintf(why, sizeof(why), "ref %d, %#llx, is free", i,
				 refs[i]);
			return why;
		}
		for (j = 0; j < i; j++)
			if (refs[j] == refs[i])
				return "a block was handed out twice";
	}
	ashlar_heap_used(h, &blocks);
	snprintf(why, sizeof(why), "%zu blocks, %zu references", blocks, nr);
	return blocks == nr ? NULL : why;
}

static inline struct ashlar_heap *heap_with_table(size_t size)
{
	struct ashlar_heap *h = NULL;

	if (ashlar_heap_create(&h, NULL, size) ||
	    !ashlar_heap_alloc_to(h, NR_REFS * sizeof(ashlar_heap_ref),
				  ashlar_heap_root_ref(h)))
		return NULL;
	memset(ashlar_heap_root(h), 0, NR_REFS * sizeof(ashlar_heap_ref));
	return h;
}

/* Allocates into refs [from, to), and releases from them, at random. */
static inline void churn(struct ashlar_heap *h, u64 seed, unsigned long times,
			 unsigned int from, unsigned int to)
{
	ashlar_heap_ref *refs = ashlar_heap_root(h);
	u64 state = seed * 0x9e3779b97f4a7c15ull + 1;
	char *p;

	while (times--) {
		unsigned int i = from + next_random(&state) % (to - from);
		u64 r = next_random(&state);
		size_t size = r % 8 == 0 ? 1 + r / 8 % 40000 :
			      r % 2	 ? 1 + r / 8 % 100 :
					   1 + r / 8 % 5000;

		if (refs[i]) {
			ashlar_heap_free_from(h, &refs[i]);
		} else {
			p = ashlar_heap_alloc_to(h, size, &refs[i]);
			if (p)
				p[0] = p[size - 1] = 1;
		}
	}
}

#endif
