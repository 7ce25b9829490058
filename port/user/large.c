/* SPDX-License-Identifier: MIT */
/*
 * Large blocks: a mapping of the kernel's each, found again by address.
 *
 *   table, open addressing      kept: freed mappings, for the next caller
 *   | addr size |               | addr size | addr size | ...  oldest first
 *   |    -      |
 *   | addr size |   addr is a multiple of the page, so a free of any other
 *   | addr size |   address is recognised and refused
 *
 * A freed mapping is kept when there is room for it:
 *
 *   kept bytes <= max(LARGE_KEEP, blocks in use / 8) + churn
 *
 * churn grows by the size of every block that had to be mapped anew shortly
 * after one like it was unmapped, and halves with each quiet period: a loop
 * that allocates and frees one big block pays for its pages once.
 *
 * Blocks grow with mremap(), which moves page tables and not bytes, to an
 * eighth more than asked for: untouched pages cost nothing.
 */
#include <ashlar/port.h>
#include <ashlar/string.h>
#include <mach/page.h>
#include <mach/spinlock.h>
#include "sys.h"
#include "user.h"

struct block {
	char *addr; /* NULL: free slot */
	size_t size; /* bytes mapped, whole host pages */
};

#define TABLE_FIRST 256 /* slots; a power of two */
#define KEPT_MOST 32
#define LARGE_KEEP (256ul << 10)
#define CHURN_MOST (64ul << 20)
#define QUIET_MS 250

/* All under lock. */
static spinlock_t lock = SPIN_LOCK_UNLOCKED;
static struct block *table;
static size_t table_slots;
static struct block kept[KEPT_MOST];
static unsigned int nr_kept;
static size_t keep_bytes = LARGE_KEEP;
static size_t churn; /* bytes */
static size_t unmapped; /* bytes, since quiet_since */
static unsigned long quiet_since; /* port_time_ms() */

static size_t round_up(size_t size)
{
	return ALIGN(size, port_host_page_size());
}

/* ---- the table ---- */

static size_t slot_of(const void *addr)
{
	u64 hash = ((uintptr_t)addr >> PAGE_SHIFT) * 0x9e3779b97f4a7c15ull;

	return (size_t)(hash >> 32) & (table_slots - 1);
}

static struct block *find(const void *addr)
{
	size_t i;

	if (!table || !addr)
		return NULL;
	for (i = slot_of(addr); table[i].addr; i = (i + 1) & (table_slots - 1))
		if (table[i].addr == addr)
			return &table[i];
	return NULL;
}

static void insert(struct block b)
{
	size_t i = slot_of(b.addr);

	while (table[i].addr)
		i = (i + 1) & (table_slots - 1);
	table[i] = b;
	large_count++;
	large_bytes += b.size;
}

/* Knuth, TAOCP 3, 6.4 algorithm R: close the gap that a removal leaves. */
static void erase(struct block *b)
{
	size_t hole = (size_t)(b - table), mask = table_slots - 1;
	size_t i = hole, home;

	large_count--;
	large_bytes -= b->size;
	for (;;) {
		i = (i + 1) & mask;
		if (!table[i].addr)
			break;
		home = slot_of(table[i].addr);
		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		table[hole] = table[i];
		hole = i;
	}
	table[hole].addr = NULL;
}

/* Room for one more; at most half of the slots are in use. */
static bool table_has_room(void)
{
	struct block *old = table;
	size_t slots = table_slots, i;

	if (large_count < slots / 2)
		return true;
	slots = slots ? 2 * slots : TABLE_FIRST;
	table = sys_mmap(NULL, round_up(slots * sizeof(*table)),
			 PROT_READ | PROT_WRITE, 0);
	if (!table) {
		table = old;
		return false;
	}
	i = table_slots;
	table_slots = slots;
	large_count = large_bytes = 0;
	while (i--)
		if (old[i].addr)
			insert(old[i]);
	if (old)
		sys_munmap(old, round_up(slots / 2 * sizeof(*table)));
	return true;
}

/* ---- mappings kept for the next caller ---- */

static void decay(void)
{
	unsigned long now = port_time_ms();
	unsigned long halves = (now - quiet_since) / QUIET_MS;

	if (!halves)
		return;
	churn = halves < 63 ? churn >> halves : 0;
	unmapped = 0;
	quiet_since = now;
}

static void drop_kept(unsigned int i)
{
	large_cached_bytes -= kept[i].size;
	unmapped += kept[i].size;
	sys_munmap(kept[i].addr, kept[i].size);
	nr_kept--;
	for (; i < nr_kept; i++)
		kept[i] = kept[i + 1];
}

