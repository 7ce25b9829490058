/* SPDX-License-Identifier: MIT */
/*
 * Sheaves: the objects that each CPU has at hand, and the barn between CPUs.
 *
 *   per CPU, per cache          per cache (kmem_cache.lock)
 *   ┌──────┐ ┌───────┐          ┌────── barn ───────┐
 *   │ main │⇄│ spare │ ⇄ whole  │ full … │ empty …  │
 *   └──────┘ └───────┘  sheaves └───────────────────┘
 *      ⇅ one object                ⇅ a sheaf's worth of objects
 *    caller               slabs (slub.c)
 *
 * An allocation pops this CPU's main sheaf (sheaf_pop, slab.h). When that is
 * empty it tries, in turn: the spare sheaf; a full sheaf from the barn; a
 * refill from the slabs; a new slab. A release is the mirror image, so a CPU
 * that only allocates and one that only frees hand whole sheaves to each
 * other for the price of one lock. Sheaves belong to a CPU, slabs to nobody.
 *
 * A barn may hold a few sheaves (barn_min). Is one flushed and wanted back
 * later, it may hold one more from then on: what a program takes and gives back
 * in turns stays between the CPUs. Flushes in a row make it smaller again, and
 * all barns together are bounded (barn_growth).
 *
 *   barn_max    ▁▁▁▁▁▁▂▂▂▂▅▅▅▅▅▅▅▅▅▅▅▅▅▅▄▃▂▁▁▁▁
 *                    │    │ │   │         └ freed, and not asked for
 *                    └────┴─┴───┘ batches: miss, then all from the barn
 *
 * Invariant: every sheaf in the barn is wholly full or wholly empty.
 *
 * Locks: a CPU's lock around anything but a single pop or push of its main
 * sheaf (so that a fork finds sheaves whole), then the cache's lock.
 *
 * J. Bonwick and J. Adams, "Magazines and Vmem", USENIX 2001.
 */
#include <ashlar/atomic.h>
#include <ashlar/string.h>
#include "slub.h"

static void *bootstrap_sheaf[SHEAF_SLOTS] __aligned_to(SHEAF_SIZE);

#define BOOTSTRAP_TOP (bootstrap_sheaf + SHEAF_SLOTS)

DEFINE_PER_CPU(struct sheaf_tops, sheaf_tops) = {
	.top = { [0 ... NR_CPU_CACHES - 1] = BOOTSTRAP_TOP },
};

/* What sheaves are objects of; it has none itself. */
struct kmem_cache sheaf_cache;

/* ---- sheaves and the barn ---- */

static void **sheaf_base(sheaf_t top)
{
	return (void **)((uintptr_t)(top - 1) & ~(SHEAF_SIZE - 1));
}

static void **sheaf_bottom(const struct kmem_cache *s, void **base)
{
	return base + SHEAF_SLOTS - s->sheaf_capacity;
}

/*
 * Sheaves are needed under a CPU's lock, where nothing may ask the machine
 * for RAM: so the cache of sheaves has one in stock before. Context: no lock.
 */
static __always_inline void stock_sheaves(void)
{
	if (unlikely(READ_ONCE(sheaf_cache.inuse) ==
		     READ_ONCE(sheaf_cache.total_objects)))
		slab_grow(&sheaf_cache, GFP_NOWAIT | __GFP_NOWARN);
}

/* An empty sheaf for @s out of the stock, or NULL. Context: no cache lock. */
static sheaf_t sheaf_new(struct kmem_cache *s)
{
	void *base[1];
	bool found;

	spin_lock(&sheaf_cache.lock);
	found = slabs_take(&sheaf_cache, base, 1, false) == base;
	spin_unlock(&sheaf_cache.lock);
	if (unlikely(!found))
		return NULL;
	object_taken(&sheaf_cache, base[0]);
	sheaf_bottom(s, base[0])[-1] = NULL;
	return sheaf_bottom(s, base[0]);
}

/* Context: s->lock. */
static sheaf_t barn_get(sheaf_t *list, u32 *count)
{
	sheaf_t top = *list;

	if (top) {
		*list = sheaf_base(top)[0];
		WRITE_ONCE(*count, *count - 1);
	}
	return top;
}

static void barn_put(sheaf_t *list, u32 *count, sheaf_t top)
{
	sheaf_base(top)[0] = *list;
	*list = top;
	WRITE_ONCE(*count, *count + 1);
}

/*
 * An empty sheaf, from the barn if it has one. The barn's is taken first, so
 * that sheaves do not multiply.
 */
