/* SPDX-License-Identifier: MIT */
/*
 * Barns: the sheaves that lie between CPUs, and how many objects may.
 *
 *   cache      barn_full   ─ [sheaf] ─ [sheaf] ─ …   up to barn_max objects
 *              barn_empty  ─ [sheaf] ─ …             ⇅ sheaves of the CPUs
 *   sheaf_cache            what sheaves are objects of
 *
 * Barns and sheaves are small at first and grow with their use:
 *
 *   A barn may hold a few sheaves' objects (barn_min). Are some flushed and
 *   wanted back later, it may hold as many more from then on: what a program
 *   takes and gives back in turns stays between the CPUs.
 *
 *   A sheaf holds a few objects (sheaf_min). When sheaves are exchanged with
 *   the barn again and again, empty ones are made to hold twice as many, up
 *   to sheaf_most: half as many exchanges do. From slabs it is always the
 *   least that is fetched, so that a larger sheaf costs no memory by itself.
 *
 * Flushes in a row make both smaller again, and what all caches together have
 * grown by is bounded (sheaf_growth): the room of the barns, and that of the
 * sheaves that CPUs have. A little is not counted, in proportion to what a
 * cache has in use, as long as several times as many objects lie free in its
 * slabs: they take their memory wherever they lie, and in a sheaf they are at
 * hand.
 *
 *   barn_max    ▁▁▁▁▁▁▂▂▂▂▅▅▅▅▅▅▅▅▅▅▅▅▅▅▄▃▂▁▁▁▁
 *                    │    │ │   │         └ freed, and not asked for
 *                    └────┴─┴───┘ batches: miss, then all from the barn
 *
 * Invariant: every sheaf in the barn is wholly full or wholly empty.
 *
 * Lock: kmem_cache.lock.
 */
#include "barn.h"

/* What sheaves are objects of; it has none itself. */
struct kmem_cache sheaf_cache;

/* ---- growth ---- */

/* What CPUs' sheaves and barns may hold beyond their least is taken of it. */
atomic_t sheaf_growth;

/* Its unit is this many bytes: an object counts with its slot in a sheaf. */
#define GROWTH_UNIT SLAB_GRANULE
/* Twice as much is still an int. */
#define GROWTH_MOST (1 << 29)

static int growth_of(const struct kmem_cache *s, u32 objects)
{
	return (int)(objects * (s->size / GROWTH_UNIT + 1));
}

static int growth_max(void)
{
	unsigned long in_use = 0;
	struct zone *z;

	for_each_populated_zone(z)
		in_use +=
			READ_ONCE(z->managed_pages) - READ_ONCE(z->free_pages);
	in_use = in_use / BARN_GROWTH_FRACTION * (PAGE_SIZE / GROWTH_UNIT);
	return (int)min(BARN_GROWTH_BYTES / GROWTH_UNIT + in_use,
			(unsigned long)GROWTH_MOST);
}

/* Growth of @s, in objects, that is not counted. */
static unsigned long spare_objects(const struct kmem_cache *s)
{
	unsigned long total = READ_ONCE(s->total_objects);
	unsigned long inuse = READ_ONCE(s->inuse);
	unsigned long free = total > inuse ? total - inuse : 0;

	return min(free / GROWTH_FREE_FRACTION, inuse / GROWTH_USED_FRACTION);
}

/* True if @objects more of @s may lie in sheaves. */
static bool growth_take(struct kmem_cache *s, u32 objects)
{
	int n = growth_of(s, objects);
	unsigned long spare = (u32)max(atomic_read(&s->spare_growth), 0);

	if (spare + objects <= spare_objects(s)) {
		atomic_add((int)objects, &s->spare_growth);
		return true;
	}
	if (atomic_add_return(n, &sheaf_growth) <= growth_max())
		return true;
	atomic_add(-n, &sheaf_growth);
	return false;
}

/* What was not counted goes first. */
static void growth_give_back(struct kmem_cache *s, u32 objects)
{
	int n = (int)objects, left = atomic_add_return(-n, &s->spare_growth);

	if (left >= 0)
		return;
	n = min(n, -left);
	atomic_add(n, &s->spare_growth);
	atomic_add(-growth_of(s, (u32)n), &sheaf_growth);
}

