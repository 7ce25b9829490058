/* SPDX-License-Identifier: MIT */
/*
 * Slabs: runs of frames cut into objects of one size.
 *
 *   kmem_cache (all under kmem_cache.lock)
 *     slabs_partial   slabs_full   slabs_free
 *
 *   a slab of nr frames (where object 0 starts: see slab.h)
 *   | lead | obj 0 | obj 1 | ... | obj n-1 | never used ......... | rest |
 *                                          └ bump
 *
 * Inside a slab, free objects are bits in the frames' descriptors: who takes
 * some gets the lowest, and objects that were never used last (from bump
 * on), so that untouched memory stays untouched. The partial list is used
 * from its head, where slabs join that were full a moment ago; emptier slabs
 * are left alone to drain.
 *
 * A frame of a slab is vacant (PG_vacant) until the first of its objects is
 * handed out, and again once it was given back to the host. In a vacant frame
 * lies no mark of a free object, so it has no id in port_slab_ids either: a
 * release of an object there takes the slow path, which looks at the bits.
 *
 * A slab's frames but the first are PG_full while they have no free bit, and
 * the first is while the whole slab has no object to give: so who looks for
 * free objects passes over full frames, and a release has more to do than to
 * turn its bit over and to count only where the frame was full, or the slab
 * gets empty.
 *
 * Objects come and go by the sheaf (sheaf.c), or one at a time where a cache
 * has no sheaves (alloc_direct, put_direct; watched.c).
 *
 * Invariants (kmem_cache_validate), with objects = slab_objects(s, slab):
 *   slab->inuse + free bits of the slab = objects before bump
 *   slab on full ⇔ inuse = objects ⇔ PG_full;  on free ⇔ inuse = 0
 *   another frame has no free bit ⇔ PG_full; those before the hint have none
 *   s->inuse = Σ slab->inuse;  s->total_objects = Σ objects
 *   an object in use lies in no vacant frame; port_slab_ids of a frame = the
 *     cache's free_id if it has marks and the frame is not vacant, else 0
 *
 * Lock: kmem_cache.lock.
 *
 * J. Bonwick, "The Slab Allocator", USENIX 1994.
 */
#include <ashlar/string.h>
#include "slub.h"

/*
 * Frames of the next slab: a fraction of what the cache has already, so that
 * small programs stay small and large caches take few slow paths; enough for
 * several objects, since up to one is lost to where the slab begins; and fewer
 * where smaller blocks are all that is free and resident.
 */
static u32 slab_frames(const struct kmem_cache *s)
{
	unsigned long bytes = READ_ONCE(s->nr_pages) * PAGE_SIZE / SLAB_GROWTH;
	unsigned long several = max(SLAB_MAX_BYTES / 4ul, 2ul * s->size);
	u32 least;

	if (!slab_is_packed(s))
		return (u32)(PAGE_ALIGN((unsigned long)s->size) >> PAGE_SHIFT);
	several = min(8ul * s->size, several);
	bytes = min(bytes, (unsigned long)SLAB_MAX_BYTES);
	least = (u32)(PAGE_ALIGN(max(several, (unsigned long)SLAB_MIN_BYTES)) >>
		      PAGE_SHIFT);
	return page_report_at_hand(
		max((u32)(PAGE_ALIGN(bytes) >> PAGE_SHIFT), least), least);
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
	return (s->flags & SLAB_KMALLOC) ? (u8)s->free_id : 0;
}

/*
 * Of how many of a slab's @nr frames the descriptors say so: of all in which an
 * object may start.
 */
static u32 slab_described(const struct kmem_cache *s, u32 nr)
{
	return slab_is_packed(s) || cache_is_watched(s) ? nr : 1;
}

