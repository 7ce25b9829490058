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
 *   free and    6b          6b 6b … 6b 6b     none
 *   by lines
 *   around the slots of a slab: 5a
 *
 * What a caller holds is the object; what the rest of the allocator moves is
 * the slot. A general cache's object begins s->red_left behind its slot, or
 * where the alignment that was asked for has it, and ends with the last byte
 * asked for; any other cache's are all alike. Who allocated an object and who
 * freed it is in its record (slab_record.h), which is believed as long as its
 * sum is right.
 *
 * By lines of sixteen bytes go the slots of general caches that have all of
 * the checks, of which there are many: up to its record a free one is the same
 * throughout, so that it takes one pass to look at it, whatever its object
 * was.
 *
 * With harden=1 what is around an object is a word that each cache draws, not
 * cc; a free slot is all zeroes; and a guard lies behind each slab.
 *
 * A watched cache never gets a sheaf, and no slab of it an id: so each
 * allocation and each release takes the slow path, which ends in watched.c and
 * asks here. The fast paths know nothing of it. What is found wrong is
 * reported once, put right, and used again.
 *
 * Context of all, unless it is said: s->lock or, where CPUs have objects at
 * hand (watched_cpu.c), the lock of the CPU that has this one.
 */
#include <ashlar/string.h>
#include "slab_lines.h"

#define RED_RIGHT 32
#define RED_LEFT_FIRST 32 /* before a slab's first object, and large ones */
#define LARGE_OBJECT 512

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

/*
 * What lies before a small object is another slot, or the start of its slab,
 * where there is as much; a large one has it to itself.
 */
static u32 left_zone(const struct kmem_cache *s)
{
	return s->object_size < LARGE_OBJECT ?
		       s->align :
		       max(s->align, (u32)RED_LEFT_FIRST);
}

/* Sets what s->flags make necessary. Returns the bytes of a slot. */
static u32 lay_out(struct kmem_cache *s)
{
	bool red = s->flags & SLAB_RED_ZONE;
	u32 end, size;

	s->red_left = red ? left_zone(s) : 0;
	end = s->red_left + s->object_size + (red ? RED_RIGHT : 0);
	s->record = s->flags & (SLAB_RED_ZONE | SLAB_STORE_USER) ?
			    (u32)ALIGN(end, (u32)SLAB_GRANULE) :
			    0;
	size = (u32)ALIGN(padding_start(s), s->align);
	s->lead = red && size < LARGE_OBJECT ? RED_LEFT_FIRST : 0;
	return size;
}

/* Eight bytes that are not to be guessed, none of them zero. */
static u64 canary(void)
{
	u64 word = (u64)port_random() << 32 ^ port_random();
	unsigned int byte;

	for (byte = 0; byte < 64; byte += 8)
		if (!(u8)(word >> byte))
			word |= 1ull << byte;
	return word;
}

/* What the cache's slots are filled with. Context: it is not in use yet. */
static void choose_words(struct kmem_cache *s)
{
	bool hard = slab_harden && (s->flags & SLAB_ASKED);

	s->red_word = hard ? canary() : word_of(RED_ACTIVE);
	s->free_word = hard ? 0 : word_of(POISON_FREE);
	s->guard = hard && port_guards_frames();
}

/*
 * The layout of a watched cache's slots. Where they would be too large the
 * checks that need room are left out. Returns the bytes of a slot. Context:
 * the cache is not in use yet.
 */
u32 slab_debug_layout(struct kmem_cache *s)
{
	u32 size;

	choose_words(s);
	if (s->flags & SLAB_ASKED)
		s->align = slab_check ? SLAB_GRANULE :
					min(s->align, (u32)PAGE_SIZE);
	size = lay_out(s);
	if (PAGE_ALIGN((unsigned long)size) <= FRAMES_MAX << PAGE_SHIFT &&
	    !(slab_debug_keep_order &&
	      block_order(size) > block_order(s->object_size)))
		return size;
	s->flags &= ~(slab_flags_t)(SLAB_RED_ZONE | SLAB_STORE_USER);
	return lay_out(s);
}

/* Of each cache a CPU has so much at hand, and no more slots than that. */
#define HAND_BYTES (16u << 10)

/*
 * slab_debug_hand - CPUs have objects of the general cache @id at hand
 *
 * Not of one whose calls are traced, nor where a slot is all a slab has: then
 * none stays there. Context: as above.
 */
