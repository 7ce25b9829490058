/* SPDX-License-Identifier: MIT */
/*
 * A second release is noticed however long the first one was ago: also when
 * the block's memory went back to the kernel in between and reads as zero,
 * and when its memory was cut up anew.
 *
 * For each size of block a child fills a heap, frees most of it, looks for
 * freed blocks whose page is not resident any more, and makes the mistake
 * with one of them, in each of the ways below. It has to end by abort().
 */
#include "check.h"
#include <malloc.h>
#include <pthread.h>

enum { HEAP = 4 << 20, KEEP_EACH = 48 << 10, MOST = HEAP / 16, PICKS = 2 };
enum { GIVEN_BACK = 0, NONE_GIVEN_BACK = 50 };

/* Slabs of 1 … 16 frames; blocks over one frame; blocks with their own. */
static const size_t sizes[] = { 16,    48,    64,    160,   528,
				1040,  2064,  4096,  5136,  8192,
				12304, 16384, 20000, 65536, 131072 };

struct heap {
	void **block;
	unsigned char *kept;
	size_t n, size;
};

struct mistake {
	size_t size, pick; /* the pick-th freed block that suits */
	int (*make)(struct heap *h, void *freed);
};

static void fill_heap(struct heap *h, size_t size)
{
	h->n = HEAP / size;
	h->size = size;
	h->block = map_pages(MOST * sizeof(void *));
	h->kept = map_pages(MOST);
	for (size_t i = 0; i < h->n; i++) {
		h->block[i] = malloc(size);
		if (!h->block[i])
			_exit(1);
		memset(h->block[i], 1, size);
		h->kept[i] = i % (KEEP_EACH / size + 1) == 0;
	}
}

static void free_most(struct heap *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (!h->kept[i])
			free(h->block[i]);
}

/* True if the page of @p is with the kernel, or was never touched since. */
static bool is_given_back(void *p)
{
	static char *last;
	static unsigned char in;
	char *page = (char *)((uintptr_t)p & ~(uintptr_t)4095);

	if (page != last && mincore(page, 1, &in))
		in = 0;
	last = page;
	return !(in & 1);
}

/* A freed block, given back if there is one: the pick-th. */
static void *choose(struct heap *h, size_t pick)
{
	size_t given = 0, i;

	for (i = 0; i < h->n; i++)
		given += !h->kept[i] && is_given_back(h->block[i]);
	given = given * pick / PICKS;
	for (i = 0; i < h->n; i++)
		if (!h->kept[i] && is_given_back(h->block[i]) && !given--)
			return h->block[i];
	return NULL;
}

/* ---- the ways to be wrong; each ends the child, or returns ---- */

static int free_again(struct heap *h, void *freed)
{
	(void)h;
	free(freed);
	return 2;
}

static int realloc_freed(struct heap *h, void *freed)
{
	return realloc(freed, h->size * 2) ? 2 : 3;
}

static int ask_size(struct heap *h, void *freed)
{
	(void)h;
	return malloc_usable_size(freed) ? 2 : 3;
}

static void *free_in_thread(void *freed)
{
	free(freed);
	return NULL;
}

static int free_elsewhere(struct heap *h, void *freed)
{
	pthread_t t;

	(void)h;
	if (pthread_create(&t, NULL, free_in_thread, freed))
		return 4;
	pthread_join(t, NULL);
	return 2;
}

static int free_in_fork(struct heap *h, void *freed)
{
	pid_t pid = fork();
	int status;

	(void)h;
	if (!pid) {
		free(freed);
		_exit(2);
	}
	status = wait_for(pid, 20);
	if (status != HUNG && WIFSIGNALED(status))
		raise(WTERMSIG(status));
	return 2;
}

static int free_after_trim(struct heap *h, void *freed)
{
	malloc_trim(0);
	return free_again(h, freed);
}

/* All memory is cut up anew, half of it is in use, and not the freed block. */
static int free_in_new_slab(struct heap *h, void *freed)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->kept[i])
			free(h->block[i]);
	malloc_trim(0);
	for (i = 0; i < h->n / 2; i++)
		if (malloc(h->size) == freed)
			raise(SIGABRT); /* it is in use: no mistake */
	return free_again(h, freed);
}

static int make_mistake(void *arg)
{
	struct mistake *m = arg;
	struct heap h;
	void *freed;

	close(STDERR_FILENO);
	mallopt(M_TRIM_THRESHOLD, 0);
	fill_heap(&h, m->size);
	free_most(&h);
	freed = choose(&h, m->pick);
	if (!freed)
		return NONE_GIVEN_BACK;
	return m->make(&h, freed);
}

static void check_way(const char *way, int (*make)(struct heap *h, void *freed))
{
	size_t i, pick, given = 0;
	char name[40];

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		int status = 0;

		for (pick = 0; pick < PICKS; pick++) {
			struct mistake m = { sizes[i], pick, make };

			status = in_child(make_mistake, &m, 30);
			if (status != HUNG && WIFEXITED(status) &&
			    WEXITSTATUS(status) == NONE_GIVEN_BACK)
				continue;
			given++;
			if (status == HUNG || !WIFSIGNALED(status) ||
			    WTERMSIG(status) != SIGABRT)
				break;
		}
		snprintf(name, sizeof(name), "%s-%zu", way, sizes[i]);
		check(pick == PICKS, name, "%s", ending(status));
	}
	snprintf(name, sizeof(name), "%s-given-back", way);
	check(given >= ARRAY_SIZE(sizes) * PICKS / 2, name,
	      "only in %zu heaps did pages go back", given);
}

int main(void)
{
	begin("second_free");
	check_way("free", free_again);
	check_way("realloc", realloc_freed);
	check_way("usable-size", ask_size);
	check_way("other-thread", free_elsewhere);
	check_way("fork", free_in_fork);
	check_way("trim", free_after_trim);
	check_way("new-slab", free_in_new_slab);
	return finish();
}
