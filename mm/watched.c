/* SPDX-License-Identifier: MIT */
/*
 * The way of watched objects: each allocation and each release of one comes
 * here, and goes straight to what the CPU has at hand, or to its slab.
 *
 *   slab_alloc_slow ─► slab_alloc_asked ─► watched_cpu_alloc, or slabs_take ─►
 *                                          slab_debug_alloc
 *   slab_free_slow  ─► slab_free_asked  ─► is it one, in use, as it was
 *                                          allocated? ─► watched_cpu_free, or
 *                                          slab_debug_free ─► quarantine_add,
 *                                          or slabs_put
 *
 * Any address leads to its slot: virt_to_page() to the slab, a division to the
 * slot, and its record to the object.
 *
 * Lock: kmem_cache.lock where no CPU has objects at hand; but for the stack of
 * the call, which comes before.
 */
#include <ashlar/string.h>
#include "watched_cpu.h"

void (*slab_alloc_hook)(const void *obj, size_t bytes, u32 stack,
			slab_flags_t flags, gfp_t gfp);
void (*slab_free_hook)(const void *obj);

/* What @obj is; *@slot: that it lies in, or NULL. Context: s->lock, or racy. */
static __racy enum object_state watched_state(const struct kmem_cache *s,
					      const struct page *slab,
					      char *obj, char **slot)
{
	const struct slab_record *r;

	*slot = used_slot(s, slab, obj);
	if (!*slot)
		return OBJECT_NONE;
	r = whole_record(s, *slot);
	if (obj != *slot + (r ? r->offset : s->red_left))
		return OBJECT_NONE;
	if (slot_is_free(*slot) || (r && record_state(r) != RECORD_LIVE))
		return OBJECT_FREE;
	return OBJECT_USED;
}

/* True if @obj, in the frames of @slab of @s, is an object in use. */
bool watched_is_used(const struct kmem_cache *s, const struct page *slab,
		     char *obj)
{
	char *slot;

	return watched_state(s, slab, obj, &slot) == OBJECT_USED;
}

/**
 * slab_block_at() - what of a watched cache lies at an address
 * @addr: any address
 * @b: set, if there is something
 *
 * Context: any; takes no lock, so what a caller does not own may change.
 * Return: false if @addr is in no slab of a watched cache, or if what was
 * known of the object there has been written over.
 */
__racy bool slab_block_at(const void *addr, struct slab_block *b)
{
	const struct slab_record *r;
	struct page *page;

	if (!virt_addr_valid(addr))
		return false;
	page = virt_to_page(addr);
	if (!page_is_watched(page))
		return false;
	*b = (struct slab_block){ .cache = page->slab_cache };
	b->slot = used_slot(b->cache, slab_head(page), addr);
	if (!b->slot)
		return true;
	r = whole_record(b->cache, b->slot);
	b->start = slot_extent(b->cache, b->slot).start;
	b->bytes = slot_extent(b->cache, b->slot).bytes;
	b->live = !slot_is_free(b->slot) &&
		  (!r || record_state(r) == RECORD_LIVE);
	return r || !b->cache->record;
}

/**
 * slab_room_at() - bytes from an address to the end of its object in use
 * @addr: any address
 *
 * The quick half of slab_block_at(): most that is looked at lies in such an
 * object, whose record says so. Context: any; takes no lock. Return: the bytes;
 * 0: there is more to find out.
 */
__racy size_t slab_room_at(const void *addr)
{
	const struct kmem_cache *s;
	const struct slab_record *r;
	const struct page *slab;
	struct page *page;
	size_t at;
	char *slot;

	if (!virt_addr_valid(addr))
		return 0;
	page = virt_to_page(addr);
	s = page->slab_cache;
	if (!page_is_watched(page) || !slab_is_packed(s) || !s->record)
		return 0;
	slab = slab_head(page);
	slot = slot_of(s, slab, addr);
	if (slot < (char *)page_address(slab) || slot >= slab_unused(slab))
		return 0;
	r = slot_record(s, slot);
	at = (size_t)((const char *)addr - (const char *)r) + s->record -
	     r->offset;
	if (record_state(r) != RECORD_LIVE || at >= record_asked(r) ||
	    !record_is_whole(r))
		return 0;
	return record_asked(r) - at;
}