void slab_debug_hand(struct kmem_cache *s, u32 id)
{
	if (!(s->flags & SLAB_ASKED) || !s->record || (s->flags & SLAB_TRACE))
		return;
	s->hand = (u8)id;
	s->by_lines = (s->flags & SLAB_RED_ZONE) && (s->flags & SLAB_POISON) &&
		      s->size == padding_start(s);
	if (slab_is_packed(s))
		s->hand_most =
			(u8)clamp(HAND_BYTES / s->size, 1u, HAND_SLOTS - 1);
}

/* ---- the record ---- */

/* The time, asked for anew, and who runs. @cpu: the running one, or NULL. */
__cold_path u64 slab_who_asked(struct mm_cpu *cpu)
{
	u64 who = ((u64)port_time_ms() | 1) << RECORD_PID_BITS |
		  ((u32)port_pid() & ((1u << RECORD_PID_BITS) - 1));

	if (CPU_IS_TASK && cpu) {
		cpu->who = who;
		cpu->who_left = WHO_CALLS - 1;
	}
	return who;
}

/* The record of an object whose history is not known. */
static void reset_record(const struct kmem_cache *s, char *slot,
			 enum record_state state)
{
	struct slab_record *r = slot_record(s, slot);

	memset(r, 0, sizeof(*r));
	if (unlikely(
		    slab_harden)) /* where nothing is kept, there is a canary */
		fill((char *)r->who, s->red_word, sizeof(r->who));
	r->offset = (u16)s->red_left;
	r->what = record_pack(s->object_size, 0, ALLOC_ANY, state);
	seal(r);
}

/* ---- parts ---- */

/* After a report what is wrong is put right. */
static __attribute__((__noinline__)) void
part_is_bad(const struct kmem_cache *s, char *slot, const struct part *part)
{
	char *bad = part->start;

	while (byte_is(bad, part->word))
		bad++;
	slab_report_part(s, slot, part, bad);
	fill(part->start, part->word, part->bytes);
}

/* False, after a report, if a part was not as it must be. Now it is. */
static __always_inline bool check_part(const struct kmem_cache *s, char *slot,
				       struct part part)
{
	if (likely(all_are(part.start, part.word, part.bytes)))
		return true;
	part_is_bad(s, slot, &part);
	return false;
}

#define CHECK_PART(start, bytes, kind, word) \
	check_part(s, slot, (struct part){ start, bytes, kind, word })

static u64 red_zone(const struct kmem_cache *s, bool free)
{
	if (!free)
		return s->red_word;
	return s->by_lines ? s->free_word : word_of(RED_INACTIVE);
}

static u64 poison_end(const struct kmem_cache *s)
{
	return s->by_lines ? s->free_word : word_of(POISON_END);
}

static char *padding(const struct kmem_cache *s, char *slot)
{
	return slot + padding_start(s);
}

static size_t padding_bytes(const struct kmem_cache *s)
{
	return s->flags & SLAB_POISON ? s->size - padding_start(s) : 0;
}

/* What a slot must hold while its object is free, or is in use. */
static __always_inline void fill_around(const struct kmem_cache *s, char *slot,
					struct extent obj, bool free)
{
	char *end = obj.start + obj.bytes;
	u64 red = red_zone(s, free);

	if (s->flags & SLAB_RED_ZONE) {
		fill(slot, red, (size_t)(obj.start - slot));
		fill(end, red, (size_t)(slot + s->record - end));
	}
	if (free && obj.bytes && object_is_poisoned(s)) {
		fill(obj.start, s->free_word, obj.bytes - 1);
		fill(end - 1, poison_end(s), 1);
	}
	if (padding_bytes(s))
		fill(padding(s, slot), word_of(POISON_INUSE), padding_bytes(s));
}

