/* SPDX-License-Identifier: MIT */
/*
 * Mappings of freed large blocks, kept for the next caller.
 *
 *   by size, eight lists a doubling      by age
 *   | 128K | 144K | 160K | 176K | …      oldest ─ … ─ newest
 *      │             └ range               └ the first to be unmapped
 *      └ range ─ range
 *
 * A block is cut out of a range, unless an eighth of it or less would be left,
 * and goes back to its neighbours: what is adjacent is one range. How much
 * stays is a matter of bytes and time, never of how many there are:
 *
 *   kept bytes <= max(LARGE_KEEP_LEAST, blocks in use / 8) + churn
 *
 * churn grows by four times the size of every block that had to be mapped
 * anew shortly after as much was unmapped, up to what is in use then. At the
 * end of a period, half of what lay unused all through it is taken off again;
 * all of churn counts as unused when nothing was taken. So a program that
 * allocates and frees large blocks in a loop pays for its pages once, and one
 * that has stopped keeps little.
 *
 * A range that could not be unmapped is empty instead: its pages are
 * discarded, it reads as zero, and is no memory that is kept.
 *
 * Context of all: ranges_lock. No system call is made here, but for the clock
 * at every four megabytes that are freed.
 */
#include "ranges.h"
#include "user.h"

#define CHURN_MOST (256ul << 20)
#define PERIOD_MS 500
#define PERIOD_BYTES (4ul << 20)
#define LOOKS 8 /* at ranges of one list */

#define LISTS (64 * 8)

static struct range *lists[LISTS]; /* of each the newest */
static u64 filled[LISTS / 64]; /* a bit for each list that is not empty */
static struct list_head aged = LIST_HEAD_INIT(aged);
static struct list_head empty = LIST_HEAD_INIT(empty);

size_t kept_room = LARGE_KEEP_LEAST;

static size_t least = LARGE_KEEP_LEAST;
static size_t churn; /* bytes */

static size_t unmapped; /* bytes, halved with each period */
static size_t freed; /* bytes, since the last look at the clock */

/* Of this period, which began at period_start (port_time_ms()). */
static unsigned long period_start;
static size_t lowest; /* bytes that were kept all the time */
static bool taken;

/* ---- lists by size ---- */

/* The list of ranges of @size bytes: its highest four bits say which. */
static unsigned int list_of(size_t size)
{
	unsigned int top = 63 ^ (unsigned int)__builtin_clzl(size);

	return (top << 3) - 8 + (unsigned int)(size >> (top - 3));
}

/* The first list from @i on that is not empty; LISTS: there is none. */
static unsigned int next_list(unsigned int i)
{
	u64 bits;

	for (; i < LISTS; i = ALIGN(i + 1, 64)) {
		bits = filled[i / 64] >> i % 64;
		if (bits)
			return i + (unsigned int)__builtin_ctzll(bits);
	}
	return LISTS;
}

static void file_by_size(struct range *r, unsigned int i)
{
	struct range *next = lists[i];

	r->next = next;
	r->link = &lists[i];
	if (next)
		next->link = &r->next;
	lists[i] = r;
	filled[i / 64] |= 1ull << i % 64;
	r->list = (unsigned short)i;
}

static void unfile_by_size(struct range *r)
{
	unsigned int i = r->list;

	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	else if (!lists[i])
		filled[i / 64] &= ~(1ull << i % 64);
}

/* ---- ranges come and go ---- */

/* Into the lists, behind @older in age. */
static void enlist(struct range *r, struct list_head *older)
{
	r->state = RANGE_KEPT;
	file_by_size(r, list_of(r->size));
	list_add(&r->by_age, older);
}

static void unlist(struct range *r)
{
	unfile_by_size(r);
	list_del(&r->by_age);
}

/* @r, in the lists, has another size than before. */
static void refile(struct range *r)
{
	unsigned int i = list_of(r->size);

	if (i == r->list)
		return;
	unfile_by_size(r);
	file_by_size(r, i);
}

/* @bytes of what is kept are joined, cut or taken, so not idle. */
static void note_used(size_t bytes)
{
	lowest = min(lowest, large_cached_bytes - bytes);
}

/* @r, which was kept whole, and is in no list any more, leaves. */
static struct range *leaves(struct range *r)
{
	if (r->zeroed)
		return r;
	note_used(r->size);
	large_cached_bytes -= r->size;
	return r;
}

/* True if @neighbour of @r, or NULL, is kept as @r shall be. */
static bool joins(const struct range *r, const struct range *neighbour)
{
	return neighbour && neighbour->state == RANGE_KEPT &&
	       neighbour->zeroed == r->zeroed;
}

/* Keep @r, attached, as the newest, with those beside it. */
void kept_put(struct range *r)
{
	struct list_head *newest = r->zeroed ? &empty : &aged;
	struct range *before = r->before;
	size_t size = r->size, used = 0;

	if (joins(r, r->behind)) {
		used = r->behind->size;
		unlist(r->behind);
		range_join(r);
	}
	if (joins(r, before)) {
		used += before->size;
		range_join(before);
		refile(before);
		list_move_tail(&before->by_age, newest);
	} else {
		enlist(r, newest->prev);
	}
	if (newest == &aged) {
		note_used(used);
		large_cached_bytes += size;
	}
}

/* ---- allocation ---- */

/* Bytes in @r before the first place that is so aligned. */
static size_t before_place(const struct range *r, size_t align)
{
	return -(uintptr_t)r->addr & (align - 1);
}

static bool has_place(const struct range *r, size_t size, size_t align)
{
	return r->size >= size + before_place(r, align);
}