static void slab_setup(struct kmem_cache *s, struct page *slab, u32 nr)
{
	struct page *page, *end = slab + slab_described(s, nr);

	for (page = slab; page < end; page++) {
		page->flags = PG_slab | PG_vacant | PG_tail | PG_full;
		page->head = slab;
		page->slab_cache = s;
		memset(page->free_bits, 0, sizeof(page->free_bits));
	}
	slab->flags = PG_slab | PG_vacant;
	slab->nr = (u8)nr;
	slab->hint = (u8)nr;
	slab->inuse = 0;
	slab->bump = (u16)((slab_start(s, slab) - (char *)page_address(slab)) /
			   SLAB_GRANULE);
	if (unlikely(cache_is_watched(s)))
		slab_debug_setup(s, slab);
	else
		port_poison(page_address(slab), (size_t)nr << PAGE_SHIFT);
}

/*
 * A slab of @nr frames and a guard, or of the fewest that hold an object where
 * there is no such block: up to one object is lost to where the slab begins.
 */
static struct page *slab_alloc(const struct kmem_cache *s, gfp_t gfp, u32 *nr,
			       u32 guard)
{
	u32 least = (u32)(PAGE_ALIGN(2ul * s->size) >> PAGE_SHIFT);
	const gfp_t light = __GFP_NOWARN | __GFP_NORETRY;
	struct page *slab;

	gfp = cache_gfp(s, gfp);
	if (*nr > least) {
		slab = alloc_frames((gfp | light) & ~__GFP_NOFAIL, *nr + guard);
		if (likely(slab))
			return slab;
		*nr = least;
	}
	return alloc_frames(gfp, *nr + guard);
}

/* Give the cache one more slab. Context: no lock held; may wait as @gfp. */
bool slab_grow(struct kmem_cache *s, gfp_t gfp)
{
	u32 nr = slab_frames(s);
	bool guard = unlikely(s->guard) && slab_guard_due(s, nr);
	struct page *slab = slab_alloc(s, gfp, &nr, guard);

	if (unlikely(!slab))
		return false;
	if (unlikely(guard))
		slab_guard(slab, nr);
	slab_setup(s, slab, nr);
	spin_lock(&s->lock);
	list_add(&slab->lru, &s->slabs_free);
	WRITE_ONCE(s->nr_slabs, s->nr_slabs + 1);
	s->nr_free_slabs++;
	WRITE_ONCE(s->nr_pages, s->nr_pages + nr);
	WRITE_ONCE(s->total_objects, s->total_objects + slab_objects(s, slab));
	spin_unlock(&s->lock);
	slab_note_growth(nr);
	return true;
}

/* Take an empty slab out of the cache's books. Context: s->lock. */
static void slab_unlink(struct kmem_cache *s, struct page *slab)
{
	list_del(&slab->lru);
	WRITE_ONCE(s->nr_slabs, s->nr_slabs - 1);
	s->nr_free_slabs--;
	WRITE_ONCE(s->nr_pages, s->nr_pages - slab->nr);
	WRITE_ONCE(s->total_objects, s->total_objects - slab_objects(s, slab));
}

/* Its frames return to the buddy system. Context: no cache lock. */
static void slab_release(struct page *slab)
{
	u32 i, nr = slab->nr, described = slab_described(slab->slab_cache, nr);

	if (unlikely(cache_is_watched(slab->slab_cache)))
		slab_debug_check(slab->slab_cache, slab);
	memset(port_slab_ids + page_to_pfn(slab), 0, described);
	for (i = 0; i < described; i++) {
		slab[i].flags = 0;
		memset(slab[i].free_bits, 0, sizeof(slab[i].free_bits));
	}
	if (unlikely(slab->slab_cache->guard))
		nr += slab_unguard(slab, nr);
	free_frames(slab, nr);
}

/* Context: no lock held. */
void slab_release_list(struct list_head *list)
{
	struct page *slab, *next;

	list_for_each_entry_safe(slab, next, list, lru)
		slab_release(slab);
}

