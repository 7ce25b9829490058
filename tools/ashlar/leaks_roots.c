/* SPDX-License-Identifier: MIT */
/*
 * Where a program's own pointers are: in its threads' registers, on their
 * stacks, in thread-local and global variables, and in what it has mapped.
 *
 *   a stack     | guard | dead ... | 128 bytes | frames … | thread-local |
 *                                  ▲           ▲                 ▲ its
 *               what lies below     \          sp                descriptor
 *               is of calls that     the red zone
 *               are over
 *
 * All pages that were written are looked at, but for the heap, which is
 * reached from here; the allocator's own; the part of a stack that is dead;
 * and stacks whose thread has ended, which the C library keeps for others. A
 * stack is known by the page without access below it.
 *
 * /proc/PID/pagemap says which pages are there and whether they are still
 * those of the file: a page of a private mapping that is holds no pointer. A
 * copy shares the pages of shared mappings, but does not know yet that it does.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "leaks.h"

#define RED_ZONE 128
#define BUFFER (256ul << 10)
#define PAGES_AT_ONCE 8192
#define THREADS_MAX 65536
/* Of a page in /proc/PID/pagemap. */
#define PAGE_THERE (1ull << 63 | 1ull << 62)
#define PAGE_OF_FILE (1ull << 61)
/* glibc's thread descriptor lies in the last bytes of a stack. */
#define DESCRIPTOR_WITHIN (64ul << 10)
#define DESCRIPTOR_ALIGN 64
#define DESCRIPTOR_BYTES 0x300 /* at least */
#define DTV_WORD 1
#define TID_WORD (0x2d0 / 8) /* 0: ended */
#define THREAD_JOINED UINT32_MAX

struct mapping {
	struct span at;
	bool guard; /* nothing may be done with it */
	bool shared, stack;
};

struct roots {
	struct marker *m;
	struct target *t;
	int pagemap, shared_pagemap;
	uint64_t *sp; /* of each thread, 0: not known */
	size_t nr_threads;
	uint64_t *buffer, *pages;
};

/* ---- threads ---- */

/* Of the thread that ends the process; its stack counts from there exactly. */
static bool is_ending(const struct roots *r, const char *tid)
{
	return r->m->heap->ending_sp &&
	       strtol(tid, NULL, 10) == r->m->heap->ending;
}

static bool add_sp(struct roots *r, uint64_t sp)
{
	size_t n = r->nr_threads;
	uint64_t *more;

	if (n >= THREADS_MAX)
		return target_fail(r->t, "%s has too many threads",
				   r->t->label);
	more = heap_grow(r->m->heap, r->sp, n, sizeof(*more));
	if (!more)
		return false;
	r->sp = more;
	more[n] = sp;
	r->nr_threads++;
	return true;
}

/* Of a copy: as they were held. Their registers lie in an area of it. */
static bool take_held(struct roots *r, uint64_t held)
{
	struct ashlar_held h[64];
	uint64_t end = held + HELD_MOST * sizeof(h[0]);
	bool ok = true;
	size_t i;

	for (; ok && held < end; held += sizeof(h)) {
		if (target_copy(r->t, h, held, sizeof(h)) != sizeof(h))
			return target_fail(r->t,
					   "the threads of %s cannot be "
					   "found",
					   r->t->label);
		for (i = 0; ok && i < ARRAY_SIZE(h); i++)
			ok = !h[i].sp || add_sp(r, h[i].sp);
	}
	return ok;
}

/* The stack pointer of one that runs is not known. */
static bool add_thread(void *arg, const char *tid)
{
	struct roots *r = arg;
	struct thread_call c;

	if (is_ending(r, tid))
		return add_sp(r, r->m->heap->ending_sp + RED_ZONE);
	if (!thread_call(r->t->pid, tid, &c))
		return add_sp(r, 0);
	return mark_words(r->m, c.argument, THREAD_ARGUMENTS) &&
	       add_sp(r, c.sp);
}

