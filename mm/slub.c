/* SPDX-License-Identifier: MIT */
/*
 * Slab caches: objects of one size, kept constructed, cut from slabs.
 *
 *   per CPU, per cache          per cache (kmem_cache.lock)
 *   ┌──────┐ ┌───────┐          ┌────── barn ───────┐
 *   │ main │⇄│ spare │ ⇄ whole  │ full … │ empty …  │
 *   └──────┘ └───────┘  sheaves └───────────────────┘
 *      ⇅ one object                ⇅ a sheaf's worth of objects
 *    caller               slabs_partial   slabs_full   slabs_free
 *
 *   a slab of nr frames (where object 0 starts: see slab.h)
 *   | lead | obj 0 | obj 1 | ... | obj bump-1 | never used ...... | rest |
 *
 * An allocation pops this CPU's main sheaf (sheaf_pop, slab.h). When that is
 * empty it tries, in turn: the spare sheaf; a full sheaf from the barn; a
 * refill from the slabs; a new slab. A release is the mirror image, so a CPU
 * that only allocates and one that only frees hand whole sheaves to each
 * other for the price of one lock. Sheaves belong to a CPU, slabs to nobody.
 *
 * Inside a slab, free objects are bits in the frames' descriptors: a refill
 * takes the lowest, and objects that were never used last (the bump index),
 * so that untouched memory stays untouched. The partial list is used from
 * its head, where slabs join that were full a moment ago; emptier slabs are
 * left alone to drain.
 *
 * Invariants (slab_validate), with objects = slab_objects(s, slab):
 *   slab->inuse + free bits of the slab + (objects - bump) = objects
 *   slab on full ⇔ inuse = objects ⇔ PG_full;  on free ⇔ inuse = 0
 *   s->inuse = Σ slab->inuse;  s->total_objects = Σ objects
 *   every sheaf in the barn is wholly full or wholly empty
 *
 * Locks: a CPU's lock around anything but a single pop or push of its main
 * sheaf (so that a fork finds sheaves whole), then the cache's lock.
 *
 * Simpler than Linux: no lock-free slab freelists (a sheaf's worth of work
 * amortises the lock), one node, no cache merging.
 *
 * J. Bonwick, "The Slab Allocator", USENIX 1994; J. Bonwick and J. Adams,
 * "Magazines and Vmem", USENIX 2001.
 */
#include <ashlar/string.h>
#include "internal.h"

static void *bootstrap_sheaf[SHEAF_SLOTS] __aligned_to(SHEAF_SIZE);

#define BOOTSTRAP_TOP (bootstrap_sheaf + SHEAF_SLOTS)

DEFINE_PER_CPU(struct sheaf_tops, sheaf_tops) = {
	.top = { [0 ... NR_CPU_CACHES - 1] = BOOTSTRAP_TOP },
};

static struct kmem_cache sheaf_cache;

/* ---- geometry of a slab ---- */

static __racy struct page *slab_head(struct page *page)
{
	return (page->flags & PG_tail) ? page->head : page;
}

/*
 * Frames of the next slab: a fraction of what the cache has already, so that
 * small programs stay small and large caches take few slow paths; and enough
 * for several objects, since up to one is lost to where the slab begins.
 */
static u32 slab_frames(const struct kmem_cache *s)
{
	unsigned long bytes = READ_ONCE(s->nr_pages) * PAGE_SIZE / SLAB_GROWTH;
	unsigned long several = max(SLAB_MAX_BYTES / 4ul, 2ul * s->size);

	if (!slab_is_packed(s))
		return (u32)(PAGE_ALIGN((unsigned long)s->size) >> PAGE_SHIFT);
	several = min(8ul * s->size, several);
	bytes = clamp(bytes, (unsigned long)SLAB_MIN_BYTES,
		      (unsigned long)SLAB_MAX_BYTES);
	return (u32)(PAGE_ALIGN(max(bytes, several)) >> PAGE_SHIFT);
}

/* ---- slabs ---- */