/* Move all but @keep empty slabs to @out. Context: s->lock. */
void reap_free_slabs(struct kmem_cache *s, unsigned long keep,
		     struct list_head *out)
{
	struct page *slab;

	while (s->nr_free_slabs > keep) {
		slab = list_last_entry(&s->slabs_free, struct page, lru);
		slab_unlink(s, slab);
		list_add(&slab->lru, out);
	}
}

/* ---- vacant frames; context of all: s->lock ---- */

/* The first object of @s at or after @start; @s has several in a slab. */
static char *object_from(const struct kmem_cache *s, const char *start)
{
	u64 n = mul_u64_u64_hi((uintptr_t)start + s->size - 1, s->reciprocal);

	return (char *)(uintptr_t)(n * s->size);
}

/*
 * Frame @i is vacant, and one of its objects is about to be handed out: all
 * that start in it get the mark of free ones, and the frame the id by which
 * kfree() looks for it.
 */
static __attribute__((__noinline__)) void frame_enter(struct kmem_cache *s,
						      struct page *slab, u32 i)
{
	unsigned long pfn = page_to_pfn(slab) + i;
	char *obj = pfn_to_virt(pfn), *end = obj + PAGE_SIZE;
	void *mark = FREE_MARK;
	u8 id = slab_id(s);

	if (slab[i].flags & PG_discarded &&
	    port_time_ms() - s->report_time < REPORT_HALF_LIFE_MS)
		s->report_slack++;
	slab[i].flags &= (u8) ~(PG_vacant | PG_discarded);
	if (!id)
		return;
	if (slab_is_packed(s))
		obj = object_from(s, obj);
	for (; obj < end; obj += s->size) {
		port_unpoison(obj, 2 * sizeof(void *));
		*object_mark(obj) = mark;
	}
	port_slab_ids[pfn] = id;
}

/*
 * Objects from @first to @last, which may reach into the next frames, are
 * handed out. Larger ones have their slab to themselves, and start it.
 */
static __always_inline void frames_enter(struct kmem_cache *s,
					 struct page *slab, const char *first,
					 const char *last)
{
	const char *frames = page_address(slab);
	size_t i = (size_t)(first - frames) >> PAGE_SHIFT;
	size_t end = (size_t)(last + s->size - 1 - frames) >> PAGE_SHIFT;

	if (!slab_is_packed(s))
		end = 0;
	for (; i <= end; i++)
		if (unlikely(slab[i].flags & PG_vacant))
			frame_enter(s, slab, (u32)i);
}

/* ---- objects in and out of slabs; context of all: s->lock ---- */

static bool frame_has_free(const struct page *page)
{
	unsigned long any = 0;
	u32 w;

	for (w = 0; w < FREE_WORDS; w++)
		any |= page->free_bits[w];
	return any;
}

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

/* The same, and what they lie in is vacant no more. */
static void **take_frame(struct page *slab, u32 i, void **slot, void **low)
{
	void **before = slot;

	slot = take_bits(slab + i, slot, low);
	if (slot != before)
		frames_enter(slab->slab_cache, slab, before[-1], *slot);
	return slot;
}

static void **take_recycled(struct page *slab, void **slot, void **low)
{
	u32 i, nr = slab_described(slab->slab_cache, slab->nr);

	if (frame_has_free(slab))
		slot = take_frame(slab, 0, slot, low);
	for (i = slab->hint; i < nr && slot > low; i++) {
		if (slab[i].flags & PG_full)
			continue;
		slot = take_frame(slab, i, slot, low);
		if (slot > low || !frame_has_free(slab + i))
			slab[i].flags |= PG_full;
	}
	/* The frame we stopped in may have bits left. */
	if (i > slab->hint)
		slab->hint = (u8)(slot > low ? i : i - 1);
	return slot;
}

