/* SPDX-License-Identifier: MIT */
/*
 * Sheaves: the objects that each CPU has at hand.
 *
 *   per CPU, per cache          per cache (barn.c)
 *   ┌──────┐ ┌───────┐          ┌────── barns ──────┐
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
 * Locks: a CPU's lock around anything but a single pop or push of its main
 * sheaf (so that a fork finds sheaves whole), then a barn's or the cache's.
 *
 * J. Bonwick and J. Adams, "Magazines and Vmem", USENIX 2001.
 */
#include <ashlar/string.h>
#include <mach/trace.h>
#include "barn.h"
#include "kfence.h"
#include "slab_record.h"

static void *bootstrap_sheaf[SHEAF_SLOTS] __aligned_to(SHEAF_SIZE);

#define BOOTSTRAP_TOP (bootstrap_sheaf + SHEAF_SLOTS)

DEFINE_PER_CPU(struct sheaf_tops, sheaf_tops) = {
	.top = { [0 ... NR_CPU_CACHES - 1] = BOOTSTRAP_TOP },
};

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

/* A CPU's warmth for a cache whose sheaves it fills from slabs as it may. */
#define WARM 0xff

/*
 * Objects of the next refill: a few at first, so that a CPU that needs one
 * does not take a slab's worth from the others, twice as many each time. The
 * first few fill a cache line and come from memory that no other CPU had, so
 * that two CPUs do not begin in one line (passive false sharing).
 */
static u32 refill_size(const struct kmem_cache *s, struct mm_cpu *cpu)
{
	u32 warmth = cpu->warmth[s->id], n;

	if (likely(warmth == WARM))
		return s->sheaf_min;
	n = max(s->sheaf_min / 16, 4u) << (warmth - cold_calls(s));
	cpu->warmth[s->id] = n < s->sheaf_min ? (u8)(warmth + 1) : WARM;
	return min(n, s->sheaf_min);
}

/* Fill the empty sheaf @top from slabs. Context: s->lock. */
static sheaf_t refill_from_slabs(struct kmem_cache *s, struct mm_cpu *cpu,
				 sheaf_t top)
{
	bool fresh = cpu->warmth[s->id] == cold_calls(s);
	u32 n = refill_size(s, cpu);
	void **slot, **end = top + n;

	if (s->missed)
		barn_grow(s);
	slot = slabs_take(s, top, n, fresh);
	if (slot > top)
		memmove(top, slot, (size_t)((char *)end - (char *)slot));
	count_vm_events(cpu, SLAB_REFILL, 1);
	return top + (end - slot);
}

/* Data that is only read stays in the caches of all processors. */
static __always_inline void set_if_other(u32 *word, u32 value)
{
	if (unlikely(READ_ONCE(*word) != value))
		WRITE_ONCE(*word, value);
}

/* The spare sheaf of a CPU with the main one @main, full or empty; or NULL. */
static sheaf_t spare_of(sheaf_t main)
{
	return main == BOOTSTRAP_TOP ? NULL : *sheaf_next(main);
}

/* These are a CPU's sheaves from now on; @slot: where it has the main one. */
static void set_sheaves(sheaf_t *slot, sheaf_t main, sheaf_t spare)
{
	WRITE_ONCE(*sheaf_next(main), spare);
	*slot = main;
}

/*
 * Sheaves are split, and that of allocations is empty: it changes places with
 * that of releases, each with its spare, if @least objects or more are there. A
 * CPU that takes and gives back one would come here for each, so a few have to
 * be on their way first.
 */
static bool take_freed(struct kmem_cache *s, struct mm_cpu *cpu, u32 least)
{
	sheaf_t *main = &cpu->tops->top[s->id];
	sheaf_t *freed = &cpu->tops->top[s->free_id], full = *freed;

	if (s->free_id == s->id || full == BOOTSTRAP_TOP)
		return false;
	if (sheaf_length(full) >= least || sheaf_full(full)) {
		*freed = *main;
		*main = full;
		return true;
	}
	full = spare_of(*freed);
	if (!full || !sheaf_full(full))
		return false;
	set_sheaves(freed, *freed, *main);
	set_sheaves(main, full, spare_of(*main));
	return true;
}