static gfp_t cache_gfp(const struct kmem_cache *s, gfp_t gfp)
{
	gfp &= ~(__GFP_ZERO | __GFP_HIGHMEM | __GFP_MOVABLE);
	if (s->flags & SLAB_RECLAIM_ACCOUNT)
		gfp |= __GFP_RECLAIMABLE;
	if (s->flags & SLAB_CACHE_DMA)
		gfp |= __GFP_DMA;
	return gfp;
}

/* Only objects of general caches may take kfree()'s fast path. */
static u8 slab_id(const struct kmem_cache *s)
{
	return (s->flags & SLAB_KMALLOC) ? (u8)s->id : 0;
}

static void slab_setup(struct kmem_cache *s, struct page *slab, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++) {
		struct page *page = slab + i;

		page->flags = i ? PG_slab | PG_tail : PG_slab;
		page->head = slab;
		page->slab_cache = s;
		memset(page->free_bits, 0, sizeof(page->free_bits));
	}
	slab->nr = (u8)nr;
	slab->hint = (u8)nr;
	slab->inuse = 0;
	slab->bump = 0;
	memset(port_slab_ids + page_to_pfn(slab), slab_id(s),
	       slab_is_packed(s) ? nr : 1);
	if (unlikely(cache_is_watched(s)))
		slab_debug_setup(s, slab);
	else
		port_poison(page_address(slab), (size_t)nr << PAGE_SHIFT);
}

/* Give the cache one more slab. Context: no lock held; may wait as @gfp. */
static bool slab_grow(struct kmem_cache *s, gfp_t gfp)
{
	u32 nr = slab_frames(s);
	struct page *slab = alloc_frames(cache_gfp(s, gfp), nr);

	if (unlikely(!slab))
		return false;
	slab_setup(s, slab, nr);
	spin_lock(&s->lock);
	list_add(&slab->lru, &s->slabs_free);
	WRITE_ONCE(s->nr_slabs, s->nr_slabs + 1);
	s->nr_free_slabs++;
	WRITE_ONCE(s->nr_pages, s->nr_pages + nr);
	s->total_objects += slab_objects(s, slab);
	spin_unlock(&s->lock);
	return true;
}

/* Take an empty slab out of the cache's books. Context: s->lock. */
static void slab_unlink(struct kmem_cache *s, struct page *slab)
{
	list_del(&slab->lru);
	WRITE_ONCE(s->nr_slabs, s->nr_slabs - 1);
	s->nr_free_slabs--;
	WRITE_ONCE(s->nr_pages, s->nr_pages - slab->nr);
	s->total_objects -= slab_objects(s, slab);
}

/* Its frames return to the buddy system. Context: no cache lock. */
static void slab_release(struct page *slab)
{
	u32 i, nr = slab->nr;

	if (unlikely(cache_is_watched(slab->slab_cache)))
		slab_debug_check(slab->slab_cache, slab);
	memset(port_slab_ids + page_to_pfn(slab), 0, nr);
	for (i = 0; i < nr; i++)
		slab[i].flags = 0;
	free_frames(slab, nr);
}

static void slab_release_list(struct list_head *list)
{
	struct page *slab, *next;

	list_for_each_entry_safe(slab, next, list, lru)
		slab_release(slab);
}

/* Move all but @keep empty slabs to @out. Context: s->lock. */
static void reap_free_slabs(struct kmem_cache *s, unsigned long keep,
			    struct list_head *out)
{
	struct page *slab;

	while (s->nr_free_slabs > keep) {
		slab = list_last_entry(&s->slabs_free, struct page, lru);
		slab_unlink(s, slab);
		list_add(&slab->lru, out);
	}
}

/* ---- objects in and out of slabs; context of all: s->lock ---- */

/* Recycled objects of one frame, lowest first, stored downwards. */
static void **take_bits(struct page *page, void **slot, void **low)
{
	char *frame = page_address(page);
	unsigned long word;
	u32 w;

	for (w = 0; w < FREE_WORDS && slot > low; w++) {
		word = page->free_bits[w];
		if (!word)
			continue;
		while (word && slot > low) {
			u32 bit = w * 8 * sizeof(long) +
				  (u32)__builtin_ctzl(word);

			word &= word - 1;
			*--slot = frame + bit * SLAB_GRANULE;
		}
		page->free_bits[w] = word;
	}
	return slot;
}

