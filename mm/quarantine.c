/* SPDX-License-Identifier: MIT */
/*
 * Quarantine: a watched object that was released waits before anybody can get
 * it again, so that a late write finds poison and a second release a record.
 *
 *   released ─► newest ─ … ─ oldest ─► let go: to a CPU's hand, or its slab
 *   by a CPU    └ frames of addresses of slots, first in, first out ┘
 *
 *   bytes of all slots in it <= limit, or some are let go
 *
 * The limit is what the option quarantine= says; without it, what user/ or the
 * kernel set: a number, or a share of the memory in use, which is looked at
 * whenever a frame of addresses is full. To its slab an object is in use while
 * it waits; its record says that it is not. When memory is short, caches are
 * shrunk or one is destroyed, all are let go.
 *
 * Lock: quarantine_lock, held alone. A fork takes it before mm_cpu_mutex.
 */
#include <ashlar/check.h>
#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include <ashlar/mmzone.h>
#include <ashlar/string.h>
#include "watched_cpu.h"

#define BATCH_SLOTS ((PAGE_SIZE - 2 * sizeof(void *)) / (sizeof(void *) + 1))

/* A frame of slots: those in [first, end) wait. */
struct batch {
	struct batch *next; /* younger */
	u16 first, end;
	char *slot[BATCH_SLOTS];
	u8 id[BATCH_SLOTS];
};

spinlock_t quarantine_lock = SPIN_LOCK_UNLOCKED;

size_t quarantine_limit;

static struct { /* under quarantine_lock */
	struct batch *oldest, *newest, *spare;
	size_t bytes; /* of all slots that wait */
	unsigned int share; /* the limit is at least 1 / share of use */
	bool given; /* by the option */
} quarantine;

/* ---- how much ---- */

/**
 * setup_quarantine() - the option quarantine=
 * @str: bytes of released objects that wait; 0: none does
 *
 * Return: 0 or -EINVAL.
 */
int setup_quarantine(const char *str)
{
	unsigned long bytes;

	if (!cmdline_number(&str, &bytes) || *str)
		return -EINVAL;
	quarantine.given = true;
	quarantine.share = 0;
	WRITE_ONCE(quarantine_limit, bytes);
	return 0;
}

/**
 * quarantine_default() - how much waits where no option says it
 * @bytes: at least so many
 * @share: ... or memory in use, divided by this; 0: only @bytes
 */
void quarantine_default(size_t bytes, unsigned int share)
{
	if (quarantine.given)
		return;
	quarantine.share = share;
	WRITE_ONCE(quarantine_limit, bytes);
}

/* Context: quarantine_lock. */
static void follow_use(void)
{
	size_t bytes_in_use = (size_t)nr_used_pages() << PAGE_SHIFT;

	if (quarantine.share)
		quarantine_limit =
			max(quarantine_limit, bytes_in_use / quarantine.share);
}

/* ---- in ---- */

static struct batch *new_batch(void)
{
	struct page *page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, 0);

	return page ? page_address(page) : NULL;
}

static void free_batch(struct batch *batch)
{
	if (batch)
		free_page((unsigned long)batch);
}

/* Context: quarantine_lock. */
static bool has_room(void)
{
	return quarantine.newest && quarantine.newest->end < BATCH_SLOTS;
}

/* Use @batch, or the spare one, as the newest. Context: quarantine_lock. */
static void append(struct batch *batch)
{
	batch->next = NULL;
	batch->first = batch->end = 0;
	if (quarantine.newest)
		quarantine.newest->next = batch;
	else
		quarantine.oldest = batch;
	quarantine.newest = batch;
	follow_use();
}

/* Takes the lock, with room for some. False, without it: there is none. */
static bool lock_with_room(void)
{
	struct batch *batch;

	spin_lock(&quarantine_lock);
	if (likely(has_room()))
		return true;
	if (quarantine.spare) {
		append(quarantine.spare);
		quarantine.spare = NULL;
		return true;
	}
	spin_unlock(&quarantine_lock);
	batch = new_batch();
	if (!batch)
		return false;
	spin_lock(&quarantine_lock);
	append(batch);
	return true;
}

static u32 size_of(u8 id)
{
	return cache_by_id[id]->size;
}