/**
 * slab_holds() - are these bytes surely in an object in use?
 * @addr: any address
 * @bytes: from there on
 *
 * Its record is believed, for it is looked at when the object is released.
 * Context: any; takes no lock. Return: false if there is more to find out.
 */
__racy bool slab_holds(const void *addr, size_t bytes)
{
	const struct kmem_cache *s;
	const struct slab_record *r;
	struct page *page, *slab;
	size_t at;
	char *slot;

	if (!virt_addr_valid(addr))
		return false;
	page = virt_to_page(addr);
	if (!(page->flags & PG_slab))
		return false;
	s = page->slab_cache;
	if (!s->hand_most) /* or its slots are packed, and have records */
		return false;
	slab = slab_head(page);
	slot = slot_of(s, slab, addr);
	if (slot < (char *)page_address(slab))
		return false;
	r = slot_record(s, slot);
	at = (size_t)((const char *)addr - slot) - r->offset;
	return record_state(r) == RECORD_LIVE && at <= record_asked(r) &&
	       bytes <= record_asked(r) - at;
}

/**
 * slab_object_size() - bytes that the holder of an object may use
 * @s: its cache
 * @obj: the object, in use
 */
u32 slab_object_size(const struct kmem_cache *s, const void *obj)
{
	struct page *slab;
	char *slot;

	if (!cache_is_watched(s))
		return s->size;
	slab = object_slab(s, obj);
	slot = slab ? used_slot(s, slab, obj) : NULL;
	return slot ? slot_extent(s, slot).bytes : 0;
}

static void *alloc_from_slab(struct kmem_cache *s, gfp_t gfp,
			     const struct slab_call *call)
{
	u32 stack = slab_debug_stack(s);
	void *slot[1], *obj = NULL;

	do {
		spin_lock(&s->lock);
		if (slabs_take(s, slot, 1, false) == slot)
			obj = slab_debug_alloc(s, slot[0], call, stack);
		spin_unlock(&s->lock);
	} while (!obj && slab_grow(s, gfp));
	return obj;
}

static __always_inline void *alloc_watched(struct kmem_cache *s, gfp_t gfp,
					   const struct slab_call *call)
{
	struct mm_cpu *cpu = mm_this_cpu();

	if (likely(s->hand && cpu && watched_cpu_ready(cpu)))
		return watched_cpu_alloc(s, cpu, gfp, call);
	return alloc_from_slab(s, gfp, call);
}

/**
 * slab_alloc_asked() - an object of a watched cache
 * @s: the cache
 * @gfp: GFP_* flags; __GFP_ZERO is the caller's to see to
 * @call: how it was asked for: no more than @s has, at its alignment
 *
 * Context: as @gfp says. Return: the object, or NULL.
 */
void *slab_alloc_asked(struct kmem_cache *s, gfp_t gfp,
		       const struct slab_call *call)
{
	void *obj;

	if (unlikely(should_failslab(s, gfp)))
		return NULL;
	if (likely(!slab_alloc_hook))
		return alloc_watched(s, gfp, call);
	obj = alloc_watched(s, gfp, call);
	if (obj)
		slab_alloc_hook(obj, call->asked, slab_debug_stack(s), s->flags,
				gfp);
	return obj;
}

/**
 * slab_alloc_at_hand() - slab_alloc_asked() where nobody else is to be asked
 * @s: a general cache
 * @gfp: as there
 * @call: as there
 *
 * Context: as @gfp says. Return: the object; NULL: slab_alloc_asked() will see
 * to it.
 */
