/* SPDX-License-Identifier: MIT */
/*
 * Large blocks at hand: a thread that allocates, uses and frees a buffer over
 * and over needs no lock for it.
 *
 *   thread ── last: the range of the block it allocated last
 *      └───── its place ──┐
 *                         ▼
 *   places   |  -  | range |  -  | …    one for every few threads
 *
 * free() of the last block leaves it in the thread's place; the next malloc()
 * takes it from there if it is as large as a kept range may be for it. Both
 * are one atomic instruction, for whoever holds ranges_lock may empty any
 * place: when no kept range fits, when time passes, and for statistics. Until
 * then a block at hand counts as one that is in use.
 *
 * A descriptor that is not in use has no address, so `last` cannot mislead: a
 * thread that owns a block knows its range, or another block's.
 */
#include "ranges.h"

#define PLACES 16
#define HAND_MOST (2ul << 20) /* bytes */

static struct place {
	struct range *range;
} __attribute__((__aligned__(64))) places[PLACES];

static unsigned int nr_threads;

DEFINE_PER_CPU(struct hand, hand);

static struct range **my_place(void)
{
	unsigned int n;

	if (unlikely(!hand.place)) {
		n = __atomic_fetch_add(&nr_threads, 1, __ATOMIC_RELAXED);
		hand.place = &places[n % PLACES].range;
	}
	return hand.place;
}

/*
 * Leave the block at @p at hand, if it is this thread's last, and no larger
 * than what may be kept. Only its owner changes the range of a block in use.
 */
__racy bool hand_put(const void *p)
{
	struct range *r = hand.last, *none = NULL;

	if (!r || r->addr != p || r->state != RANGE_BLOCK || r->odd ||
	    r->size > min(READ_ONCE(kept_room), HAND_MOST))
		return false;
	r->zeroed = false;
	WRITE_ONCE(r->state, RANGE_AT_HAND);
	if (__atomic_compare_exchange_n(my_place(), &none, r, false,
					__ATOMIC_RELEASE, __ATOMIC_RELAXED))
		return true;
	WRITE_ONCE(r->state, RANGE_BLOCK);
	return false;
}

/* Any range that lies at hand somewhere, or NULL. Context: ranges_lock. */
struct range *hand_remove_any(void)
{
	struct range *r = NULL;
	unsigned int i;

	for (i = 0; i < PLACES && !r; i++)
		r = hand_grab(&places[i].range);
	return r;
}