static sheaf_t sheaf_get_empty(struct kmem_cache *s)
{
	sheaf_t top;

	spin_lock(&s->lock);
	top = barn_get(&s->barn_empty, &s->nr_barn_empty);
	spin_unlock(&s->lock);
	return top ? top : sheaf_new(s);
}

/* @reaped: slabs of the cache of sheaves that are to go. */
static void sheaf_release(sheaf_t top, struct list_head *reaped)
{
	object_freed(&sheaf_cache, sheaf_base(top));
	put_direct(&sheaf_cache, sheaf_base(top), reaped);
}

static sheaf_t sheaf_flush(struct kmem_cache *s, sheaf_t top)
{
	void **bottom = sheaf_bottom(s, sheaf_base(top));

	slabs_put(s, bottom, (u32)(top - bottom));
	return bottom;
}

/*
 * What all barns may have beyond their least: how much of it is taken. Its
 * unit is the bytes of a sheaf, which counts with the objects in it.
 */
static atomic_t barn_growth;

static int barn_growth_max(void)
{
	unsigned long in_use = 0;
	struct zone *z;

	for_each_populated_zone(z)
		in_use +=
			READ_ONCE(z->managed_pages) - READ_ONCE(z->free_pages);
	in_use = in_use / BARN_GROWTH_FRACTION * PAGE_SIZE;
	return (int)((BARN_GROWTH_BYTES + in_use) / SHEAF_SIZE);
}

static int sheaves_weight(const struct kmem_cache *s, u32 n)
{
	return (int)(n * (s->sheaf_capacity * s->size / SHEAF_SIZE + 1));
}

/* No sum of weights gets too large for an int. */
#define BARN_GROWTH_SHEAVES (1 << 16)

/*
 * The barn has nothing for a CPU that asks, and sheaves were flushed before
 * that it could have had: from now on the barn may hold as many more, unless
 * all barns together get too large. Context: s->lock.
 */
static void barn_grow(struct kmem_cache *s)
{
	u32 more = min(s->missed, (u32)BARN_GROWTH_SHEAVES);
	int weight = sheaves_weight(s, more);

	if (atomic_add_return(weight, &barn_growth) <= barn_growth_max())
		WRITE_ONCE(s->barn_max, s->barn_max + more);
	else
		atomic_add(-weight, &barn_growth);
	s->missed = 0;
}

/*
 * ---- a sheaf in, a sheaf out ----
 *
 * Both directions run under the CPU's lock and leave the sheaves whole.
 */

/*
 * Slow calls for @s on one CPU before that CPU gets a sheaf of it. A thread
 * that wants an object or two of many sizes has no sheaf for each of them.
 * Objects smaller than a cache line always come from a sheaf.
 */
static u32 cold_calls(const struct kmem_cache *s)
{
	if (s->size > SHEAF_WARM_BYTES)
		return SHEAF_WARM_COUNT;
	return s->size < CACHE_LINE ? 0 : SHEAF_WARM_CALLS;
}

/*
 * Objects of the next refill: a few at first, so that a CPU that needs one
 * does not take a slab's worth from the others, twice as many each time. The
 * first few fill a cache line and come from memory that no other CPU had, so
 * that two CPUs do not begin in one line (passive false sharing).
 */
static u32 refill_size(const struct kmem_cache *s, struct mm_cpu *cpu)
{
	u32 warmth = cpu->warmth[s->id] - cold_calls(s);
	u32 n = max(s->sheaf_capacity / 16, 4u) << warmth;

	if (n >= s->sheaf_capacity)
		return s->sheaf_capacity;
	cpu->warmth[s->id]++;
	return n;
}

/* Make this CPU's main sheaf non-empty without a new slab. */
static bool sheaf_refill(struct kmem_cache *s, struct mm_cpu *cpu)
{
	sheaf_t *main = &cpu->tops->top[s->id], *spare = &cpu->spare[s->id];
	sheaf_t full;
	void **slot;
	bool fresh;
	u32 n;

	if ((*main)[-1]) /* a caller who did not look */
		return true;
	if (*main == BOOTSTRAP_TOP) {
		full = sheaf_get_empty(s);
		if (!full)
			return false;
		*main = full;
	}
	if (*spare && sheaf_full(*spare)) {
		full = *spare;
		*spare = *main;
		*main = full;
		return true;
	}
	spin_lock(&s->lock);
	s->idle = 0;
	WRITE_ONCE(s->flushes, 0);
	full = barn_get(&s->barn_full, &s->nr_barn_full);
	if (full) {
		barn_put(&s->barn_empty, &s->nr_barn_empty, *main);
		*main = full;
		count_vm_events(cpu, BARN_GET, 1);
	} else {
		if (s->missed)
			barn_grow(s);
		fresh = cpu->warmth[s->id] == cold_calls(s);
		n = refill_size(s, cpu);
		slot = slabs_take(s, *main, n, fresh);
		full = *main + n;
		if (slot > *main)
			memmove(*main, slot,
				(size_t)((char *)full - (char *)slot));
		*main += full - slot;
		count_vm_events(cpu, SLAB_REFILL, 1);
	}
	spin_unlock(&s->lock);
	return (*main)[-1] != NULL;
}