void *slab_alloc_at_hand(struct kmem_cache *s, gfp_t gfp,
			 const struct slab_call *call)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (unlikely(failslab_enabled || slab_alloc_hook || !s->hand || !cpu ||
		     !cpu->watched))
		return NULL;
	return watched_cpu_alloc(s, cpu, gfp, call);
}

static void report_not_used(struct kmem_cache *s, const struct page *slab,
			    char *obj, enum object_state state,
			    const struct slab_call *call)
{
	char *slot = slab ? used_slot(s, slab, obj) : NULL;
	struct slab_block b;

	if (slot && state == OBJECT_FREE)
		slab_report_twice(s, slot, obj, call);
	else if (slot)
		slab_report_inside(s, slot, obj, call);
	else if (slab_block_at(obj, &b) && b.slot && b.cache != s)
		slab_report_foreign(s, &b, obj, call);
	else
		report_bad_object(s, obj, OBJECT_NONE);
}

/*
 * The object in @slot comes back. True if it is to wait in quarantine. Context:
 * s->lock.
 */
static bool release(struct kmem_cache *s, char *slot, char *obj,
		    const struct slab_call *call, u32 stack)
{
	bool wait = quarantine_takes(s);
	void *put = slot;

	slab_check_release(s, slot, obj, call);
	slab_debug_free(s, slot, stack);
	if (!wait)
		slabs_put(s, &put, 1);
	return wait;
}

/*
 * To its slab, or the quarantine: an object of a cache of which CPUs have none
 * at hand, or one whose record was written over. Returns what it is.
 */
static enum object_state free_to_slab(struct kmem_cache *s, struct page *slab,
				      char *obj, const struct slab_call *call)
{
	u32 stack = slab_debug_stack(s);
	enum object_state state;
	LIST_HEAD(reaped);
	bool wait = false;
	char *slot;

	spin_lock(&s->lock);
	state = watched_state(s, slab, obj, &slot);
	if (s->hand && state == OBJECT_USED && whole_record(s, slot) &&
	    !record_claim(slot_record(s, slot), false))
		state = OBJECT_FREE;
	if (likely(state == OBJECT_USED)) {
		wait = release(s, slot, obj, call, stack);
		reap_free_slabs(s, slabs_to_keep(s), &reaped);
	}
	spin_unlock(&s->lock);
	if (wait)
		quarantine_add(s, slot);
	slab_release_list(&reaped);
	return state;
}

/* The same as slab_free_asked(), whatever @obj is, and who the caller. */
static __cold_path void free_slowly(struct kmem_cache *s, void *obj,
				    const struct slab_call *call)
{
	bool alone = release_begins();
	struct mm_cpu *cpu = mm_this_cpu();
	struct page *slab = object_slab(s, obj);
	enum object_state state = OBJECT_NONE;

	if (slab && s->hand && cpu && watched_cpu_ready(cpu) &&
	    watched_cpu_free(s, cpu, slab, obj, call)) {
		release_ends(alone);
		return;
	}
	if (slab)
		state = free_to_slab(s, slab, obj, call);
	if (unlikely(state != OBJECT_USED))
		report_not_used(s, slab, obj, state, call);
	release_ends(alone);
}

/**
 * slab_free_asked() - take back an object of a watched cache
 * @s: the cache
 * @obj: the object, or any other value, which is reported
 * @call: how it is released
 *
 * Context: any.
 */
__racy void slab_free_asked(struct kmem_cache *s, void *obj,
			    const struct slab_call *call)
{
	struct mm_cpu *cpu = *this_cpu_ptr(mm_cpu_self);

	if (unlikely(slab_free_hook))
		slab_free_hook(obj);
	if (likely(s->hand && cpu && cpu->watched) &&
	    likely(is_slab_frame_of(s, obj)) &&
	    likely(watched_cpu_free(s, cpu, slab_head(virt_to_page(obj)), obj,
				    call)))
		return;
	free_slowly(s, obj, call);
}
