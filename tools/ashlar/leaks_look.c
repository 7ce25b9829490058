/* SPDX-License-Identifier: MIT */
/*
 * A look at a process: from its number to groups of leaked blocks.
 *
 * A process that was told to makes a copy of itself, which is looked at. Any
 * other changes while it is read: a pointer may be on its way
 * from a place that was not looked at yet to one that was. So it is looked at
 * again, and what counts is what no look could reach, until four agree.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "leaks.h"

#define LOOKS_MOST 8
#define LOOKS_AGREED 4
#define BETWEEN_MS 30
#define LOOK_SECONDS 120

static bool count_live(struct leaks *l, const struct heap *h)
{
	const struct run *r;
	uint32_t i, n;

	for (r = h->runs; r < h->runs + h->nr_runs; r++) {
		for (i = n = 0; i < r->slots; i++)
			n += bit_is_set(h->white, r->first + i);
		l->live_blocks += n;
		l->live_bytes += n * r->bytes;
		l->stacks |= r->trace != NONE ||
			     (r->record &&
			      (h->caches[r->cache].flags & SLAB_STORE_USER));
	}
	return true;
}

static bool keep_addresses(struct leaks *l, struct heap *h,
			   const struct unreached *u)
{
	uint64_t *more = malloc((u->nr + 1ul) * sizeof(*more));
	uint32_t i;

	if (!more)
		return target_fail(h->t, "out of memory");
	for (i = 0; i < u->nr; i++)
		more[i] = block_address(h, u->blocks[i]);
	free(l->addresses);
	l->addresses = more;
	l->nr_addresses = u->nr;
	return true;
}

static bool look(struct leaks *l, struct target *t, uint64_t held,
		 const uint64_t *before, size_t nr_before)
{
	struct unreached u = { 0 };
	struct marker m = { 0 };
	struct heap h = { .process = l->pid,
			  .ending = l->ending,
			  .ending_sp = l->ending_sp };
	bool ok;

	clock_gettime(CLOCK_MONOTONIC, &h.deadline);
	h.deadline.tv_sec += LOOK_SECONDS;
	groups_free(&l->groups);
	l->live_blocks = l->live_bytes = 0;
	ok = heap_read(&h, t) && count_live(l, &h) && marker_open(&m, &h) &&
	     roots_mark(&m, held) && mark_from(&m) &&
	     find_unreached(&m, before, nr_before, &u) &&
	     find_holders(&m, &u) && groups_make(&l->groups, &h, &u) &&
	     keep_addresses(l, &h, &u);
	l->live_blocks -= h.free_blocks;
	l->live_bytes -= h.free_bytes;
	unreached_free(&u);
	marker_close(&m);
	heap_free(&h);
	return ok;
}

/*
 * Until a few looks in a row agree, or many were taken. A block that wanders
 * from one place to another may be missed by one look, and by the next.
 */
static bool look_at_running(struct leaks *l, struct target *t)
{
	const struct timespec pause = { .tv_nsec = BETWEEN_MS * 1000000l };
	uint64_t *before;
	uint32_t nr_before, looks, agreed = 1;
	bool ok = look(l, t, 0, NULL, 0);

	l->how = "as it ran";
	for (looks = 1; ok && looks < LOOKS_MOST && l->nr_addresses; looks++) {
		before = l->addresses;
		nr_before = l->nr_addresses;
		l->addresses = NULL;
		nanosleep(&pause, NULL);
		ok = look(l, t, 0, before, nr_before);
		free(before);
		agreed = l->nr_addresses == nr_before ? agreed + 1 : 1;
		if (agreed == LOOKS_AGREED)
			break;
	}
	return ok;
}

/* One moment, if the process shows it. */
static bool look_at_copy(struct leaks *l, struct target *t)
{
	struct target copy;
	uint64_t held;
	bool ok;

	if (!process_copy(t, &copy, &held))
		return false;
	ok = look(l, &copy, held, NULL, 0);
	l->how = "in a copy";
	kill(copy.pid, SIGKILL);
	target_close(&copy);
	return ok;
}

/**
 * leaks_look() - find what a process has leaked
 * @l: filled; freed by leaks_free() in any case
 * @pid: the process, which runs on Ashlar
 *
 * Return: true, or false with the reason in @l->error.
 */
bool leaks_look(struct leaks *l, pid_t pid)
{
	struct target t;
	bool ok;

	*l = (struct leaks){ .pid = pid };
	ok = target_open_process(&t, pid) && target_find_nodes(&t) &&
	     (look_at_copy(l, &t) || look_at_running(l, &t));
	if (!ok)
		memcpy(l->error, t.error, sizeof(l->error));
	target_close(&t);
	return ok;
}

/**
 * leaks_look_at_end() - find what a process has leaked that is about to end
 * @l: filled; freed by leaks_free() in any case
 * @pid: the process, of which all threads wait
 * @end: what it sent; the thread's number and where its stack counts from
 *
 * Return: true, or false with the reason in @l->error.
 */
bool leaks_look_at_end(struct leaks *l, pid_t pid,
		       const struct report_record *end)
{
	struct target t;
	bool ok;

	*l = (struct leaks){ .pid = pid, .ending_sp = end->address };
	l->ending = end->tid == end->pid ? pid : end->tid;
	ok = target_open_process(&t, pid) && target_find_nodes(&t) &&
	     look_at_running(l, &t);
	l->how = "at its end";
	if (!ok)
		memcpy(l->error, t.error, sizeof(l->error));
	target_close(&t);
	return ok;
}

void leaks_free(struct leaks *l)
{
	groups_free(&l->groups);
	free(l->addresses);
	l->addresses = NULL;
}
