/* SPDX-License-Identifier: MIT */
/*
 * A thread that has read waits before it writes: does another one write there?
 *
 *   it                                    others
 *   reads, enters bytes in watch[]
 *   waits, for a millisecond at most      are stopped by a debug register when
 *                                         they write there, or meet the entry
 *                                         while they are stepped: seen
 *   is the value another one now?
 *
 * That the value changed is proof: between the read and the write that
 * follows from it this thread has done nothing that could let others in. Who
 * it was is told if it was seen; else it may be known from who wrote there
 * before (wrote[]).
 */
#include "race.h"
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define WATCHES 8
#define WATCHED_THREADS 8
#define WAITS 10
#define WAIT_NS 50000
#define WROTE 64

enum { FREE, SETTING_UP, WATCHING };
enum { NOBODY, SOMEBODY, KNOWN };

static struct race_watch {
	uint32_t state, seen;
	uint32_t turn; /* tells one use from the next */
	pid_t tid;
	struct race_place place;
	struct race_other other;
} watch[WATCHES];

/* What was written, by whom: the last ones. Guarded by a bit, try only. */
static struct wrote {
	uint32_t busy;
	struct race_place place;
	struct race_other by;
} wrote[WROTE];
static uint32_t nr_wrote;

uint64_t race_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* A copy of memory that may go at any time; false: it cannot be read. */
bool race_read(uint64_t address, void *to, size_t bytes)
{
	const struct iovec here = { to, bytes };
	const struct iovec there = { (void *)(uintptr_t)address, bytes };

	return syscall(SYS_process_vm_readv, getpid(), &here, 1ul, &there, 1ul,
		       0ul) == (long)bytes;
}

static bool overlap(const struct race_place *a, const struct race_place *b)
{
	return a->address < b->address + b->size &&
	       b->address < a->address + a->size;
}

/* ---- others ---- */

/* @before: the write comes; else it has just been made. */
static void describe(struct race_other *o, const ucontext_t *c, bool before)
{
	race_stack(&o->stack, c);
	o->stack.pc[0] += before; /* as if a call returned there */
	race_locks(o->locks);
	prctl(PR_GET_NAME, o->name);
}

