/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of ranges, and an index from addresses to them.
 *
 *   index, open addressing
 *   | key, range |   a block has one key:    the address of its start
 *   |     -      |   a kept range has two:   start; end, with its lowest
 *   | key, range |                           bit set
 *   | key, range |
 *
 * Starts are multiples of the host's page, so a free of any other address is
 * recognised and refused; by its end a range is found from its neighbour.
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

spinlock_t ranges_lock = SPIN_LOCK_UNLOCKED;

static struct slot *slots;
static size_t nr_slots; /* a power of two */
static struct list_head spare = LIST_HEAD_INIT(spare); /* by by_size */
static size_t nr_spare, nr_ranges;

/* ---- the index ---- */

static size_t slot_of(uintptr_t key)
{
	return (size_t)(key * 0x9e3779b97f4a7c15ull >> 32) & (nr_slots - 1);
}

static struct slot *find(uintptr_t key)
{
	size_t i;

	if (!nr_slots || !key)
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

/* The block or kept range that starts at @addr, or NULL. */
struct range *range_starting(const void *addr)
{
	return range_of((uintptr_t)addr);
}

/* The kept range that ends at @addr, or NULL. */
struct range *range_ending(const void *addr)
{
	return range_of((uintptr_t)addr | 1);
}

static uintptr_t end_key(const struct range *r)
{
	return (uintptr_t)(r->addr + r->size) | 1;
}

void range_index_start(struct range *r)
{
	insert((uintptr_t)r->addr, r);
}

void range_forget_start(struct range *r)
{
	erase((uintptr_t)r->addr);
}

void range_index_end(struct range *r)
{
	insert(end_key(r), r);
}

void range_forget_end(struct range *r)
{
	erase(end_key(r));
}

/* ---- descriptors ---- */

/* A descriptor that is in no list and not in the index; NULL: none is left. */
struct range *range_new(char *addr, size_t size)
{
	struct range *r;

	if (list_empty(&spare))
		return NULL;
	r = list_first_entry(&spare, struct range, by_size);
	list_del(&r->by_size);
	nr_spare--;
	r->addr = addr;
	r->size = size;
	r->state = RANGE_DETACHED;
	r->zeroed = r->odd = false;
	return r;
}

void range_free(struct range *r)
{
	list_add(&r->by_size, &spare);
	nr_spare++;
}

/* True if there are enough descriptors for one allocation. */
bool ranges_suffice(void)
{
	return nr_spare >= RANGES_NEEDED;
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
