/* SPDX-License-Identifier: MIT */
/*
 * Caches whose objects are watched.
 *
 *   a slot of s->size bytes, as large as asked for and what the checks need
 *
 *   | red zone | object: bytes asked for | red zone    | record | padding |
 *   slot       └ slot + record->offset   └ 32 or more  └ slot + s->record
 *
 *               red zones   object            padding
 *   in use      cc          5a when new       5a
 *   free        bb          6b 6b … 6b a5     5a
 *   around the slots of a slab: 5a
 *
 * What a caller holds is the object; what the rest of the allocator moves is
 * the slot. A general cache's object begins s->red_left behind its slot, or
 * where the alignment that was asked for has it, and ends with the last byte
 * asked for; any other cache's are all alike. Who allocated an object and who
 * freed it is in its record (slab_record.h), which is believed as long as its
 * sum is right.
 *
 * A watched cache never gets a CPU list, and no slab of it an id: so each
 * allocation and each release takes the slow path, which ends in watched.c,
 * and these, under the cache's lock, ask here. The fast paths know nothing of
 * it. What is found wrong is reported once, put right, and used again.
 *
 * Context of all, unless it is said: s->lock.
 */
#include <ashlar/string.h>
#include "slab_debug.h"

#define RED_RIGHT 32

/* A constructed object, and one that is read while free, is left alone. */
static bool object_is_poisoned(const struct kmem_cache *s)
{
	return (s->flags & SLAB_POISON) && !s->ctor &&
	       !(s->flags & SLAB_TYPESAFE_BY_RCU);
}

/* ---- layout ---- */

#define FRAMES_MAX min(1ul << (MAX_ORDER - 1), 255ul)

static unsigned int block_order(u32 size)
{
	unsigned int order = 0;

	while (PAGE_SIZE << order < size)
		order++;
	return order;
}

/* Where the padding of a slot begins: behind all else. */
static u32 padding_start(const struct kmem_cache *s)
{
	return s->record ? s->record + (u32)sizeof(struct slab_record) :
			   s->red_left + s->object_size;
}

/* Sets what s->flags make necessary. Returns the bytes of a slot. */
static u32 lay_out(struct kmem_cache *s)
{
	bool red = s->flags & SLAB_RED_ZONE;
	u32 end;

	s->red_left = red ? s->align : 0;
	end = s->red_left + s->object_size + (red ? RED_RIGHT : 0);
	s->record = s->flags & (SLAB_RED_ZONE | SLAB_STORE_USER) ?
			    (u32)ALIGN(end, sizeof(u64)) :
			    0;
	return (u32)ALIGN(padding_start(s), s->align);
}

/*
 * The layout of a watched cache's slots. Where they would be too large the
 * checks that need room are left out. Returns the bytes of a slot. Context:
 * the cache is not in use yet.
 */
u32 slab_debug_layout(struct kmem_cache *s)
{
	u32 size;

	if (slab_check && (s->flags & SLAB_ASKED))
		s->align = SLAB_GRANULE;
	size = lay_out(s);
	if (PAGE_ALIGN((unsigned long)size) <= FRAMES_MAX << PAGE_SHIFT &&
	    !(slab_debug_keep_order &&
	      block_order(size) > block_order(s->object_size)))
		return size;
	s->flags &= ~(slab_flags_t)(SLAB_RED_ZONE | SLAB_STORE_USER);
	return lay_out(s);
}

/* ---- the record ---- */

static void seal(struct slab_record *r)
{
	r->sum = record_sum(r);
}

static void set_state(struct slab_record *r, enum record_state state)
{
	r->what = (r->what & ~3u) | state;
	seal(r);
}

static u64 who_now(void)
{
	u64 ms = port_time_ms() | 1;

	return ms << RECORD_PID_BITS |
	       ((u32)port_pid() & ((1u << RECORD_PID_BITS) - 1));
}

static void note(const struct kmem_cache *s, struct slab_record *r,
		 unsigned int which, u32 stack)
{
	if (!(s->flags & SLAB_STORE_USER))
		return;
	r->stack[which] = stack;
	r->who[which] = who_now();
}

/* A record as of an object that nobody knows anything about. */
static void reset_record(const struct kmem_cache *s, char *slot,
			 enum record_state state)
{
	struct slab_record *r = slot_record(s, slot);

	memset(r, 0, sizeof(*r));
	r->offset = (u16)s->red_left;
	r->what = record_pack(s->object_size, 0, ALLOC_ANY, state);
	seal(r);
}

/* ---- bytes as they must be ---- */

#define PARTS_MAX 5