static void **take_recycled(struct page *slab, void **slot, void **low)
{
	u32 i;

	for (i = slab->hint; i < slab->nr && slot > low; i++) {
		slot = take_bits(slab + i, slot, low);
		if (unlikely(slab[i].flags & PG_emptied)) {
			slab[i].flags &= (u8)~PG_emptied;
			slab->slab_cache->refaulted++;
		}
	}
	/* The frame we stopped in may have bits left. */
	slab->hint = (u8)(slot > low || i == 0 ? i : i - 1);
	return slot;
}

static void **take_unused(struct kmem_cache *s, struct page *slab, u32 objects,
			  void **slot, void **low)
{
	char *obj = slab_start(s, slab) + (size_t)slab->bump * s->size;

	for (; slab->bump < objects && slot > low; slab->bump++) {
		if (s->ctor) {
			object_taken(s, obj + s->red_left);
			s->ctor(obj + s->red_left);
			object_freed(s, obj + s->red_left);
		}
		*--slot = obj;
		obj += s->size;
	}
	return slot;
}

static struct page *slab_with_objects(struct kmem_cache *s)
{
	struct page *slab;

	if (!list_empty(&s->slabs_partial))
		return list_first_entry(&s->slabs_partial, struct page, lru);
	if (list_empty(&s->slabs_free))
		return NULL;
	slab = list_first_entry(&s->slabs_free, struct page, lru);
	list_move(&slab->lru, &s->slabs_partial);
	s->nr_free_slabs--;
	s->nr_partial++;
	return slab;
}

/*
 * Take up to @n objects into slots[n-1], slots[n-2], … Returns the lowest
 * slot written; the object in it was taken last. @unused: those that nobody
 * had before first, as long as the slab at hand has any.
 */
static void **slabs_take(struct kmem_cache *s, void **slots, u32 n, bool unused)
{
	void **slot = slots + n, **before;
	struct page *slab;
	u32 objects;

	while (slot > slots && (slab = slab_with_objects(s))) {
		objects = slab_objects(s, slab);
		before = slot;
		if (unused)
			slot = take_unused(s, slab, objects, slot, slots);
		slot = take_recycled(slab, slot, slots);
		slot = take_unused(s, slab, objects, slot, slots);
		slab->inuse = (u16)(slab->inuse + (before - slot));
		if (slab->inuse == objects) {
			slab->flags |= PG_full;
			list_move(&slab->lru, &s->slabs_full);
			s->nr_partial--;
		}
	}
	s->inuse += (unsigned long)(slots + n - slot);
	return slot;
}

enum object_state { OBJECT_USED, OBJECT_FREE, OBJECT_NONE };

/*
 * What @obj is in its slab: OBJECT_NONE if no object of @s starts there. An
 * object in use stays so without a lock: bump only grows, its own bit is 0,
 * and the slab's head is constant while any object is in use.
 */
static __racy enum object_state object_state(const struct kmem_cache *s,
					     const struct page *slab, char *obj)
{
	char *slot = obj - s->red_left;

	if (object_index(s, slab, slot) >= slab->bump)
		return OBJECT_NONE;
	return slot_is_free(slot) ? OBJECT_FREE : OBJECT_USED;
}

static void report_bad_object(const struct kmem_cache *s, char *obj,
			      enum object_state state)
{
	struct page *page = virt_addr_valid(obj) ? virt_to_page(obj) : NULL;

	if (state == OBJECT_FREE && cache_is_watched(s))
		slab_debug_describe(s, obj - s->red_left);
	if (state == OBJECT_FREE)
		mm_report("double-free", "%p of cache %s is already free", obj,
			  s->name);
	else if (page && (page->flags & PG_slab) && page->slab_cache != s)
		mm_report("bad-free", "%p is not of cache %s but of %s", obj,
			  s->name, page->slab_cache->name);
	else
		mm_report("bad-free",
			  "%p is not the start of an object of "
			  "cache %s",
			  obj, s->name);
}