/* The lowest stack pointer in @s, or 0. */
static uint64_t lowest_sp(const struct roots *r, struct span s)
{
	uint64_t lowest = 0, sp;
	size_t i;

	for (i = 0; i < r->nr_threads; i++) {
		sp = r->sp[i];
		if (sp >= s.start && sp < s.end && (!lowest || sp < lowest))
			lowest = sp;
	}
	return lowest;
}

/*
 * Of a stack whose thread has the descriptor at @words there counts all, while
 * that lives; the descriptor, which may have its result, until somebody has
 * waited for it; and then only what leads to its thread-local variables'
 * blocks, which stay for the next thread on that stack.
 */
static bool see_idle(struct roots *r, const uint64_t *words, uint64_t at,
		     struct span *s)
{
	uint32_t tid = (uint32_t)words[TID_WORD];

	if (tid == 0)
		s->start = at;
	else if (tid == THREAD_JOINED)
		s->start = s->end;
	return tid != THREAD_JOINED || mark_words(r->m, words + DTV_WORD, 1);
}

/* Leave of @s, a stack that no thread is known to be on, what counts. */
static bool see_idle_stack(struct roots *r, struct span *s)
{
	uint64_t size = min(s->end - s->start, DESCRIPTOR_WITHIN), at, offset;
	const uint64_t *words = r->buffer;

	if (size < DESCRIPTOR_BYTES ||
	    target_copy(r->t, r->buffer, s->end - size, size) != size)
		return true;
	offset = ALIGN_DOWN(size - DESCRIPTOR_BYTES, DESCRIPTOR_ALIGN);
	for (;; offset -= DESCRIPTOR_ALIGN) {
		at = s->end - size + offset;
		/* It begins with its own address, and has it two words on. */
		if (words[offset / 8] == at && words[offset / 8 + 2] == at)
			return see_idle(r, words + offset / 8, at, s);
		if (!offset)
			return true;
	}
}

/* ---- mappings ---- */

static bool see_pages(struct roots *r, uint64_t start, uint64_t end)
{
	size_t want, got;

	while (start < end) {
		want = min(end - start, (uint64_t)BUFFER);
		got = target_copy(r->t, r->buffer, start, want);
		if (!mark_words(r->m, r->buffer, got / sizeof(*r->buffer)) ||
		    !heap_in_time(r->m->heap))
			return false;
		/* A page that is not there: its neighbours may be. */
		start += got < want ? ALIGN_DOWN(got, PAGE_SIZE) + PAGE_SIZE :
				      got;
	}
	return true;
}

static bool page_counts(const struct mapping *map, uint64_t page)
{
	return (page & PAGE_THERE) && (map->shared || !(page & PAGE_OF_FILE));
}

/* The pages of @s that were written, as far as it can be known. */
static bool see_span(struct roots *r, const struct mapping *map, struct span s)
{
	uint64_t size = (uint64_t)sysconf(_SC_PAGESIZE), page, n, i, first;
	uint64_t end = (s.end + size - 1) / size, got;
	int pagemap = map->shared ? r->shared_pagemap : r->pagemap;

	for (page = s.start / size; page < end; page += n) {
		n = min(end - page, (uint64_t)PAGES_AT_ONCE);
		got = (uint64_t)pread(pagemap, r->pages, n * 8,
				      (off_t)(page * 8));
		if (got != n * 8)
			return see_pages(r, max(s.start, page * size), s.end);
		for (i = 0; i < n; i++) {
			if (!page_counts(map, r->pages[i]))
				continue;
			first = i;
			while (i < n && page_counts(map, r->pages[i]))
				i++;
			if (!see_pages(r, max(s.start, (page + first) * size),
				       min(s.end, (page + i) * size)))
				return false;
		}
		if (!heap_in_time(r->m->heap))
			return false;
	}
	return true;
}

