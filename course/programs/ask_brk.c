/* SPDX-License-Identifier: MIT */
/*
 * Exercises of lesson 19: where the C library's malloc takes memory from. A
 * child process tries each case, so that its heap is as after a start.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../model/part.h"

#define KB 1024ul

enum source { NEITHER, BRK, MMAP };

static const char *const names[] = { "neither", "brk", "mmap" };

struct heap {
	char *top;
	size_t maps;
};

static struct heap look(void)
{
	struct mallinfo2 m = mallinfo2();

	return (struct heap){ sbrk(0), m.hblks };
}

static enum source taken(struct heap before)
{
	struct heap now = look();

	if (now.maps != before.maps)
		return MMAP;
	return now.top != before.top ? BRK : NEITHER;
}

/* A child's answer; what it does may crash it, and changes nothing here. */
static int in_child(int (*fn)(const size_t *n), const size_t *n)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(fn(n));
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

/* malloc(), which no compiler leaves out. */
static char *take(size_t n)
{
	static void *volatile block;

	block = malloc(n);
	return block;
}

/* malloc(n[1]), after malloc(n[0]). */
static int after_one(const size_t *n)
{
	struct heap before;

	take(n[0]);
	before = look();
	take(n[1]);
	return (int)taken(before);
}

/* The same with another threshold. */
static int with_threshold(const size_t *n)
{
	mallopt(M_MMAP_THRESHOLD, (int)n[2]);
	return after_one(n);
}

/* free(malloc(n[0])): 1 if the process has that memory no more. */
static int gone_after_free(const size_t *n)
{
	char *p = take(n[0]);
	char *page = (char *)(((uintptr_t)p + 4095) & ~4095ul);
	unsigned char there;

	take(100); /* so that p is not the heap's end */
	memset(p, 1, n[0]);
	free(p);
	return mincore(page, 4096, &there) != 0;
}

static void ask_brk(void)
{
	size_t small = 100 + draw_below(100 * KB);
	size_t sizes[] = { 64 + draw_below(2000), 140 * KB + draw_below(300000),
			   100 * KB + draw_below(20000) };
	size_t n[3] = { small, sizes[draw_below(3)], 0 };

	ask("A program of the C library calls malloc(%zu), as its first, and "
	    "then malloc(%zu). What does the second call ask the kernel for "
	    "memory with? brk, mmap, or neither",
	    n[0], n[1]);
	answer("%s", names[in_child(after_one, n)]);
	because("From 128 KB on a block is a mapping of its own. A smaller one "
		"comes from the heap, whose end moves by 132 KB at least: what "
		"is left of that needs no call.");
	n[0] = small;
	n[1] = 20 * KB + draw_below(200 * KB);
	n[2] = 64 * KB;
	ask("Before all that, it has set M_MMAP_THRESHOLD to %zu. And now "
	    "malloc(%zu) is the second call. brk, mmap, or neither",
	    n[2], n[1]);
	answer("%s", names[in_child(with_threshold, n)]);
	because("The threshold is where mappings begin.");
	n[0] = draw_below(2) ? 150 * KB + draw_below(100000) :
			       40 * KB + draw_below(80000);
	ask("It takes a block of %zu bytes, then one of 100, and frees the "
	    "first. Does the kernel have that memory back? yes or no",
	    n[0]);
	answer("%s", in_child(gone_after_free, n) ? "yes" : "no");
	because("A mapping is unmapped at once. Within the heap a free block "
		"waits for the next malloc: only the heap's end can be given "
		"back.");
}

static const struct lesson lessons[] = { { 19, ask_brk }, { 0, NULL } };
static const struct part part = { .lessons = lessons };
const struct part *const course_parts[] = { &part, NULL };
