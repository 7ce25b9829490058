/* SPDX-License-Identifier: MIT */
/*
 * A program that says which of its allocations fail, and goes on: a letter for
 * each, small if it was served. "unchecked" and "leaks" are wrong: they do not
 * look at a result, or lose a block where another failed; "hangs" waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

static NOINLINE void *block(size_t size)
{
	void *p = malloc(size);

	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

static NOINLINE void *from_here(size_t size)
{
	void *p = block(size);

	__asm__ volatile("" : "+r"(p) : : "memory");
	return p;
}

static char letter(char c, void *p)
{
	free(p);
	return p ? c : (char)(c - 32);
}

static void say_letters(void)
{
	char line[32] = "", *at = line;
	void *p = NULL, *q;
	FILE *f;

	*at++ = letter('a', block(100));
	*at++ = letter('b', from_here(100));
	*at++ = letter('c', calloc(20, 20));
	*at++ = letter('d', strdup("text"));
	f = fopen("/dev/null", "r");
	*at++ = f ? 'e' : 'E';
	if (f)
		fclose(f);
	*at++ = posix_memalign(&p, 64, 200) ? 'F' : 'f';
	free(p);
	p = block(1 << 20);
	q = realloc(p, 1 << 21);
	*at++ = p ? 'g' : 'G';
	*at++ = q ? 'h' : 'H';
	free(q ? q : p);
	puts(line);
}

/* Each has one mistake, when the second allocation fails. */
static int wrong(const char *how)
{
	char *p = block(64), *q;

	if (!p)
		return 3;
	q = block(80);
	if (!strcmp(how, "unchecked"))
		*(volatile char *)q = 't'; /* wrong: unchecked */
	if (!q && !strcmp(how, "leaks"))
		return 4;
	while (!q && !strcmp(how, "hangs"))
		pause();
	free(q);
	free(p);
	return q ? 0 : 5;
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return wrong(argv[1]);
	say_letters();
	return 0;
}