static void slab_lists_after_put(struct kmem_cache *s, struct page *slab)
{
	if (slab->flags & PG_full) {
		slab->flags &= (u8)~PG_full;
		list_move(&slab->lru, &s->slabs_partial);
		s->nr_partial++;
	}
	if (!slab->inuse) {
		list_move(&slab->lru, &s->slabs_free);
		s->nr_partial--;
		s->nr_free_slabs++;
	}
}

/* The slab of @s that @obj lies in, or NULL. */
static __racy struct page *object_slab(const struct kmem_cache *s,
				       const void *obj)
{
	struct page *page = virt_to_page(obj);

	if (unlikely(!virt_addr_valid(obj) || !(page->flags & PG_slab) ||
		     page->slab_cache != s))
		return NULL;
	return slab_head(page);
}

/*
 * Free @obj in @slab; false, after a report, when that cannot be. *hint:
 * the slab's, kept by the caller.
 */
static __always_inline bool slab_put_one(const struct kmem_cache *s,
					 struct page *slab, char *frames,
					 char *obj, u32 *hint)
{
	u32 frame = (u32)(obj - frames) >> PAGE_SHIFT;
	u32 bit = (u32)((uintptr_t)obj & ~PAGE_MASK) / SLAB_GRANULE;
	unsigned long mask = 1ul << bit % (8 * sizeof(long));
	unsigned long *word = &slab[frame].free_bits[bit / (8 * sizeof(long))];

	if (unlikely(object_index(s, slab, obj) >= slab->bump)) {
		report_bad_object(s, obj, OBJECT_NONE);
		return false;
	}
	if (unlikely(*word & mask)) {
		report_bad_object(s, obj + s->red_left, OBJECT_FREE);
		return false;
	}
	*word |= mask;
	if (frame < *hint)
		*hint = frame;
	return true;
}

/* Give back objs[0] and those behind it in the same slab; returns how many. */
static u32 slab_put_run(struct kmem_cache *s, void **objs, u32 n)
{
	struct page *slab = object_slab(s, objs[0]);
	u32 i, put = 0, hint;
	size_t bytes;
	char *frames;

	if (unlikely(!slab)) {
		report_bad_object(s, objs[0], OBJECT_NONE);
		return 1;
	}
	frames = page_address(slab);
	bytes = (size_t)slab->nr << PAGE_SHIFT;
	hint = slab->hint;
	for (i = 0; i < n && (size_t)((char *)objs[i] - frames) < bytes; i++)
		put += slab_put_one(s, slab, frames, objs[i], &hint);
	slab->hint = (u8)hint;
	slab->inuse = (u16)(slab->inuse - put);
	s->inuse -= put;
	if (put)
		slab_lists_after_put(s, slab);
	return i;
}

static void slabs_put(struct kmem_cache *s, void **objs, u32 n)
{
	u32 done = 0;

	while (done < n)
		done += slab_put_run(s, objs + done, n - done);
}

/* ---- sheaves ---- */

static void **sheaf_base(sheaf_t top)
{
	return (void **)((uintptr_t)(top - 1) & ~(SHEAF_SIZE - 1));
}

static void **sheaf_bottom(const struct kmem_cache *s, void **base)
{
	return base + SHEAF_SLOTS - s->sheaf_capacity;
}

static void *alloc_direct(struct kmem_cache *s, gfp_t gfp);
static void free_direct(struct kmem_cache *s, void *obj);