/* Of those seen in list @i, the newest that @size at @align fits into. */
static struct range *find_in(unsigned int i, size_t size, size_t align)
{
	struct range *r = lists[i];
	unsigned int looks;

	for (looks = 0; r && looks < LOOKS; looks++, r = r->next)
		if (has_place(r, size, align))
			return r;
	return NULL;
}

static struct range *find_fit(size_t size, size_t align)
{
	struct range *r;
	unsigned int i;

	for (i = next_list(list_of(size)); i < LISTS; i = next_list(i + 1)) {
		r = find_in(i, size, align);
		if (r)
			return r;
	}
	return NULL;
}

/*
 * Cut the first @size bytes off that @r has at @align, or all but an eighth
 * more. What is left stays kept, as old as it is.
 */
static struct range *cut(struct range *r, size_t size, size_t align)
{
	size_t before = before_place(r, align);
	struct range *piece;

	if (!r->zeroed)
		note_used(r->size);
	if (unlikely(before))
		enlist(range_cut(r, before), r->by_age.prev);
	if (likely(r->size - size > size / 8)) {
		piece = range_cut(r, size);
		refile(r);
	} else {
		piece = r;
		unlist(r);
	}
	return leaves(piece);
}

/**
 * kept_take() - a kept range, or a part of one
 * @size: bytes, whole host pages
 * @align: power of two, a host page at least
 *
 * Without a descriptor for what would be left, it is the whole range.
 * Return: the range, attached, the caller's; NULL: none fits.
 */
struct range *kept_take(size_t size, size_t align)
{
	struct range *r = find_fit(size, align);
	bool whole;

	if (!r)
		return NULL;
	whole = range_suits(r, size, align);
	if (unlikely(!whole && !ranges_suffice())) {
		if (!IS_ALIGNED((uintptr_t)r->addr, align))
			return NULL;
		whole = true;
	}
	taken = true;
	WRITE_ONCE(kept_room, kept_room + size);
	if (!whole)
		return cut(r, size, align);
	unlist(r);
	return leaves(r);
}

/* ---- how much is kept ---- */

static size_t most_bytes(void)
{
	size_t base = max(least, (size_t)large_bytes / 8);

	return base + churn < base ? ~0ul : base + churn;
}

/* The oldest range, or @over bytes of it, detached. */
static __cold_path struct range *evict_oldest(size_t over)
{
	struct range *r = list_first_entry(&aged, struct range, by_age);

	struct range *end = r;

	note_used(r->size);
	if (r->size > 2 * over && ranges_suffice()) {
		end = range_split(r, r->size - over);
		refile(r);
	} else {
		unlist(r);
	}
	range_detach(leaves(end));
	return end;
}

/* The oldest of what is more than @most bytes, detached; NULL: all is well. */
static struct range *evict(size_t most)
{
	size_t bytes = large_cached_bytes;

	if (likely(bytes <= most)) {
		WRITE_ONCE(kept_room, most - bytes);
		return NULL;
	}
	WRITE_ONCE(kept_room, 0);
	return evict_oldest(ALIGN(bytes - most, host.page_size));
}

/*
 * The oldest range, or a part of it, if more is kept than may be; detached.
 * NULL: all is well.
 */
struct range *kept_evict(void)
{
	return evict(most_bytes());
}

/*
 * Keep @r, attached, no block any more, be it in place of others, if it is not
 * too large. Returns what is to be unmapped instead, detached, or NULL.
 */
struct range *kept_offer(struct range *r)
{
	size_t most;

	kept_note_freed(r->size);
	most = most_bytes();
	r->zeroed = false;
	if (unlikely(r->odd || r->size > most)) {
		range_detach(r);
		return r;
	}
	kept_put(r);
	return evict(most);
}

/* Any range, of the empty ones only @empty_too; detached. NULL: none. */
struct range *kept_remove_any(bool empty_too)
{
	struct list_head *from = list_empty(&aged) && empty_too ? &empty :
								  &aged;
	struct range *r;

	if (list_empty(from))
		return NULL;
	r = list_first_entry(from, struct range, by_age);
	unlist(r);
	leaves(r);
	range_detach(r);
	return r;
}

void kept_note_unmapped(size_t size)
{
	unmapped += size;
}

void kept_note_mapped(size_t size)
{
	size_t most;

	kept_pass_time();
	if (unmapped < size / 2)
		return;
	unmapped -= min(unmapped, size);
	most = min(large_bytes + size + size / 8, CHURN_MOST);
	churn = max(churn, min(churn + 4 * size, most));
}

/* True if it is time for kept_pass_time(). Context: any. */
bool kept_period_over(void)
{
	return port_time_ms() - READ_ONCE(period_start) >= PERIOD_MS;
}

/* Bytes that are always kept (M_TRIM_THRESHOLD). */
void kept_set_least(size_t bytes)
{
	least = bytes;
}

/* End a period that is over: there may be something to evict then. */
void kept_pass_time(void)
{
	unsigned long now = port_time_ms();
	unsigned long periods = (now - period_start) / PERIOD_MS;

	if (!periods)
		return;
	churn -= (taken ? min(lowest, churn) : churn) / 2;
	churn = periods < 64 ? churn >> (periods - 1) : 0;
	WRITE_ONCE(period_start, now);
	unmapped = periods < 64 ? unmapped >> periods : 0;
	taken = false;
	lowest = large_cached_bytes;
}

/* Blocks of @size bytes become free: now and then a look at the clock. */
void kept_note_freed(size_t size)
{
	freed += size;
	if (freed < PERIOD_BYTES)
		return;
	freed = 0;
	kept_pass_time();
}
