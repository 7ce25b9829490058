/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of ranges, their neighbours, and an index from addresses.
 *
 *   addresses    | block | kept  | block |   hole   | block |
 *                   ▲ └───▲ └───► ▲ └─► NULL         ▲ └─► NULL
 *                   │     │       │ │                │ │
 *   index         start start   start end          start end
 *
 * Every range is found by its start, which is a multiple of the host's page:
 * a free of any other address is recognised and refused. Ranges that touch
 * know each other, so splitting and joining them looks nothing up. The last
 * one before a hole is also found by its end, under a key with the lowest bit
 * set: the kernel may map something there.
 *
 * There are at least four slots a descriptor, so there always is room in the
 * index, and nothing that frees can fail. Descriptors are never given back.
 */
#include <mach/page.h>
#include "ranges.h"
#include "sys.h"
#include "user.h"

#define RANGES_FIRST 64
#define SLOTS_EACH 4

struct slot {
	uintptr_t key; /* 0: a free slot */
	struct range *range;
};

_Static_assert(offsetof(struct range, addr) ==
			       offsetof(struct large_range, addr) &&
		       offsetof(struct range, size) ==
			       offsetof(struct large_range, size) &&
		       offsetof(struct range, state) ==
			       offsetof(struct large_range, state) &&
		       sizeof(struct slot) == sizeof(struct large_slot),
	       "readers know these by other names");

spinlock_t ranges_lock = SPIN_LOCK_UNLOCKED;

static struct slot *slots;
static size_t nr_slots; /* a power of two */
static struct range *spare;
size_t ranges_spare;
static size_t nr_ranges;

/* ---- the index ---- */

static size_t slot_of(uintptr_t key)
{
	return (size_t)(key * 0x9e3779b97f4a7c15ull >> 32) & (nr_slots - 1);
}

static __always_inline struct slot *find(uintptr_t key)
{
	size_t i;

	if (unlikely(!nr_slots))
		return NULL;
	for (i = slot_of(key); slots[i].key; i = (i + 1) & (nr_slots - 1))
		if (slots[i].key == key)
			return &slots[i];
	return NULL;
}

static void insert(uintptr_t key, struct range *r)
{
	size_t i = slot_of(key);

	while (slots[i].key)
		i = (i + 1) & (nr_slots - 1);
	slots[i] = (struct slot){ key, r };
}

/* Knuth, TAOCP 3, 6.4 algorithm R: close the gap that a removal leaves. */
static void erase(uintptr_t key)
{
	size_t hole = (size_t)(find(key) - slots), mask = nr_slots - 1;
	size_t i = hole, home;

	for (;;) {
		i = (i + 1) & mask;
		if (!slots[i].key)
			break;
		home = slot_of(slots[i].key);
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		slots[hole] = slots[i];
		hole = i;
	}
	slots[hole].key = 0;
}

static struct range *range_of(uintptr_t key)
{
	struct slot *found = find(key);

	return found ? found->range : NULL;
}

static uintptr_t start_key(const struct range *r)
{
	return (uintptr_t)r->addr;
}

static uintptr_t end_key(const struct range *r)
{
	return (uintptr_t)(r->addr + r->size) | 1;
}

/* The range that starts at @addr, or NULL. */
struct range *range_starting(const void *addr)
{
	return range_of((uintptr_t)addr);
}

/* ---- neighbours ---- */

/* @r, which may be new where it lies, has @behind (or NULL) behind it. */
static void set_behind(struct range *r, struct range *behind)
{
	r->behind = behind;
	if (behind)
		behind->before = r;
	else
		insert(end_key(r), r);
}

/* What was behind @from is behind @to now, which ends where @from did. */
static void move_behind(struct range *from, struct range *to)
{
	to->behind = from->behind;
	if (to->behind)
		to->behind->before = to;
	else
		find(end_key(to))->range = to;
}

/* Enter @r into the index, beside its neighbours. */
void range_attach(struct range *r)
{
	r->before = range_of(start_key(r) | 1);
	if (r->before) {
		erase(end_key(r->before));
		r->before->behind = r;
	}
	set_behind(r, range_starting(r->addr + r->size));
	insert(start_key(r), r);
}

/* Take @r out of the index: a hole for others. */
void range_detach(struct range *r)
{
	erase(start_key(r));
	if (r->behind)
		r->behind->before = NULL;
	else
		erase(end_key(r));
	if (r->before)
		set_behind(r->before, NULL);
	r->before = r->behind = NULL;
	r->state = RANGE_DETACHED;
}