/* An empty sheaf for @s, or NULL. Context: no cache lock; never waits. */
static sheaf_t sheaf_new(struct kmem_cache *s)
{
	void **base = alloc_direct(&sheaf_cache, GFP_NOWAIT | __GFP_NOWARN);

	if (unlikely(!base))
		return NULL;
	object_taken(&sheaf_cache, base);
	sheaf_bottom(s, base)[-1] = NULL;
	return sheaf_bottom(s, base);
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

static void sheaf_release(sheaf_t top)
{
	object_freed(&sheaf_cache, sheaf_base(top));
	free_direct(&sheaf_cache, sheaf_base(top));
}

static sheaf_t sheaf_flush(struct kmem_cache *s, sheaf_t top)
{
	void **bottom = sheaf_bottom(s, sheaf_base(top));

	slabs_put(s, bottom, (u32)(top - bottom));
	return bottom;
}

/*
 * Empty slabs a cache keeps, so that one that breathes does not go to the
 * buddy system each time: a sixteenth, and one of small objects.
 */
static unsigned long slabs_to_keep(const struct kmem_cache *s)
{
	return s->nr_slabs / 16 + (s->size <= SLAB_MIN_BYTES / 8);
}

/* Both directions run under the CPU's lock and leave the sheaves whole. */

/*
 * Objects of the next refill: a few at first, so that a CPU that needs one
 * does not take a slab's worth from the others, twice as many each time. The
 * first few fill a cache line and come from memory that no other CPU had, so
 * that two CPUs do not begin in one line (passive false sharing).
 */
static u32 refill_size(const struct kmem_cache *s, struct mm_cpu *cpu)
{
	u32 n = max(s->sheaf_capacity / 16, 4u) << cpu->warmth[s->id];

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
	WRITE_ONCE(s->flushes, 0);
	full = barn_get(&s->barn_full, &s->nr_barn_full);
	if (full) {
		barn_put(&s->barn_empty, &s->nr_barn_empty, *main);
		*main = full;
		count_vm_events(cpu, BARN_GET, 1);
	} else {
		fresh = !cpu->warmth[s->id];
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

/*
 * A barn is for traffic in both directions. When sheaves are flushed time
 * after time and none is asked for, what lies in the barn only keeps slabs
 * from getting empty: it follows. Context: s->lock.
 */
static void barn_note_flush(struct kmem_cache *s)
{
	sheaf_t top;

	WRITE_ONCE(s->flushes, min(s->flushes + 1, (u32)BARN_FLUSHES));
	if (s->flushes < BARN_FLUSHES)
		return;
	while ((top = barn_get(&s->barn_full, &s->nr_barn_full)))
		barn_put(&s->barn_empty, &s->nr_barn_empty,
			 sheaf_flush(s, top));
}

/* Main and spare are full: main goes to the barn, or into its slabs. */
static void sheaf_unload(struct kmem_cache *s, struct mm_cpu *cpu,
			 sheaf_t *main, struct list_head *reaped)
{
	sheaf_t empty = NULL;

	if (READ_ONCE(s->nr_barn_full) < s->barn_max &&
	    READ_ONCE(s->flushes) < BARN_FLUSHES)
		empty = sheaf_get_empty(s);
	spin_lock(&s->lock);
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
	slab_report_balance(s);
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

/* ---- without a sheaf ---- */

/* One object straight from the slabs. Context: as @gfp says. */
static void *alloc_direct(struct kmem_cache *s, gfp_t gfp)
{
	void *obj[1];
	bool found;

	do {
		spin_lock(&s->lock);
		found = slabs_take(s, obj, 1, false) == obj;
		if (unlikely(cache_is_watched(s)) && found)
			slab_debug_alloc(s, obj[0]);
		spin_unlock(&s->lock);
		if (found)
			return (char *)obj[0] + s->red_left;
	} while (slab_grow(s, gfp));
	return NULL;
}

/* @obj was seen to be in use; who frees it twice at once is found here. */
static void free_direct(struct kmem_cache *s, void *obj)
{
	void *slot = (char *)obj - s->red_left;
	LIST_HEAD(reaped);

	spin_lock(&s->lock);
	if (unlikely(cache_is_watched(s)) && !slot_is_free(slot))
		slab_debug_free(s, slot);
	slabs_put(s, &slot, 1);
	reap_free_slabs(s, slabs_to_keep(s), &reaped);
	spin_unlock(&s->lock);
	slab_release_list(&reaped);
}

/* ---- the slow paths ---- */

static bool cache_has_marks(const struct kmem_cache *s)
{
	return s->flags & SLAB_KMALLOC;
}

static bool sheaves_off;

/*
 * slab_without_sheaves - have every allocation and release pass a slow path
 * @off: from now on; sheaves of the running CPU are emptied
 *
 * Whoever must see each object (fault injection, M_PERTURB) asks for this
 * before other CPUs allocate; what lies in theirs is used up first.
 */
void slab_without_sheaves(bool off)
{
	sheaves_off = off;
	if (off)
		slab_shrink_all();
}

static bool cache_has_sheaves(const struct kmem_cache *s)
{
	return s->id && !sheaves_off && !failslab_enabled;
}

/* Has this CPU a sheaf for @s, or asked often enough to get one? */
static bool sheaf_is_warm(const struct kmem_cache *s, const struct mm_cpu *cpu)
{
	return s->size <= SHEAF_WARM_BYTES ||
	       cpu->warmth[s->id] >= SHEAF_WARM_COUNT;
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
	if (likely(cpu && cache_has_sheaves(s) && sheaf_is_warm(s, cpu))) {
		main = &cpu->tops->top[s->id];
		spin_lock(&cpu->lock);
		room = !sheaf_full(*main) || sheaf_make_room(s, cpu, &reaped);
		if (room)
			*(*main)++ = obj;
		spin_unlock(&cpu->lock);
		slab_release_list(&reaped);
	}
	if (unlikely(!room))
		free_direct(s, obj);
}

/* ---- draining ---- */

/* Context: cpu->lock, or a CPU that no longer runs. */
static void drain_sheaf(struct kmem_cache *s, sheaf_t *slot, sheaf_t none)
{
	sheaf_t top = *slot;
	LIST_HEAD(reaped);

	if (!top || top == BOOTSTRAP_TOP)
		return;
	*slot = none;
	spin_lock(&s->lock);
	top = sheaf_flush(s, top);
	reap_free_slabs(s, slabs_to_keep(s), &reaped);
	spin_unlock(&s->lock);
	slab_release_list(&reaped);
	sheaf_release(top);
}

static void drain_cpu(struct kmem_cache *s, struct mm_cpu *cpu)
{
	drain_sheaf(s, &cpu->tops->top[s->id], BOOTSTRAP_TOP);
	drain_sheaf(s, &cpu->spare[s->id], NULL);
}

/* All sheaves of @cpu go back. Context: slab_mutex, cpu->lock. */
void slab_cpu_drain(struct mm_cpu *cpu)
{
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		if (s->id)
			drain_cpu(s, cpu);
}

static void drain_barn(struct kmem_cache *s)
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
			sheaf_release(top);
	} while (top);
}

/* Empty slabs return to the buddy system. */
static void reap(struct kmem_cache *s)
{
	LIST_HEAD(reaped);

	spin_lock(&s->lock);
	reap_free_slabs(s, 0, &reaped);
	spin_unlock(&s->lock);
	slab_release_list(&reaped);
}

/*
 * The barn and this CPU's sheaves first, then the slabs they emptied.
 * Returns frames given back.
 */
unsigned long slab_shrink(struct kmem_cache *s)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);
	unsigned long before = READ_ONCE(s->nr_pages), after;

	if (s->id && cpu) {
		spin_lock(&cpu->lock);
		drain_cpu(s, cpu);
		spin_unlock(&cpu->lock);
	}
	drain_barn(s);
	reap(s);
	after = READ_ONCE(s->nr_pages);
	return (before > after ? before - after : 0) + slab_report(s);
}