static void see(struct race_watch *w, const ucontext_t *c, bool before)
{
	uint32_t nobody = NOBODY;

	if (w->tid == race_tid() ||
	    !__atomic_compare_exchange_n(&w->seen, &nobody, SOMEBODY, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	describe(&w->other, c, before);
	__atomic_store_n(&w->seen, KNOWN, __ATOMIC_RELEASE);
}

/* A debug register has stopped the running thread behind a write. */
void race_seen(uint64_t which, const ucontext_t *c)
{
	struct race_watch *w = &watch[which % WATCHES];

	if (__atomic_load_n(&w->state, __ATOMIC_ACQUIRE) == WATCHING &&
	    (uint32_t)(which / WATCHES) == (w->turn & 0xffffff))
		see(w, c, false);
}

/*
 * The running thread is about to write there: true if somebody waits for it,
 * who is told. An entry that ends meanwhile may get a name that is not its
 * own: it looks at the value, and not only at this.
 */
bool race_meets(const struct race_place *p, const ucontext_t *c)
{
	struct race_watch *w;
	bool met = false;

	for (w = watch; w < watch + WATCHES; w++) {
		if (__atomic_load_n(&w->state, __ATOMIC_ACQUIRE) != WATCHING ||
		    w->tid == race_tid() || !overlap(&w->place, p))
			continue;
		see(w, c, true);
		met = true;
	}
	return met;
}

static bool take(struct wrote *e)
{
	return !__atomic_exchange_n(&e->busy, 1, __ATOMIC_ACQUIRE);
}

static void put(struct wrote *e)
{
	__atomic_store_n(&e->busy, 0, __ATOMIC_RELEASE);
}

/* Keep in mind who wrote there; one entry for each place and thread. */
void race_wrote(const struct race_place *p, const ucontext_t *c)
{
	uint32_t i, n;
	struct wrote *e;

	for (i = 0; i < WROTE; i++)
		if (wrote[i].place.pc == p->pc &&
		    wrote[i].place.address == p->address &&
		    wrote[i].by.stack.tid == race_tid())
			return;
	n = __atomic_fetch_add(&nr_wrote, 1, __ATOMIC_RELAXED);
	e = &wrote[n % WROTE];
	if (!take(e))
		return;
	e->place = *p;
	describe(&e->by, c, true);
	put(e);
}

/* True if another thread has written there before. */
bool race_who_wrote(const struct race_place *p, struct race_other *other)
{
	struct wrote *e;
	bool found = false;

	for (e = wrote; e < wrote + WROTE && !found; e++) {
		if (!e->by.stack.tid || !overlap(&e->place, p) || !take(e))
			continue;
		found = overlap(&e->place, p) && e->by.stack.tid != race_tid();
		if (found)
			*other = e->by;
		put(e);
	}
	return found;
}

/* In a child: those who wait are the parent's threads. */
void race_watch_forked(void)
{
	memset(watch, 0, sizeof(watch));
}

/* ---- who waits ---- */

static struct race_watch *watch_begin(const struct race_place *p)
{
	struct race_watch *w;
	uint32_t state;

	for (w = watch; w < watch + WATCHES; w++) {
		state = FREE;
		if (!__atomic_compare_exchange_n(&w->state, &state, SETTING_UP,
						 false, __ATOMIC_ACQUIRE,
						 __ATOMIC_RELAXED))
			continue;
		w->turn++;
		w->place = *p;
		w->tid = race_tid();
		w->seen = NOBODY;
		__atomic_store_n(&w->state, WATCHING, __ATOMIC_RELEASE);
		return w;
	}
	return NULL;
}

/* Whoever is at describing himself finishes. */
static bool watch_end(struct race_watch *w, struct race_other *other)
{
	uint32_t seen = NOBODY;
	bool known;

	while (!__atomic_compare_exchange_n(&w->seen, &seen, SOMEBODY, false,
					    __ATOMIC_ACQUIRE,
					    __ATOMIC_ACQUIRE) &&
	       seen == SOMEBODY) {
		seen = NOBODY;
		syscall(SYS_sched_yield);
	}
	known = seen == KNOWN;
	if (known)
		*other = w->other;
	__atomic_store_n(&w->state, FREE, __ATOMIC_RELEASE);
	return known;
}

struct armed {
	void *event[WATCHED_THREADS];
	unsigned int nr;
};

static bool can_be_watched(const struct race_place *p)
{
	return !(p->size & (p->size - 1)) && p->address % p->size == 0;
}

static void arm(struct armed *a, const struct race_watch *w)
{
	uint64_t which = (uint64_t)(w->turn & 0xffffff) * WATCHES +
			 (uint64_t)(w - watch);
	pid_t tid[WATCHED_THREADS];
	unsigned int i, nr = race_others(tid, WATCHED_THREADS);

	a->nr = 0;
	if (!can_be_watched(&w->place))
		return;
	for (i = 0; i < nr; i++)
		a->event[a->nr++] = race_event_watch(tid[i], &w->place, which);
}

static void disarm(struct armed *a)
{
	while (a->nr)
		race_event_end(a->event[--a->nr]);
}

static bool differs(const struct race_place *p, const void *value)
{
	uint8_t now[RACE_BYTES];

	return race_read(p->address, now, p->size) &&
	       memcmp(now, value, p->size) != 0;
}

static void wait_for_change(const struct race_watch *w, const void *value)
{
	const struct timespec pause = { 0, WAIT_NS };
	unsigned int i;

	for (i = 0; i < WAITS; i++) {
		if (__atomic_load_n(&w->seen, __ATOMIC_ACQUIRE) == KNOWN &&
		    differs(&w->place, value))
			return;
		syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &pause, NULL);
	}
}

/*
 * Wait, and return true if the bytes are no longer @value. Who changed them is
 * in @other, if that was seen.
 */
bool race_wait(const struct race_place *p, const void *value,
	       struct race_other *other)
{
	struct race_watch *w = watch_begin(p);
	struct armed armed;
	bool changed;

	other->stack.tid = 0;
	if (!w)
		return false;
	arm(&armed, w);
	wait_for_change(w, value);
	disarm(&armed);
	changed = differs(p, value);
	if (!watch_end(w, other) || !changed)
		other->stack.tid = 0;
	return changed;
}