/* Make this CPU's main sheaf non-empty without a new slab. */
static bool sheaf_refill(struct kmem_cache *s, struct mm_cpu *cpu)
{
	sheaf_t *main = &cpu->tops->top[s->id], spare = spare_of(*main), full;

	if ((*main)[-1]) /* a caller who did not look */
		return true;
	if (spare && sheaf_full(spare)) {
		set_sheaves(main, spare, *main);
		return true;
	}
	set_if_other(&s->idle, 0);
	set_if_other(&s->flushes, 0);
	if (*main == BOOTSTRAP_TOP) {
		full = sheaf_get_empty(s, barn_of(s, cpu));
		if (unlikely(!full))
			return false;
		set_sheaves(main, full, NULL);
	}
	if (unlikely(s->free_id != s->id) &&
	    take_freed(s, cpu, s->sheaf_min / 2))
		return true;
	if (barns_have_full(s)) {
		full = barn_get(s, barn_of(s, cpu), *main);
		if (likely(full)) {
			set_sheaves(main, full, spare);
			count_vm_events(cpu, BARN_GET, 1);
			return true;
		}
	}
	spin_lock(&s->lock);
	*main = refill_from_slabs(s, cpu, *main);
	spin_unlock(&s->lock);
	return (*main)[-1] || take_freed(s, cpu, 1);
}

/* Main and spare are full: main goes to the barn, or into its slabs. */
static void sheaf_unload(struct kmem_cache *s, struct mm_cpu *cpu,
			 sheaf_t *main, struct list_head *reaped)
{
	sheaf_t empty = NULL, spare = spare_of(*main);

	set_if_other(&s->idle, 0);
	/* Others may fill the barns meanwhile: by a few too many. */
	if (barn_has_room(s, *main))
		empty = barn_put(s, barn_of(s, cpu), *main);
	if (empty) {
		set_sheaves(main, empty, spare);
		count_vm_events(cpu, BARN_PUT, 1);
		return;
	}
	spin_lock(&s->lock);
	barn_note_flush(s, sheaf_room(*main));
	*main = sheaf_fit(s, sheaf_flush(s, *main));
	reap_free_slabs(s, slabs_to_keep(s), reaped);
	spin_unlock(&s->lock);
	count_vm_events(cpu, SLAB_FLUSH, 1);
}

/* Make this CPU's main sheaf non-full. */
static bool sheaf_make_room(struct kmem_cache *s, struct mm_cpu *cpu,
			    struct list_head *reaped)
{
	sheaf_t *main = &cpu->tops->top[s->free_id], spare = spare_of(*main);
	sheaf_t empty;

	if (*main == BOOTSTRAP_TOP) {
		/* Another CPU's object, and its neighbours in use there: back
		 * to its slab, before this one's first allocation gets it. */
		empty = sheaf_get_empty(s, barn_of(s, cpu));
		if (empty)
			set_sheaves(main, empty, NULL);
		return false;
	}
	if (!spare) {
		empty = sheaf_get_empty(s, barn_of(s, cpu));
		if (!empty)
			return false;
		set_sheaves(main, empty, *main);
	} else if (!sheaf_full(spare)) {
		set_sheaves(main, sheaf_fit(s, spare), *main);
	} else {
		sheaf_unload(s, cpu, main, reaped);
	}
	return true;
}

/* ---- the slow paths ---- */

/* True while every cache is to work without sheaves. */
bool sheaves_off;
bool sheaves_split, sheaves_turn;
bool slab_kinds;

static bool cache_has_sheaves(const struct kmem_cache *s)
{
	return s->id && !sheaves_off && !failslab_enabled;
}

/* True if this CPU has a sheaf for @s, or called often enough to get one. */
static bool sheaf_is_warm(const struct kmem_cache *s, const struct mm_cpu *cpu)
{
	return likely(cpu->tops->top[s->id] != BOOTSTRAP_TOP) ||
	       cpu->warmth[s->id] >= cold_calls(s);
}

static void *alloc_through_sheaf(struct kmem_cache *s, struct mm_cpu *cpu,
				 gfp_t gfp)
{
	void *obj;

	if (unlikely(!sheaf_is_warm(s, cpu))) {
		cpu->warmth[s->id]++;
		return alloc_direct(s, gfp);
	}
	if (unlikely(cpu->tops->top[s->id] == BOOTSTRAP_TOP))
		stock_sheaves();
	do {
		local_lock(&cpu->lock);
		obj = sheaf_refill(s, cpu) ? sheaf_pop(s->id) : NULL;
		local_unlock(&cpu->lock);
		if (obj)
			return obj;
		if (cpu->tops->top[s->id] == BOOTSTRAP_TOP)
			return alloc_direct(s, gfp);
	} while (slab_grow(s, gfp));
	return NULL;
}

static __cold_path void *alloc_watched(struct kmem_cache *s, gfp_t gfp)
{
	const struct slab_call plain = { .asked = s->object_size };

	return slab_alloc_asked(s, gfp, &plain);
}

/*
 * slab_alloc_slow - an object when this CPU's main sheaf is empty
 * @s: the cache
 * @gfp: GFP_* flags; __GFP_ZERO is the caller's to see to
 */