static bool is_word_of(const char *p, u64 word)
{
	return *(const u64 *)(const void *)p == word;
}

/* The first of @n bytes that is not @value, or NULL. */
static char *first_other(char *p, u8 value, size_t n)
{
	const u64 word = 0x0101010101010101ull * value;
	char *end = p + n;

	while (p < end && (uintptr_t)p % sizeof(u64) && (u8)*p == value)
		p++;
	if (!((uintptr_t)p % sizeof(u64)))
		while ((size_t)(end - p) >= sizeof(u64) && is_word_of(p, word))
			p += sizeof(u64);
	while (p < end && (u8)*p == value)
		p++;
	return p < end ? p : NULL;
}

/* False, after a report, if a part was not as it must be. Now it is. */
static bool check_part(const struct kmem_cache *s, char *slot,
		       const struct part *part)
{
	char *bad = first_other(part->start, part->value, part->bytes);

	if (likely(!bad))
		return true;
	slab_report_part(s, slot, part, bad);
	memset(part->start, part->value, part->bytes);
	return false;
}

/* What a slot must hold while its object is free, or is in use. */
static unsigned int slot_parts(const struct kmem_cache *s, char *slot,
			       bool free, struct part *part)
{
	struct extent obj = slot_extent(s, slot);
	char *end = obj.start + obj.bytes, *pad = slot + padding_start(s);
	u8 red = free ? RED_INACTIVE : RED_ACTIVE;
	struct part *first = part;

	if (s->flags & SLAB_RED_ZONE) {
		*part++ = (struct part){ slot, (size_t)(obj.start - slot),
					 PART_LEFT, red };
		*part++ = (struct part){ end, (size_t)(slot + s->record - end),
					 PART_RIGHT, red };
	}
	if (free && obj.bytes && object_is_poisoned(s)) {
		*part++ = (struct part){ obj.start, obj.bytes - 1, PART_POISON,
					 POISON_FREE };
		*part++ = (struct part){ end - 1, 1, PART_POISON, POISON_END };
	}
	if (s->flags & SLAB_POISON)
		*part++ = (struct part){ pad, (size_t)(slot + s->size - pad),
					 PART_PADDING, POISON_INUSE };
	return (unsigned int)(part - first);
}

static void fill_slot(const struct kmem_cache *s, char *slot, bool free)
{
	struct part part[PARTS_MAX];
	unsigned int i, n = slot_parts(s, slot, free, part);

	for (i = 0; i < n; i++)
		memset(part[i].start, part[i].value, part[i].bytes);
}

/* The record was written over: where the object ends is not known any more. */
static void renew_record(const struct kmem_cache *s, char *slot, bool free)
{
	const struct part part = { (char *)slot_record(s, slot),
				   sizeof(struct slab_record), PART_RECORD, 0 };

	slab_report_part(s, slot, &part, part.start);
	reset_record(s, slot, free ? RECORD_FREE : RECORD_LIVE);
	fill_slot(s, slot, free);
}

static bool check_slot(const struct kmem_cache *s, char *slot, bool free)
{
	struct part part[PARTS_MAX];
	unsigned int i, n;
	bool good = true;

	if (s->record && unlikely(!whole_record(s, slot))) {
		renew_record(s, slot, free);
		return false;
	}
	n = slot_parts(s, slot, free, part);
	for (i = 0; i < n; i++)
		good &= check_part(s, slot, &part[i]);
	return good;
}

/* ---- an object's life ---- */

static void trace(const struct kmem_cache *s, const char *obj, const char *what)
{
	if (s->flags & SLAB_TRACE)
		mm_log("TRACE %s %s %p inuse=%lu pid=%d", s->name, what, obj,
		       s->inuse, port_pid());
}

/* Where the object begins that @call asks for. */
static char *place(const struct kmem_cache *s, char *slot,
		   const struct slab_call *call)
{
	return (char *)ALIGN((uintptr_t)slot + s->red_left, 1ul << call->align);
}

/*
 * slab_debug_alloc - the object in @slot, which is free, goes to a caller
 * @call: how it was asked for
 * @stack: by whom: slab_debug_stack()
 *
 * Returns the object.
 */
