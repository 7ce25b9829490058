/* SPDX-License-Identifier: MIT */
/*
 * Barns: the sheaves that lie between CPUs, and how many objects may.
 *
 *   cache      barns[0]   full  ─ [sheaf] ─ [sheaf] ─ …   ┐ barn_max objects
 *                         empty ─ [sheaf] ─ …             │ at most, in all
 *              barns[1]   …                               ┘ barns together
 *                 ⇅ sheaves of the CPUs
 *   sheaf_cache           what sheaves are objects of
 *
 * Each group of CPUs has a barn, so that they seldom wait for each other. Who
 * finds nothing in the own looks into the others: in what follows, all barns of
 * a cache are one. Who wants a sheaf waits for nobody: a barn that another CPU
 * is at counts as empty, for where CPUs are threads that one may be off its
 * processor.
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
 * sheaves that CPUs have (half of it for objects with a slab each: a thread has
 * room for many sizes of them, and what it has room for is seldom there at one
 * time). A little is not counted, in proportion to what a cache has in use, as
 * long as several times as many objects lie free in its slabs: they take their
 * memory wherever they lie, and in a sheaf they are at hand.
 *
 *   barn_max    ▁▁▁▁▁▁▂▂▂▂▅▅▅▅▅▅▅▅▅▅▅▅▅▅▄▃▂▁▁▁▁
 *                    │    │ │   │         └ freed, and not asked for
 *                    └────┴─┴───┘ batches: miss, then all from the barn
 *
 * Invariant: every sheaf in a barn is wholly full or wholly empty.
 *
 * Locks: barn.lock for the sheaves, kmem_cache.lock for what barns may hold.
 * Either is taken alone, or a barn's inside the cache's.
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
	unsigned long in_use = nr_used_pages() / BARN_GROWTH_FRACTION *
			       (PAGE_SIZE / GROWTH_UNIT);

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
	int n = growth_of(s, objects), most;
	unsigned long spare = (u32)max(atomic_read(&s->spare_growth), 0);

	if (spare + objects <= spare_objects(s)) {
		atomic_add((int)objects, &s->spare_growth);
		return true;
	}
	/* A CPU that is refused again writes to no line that all CPUs read. */
	most = growth_max();
	if (atomic_read(&sheaf_growth) + n > most)
		return false;
	if (atomic_add_return(n, &sheaf_growth) <= most)
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
	else
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

