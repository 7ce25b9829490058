/* SPDX-License-Identifier: MIT */
/*
 * Watched objects at a CPU's hand: those of general caches, which come and go
 * all the time.
 *
 *   allocation ◄── hand: a few slots of each cache ◄────┬── slabs, some at once
 *                                                       │
 *   release ──► released ─┐                  ┌─► leaving┘ one with each release
 *                         └► quarantine.c ───┘
 *              when full, all are exchanged for as many that waited long enough
 *
 * So neither takes a lock most of the time. What lies here is in use to its
 * slab; its record says that it is not. A slot's bytes are looked at when it is
 * allocated, or goes back to its slab, whatever comes first.
 *
 * Lock: a CPU's, which only a fork and a look at all want, too. A slot in
 * nobody's list is its caller's: of two that release an object at once, the one
 * who claims its record.
 */
#include <ashlar/string.h>
#include "slab_lines.h"
#include "watched_cpu.h"

struct watched_cpu {
	struct slot_list list[2];
	u32 turn; /* which of them has what was released; the other leaves */
	bool passing; /* the other one is on its way through the quarantine */
	size_t bytes; /* of the slots that were released */
	u64 random; /* which slot is next, with harden=1; never 0 */
	u8 nr[KMALLOC_NR + 1]; /* of slots in each hand */
	char *hand[KMALLOC_NR + 1][HAND_SLOTS]; /* by kmem_cache.hand */
};

/* Most of them are never touched. */
#define WATCHED_CPU_FRAMES \
	((unsigned int)(PAGE_ALIGN(sizeof(struct watched_cpu)) >> PAGE_SHIFT))

static struct slot_list *released(struct watched_cpu *w)
{
	return &w->list[w->turn];
}

static struct slot_list *leaving(struct watched_cpu *w)
{
	return &w->list[w->turn ^ 1];
}

/* ---- hands and slabs ---- */

#define PREFETCH_MOST \
	512u /* bytes; the processor sees by itself where it goes */

/* Slots that have not been touched for a long time. */
static void prefetch_slots(const struct kmem_cache *s, char **slot, u32 n)
{
	u32 bytes = min(s->record, PREFETCH_MOST), at;

	for (; n; n--, slot++) {
		for (at = 0; at <= bytes; at += CACHE_LINE)
			__builtin_prefetch(*slot + at);
		__builtin_prefetch(slot_record(s, *slot));
	}
}

/*
 * All but @keep slots go back, those that lay there for longest first. Slabs
 * that are to go are added to @reaped.
 */
static void hand_to_slabs(struct watched_cpu *w, struct kmem_cache *s, u32 keep,
			  struct list_head *reaped)
{
	u32 i, n = w->nr[s->hand] - keep;
	char **slot = w->hand[s->hand];

	prefetch_slots(s, slot, n);
	for (i = 0; i < n; i++)
		slab_debug_leave(s, slot[i]);
	spin_lock(&s->lock);
	slabs_put(s, (void **)slot, n);
	reap_free_slabs(s, slabs_to_keep(s), reaped);
	spin_unlock(&s->lock);
	memmove(slot, slot + n, keep * sizeof(*slot));
	w->nr[s->hand] = (u8)keep;
}

/* False: the slabs have none. */
static bool hand_from_slabs(struct watched_cpu *w, struct kmem_cache *s)
{
	void **slots = (void **)w->hand[s->hand], **lowest;
	u32 n = max(s->hand_most / 2, 1u);

	spin_lock(&s->lock);
	lowest = slabs_take(s, slots, n, false);
	spin_unlock(&s->lock);
	n = (u32)(slots + n - lowest);
	memmove(slots, lowest, n * sizeof(*slots));
	prefetch_slots(s, (char **)slots, n);
	w->nr[s->hand] = (u8)n;
	return n != 0;
}

