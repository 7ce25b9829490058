/* SPDX-License-Identifier: MIT */
/*
 * What is freed goes back: pages and addresses of a heap that became empty,
 * also when some of its pages cannot, when a few blocks stay, and while other
 * threads fork. And near a limit all but little of it can be used.
 *
 * Each check runs in a child, with a heap of its own.
 */
#include "check.h"
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

enum { HEAP = 160 << 20, MOST = HEAP / 64, SPARE_KB = 32 << 10, FORKS = 5 };

static void **block;
static size_t blocks;

static void fill_heap(size_t bytes)
{
	uint64_t state = 7;
	size_t n;

	block = map_pages(MOST * sizeof(void *));
	for (blocks = 0; bytes; blocks++) {
		n = 100 + next_random(&state) % 500;
		n = n < bytes ? n : bytes;
		block[blocks] = malloc(n);
		if (!block[blocks])
			_exit(90);
		memset(block[blocks], 1, n);
		bytes -= n;
	}
}

/* All but each @keep-th; 0: all. */
static void free_heap(size_t keep)
{
	for (size_t i = 0; i < blocks; i++)
		if (!keep || i % keep)
			free(block[i]);
}

/* Exits with what was left of @key beyond @before, in MiB; 91 for more. */
static int left_mb(const char *key, long before)
{
	long mb = (status_kb(key) - before) >> 10;

	return mb < 0 ? 0 : mb < 91 ? (int)mb : 91;
}

/* The first block of addresses comes piece by piece, and stays. */
#define FIRST_KB (4096 - 512)

static int addresses(void *keep)
{
	long before;

	free(malloc(100));
	map_pages(HEAP / 64);
	before = status_kb("VmSize:") + FIRST_KB +
		 (long)(MOST * sizeof(void *) >> 10);
	fill_heap(HEAP);
	free_heap(*(size_t *)keep);
	return left_mb("VmSize:", before);
}

static int trimmed_addresses(void *keep)
{
	long before = status_kb("VmSize:") + FIRST_KB;

	before += (long)(MOST * sizeof(void *) >> 10);
	fill_heap(HEAP);
	free_heap(*(size_t *)keep);
	malloc_trim(0);
	return left_mb("VmSize:", before);
}

/* A locked page keeps its neighbours at most, and for as long as it is. */
static int locked_page(void *unlock)
{
	long before;
	void *page;

	fill_heap(HEAP);
	before = rss_kb() - (HEAP >> 10);
	page = (void *)((uintptr_t)block[blocks / 2] & ~(uintptr_t)4095);
	if (mlock(page, 4096))
		return 92;
	free_heap(0);
	malloc_trim(0);
	if (*(bool *)unlock) {
		munlock(page, 4096);
		fill_heap(HEAP);
		free_heap(0);
		malloc_trim(0);
	}
	return left_mb("VmRSS:", before);
}

/* Exits with the 100 KB that could not be had of the last 3 MB. */
static int last_megabytes(void *resource)
{
	long now = status_kb(*(int *)resource == RLIMIT_AS ? "VmSize:" :
							     "VmData:");
	struct rlimit r = { (now << 10) + 3 * MB, (now << 10) + 3 * MB };
	size_t got = 0;

	if (setrlimit(*(int *)resource, &r))
		return 93;
	while (malloc(1000))
		got += 1000;
	return got < 3 * MB ? (int)((3 * MB - got) / 100000) : 0;
}

static bool stop;

static void *breathe(void *arg)
{
	void *p[4000];

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		for (size_t i = 0; i < ARRAY_SIZE(p); i++) {
			p[i] = malloc(500 + i);
			if (p[i])
				memset(p[i], 1, 500);
		}
		for (size_t i = 0; i < ARRAY_SIZE(p); i++)
			if (i % 61)
				free(p[i]);
		malloc_trim(0);
		for (size_t i = 0; i < ARRAY_SIZE(p); i += 61)
			free(p[i]);
		malloc_trim(0);
	}
	return arg;
}

static int use_heap(void *arg)
{
	void *p[3000];
	bool good = true;
	size_t i;

	(void)arg;
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = malloc(700 + i);
		if (!p[i])
			return 1;
		fill(p[i], 700 + i, i);
	}
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		good &= intact(p[i], 700 + i, i);
		free(p[i]);
	}
	malloc_trim(0);
	return !good;
}

static int fork_while_trimming(void *arg)
{
	pthread_t t[2];
	int i, status;

	for (i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, breathe, arg))
			return 94;
	for (i = 0; i < FORKS; i++) {
		status = in_child(use_heap, arg, 20);
		if (!exited_well(status))
			_exit(status == HUNG ? 95 : 96);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	return 0;
}

/* @most: the most that a child may exit with. */
static void check_left(const char *name, int (*fn)(void *arg), void *arg,
		       int most)
{
	int status = in_child(fn, arg, 60);

	check(status != HUNG && WIFEXITED(status) &&
		      WEXITSTATUS(status) <= most,
	      name, "%s, at most %d is right", ending(status), most);
}

int main(void)
{
	static size_t all, few = 60000;
	static bool no, yes = true;
	static int as = RLIMIT_AS, data = RLIMIT_DATA;

	begin("give_back");
	check_left("addresses", addresses, &all, SPARE_KB >> 10);
	check_left("addresses-but-few-blocks", addresses, &few, 60);
	check_left("addresses-trimmed", trimmed_addresses, &all, 16);
	check_left("addresses-trimmed-but-few", trimmed_addresses, &few, 60);
	check_left("locked-page", locked_page, &no, 12);
	check_left("locked-page-until-unlocked", locked_page, &yes, 12);
	check_left("last-megabytes-of-addresses", last_megabytes, &as, 9);
	check_left("last-megabytes-of-data", last_megabytes, &data, 9);
	check_left("fork-while-trimming", fork_while_trimming, NULL, 0);
	return finish();
}