/* The barn may have @n sheaves fewer, but its least. Context: s->lock. */
static void barn_shrink(struct kmem_cache *s, u32 n)
{
	n = min(n, s->barn_max - s->barn_min);
	if (!n)
		return;
	WRITE_ONCE(s->barn_max, s->barn_max - n);
	atomic_add(-sheaves_weight(s, n), &barn_growth);
}

/*
 * A barn is for traffic in both directions. When sheaves are flushed time
 * after time and none is asked for, what lies in the barn only keeps slabs
 * from getting empty: it follows, sheaf by sheaf. Context: s->lock.
 */
static void barn_note_flush(struct kmem_cache *s)
{
	sheaf_t top;

	WRITE_ONCE(s->flushes, s->flushes + 1);
	s->missed++;
	if (s->flushes < BARN_FLUSHES)
		return;
	barn_shrink(s, 1);
	top = barn_get(&s->barn_full, &s->nr_barn_full);
	if (!top)
		return;
	barn_put(&s->barn_empty, &s->nr_barn_empty, sheaf_flush(s, top));
	s->missed++;
}

/* Main and spare are full: main goes to the barn, or into its slabs. */
static void sheaf_unload(struct kmem_cache *s, struct mm_cpu *cpu,
			 sheaf_t *main, struct list_head *reaped)
{
	sheaf_t empty = NULL;

	if (READ_ONCE(s->nr_barn_full) < READ_ONCE(s->barn_max) &&
	    READ_ONCE(s->flushes) < BARN_FLUSHES)
		empty = sheaf_get_empty(s);
	spin_lock(&s->lock);
	s->idle = 0;
	if (empty) {
		barn_put(&s->barn_full, &s->nr_barn_full, *main);
		*main = empty;
		count_vm_events(cpu, BARN_PUT, 1);
	} else {
		*main = sheaf_flush(s, *main);
		barn_note_flush(s);
		reap_free_slabs(s, slabs_to_keep(s), reaped);
		count_vm_events(cpu, SLAB_FLUSH, 1);
	}
	spin_unlock(&s->lock);
}

/* Make this CPU's main sheaf non-full. */
static bool sheaf_make_room(struct kmem_cache *s, struct mm_cpu *cpu,
			    struct list_head *reaped)
{
	sheaf_t *main = &cpu->tops->top[s->id], *spare = &cpu->spare[s->id];
	sheaf_t empty = *spare;

	if (*main == BOOTSTRAP_TOP) {
		/* Another CPU's object, and its neighbours in use there: back
		 * to its slab, before this one's first allocation gets it. */
		empty = sheaf_get_empty(s);
		if (empty)
			*main = empty;
		return false;
	}
	if (!empty) {
		empty = sheaf_get_empty(s);
		if (!empty)
			return false;
		*spare = *main;
		*main = empty;
	} else if (!sheaf_full(empty)) {
		*spare = *main;
		*main = empty;
	} else {
		sheaf_unload(s, cpu, main, reaped);
	}
	return true;
}

/* ---- the slow paths ---- */

/* True while every cache is to work without sheaves. */
bool sheaves_off;

static bool cache_has_sheaves(const struct kmem_cache *s)
{
	return s->id && !sheaves_off && !failslab_enabled;
}

/* True if this CPU has a sheaf for @s, or called often enough to get one. */
static bool sheaf_is_warm(const struct kmem_cache *s, const struct mm_cpu *cpu)
{
	return cpu->warmth[s->id] >= cold_calls(s);
}

/* Objects with a slab each get warm only by one size again and again. */
static void warm_up(const struct kmem_cache *s, struct mm_cpu *cpu)
{
	if (!slab_is_packed(s) && cpu->last_large != s->id) {
		cpu->last_large = s->id;
		cpu->warmth[s->id] = 0;
	}
	cpu->warmth[s->id]++;
}