/* How many objects a CPU's sheaf with room for @room counts for. */
static __always_inline u32 sheaf_counts(const struct kmem_cache *s, u32 room)
{
	return slab_is_packed(s) ? room : (room + 1) / 2;
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
static __always_inline u32 sheaf_grow(struct kmem_cache *s, u32 had)
{
	u32 wanted = READ_ONCE(s->sheaf_capacity), counted, counts;

	if (likely(had == wanted))
		return had;
	counted = sheaf_counts(s, had);
	counts = sheaf_counts(s, wanted);
	if (counted > counts)
		growth_give_back(s, counted - counts);
	else if (!growth_take(s, counts - counted))
		return had;
	return wanted;
}

/* A CPU's empty sheaf @top is about to be filled. */
sheaf_t sheaf_fit(struct kmem_cache *s, sheaf_t top)
{
	u32 had = sheaf_room(top), now = sheaf_grow(s, had);

	return likely(now == had) ? top : sheaf_open(sheaf_base(top), now);
}

/* Calls that pass before RAM is asked for again, of which there was none. */
#define RESTOCK_PAUSE 256

/* More sheaves for the stock, if there is RAM for them. */
void restock_sheaves(void)
{
	static u32 pause;
	u32 n = READ_ONCE(pause);

	if (n)
		WRITE_ONCE(pause, n - 1);
	else if (!slab_grow(&sheaf_cache, GFP_NOWAIT | __GFP_NOWARN))
		WRITE_ONCE(pause, RESTOCK_PAUSE);
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
	growth_give_back(s,
			 sheaf_counts(s, sheaf_room(top)) - sheaf_granted(s));
	sheaf_destroy(top, reaped);
}

sheaf_t sheaf_flush(struct kmem_cache *s, sheaf_t top)
{
	sheaf_t bottom = *sheaf_bottom(sheaf_base(top));

	slabs_put(s, bottom, (u32)(top - bottom));
	return bottom;
}

/* ---- sheaves into barns and out; context: any, without a barn's lock ---- */

/* @s is new. */
void barns_init(struct kmem_cache *s)
{
	u32 i;

	for (i = 0; i < NR_CPU_GROUPS; i++)
		spin_lock_init(&s->barns[i].lock);
}

static struct barn *barn_after(struct kmem_cache *s, struct barn *b)
{
	return ++b < s->barns + NR_CPU_GROUPS ? b : s->barns;
}

/* Context: barn.lock. Others may look whether there is any without it. */
static void sheaf_link(sheaf_t *list, sheaf_t top)
{
	*sheaf_next(top) = *list;
	WRITE_ONCE(*list, top);
}

static sheaf_t sheaf_unlink(sheaf_t *list)
{
	sheaf_t top = *list;

	if (top)
		WRITE_ONCE(*list, *sheaf_next(top));
	return top;
}

/* @full has @room objects. Context: barn.lock. */
static __always_inline void link_full(struct barn *b, sheaf_t full, u32 room)
{
	WRITE_ONCE(b->objects, b->objects + room);
	sheaf_link(&b->full, full);
}

/* The first barn from @own on that no CPU has locked, or @own; locked. */
static struct barn *lock_some_barn(struct kmem_cache *s, struct barn *own)
{
	struct barn *b = own;

	while (!spin_trylock(&b->lock)) {
		b = barn_after(s, b);
		if (b == own) {
			spin_lock(&own->lock);
			break;
		}
	}
	return b;
}

static void put_full(struct kmem_cache *s, struct barn *own, sheaf_t full,
		     u32 room)
{
	struct barn *b = lock_some_barn(s, own);

	link_full(b, full, room);
	spin_unlock(&b->lock);
}

static void put_empty(struct kmem_cache *s, struct barn *own, sheaf_t empty)
{
	struct barn *b = lock_some_barn(s, own);

	sheaf_link(&b->empty, empty);
	spin_unlock(&b->lock);
}

/* False: another CPU is at @b, and the caller does not @wait. */
static __always_inline bool barn_lock(struct barn *b, bool wait)
{
	if (!wait)
		return spin_trylock(&b->lock);
	spin_lock(&b->lock);
	return true;
}

/* A full sheaf of @b, for @empty if that is not NULL; or NULL. */
static __always_inline sheaf_t swap_for_full(struct barn *b, sheaf_t empty,
					     bool wait)
{
	sheaf_t full;

	if (!READ_ONCE(b->full) || !barn_lock(b, wait))
		return NULL;
	full = sheaf_unlink(&b->full);
	if (full) {
		WRITE_ONCE(b->objects, b->objects - sheaf_room(full));
		if (empty)
			sheaf_link(&b->empty, empty);
	}
	spin_unlock(&b->lock);
	return full;
}

/* An empty sheaf of @b, for @full with its @room objects; or NULL. */
static __always_inline sheaf_t swap_for_empty(struct barn *b, sheaf_t full,
					      u32 room, bool wait)
{
	sheaf_t empty;

	if (!READ_ONCE(b->empty) || !barn_lock(b, wait))
		return NULL;
	empty = sheaf_unlink(&b->empty);
	if (empty && room)
		link_full(b, full, room);
	spin_unlock(&b->lock);
	return empty;
}

/* The same with the first barn after @own that has one; or NULL. */
static __attribute__((__noinline__)) sheaf_t
full_elsewhere(struct kmem_cache *s, struct barn *own, sheaf_t empty, bool wait)
{
	struct barn *b = own;
	sheaf_t full = NULL;

	while (!full && (b = barn_after(s, b)) != own)
		full = swap_for_full(b, empty, wait);
	return full;
}

static __attribute__((__noinline__)) sheaf_t
empty_elsewhere(struct kmem_cache *s, struct barn *own, sheaf_t full, u32 room,
		bool wait)
{
	struct barn *b = own;
	sheaf_t empty = NULL;

	while (!empty && (b = barn_after(s, b)) != own)
		empty = swap_for_empty(b, full, room, wait);
	return empty;
}

/* The same with the first barn that has one, from @own on. */
static __always_inline sheaf_t any_full(struct kmem_cache *s, struct barn *own,
					sheaf_t empty, bool wait)
{
	sheaf_t full = swap_for_full(own, empty, wait);

	if (likely(full) || !barns_have_full(s))
		return full;
	return full_elsewhere(s, own, empty, wait);
}

static __always_inline sheaf_t any_empty(struct kmem_cache *s, struct barn *own,
					 sheaf_t full, u32 room, bool wait)
{
	sheaf_t empty = swap_for_empty(own, full, room, wait);

	return likely(empty) ? empty :
			       empty_elsewhere(s, own, full, room, wait);
}

/* A sheaf went into a barn or came out: a count that may miss some. */
static __attribute__((__noinline__)) void count_exchange(struct kmem_cache *s)
{
	u32 capacity = READ_ONCE(s->sheaf_capacity);
	u32 n = READ_ONCE(s->exchanges) + 1;

	WRITE_ONCE(s->exchanges, n % SHEAF_EXCHANGES);
	if (n == SHEAF_EXCHANGES)
		WRITE_ONCE(s->sheaf_capacity, min(2 * capacity, s->sheaf_most));
}

static __always_inline void note_exchange(struct kmem_cache *s)
{
	if (READ_ONCE(s->sheaf_capacity) != s->sheaf_most)
		count_exchange(s);
}

/* A full sheaf for @main, a CPU's empty one, or NULL: no barn has any. */
sheaf_t barn_get(struct kmem_cache *s, struct barn *own, sheaf_t main)
{
	u32 had = sheaf_room(main);
	sheaf_t full = any_full(s, own, main, false);

	if (!full)
		return NULL;
	if (unlikely(sheaf_room(full) != had))
		growth_add(s, (int)(sheaf_counts(s, sheaf_room(full)) -
				    sheaf_counts(s, had)));
	note_exchange(s);
	return full;
}

/*
 * @top is empty and now of a CPU, whose growth was that of @had objects. NULL:
 * it may have none.
 */
static __always_inline sheaf_t sheaf_refit(struct kmem_cache *s, sheaf_t top,
					   u32 had)
{
	u32 now = sheaf_grow(s, had);

	if (unlikely(!now))
		return NULL;
	return likely(sheaf_room(top) == now) ?
		       top :
		       sheaf_open(sheaf_base(top), now);
}

bool barn_has_room(const struct kmem_cache *s, sheaf_t full)
{
	return barn_objects(s) + sheaf_room(full) <= READ_ONCE(s->barn_max) &&
	       READ_ONCE(s->flushes) < BARN_FLUSHES;
}

/*
 * An empty sheaf for @main, a CPU's full one, or NULL. It comes from a barn if
 * that has one, so that sheaves do not multiply.
 */
sheaf_t barn_put(struct kmem_cache *s, struct barn *own, sheaf_t main)
{
	u32 had = sheaf_room(main);
	sheaf_t empty = any_empty(s, own, main, had, false);

	if (unlikely(!empty)) {
		empty = sheaf_new(s);
		if (!empty)
			return NULL;
		put_full(s, own, main, had);
	}
	note_exchange(s);
	return sheaf_refit(s, empty, had);
}

/* An empty sheaf for one more that a CPU has, or NULL. */
sheaf_t sheaf_get_empty(struct kmem_cache *s, struct barn *own)
{
	sheaf_t top = any_empty(s, own, NULL, 0, false), fit;

	if (!top)
		top = sheaf_new(s);
	if (unlikely(!top))
		return NULL;
	fit = sheaf_refit(s, top, sheaf_granted(s));
	if (unlikely(!fit))
		put_empty(s, own, top);
	return fit;
}

/* ---- what barns may hold ---- */

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

/* The barn may have @n objects fewer, but its least. Context: s->lock. */
static void barn_shrink(struct kmem_cache *s, u32 n)
{
	n = min(n, s->barn_max - s->barn_min);
	WRITE_ONCE(s->barn_max, s->barn_max - n);
	growth_give_back(s, n);
	WRITE_ONCE(s->sheaf_capacity, s->sheaf_min);
	WRITE_ONCE(s->exchanges, 0);
}

/*
 * A barn is for traffic in both directions. When sheaves are flushed time
 * after time and none is asked for, what lies in the barn only keeps slabs
 * from getting empty: it follows, sheaf by sheaf. Context: s->lock.
 */
void barn_note_flush(struct kmem_cache *s, u32 objects)
{
	u32 flushes = READ_ONCE(s->flushes) + 1;
	sheaf_t top;

	WRITE_ONCE(s->flushes, flushes);
	s->missed += objects;
	if (flushes < BARN_FLUSHES)
		return;
	barn_shrink(s, objects);
	top = any_full(s, s->barns, NULL, false);
	if (!top)
		return;
	s->missed += sheaf_room(top);
	put_empty(s, s->barns, sheaf_flush(s, top));
}

/* The barns, and then the slabs that are empty. */
void barn_drain(struct kmem_cache *s, struct list_head *reaped)
{
	sheaf_t top;

	while ((top = any_full(s, s->barns, NULL, true))) {
		spin_lock(&s->lock);
		top = sheaf_flush(s, top);
		spin_unlock(&s->lock);
		sheaf_destroy(top, reaped);
	}
	while ((top = any_empty(s, s->barns, NULL, 0, true)))
		sheaf_destroy(top, reaped);
	spin_lock(&s->lock);
	barn_shrink(s, s->barn_max);
	reap_free_slabs(s, 0, reaped);
	spin_unlock(&s->lock);
}