static void fill_slot(const struct kmem_cache *s, char *slot, bool free)
{
	fill_around(s, slot, slot_extent(s, slot), free);
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

static __always_inline bool check_slot(const struct kmem_cache *s, char *slot,
				       bool free)
{
	u64 red = red_zone(s, free);
	struct extent obj;
	bool good = true;
	char *end;

	if (s->record && unlikely(!whole_record(s, slot))) {
		renew_record(s, slot, free);
		return false;
	}
	obj = known_extent(s, slot);
	end = obj.start + obj.bytes;
	if (s->flags & SLAB_RED_ZONE) {
		good &= CHECK_PART(slot, (size_t)(obj.start - slot), PART_LEFT,
				   red);
		good &= CHECK_PART(end, (size_t)(slot + s->record - end),
				   PART_RIGHT, red);
	}
	if (free && obj.bytes && object_is_poisoned(s)) {
		good &= CHECK_PART(obj.start, obj.bytes - 1, PART_POISON,
				   s->free_word);
		if (unlikely(!byte_is(end - 1, poison_end(s))))
			good &= CHECK_PART(end - 1, 1, PART_POISON,
					   poison_end(s));
	}
	if (padding_bytes(s))
		good &= CHECK_PART(padding(s, slot), padding_bytes(s),
				   PART_PADDING, word_of(POISON_INUSE));
	return good;
}

/* ---- an object's life ---- */

static void trace(const struct kmem_cache *s, const char *obj, const char *what)
{
	if (s->flags & SLAB_TRACE)
		mm_log("TRACE %s %s %p inuse=%lu pid=%d", s->name, what, obj,
		       s->inuse, port_pid());
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
	struct extent obj;

	check_slot(s, slot, true);
	obj = extent_asked(s, slot, call);
	if (likely(s->record))
		note_alloc(s, slot, obj.start, call, stack);
	if (s->by_lines) {
		fill_new_lines(s, slot, obj);
		return obj.start;
	}
	fill_around(s, slot, obj, false);
	if (object_is_poisoned(s))
		fill(obj.start, new_word(), obj.bytes);
	trace(s, obj.start, "alloc");
	return obj.start;
}

/*
 * slab_debug_free - the object in @slot, which is in use, came back
 * @stack: by whom: slab_debug_stack()
 *
 * A slot by lines is looked at when it leaves the quarantine, be it for a
 * caller or for its slab; any other when it is allocated.
 */
void slab_debug_free(struct kmem_cache *s, void *slot, u32 stack)
{
	struct slab_record *r = slot_record(s, slot);
	struct extent obj;

	check_slot(s, slot, false);
	obj = known_extent(s, slot);
	if (likely(s->record)) {
		note(s, r, RECORD_RELEASE, stack);
		set_state(r, s->hand ? RECORD_WAITING : RECORD_FREE);
	}
	if (s->by_lines) {
		fill_long(slot, (char *)r, s->free_word);
		return;
	}
	fill_around(s, slot, obj, true);
	trace(s, obj.start, "free");
}

/* slab_debug_leave - @slot goes back to its slab, after it has waited */
void slab_debug_leave(struct kmem_cache *s, void *slot)
{
	if (unlikely(!s->by_lines || !free_slot_is_good(s, slot)))
		check_slot(s, slot, true);
	record_leaves(slot_record(s, slot));
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
				 word_of(POISON_INUSE) };
	rest[1] = (struct part){ last, (size_t)(end - last), PART_PADDING,
				 word_of(POISON_INUSE) };
}

/* slab_debug_setup - all objects of a new slab are free. Context: none. */
void slab_debug_setup(const struct kmem_cache *s, struct page *slab)
{
	size_t bytes = (size_t)slab->nr << PAGE_SHIFT;
	char *slot = slab_start(s, slab);
	u32 n = slab_objects(s, slab);

	struct part rest[2];

	port_unpoison(page_address(slab), bytes);
	slab_rests(s, slab, rest);
	memset(rest[0].start, POISON_INUSE, rest[0].bytes);
	memset(rest[1].start, POISON_INUSE, rest[1].bytes);
	for (; n; n--, slot += s->size) {
		if (s->record)
			reset_record(s, slot, RECORD_FREE);
		if (likely(s->by_lines))
			fill_long(slot, slot + s->record, s->free_word);
		else
			fill_slot(s, slot, true);
	}
}

/* True if the object in @slot is not in use. */
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
	bool free;

	for (i = 0; i < n; i++, slot += s->size) {
		free = slot_is_unused(s, slab, slot);
		if (unlikely(!free || !s->by_lines ||
			     !record_is_whole(slot_record(s, slot)) ||
			     !free_lines_are_good(s, slot, s->record)))
			bad += !check_slot(s, slot, free);
	}
	if (!(s->flags & SLAB_POISON))
		return bad;
	slab_rests(s, slab, rest);
	return bad + !check_part(s, NULL, rest[0]) +
	       !check_part(s, NULL, rest[1]);
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