/* What of @s is not to be skipped. Those to be skipped are in order. */
static bool see_rest(struct roots *r, const struct mapping *map, struct span s)
{
	const struct heap *h = r->m->heap;
	size_t i;

	for (i = 0; i < h->nr_skip && s.start < s.end; i++) {
		if (h->skip[i].end <= s.start)
			continue;
		if (h->skip[i].start >= s.end)
			break;
		if (h->skip[i].start > s.start &&
		    !see_span(r, map,
			      (struct span){ s.start, h->skip[i].start }))
			return false;
		s.start = h->skip[i].end;
	}
	return s.start >= s.end || see_span(r, map, s);
}

static bool see_mapping(struct roots *r, const struct mapping *map,
			const struct mapping *before)
{
	bool guarded = before->guard && before->at.end == map->at.start;
	struct span s = map->at;
	uint64_t sp = lowest_sp(r, s);

	if (sp && (map->stack || guarded))
		s.start = max(s.start, sp - RED_ZONE) & ~7ull;
	else if (!sp && guarded && !map->shared && !see_idle_stack(r, &s))
		return false;
	return see_rest(r, map, s);
}

static bool is_wanted(const char *name)
{
	return strncmp(name, "[v", 2) &&
	       (strncmp(name, "/dev/", 5) || !strncmp(name, "/dev/shm/", 9) ||
		!strncmp(name, "/dev/zero", 9));
}

/* A line of /proc/PID/maps. False: it is none. */
static bool parse_mapping(const char *line, struct mapping *map, bool *wanted)
{
	unsigned long long start, end;
	char mode[8];
	int at = 0;

	if (sscanf(line, "%llx-%llx %7s %*s %*s %*s %n", &start, &end, mode,
		   &at) != 3 ||
	    !at || start >= end || end > INT64_MAX)
		return false;
	*map = (struct mapping){
		.at = { start, end },
		.guard = mode[0] == '-' && mode[1] == '-',
		.shared = mode[3] == 's',
		.stack = !strncmp(line + at, "[stack]", 7),
	};
	*wanted = mode[0] == 'r' && (mode[1] == 'w' || !map->shared) &&
		  is_wanted(line + at);
	return true;
}

static bool see_mappings(struct roots *r)
{
	struct mapping map, before = { .guard = false };
	char path[64], *line = NULL;
	size_t size = 0;
	bool ok = true, wanted;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", r->t->pid);
	f = fopen(path, "re");
	if (!f)
		return target_fail(r->t, "%s ended", r->t->label);
	while (ok && getline(&line, &size, f) > 0) {
		if (!parse_mapping(line, &map, &wanted))
			continue;
		if (wanted)
			ok = see_mapping(r, &map, &before);
		before = map;
	}
	fclose(f);
	free(line);
	return ok;
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static int open_pagemap(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/**
 * roots_mark() - mark what a process's own pointers hold
 * @m: the marker
 * @held: where, in a copy, its threads were entered; 0: it is no copy
 *
 * Return: true, or false with the reason in the target's error.
 */
bool roots_mark(struct marker *m, uint64_t held)
{
	struct heap *h = m->heap;
	struct roots r = { .m = m, .t = h->t, .pagemap = -1 };
	bool ok;

	r.pagemap = open_pagemap(h->t->pid);
	r.shared_pagemap = open_pagemap(h->process);
	r.buffer = malloc(BUFFER);
	r.pages = malloc(PAGES_AT_ONCE * sizeof(*r.pages));
	qsort(h->skip, h->nr_skip, sizeof(*h->skip), by_start);
	if (r.buffer && r.pages)
		ok = (held ? take_held(&r, held) :
			     threads_each(h->t->pid, add_thread, &r)) &&
		     see_mappings(&r);
	else
		ok = target_fail(h->t, "out of memory");
	if (r.pagemap >= 0)
		close(r.pagemap);
	if (r.shared_pagemap >= 0)
		close(r.shared_pagemap);
	free(r.sp);
	free(r.buffer);
	free(r.pages);
	return ok;
}