/* A CPU has so many objects more, or fewer, in a sheaf than it had. */
static void growth_add(struct kmem_cache *s, int objects)
{
	if (objects < 0)
		growth_give_back(s, (u32)-objects);
	else if (unlikely(objects))
		atomic_add(growth_of(s, (u32)objects), &sheaf_growth);
}

/* ---- sheaves ---- */

/* The sheaf at @base is empty, and to hold @capacity objects from now on. */
static sheaf_t sheaf_open(void **base, u32 capacity)
{
	sheaf_t bottom = base + SHEAF_SLOTS - capacity;

	WRITE_ONCE(*sheaf_bottom(base), bottom);
	bottom[-1] = NULL;
	return bottom;
}

/*
 * Objects of a sheaf that do not count as growth: those of its least, but that
 * the large ones, with a slab each, count from the first.
 */
static u32 sheaf_granted(const struct kmem_cache *s)
{
	return slab_is_packed(s) ? s->sheaf_min : 0;
}

/*
 * A CPU that had a sheaf for @had objects is to have one for as many as
 * sheaves of its cache hold now, if there is room for that. Returns for how
 * many: they count instead of @had.
 */
static u32 sheaf_grow(struct kmem_cache *s, u32 had)
{
	u32 wanted = READ_ONCE(s->sheaf_capacity);

	if (had > wanted)
		growth_give_back(s, had - wanted);
	else if (had < wanted && !growth_take(s, wanted - had))
		return had;
	return wanted;
}

/* A CPU's empty sheaf @top is about to be filled. */
sheaf_t sheaf_fit(struct kmem_cache *s, sheaf_t top)
{
	u32 had = sheaf_room(top), now = sheaf_grow(s, had);

	return likely(now == had) ? top : sheaf_open(sheaf_base(top), now);
}

/* An empty sheaf out of the stock, or NULL. Context: no cache lock. */
static sheaf_t sheaf_new(const struct kmem_cache *s)
{
	void *base[1];
	bool found;

	spin_lock(&sheaf_cache.lock);
	found = slabs_take(&sheaf_cache, base, 1, false) == base;
	spin_unlock(&sheaf_cache.lock);
	if (unlikely(!found))
		return NULL;
	object_taken(&sheaf_cache, base[0]);
	return sheaf_open(base[0], s->sheaf_min);
}

/* @top is empty, and no CPU's. @reaped: slabs of the cache of sheaves. */
static void sheaf_destroy(sheaf_t top, struct list_head *reaped)
{
	object_freed(&sheaf_cache, sheaf_base(top));
	put_direct(&sheaf_cache, sheaf_base(top), reaped);
}

/*
 * The CPU that had @top, which is empty, has it no more. @reaped: slabs of the
 * cache of sheaves that are to go.
 */
void sheaf_release(struct kmem_cache *s, sheaf_t top, struct list_head *reaped)
{
	growth_give_back(s, sheaf_room(top) - sheaf_granted(s));
	sheaf_destroy(top, reaped);
}

sheaf_t sheaf_flush(struct kmem_cache *s, sheaf_t top)
{
	sheaf_t bottom = *sheaf_bottom(sheaf_base(top));

	slabs_put(s, bottom, (u32)(top - bottom));
	return bottom;
}

/* ---- the barn ---- */

static sheaf_t barn_take(struct kmem_cache *s)
{
	sheaf_t full = sheaf_unlink(&s->barn_full);

	if (full)
		WRITE_ONCE(s->barn_objects, s->barn_objects - sheaf_room(full));
	return full;
}

/*
 * A full sheaf out of the barn for the empty one @main, or NULL: it has none.
 * Context: s->lock.
 */
sheaf_t barn_get(struct kmem_cache *s, sheaf_t main)
{
	sheaf_t full = barn_take(s);

	if (!full)
		return NULL;
	growth_add(s, (int)sheaf_room(full) - (int)sheaf_room(main));
	sheaf_link(&s->barn_empty, main);
	return full;
}

/* The sheaf of a CPU that got an empty one for it. Context: s->lock. */
void barn_put(struct kmem_cache *s, sheaf_t full)
{
	WRITE_ONCE(s->barn_objects, s->barn_objects + sheaf_room(full));
	sheaf_link(&s->barn_full, full);
}

bool barn_has_room(const struct kmem_cache *s, sheaf_t full)
{
	return s->barn_objects + sheaf_room(full) <= s->barn_max &&
	       s->flushes < BARN_FLUSHES;
}