/*
 * Before a cache is destroyed: nothing may be left in any CPU's sheaves. The
 * caller has promised that no CPU uses the cache any more. Returns how many
 * objects are still in use.
 */
unsigned long slab_close(struct kmem_cache *s)
{
	struct mm_cpu *cpu;

	if (s->id) {
		spin_lock(&mm_cpu_mutex);
		list_for_each_entry(cpu, &mm_cpus, list)
			drain_cpu(s, cpu);
		spin_unlock(&mm_cpu_mutex);
	}
	drain_barn(s);
	reap(s);
	return s->inuse;
}

/* The cache that sheaves come from; it has none itself. */
void slab_init(void)
{
	kmem_cache_setup(&sheaf_cache, "kmem_sheaf", SHEAF_SIZE, SHEAF_SIZE,
			 SLAB_NO_SHEAVES, NULL);
}

/* ---- validation ---- */

static u32 count_free_bits(const struct page *slab)
{
	u32 i, w, n = 0;

	for (i = 0; i < slab->nr; i++)
		for (w = 0; w < FREE_WORDS; w++)
			n += (u32)__builtin_popcountl(slab[i].free_bits[w]);
	return n;
}

static void validate_slab(const struct kmem_cache *s, const struct page *slab,
			  bool full, bool empty)
{
	u32 objects = slab_objects(s, slab);

	if (!(slab->flags & PG_slab) || slab->slab_cache != s ||
	    !(slab->flags & PG_full) != !full ||
	    full != (slab->inuse == objects) || empty != (slab->inuse == 0))
		mm_panic("cache %s: slab %p with flags %#x, %u of %u objects "
			 "in use, is on the wrong list",
			 s->name, (const void *)slab, slab->flags, slab->inuse,
			 objects);
	if (slab->inuse + count_free_bits(slab) != slab->bump ||
	    slab->bump > objects)
		mm_panic("cache %s: slab %p: %u in use + %u free is not %u",
			 s->name, (const void *)slab, slab->inuse,
			 count_free_bits(slab), slab->bump);
}