void *slab_alloc_slow(struct kmem_cache *s, gfp_t gfp)
{
	struct mm_cpu *cpu = mm_this_cpu();
	void *obj;

	trace_slab_alloc_slow(s);
	if (unlikely(cache_is_watched(s)))
		return alloc_watched(s, gfp);
	if (likely(cpu && cache_has_sheaves(s)))
		obj = alloc_through_sheaf(s, cpu, gfp);
	else
		obj = should_failslab(s, gfp) ? NULL : alloc_direct(s, gfp);
	if (!obj)
		return NULL;
	object_taken(s, obj);
	if (cache_has_marks(s))
		*object_mark(obj) = NULL;
	return obj;
}

/* Of the @n objects in the sheaf that allocations come from, @most stay. */
static __attribute__((__noinline__)) u32
limit(struct kmem_cache *s, struct mm_cpu *cpu, u32 n, u32 most)
{
	sheaf_t *main = &cpu->tops->top[s->id];
	sheaf_t bottom = *sheaf_bottom(sheaf_base(*main));

	local_lock(&cpu->lock);
	spin_lock(&s->lock);
	slabs_put(s, bottom, n - most);
	spin_unlock(&s->lock);
	memmove(bottom, *main - most, most * sizeof(*bottom));
	*main = bottom + most;
	local_unlock(&cpu->lock);
	return most;
}

/**
 * sheaf_limit() - bound what this CPU has at hand
 * @s: a cache
 * @most: objects that may stay in the sheaf that allocations come from
 *
 * Others go back to their slabs. Context: no lock held. Return: how many there
 * are now.
 */
u32 sheaf_limit(struct kmem_cache *s, u32 most)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	sheaf_t top;
	u32 n;

	if (!cpu || !s->id || cpu->tops->top[s->id] == BOOTSTRAP_TOP)
		return 0;
	top = cpu->tops->top[s->id];
	n = sheaf_length(top);
	return likely(n <= most) ? n : limit(s, cpu, n, most);
}

/*
 * True if this CPU's main sheaf is not as the call before found it, on whatever
 * CPU that was: objects of @s come and go.
 */
bool sheaf_was_used(struct kmem_cache *s)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	sheaf_t top = s->id && cpu ? cpu->tops->top[s->id] : BOOTSTRAP_TOP;

	if (top == BOOTSTRAP_TOP || top == s->sheaf_seen)
		return false;
	s->sheaf_seen = top;
	return true;
}

/* The sheaf may be another CPU's, and on its way to somewhere else. */
static bool sheaf_holds(sheaf_t top, const void *obj)
{
	sheaf_t base, bottom;

	base = sheaf_base(top);
	for (bottom = max(READ_ONCE(*sheaf_bottom(base)), base); top > bottom;)
		if (*--top == obj)
			return true;
	return false;
}

/* The same for either sheaf of a CPU whose main one is @main. */
static bool cpu_holds(sheaf_t main, const void *obj)
{
	sheaf_t spare;

	if (main == BOOTSTRAP_TOP || !object_slab(&sheaf_cache, main - 1))
		return false;
	spare = READ_ONCE(*sheaf_next(main));
	return sheaf_holds(main, obj) ||
	       (spare && object_slab(&sheaf_cache, spare - 1) &&
		sheaf_holds(spare, obj));
}

static bool barns_hold(struct kmem_cache *s, const void *obj)
{
	bool found = false;
	struct barn *b;
	sheaf_t top;

	for (b = s->barns; b < s->barns + NR_CPU_GROUPS && !found; b++) {
		spin_lock(&b->lock);
		for (top = b->full; top && !found; top = *sheaf_next(top))
			found = sheaf_holds(top, obj);
		spin_unlock(&b->lock);
	}
	return found;
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

	spin_lock(&s->lock);
	found = object_state(s, slab_head(page), obj) == OBJECT_FREE;
	spin_unlock(&s->lock);
	if (found || barns_hold(s, obj))
		return true;
	spin_lock(&mm_cpu_mutex);
	list_for_each_entry(cpu, &mm_cpus, list)
		found = found ||
			cpu_holds(READ_ONCE(cpu->tops->top[s->id]), obj) ||
			cpu_holds(READ_ONCE(cpu->tops->top[s->free_id]), obj);
	spin_unlock(&mm_cpu_mutex);
	return found;
}

/* True if what kfree()'s fast path looks at is in order. */
static __racy bool object_looks_used(const struct kmem_cache *s, void *obj)
{
	u8 id = port_slab_ids[virt_to_pfn(obj)];

	return id && id == s->free_id &&
	       slab_starts_at(s, virt_to_page(obj), obj) &&
	       *object_mark(obj) != FREE_MARK;
}

