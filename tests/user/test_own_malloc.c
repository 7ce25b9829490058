/* SPDX-License-Identifier: MIT */
/*
 * A program that brings malloc, calloc, realloc and free of its own, and no
 * more of the family. What the libraries make of these must end in them.
 */
#include "check.h"

#define HEAD 16

static char pool[16 * MB];
static size_t used;
static long foreign; /* blocks freed here that are not from here */

void *reallocarray(void *p, size_t n, size_t size);
void free_sized(void *p, size_t size) __attribute__((weak));
void free_aligned_sized(void *p, size_t align, size_t size)
	__attribute__((weak));

static bool is_own(const void *p)
{
	return (const char *)p >= pool && (const char *)p < pool + sizeof(pool);
}

void *malloc(size_t n)
{
	size_t at = __atomic_fetch_add(&used, (n + HEAD + 15) & ~15ul,
				       __ATOMIC_RELAXED);

	if (at + n + HEAD > sizeof(pool))
		return NULL;
	*(size_t *)(pool + at) = n;
	return pool + at + HEAD;
}

void free(void *p)
{
	foreign += p && !is_own(p);
}

void *calloc(size_t n, size_t size)
{
	return malloc(n * size); /* from the pool once: it reads as zero */
}

void *realloc(void *p, size_t n)
{
	char *new = malloc(n);
	size_t old, i;

	if (!p || !new)
		return new;
	old = *(size_t *)((char *)p - HEAD);
	for (i = 0; i < n && i < old; i++)
		new[i] = ((char *)p)[i];
	return new;
}

static int arrays(void *arg)
{
	char *p = malloc(10);

	(void)arg;
	strcpy(p, "abc");
	p = reallocarray(p, 100, 10);
	if (!is_own(p) || strcmp(p, "abc"))
		return 1;
	p = reallocarray(NULL, 4, 10);
	free(p);
	return !is_own(p) || foreign;
}

static int sized_frees(void *arg)
{
	(void)arg;
	if (free_sized)
		free_sized(malloc(10), 10);
	if (free_aligned_sized)
		free_aligned_sized(malloc(10), 16, 10);
	return foreign != 0;
}

static int text(void *arg)
{
	char *line = NULL, *s;
	size_t n = 0;
	FILE *f = fopen("/proc/self/status", "r");

	(void)arg;
	if (!f || getline(&line, &n, f) < 0 || asprintf(&s, "%d", 5) < 0)
		return 1;
	fclose(f);
	free(line);
	free(s);
	free(strdup("text"));
	return foreign != 0;
}

int main(void)
{
	int status;

	begin("own_malloc");
	status = in_child(arrays, NULL, 10);
	check(exited_well(status), "reallocarray", "%s", ending(status));
	status = in_child(sized_frees, NULL, 10);
	check(exited_well(status), "sized-frees", "%s", ending(status));
	status = in_child(text, NULL, 10);
	check(exited_well(status), "text", "%s", ending(status));
	return finish();
}