static void construct(const struct kmem_cache *s, void **slot, void **end)
{
	for (; slot < end; slot++) {
		object_taken(s, (char *)*slot + s->red_left);
		s->ctor((char *)*slot + s->red_left);
		object_freed(s, (char *)*slot + s->red_left);
	}
}

static void **take_unused(struct kmem_cache *s, struct page *slab, void **slot,
			  void **low)
{
	char *frames = page_address(slab), *obj = slab_unused(slab);
	char *last = frames + ((size_t)slab->nr << PAGE_SHIFT) - s->size;
	void **before = slot;
	u32 size = s->size;

	for (; obj <= last && slot > low; obj += size)
		*--slot = obj;
	if (slot == before)
		return slot;
	slab->bump = (u16)((size_t)(obj - frames) / SLAB_GRANULE);
	if (unlikely(s->ctor))
		construct(s, slot, before);
	frames_enter(s, slab, before[-1], *slot);
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
	WRITE_ONCE(s->nr_partial, s->nr_partial + 1);
	return slab;
}

/*
 * Take up to @n objects into slots[n-1], slots[n-2], … Returns the lowest
 * slot written; the object in it was taken last. @unused: those that nobody
 * had before first, as long as the slab at hand has any.
 */
void **slabs_take(struct kmem_cache *s, void **slots, u32 n, bool unused)
{
	void **slot = slots + n, **before;
	struct page *slab;
	u32 objects;

	while (slot > slots && (slab = slab_with_objects(s))) {
		objects = slab_objects(s, slab);
		before = slot;
		if (unused)
			slot = take_unused(s, slab, slot, slots);
		slot = take_recycled(slab, slot, slots);
		if (slot > slots)
			slot = take_unused(s, slab, slot, slots);
		slab->inuse = (u16)(slab->inuse + (before - slot));
		if (slab->inuse == objects) {
			slab->flags |= PG_full;
			list_move(&slab->lru, &s->slabs_full);
			WRITE_ONCE(s->nr_partial, s->nr_partial - 1);
		}
	}
	WRITE_ONCE(s->inuse, s->inuse + (unsigned long)(slots + n - slot));
	return slot;
}

/*
 * What @obj is in its slab: OBJECT_NONE if no object of @s, which is not
 * watched, starts there. An object in use stays so without a lock: bump only
 * grows, its own bit is 0, and the slab's head is constant while any object is
 * in use.
 */
__racy enum object_state object_state(const struct kmem_cache *s,
				      const struct page *slab, char *obj)
{
	if (!slab_starts_at(s, slab, obj) || obj >= slab_unused(slab))
		return OBJECT_NONE;
	return slot_is_free(obj) ? OBJECT_FREE : OBJECT_USED;
}

void report_bad_object(const struct kmem_cache *s, char *obj,
		       enum object_state state)
{
	struct page *page = virt_addr_valid(obj) ? virt_to_page(obj) : NULL;

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

/* An object of @page became free: the frame was full, or the slab is empty. */
static void slab_after_put(struct kmem_cache *s, struct page *slab,
			   struct page *page)
{
	if (page != slab) {
		page->flags &= (u8)~PG_full;
		slab->hint = min(slab->hint, (u8)(page - slab));
	}
	if (slab->flags & PG_full) {
		slab->flags &= (u8)~PG_full;
		list_move(&slab->lru, &s->slabs_partial);
		WRITE_ONCE(s->nr_partial, s->nr_partial + 1);
	}
	if (!slab->inuse && !(slab->flags & PG_isolated)) {
		list_move(&slab->lru, &s->slabs_free);
		WRITE_ONCE(s->nr_partial, s->nr_partial - 1);
		s->nr_free_slabs++;
	}
}

/* The slab of @s that @obj lies in, or NULL. */
__racy struct page *object_slab(const struct kmem_cache *s, const void *obj)
{
	if (unlikely(!is_slab_frame_of(s, obj)))
		return NULL;
	return slab_head(virt_to_page(obj));
}

/* The object in @slot, of the frame @page, becomes free. False: it was. */
static __always_inline bool put_in_frame(struct kmem_cache *s,
					 struct page *page, const char *slot)
{
	unsigned long granule = (uintptr_t)slot / SLAB_GRANULE;
	unsigned long bit = granule % (8 * sizeof(long));
	unsigned long *word =
		&page->free_bits[granule / (8 * sizeof(long)) % FREE_WORDS];
	unsigned long before = *word, after = before | 1ul << bit;
	struct page *slab = slab_head(page);
	u8 flags = page->flags;