/*
 * An empty sheaf, for a CPU whose one for @had objects goes to the barn, or
 * NULL. It comes from the barn if that has one, so that sheaves do not
 * multiply. Context: s->lock, which it may release for a moment.
 */
static sheaf_t get_empty(struct kmem_cache *s, u32 had)
{
	sheaf_t top = sheaf_unlink(&s->barn_empty);
	u32 now;

	if (unlikely(!top)) {
		spin_unlock(&s->lock);
		top = sheaf_new(s);
		spin_lock(&s->lock);
		if (unlikely(!top))
			return NULL;
	}
	now = sheaf_grow(s, had);
	if (unlikely(!now)) {
		sheaf_link(&s->barn_empty, top);
		return NULL;
	}
	return likely(sheaf_room(top) == now) ?
		       top :
		       sheaf_open(sheaf_base(top), now);
}

/* An empty sheaf for one more that a CPU has, or NULL. Context: s->lock. */
sheaf_t sheaf_get_empty(struct kmem_cache *s)
{
	return get_empty(s, sheaf_granted(s));
}

/* An empty sheaf for the full one @main, or NULL. Context: s->lock. */
sheaf_t sheaf_exchange(struct kmem_cache *s, sheaf_t main)
{
	return get_empty(s, sheaf_room(main));
}

/* An empty sheaf for this CPU, or NULL. Context: no cache lock. */
sheaf_t sheaf_fetch_empty(struct kmem_cache *s)
{
	sheaf_t empty;

	spin_lock(&s->lock);
	empty = sheaf_get_empty(s);
	spin_unlock(&s->lock);
	return empty;
}

/*
 * The barn has nothing for a CPU that asks, and objects were flushed before
 * that it could have had: from now on the barn may hold as many more, unless
 * all caches together grow too large. Context: s->lock.
 */
void barn_grow(struct kmem_cache *s)
{
	u32 more = min(s->missed, (u32)(GROWTH_MOST / growth_of(s, 1)));

	if (growth_take(s, more))
		WRITE_ONCE(s->barn_max, s->barn_max + more);
	s->missed = 0;
}

/* A sheaf went into the barn or came out. Context: s->lock. */
void barn_note_exchange(struct kmem_cache *s)
{
	if (s->sheaf_capacity == s->sheaf_most ||
	    ++s->exchanges < SHEAF_EXCHANGES)
		return;
	s->exchanges = 0;
	WRITE_ONCE(s->sheaf_capacity,
		   min(2 * s->sheaf_capacity, s->sheaf_most));
}

/* The barn may have @n objects fewer, but its least. Context: s->lock. */
static void barn_shrink(struct kmem_cache *s, u32 n)
{
	n = min(n, s->barn_max - s->barn_min);
	WRITE_ONCE(s->barn_max, s->barn_max - n);
	growth_give_back(s, n);
	WRITE_ONCE(s->sheaf_capacity, s->sheaf_min);
	s->exchanges = 0;
}

/*
 * A barn is for traffic in both directions. When sheaves are flushed time
 * after time and none is asked for, what lies in the barn only keeps slabs
 * from getting empty: it follows, sheaf by sheaf. Context: s->lock.
 */
void barn_note_flush(struct kmem_cache *s, u32 objects)
{
	sheaf_t top;

	WRITE_ONCE(s->flushes, s->flushes + 1);
	s->missed += objects;
	if (s->flushes < BARN_FLUSHES)
		return;
	barn_shrink(s, objects);
	top = barn_take(s);
	if (!top)
		return;
	s->missed += sheaf_room(top);
	sheaf_link(&s->barn_empty, sheaf_flush(s, top));
}

/* The barn, and then the slabs that are empty. */
void barn_drain(struct kmem_cache *s, struct list_head *reaped)
{
	sheaf_t top;

	do {
		spin_lock(&s->lock);
		top = barn_take(s);
		if (top)
			top = sheaf_flush(s, top);
		else
			top = sheaf_unlink(&s->barn_empty);
		spin_unlock(&s->lock);
		if (top)
			sheaf_destroy(top, reaped);
	} while (top);
	spin_lock(&s->lock);
	barn_shrink(s, s->barn_max);
	reap_free_slabs(s, 0, reaped);
	spin_unlock(&s->lock);
}