/* Leave @r @size bytes. Returns the rest, which is attached and like @r. */
struct range *range_split(struct range *r, size_t size)
{
	struct range *rest = range_new(r->addr + size, r->size - size);

	rest->state = r->state;
	rest->zeroed = r->zeroed;
	rest->odd = r->odd;
	move_behind(r, rest);
	r->size = size;
	r->behind = rest;
	rest->before = r;
	insert(start_key(rest), rest);
	return rest;
}

/* Take the first @size bytes from @r. Returns them, attached and like @r. */
struct range *range_cut(struct range *r, size_t size)
{
	struct range *piece = range_new(r->addr, size);

	piece->state = r->state;
	piece->zeroed = r->zeroed;
	piece->odd = r->odd;
	piece->before = r->before;
	if (piece->before)
		piece->before->behind = piece;
	piece->behind = r;
	find(start_key(r))->range = piece;
	r->before = piece;
	r->addr += size;
	r->size -= size;
	insert(start_key(r), r);
	return piece;
}

/* Make @r and the range behind it one; both are in none of kept.c's lists. */
void range_join(struct range *r)
{
	struct range *behind = r->behind;

	erase(start_key(behind));
	r->size += behind->size;
	move_behind(behind, r);
	range_free(behind);
}

/*
 * Copy up to @nr ranges of the index, from the slot *@next on; fewer are the
 * last. One that moves between two calls may be missed, or be there twice.
 */
unsigned int ranges_copy(struct large_range *to, unsigned int nr, size_t *next)
{
	unsigned int n = 0;
	size_t i;

	for (i = *next; i < nr_slots && n < nr; i++)
		if (slots[i].key && slots[i].key == start_key(slots[i].range))
			to[n++] = (struct large_range){ slots[i].range->addr,
							slots[i].range->size,
							LARGE_BLOCK };
	*next = i;
	return n;
}

/* ---- descriptors ---- */

/* A descriptor that is in no list and not in the index; NULL: none is left. */
struct range *range_new(char *addr, size_t size)
{
	struct range *r = spare;

	if (unlikely(!r))
		return NULL;
	spare = r->next;
	ranges_spare--;
	r->addr = addr;
	r->size = size;
	r->before = r->behind = NULL;
	r->state = RANGE_DETACHED;
	r->zeroed = r->odd = false;
	return r;
}

void range_free(struct range *r)
{
	r->addr = NULL;
	r->state = RANGE_DETACHED;
	r->next = spare;
	spare = r;
	ranges_spare++;
}

static size_t slots_for(size_t ranges)
{
	size_t n = 1;

	while (n < ranges * SLOTS_EACH)
		n *= 2;
	return n;
}

/* Move the index to @to, of @n slots; returns the old one. */
static struct slot *move_index(struct slot *to, size_t n)
{
	struct slot *from = slots;
	size_t i = nr_slots;

	slots = to;
	nr_slots = n;
	ashlar_places.large = (const struct large_slot *)to;
	ashlar_places.nr_large = n;
	while (i--)
		if (from[i].key)
			insert(from[i].key, from[i].range);
	return from;
}

static void add_spare(struct range *r, size_t n)
{
	nr_ranges += n;
	while (n--)
		range_free(r++);
}

static void *map(size_t bytes)
{
	return sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, 0);
}

/*
 * Twice as many descriptors. Maps without the lock and then looks again:
 * another thread may have been faster. False: there is no memory.
 */
bool ranges_grow(void)
{
	size_t page = port_host_page_size(), had = READ_ONCE(nr_ranges);
	size_t bytes =
		ALIGN(max(had, RANGES_FIRST) * sizeof(struct range), page);
	size_t more = bytes / sizeof(struct range);
	size_t n = slots_for(had + more),
	       index = ALIGN(n * sizeof(*slots), page);
	struct range *ranges = map(bytes);
	struct slot *old = map(index);

	if (!ranges || !old) {
		if (ranges)
			sys_munmap(ranges, bytes);
		if (old)
			sys_munmap(old, index);
		return false;
	}
	spin_lock(&ranges_lock);
	if (nr_ranges == had) {
		size_t unused = nr_slots * sizeof(*slots);

		old = move_index(old, n);
		add_spare(ranges, more);
		ranges = NULL;
		index = ALIGN(unused, page);
	}
	spin_unlock(&ranges_lock);
	if (ranges)
		sys_munmap(ranges, bytes);
	if (index)
		sys_munmap(old, index);
	return true;
}
