/* SPDX-License-Identifier: MIT */
/* What large.c, hand.c, kept.c and ranges.c share: ranges of addresses. */
#ifndef ASHLAR_PORT_RANGES_H
#define ASHLAR_PORT_RANGES_H

#include <ashlar/list.h>
#include <ashlar/port.h>
#include <ashlar/root.h>
#include <mach/percpu.h>
#include <mach/spinlock.h>

enum range_state {
	RANGE_DETACHED, /* in the hands of one thread; not in the index */
	RANGE_BLOCK = LARGE_BLOCK, /* allocated: large.c */
	RANGE_AT_HAND, /* free, and at hand for one thread: hand.c */
	RANGE_KEPT, /* free: kept.c */
};

/*
 * A mapped range of addresses. ranges_lock protects all that is not at hand.
 * Readers outside the process know the first three as a struct large_range.
 */
struct range {
	char *addr;
	size_t size; /* bytes, whole host pages */
	enum range_state state;
	struct range *before, *behind; /* those that touch it, or NULL */
	struct range *next; /* kept.c: of about this size; or spare ones */
	struct range **link; /* kept.c: where this one is called the next */
	struct list_head by_age; /* kept.c: oldest first */
	unsigned short list; /* kept.c: by its size */
	unsigned char kind; /* of a block: what its caller has called it */
	bool zeroed; /* read as zero when it was kept or taken: not resident */
	bool odd; /* the program changed a part; never to be kept */
};

extern spinlock_t ranges_lock __hidden;

/* ranges.c: descriptors, and the way from an address to its range */
#define RANGES_NEEDED 3 /* of one allocation: a block between two rests */

extern size_t ranges_spare __hidden; /* descriptors */

bool ranges_grow(void);
struct range *range_new(char *addr, size_t size);
void range_free(struct range *r);
struct range *range_starting(const void *addr);
void range_attach(struct range *r);
void range_detach(struct range *r);
struct range *range_split(struct range *r, size_t size);
struct range *range_cut(struct range *r, size_t size);
void range_join(struct range *r);
unsigned int ranges_copy(struct large_range *to, unsigned int nr, size_t *next);

/* True if there are enough descriptors for one allocation. */
static inline bool ranges_suffice(void)
{
	return ranges_spare >= RANGES_NEEDED;
}

/* True if a block of @size bytes at @align may be all of @r. */
static inline bool range_suits(const struct range *r, size_t size, size_t align)
{
	return r->size - size <= size / 8 &&
	       IS_ALIGNED((uintptr_t)r->addr, align);
}

/* hand.c: freed blocks, for the same thread */
struct hand {
	struct range *last; /* that this thread has allocated */
	struct range **place; /* where it puts a block; NULL: not yet */
};

DECLARE_PER_CPU(struct hand, hand);

bool hand_put(const void *p);
struct range *hand_remove_any(void);

/* What lies in @place, for whoever asks first; or NULL. */
static inline struct range *hand_grab(struct range **place)
{
	if (!READ_ONCE(*place))
		return NULL;
	return __atomic_exchange_n(place, NULL, __ATOMIC_ACQUIRE);
}

/* What this thread has at hand, or NULL. */
static inline struct range *hand_take(void)
{
	return likely(hand.place) ? hand_grab(hand.place) : NULL;
}

/* kept.c: free ranges, for the next caller */
extern size_t kept_room
	__hidden; /* bytes that may be kept beyond those that are */

struct range *kept_take(size_t size, size_t align);
void kept_put(struct range *r);
struct range *kept_evict(void);
struct range *kept_remove_any(bool empty_too);
struct range *kept_offer(struct range *r);
void kept_note_unmapped(size_t size);
void kept_note_mapped(size_t size);
void kept_note_freed(size_t size);
void kept_set_least(size_t bytes);
bool kept_period_over(void);
void kept_pass_time(void);

#endif