/* Before an object enters a sheaf by the slow path; reports and refuses. */
static __racy bool object_may_be_freed(struct kmem_cache *s, void *obj)
{
	struct page *slab;
	enum object_state state = OBJECT_NONE;

	if (likely(virt_addr_valid(obj) && object_looks_used(s, obj)))
		return true;
	slab = object_slab(s, obj);
	if (slab)
		state = object_state(s, slab, obj);
	if (state == OBJECT_USED && cache_has_marks(s) &&
	    *object_mark(obj) == FREE_MARK && object_is_free(s, obj))
		state = OBJECT_FREE;
	if (likely(state == OBJECT_USED))
		return true;
	if (!kfence_slab || !kfence_slab_free(s, obj))
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
	if (unlikely(cache_is_watched(s)))
		return watched_is_used(s, slab, obj) ? s : NULL;
	if (object_state(s, slab, obj) != OBJECT_USED)
		return NULL;
	if (unlikely(cache_has_marks(s) && *object_mark(obj) == FREE_MARK &&
		     object_is_free(s, obj)))
		return NULL;
	return s;
}

/* True if @obj was put into a sheaf. @reaped: slabs that are to go. */
static bool put_in_sheaf(struct kmem_cache *s, void *obj,
			 struct list_head *reaped)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	sheaf_t *main;
	bool room;

	if (unlikely(!cpu))
		cpu = mm_cpu_to_release();
	if (unlikely(!cpu || !cache_has_sheaves(s)))
		return false;
	if (unlikely(!sheaf_is_warm(s, cpu))) {
		cpu->warmth[s->id] += s->size <= SHEAF_WARM_BYTES;
		return false;
	}
	stock_sheaves();
	main = &cpu->tops->top[s->free_id];
	local_lock(&cpu->lock);
	room = !sheaf_full(*main) || sheaf_make_room(s, cpu, reaped);
	if (room)
		*(*main)++ = obj;
	local_unlock(&cpu->lock);
	return room;
}

static __cold_path void free_watched(struct kmem_cache *s, void *obj)
{
	const struct slab_call plain = { .asked = ASKED_UNKNOWN };

	slab_free_asked(s, obj, &plain);
}

/*
 * slab_free_used - take @obj back when this CPU's main sheaf is full
 *
 * It was seen to be an object of @s in use, and is not watched.
 */
void slab_free_used(struct kmem_cache *s, void *obj)
{
	LIST_HEAD(reaped);

	trace_slab_free_slow(obj, s);
	if (cache_has_marks(s))
		*object_mark(obj) = FREE_MARK;
	object_freed(s, obj);
	if (unlikely(!put_in_sheaf(s, obj, &reaped)))
		put_direct(s, obj, &reaped);
	if (unlikely(!list_empty(&reaped)))
		slab_release_list(&reaped);
	if (unlikely(READ_ONCE(s->flushes) >= BARN_FLUSHES))
		slab_report_balance(s);
}

/*
 * slab_free_slow - take @obj back when the fast path found a full sheaf, or
 * found @obj suspicious
 */
void slab_free_slow(struct kmem_cache *s, void *obj)
{
	if (unlikely(cache_is_watched(s)))
		free_watched(s, obj);
	else if (likely(object_may_be_freed(s, obj)))
		slab_free_used(s, obj);
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
	sheaf_release(s, top, reaped);
}

/* What the CPU has of @s in the place @id. */
static void drain_place(struct kmem_cache *s, u32 id, const struct mm_cpu *cpu,
			struct list_head *reaped)
{
	sheaf_t main = cpu->tops->top[id], spare = spare_of(main);

	drain_sheaf(s, main, reaped);
	drain_sheaf(s, spare, reaped);
}

/* Context: cpu->lock, or a CPU that no longer runs. */
void slab_drain_cpu(struct kmem_cache *s, struct mm_cpu *cpu,
		    struct list_head *reaped)
{
	drain_place(s, s->id, cpu, reaped);
	cpu->tops->top[s->id] = BOOTSTRAP_TOP;
	if (likely(s->free_id == s->id))
		return;
	drain_place(s, s->free_id, cpu, reaped);
	cpu->tops->top[s->free_id] = BOOTSTRAP_TOP;
}

/*
 * In a forked child, from a CPU that is not there: what the CPU had is only
 * read, since each page written to would be copied. @id: s->id or s->free_id.
 */
void slab_drain_gone_cpu(struct kmem_cache *s, u32 id, const struct mm_cpu *cpu,
			 struct list_head *reaped)
{
	drain_place(s, id, cpu, reaped);
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
		local_lock(&cpu->lock);
		slab_drain_cpu(s, cpu, &reaped);
		local_unlock(&cpu->lock);
	}
	barn_drain(s, &reaped);
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
	barn_drain(s, reaped);
	return s->inuse;
}