static __always_inline void hand_put(struct watched_cpu *w,
				     struct kmem_cache *s, char *slot,
				     struct list_head *reaped)
{
	w->hand[s->hand][w->nr[s->hand]++] = slot;
	if (unlikely(w->nr[s->hand] > s->hand_most))
		hand_to_slabs(w, s, s->hand_most / 2, reaped);
}

/* Any of those at hand becomes the next: G. Marsaglia, "Xorshift RNGs". */
static __cold_path void draw_next(struct watched_cpu *w, u32 hand)
{
	char **slot = w->hand[hand], **last = slot + w->nr[hand] - 1, *drawn;

	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	slot += (u32)(w->random >> 32) % w->nr[hand];
	drawn = *slot;
	*slot = *last;
	*last = drawn;
}

static __always_inline char *hand_take(struct watched_cpu *w,
				       struct kmem_cache *s)
{
	if (unlikely(!w->nr[s->hand]) && !hand_from_slabs(w, s))
		return NULL;
	if (unlikely(slab_harden))
		draw_next(w, s->hand);
	return w->hand[s->hand][--w->nr[s->hand]];
}

/* ---- through the quarantine ---- */

#define SOON 6u /* releases from now */

/* A slot that waited for long enough gets to hand. */
static void one_leaves(struct watched_cpu *w, struct list_head *reaped)
{
	struct slot_list *l = leaving(w);
	u32 n = --l->n;

	if (likely(n >= SOON))
		prefetch_slots(cache_by_id[l->id[n - SOON]], &l->slot[n - SOON],
			       1);
	hand_put(w, cache_by_id[l->id[n]], l->slot[n], reaped);
}

static void all_leave(struct watched_cpu *w, struct list_head *reaped)
{
	while (leaving(w)->n)
		one_leaves(w, reaped);
}

static void release_list(struct list_head *reaped)
{
	if (unlikely(!list_empty(reaped)))
		slab_release_list(reaped);
}

/*
 * What was released goes into the quarantine, for what comes out of it. (A
 * child that is forked meanwhile by another CPU never gets these few.)
 */
static void exchange(struct mm_cpu *cpu)
{
	struct watched_cpu *w = cpu->watched;
	LIST_HEAD(reaped);

	local_lock(&cpu->lock);
	all_leave(w, &reaped);
	w->turn ^= 1;
	w->bytes = 0;
	w->passing = true;
	local_unlock(&cpu->lock);
	release_list(&reaped);
	quarantine_swap(leaving(w));
	local_lock(&cpu->lock);
	w->passing = false;
	local_unlock(&cpu->lock);
}

/* ---- an object's life ---- */

/* The same as watched_cpu_ready(), of a CPU that was not yet. */
__cold_path bool watched_cpu_begins(struct mm_cpu *cpu)
{
	struct watched_cpu *w;
	struct page *page;

	page = alloc_frames(GFP_NOWAIT | __GFP_NOWARN, WATCHED_CPU_FRAMES);
	if (unlikely(!page))
		return false;
	w = page_address(page);
	w->list[0].n = w->list[1].n = w->turn = 0;
	w->passing = false;
	w->bytes = 0;
	w->random = port_random() | 1;
	memset(w->nr, 0, sizeof(w->nr));
	cpu->watched = cpu->tops->watched = w;
	return true;
}

/*
 * watched_cpu_alloc - an object of a cache of which CPUs have some at hand
 *
 * Context: as @gfp says. Return: the object, or NULL.
 */
void *watched_cpu_alloc(struct kmem_cache *s, struct mm_cpu *cpu, gfp_t gfp,
			const struct slab_call *call)
{
	u32 stack = slab_debug_stack(s);
	void *obj = NULL;
	char *slot;

	do {
		/* Memory that was short may have taken it. */
		if (unlikely(!watched_cpu_ready(cpu)))
			return NULL;
		local_lock(&cpu->lock);
		slot = hand_take(cpu->watched, s);
		if (likely(slot))
			obj = likely(s->by_lines) ?
				      lines_alloc(s, slot, call, stack) :
				      slab_debug_alloc(s, slot, call, stack);
		local_unlock(&cpu->lock);
	} while (unlikely(!obj) && slab_grow(s, gfp));
	return obj;
}

