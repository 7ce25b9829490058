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
 * at every megabyte that is freed.
 */
#include "ranges.h"
#include "user.h"

#define CHURN_MOST (256ul << 20)
#define PERIOD_MS 500
#define PERIOD_BYTES (1ul << 20)
#define LOOKS 8 /* at ranges of one list */

#define LISTS (64 * 8)

static struct list_head lists[LISTS]; /* { NULL, NULL }: still empty */
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
	unsigned int top = 63 - (unsigned int)__builtin_clzl(size);

	return top << 3 | (size >> (top - 3) & 7);
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

static void file_by_size(struct range *r)
{
	unsigned int i = list_of(r->size);

	if (!lists[i].next)
		INIT_LIST_HEAD(&lists[i]);
	list_add(&r->by_size, &lists[i]);
	filled[i / 64] |= 1ull << i % 64;
	r->list = (unsigned short)i;
}

static void unfile_by_size(struct range *r)
{
	unsigned int i = r->list;

	list_del(&r->by_size);
	if (list_empty(&lists[i]))
		filled[i / 64] &= ~(1ull << i % 64);
}

/* ---- ranges come and go ---- */

/* Into the lists, behind @older in age. */
static void add(struct range *r, struct list_head *older)
{
	r->state = RANGE_KEPT;
	file_by_size(r);
	list_add(&r->by_age, older);
	if (!r->zeroed)
		large_cached_bytes += r->size;
}

static void del(struct range *r)
{
	unfile_by_size(r);
	list_del(&r->by_age);
	if (r->zeroed)
		return;
	large_cached_bytes -= r->size;
	lowest = min(lowest, large_cached_bytes);
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
	if (joins(r, r->behind)) {
		del(r->behind);
		range_join(r);
	}
	if (joins(r, r->before)) {
		r = r->before;
		del(r);
		range_join(r);
	}
	add(r, r->zeroed ? empty.prev : aged.prev);
}

/* ---- allocation ---- */

static char *place_in(const struct range *r, size_t size, size_t align)
{
	char *start = (char *)ALIGN((uintptr_t)r->addr, align);

	return start + size <= r->addr + r->size ? start : NULL;
}

/* Of those seen in list @i, the newest that @size at @align fits into. */
static struct range *find_in(unsigned int i, size_t size, size_t align)
{
	unsigned int looks = 0;
	struct range *r;

	list_for_each_entry(r, &lists[i], by_size) {
		if (place_in(r, size, align))
			return r;
		if (++looks == LOOKS)
			break;
	}
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
 * Cut [start, start + size) out of @r. What is left before and behind it
 * stays kept, as old as it is.
 */
static struct range *cut(struct range *r, char *start, size_t size)
{
	size_t before = (size_t)(start - r->addr);
	struct list_head *age = r->by_age.prev;
	struct range *whole = r;

	del(r);
	if (before) {
		r = range_split(whole, before);
		add(whole, age);
	}
	if (r->size - size > size / 8)
		add(range_split(r, size), age);
	return r;
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
	char *start;

	if (!r)
		return NULL;
	taken = true;
	WRITE_ONCE(kept_room, kept_room + size);
	if (r->size == size) {
		del(r);
		return r;
	}
	start = place_in(r, size, align);
	if (likely(ranges_suffice()))
		return cut(r, start, size);
	if (start != r->addr)
		return NULL;
	del(r);
	return r;
}

/* ---- how much is kept ---- */

static size_t most_bytes(void)
{
	size_t base = max(least, (size_t)large_bytes / 8);

	return base + churn < base ? ~0ul : base + churn;
}

/* True if a range of @size may be kept, be it in place of others. */
bool kept_would_fit(size_t size)
{
	return size <= most_bytes();
}

/*
 * The oldest range, or a part of it, if more is kept than may be; detached.
 * NULL: all is well.
 */
struct range *kept_evict(void)
{
	size_t most = most_bytes(), over;
	struct range *r;

	WRITE_ONCE(kept_room, most - min(most, large_cached_bytes));
	if (large_cached_bytes <= most)
		return NULL;
	over = ALIGN(large_cached_bytes - most, port_host_page_size());
	r = list_first_entry(&aged, struct range, by_age);
	if (r->size > 2 * over && ranges_suffice())
		r = cut(r, r->addr + r->size - over, over);
	else
		del(r);
	range_detach(r);
	return r;
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
	del(r);
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
