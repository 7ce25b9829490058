/* SPDX-License-Identifier: MIT */
/*
 * Blocks that ASHLAR_OPTIONS=slub_debug=FZPU watches: what a right program may
 * count on, and what a wrong one is told. The runner sets the option.
 */
#include "check.h"
#include <malloc.h>

/* What a child said on stderr before it died, in @text. */
static int last_words(void (*mistake)(void), char *text, size_t size)
{
	int fds[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(fds))
		_exit(99);
	pid = fork();
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		mistake();
		_exit(0);
	}
	close(fds[1]);
	while ((n = read(fds[0], text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return status;
}

static size_t size_tried;

/* The compiler is not to know where it comes from, nor how large it is. */
static unsigned char *block(void)
{
	unsigned char *volatile p = malloc(size_tried);

	memset(p, 1, malloc_usable_size(p));
	return p;
}

static void write_behind(void)
{
	unsigned char *p = block();

	p[malloc_usable_size(p)] = 2;
	free(p);
}

static void write_before(void)
{
	unsigned char *p = block();

	p[-1] = 2;
	free(p);
}

static void write_late(void)
{
	unsigned char *p = block();

	block();
	free(p);
	p[size_tried / 2] = 2;
	for (int i = 0; i < 1000; i++)
		block();
}

static void free_twice(void)
{
	unsigned char *p;

	block();
	p = block();
	block();
	free(p);
	free(p);
}

static void free_middle(void)
{
	free(block() + 16);
}

static void grow_behind(void)
{
	unsigned char *p = block();

	p[malloc_usable_size(p)] = 2;
	p = realloc(p, 4 * size_tried);
	p[0] = 1;
}

static const struct mistake {
	const char *name;
	void (*make)(void);
	const char *kind; /* in the report */
	const char *who; /* in the lines before it */
	size_t largest; /* a block with a slab of its own takes it along */
} mistakes[] = {
	{ "write-behind", write_behind, "redzone", "Allocated", 20000 },
	{ "write-before", write_before, "redzone", "Allocated", 20000 },
	{ "write-after-free", write_late, "write-after-free", "Freed", 20000 },
	{ "free-twice", free_twice, "double-free", "Freed", 200 },
	{ "free-middle", free_middle, "bad-free", "", 20000 },
	{ "write-then-realloc", grow_behind, "redzone", "Allocated", 20000 },
};

static void try_mistake(const struct mistake *m)
{
	static const size_t sizes[] = { 24, 64, 200, 4096, 20000 };
	char text[8192], kind[64];
	int status = 0;

	snprintf(kind, sizeof(kind), "ERROR: Ashlar: %s: ", m->kind);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (sizes[i] > m->largest)
			break;
		size_tried = sizes[i];
		status = last_words(m->make, text, sizeof(text));
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT ||
		    !strstr(text, kind) || !strstr(text, m->who))
			break;
		status = 0;
	}
	check(!status, m->name, "size %zu: status %#x, stderr: %.300s",
	      size_tried, status, text);
}

static void check_contents(void)
{
	unsigned char *p = malloc(100);
	bool fresh = true;

	for (int i = 0; i < 100; i++)
		fresh = fresh && p[i] == 0x5a;
	check(fresh, "new-is-5a", "first byte %#x", p[0]);
	free(p);
	p = calloc(25, 4);
	for (int i = 0; i < 100; i++)
		fresh = fresh && p[i] == 0;
	check(fresh, "calloc-is-0", "first byte %#x", p[0]);
	free(p);
}

static void check_sizes(void)
{
	size_t n, bad = 0;
	void *p = NULL;

	for (n = 1; n < 200000; n += 1 + n / 9) {
		p = realloc(p, n);
		if (malloc_usable_size(p) < n || (uintptr_t)p % 16)
			bad = n;
		memset(p, 3, malloc_usable_size(p));
	}
	free(p);
	check(!bad, "usable-size", "%zu bytes", bad);
	for (n = 16; n <= 65536; n *= 2) {
		p = aligned_alloc(n, n / 2 + 1);
		if ((uintptr_t)p % n)
			bad = n;
		memset(p, 3, malloc_usable_size(p));
		free(p);
	}
	check(!bad, "aligned", "to %zu bytes", bad);
}

int main(void)
{
	begin("watched");
	check_contents();
	check_sizes();
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
		try_mistake(&mistakes[i]);
	return finish();
}