/*
 * Enters what the newest frame has room for, from @from on; returns up to
 * where. Context: quarantine_lock.
 */
static u32 enter_some(const struct slot_list *l, u32 from)
{
	struct batch *b = quarantine.newest;

	for (; from < l->n && b->end < BATCH_SLOTS; from++) {
		b->slot[b->end] = l->slot[from];
		b->id[b->end++] = l->id[from];
		quarantine.bytes += size_of(l->id[from]);
	}
	return from;
}

/* What is left in @l found no room. */
static void enter(struct slot_list *l)
{
	u32 done = 0, n = l->n;

	while (done < n && lock_with_room()) {
		done = enter_some(l, done);
		spin_unlock(&quarantine_lock);
	}
	for (l->n = 0; unlikely(done < n); done++)
		slot_list_add(l, l->id[done], l->slot[done]);
}

/* ---- out ---- */

/* An emptied frame of slots stays for the next time, or is returned. */
static struct batch *drop_oldest(void)
{
	struct batch *batch = quarantine.oldest;

	quarantine.oldest = batch->next;
	if (!batch->next)
		quarantine.newest = NULL;
	if (quarantine.spare)
		return batch;
	quarantine.spare = batch;
	return NULL;
}

/*
 * Adds the oldest that are more than @limit to @l. Returns NULL, or a frame to
 * be freed, and there may be more. Context: quarantine_lock.
 */
static struct batch *take_some(size_t limit, struct slot_list *l)
{
	struct batch *b, *empty;

	while ((b = quarantine.oldest) && quarantine.bytes > limit &&
	       l->n < SLOT_LIST_MOST) {
		if (b->first == b->end) {
			empty = drop_oldest();
			if (empty)
				return empty;
			continue;
		}
		quarantine.bytes -= size_of(b->id[b->first]);
		slot_list_add(l, b->id[b->first], b->slot[b->first]);
		b->first++;
	}
	return NULL;
}

/* True if there may be more. Context: no lock held. */
static bool take_oldest(size_t limit, struct slot_list *l)
{
	struct batch *empty;

	do {
		spin_lock(&quarantine_lock);
		empty = take_some(limit, l);
		spin_unlock(&quarantine_lock);
		free_batch(empty);
	} while (unlikely(empty));
	return l->n == SLOT_LIST_MOST &&
	       READ_ONCE(quarantine.bytes) > READ_ONCE(quarantine_limit);
}

/* Back to their slabs. Context: no lock held. */
static void let_go(struct slot_list *l)
{
	LIST_HEAD(reaped);
	struct kmem_cache *s;
	void *put;

	while (l->n) {
		put = l->slot[--l->n];
		s = cache_by_id[l->id[l->n]];
		slab_debug_leave(s, put);
		spin_lock(&s->lock);
		slabs_put(s, &put, 1);
		reap_free_slabs(s, slabs_to_keep(s), &reaped);
		spin_unlock(&s->lock);
	}
	if (unlikely(!list_empty(&reaped)))
		slab_release_list(&reaped);
}

/*
 * quarantine_swap - the objects in the slots @l, whose records say so, wait
 * @l: on return, those that have waited for long enough
 *
 * Context: no lock held.
 */
void quarantine_swap(struct slot_list *l)
{
	enter(l);
	while (take_oldest(READ_ONCE(quarantine_limit), l))
		let_go(l);
}

/* quarantine_add - the same of one slot of @s, for who has none at hand */
void quarantine_add(const struct kmem_cache *s, char *slot)
{
	struct slot_list l;

	l.n = 0;
	slot_list_add(&l, s->hand, slot);
	quarantine_swap(&l);
	let_go(&l);
}

/* quarantine_empty - all objects that are in it go. Context: no lock held. */
void quarantine_empty(void)
{
	struct batch *empty, *rest = NULL;
	struct slot_list l = { .n = 0 };

	do {
		let_go(&l);
		take_oldest(0, &l);
	} while (l.n);
	spin_lock(&quarantine_lock);
	if (!quarantine.bytes) {
		rest = quarantine.oldest;
		quarantine.oldest = quarantine.newest = NULL;
	}
	empty = quarantine.spare;
	quarantine.spare = NULL;
	spin_unlock(&quarantine_lock);
	free_batch(rest);
	free_batch(empty);
}