static void *alloc_through_sheaf(struct kmem_cache *s, struct mm_cpu *cpu,
				 gfp_t gfp)
{
	void *obj;

	if (unlikely(!sheaf_is_warm(s, cpu))) {
		warm_up(s, cpu);
		return alloc_direct(s, gfp);
	}
	if (unlikely(cpu->tops->top[s->id] == BOOTSTRAP_TOP))
		stock_sheaves();
	do {
		spin_lock(&cpu->lock);
		obj = sheaf_refill(s, cpu) ? sheaf_pop(s->id) : NULL;
		spin_unlock(&cpu->lock);
		if (obj)
			return obj;
		if (cpu->tops->top[s->id] == BOOTSTRAP_TOP)
			return alloc_direct(s, gfp);
	} while (slab_grow(s, gfp));
	return NULL;
}

/*
 * slab_alloc_slow - an object when this CPU's main sheaf is empty
 * @s: the cache
 * @gfp: GFP_* flags; __GFP_ZERO is the caller's to see to
 */
__cold_path void *slab_alloc_slow(struct kmem_cache *s, gfp_t gfp)
{
	struct mm_cpu *cpu = mm_this_cpu();
	void *obj;

	if (unlikely(should_failslab(s, gfp)))
		return NULL;
	if (likely(cpu && cache_has_sheaves(s)))
		obj = alloc_through_sheaf(s, cpu, gfp);
	else
		obj = alloc_direct(s, gfp);
	if (!obj)
		return NULL;
	object_taken(s, obj);
	if (cache_has_marks(s))
		*object_mark(obj) = NULL;
	return obj;
}

static bool sheaf_holds(const struct kmem_cache *s, sheaf_t top,
			const void *obj)
{
	void **bottom;

	if (!top || top == BOOTSTRAP_TOP)
		return false;
	for (bottom = sheaf_bottom(s, sheaf_base(top)); top > bottom;)
		if (*--top == obj)
			return true;
	return false;
}

/*
 * @obj carries the mark of a free object. Is it one, or did the program
 * write that very word? Other CPUs' sheaves are read while they change: a
 * mistake of a running program is found, an innocent one is not accused.
 */
static bool object_is_free(struct kmem_cache *s, void *obj)
{
	struct page *page = virt_to_page(obj);
	struct mm_cpu *cpu;
	bool found;
	sheaf_t top;

	spin_lock(&s->lock);
	found = object_state(s, slab_head(page), obj) == OBJECT_FREE;
	for (top = s->barn_full; top && !found; top = sheaf_base(top)[0])
		found = sheaf_holds(s, top, obj);
	spin_unlock(&s->lock);
	if (found)
		return true;
	spin_lock(&mm_cpu_mutex);
	list_for_each_entry(cpu, &mm_cpus, list)
		found = found ||
			sheaf_holds(s, READ_ONCE(cpu->tops->top[s->id]), obj) ||
			sheaf_holds(s, READ_ONCE(cpu->spare[s->id]), obj);
	spin_unlock(&mm_cpu_mutex);
	return found;
}

/* Before an object enters a sheaf by the slow path; reports and refuses. */
static __racy bool object_may_be_freed(struct kmem_cache *s, void *obj)
{
	struct page *slab = object_slab(s, obj);
	enum object_state state = OBJECT_NONE;

	if (slab)
		state = object_state(s, slab, obj);
	if (state == OBJECT_USED && cache_has_marks(s) &&
	    *object_mark(obj) == FREE_MARK && object_is_free(s, obj))
		state = OBJECT_FREE;
	if (likely(state == OBJECT_USED))
		return true;
	report_bad_object(s, obj, state);
	return false;
}

/*
 * slab_object_cache - the cache that @obj is an object in use of, or NULL
 * @obj: any address inside of RAM
 */
__racy struct kmem_cache *slab_object_cache(void *obj)
{
	struct page *page = virt_to_page(obj), *slab;
	struct kmem_cache *s = page->slab_cache;

	if (!(page->flags & PG_slab))
		return NULL;
	slab = slab_head(page);
	if (object_state(s, slab, obj) != OBJECT_USED)
		return NULL;
	if (unlikely(cache_has_marks(s) && *object_mark(obj) == FREE_MARK &&
		     object_is_free(s, obj)))
		return NULL;
	return s;
}

/*
 * slab_free_slow - take @obj back when this CPU's main sheaf is full, or
 * when the fast path found @obj suspicious
 */