static void keep_or_unmap(struct block b)
{
	size_t most;

	decay();
	most = max(keep_bytes, large_bytes / 8) + churn;
	while (nr_kept &&
	       (nr_kept == KEPT_MOST || large_cached_bytes + b.size > most))
		drop_kept(0);
	if (b.size > most) {
		unmapped += b.size;
		sys_munmap(b.addr, b.size);
		return;
	}
	kept[nr_kept++] = b;
	large_cached_bytes += b.size;
}

/* The best fit up to twice the size; what is too much is unmapped. */
static bool take_kept(size_t size, struct block *out)
{
	unsigned int i, best = KEPT_MOST;

	for (i = 0; i < nr_kept; i++)
		if (kept[i].size >= size && kept[i].size / 2 <= size &&
		    (best == KEPT_MOST || kept[i].size <= kept[best].size))
			best = i;
	if (best == KEPT_MOST)
		return false;
	*out = kept[best];
	large_cached_bytes -= out->size;
	nr_kept--;
	for (i = best; i < nr_kept; i++)
		kept[i] = kept[i + 1];
	if (out->size > size) {
		sys_munmap(out->addr + size, out->size - size);
		out->size = size;
	}
	return true;
}

static void note_miss(size_t size)
{
	if (unmapped < size)
		return;
	unmapped -= size;
	churn = min(churn + size + size / 8, CHURN_MOST);
}

/* ---- the calls ---- */

static char *map_aligned(size_t size, size_t align)
{
	size_t page = port_host_page_size(), extra;
	char *p, *start;

	if (align <= page)
		return sys_mmap(NULL, size, PROT_READ | PROT_WRITE, 0);
	extra = align - page;
	p = sys_mmap(NULL, size + extra, PROT_READ | PROT_WRITE, 0);
	if (!p)
		return NULL;
	start = (char *)ALIGN((uintptr_t)p, align);
	if (start > p)
		sys_munmap(p, (size_t)(start - p));
	if (extra > (size_t)(start - p))
		sys_munmap(start + size, extra - (size_t)(start - p));
	return start;
}

/*
 * A block of at least @size bytes, aligned to @align (a power of two).
 * *zeroed: whether it reads as zero. NULL when the kernel has no more; both
 * sizes are below PTRDIFF_MAX / 2.
 */
void *large_alloc(size_t size, size_t align, bool *zeroed)
{
	struct block b = { NULL, round_up(size) };

	spin_lock(&lock);
	if (!table_has_room()) {
		spin_unlock(&lock);
		return NULL;
	}
	*zeroed = false;
	if (align > port_host_page_size() || !take_kept(b.size, &b)) {
		note_miss(b.size);
		*zeroed = true;
		b.addr = map_aligned(b.size, align);
		if (!b.addr && nr_kept) {
			while (nr_kept)
				drop_kept(0);
			b.addr = map_aligned(b.size, align);
		}
	}
	if (b.addr)
		insert(b);
	spin_unlock(&lock);
	return b.addr;
}

/* False: @p is not the start of a large block. */
bool large_free(void *p)
{
	struct block *found, b;

	spin_lock(&lock);
	found = find(p);
	if (found) {
		b = *found;
		erase(found);
		keep_or_unmap(b);
	}
	spin_unlock(&lock);
	return found != NULL;
}

/* Bytes that may be used at @p; 0: not the start of a large block. */
size_t large_size(const void *p)
{
	struct block *found;
	size_t size;

	spin_lock(&lock);
	found = find(p);
	size = found ? found->size : 0;
	spin_unlock(&lock);
	return size;
}

/*
 * Grow or shrink @p, a large block, to a large size; it may move. NULL: not
 * possible, and @p is as it was.
 */
void *large_realloc(void *p, size_t size)
{
	size_t want = round_up(size), roomy = round_up(size + size / 8);
	struct block *found, b;
	char *moved = NULL;

	spin_lock(&lock);
	found = find(p);
	b = *found;
	if (want <= b.size && b.size <= roomy) {
		spin_unlock(&lock);
		return p;
	}
	if (want > b.size) {
		moved = sys_mremap(p, b.size, roomy, MREMAP_MAYMOVE);
		want = moved ? roomy : want;
	}
	if (!moved)
		moved = sys_mremap(p, b.size, want, MREMAP_MAYMOVE);
	if (moved) {
		erase(found);
		insert((struct block){ moved, want });
	}
	spin_unlock(&lock);
	return moved;
}

/* Give all kept mappings back. */
void large_trim(void)
{
	spin_lock(&lock);
	while (nr_kept)
		drop_kept(0);
	spin_unlock(&lock);
}

/* Bytes of freed mappings that are always kept (M_TRIM_THRESHOLD). */
void large_set_keep(size_t bytes)
{
	spin_lock(&lock);
	keep_bytes = bytes;
	spin_unlock(&lock);
}

void large_fork_prepare(void)
{
	spin_lock(&lock);
}

void large_fork_parent(void)
{
	spin_unlock(&lock);
}

void large_fork_child(void)
{
	spin_lock_init(&lock);
}
