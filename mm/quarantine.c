/* SPDX-License-Identifier: MIT */
/*
 * Quarantine: a watched object that was released waits before anybody can get
 * it again, so that a late write finds poison and a second release a record.
 *
 *   release ─► newest ─ … ─ oldest ─► let go: poison checked, back to its slab
 *              └ frames of addresses of slots, first in, first out ┘
 *
 *   bytes of all slots in it <= limit, or one is let go
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
#include "slab_debug.h"
#include "slub.h"

#define BATCH_SLOTS (PAGE_SIZE / sizeof(void *) - 2)
#define LET_GO_MOST 16 /* slots in one call */
#define MORE_AT_ONCE_FROM (64ul << 10)

/* A frame of slots: those in [first, end) wait. */
struct batch {
	struct batch *next; /* younger */
	unsigned short first, end;
	char *slot[BATCH_SLOTS];
};

spinlock_t quarantine_lock = SPIN_LOCK_UNLOCKED;

static struct { /* under quarantine_lock */
	struct batch *oldest, *newest, *spare;
	size_t bytes; /* of all slots that wait */
	size_t limit;
	unsigned int share; /* limit is at least 1 / share of what is in use */
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
	WRITE_ONCE(quarantine.limit, bytes);
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
	WRITE_ONCE(quarantine.limit, bytes);
}

static size_t bytes_in_use(void)
{
	unsigned long frames = 0;
	struct zone *z;

	for_each_populated_zone(z)
		frames +=
			READ_ONCE(z->managed_pages) - READ_ONCE(z->free_pages);
	return (size_t)frames << PAGE_SHIFT;
}

/* Context: quarantine_lock. */
static void follow_use(void)
{
	if (quarantine.share)
		quarantine.limit = max(quarantine.limit,
				       bytes_in_use() / quarantine.share);
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

/* Takes the lock, with room for a slot. False, without it: there is none. */
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

/* ---- out ---- */

static struct kmem_cache *slot_cache(const char *slot)
{
	return virt_to_page(slot)->slab_cache;
}

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
 * The oldest that are more than @limit, and then some more at once, for each is
 * to be fetched into the cache; *@empty: a frame to be freed.
 */
static unsigned int take_oldest(size_t limit, char **slot, struct batch **empty)
{
	struct batch *batch = quarantine.oldest;
	unsigned int n = 0;

	*empty = NULL;
	if (quarantine.bytes > limit && limit >= MORE_AT_ONCE_FROM)
		limit -= limit / 64;
	while (batch && quarantine.bytes > limit && n < LET_GO_MOST) {
		if (batch->first == batch->end) {
			*empty = drop_oldest();
			break;
		}
		slot[n] = batch->slot[batch->first++];
		quarantine.bytes -= slot_cache(slot[n++])->size;
	}
	return n;
}

/*
 * These @n slots are let go; those of one cache that follow each other under
 * one lock. Context: no lock held.
 */
static void let_all_go(char **slot, unsigned int n, struct batch *empty)
{
	LIST_HEAD(reaped);
	struct kmem_cache *s;
	unsigned int i;
	void *put;

	for (i = 0; i < n; i++) {
		__builtin_prefetch(slot[i]);
		__builtin_prefetch(slot_record(slot_cache(slot[i]), slot[i]));
	}
	for (i = 0; i < n;) {
		s = slot_cache(slot[i]);
		spin_lock(&s->lock);
		for (; i < n && slot_cache(slot[i]) == s; i++) {
			put = slot[i];
			slab_debug_leave(s, put);
			slabs_put(s, &put, 1);
		}
		reap_free_slabs(s, slabs_to_keep(s), &reaped);
		spin_unlock(&s->lock);
	}
	if (unlikely(!list_empty(&reaped)))
		slab_release_list(&reaped);
	free_batch(empty);
}

/* quarantine_takes - is an object of @s to wait when it is released? */
bool quarantine_takes(const struct kmem_cache *s)
{
	return (s->flags & SLAB_ASKED) && s->record &&
	       s->size <= READ_ONCE(quarantine.limit);
}

/*
 * quarantine_add - the object in @slot, whose record says that it waits, does
 *
 * Context: no lock held.
 */
void quarantine_add(char *slot)
{
	char *old[LET_GO_MOST];
	struct batch *empty;
	unsigned int n;

	if (unlikely(!lock_with_room())) {
		let_all_go(&slot, 1, NULL);
		return;
	}
	quarantine.newest->slot[quarantine.newest->end++] = slot;
	quarantine.bytes += slot_cache(slot)->size;
	n = take_oldest(quarantine.limit, old, &empty);
	spin_unlock(&quarantine_lock);
	let_all_go(old, n, empty);
}

/* quarantine_flush - let all objects go. Context: no lock held. */
void quarantine_flush(void)
{
	struct batch *empty, *rest = NULL;
	char *old[LET_GO_MOST];
	unsigned int n;

	do {
		spin_lock(&quarantine_lock);
		n = take_oldest(0, old, &empty);
		spin_unlock(&quarantine_lock);
		let_all_go(old, n, empty);
	} while (n || empty);
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