	if (unlikely(after == before))
		return false;
	*word = after;
	if (unlikely(!--slab->inuse || flags & PG_full))
		slab_after_put(s, slab, page);
	return true;
}

/*
 * Of an object of a general cache the frame and the mark said when it entered
 * its sheaf that it is one in use (see slab.h). Here the frame is asked again,
 * and the object's own bit has the last word.
 */
static __always_inline bool put_marked(struct kmem_cache *s, u8 id, char *slot)
{
	unsigned long pfn = virt_to_pfn(slot);

	return likely(port_slab_ids[pfn] == id) &&
	       put_in_frame(s, pfn_to_page(pfn), slot);
}

static __always_inline bool put_unmarked(struct kmem_cache *s, char *slot)
{
	struct page *slab = object_slab(s, slot);

	return likely(slab) && slot < slab_unused(slab) &&
	       slab_starts_at(s, slab, slot) &&
	       put_in_frame(s, virt_to_page(slot), slot);
}

/* It was no object, or a free one. Returns 1: so many were not put. */
static __cold_path u32 put_badly(struct kmem_cache *s, char *slot)
{
	struct page *slab = object_slab(s, slot);

	report_bad_object(s, slot + s->red_left,
			  slab ? object_state(s, slab, slot) : OBJECT_NONE);
	return 1;
}

void slabs_put(struct kmem_cache *s, void **slots, u32 n)
{
	void **end = slots + n;
	u8 id = slab_id(s);

	if (likely(id)) {
		for (; slots < end; slots++)
			if (unlikely(!put_marked(s, id, *slots)))
				n -= put_badly(s, *slots);
	} else {
		for (; slots < end; slots++)
			if (unlikely(!put_unmarked(s, *slots)))
				n -= put_badly(s, *slots);
	}
	WRITE_ONCE(s->inuse, s->inuse - n);
}

/*
 * Empty slabs a cache keeps, so that one that breathes does not go to the
 * buddy system each time: a sixteenth, and one of small objects. While objects
 * only go, it keeps none. Context: s->lock.
 */
unsigned long slabs_to_keep(const struct kmem_cache *s)
{
	if (s->flushes >= BARN_FLUSHES)
		return 0;
	return s->nr_slabs / 16 + (s->size <= SLAB_MIN_BYTES / 8);
}

/* ---- without a sheaf ---- */

/* One object straight from the slabs. Context: as @gfp says. */
void *alloc_direct(struct kmem_cache *s, gfp_t gfp)
{
	void *obj[1];
	bool found;

	do {
		spin_lock(&s->lock);
		found = slabs_take(s, obj, 1, false) == obj;
		spin_unlock(&s->lock);
		if (found)
			return obj[0];
	} while (slab_grow(s, gfp));
	return NULL;
}

/*
 * @obj was seen to be in use; who frees it twice at once is found here. Slabs
 * that are to go, now that it is free, are added to @reaped.
 */
void put_direct(struct kmem_cache *s, void *obj, struct list_head *reaped)
{
	spin_lock(&s->lock);
	slabs_put(s, &obj, 1);
	reap_free_slabs(s, slabs_to_keep(s), reaped);
	spin_unlock(&s->lock);
}

/* ---- validation ---- */

static u32 count_free_bits(const struct kmem_cache *s, const struct page *slab)
{
	u32 i, w, n = 0;

	for (i = 0; i < slab_described(s, slab->nr); i++)
		for (w = 0; w < FREE_WORDS; w++)
			n += (u32)__builtin_popcountl(slab[i].free_bits[w]);
	return n;
}

/* What the frames but the first say of their free bits. */
static void validate_frames(const struct kmem_cache *s, const struct page *slab)
{
	u32 i, nr = slab_described(s, slab->nr);

	for (i = 1; i < nr; i++)
		if (!(slab[i].flags & PG_full) != frame_has_free(slab + i) ||
		    (i < slab->hint && frame_has_free(slab + i)))
			mm_panic("cache %s: frame %u of slab %p, with the "
				 "hint %u and flags %#x, %s free objects",
				 s->name, i, (const void *)slab, slab->hint,
				 slab[i].flags,
				 frame_has_free(slab + i) ? "has" : "has no");
}

static void validate_slab(const struct kmem_cache *s, const struct page *slab,
			  bool full, bool empty)
{
	u32 objects = slab_objects(s, slab), used;

	if (!(slab->flags & PG_slab) || slab->slab_cache != s ||
	    !(slab->flags & PG_full) != !full ||
	    full != (slab->inuse == objects) || (empty && slab->inuse) ||
	    (!empty && !slab->inuse && !(slab->flags & PG_isolated)))
		mm_panic("cache %s: slab %p with flags %#x, %u of %u objects "
			 "in use, is on the wrong list",
			 s->name, (const void *)slab, slab->flags, slab->inuse,
			 objects);
	used = (u32)(slab_unused(slab) - slab_start(s, slab)) / s->size;
	if (slab->inuse + count_free_bits(s, slab) != used || used > objects)
		mm_panic("cache %s: slab %p: %u in use + %u free is not %u",
			 s->name, (const void *)slab, slab->inuse,
			 count_free_bits(s, slab), used);
}

/* The frames' ids, which decide whether kfree() believes a mark. */
static void validate_ids(const struct kmem_cache *s, const struct page *slab)
{
	u32 i, nr = slab_described(s, slab->nr);
	u8 id, expected;

	for (i = 0; i < nr; i++) {
		expected = slab[i].flags & PG_vacant ? 0 : slab_id(s);
		id = port_slab_ids[page_to_pfn(slab) + i];
		if (id != expected)
			mm_panic("cache %s: frame %u of slab %p has id %u "
				 "and flags %#x",
				 s->name, i, (const void *)slab, id,
				 slab[i].flags);
	}
}

struct slab_sums {
	unsigned long slabs, pages, objects, inuse;
	unsigned long bad; /* parts overwritten, of a watched cache */
	bool look; /* True if these are looked for. */
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
		validate_frames(s, slab);
		validate_ids(s, slab);
		if (cache_is_watched(s) && sum->look)
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
	bool stopped = s->hand && hands_stop();
	struct slab_sums sum = { .look = stopped || !s->hand };
	unsigned long partial, empty;

	spin_lock(&s->lock);
	validate_list(s, &s->slabs_full, &sum);
	partial = validate_list(s, &s->slabs_partial, &sum);
	empty = validate_list(s, &s->slabs_free, &sum);
	validate_list(s, &s->slabs_isolated, &sum);
	if (partial != s->nr_partial || empty != s->nr_free_slabs ||
	    sum.slabs != s->nr_slabs || sum.pages != s->nr_pages ||
	    sum.objects != s->total_objects || sum.inuse != s->inuse)
		mm_panic("cache %s: lists hold %lu slabs, %lu frames, %lu "
			 "objects, %lu in use; counted %lu, %lu, %lu, %lu",
			 s->name, sum.slabs, sum.pages, sum.objects, sum.inuse,
			 s->nr_slabs, s->nr_pages, s->total_objects, s->inuse);
	spin_unlock(&s->lock);
	if (stopped)
		hands_go();
	return sum.bad;
}
