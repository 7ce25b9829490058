/* SPDX-License-Identifier: MIT */
/*
 * sample=1/N: of blocks that are had in any way one of N is a sample, even if
 * the program has no more than one block at a time. (The usable size of a sample
 * is what was asked for; of any other block it is that of its class.)
 */
#include <new>

extern "C" {
#include <malloc.h>
#include "check.h"
}

#define RATE "1/400"
#define PAIRS 200000
#define WANTED (PAIRS / 400)

static unsigned long samples;

/* @p, which is of @size bytes, that no class has. */
static void *seen(void *p, size_t size)
{
	samples += malloc_usable_size(p) == size;
	return p;
}

static void by_malloc(size_t size)
{
	free(seen(malloc(size), size));
}

static void by_calloc(size_t size)
{
	free(seen(calloc(1, size), size));
}

static void by_aligned(size_t size)
{
	free(seen(aligned_alloc(8, size), size));
}

/* Of two blocks the second is looked at: the first is of another class. */
static void by_realloc(size_t size)
{
	free(seen(realloc(malloc(size * 5 / 8), size), size));
}

static void by_new(size_t size)
{
	operator delete(seen(operator new(size), size));
}

static void by_sized_delete(size_t size)
{
	operator delete(seen(operator new(size), size), size);
}

static void by_new_array(size_t size)
{
	operator delete[](seen(operator new[](size), size));
}

static void by_new_or_null(size_t size)
{
	operator delete(seen(operator new(size, std::nothrow), size));
}

/* Each is as likely to be one as any other, if not as likely each time. */
static void count(const char *name, void (*pair)(size_t), size_t size)
{
	char label[60];
	int i;

	samples = 0;
	for (i = 0; i < PAIRS; i++)
		pair(size);
	snprintf(label, sizeof(label), "%s-of-%zu", name, size);
	check(samples > WANTED / 2 && samples < WANTED * 3 / 2, label,
	      "%lu samples, %d were to be expected", samples, WANTED);
}

/* A hundred at a time come back in the order that they were had in. */
static void count_many(void)
{
	void *p[100];
	int i, j;

	samples = 0;
	for (i = 0; i < PAIRS / 100; i++) {
		for (j = 0; j < 100; j++)
			p[j] = seen(malloc(40), 40);
		for (j = 0; j < 100; j++)
			free(p[j]);
	}
	check(samples > WANTED / 2 && samples < WANTED * 3 / 2,
	      "a-hundred-at-a-time", "%lu samples, %d were to be expected",
	      samples, WANTED);
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 20,  40,  70,	100,  130,  250,
					300, 700, 1000, 1100, 2500, 3900 };
	size_t i;

	(void)argc;
	if (!getenv("ASHLAR_OPTIONS")) {
		setenv("ASHLAR_OPTIONS", "sample=" RATE, 1);
		execv("/proc/self/exe", argv);
		return 1;
	}
	begin("samples");
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		count("malloc", by_malloc, sizes[i]);
	count("calloc", by_calloc, 100);
	count("aligned_alloc", by_aligned, 100);
	count("realloc", by_realloc, 100);
	count("realloc", by_realloc, 3000);
	count("new", by_new, 40);
	count("new", by_new, 1000);
	count("sized-delete", by_sized_delete, 40);
	count("new-array", by_new_array, 40);
	count("new-or-null", by_new_or_null, 40);
	count_many();
	return finish();
}