__cold_path void slab_free_slow(struct kmem_cache *s, void *obj)
{
	struct mm_cpu *cpu = mm_this_cpu();
	LIST_HEAD(reaped);
	sheaf_t *main;
	bool room = false;

	if (unlikely(!object_may_be_freed(s, obj)))
		return;
	if (cache_has_marks(s))
		*object_mark(obj) = FREE_MARK;
	object_freed(s, obj);
	if (unlikely(!cpu || !cache_has_sheaves(s))) {
	} else if (likely(sheaf_is_warm(s, cpu))) {
		stock_sheaves();
		main = &cpu->tops->top[s->id];
		spin_lock(&cpu->lock);
		room = !sheaf_full(*main) || sheaf_make_room(s, cpu, &reaped);
		if (room)
			*(*main)++ = obj;
		spin_unlock(&cpu->lock);
	} else if (s->size <= SHEAF_WARM_BYTES) {
		cpu->warmth[s->id]++;
	}
	if (unlikely(!room))
		put_direct(s, obj, &reaped);
	if (unlikely(!list_empty(&reaped)))
		slab_release_list(&reaped);
	if (READ_ONCE(s->flushes))
		slab_report_balance(s);
}

/* ---- draining ---- */

/*
 * Each of these adds the slabs that are to go to @reaped: they are released
 * with slab_release_list() once no lock is held.
 */

static void drain_sheaf(struct kmem_cache *s, sheaf_t top,
			struct list_head *reaped)
{
	if (!top || top == BOOTSTRAP_TOP)
		return;
	spin_lock(&s->lock);
	top = sheaf_flush(s, top);
	reap_free_slabs(s, slabs_to_keep(s), reaped);
	spin_unlock(&s->lock);
	sheaf_release(top, reaped);
}

/* Context: cpu->lock, or a CPU that no longer runs. */
void slab_drain_cpu(struct kmem_cache *s, struct mm_cpu *cpu,
		    struct list_head *reaped)
{
	sheaf_t main = cpu->tops->top[s->id], spare = cpu->spare[s->id];

	cpu->tops->top[s->id] = BOOTSTRAP_TOP;
	cpu->spare[s->id] = NULL;
	drain_sheaf(s, main, reaped);
	drain_sheaf(s, spare, reaped);
}

/*
 * In a forked child, from a CPU that is not there: what the CPU had is only
 * read, since each page written to would be copied.
 */
void slab_drain_gone_cpu(struct kmem_cache *s, const struct mm_cpu *cpu,
			 struct list_head *reaped)
{
	drain_sheaf(s, cpu->tops->top[s->id], reaped);
	drain_sheaf(s, cpu->spare[s->id], reaped);
}

/* The barn, and then the slabs that are empty. */
static void drain_barn(struct kmem_cache *s, struct list_head *reaped)
{
	sheaf_t top;

	do {
		spin_lock(&s->lock);
		top = barn_get(&s->barn_full, &s->nr_barn_full);
		if (top)
			top = sheaf_flush(s, top);
		else
			top = barn_get(&s->barn_empty, &s->nr_barn_empty);
		spin_unlock(&s->lock);
		if (top)
			sheaf_release(top, reaped);
	} while (top);
	spin_lock(&s->lock);
	barn_shrink(s, s->barn_max);
	reap_free_slabs(s, 0, reaped);
	spin_unlock(&s->lock);
}

/*
 * The barn and this CPU's sheaves first, then the slabs they emptied.
 * Returns frames given back. Context: no lock held.
 */
unsigned long slab_shrink(struct kmem_cache *s)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	unsigned long before = READ_ONCE(s->nr_pages), after;
	LIST_HEAD(reaped);

	if (s->id && cpu) {
		spin_lock(&cpu->lock);
		slab_drain_cpu(s, cpu, &reaped);
		spin_unlock(&cpu->lock);
	}
	drain_barn(s, &reaped);
	slab_release_list(&reaped);
	after = READ_ONCE(s->nr_pages);
	return (before > after ? before - after : 0) + slab_report(s);
}

/*
 * Before a cache is destroyed: nothing may be left in any CPU's sheaves. The
 * caller has promised that no CPU uses the cache any more. Returns how many
 * objects are still in use.
 */
unsigned long slab_close(struct kmem_cache *s, struct list_head *reaped)
{
	struct mm_cpu *cpu;

	if (s->id) {
		spin_lock(&mm_cpu_mutex);
		list_for_each_entry(cpu, &mm_cpus, list)
			slab_drain_cpu(s, cpu, reaped);
		spin_unlock(&mm_cpu_mutex);
	}
	drain_barn(s, reaped);
	return s->inuse;
}