/* True if there never was another CPU. */
static bool cpu_is_alone(void)
{
	return READ_ONCE(nr_cpus_ever) == 1;
}

/*
 * Where @obj lies, if all is as it must be before it is released; or NULL.
 * *@begun: record_sum_begun().
 */
static inline __racy char *slot_to_free(const struct kmem_cache *s,
					const struct page *slab, char *obj,
					u64 *begun)
{
	char *slot = slot_of(s, slab, obj);
	const struct slab_record *r = slot_record(s, slot);

	/* What lies before the first slot is no record that says so. */
	if (unlikely(slot < (char *)page_address(slab) ||
		     slot >= slab_unused(slab)))
		return NULL;
	*begun = record_sum_begun(r, (uintptr_t)r, r->what);
	if (unlikely(record_sum_ended(r, *begun, r->what) != r->sum))
		return NULL;
	return obj == slot + r->offset ? slot : NULL;
}

/*
 * watched_cpu_free - an object comes back
 * @slab: one of @s
 * @obj: in its frames
 *
 * Context: no lock held; @cpu is ready. Return: false, and nothing is done, if
 * it is none, or not in use any more, or its record was written over.
 */
bool watched_cpu_free(struct kmem_cache *s, struct mm_cpu *cpu,
		      const struct page *slab, char *obj,
		      const struct slab_call *call)
{
	struct watched_cpu *w = cpu->watched;
	u64 begun;
	char *slot = slot_to_free(s, slab, obj, &begun);
	bool due = false;
	LIST_HEAD(reaped);
	u32 stack;

	if (unlikely(!slot))
		return false;
	stack = slab_debug_stack(s);
	local_lock(&cpu->lock);
	if (unlikely(!record_claim(slot_record(s, slot), cpu_is_alone()))) {
		local_unlock(&cpu->lock);
		return false;
	}
	slab_check_release(s, slot, obj, call);
	if (likely(s->by_lines))
		lines_free(s, slot, begun, stack);
	else
		slab_debug_free(s, slot, stack);
	if (likely(quarantine_takes(s))) {
		slot_list_add(released(w), s->hand, slot);
		w->bytes += s->size;
		due = quarantine_is_due(released(w), w->bytes);
	} else {
		hand_put(w, s, slot, &reaped);
	}
	if (leaving(w)->n)
		one_leaves(w, &reaped);
	local_unlock(&cpu->lock);
	if (unlikely(due))
		exchange(cpu);
	release_list(&reaped);
	return true;
}

/*
 * watched_cpu_drain - all that @cpu has at hand goes back to its slabs
 *
 * What was released goes into the quarantine. Context: no lock held; @cpu is
 * the running one, or one that never runs again.
 */
void watched_cpu_drain(struct mm_cpu *cpu)
{
	struct watched_cpu *w = cpu->watched;
	LIST_HEAD(reaped);
	u32 id;

	if (!w)
		return;
	if (w->passing)
		leaving(w)->n = 0;
	exchange(cpu);
	local_lock(&cpu->lock);
	all_leave(w, &reaped);
	for (id = 1; id <= KMALLOC_NR; id++)
		if (w->nr[id])
			hand_to_slabs(w, cache_by_id[id], 0, &reaped);
	cpu->watched = NULL;
	local_unlock(&cpu->lock);
	release_list(&reaped);
	free_frames(virt_to_page(w), WATCHED_CPU_FRAMES);
}

/*
 * quarantine_flush - all objects that wait go back to their slabs
 *
 * But those that other CPUs have at hand. Context: no lock held.
 */
void quarantine_flush(void)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (cpu)
		watched_cpu_drain(cpu);
	quarantine_empty();
}