void *slab_debug_alloc(struct kmem_cache *s, void *slot,
		       const struct slab_call *call, u32 stack)
{
	struct slab_record *r = slot_record(s, slot);
	struct extent obj;

	check_slot(s, slot, true);
	if (s->record) {
		if (s->flags & SLAB_ASKED)
			r->offset = (u16)(place(s, slot, call) - (char *)slot);
		r->what = record_pack(call->asked, call->align, call->kind,
				      RECORD_LIVE);
		note(s, r, RECORD_ALLOC, stack);
		seal(r);
	}
	fill_slot(s, slot, false);
	obj = slot_extent(s, slot);
	if (object_is_poisoned(s))
		memset(obj.start, POISON_INUSE, obj.bytes);
	trace(s, obj.start, "alloc");
	return obj.start;
}

/*
 * slab_debug_free - the object in @slot, which is in use, came back
 * @stack: by whom: slab_debug_stack()
 * @wait: it is to be kept for a while
 */
void slab_debug_free(struct kmem_cache *s, void *slot, u32 stack, bool wait)
{
	struct slab_record *r = slot_record(s, slot);

	check_slot(s, slot, false);
	if (s->record) {
		note(s, r, RECORD_RELEASE, stack);
		set_state(r, wait ? RECORD_WAITING : RECORD_FREE);
	}
	fill_slot(s, slot, true);
	trace(s, slot_extent(s, slot).start, "free");
}

/* slab_debug_leave - the object in @slot has been kept for long enough */
void slab_debug_leave(struct kmem_cache *s, void *slot)
{
	check_slot(s, slot, true);
	set_state(slot_record(s, slot), RECORD_FREE);
}

/* ---- whole slabs ---- */

/* What lies before a slab's first slot and behind its last. */
static void slab_rests(const struct kmem_cache *s, struct page *slab,
		       struct part rest[2])
{
	char *frames = page_address(slab), *first = slab_start(s, slab);
	char *last = first + (size_t)slab_objects(s, slab) * s->size;
	char *end = frames + ((size_t)slab->nr << PAGE_SHIFT);

	rest[0] = (struct part){ frames, (size_t)(first - frames), PART_PADDING,
				 POISON_INUSE };
	rest[1] = (struct part){ last, (size_t)(end - last), PART_PADDING,
				 POISON_INUSE };
}

/* slab_debug_setup - all objects of a new slab are free. Context: none. */
void slab_debug_setup(const struct kmem_cache *s, struct page *slab)
{
	size_t bytes = (size_t)slab->nr << PAGE_SHIFT;
	char *slot = slab_start(s, slab);
	u32 n = slab_objects(s, slab);

	port_unpoison(page_address(slab), bytes);
	memset(page_address(slab), POISON_INUSE, bytes);
	for (; n; n--, slot += s->size) {
		if (s->record)
			reset_record(s, slot, RECORD_FREE);
		fill_slot(s, slot, true);
	}
}

/* True if the object in @slot is in nobody's hands. */
static bool slot_is_unused(const struct kmem_cache *s, struct page *slab,
			   char *slot)
{
	const struct slab_record *r;

	if (slot >= slab_unused(slab) || slot_is_free(slot))
		return true;
	r = whole_record(s, slot);
	return r && record_state(r) != RECORD_LIVE;
}

/* slab_debug_check - look at a slab; returns how many slots and gaps are bad */
unsigned long slab_debug_check(const struct kmem_cache *s, struct page *slab)
{
	char *slot = slab_start(s, slab);
	u32 i, n = slab_objects(s, slab);
	unsigned long bad = 0;
	struct part rest[2];

	for (i = 0; i < n; i++, slot += s->size)
		bad += !check_slot(s, slot, slot_is_unused(s, slab, slot));
	if (!(s->flags & SLAB_POISON))
		return bad;
	slab_rests(s, slab, rest);
	return bad + !check_part(s, NULL, &rest[0]) +
	       !check_part(s, NULL, &rest[1]);
}

/* Those of one slab, at most @max; returns how many. */
static u32 list_inuse(const struct kmem_cache *s, struct page *slab, u32 max)
{
	char *slot = slab_start(s, slab);
	u32 n = 0;

	for (; slot < slab_unused(slab) && n < max; slot += s->size) {
		if (slot_is_unused(s, slab, slot))
			continue;
		slab_describe(s, slot, "is in use");
		n++;
	}
	return n;
}

#define REMAINING_MAX 8

/* slab_debug_remaining - list objects still in use. Context: no lock held. */
void slab_debug_remaining(struct kmem_cache *s)
{
	u32 left = REMAINING_MAX;
	struct page *slab;

	spin_lock(&s->lock);
	list_for_each_entry(slab, &s->slabs_partial, lru)
		left -= list_inuse(s, slab, left);
	list_for_each_entry(slab, &s->slabs_full, lru)
		left -= list_inuse(s, slab, left);
	spin_unlock(&s->lock);
}