struct slab_sums {
	unsigned long slabs, pages, objects, inuse;
	unsigned long bad; /* parts overwritten, of a watched cache */
};

static unsigned long validate_list(struct kmem_cache *s,
				   const struct list_head *list,
				   struct slab_sums *sum)
{
	bool full = list == &s->slabs_full, empty = list == &s->slabs_free;
	struct page *slab;
	unsigned long n = 0;

	list_for_each_entry(slab, list, lru) {
		validate_slab(s, slab, full, empty);
		if (cache_is_watched(s))
			sum->bad += slab_debug_check(s, slab);
		sum->pages += slab->nr;
		sum->objects += slab_objects(s, slab);
		sum->inuse += slab->inuse;
		n++;
	}
	sum->slabs += n;
	return n;
}

/**
 * kmem_cache_validate() - look at all that is known of a cache
 * @s: the cache
 *
 * A wrong count panics. Of a watched cache each byte is looked at that an
 * object's holder has no business with; what was overwritten is reported and
 * put right. Context: any. Return: how many objects, and gaps between them,
 * were wrong.
 */
unsigned long kmem_cache_validate(struct kmem_cache *s)
{
	struct slab_sums sum = { 0 };
	unsigned long partial, empty;

	spin_lock(&s->lock);
	validate_list(s, &s->slabs_full, &sum);
	partial = validate_list(s, &s->slabs_partial, &sum);
	empty = validate_list(s, &s->slabs_free, &sum);
	if (partial != s->nr_partial || empty != s->nr_free_slabs ||
	    sum.slabs != s->nr_slabs || sum.pages != s->nr_pages ||
	    sum.objects != s->total_objects || sum.inuse != s->inuse)
		mm_panic("cache %s: lists hold %lu slabs, %lu frames, %lu "
			 "objects, %lu in use; counted %lu, %lu, %lu, %lu",
			 s->name, sum.slabs, sum.pages, sum.objects, sum.inuse,
			 s->nr_slabs, s->nr_pages, s->total_objects, s->inuse);
	spin_unlock(&s->lock);
	return sum.bad;
}

/* Re-derives the invariants at the head of this file. Context: slab_mutex. */
void slab_validate(void)
{
	struct kmem_cache *s;

	list_for_each_entry(s, &slab_caches, list)
		kmem_cache_validate(s);
}
